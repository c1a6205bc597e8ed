"""Which right each step of a plan's road asks for, and the one way to load a plan for a step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from allocapp.access import Action, load_plan
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import CampaignNotOpen, ReviewedByOther, StaleVersion
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign
from allocapp.models.plan import Plan
from allocapp.rules.workflow import CampaignState, PlanAction, PlanState, next_plan_state

RIGHTS: Mapping[PlanAction, Action] = {
    PlanAction.SAVE: Action.EDIT_PLAN,
    PlanAction.CIRCULATE: Action.SUBMIT_PLAN,
    PlanAction.AGREE: Action.AGREE_PLAN,
    PlanAction.SEND_BACK: Action.AGREE_PLAN,
    PlanAction.RECALL: Action.WITHDRAW_PLAN,
    PlanAction.SUBMIT: Action.SUBMIT_PLAN,
    PlanAction.WITHDRAW: Action.WITHDRAW_PLAN,
    PlanAction.REVIEW: Action.REVIEW_PLAN,
    PlanAction.HAND_BACK: Action.REVIEW_PLAN,
    PlanAction.TAKE_OVER: Action.REVIEW_PLAN,
    PlanAction.RETURN: Action.RETURN_PLAN,
    PlanAction.APPROVE: Action.APPROVE_PLAN,
    PlanAction.PROCEED: Action.PROCEED_PLAN,
    PlanAction.REOPEN: Action.REOPEN_PLAN,
    PlanAction.DISCARD: Action.EDIT_PLAN,
}


def require_open(campaign: Campaign) -> None:
    """Nothing is changed in a campaign before it is opened or after it is closed. Raises CampaignNotOpen.

    Its row is locked against being closed until the transaction ends, not against other people's steps.
    """
    shared = select(Campaign.state).where(Campaign.id == campaign.id).with_for_update(read=True)
    state = db.session.scalar(shared)
    if state is not CampaignState.OPEN:
        raise CampaignNotOpen(state.value if state else "")


def load_for(plan_id: int, action: PlanAction, actor: Account, now: datetime, *, version: int | None = None) -> Plan:
    """Lock the plan and authorise the step; then the state before the version, because it says more than "outdated".

    Raises NotFound, Forbidden, CampaignNotOpen, TransitionNotAllowed, StaleVersion.
    """
    plan = load_plan(actor, plan_id, RIGHTS[action], today=local_day(now), lock=True)
    require_open(plan.campaign)
    next_plan_state(plan.state, action)
    if version is not None and version != plan.version:
        raise StaleVersion(plan.version)
    return plan


def require_reviewer(plan: Plan, actor: Account) -> None:
    """A plan that somebody has in review is theirs alone to decide on. Raises ReviewedByOther."""
    if plan.state is PlanState.IN_REVIEW and plan.reviewed_by_id != actor.id:
        raise ReviewedByOther(plan.reviewed_by.name if plan.reviewed_by else "")
