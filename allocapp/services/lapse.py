"""Approvals that have lapsed: what was approved is no longer what stands there (DESIGN, section 4)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from allocapp.access import Action
from allocapp.clock import local_day
from allocapp.models.event import Subject
from allocapp.models.notice import NoticeKind
from allocapp.models.plan import Plan
from allocapp.rules.workflow import PlanState
from allocapp.services.journal import plan_story, record_event
from allocapp.services.notice import notify, people_with
from allocapp.services.plan import deciding_people
from allocapp.services.sheet import Sheet, read_sheet

_LAPSED = "approval_lapsed"


def has_lapsed(sheet: Sheet) -> bool:
    """Whether the plan is approved, but no longer with the content that was: targets, weights, T or a version moved."""
    return sheet.plan.state is PlanState.APPROVED and sheet.plan.approved_hash != sheet.content_hash


def lapsed_plans(plans: Iterable[Plan]) -> frozenset[int]:
    """The ids of those whose approval has lapsed. Only approved plans are read: there are few at a time."""
    return frozenset(plan.id for plan in plans if plan.state is PlanState.APPROVED and has_lapsed(read_sheet(plan)))


def note_lapse(plan: Plan, *, now: datetime) -> bool:
    """Write a lapse into the journal and tell those it concerns, once for an approval; gives whether it has lapsed.

    Called for plans whose content something else may have moved, in the transaction that moved it or after it.
    """
    if not has_lapsed(read_sheet(plan)):
        return False
    noted = [event.at for event in plan_story(plan) if event.action == _LAPSED]
    if plan.approved_at and any(at >= plan.approved_at for at in noted):
        return True
    record_event(Subject.PLAN, plan.id, _LAPSED, actor=None, now=now, unit_id=plan.unit_id)
    people = [*deciding_people(plan, now), *people_with(Action.EDIT_PLAN, plan.unit, today=local_day(now))]
    notify(NoticeKind.APPROVAL_LAPSED, people, key=f"lapsed:{plan.id}:{plan.version}", now=now, plan=plan)
    return True
