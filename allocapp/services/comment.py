"""Remarks on a submission, on the whole or on a receiver's row: the preparer's list of what to deal with.

They are kept: each belongs to the submission it was made on, and is ticked off once it has been dealt with.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import select

from allocapp.access import Action, capacity_on_plan, load_plan, may_on_plan
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import Forbidden, NotFound, TextRequired, TextTooLong, TransitionNotAllowed, UnknownRow
from allocapp.models.account import Account
from allocapp.models.event import Subject
from allocapp.models.plan import Plan, PlanComment, PlanTarget
from allocapp.rules.workflow import PlanAction, PlanState
from allocapp.services.journal import record_event
from allocapp.services.road import load_for, require_open, require_reviewer
from allocapp.services.submission import newest_number

COMMENT_LIMIT: Final = 1000
_BEFORE_THE_SUPERIOR = (PlanState.SUBMITTED, PlanState.IN_REVIEW)


def comment_on_plan(plan_id: int, *, remarks: Mapping[int | None, str], actor: Account, now: datetime) -> Plan:
    """Make remarks on what was submitted, by receiver's unit id, None for the whole; nothing is returned by it.

    Those who decide on the plan make remarks, of a plan in review only who has it, and the coordinating body at any
    time while it is before the superior. The same remark sent twice is kept once.

    Raises TextRequired, TextTooLong, UnknownRow, ReviewedByOther, CampaignNotOpen, TransitionNotAllowed, NotFound,
    Forbidden.
    """
    today = local_day(now)
    plan = load_plan(actor, plan_id, today=today, lock=True)
    decides = may_on_plan(actor, Action.REVIEW_PLAN, plan, today)
    if not (decides or may_on_plan(actor, Action.COMMENT_PLAN, plan, today)):
        raise Forbidden(Action.COMMENT_PLAN)
    require_open(plan.campaign)
    if not may_be_commented(plan):
        raise TransitionNotAllowed(plan.state, "comment")
    if decides:
        require_reviewer(plan, actor)
    if not any(text.strip() for text in remarks.values()):
        raise TextRequired
    add_remarks(plan, remarks.items(), actor=actor, now=now)
    return plan


def may_be_commented(plan: Plan) -> bool:
    """Whether the plan lies before those who decide on it."""
    return plan.state in _BEFORE_THE_SUPERIOR


def add_remarks(plan: Plan, texts: Iterable[tuple[int | None, str]], *, actor: Account, now: datetime) -> None:
    """Keep the remarks that have a text, by receiver's unit id; None stands for the whole plan.

    Raises TextTooLong, UnknownRow.
    """
    remarks = {unit_id: text.strip() for unit_id, text in texts if text.strip()}
    if any(len(text) > COMMENT_LIMIT for text in remarks.values()):
        raise TextTooLong(COMMENT_LIMIT)
    if not remarks:
        return
    rows = set(db.session.scalars(select(PlanTarget.unit_id).where(PlanTarget.plan_id == plan.id)))
    if strangers := tuple((unit_id, 0) for unit_id in remarks if unit_id is not None and unit_id not in rows):
        raise UnknownRow(strangers)
    submission = max(newest_number(plan), 1)  # a plan submitted before submissions were kept has none
    made = select(PlanComment).where(
        PlanComment.plan_id == plan.id, PlanComment.account_id == actor.id, PlanComment.submission == submission
    )
    said = {(comment.unit_id, comment.text) for comment in db.session.scalars(made)}
    for unit_id, text in remarks.items():
        if (unit_id, text) in said:
            continue
        db.session.add(
            PlanComment(
                plan_id=plan.id,
                unit_id=unit_id,
                account_id=actor.id,
                text=text,
                created_at=now,
                submission=submission,
            )
        )
        capacity = capacity_on_plan(actor, Action.COMMENT_PLAN, plan, local_day(now))
        record_event(
            Subject.PLAN, plan.id, "comment", actor=actor, now=now, unit_id=plan.unit_id, reason=text, capacity=capacity
        )


def tick_comment(plan_id: int, comment_id: int, *, done: bool, actor: Account, now: datetime) -> Plan:
    """Mark a remark as dealt with, or as open again, while the plan is being mended. Sent twice, it changes nothing.

    Raises CampaignNotOpen, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    comment = db.session.get(PlanComment, comment_id, populate_existing=True)
    if comment is None or comment.plan_id != plan.id:
        raise NotFound
    if (comment.done_at is not None) is done:
        return plan
    comment.done_at, comment.done_by_id = (now, actor.id) if done else (None, None)
    if done:
        record_event(
            Subject.PLAN, plan.id, "tick_comment", actor=actor, now=now, unit_id=plan.unit_id, reason=comment.text
        )
    return plan
