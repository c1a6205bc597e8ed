"""Whose turn it is: what an account may do with a plan now."""

from __future__ import annotations

from datetime import date

from allocapp.access import Action, may_on_plan, submitted_it
from allocapp.models.account import Account
from allocapp.models.plan import Plan
from allocapp.rules.workflow import DecisionAction, PlanAction, decision_actions, plan_actions
from allocapp.services.decision import living_decision
from allocapp.services.road import RIGHTS


def plan_actions_for(plan: Plan, account: Account, today: date) -> frozenset[PlanAction]:
    """What the account may do with the plan now: state, right, the two-person rule, and the decision's state."""
    actions = {
        action
        for action in plan_actions(plan.state)
        if action in RIGHTS and may_on_plan(account, RIGHTS[action], plan, today)
    }
    if submitted_it(account, Action.APPROVE_PLAN, plan, today):
        actions.discard(PlanAction.APPROVE)
    if PlanAction.REOPEN in actions:
        decision = living_decision(plan)
        if decision is not None and DecisionAction.WITHDRAW not in decision_actions(decision.state):
            actions.discard(PlanAction.REOPEN)
    return frozenset(actions)
