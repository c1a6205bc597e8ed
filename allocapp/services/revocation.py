"""Revoking a plan in force: ordered by whoever approves it, carried out by a decision of the body that issued it.

Nothing changes before the body's seal is on that decision; until its number is taken, the order can be taken back.
"""

from __future__ import annotations

from datetime import datetime

from allocapp.access import Action, capacity_on_plan, load_plan
from allocapp.clock import local_day
from allocapp.errors import RevisionUnderWay, RevocationUnderWay, StaleVersion, TransitionNotAllowed
from allocapp.models.account import Account
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision
from allocapp.models.plan import Plan
from allocapp.rules.workflow import DecisionAction, PlanAction, next_plan_state
from allocapp.services.decision import make_decision, revoking_decision, withdraw_prepared_decision
from allocapp.services.issue import lock_units
from allocapp.services.revision import revision_on_its_way
from allocapp.services.road import require_open
from allocapp.services.snapshot import Effect, decision_in_force
from allocapp.services.transition import checked_reason


def order_revocation(plan_id: int, *, version: int, reason: str, actor: Account, now: datetime) -> Decision:
    """Order that the plan in force be revoked: its unit's clerk numbers the decision, its leader signs it.

    A revision on its way must be finished or given up first, so that no decision rests on a revoked one. Raises
    ReasonRequired, TextTooLong, RevisionUnderWay, RevocationUnderWay, StaleVersion, TransitionNotAllowed,
    CampaignNotOpen, NotFound, Forbidden.
    """
    plan = _load(plan_id, actor, now)
    next_plan_state(plan.state, PlanAction.REVOKE)
    if version != plan.version:
        raise StaleVersion(plan.version)
    reason = checked_reason(PlanAction.REVOKE, reason)
    if (ordered := revoking_decision(plan)) is not None:
        raise RevocationUnderWay(ordered.id)
    if (revision := revision_on_its_way(plan)) is not None:
        raise RevisionUnderWay(revision.id, revision.revision)
    effect = Effect(DecisionKind.REVOKE, decision_in_force(plan), reason)
    capacity = capacity_on_plan(actor, Action.REVOKE_PLAN, plan, local_day(now))
    return make_decision(plan, effect, "prepare_revocation", actor=actor, now=now, reason=reason, capacity=capacity)


def withdraw_revocation(plan_id: int, *, reason: str, actor: Account, now: datetime) -> Plan:
    """Take the order back before its decision has a number: the plan simply stays in force.

    Raises ReasonRequired, TextTooLong, TransitionNotAllowed, CampaignNotOpen, NotFound, Forbidden.
    """
    plan = _load(plan_id, actor, now)
    reason = checked_reason(PlanAction.REVOKE, reason)
    if withdraw_prepared_decision(plan, actor=actor, now=now, reason=reason, revoking=True) is None:
        raise TransitionNotAllowed(plan.state, DecisionAction.WITHDRAW)
    return plan


def _load(plan_id: int, actor: Account, now: datetime) -> Plan:
    today = local_day(now)
    lock_units(load_plan(actor, plan_id, Action.REVOKE_PLAN, today=today), with_superior=False)
    plan = load_plan(actor, plan_id, Action.REVOKE_PLAN, today=today, lock=True)
    require_open(plan.campaign)
    return plan
