"""The superior's word on a submission: taken into review, handed back, returned, approved; and reopened after that.

As everywhere on a plan's road: lock, right, state, version, change and event, all in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from allocapp.access import Action, authority_over, submitted_it
from allocapp.clock import local_day
from allocapp.errors import ContentChanged, OpinionBinds, SubmitterMayNotApprove, TransitionNotAllowed
from allocapp.models.account import Account
from allocapp.models.campaign import Authority
from allocapp.models.notice import NoticeKind
from allocapp.models.plan import Plan
from allocapp.rules.workflow import PlanAction
from allocapp.services.comment import add_remarks
from allocapp.services.decision import prepare_decision, withdraw_prepared_decision
from allocapp.services.notice import notify, people_with
from allocapp.services.plan import require_balance
from allocapp.services.road import load_for, require_reviewer
from allocapp.services.sheet import Sheet, read_sheet
from allocapp.services.transition import checked_reason, move_plan, plan_capacity


def take_plan_into_review(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Begin a review: the preparer can no longer withdraw, all see who has it, and nobody else decides meanwhile."""
    plan = load_for(plan_id, PlanAction.REVIEW, actor, now, version=version)
    plan.reviewed_by = actor
    return move_plan(plan, PlanAction.REVIEW, actor=actor, now=now)


def hand_back_plan(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Give a review up, so that another approver can take it. Raises ReviewedByOther."""
    plan = load_for(plan_id, PlanAction.HAND_BACK, actor, now, version=version)
    require_reviewer(plan, actor)
    plan.reviewed_by = None
    return move_plan(plan, PlanAction.HAND_BACK, actor=actor, now=now)


def take_over_review(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Take a review over from whoever has it: from now on that person no longer decides.

    Raises TransitionNotAllowed for who has it already.
    """
    plan = load_for(plan_id, PlanAction.TAKE_OVER, actor, now, version=version)
    if plan.reviewed_by_id == actor.id:
        raise TransitionNotAllowed(plan.state, PlanAction.TAKE_OVER)
    plan.reviewed_by = actor
    return move_plan(plan, PlanAction.TAKE_OVER, actor=actor, now=now)


def return_plan(
    plan_id: int, *, version: int, reason: str, comments: Mapping[int, str], actor: Account, now: datetime
) -> Plan:
    """Return a submission to be mended: a reason for the whole, remarks by receiver's unit id beside the earlier ones.

    Where the campaign asks the superior for an opinion only, this is the opinion that it is not complete.

    Raises ReviewedByOther, ReasonRequired, TextTooLong, UnknownRow, StaleVersion, TransitionNotAllowed, NotFound,
    Forbidden.
    """
    plan = load_for(plan_id, PlanAction.RETURN, actor, now, version=version)
    require_reviewer(plan, actor)
    reason = checked_reason(PlanAction.RETURN, reason)
    add_remarks(plan, comments.items(), actor=actor, now=now)
    plan.return_reason = reason
    plan.reviewed_by = None
    move_plan(plan, PlanAction.RETURN, actor=actor, now=now, reason=reason)
    _tell_preparers(plan, NoticeKind.PLAN_RETURNED, actor=actor, now=now, words={"reason": reason})
    return plan


def approve_plan(
    plan_id: int, *, version: int, seen_hash: str, opinion: str = "", actor: Account, now: datetime
) -> Plan:
    """Approve exactly what was submitted and seen, and prepare its decision.

    Where the campaign asks the superior for an opinion only, this is its consent, and ``opinion`` its text.

    Raises SubmitterMayNotApprove, ReviewedByOther, TextTooLong, ContentChanged when anything moved since,
    UnbalancedPlan, SuperiorNotIssued, StaleVersion, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.APPROVE, actor, now, version=version)
    if submitted_it(actor, Action.APPROVE_PLAN, plan, local_day(now)):
        raise SubmitterMayNotApprove
    require_reviewer(plan, actor)
    opinion = checked_reason(PlanAction.APPROVE, opinion) if authority_over(plan) is Authority.OPINION else ""
    sheet = read_sheet(plan)
    if not (sheet.content_hash == seen_hash == plan.submitted_hash):
        raise ContentChanged
    require_balance(sheet)
    plan.opinion = opinion
    return _approved(sheet, PlanAction.APPROVE, actor=actor, now=now, reason=opinion)


def proceed_with_plan(
    plan_id: int, *, version: int, seen_hash: str, reason: str, actor: Account, now: datetime
) -> Plan:
    """Go on with what was submitted although the superior's opinion is not followed, where it has no more say.

    The unit answers for it: somebody of its own who did not submit, with the reason. The opinion stays readable.

    Raises OpinionBinds, SubmitterMayNotApprove, ReasonRequired, TextTooLong, ContentChanged when it is not what was
    submitted any more, and as require_balance does; StaleVersion, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.PROCEED, actor, now, version=version)
    if authority_over(plan) is not Authority.OPINION:
        raise OpinionBinds
    if submitted_it(actor, Action.PROCEED_PLAN, plan, local_day(now)):
        raise SubmitterMayNotApprove
    reason = checked_reason(PlanAction.PROCEED, reason)
    sheet = read_sheet(plan)
    if not (sheet.content_hash == seen_hash == plan.submitted_hash):
        raise ContentChanged
    require_balance(sheet)
    plan.opinion, plan.return_reason = plan.return_reason, ""
    return _approved(sheet, PlanAction.PROCEED, actor=actor, now=now, reason=reason)


def _approved(sheet: Sheet, action: PlanAction, *, actor: Account, now: datetime, reason: str) -> Plan:
    plan = sheet.plan
    plan.approved_at, plan.approved_by, plan.approved_hash = now, actor, sheet.content_hash
    plan.approved_capacity = plan_capacity(plan, action, actor, now)
    plan.reviewed_by = None
    move_plan(plan, action, actor=actor, now=now, reason=reason)
    prepare_decision(plan, actor=actor, now=now)
    _tell_preparers(plan, NoticeKind.PLAN_APPROVED, actor=actor, now=now, words={})
    return plan


def reopen_plan(plan_id: int, *, version: int, reason: str, actor: Account, now: datetime) -> Plan:
    """Send an approved plan back before its decision has a number. Raises ReasonRequired and as return_plan does."""
    plan = load_for(plan_id, PlanAction.REOPEN, actor, now, version=version)
    reason = checked_reason(PlanAction.REOPEN, reason)
    withdraw_prepared_decision(plan, actor=actor, now=now, reason=reason)
    plan.approved_at = plan.approved_by = plan.approved_hash = None
    plan.approved_capacity = ""
    plan.opinion, plan.return_reason = "", reason
    move_plan(plan, PlanAction.REOPEN, actor=actor, now=now, reason=reason)
    _tell_preparers(plan, NoticeKind.PLAN_RETURNED, actor=actor, now=now, words={"reason": reason})
    return plan


def _tell_preparers(
    plan: Plan, kind: NoticeKind, *, actor: Account, now: datetime, words: Mapping[str, object]
) -> None:
    """Those whose turn it is next; where a decision is to be numbered, the clerks as well."""
    today = local_day(now)
    people = people_with(Action.EDIT_PLAN, plan.unit, today=today)
    if kind is NoticeKind.PLAN_APPROVED:
        people += people_with(Action.NUMBER_DECISION, plan.unit, today=today)
    notify(kind, people, key=f"{kind.value}:{plan.id}:{plan.version}", now=now, but=actor, plan=plan, words=words)
