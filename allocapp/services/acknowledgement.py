"""A unit's word that it has received a decision."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from allocapp.access import READABLE_BELOW, Action, load_decision, load_unit
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import NotAReceiver
from allocapp.models.account import Account
from allocapp.models.decision import Acknowledgement
from allocapp.models.event import Subject
from allocapp.services.journal import record_event


def acknowledge_decision(decision_id: int, unit_id: int, *, actor: Account, now: datetime) -> Acknowledgement:
    """Acknowledge a decision in force for a unit below its issuer. Doing it twice keeps the first.

    Raises NotAReceiver, NotFound, Forbidden.
    """
    today = local_day(now)
    # the decision's row is locked, so that two clicks do not both find nothing
    decision = load_decision(actor, decision_id, today=today, lock=True)
    unit = load_unit(actor, unit_id, Action.ACKNOWLEDGE, today=today)
    if not unit.is_within(decision.unit) or unit.id == decision.unit_id or decision.state not in READABLE_BELOW:
        raise NotAReceiver
    found = db.session.scalar(
        select(Acknowledgement).where(Acknowledgement.decision_id == decision.id, Acknowledgement.unit_id == unit.id)
    )
    if found is not None:
        return found
    given = Acknowledgement(decision_id=decision.id, unit_id=unit.id, account_id=actor.id, at=now)
    db.session.add(given)
    record_event(Subject.DECISION, decision.id, "acknowledge", actor=actor, now=now, unit_id=unit.id)
    return given
