"""The approver's inbox and the flags of a plan, from what is stored."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from allocapp.clock import local_day
from allocapp.db import db, transaction
from allocapp.models.campaign import Campaign, CampaignIndicator, CampaignStage, StageName
from allocapp.models.plan import PlanTarget
from allocapp.rules.flag import FlagCode
from allocapp.services.difference import changes_since_last_seen
from allocapp.services.inbox import Arrival, Choice, Order, list_absent, list_inbox
from allocapp.services.plan import submit_plan
from allocapp.services.review import return_plan
from allocapp.services.sheet import Entry, read_sheet
from tests.factories import NOW, World

TODAY = local_day(NOW)
DAY = timedelta(days=1)


def inbox(world: World, login: str = "p.approver") -> list[Arrival]:
    db.session.rollback()
    return list_inbox(world.account(login), today=TODAY)


def codes(arrival: Arrival) -> set[FlagCode]:
    return {flag.code for flag in arrival.flags}


def vary(world: World, plan_id: int) -> None:
    """Targets that differ from row to row, so that not all are identical; before they are submitted."""
    with transaction() as session:
        for unit, target in (("A1", 8100), ("A2", 8200)):
            session.execute(
                db.update(PlanTarget)
                .where(PlanTarget.plan_id == plan_id, PlanTarget.unit_id == world.units[unit])
                .values(target=target)
            )


def submitted_clean(world: World, unit: str = "A") -> int:
    plan_id = world.open(unit, f"{unit.lower()}.preparer")
    with transaction() as session:
        rows = session.scalars(select(PlanTarget).where(PlanTarget.plan_id == plan_id).order_by(PlanTarget.id)).all()
        for number, row in enumerate(rows):
            row.target = 8000 + 10 * number
    with transaction():
        sheet = read_sheet(world.plan(plan_id))
        entries = {key: Entry(cell.target) for key, cell in sheet.cells.items()}
        given: dict[str, Any] = {"version": sheet.plan.version, "seen_hash": sheet.content_hash}
        submit_plan(plan_id, entries, **given, actor=world.account(f"{unit.lower()}.preparer"), now=NOW)
    return plan_id


def test_what_waits_is_there_for_its_approver_and_nobody_else(world: World) -> None:
    world.issue_province()
    plan_id = submitted_clean(world)
    (arrival,) = inbox(world)
    assert (arrival.plan.id, arrival.stands, arrival.may_approve, arrival.mine) == (plan_id, True, True, False)
    assert arrival.flags == ()
    assert arrival.clean
    for login in ("a.preparer", "b.preparer", "a1.viewer"):
        assert inbox(world, login) == []


def test_the_nearest_deadline_comes_first(world: World) -> None:
    world.issue_province()
    first, second = submitted_clean(world, "A"), submitted_clean(world, "B")
    assert [one.plan.id for one in inbox(world)] == [first, second]
    with transaction() as session:
        session.add(CampaignStage(campaign_id=world.campaign, name=StageName.REVIEWS_END, due=TODAY + 9 * DAY))
    assert [one.due for one in inbox(world)] == [TODAY + 9 * DAY] * 2


def test_identical_targets_and_a_worse_one_are_flagged_and_not_clean(world: World) -> None:
    world.issue_province()
    world.submitted("A")
    (arrival,) = inbox(world)
    assert codes(arrival) == {FlagCode.ALL_IDENTICAL}
    assert not arrival.clean
    assert arrival.shown_under(Choice.FLAGGED, TODAY)
    assert not arrival.shown_under(Choice.CLEAN, TODAY)


def test_slack_beyond_the_buffer_is_flagged_at_the_campaigns_ceiling(world: World) -> None:
    world.issue_province()
    submitted_clean(world)
    (arrival,) = inbox(world)
    assert FlagCode.BEYOND_BUFFER not in codes(arrival)
    with transaction() as session:
        session.execute(db.update(CampaignIndicator).values(buffer_ceiling=0))
    (arrival,) = inbox(world)
    assert FlagCode.BEYOND_BUFFER in codes(arrival)


def test_a_submission_after_the_deadline_is_late(world: World) -> None:
    world.issue_province()
    submitted_clean(world)
    with transaction() as session:
        session.add(CampaignStage(campaign_id=world.campaign, name=StageName.PLANS_SUBMITTED, due=TODAY - 2 * DAY))
    (arrival,) = inbox(world)
    (flag,) = arrival.flags
    assert (flag.code, flag.figure) == (FlagCode.LATE, 2)
    assert arrival.shown_under(Choice.LATE, TODAY)


def test_what_moved_after_the_submission_is_not_clean(world: World) -> None:
    world.issue_province()
    plan_id = submitted_clean(world)
    vary(world, plan_id)
    (arrival,) = inbox(world)
    assert not arrival.stands
    assert not arrival.clean


def test_who_has_not_submitted_is_listed_for_whoever_may_remind(world: World) -> None:
    world.issue_province()
    submitted_clean(world, "A")
    world.open("B", "b.preparer")
    db.session.rollback()
    ((campaign, waiting),) = list_absent(world.account("p.approver"), today=TODAY)
    assert isinstance(campaign, Campaign)
    assert [(one.unit.code, one.plan is not None) for one in waiting] == [("B", True)]
    assert list_absent(world.account("a.leader"), today=TODAY) == []


# -- what a reviewer has not seen yet ------------------------------------------------------------------------------


def test_a_first_submission_is_all_new_and_the_next_shows_what_changed(world: World) -> None:
    world.issue_province()
    plan_id = submitted_clean(world)
    assert changes_since_last_seen(read_sheet(world.plan(plan_id))) is None
    with transaction():
        given: dict[str, Any] = {"reason": "Xem lại", "comments": {}, "actor": world.account("p.approver"), "now": NOW}
        return_plan(plan_id, version=world.plan(plan_id).version, **given)
    vary(world, plan_id)
    with transaction():
        sheet = read_sheet(world.plan(plan_id))
        entries = {key: Entry(cell.target) for key, cell in sheet.cells.items()}
        seen: dict[str, Any] = {"version": sheet.plan.version, "seen_hash": sheet.content_hash}
        submit_plan(plan_id, entries, **seen, actor=world.account("a.preparer"), now=NOW)
    difference = changes_since_last_seen(read_sheet(world.plan(plan_id)))
    assert difference is not None
    assert difference.submission is not None
    assert difference.submission.number == 1
    assert difference.units == {world.units["A1"], world.units["A2"]}
    after = {change.key[0]: change.after for change in difference.changes}
    assert after == {world.units["A1"]: Entry(8100), world.units["A2"]: Entry(8200)}


def test_the_most_pressing_flags_come_first_when_asked(world: World) -> None:
    world.issue_province()
    clean = submitted_clean(world, "A")
    world.submitted("B")
    flagged = inbox(world)[1].plan.id
    db.session.rollback()
    by_flags = list_inbox(world.account("p.approver"), today=TODAY, order=Order.FLAGS)
    assert [one.plan.id for one in by_flags] == [flagged, clean]
