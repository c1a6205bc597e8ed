"""Delegation: who may lend which role to whom, for how long; and what the delegate then may and may not do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from allocapp.access import Action, acting_capacity, held_grants, may_at_unit
from allocapp.db import db, transaction
from allocapp.errors import (
    AllocappError,
    DelegateInactive,
    DelegateOutside,
    DelegationDates,
    DelegationLentOn,
    DelegationOver,
    DelegationOverlaps,
    DelegationToOneself,
    DelegationToSubmitter,
    Forbidden,
    NotFound,
    ProposerMayNotDecide,
    ReasonRequired,
    RoleNotLendable,
    SubmitterMayNotApprove,
    TextTooLong,
    TitleRequired,
)
from allocapp.models.account import Account, Capacity, Delegation, Grant, Role
from allocapp.models.event import Event, Subject
from allocapp.models.notice import Notice, NoticeKind
from allocapp.services.delegation import delegate_role, end_delegation, list_delegations, possible_delegates
from allocapp.services.proposal import accept_proposal, propose_expectation, refuse_proposal, stamp
from allocapp.services.review import return_plan
from tests.factories import NOW, World
from tests.services.test_concurrency import race

TODAY = date(2026, 3, 2)
WEEK = TODAY + timedelta(days=7)


def grant_of(world: World, login: str) -> Grant:
    return db.session.scalars(select(Grant).where(Grant.account_id == world.accounts[login])).one()


def lend(world: World, owner: str, to: str, *, actor: str = "", now: datetime = NOW, **changes: Any) -> int:
    """Lend the owner's one role, from today for a week; gives the delegation's id."""
    given: dict[str, Any] = {
        "capacity": Capacity.BY_AUTHORISATION,
        "title": "Phó Chủ tịch",
        "reason": "đi công tác",
        "valid_from": TODAY,
        "valid_to": WEEK,
    } | changes
    with transaction():
        grant_id = grant_of(world, owner).id
        return delegate_role(grant_id, world.accounts[to], **given, actor=world.account(actor or owner), now=now).id


def may(world: World, login: str, action: Action, unit: str, day: date) -> bool:
    db.session.expire_all()
    return may_at_unit(world.account(login), action, world.unit(unit), day, root_id=world.units["P"])


def test_the_delegate_may_what_the_owner_may_from_the_first_day_to_the_last(world: World) -> None:
    lend(world, "p.approver", "p.coordinator", valid_from=TODAY + timedelta(days=1))
    answers = [may(world, "p.coordinator", Action.APPROVE_PLAN, "A", TODAY + timedelta(days=n)) for n in (0, 1, 7, 8)]
    assert answers == [False, True, True, False]
    assert not may(world, "p.coordinator", Action.APPROVE_PLAN, "A1", WEEK), "an approver does not reach so far down"
    assert may(world, "p.approver", Action.APPROVE_PLAN, "A", WEEK), "the owner keeps the role"


def test_it_lapses_with_the_owners_role_and_with_either_account(world: World) -> None:
    lend(world, "p.approver", "p.coordinator")

    def lapses(change: Callable[[], None], undo: Callable[[], None]) -> bool:
        with transaction():
            change()
        lapsed = not may(world, "p.coordinator", Action.APPROVE_PLAN, "A", WEEK)
        with transaction():
            undo()
        return lapsed and may(world, "p.coordinator", Action.APPROVE_PLAN, "A", WEEK)

    def end_role(day: date | None) -> None:
        grant_of(world, "p.approver").valid_to = day

    def switch(login: str, on: bool) -> None:
        world.account(login).active = on

    assert lapses(lambda: end_role(TODAY), lambda: end_role(None))
    assert lapses(lambda: switch("p.approver", False), lambda: switch("p.approver", True))
    assert lapses(lambda: switch("p.coordinator", False), lambda: switch("p.coordinator", True))


def test_the_owner_ends_it_once(world: World) -> None:
    delegation_id = lend(world, "p.approver", "p.coordinator")
    for stranger in ("p.coordinator", "p.administrator"):
        with pytest.raises(NotFound), transaction():
            end_delegation(delegation_id, actor=world.account(stranger), now=NOW)
    with transaction():
        end_delegation(delegation_id, actor=world.account("p.approver"), now=NOW)
    assert not may(world, "p.coordinator", Action.APPROVE_PLAN, "A", TODAY)
    with pytest.raises(DelegationOver), transaction():
        end_delegation(delegation_id, actor=world.account("p.approver"), now=NOW)
    lend(world, "p.approver", "p.coordinator")  # what was ended overlaps with nothing
    kept = db.session.scalars(select(Event).where(Event.subject == Subject.ACCOUNT).order_by(Event.id)).all()
    assert [(event.action, event.subject_id, event.reason) for event in kept] == [
        ("delegate", world.accounts["p.coordinator"], "đi công tác"),
        ("end_delegation", world.accounts["p.coordinator"], ""),
        ("delegate", world.accounts["p.coordinator"], "đi công tác"),
    ]


def test_what_is_over_is_not_ended(world: World) -> None:
    delegation_id = lend(world, "p.approver", "p.coordinator", valid_to=TODAY)
    with pytest.raises(DelegationOver), transaction():
        end_delegation(delegation_id, actor=world.account("p.approver"), now=NOW + timedelta(days=1))


REFUSED: list[tuple[type[AllocappError], dict[str, Any]]] = [
    (DelegationToOneself, {"to": "p.approver"}),
    (NotFound, {"actor": "p.leader"}),
    (NotFound, {"actor": "p.administrator"}),
    (RoleNotLendable, {"owner": "p.preparer"}),
    (RoleNotLendable, {"owner": "p.clerk"}),
    (DelegateOutside, {"owner": "a.leader", "to": "b.leader"}),
    (DelegateOutside, {"owner": "a.leader", "to": "p.leader"}),
    (DelegationDates, {"valid_from": TODAY - timedelta(days=1)}),
    (DelegationDates, {"valid_to": TODAY - timedelta(days=1)}),
    (DelegationDates, {"valid_from": WEEK, "valid_to": WEEK - timedelta(days=1)}),
    (DelegationDates, {"valid_to": TODAY + timedelta(days=366)}),
    (ReasonRequired, {"reason": " \u00a0\n "}),
    (TextTooLong, {"reason": "x" * 100_000}),
    (TitleRequired, {"title": "  "}),
    (TextTooLong, {"title": "x" * 81}),
]


@pytest.mark.parametrize(("error", "changes"), REFUSED)
def test_refused(world: World, error: type[AllocappError], changes: dict[str, Any]) -> None:
    given = {"owner": "p.approver", "to": "p.coordinator"} | changes
    with pytest.raises(error):
        lend(world, **given)
    for table in (Delegation, Notice, Event):
        assert db.session.scalar(select(func.count()).select_from(table)) == 0


def test_a_year_is_long_enough_and_one_day_is_one(world: World) -> None:
    lend(world, "p.approver", "p.coordinator", valid_to=TODAY)
    lend(world, "p.approver", "p.coordinator", valid_from=WEEK, valid_to=WEEK + timedelta(days=365))


def test_the_day_is_the_offices_day(world: World) -> None:
    evening = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)  # past midnight in Hà Nội
    with pytest.raises(DelegationDates):
        lend(world, "p.approver", "p.coordinator", now=evening)
    lend(world, "p.approver", "p.coordinator", now=evening, valid_from=TODAY + timedelta(days=1))


def test_an_account_that_is_switched_off_or_unknown(world: World) -> None:
    with transaction():
        world.account("p.coordinator").active = False
    with pytest.raises(DelegateInactive):
        lend(world, "p.approver", "p.coordinator")
    world.accounts["nobody"] = 999_999
    with pytest.raises(NotFound):
        lend(world, "p.approver", "nobody")


def test_a_role_that_ended_yesterday_is_not_delegated(world: World) -> None:
    with transaction():
        grant_of(world, "p.approver").valid_to = TODAY - timedelta(days=1)
    with pytest.raises(Forbidden):
        lend(world, "p.approver", "p.coordinator")


def test_what_was_lent_is_not_lent_on(world: World) -> None:
    lend(world, "p.approver", "p.coordinator")
    with pytest.raises(DelegationLentOn):
        lend(world, "p.approver", "p.auditor", actor="p.coordinator")


def test_days_do_not_overlap_for_the_same_person(world: World) -> None:
    lend(world, "p.approver", "p.coordinator")
    with pytest.raises(DelegationOverlaps):
        lend(world, "p.approver", "p.coordinator", valid_from=WEEK, valid_to=WEEK + timedelta(days=3))
    lend(world, "p.approver", "p.coordinator", valid_from=WEEK + timedelta(days=1), valid_to=WEEK + timedelta(days=3))
    lend(world, "p.approver", "p.auditor")


def test_two_clicks_at_once_lend_it_once(world: World, database: Flask) -> None:
    outcome = race(database, *[lambda: lend(world, "p.approver", "p.coordinator")] * 4)
    assert outcome == {"done": 1, "DelegationOverlaps": 3}


def test_not_to_who_submitted_what_the_role_decides_on(world: World) -> None:
    world.issue_province()
    plan_id = world.submitted("A")
    world.grant("a.preparer", "P", "viewer")
    with pytest.raises(DelegationToSubmitter):
        lend(world, "p.approver", "a.preparer")
    with pytest.raises(DelegationToSubmitter):
        lend(world, "a.leader", "a.preparer")
    lend(world, "p.leader", "a.preparer")  # the province's leader has no say on the district's plan
    world.approve(plan_id, "p.approver")
    world.put_in_force(plan_id)
    lend(world, "p.approver", "a.preparer")


def test_who_submits_later_does_not_approve_as_a_delegate(world: World) -> None:
    world.issue_province()
    lend(world, "p.approver", "a.preparer")
    plan_id = world.submitted("A")
    with pytest.raises(SubmitterMayNotApprove):
        world.approve(plan_id, "a.preparer")


def test_nobody_approves_in_the_place_of_who_submitted(world: World) -> None:
    """An approver who also submitted cannot have a delegate say yes in the approver's own name."""
    world.issue_province()
    world.grant("p.approver", "A", "preparer")
    with transaction():
        grant_id = db.session.scalars(
            select(Grant.id).where(Grant.account_id == world.accounts["p.approver"], Grant.role == Role.APPROVER)
        ).one()
        delegate_role(
            grant_id, world.accounts["p.coordinator"], capacity=Capacity.FOR_HEAD, title="Phó", reason="đi vắng",
                valid_from=TODAY, valid_to=WEEK, actor=world.account("p.approver"), now=NOW,
            )  # fmt: skip
    plan_id = world.open("A", "p.approver")
    world.submit(plan_id, 8000, "p.approver")
    with pytest.raises(SubmitterMayNotApprove):
        world.approve(plan_id, "p.coordinator")


def test_the_journal_and_the_plan_say_in_whose_place(world: World) -> None:
    world.issue_province()
    lend(world, "p.approver", "p.coordinator")
    plan_id = world.submitted("A")
    world.approve(plan_id, "p.coordinator")
    event = db.session.scalars(select(Event).where(Event.action == "approve").order_by(Event.id.desc())).first()
    assert event is not None
    assert event.account_id == world.accounts["p.coordinator"]
    assert event.capacity == "TUQ. Phó Chủ tịch (thay approver P)"
    assert world.plan(plan_id).approved_capacity == event.capacity
    own = db.session.scalars(select(Event).where(Event.action == "submit")).all()
    assert {found.capacity for found in own} == {""}


def test_who_holds_the_role_acts_in_nobodys_place(world: World) -> None:
    lend(world, "p.approver", "p.coordinator")
    world.grant("p.coordinator", "P", "approver")
    unit = world.unit("A")
    asked = (world.account("p.coordinator"), Action.APPROVE_PLAN, unit, TODAY)
    assert acting_capacity(*asked, root_id=world.units["P"]) == ""
    assert [grant.role for grant in held_grants(asked[0], TODAY)].count(Role.APPROVER) == 2


def test_the_delegate_is_told_once_and_not_the_owner(world: World) -> None:
    lend(world, "p.approver", "p.coordinator")
    told = db.session.scalars(select(Notice)).all()
    assert [(notice.account_id, notice.kind) for notice in told] == [
        (world.accounts["p.coordinator"], NoticeKind.DELEGATED)
    ]


def test_who_sees_what_was_lent(world: World) -> None:
    lend(world, "p.approver", "p.coordinator")
    lend(world, "a.leader", "a.clerk")

    def seen(login: str) -> set[str]:
        found = list_delegations(world.account(login), today=TODAY)
        return {lent.account.login for lent in found}

    assert seen("p.approver") == {"p.coordinator"}
    assert seen("p.coordinator") == {"p.coordinator"}
    assert seen("a.leader") == seen("a.clerk") == {"a.clerk"}
    assert seen("p.auditor") == seen("p.administrator") == {"p.coordinator", "a.clerk"}
    assert seen("b.leader") == set()


def test_who_may_be_named(world: World) -> None:
    with transaction():
        world.account("a.viewer").active = False
    named = {account.login for account in possible_delegates(grant_of(world, "a.leader"), TODAY)}
    assert named == {"a.preparer", "a.clerk", "a1.viewer"}
    assert len(db.session.scalars(select(Account)).all()) > len(named)


def test_whatever_is_done_for_another_says_so(world: World) -> None:
    """Returning with a remark, and proposals accepted or refused, each by the delegate alone."""
    world.issue_province()
    lend(world, "p.approver", "p.auditor")
    plan_id = world.submitted("A")
    with transaction():
        return_plan(
            plan_id, version=world.plan(plan_id).version, reason="Xã A1", comments={world.units["A1"]: "thấp"},
            actor=world.account("p.auditor"), now=NOW,
        )  # fmt: skip
    done = db.session.scalars(select(Event).where(Event.account_id == world.accounts["p.auditor"])).all()
    assert {event.action for event in done} == {"return", "comment"}
    assert {event.capacity for event in done} == {"TUQ. Phó Chủ tịch (thay approver P)"}


@pytest.mark.parametrize("verdict", [accept_proposal, refuse_proposal])
def test_the_delegate_does_not_decide_on_what_the_owner_proposed(world: World, verdict: Callable[..., object]) -> None:
    world.issue_province()
    plan_id = world.open("A", "a.preparer")
    world.grant("p.approver", "A", "preparer")
    with transaction():
        given: dict[str, Any] = {"weight": 120, "reason": "Sáp nhập"}
        proposal = propose_expectation(
            plan_id,
            world.units["A1"],
            world.indicators["dossiers"],
            **given,
            actor=world.account("p.approver"),
            now=NOW,
        )
        seen, proposal_id = stamp(proposal), proposal.id
    with transaction():
        of_owner = Grant.account_id == world.accounts["p.approver"]
        grant_id = db.session.scalars(select(Grant.id).where(of_owner, Grant.role == Role.APPROVER)).one()
        delegate_role(
            grant_id, world.accounts["p.coordinator"], capacity=Capacity.FOR_HEAD, title="Phó", reason="đi vắng",
            valid_from=TODAY, valid_to=WEEK, actor=world.account("p.approver"), now=NOW,
        )  # fmt: skip
    why = {"reason": "không"} if verdict is refuse_proposal else {}
    with pytest.raises(ProposerMayNotDecide), transaction():
        verdict(plan_id, proposal_id, seen=seen, **why, actor=world.account("p.coordinator"), now=NOW)
