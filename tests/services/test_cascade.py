"""A superior's decision moves T: the plans below are checked again, flagged and told, and cleared once they balance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import event, select

from allocapp.db import db, transaction
from allocapp.jobs.cascade import recheck_below
from allocapp.models.event import Event
from allocapp.models.job import Job, JobState
from allocapp.models.notice import Notice, NoticeKind
from allocapp.models.plan import PlanTarget
from allocapp.services.cascade import list_unbalanced, plans_to_recheck, recheck_plan
from allocapp.services.quota import read_quotas
from allocapp.services.unit import add_unit
from tests.factories import SINCE, World
from tests.services.sealing import LATER, Sealing

FLAGS = ("out_of_balance", "in_balance", "approval_lapsed")


@pytest.fixture
def sealing(world: World, tmp_path: Path) -> Sealing:
    return Sealing(world, tmp_path)


@pytest.fixture
def province_id(sealing: Sealing) -> int:
    return sealing.in_force("P")


def move(sealing: Sealing, plan_id: int, targets: dict[str, int]) -> int:
    """A revision of the superior's plan in force, and the plans below checked again; gives its id."""
    revision_id = sealing.revised(plan_id, targets)
    sealing.put_in_force(revision_id, LATER)
    run_jobs()
    return revision_id


def run_jobs() -> None:
    db.session.rollback()
    waiting = select(Job.id).where(Job.name == "recheck_below", Job.state == JobState.WAITING).order_by(Job.id)
    for job_id in db.session.scalars(waiting).all():
        recheck_below(job_id)


def flagged(world: World, plan_id: int) -> datetime | None:
    db.session.rollback()
    return world.plan(plan_id).out_of_balance_at


def noted(plan_id: int) -> list[tuple[str, str]]:
    events = select(Event.action, Event.reason).where(Event.subject_id == plan_id, Event.action.in_(FLAGS))
    return [(action, reason) for action, reason in db.session.execute(events.order_by(Event.id))]


def told(world: World, kind: NoticeKind) -> list[tuple[str, int | None]]:
    people = {account_id: login for login, account_id in world.accounts.items()}
    notices = db.session.scalars(select(Notice).where(Notice.kind == kind).order_by(Notice.id))
    return [(people[notice.account_id], notice.plan_id) for notice in notices]


def test_what_no_longer_balances_is_flagged_told_and_listed_until_revised(
    world: World, sealing: Sealing, province_id: int
) -> None:
    a, b = sealing.in_force("A"), sealing.in_force("B")
    revision = move(sealing, province_id, {"A": 8500, "B": 7900})
    assert flagged(world, a) is not None
    assert flagged(world, b) is None, "what still balances is left alone"
    assert noted(a) == [("out_of_balance", "02/QĐ-UBND")]
    assert told(world, NoticeKind.OUT_OF_BALANCE) == [("a.preparer", a)]
    (below,) = list_unbalanced(world.plan(revision))
    assert (below.unit.code, below.plan.id, below.revision) == ("A", a, None)

    mended = sealing.revised(a, dict.fromkeys(("A0", "A1", "A2", "A3"), 8500))
    (below,) = list_unbalanced(world.plan(revision))
    assert below.revision is not None
    assert below.revision.id == mended
    sealing.put_in_force(mended, LATER)
    assert list_unbalanced(world.plan(revision)) == []
    assert flagged(world, mended) is None


def test_a_plan_that_balances_again_is_cleared(world: World, sealing: Sealing, province_id: int) -> None:
    plan_id = sealing.in_force("A")
    second = move(sealing, province_id, {"A": 8500})
    assert flagged(world, plan_id) is not None
    third = move(sealing, second, {"A": 7000})
    assert flagged(world, plan_id) is None
    move(sealing, third, {"A": 8600})
    assert [action for action, _ in noted(plan_id)] == ["out_of_balance", "in_balance", "out_of_balance"]
    assert told(world, NoticeKind.OUT_OF_BALANCE) == [("a.preparer", plan_id)] * 2, "told of each occasion"


def test_the_job_run_twice_or_late_adds_nothing(world: World, sealing: Sealing, province_id: int) -> None:
    plan_id = sealing.in_force("A")
    move(sealing, province_id, {"A": 8500})
    since = flagged(world, plan_id)
    jobs = db.session.scalars(select(Job).where(Job.name == "recheck_below")).all()
    assert {job.state for job in jobs} == {JobState.DONE}
    with transaction() as session:
        session.execute(db.update(Job).where(Job.name == "recheck_below").values(state=JobState.WAITING))
    run_jobs()
    with transaction():
        recheck_plan(plan_id, now=LATER)
    assert flagged(world, plan_id) == since
    assert len(noted(plan_id)) == 1
    assert len(told(world, NoticeKind.OUT_OF_BALANCE)) == 1


def test_a_lapsed_approval_is_told_once(world: World, sealing: Sealing, province_id: int) -> None:
    plan_id = world.approved("A")
    draft = world.open("B", "b.preparer")
    second = move(sealing, province_id, {"A": 8500})
    move(sealing, second, {"A": 8600})
    assert [action for action, _ in noted(plan_id)] == ["approval_lapsed"]
    assert told(world, NoticeKind.APPROVAL_LAPSED) == [("a.preparer", plan_id), ("p.approver", plan_id)]
    assert noted(draft) == []


def test_an_approval_that_still_holds_has_not_lapsed(world: World, sealing: Sealing, province_id: int) -> None:
    plan_id = world.approved("A")
    with transaction():
        recheck_plan(plan_id, now=LATER)
    assert noted(plan_id) == []


def test_a_revoked_superior_leaves_nothing_to_balance_against(world: World, sealing: Sealing, province_id: int) -> None:
    plan_id = sealing.in_force("A")
    sealing.issue(sealing.order_revocation(province_id), LATER)
    run_jobs()
    assert flagged(world, plan_id) is not None
    assert noted(plan_id) == [("out_of_balance", "02/QĐ-UBND")]
    assert [quota.lines for quota in read_quotas(world.unit("A"))] == [()]
    anew = sealing.revised(province_id, {}, None)
    sealing.put_in_force(anew, LATER)
    run_jobs()
    assert flagged(world, plan_id) is None, "the same T is in force again"


def test_a_unit_that_the_superior_leaves_out_and_takes_in_again(
    world: World, sealing: Sealing, province_id: int
) -> None:
    plan_id = sealing.in_force("A")
    revision = sealing.revised(province_id, {})
    sealing.put_in_force(revision, LATER)
    with transaction() as session:  # as if it had been revised without the unit
        gone = (PlanTarget.plan_id == revision) & (PlanTarget.unit_id == world.units["A"])
        rows = session.scalars(select(PlanTarget).where(gone)).all()
        kept = [(row.indicator_id, row.target, row.position) for row in rows]
        session.execute(db.delete(PlanTarget).where(gone))
    run_jobs()
    assert flagged(world, plan_id) is not None
    (quota,) = read_quotas(world.unit("A"))
    assert (quota.lines, quota.left_out) == ((), True)
    with transaction() as session:
        for indicator_id, target, position in kept:
            key = {"plan_id": revision, "unit_id": world.units["A"], "indicator_id": indicator_id}
            session.add(PlanTarget(**key, target=target, position=position))
        recheck_plan(plan_id, now=LATER)
    assert flagged(world, plan_id) is None


def test_only_the_units_directly_below_are_checked(world: World, sealing: Sealing, province_id: int) -> None:
    a, b = sealing.in_force("A"), world.approved("B")
    assert set(plans_to_recheck(province_id)) == {a, b}
    assert list(plans_to_recheck(a)) == []
    assert list(plans_to_recheck(99_999)) == []


@contextmanager
def statements() -> Iterator[list[str]]:
    seen: list[str] = []

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def test_checking_a_plan_takes_as_many_statements_whatever_its_rows(
    world: World, sealing: Sealing, province_id: int
) -> None:
    def counted(plan_id: int) -> int:
        db.session.rollback()
        with statements() as seen, transaction():
            recheck_plan(plan_id, now=LATER)
        return len(seen)

    with transaction():
        for number in range(4, 30):
            add_unit(
                code=f"B{number}", name=f"Xã B{number}", kind_code="commune", parent=world.unit("B"), position=number,
                valid_from=SINCE,
            )  # fmt: skip
    few, many = sealing.in_force("A"), sealing.in_force("B")
    sealing.put_in_force(sealing.revised(province_id, {"A": 8500, "B": 8500}), LATER)
    assert counted(few) == counted(many)
    assert flagged(world, few) is not None
    assert flagged(world, many) is not None
