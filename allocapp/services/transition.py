"""The one way a plan or a decision changes state: by the workflow's tables, with a line in the journal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from allocapp.access import Action, acting_capacity, capacity_on_plan
from allocapp.clock import local_day
from allocapp.errors import ReasonRequired, TextTooLong
from allocapp.models.account import Account
from allocapp.models.decision import Decision
from allocapp.models.event import Subject
from allocapp.models.plan import Plan
from allocapp.rules.workflow import DecisionAction, PlanAction, needs_reason, next_decision_state, next_plan_state
from allocapp.services.journal import record_event
from allocapp.services.road import RIGHTS

REASON_LIMIT = 2000

DECISION_RIGHTS: Mapping[DecisionAction, Action] = {
    DecisionAction.NUMBER: Action.NUMBER_DECISION,
    DecisionAction.SIGN: Action.SIGN_DECISION,
    DecisionAction.SEAL: Action.SEAL_DECISION,
    DecisionAction.REFUSE: Action.REFUSE_DECISION,
}


def checked_reason(action: PlanAction | DecisionAction, reason: str) -> str:
    """The reason without blanks around it, where the action needs one. Raises ReasonRequired, TextTooLong."""
    reason = reason.strip()
    if needs_reason(action) and not reason:
        raise ReasonRequired
    if len(reason) > REASON_LIMIT:
        raise TextTooLong(REASON_LIMIT)
    return reason


def plan_capacity(plan: Plan, action: PlanAction, actor: Account | None, now: datetime) -> str:
    """In whose place the actor takes this step, as the journal keeps it; empty where in their own."""
    if actor is None or action not in RIGHTS:
        return ""
    return capacity_on_plan(actor, RIGHTS[action], plan, local_day(now))


def move_plan(
    plan: Plan,
    action: PlanAction,
    *,
    actor: Account | None,
    now: datetime,
    reason: str = "",
    capacity: str | None = None,
) -> Plan:
    """Take the plan one step on. Raises TransitionNotAllowed and then changes nothing.

    ``capacity``: in whose place the actor takes it, where that is not told by the right that the step asks for.
    """
    before = plan.state
    if capacity is None:
        capacity = plan_capacity(plan, action, actor, now)
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
        capacity=capacity,
    )
    return plan


def move_decision(
    decision: Decision, action: DecisionAction, *, actor: Account | None, now: datetime, reason: str = ""
) -> Decision:
    """Take the decision one step on. Raises TransitionNotAllowed and then changes nothing."""
    before = decision.state
    decision.state = next_decision_state(before, action)
    right = DECISION_RIGHTS.get(action)
    capacity = acting_capacity(actor, right, decision.unit, local_day(now)) if actor and right else ""
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
        capacity=capacity,
    )
    return decision
