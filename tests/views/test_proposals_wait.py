"""Proposed numbers wait for the approver: on the list of tasks, and on the page where the plan is reviewed."""

from __future__ import annotations

from datetime import timedelta

import pytest

from allocapp.db import db, transaction
from allocapp.models.plan import ExpectationProposal
from allocapp.rules.workflow import PlanState
from allocapp.services.proposal import accept_proposal, propose_expectation, refuse_proposal, stamp
from allocapp.services.task import Task, TaskKind, list_tasks
from tests.factories import NOW, World
from tests.views.conftest import Visit
from tests.views.markup import Page

PREPARER, APPROVER = "a.preparer", "p.approver"


@pytest.fixture
def plan_id(world: World) -> int:
    """District A's draft at 85% under a target of 80%."""
    world.issue_province(8000)
    plan_id = world.open("A", PREPARER)
    world.save(plan_id, 8500, PREPARER)
    return plan_id


def propose(world: World, plan_id: int, unit: str, weight: int, days: int = 0) -> int:
    with transaction():
        proposal = propose_expectation(
            plan_id,
            world.units[unit],
            world.indicators["dossiers"],
            weight=weight,
            reason="Nhiều hồ sơ hơn",
            actor=world.account(PREPARER),
            now=NOW + timedelta(days=days),
        )
        db.session.flush()  # its id is returned
        return proposal.id


def decide(world: World, plan_id: int, proposal_id: int, *, accept: bool) -> None:
    with transaction() as session:
        seen = stamp(session.get_one(ExpectationProposal, proposal_id))
        actor = world.account(APPROVER)
        if accept:
            accept_proposal(plan_id, proposal_id, seen=seen, actor=actor, now=NOW)
        else:
            refuse_proposal(plan_id, proposal_id, seen=seen, reason="Chưa đủ căn cứ", actor=actor, now=NOW)


def waiting(world: World, login: str = APPROVER) -> list[Task]:
    db.session.rollback()
    found = list_tasks(world.account(login), today=NOW.date())
    return [task for task in found if task.kind is TaskKind.DECIDE_PROPOSALS]


def test_one_task_a_plan_while_a_proposal_is_open(world: World, plan_id: int) -> None:
    assert waiting(world) == []
    second = propose(world, plan_id, "A2", 150, days=1)
    first = propose(world, plan_id, "A1", 120)
    (task,) = waiting(world)
    assert (task.plan and task.plan.id, task.unit.code, task.since) == (plan_id, "A", NOW)
    assert waiting(world, PREPARER) == waiting(world, "b.preparer") == waiting(world, "p.coordinator") == []
    decide(world, plan_id, first, accept=False)
    assert [task.since for task in waiting(world)] == [NOW + timedelta(days=1)]
    decide(world, plan_id, second, accept=True)
    assert waiting(world) == []


def test_nobody_is_asked_to_decide_on_their_own(world: World, plan_id: int) -> None:
    world.grant(PREPARER, "P", "approver")
    propose(world, plan_id, "A1", 120)
    assert waiting(world, PREPARER) == []
    assert len(waiting(world)) == 1


def test_one_left_open_waits_no_more_once_the_plan_is_approved(world: World, plan_id: int) -> None:
    propose(world, plan_id, "A1", 120)
    world.submit(plan_id, 8500, PREPARER)
    assert len(waiting(world)) == 1
    world.approve(plan_id, APPROVER)
    assert world.plan(plan_id).state is PlanState.APPROVED
    assert waiting(world) == []


def test_the_home_page_leads_to_the_proposals(world: World, visit: Visit, plan_id: int) -> None:
    proposal_id = propose(world, plan_id, "A1", 120)
    approver = visit(APPROVER)
    page = approver.open("/")
    assert "Quyết định về số dự kiến được đề nghị điều chỉnh" in page.text
    assert f"/plans/{plan_id}/proposals" in page.links
    assert approver.open(f"/plans/{plan_id}/proposals").can_send(f"/plans/{plan_id}/proposals/{proposal_id}/refuse")


def standpoints(page: Page) -> list[str]:
    return [element.text for element in page.root.all("section") if "standpoint" in element.classes]


def test_the_review_page_sets_frozen_and_proposed_side_by_side(world: World, visit: Visit, plan_id: int) -> None:
    """100 dossiers each: 85% in all. With 700 instead of 100 for the commune at 70% it would be less."""
    propose(world, plan_id, "A1", 700)
    approver = visit(APPROVER)
    assert standpoints(approver.open(f"/plans/{plan_id}")) == []
    owner = visit(PREPARER)
    page = owner.open(f"/plans/{plan_id}")
    fields = page.form(f"/plans/{plan_id}/save").fields
    key = f"{world.units['A1']}-{world.indicators['dossiers']}"
    others = {name: "90" for name in fields if name.startswith("t-") and name.endswith(key.split("-")[1])}
    owner.send(f"/plans/{plan_id}/submit", others | {f"t-{key}": "70"})

    frozen, proposed = standpoints(approver.open(f"/plans/{plan_id}/review"))
    # (3 × 90 + 70) / 4; (3 × 90 × 100 + 70 × 700) / 1000
    assert "85%" in frozen
    assert "76%" in proposed
    assert "thiếu 4 điểm phần trăm" in proposed
    assert f"/plans/{plan_id}/proposals" in approver.page.links


def test_without_a_proposal_that_counts_there_is_nothing_to_compare(world: World, visit: Visit, plan_id: int) -> None:
    decide(world, plan_id, propose(world, plan_id, "A1", 700), accept=False)
    world.submit(plan_id, 8500, PREPARER)
    assert standpoints(visit(APPROVER).open(f"/plans/{plan_id}/review")) == []
