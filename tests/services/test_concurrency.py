"""Two people at the same moment: one winner each, no number twice, none missing, on both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import make_transient

from allocapp.db import db, transaction
from allocapp.errors import AllocappError
from allocapp.models.account import Account, Grant, Role
from allocapp.models.campaign import Campaign, CampaignIndicator, DocumentText, Expectation
from allocapp.models.decision import Decision, RegisterEntry
from allocapp.models.plan import Plan
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.decision import number_decision
from allocapp.services.plan import open_plan, save_targets
from allocapp.services.review import return_plan
from allocapp.services.sheet import Entry, read_sheet
from tests.factories import NOW, PASSWORD_HASH, SINCE, World

AT_ONCE = 6


def race(app: Flask, *acts: Callable[[], object]) -> Counter[str]:
    """Run the acts at the same moment, each on a connection of its own; how often each outcome came about."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> str:
        with app.app_context():
            start.wait(10)
            try:
                act()
            except AllocappError as error:
                return type(error).__name__
            return "done"

    db.session.remove()
    with ThreadPoolExecutor(len(acts)) as pool:
        return Counter(pool.map(run, acts))


def submitted_plan(world: World) -> int:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    world.submit(plan_id, 8000, "a.preparer")
    return plan_id


def test_a_plan_is_opened_once(world: World, database: Flask) -> None:
    outcome = race(database, *[lambda: world.open("A", "a.preparer")] * AT_ONCE)
    assert outcome == {"done": 1, "PlanExists": AT_ONCE - 1}
    assert db.session.scalar(select(func.count()).select_from(Plan)) == 1


def test_a_plan_is_submitted_once(world: World, database: Flask) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    outcome = race(database, *[lambda: world.submit(plan_id, 8000, "a.preparer")] * AT_ONCE)
    assert outcome == {"done": 1, "TransitionNotAllowed": AT_ONCE - 1}


def test_a_plan_is_approved_once(world: World, database: Flask) -> None:
    plan_id = submitted_plan(world)
    outcome = race(database, *[lambda: world.approve(plan_id, "p.approver")] * AT_ONCE)
    assert outcome == {"done": 1, "TransitionNotAllowed": AT_ONCE - 1}
    assert db.session.scalar(select(func.count()).select_from(Decision).where(Decision.plan_id == plan_id)) == 1


def test_different_edits_of_one_version_leave_one_whole_edit(world: World, database: Flask) -> None:
    plan_id = world.open("A", "a.preparer")
    keys = list(world.entries(plan_id, None))

    def save(target: int) -> Callable[[], object]:
        def act() -> None:
            with transaction():
                actor = world.account("a.preparer")
                save_targets(plan_id, {key: Entry(target) for key in keys}, version=1, actor=actor, now=NOW)

        return act

    outcome = race(database, *[save(1000 + number) for number in range(AT_ONCE)])
    assert outcome == {"done": 1, "StaleVersion": AT_ONCE - 1}
    assert len(set(stored_targets(plan_id))) == 1


def stored_targets(plan_id: int) -> list[int | None]:
    plan = db.session.get(Plan, plan_id)
    assert plan is not None
    return [cell.target for cell in read_sheet(plan).cells.values()]


def test_a_decision_is_numbered_once(world: World, database: Flask) -> None:
    plan_id = submitted_plan(world)
    world.approve(plan_id, "p.approver")
    decision_id = db.session.scalars(select(Decision.id).where(Decision.plan_id == plan_id)).one()

    def number() -> None:
        with transaction():
            number_decision(decision_id, version=1, dated=NOW.date(), actor=world.account("a.clerk"), now=NOW)

    outcome = race(database, *[number] * AT_ONCE)
    assert outcome == {"done": 1, "TransitionNotAllowed": AT_ONCE - 1}
    assert db.session.scalars(select(RegisterEntry.number)).all() == [1]


def test_numbers_of_one_unit_run_on_without_gap_or_repetition(world: World, database: Flask) -> None:
    """Several decisions of one unit, in as many campaigns, are numbered at the same moment."""
    decisions = [_approved_in_another_campaign(world, number) for number in range(AT_ONCE)]

    def number(decision_id: int) -> Callable[[], object]:
        def act() -> None:
            with transaction():
                number_decision(decision_id, version=1, dated=NOW.date(), actor=world.account("p.clerk"), now=NOW)

        return act

    outcome = race(database, *[number(decision_id) for decision_id in decisions])
    assert outcome == {"done": AT_ONCE}
    assert sorted(db.session.scalars(select(RegisterEntry.number))) == list(range(1, AT_ONCE + 1))


def _approved_in_another_campaign(world: World, number: int) -> int:
    """A copy of the world's campaign with an approved plan of the province; its decision's id."""
    with transaction() as session:
        campaign = session.get(Campaign, world.campaign)
        assert campaign is not None
        copy = Campaign(
            code=f"copy {number}",
            name="x",
            name_en="x",
            root_id=campaign.root_id,
            period_from=campaign.period_from,
            period_to=campaign.period_to,
        )
        session.add(copy)
        session.flush()  # the id of the copy is given to its parts
        for part in (CampaignIndicator, DocumentText, Expectation):
            for row in session.scalars(select(part).where(part.campaign_id == world.campaign)).all():
                session.expunge(row)
                make_transient(row)
                for name, value in (("id", None), ("campaign_id", copy.id)):
                    setattr(row, name, value)
                session.add(row)
        other = copy.id
    with transaction():
        plan_id = open_plan(world.units["P"], other, actor=world.account("p.preparer"), now=NOW).id
    world.submit(plan_id, 8000, "p.preparer")
    world.approve(plan_id, "p.approver")
    return db.session.scalars(
        select(Decision.id).where(Decision.plan_id == plan_id, Decision.state == DecisionState.PREPARED)
    ).one()


def test_two_approvers_decide_differently_and_one_prevails(world: World, database: Flask) -> None:
    with transaction() as session:
        other = Account(
            login="p.approver2",
            name="approver 2",
            password_hash=PASSWORD_HASH,
            created_at=NOW,
        )
        other.grants.append(Grant(unit_id=world.units["P"], role=Role.APPROVER, valid_from=SINCE))
        session.add(other)
        session.flush()  # its id is kept
        world.accounts["p.approver2"] = other.id
    plan_id = submitted_plan(world)
    version = world.plan(plan_id).version

    def send_back() -> None:
        with transaction():
            return_plan(
                plan_id, version=version, reason="Chưa đạt", comments={}, actor=world.account("p.approver2"), now=NOW
            )

    outcome = race(database, lambda: world.approve(plan_id, "p.approver"), send_back)
    assert outcome == {"done": 1, "TransitionNotAllowed": 1}
    assert world.plan(plan_id).state in (PlanState.APPROVED, PlanState.RETURNED)
