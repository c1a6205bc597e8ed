"""What a superior's decision does to the plans below: each is checked again under the target T that holds now.

A plan in force is only flagged, never changed: its unit revises it. Checking twice, or late, gives the same rows,
because what counts is what is in force at that moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from allocapp.access import READABLE_BELOW, Action, plan_right
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.models.decision import Decision
from allocapp.models.event import Event, Subject
from allocapp.models.notice import NoticeKind
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.numbering import format_symbol
from allocapp.rules.workflow import PlanState
from allocapp.services.journal import record_event
from allocapp.services.notice import notify, people_with
from allocapp.services.sheet import Sheet, check_sheet, read_sheet

_CHECKED = (PlanState.ISSUED, PlanState.APPROVED)


@dataclass(frozen=True)
class Unbalanced:
    """A unit below whose plan in force no longer balances, since when, and its revision on the way, if any."""

    unit: Unit
    plan: Plan
    revision: Plan | None


def plans_to_recheck(superior_plan_id: int) -> Sequence[int]:
    """The plans of the direct receivers that a decision on this plan may have touched, oldest first."""
    superior = db.session.get(Plan, superior_plan_id)
    if superior is None:
        return []
    return db.session.scalars(_below(superior).with_only_columns(Plan.id).where(Plan.state.in_(_CHECKED))).all()


def recheck_plan(plan_id: int, *, now: datetime) -> None:
    """Check one plan under what its superior assigns now, and tell those concerned where the outcome is another one.

    In a number of statements that does not grow with the plan's rows.
    """
    locked = select(Plan).where(Plan.id == plan_id).with_for_update(of=Plan)
    plan = db.session.scalar(locked.execution_options(populate_existing=True))
    if plan is None or plan.state not in _CHECKED:
        return
    sheet = read_sheet(plan)
    if plan.state is PlanState.APPROVED:
        _tell_of_lapse(plan, sheet, now)
    else:
        _note_balance(plan, sheet, now)


def list_unbalanced(plan: Plan) -> list[Unbalanced]:
    """The units directly below whose plans in force no longer balance, in official order; two statements."""
    plans = db.session.scalars(
        _below(plan).where(Plan.state == PlanState.ISSUED, Plan.out_of_balance_at.is_not(None))
    ).all()
    if not plans:
        return []
    on_their_way = db.session.scalars(
        select(Plan).where(
            Plan.campaign_id == plan.campaign_id,
            Plan.unit_id.in_([below.unit_id for below in plans]),
            Plan.state.not_in((PlanState.ISSUED, PlanState.SUPERSEDED, PlanState.REVOKED, PlanState.DISCARDED)),
        )
    )
    revisions = {revision.unit_id: revision for revision in on_their_way}
    found = [Unbalanced(below.unit, below, revisions.get(below.unit_id)) for below in plans]
    return sorted(found, key=lambda one: (one.unit.kind.position, one.unit.position, one.unit.id))


def _below(superior: Plan) -> Select[Plan]:
    children = select(Unit.id).where(Unit.parent_id == superior.unit_id)
    return select(Plan).where(Plan.campaign_id == superior.campaign_id, Plan.unit_id.in_(children)).order_by(Plan.id)


def _note_balance(plan: Plan, sheet: Sheet, now: datetime) -> None:
    # a unit that the superior's decision leaves out, or whose superior's was revoked, has no T to balance against
    balanced = sheet.assigned_known and all(balance.balanced for balance in check_sheet(sheet))
    if balanced == (plan.out_of_balance_at is None):
        return
    moved_by = _moved_by(plan)
    plan.out_of_balance_at = None if balanced else now
    action = "in_balance" if balanced else "out_of_balance"
    _note(plan, action, moved_by, now)
    if not balanced:
        _tell(NoticeKind.OUT_OF_BALANCE, plan, (Action.SUBMIT_PLAN,), moved_by, now)


def _tell_of_lapse(plan: Plan, sheet: Sheet, now: datetime) -> None:
    if sheet.content_hash == plan.approved_hash:
        return
    told = select(Event.id).where(
        Event.subject == Subject.PLAN,
        Event.subject_id == plan.id,
        Event.action == "approval_lapsed",
        Event.at >= plan.approved_at,
    )
    if db.session.scalar(told.limit(1)) is not None:
        return
    moved_by = _moved_by(plan)
    _note(plan, "approval_lapsed", moved_by, now)
    _tell(NoticeKind.APPROVAL_LAPSED, plan, (Action.SUBMIT_PLAN, Action.REOPEN_PLAN), moved_by, now)


def _moved_by(plan: Plan) -> Decision | None:
    """The superior's latest decision in the campaign: what moved T, or took it away."""
    return db.session.scalar(
        select(Decision)
        .join(Plan, Plan.id == Decision.plan_id)
        .where(
            Plan.campaign_id == plan.campaign_id,
            Plan.unit_id == plan.unit.parent_id,
            Decision.state.in_(READABLE_BELOW),
        )
        .order_by(Decision.sealed_at.desc(), Decision.id.desc())
        .limit(1)
    )


def _note(plan: Plan, action: str, moved_by: Decision | None, now: datetime) -> None:
    """In the journal, with the number of the decision that brought it about."""
    reason = ""
    if moved_by is not None and moved_by.number is not None:
        reason = format_symbol(moved_by.number, moved_by.symbol)
    record_event(Subject.PLAN, plan.id, action, actor=None, now=now, unit_id=plan.unit_id, reason=reason)


def _tell(kind: NoticeKind, plan: Plan, actions: Iterable[Action], moved_by: Decision | None, now: datetime) -> None:
    today = local_day(now)
    people = [
        person
        for action in actions
        for person in people_with(plan_right(action, plan), plan.unit, today=today, campaign=plan.campaign)
    ]
    key = f"{kind.value}:{plan.id}:{moved_by.id if moved_by else 0}"
    notify(kind, people, key=key, now=now, plan=plan, decision=moved_by, unit=plan.unit)
