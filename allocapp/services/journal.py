"""The journal: written in the transaction of what it tells, read as the story of a plan or of a decision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import joinedload, lazyload

from allocapp.db import db
from allocapp.models.account import Account
from allocapp.models.decision import Decision
from allocapp.models.event import Event, Subject
from allocapp.models.plan import Plan

# who did it, without the roles that an account otherwise comes with
_NAMED = joinedload(Event.account).options(lazyload(Account.grants), lazyload(Account.delegations))


def record_event(
    subject: Subject,
    subject_id: int | None,
    action: str,
    *,
    actor: Account | None,
    now: datetime,
    unit_id: int | None = None,
    from_state: str = "",
    to_state: str = "",
    reason: str = "",
    address: str = "",
    capacity: str = "",
) -> Event:
    """Add a line to the journal, in the current transaction: who, when, what, from, to, why.

    ``capacity`` says in whose place the actor acted, where by delegation (``access.acting_capacity``).
    """
    event = Event(
        at=now,
        account_id=actor.id if actor else None,
        unit_id=unit_id,
        subject=subject,
        subject_id=subject_id,
        action=action,
        from_state=from_state,
        to_state=to_state,
        reason=reason,
        address=address,
        capacity=capacity,
    )
    db.session.add(event)
    return event


def plan_story(plan: Plan) -> Sequence[Event]:
    """Everything that happened to a plan and to its decisions, oldest first."""
    decisions = select(Decision.id).where(Decision.plan_id == plan.id)
    return _read(
        or_(
            and_(Event.subject == Subject.PLAN, Event.subject_id == plan.id),
            and_(Event.subject == Subject.DECISION, Event.subject_id.in_(decisions)),
        )
    )


def decision_story(decision: Decision) -> Sequence[Event]:
    """Everything that happened to one decision, oldest first."""
    return _read(and_(Event.subject == Subject.DECISION, Event.subject_id == decision.id))


def _read(condition: ColumnElement[bool]) -> Sequence[Event]:
    statement = select(Event).where(condition).options(_NAMED).order_by(Event.id)
    return db.session.scalars(statement).all()
