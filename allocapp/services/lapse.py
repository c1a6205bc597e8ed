"""Approvals that have lapsed: what was approved is no longer what stands there (DESIGN, section 4)."""

from __future__ import annotations

from collections.abc import Iterable

from allocapp.models.plan import Plan
from allocapp.rules.workflow import PlanState
from allocapp.services.sheet import Sheet, read_sheet


def has_lapsed(sheet: Sheet) -> bool:
    """Whether the plan is approved, but no longer with the content that was: targets, weights, T or a version moved."""
    return sheet.plan.state is PlanState.APPROVED and sheet.plan.approved_hash != sheet.content_hash


def lapsed_plans(plans: Iterable[Plan]) -> frozenset[int]:
    """The ids of those whose approval has lapsed. Only approved plans are read: there are few at a time."""
    return frozenset(plan.id for plan in plans if plan.state is PlanState.APPROVED and has_lapsed(read_sheet(plan)))
