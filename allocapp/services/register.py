"""The register of outgoing documents: every number a unit took in a year, the voided ones with their reason.

Decree 30/2020/ND-CP, Article 15 and Appendix IV: numbers run from 01 each year; a voided one keeps its line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from allocapp.access import Action, may_at_unit, units_reached
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import NotFound
from allocapp.models.account import Account
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision, NumberSeries, RegisterEntry
from allocapp.models.unit import Unit, UnitKind
from allocapp.rules.numbering import check_document_date, next_number


@dataclass(frozen=True)
class RegisterLine:
    """A number taken, and the decision that bears it."""

    entry: RegisterEntry
    decision: Decision


@dataclass(frozen=True)
class Register:
    """A unit's numbers of one year, in their order."""

    unit: Unit
    year: int
    lines: tuple[RegisterLine, ...]


@dataclass(frozen=True)
class Prospect:
    """What a decision would be given now: the next number, and the days its date may lie between, both inclusive.

    ``approved_on`` (the day of the order, where it revokes) and ``latest_on`` (the date of the number before, if any)
    are what the first day follows from.
    """

    number: int
    symbol: str
    approved_on: date
    latest_on: date | None
    last_day: date

    @property
    def first_day(self) -> date:
        """The earliest day the decision may bear."""
        return max(self.approved_on, self.latest_on or self.approved_on)


def list_registers(account: Account, *, today: date) -> Sequence[tuple[Unit, int]]:
    """Unit and year of every register that the account may read, superiors first, newest year first."""
    kept = select(RegisterEntry.unit_id, RegisterEntry.year).distinct().subquery()
    statement = (
        select(Unit, kept.c.year)
        .join(kept, kept.c.unit_id == Unit.id)
        .join(UnitKind, UnitKind.code == Unit.kind_code)
        .where(units_reached(account, Action.VIEW_DECISION, today))
        .order_by(UnitKind.position, Unit.position, Unit.id, kept.c.year.desc())
    )
    return [(unit, year) for unit, year in db.session.execute(statement)]


def read_register(account: Account, unit_id: int, year: int, *, today: date) -> Register:
    """The unit's register of that year. Raises NotFound where the account may not read the unit's decisions."""
    unit = db.session.get(Unit, unit_id)
    if unit is None or not may_at_unit(account, Action.VIEW_DECISION, unit, today):
        raise NotFound
    statement = (
        select(RegisterEntry, Decision)
        .join(Decision, Decision.id == RegisterEntry.decision_id)
        .where(RegisterEntry.unit_id == unit.id, RegisterEntry.year == year)
        .order_by(RegisterEntry.symbol, RegisterEntry.number)
    )
    return Register(
        unit, year, tuple(RegisterLine(entry, decision) for entry, decision in db.session.execute(statement))
    )


def foresee_number(decision: Decision, *, today: date) -> Prospect:
    """The number a decision would get if it were numbered now: a preview, nothing is taken."""
    unit = decision.unit
    series = db.session.get(NumberSeries, (unit.id, unit.symbol, today.year))
    latest = db.session.scalar(
        select(func.max(RegisterEntry.dated)).where(
            RegisterEntry.unit_id == unit.id, RegisterEntry.symbol == unit.symbol, RegisterEntry.year == today.year
        )
    )
    return Prospect(
        number=next_number(series.last_number if series else 0),
        symbol=unit.symbol,
        approved_on=rests_on(decision),
        latest_on=latest,
        last_day=today,
    )


def rests_on(decision: Decision) -> date:
    """The day before which the decision cannot be dated: that of the approval, or of the order to revoke."""
    approved_at = decision.plan.approved_at
    assert approved_at is not None, "an approved plan has its moment of approval"
    return local_day(decision.created_at if decision.kind is DecisionKind.REVOKE else approved_at)


def take_number(decision: Decision, dated: date, *, actor: Account, now: datetime) -> RegisterEntry:
    """Take the next number of the unit's series for the decision, whose unit is locked. Raises DateNotAllowed."""
    unit = decision.unit
    latest = db.session.scalar(
        select(func.max(RegisterEntry.dated)).where(
            RegisterEntry.unit_id == unit.id, RegisterEntry.symbol == unit.symbol, RegisterEntry.year == dated.year
        )
    )
    # numbers and dates run in the same order within a year's register
    first = rests_on(decision)
    check_document_date(dated, max(first, latest) if latest else first, local_day(now))
    key = (unit.id, unit.symbol, dated.year)
    series = db.session.get(NumberSeries, key, populate_existing=True)
    if series is None:
        series = NumberSeries(unit_id=unit.id, symbol=unit.symbol, year=dated.year, last_number=0)
        db.session.add(series)
    series.last_number = next_number(series.last_number)
    entry = RegisterEntry(
        unit_id=unit.id,
        symbol=unit.symbol,
        year=dated.year,
        number=series.last_number,
        decision_id=decision.id,
        subject=decision.subject,
        dated=dated,
        taken_at=now,
        taken_by_id=actor.id,
        void_reason="",
    )
    db.session.add(entry)
    return entry
