"""Holding a row: no method touches it until it is released, whoever asks and whenever."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from allocapp.db import db
from allocapp.errors import HoldReasonRequired, TextTooLong, UnknownRow
from allocapp.models.account import Account
from allocapp.models.plan import PlanHold, PlanTarget
from allocapp.rules.workflow import PlanAction
from allocapp.services.road import load_for

REASON_LIMIT = 300


def hold_row(plan_id: int, unit_id: int, *, reason: str, actor: Account, now: datetime) -> PlanHold:
    """Hold a receiver's row with a reason. Holding it again gives it the new owner and reason.

    Raises HoldReasonRequired, TextTooLong, UnknownRow, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    reason = reason.strip()
    if not reason:
        raise HoldReasonRequired
    if len(reason) > REASON_LIMIT:
        raise TextTooLong(REASON_LIMIT)
    known = select(PlanTarget.id).where(PlanTarget.plan_id == plan.id, PlanTarget.unit_id == unit_id).limit(1)
    if db.session.scalar(known) is None:
        raise UnknownRow(((unit_id, 0),))
    hold = _find(plan.id, unit_id)
    if hold is None:
        hold = PlanHold(plan_id=plan.id, unit_id=unit_id, account=actor, reason=reason, held_at=now)
        db.session.add(hold)
    else:
        hold.account, hold.reason, hold.held_at = actor, reason, now
    return hold


def release_row(plan_id: int, unit_id: int, *, actor: Account, now: datetime) -> None:
    """Release a row; releasing one that is not held is no error. Raises as hold_row does."""
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    hold = _find(plan.id, unit_id)
    if hold is not None:
        db.session.delete(hold)


def _find(plan_id: int, unit_id: int) -> PlanHold | None:
    return db.session.scalar(select(PlanHold).where(PlanHold.plan_id == plan_id, PlanHold.unit_id == unit_id))
