"""The one way a plan or a decision changes state: by the workflow's tables, with a line in the journal."""

from __future__ import annotations

from datetime import datetime

from allocapp.errors import ReasonRequired, TextTooLong
from allocapp.models.account import Account
from allocapp.models.decision import Decision
from allocapp.models.event import Subject
from allocapp.models.plan import Plan
from allocapp.rules.workflow import DecisionAction, PlanAction, needs_reason, next_decision_state, next_plan_state
from allocapp.services.journal import record_event

REASON_LIMIT = 2000


def checked_reason(action: PlanAction | DecisionAction, reason: str) -> str:
    """The reason without blanks around it, where the action needs one. Raises ReasonRequired, TextTooLong."""
    reason = reason.strip()
    if needs_reason(action) and not reason:
        raise ReasonRequired
    if len(reason) > REASON_LIMIT:
        raise TextTooLong(REASON_LIMIT)
    return reason


def move_plan(plan: Plan, action: PlanAction, *, actor: Account | None, now: datetime, reason: str = "") -> Plan:
    """Take the plan one step on. Raises TransitionNotAllowed and then changes nothing."""
    before = plan.state
    plan.state = next_plan_state(before, action)
    plan.version += 1
    plan.changed_at, plan.changed_by = now, actor
    record_event(
        Subject.PLAN,
        plan.id,
        action.value,
        actor=actor,
        now=now,
        unit_id=plan.unit_id,
        from_state=before.value,
        to_state=plan.state.value,
        reason=reason,
    )
    return plan


def move_decision(
    decision: Decision, action: DecisionAction, *, actor: Account | None, now: datetime, reason: str = ""
) -> Decision:
    """Take the decision one step on. Raises TransitionNotAllowed and then changes nothing."""
    before = decision.state
    decision.state = next_decision_state(before, action)
    decision.version += 1
    record_event(
        Subject.DECISION,
        decision.id,
        action.value,
        actor=actor,
        now=now,
        unit_id=decision.unit_id,
        from_state=before.value,
        to_state=decision.state.value,
        reason=reason,
    )
    return decision
