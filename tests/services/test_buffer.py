"""Assigning more than the campaign allows: not without a reason, which both levels can read."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from allocapp.db import db, transaction
from allocapp.errors import (
    BufferUnexplained,
    Forbidden,
    StaleVersion,
    TextTooLong,
    TransitionNotAllowed,
    UnbalancedPlan,
)
from allocapp.models.campaign import CampaignIndicator
from allocapp.models.event import Event
from allocapp.rules.balance import Direction, IndicatorRule, Kind, RollUp, Row, check_balance
from allocapp.rules.flag import exceeds_ceiling
from allocapp.rules.workflow import PlanState
from allocapp.services.buffer import REASON_LIMIT, Explanation, explain_buffer
from allocapp.services.plan import submit_plan
from allocapp.services.sheet import read_sheet
from tests.factories import NOW, World


@pytest.fixture
def plan_id(world: World) -> int:
    """District A's draft under a target of 80%; the campaign allows one point more, for dossiers alone."""
    world.issue_province(8000)
    allow(world, 100)
    return world.open("A", "a.preparer")


def allow(world: World, ceiling: int | None) -> None:
    with transaction() as session:
        dossiers = CampaignIndicator.indicator_id == world.indicators["dossiers"]
        session.execute(update(CampaignIndicator).where(dossiers).values(buffer_ceiling=ceiling))


def submit(world: World, plan_id: int, target: int, explanation: Explanation | None = None) -> None:
    with transaction():
        plan = world.plan(plan_id)
        submit_plan(
            plan_id,
            world.entries(plan_id, target),
            version=plan.version,
            seen_hash=read_sheet(plan).content_hash,
            explanation=explanation,
            actor=world.account("a.preparer"),
            now=NOW,
        )


def explain(world: World, plan_id: int, text: str, seen: str, login: str = "a.preparer") -> None:
    with transaction():
        explain_buffer(plan_id, Explanation(text, seen), actor=world.account(login), now=NOW)


def told() -> str:
    """The reason that the journal keeps of the newest submission."""
    db.session.rollback()
    newest = select(Event.reason).where(Event.action == "submit").order_by(Event.id.desc()).limit(1)
    return db.session.scalars(newest).one()


def test_beyond_the_ceiling_nothing_is_submitted_without_a_reason(world: World, plan_id: int) -> None:
    with pytest.raises(BufferUnexplained) as refused:
        submit(world, plan_id, 8101)
    assert refused.value.indicators == ("Hồ sơ",)
    assert world.plan(plan_id).state is PlanState.DRAFT
    with pytest.raises(BufferUnexplained):
        submit(world, plan_id, 8101, Explanation(" \n ", ""))


def test_with_a_reason_it_is_submitted_and_the_journal_keeps_it(world: World, plan_id: int) -> None:
    submit(world, plan_id, 8101, Explanation("  Dự phòng hai xã mới sáp nhập \n", ""))
    plan = world.plan(plan_id)
    assert plan.state is PlanState.SUBMITTED
    assert plan.buffer_reason == "Dự phòng hai xã mới sáp nhập"
    assert told() == "Dự phòng hai xã mới sáp nhập"


def test_a_reason_that_was_saved_with_the_draft_counts(world: World, plan_id: int) -> None:
    before = world.plan(plan_id).version
    explain(world, plan_id, "Dự phòng", "")
    assert world.plan(plan_id).version == before + 1
    submit(world, plan_id, 9000)
    assert told() == "Dự phòng"


@pytest.mark.parametrize(("ceiling", "target"), [(100, 8100), (0, 8000), (None, 10000)])
def test_up_to_the_ceiling_or_without_one_no_reason_is_asked_for(
    world: World, plan_id: int, ceiling: int | None, target: int
) -> None:
    allow(world, ceiling)
    submit(world, plan_id, target)
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    assert told() == ""


def test_no_reason_makes_up_for_a_shortfall(world: World, plan_id: int) -> None:
    with pytest.raises(UnbalancedPlan):
        submit(world, plan_id, 7999, Explanation("Dự phòng", ""))


def test_one_left_as_it_was_does_not_undo_anothers(world: World, plan_id: int) -> None:
    explain(world, plan_id, "Của người khác", "")
    version = world.plan(plan_id).version
    explain(world, plan_id, "", "")
    explain(world, plan_id, "Của người khác", "")
    assert world.plan(plan_id).buffer_reason == "Của người khác"
    assert world.plan(plan_id).version == version
    with pytest.raises(StaleVersion):
        explain(world, plan_id, "Của tôi", "")
    explain(world, plan_id, "", "Của người khác")
    assert world.plan(plan_id).buffer_reason == ""


def test_it_is_written_by_who_may_fill_in_a_draft_and_not_at_any_length(world: World, plan_id: int) -> None:
    with pytest.raises(TextTooLong):
        explain(world, plan_id, "d" * (REASON_LIMIT + 1), "")
    with pytest.raises(Forbidden):
        explain(world, plan_id, "Dự phòng", "", "p.approver")
    world.submit(plan_id, 8000, "a.preparer")
    with pytest.raises(TransitionNotAllowed):
        explain(world, plan_id, "Dự phòng", "")
    assert world.plan(plan_id).buffer_reason == ""


def test_only_the_indicators_with_a_ceiling_are_asked_about(world: World, plan_id: int) -> None:
    services = world.indicators["services"]
    with transaction():
        plan = world.plan(plan_id)
        full, level = world.entries(plan_id, 10000), world.entries(plan_id, 8000)
        submit_plan(
            plan_id,
            {key: full[key] if key[1] == services else level[key] for key in level},
            version=plan.version,
            seen_hash=read_sheet(plan).content_hash,
            actor=world.account("a.preparer"),
            now=NOW,
        )
    assert world.plan(plan_id).state is PlanState.SUBMITTED


@pytest.mark.parametrize(("direction", "targets"), [(Direction.AT_LEAST, (70, 50)), (Direction.AT_MOST, (50, 30))])
def test_a_quantitys_ceiling_is_a_count(direction: Direction, targets: tuple[int, int]) -> None:
    rows = [Row(key, 1, target, frozenset(), False) for key, target in enumerate(targets)]
    balance = check_balance(rows, 100, IndicatorRule(Kind.QUANTITY, RollUp.SUMS, direction))
    assert not exceeds_ceiling(balance, 20)
    assert exceeds_ceiling(balance, 19)
    assert not exceeds_ceiling(balance, None)
