"""Who has received a decision: the units it is addressed to, and those the reader answers for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from allocapp.access import READABLE_BELOW, Action, held_grants, may_at_unit
from allocapp.db import db
from allocapp.models.account import Account
from allocapp.models.decision import Acknowledgement, Decision
from allocapp.models.plan import PlanTarget
from allocapp.models.unit import Unit
from allocapp.services.sheet import receivers_in_order


@dataclass(frozen=True)
class Receipt:
    """A unit that a decision is addressed to and, once given, its word that it has received it."""

    unit: Unit
    acknowledged: Acknowledgement | None


def own_receipts(decision: Decision, account: Account, *, today: date) -> list[Receipt]:
    """The units below the issuer for which the account may acknowledge the decision; none before it is issued."""
    if decision.state not in READABLE_BELOW:
        return []
    units = {
        grant.unit_id: grant.unit
        for grant in held_grants(account, today)
        if grant.unit_id != decision.unit_id
        and grant.unit.is_within(decision.unit)
        and may_at_unit(account, Action.ACKNOWLEDGE, grant.unit, today)
    }
    return _receipts(decision, list(units.values()))


def receivers_receipts(decision: Decision) -> list[Receipt]:
    """The receivers that the decision assigns targets to, in the annex's order; none before it is issued."""
    if decision.state not in READABLE_BELOW:
        return []
    unit_ids = db.session.scalars(select(PlanTarget.unit_id).where(PlanTarget.plan_id == decision.plan_id).distinct())
    return _receipts(decision, receivers_in_order(set(unit_ids)))


def _receipts(decision: Decision, units: Sequence[Unit]) -> list[Receipt]:
    given = db.session.scalars(
        select(Acknowledgement).where(
            Acknowledgement.decision_id == decision.id, Acknowledgement.unit_id.in_([unit.id for unit in units])
        )
    )
    by_unit = {acknowledged.unit_id: acknowledged for acknowledged in given}
    return [Receipt(unit, by_unit.get(unit.id)) for unit in units]
