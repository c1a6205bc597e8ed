"""The superior's word on a submission: taken into review, handed back, returned, approved; and reopened after that.

As everywhere on a plan's road: lock, right, state, version, change and event, all in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import delete, select

from allocapp.access import Action, submitted_it
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import ContentChanged, SubmitterMayNotApprove, TextTooLong, UnknownRow
from allocapp.models.account import Account
from allocapp.models.plan import Plan, PlanComment, PlanTarget
from allocapp.rules.workflow import PlanAction
from allocapp.services.decision import prepare_decision, withdraw_prepared_decision
from allocapp.services.plan import require_balance
from allocapp.services.road import load_for
from allocapp.services.sheet import read_sheet
from allocapp.services.transition import checked_reason, move_plan, plan_capacity

COMMENT_LIMIT = 1000


def take_plan_into_review(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Begin a review: from now on the preparer can no longer withdraw, and all see who has it."""
    plan = load_for(plan_id, PlanAction.REVIEW, actor, now, version=version)
    plan.reviewed_by = actor
    return move_plan(plan, PlanAction.REVIEW, actor=actor, now=now)


def hand_back_plan(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Give a review up, so that another approver can take it."""
    plan = load_for(plan_id, PlanAction.HAND_BACK, actor, now, version=version)
    plan.reviewed_by = None
    return move_plan(plan, PlanAction.HAND_BACK, actor=actor, now=now)


def return_plan(
    plan_id: int, *, version: int, reason: str, comments: Mapping[int, str], actor: Account, now: datetime
) -> Plan:
    """Return a submission to be mended: a reason for the whole, remarks by receiver's unit id.

    Raises ReasonRequired, TextTooLong, UnknownRow, StaleVersion, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.RETURN, actor, now, version=version)
    reason = checked_reason(PlanAction.RETURN, reason)
    remarks = {unit_id: text.strip() for unit_id, text in comments.items() if text.strip()}
    if any(len(text) > COMMENT_LIMIT for text in remarks.values()):
        raise TextTooLong(COMMENT_LIMIT)
    rows = set(db.session.scalars(select(PlanTarget.unit_id).where(PlanTarget.plan_id == plan.id)))
    if strangers := tuple((unit_id, 0) for unit_id in remarks if unit_id not in rows):
        raise UnknownRow(strangers)
    # the remarks of an earlier round were dealt with by submitting again; the journal keeps that round's reason
    db.session.execute(delete(PlanComment).where(PlanComment.plan_id == plan.id))
    db.session.add_all(
        PlanComment(plan_id=plan.id, unit_id=unit_id, account_id=actor.id, text=text, created_at=now)
        for unit_id, text in remarks.items()
    )
    plan.return_reason = reason
    plan.reviewed_by = None
    return move_plan(plan, PlanAction.RETURN, actor=actor, now=now, reason=reason)


def approve_plan(plan_id: int, *, version: int, seen_hash: str, actor: Account, now: datetime) -> Plan:
    """Approve exactly what was submitted and seen, and prepare its decision.

    Raises SubmitterMayNotApprove, ContentChanged when anything moved since, UnbalancedPlan, SuperiorNotIssued,
    StaleVersion, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.APPROVE, actor, now, version=version)
    if submitted_it(actor, Action.APPROVE_PLAN, plan, local_day(now)):
        raise SubmitterMayNotApprove
    sheet = read_sheet(plan)
    if not (sheet.content_hash == seen_hash == plan.submitted_hash):
        raise ContentChanged
    require_balance(sheet)
    plan.approved_at, plan.approved_by, plan.approved_hash = now, actor, sheet.content_hash
    plan.approved_capacity = plan_capacity(plan, PlanAction.APPROVE, actor, now)
    plan.reviewed_by = None
    move_plan(plan, PlanAction.APPROVE, actor=actor, now=now)
    prepare_decision(plan, actor=actor, now=now)
    return plan


def reopen_plan(plan_id: int, *, version: int, reason: str, actor: Account, now: datetime) -> Plan:
    """Send an approved plan back before its decision has a number. Raises ReasonRequired and as return_plan does."""
    plan = load_for(plan_id, PlanAction.REOPEN, actor, now, version=version)
    reason = checked_reason(PlanAction.REOPEN, reason)
    withdraw_prepared_decision(plan, actor=actor, now=now, reason=reason)
    plan.approved_at = plan.approved_by = plan.approved_hash = None
    plan.approved_capacity = ""
    plan.return_reason = reason
    return move_plan(plan, PlanAction.REOPEN, actor=actor, now=now, reason=reason)
