"""Whose turn it is: what an account may do with a plan now."""

from __future__ import annotations

from datetime import date

from allocapp.access import Action, authority_over, may_on_plan, submitted_it
from allocapp.models.account import Account
from allocapp.models.campaign import Authority
from allocapp.models.plan import Plan
from allocapp.rules.workflow import (
    CampaignState,
    DecisionAction,
    PlanAction,
    PlanState,
    decision_actions,
    plan_actions,
)
from allocapp.services.decision import living_decision
from allocapp.services.road import RIGHTS
from allocapp.services.sheet import read_sheet
from allocapp.services.step import has_steps, may_take, open_step

# what only the person does who has the plan in review, and only the person whose step it is
_REVIEWERS = frozenset({PlanAction.HAND_BACK, PlanAction.RETURN, PlanAction.APPROVE})
_STEP_TAKERS = frozenset({PlanAction.AGREE, PlanAction.SEND_BACK})


def plan_actions_for(plan: Plan, account: Account, today: date) -> frozenset[PlanAction]:
    """What the account may do with the plan now: state, right, whose turn within the state, and the two-person rule."""
    if plan.campaign.state is not CampaignState.OPEN:
        return frozenset()
    actions = {
        action
        for action in plan_actions(plan.state)
        if action in RIGHTS and may_on_plan(account, RIGHTS[action], plan, today)
    }
    if submitted_it(account, Action.APPROVE_PLAN, plan, today):
        actions.discard(PlanAction.APPROVE)
    if plan.revision == 1:
        actions.discard(PlanAction.DISCARD)
    if PlanAction.REOPEN in actions:
        decision = living_decision(plan)
        if decision is not None and DecisionAction.WITHDRAW not in decision_actions(decision.state):
            actions.discard(PlanAction.REOPEN)
    if PlanAction.PROCEED in actions and not _may_proceed(plan, account, today):
        actions.discard(PlanAction.PROCEED)
    if plan.state is PlanState.IN_REVIEW:
        actions -= _REVIEWERS if plan.reviewed_by_id != account.id else {PlanAction.TAKE_OVER}
    elif plan.state is PlanState.IN_HOUSE:
        actions -= _not_in_house(plan, account, today)
    elif {PlanAction.SUBMIT, PlanAction.CIRCULATE} <= actions:
        actions.discard(PlanAction.SUBMIT if has_steps(plan.unit_id) else PlanAction.CIRCULATE)
    return frozenset(actions)


def _may_proceed(plan: Plan, account: Account, today: date) -> bool:
    """Whether the superior's opinion does not bind, somebody else submitted, and it is still what was submitted."""
    return (
        authority_over(plan) is Authority.OPINION
        and not submitted_it(account, Action.PROCEED_PLAN, plan, today)
        and read_sheet(plan).content_hash == plan.submitted_hash
    )


def _not_in_house(plan: Plan, account: Account, today: date) -> set[PlanAction]:
    """What cannot be done at the step the plan is at, or once everybody has agreed."""
    step = open_step(plan)
    if step is None:
        return {PlanAction.AGREE, PlanAction.SEND_BACK}
    return {PlanAction.SUBMIT} if may_take(step, plan.unit, account, today) else {PlanAction.SUBMIT, *_STEP_TAKERS}
