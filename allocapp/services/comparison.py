"""Two plans of one unit side by side, and targets copied from an earlier one. Receivers are matched by their code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, select

from allocapp.access import Action, load_plan, may_on_plan
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import ContentChanged, NotFound
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign, Indicator
from allocapp.models.plan import ChangeKind, Plan, PlanChange, PlanTarget
from allocapp.models.unit import Unit
from allocapp.rules.content import content_hash
from allocapp.rules.workflow import PlanState
from allocapp.services.change import apply_change
from allocapp.services.sheet import Entry, Key, Sheet, SheetIndicator, SheetRow, read_sheet

_CAME_INTO_FORCE = (PlanState.ISSUED, PlanState.SUPERSEDED, PlanState.REVOKED)


@dataclass(frozen=True)
class Pair:
    """One receiver's entry for one indicator in both plans; None where the plan has no such row or indicator."""

    before: Entry | None
    after: Entry | None

    @property
    def changed(self) -> bool:
        """Whether the two differ."""
        return self.before != self.after

    @property
    def difference(self) -> int | None:
        """After minus before, in the target's own unit; None unless both hold a target."""
        if self.before is None or self.after is None or self.before.target is None or self.after.target is None:
            return None
        return self.after.target - self.before.target


@dataclass(frozen=True)
class PairRow:
    """A receiver in both plans, or in one: ``before`` or ``after`` is None where it is gone or new."""

    before: Unit | None
    after: Unit | None
    pairs: tuple[Pair, ...]

    @property
    def unit(self) -> Unit:
        """The receiver as the later plan names it, else as the earlier one did."""
        unit = self.after or self.before
        assert unit is not None, "a row stands in one of the two plans"
        return unit

    @property
    def changed(self) -> bool:
        """Whether anything in the row differs, or the receiver is new or gone."""
        return self.before is None or self.after is None or any(pair.changed for pair in self.pairs)


@dataclass(frozen=True)
class Comparison:
    """Two sheets, receivers aligned: those of the later plan in its order, then those that are gone."""

    before: Sheet
    after: Sheet
    indicators: tuple[SheetIndicator, ...]
    rows: tuple[PairRow, ...]

    @property
    def changed(self) -> list[PairRow]:
        """The rows that differ."""
        return [row for row in self.rows if row.changed]

    @property
    def unchanged(self) -> list[PairRow]:
        """The rows that are the same in both."""
        return [row for row in self.rows if not row.changed]


@dataclass(frozen=True)
class Before:
    """What was in force before a plan: the plan, and its entries by receiver's code, indicator's code and kind."""

    plan: Plan
    entries: Mapping[tuple[str, str, str], Entry]

    def entry(self, unit: Unit, column: SheetIndicator) -> Entry | None:
        """The receiver's entry there; None where it had no such row."""
        return self.entries.get((unit.code, *_measure(column)))


@dataclass(frozen=True)
class Copy:
    """What copying would do: ``entries`` are the cells that would change, ``comparison`` the source against the plan.

    ``new`` receivers have nothing to copy, ``gone`` ones have nowhere to go, ``held`` rows are left as they are,
    ``missing`` indicators are not in the source (or are measured as another kind). ``seen`` is the stamp of it all.
    """

    source: Plan
    sheet: Sheet
    entries: dict[Key, Entry]
    before: dict[Key, Entry]
    new: tuple[Unit, ...]
    gone: tuple[Unit, ...]
    held: tuple[Unit, ...]
    missing: tuple[SheetIndicator, ...]
    seen: str


def list_comparable(plan: Plan, account: Account, *, today: date) -> Sequence[Plan]:
    """The other plans of the same unit (by code) that the account may see, newest campaign and revision first."""
    statement = (
        select(Plan)
        .join(Unit, Unit.id == Plan.unit_id)
        .join(Campaign, Campaign.id == Plan.campaign_id)
        .where(Unit.code == plan.unit.code, Plan.id != plan.id)
        .order_by(Campaign.period_from.desc(), Plan.campaign_id.desc(), Plan.revision.desc())
    )
    return [other for other in db.session.scalars(statement) if may_on_plan(account, Action.VIEW_PLAN, other, today)]


def read_before(plan: Plan, account: Account, *, today: date) -> Before | None:
    """What the receivers had before: the plan's previous revision that came into force, else that of an earlier period.

    Two statements, whatever the number of receivers; None where nothing was in force, or the account may not see it.
    """
    earlier_revision = (Plan.campaign_id == plan.campaign_id) & (Plan.revision < plan.revision)
    return _newest_before(plan, _earlier_period(plan) | earlier_revision, account, today)


def read_last_year(plan: Plan, account: Account, *, today: date) -> Before | None:
    """What the receivers had in the newest campaign of an earlier period; otherwise as read_before."""
    return _newest_before(plan, _earlier_period(plan), account, today)


def _earlier_period(plan: Plan) -> ColumnElement[bool]:
    return Campaign.period_from < plan.campaign.period_from


def _newest_before(plan: Plan, earlier: ColumnElement[bool], account: Account, today: date) -> Before | None:
    statement = (
        select(Plan)
        .join(Unit, Unit.id == Plan.unit_id)
        .join(Campaign, Campaign.id == Plan.campaign_id)
        .where(Unit.code == plan.unit.code, Plan.state.in_(_CAME_INTO_FORCE), earlier)
        .order_by(Campaign.period_from.desc(), Plan.campaign_id.desc(), Plan.revision.desc())
        .limit(1)
    )
    before = db.session.scalar(statement)
    if before is None or not may_on_plan(account, Action.VIEW_PLAN, before, today):
        return None
    rows = db.session.execute(
        select(Unit.code, Indicator.code, Indicator.kind, PlanTarget.target, PlanTarget.excuse)
        .join(Unit, Unit.id == PlanTarget.unit_id)
        .join(Indicator, Indicator.id == PlanTarget.indicator_id)
        .where(PlanTarget.plan_id == before.id)
    )
    return Before(before, {(unit, code, kind.value): Entry(target, why) for unit, code, kind, target, why in rows})


def load_comparable(plan: Plan, other_id: int, account: Account, *, today: date) -> Plan:
    """Another plan of the same unit that the account may see. Raises NotFound."""
    other = load_plan(account, other_id, Action.VIEW_PLAN, today=today)
    if other.unit.code != plan.unit.code or other.id == plan.id:
        raise NotFound
    return other


def compare_plans(before: Plan, after: Plan) -> Comparison:
    """Both plans side by side, in a number of statements that does not grow with the receivers.

    The indicators are those of both, matched by code and kind: the later plan's first.
    """
    earlier, later = read_sheet(before), read_sheet(after)
    known = {_measure(column) for column in later.indicators}
    indicators = (*later.indicators, *(column for column in earlier.indicators if _measure(column) not in known))
    old, new = _by_code(earlier), _by_code(later)
    keys = [_measure(column) for column in indicators]
    places = [(_places(earlier).get(key), _places(later).get(key)) for key in keys]
    rows = [_pair_row(old.get(code), row, places) for code, row in new.items()]
    rows += [_pair_row(row, None, places) for code, row in old.items() if code not in new]
    return Comparison(earlier, later, indicators, tuple(rows))


def preview_copy(plan: Plan, source: Plan) -> Copy:
    """What copying the source's targets and excuses into the plan would change. Nothing is written.

    A cell that is empty in the source is not copied: it would only take away what was typed.
    """
    sheet, other = read_sheet(plan), read_sheet(source)
    theirs = _by_code(other)
    places = _places(other)
    entries: dict[Key, Entry] = {}
    before: dict[Key, Entry] = {}
    for row in sheet.rows:
        match = theirs.get(row.unit.code)
        if match is None or row.hold is not None:
            continue
        for cell, column in zip(row.cells, sheet.indicators, strict=True):
            place = places.get(_measure(column))
            if place is None:
                continue
            stored, copied = Entry(cell.target, cell.excuse), _entry(match, place)
            if copied not in (stored, Entry(None)):
                key = (cell.unit_id, cell.indicator_id)
                entries[key], before[key] = copied, stored
    mine = {row.unit.code for row in sheet.rows}
    return Copy(
        source=source,
        sheet=sheet,
        entries=entries,
        before=before,
        new=tuple(row.unit for row in sheet.rows if row.unit.code not in theirs),
        gone=tuple(row.unit for row in other.rows if row.unit.code not in mine),
        held=tuple(row.unit for row in sheet.rows if row.hold is not None and row.unit.code in theirs),
        missing=tuple(column for column in sheet.indicators if _measure(column) not in places),
        seen=_stamp(entries),
    )


def copy_targets(plan_id: int, source_id: int, *, version: int, seen: str, actor: Account, now: datetime) -> PlanChange:
    """Copy what was previewed, on the version it was previewed on; the explanation names the source.

    ``seen`` is the preview's stamp. Raises ContentChanged when the source moved since, and as apply_change does.
    """
    plan = load_plan(actor, plan_id, Action.EDIT_PLAN, today=local_day(now), lock=True)
    source = load_comparable(plan, source_id, actor, today=local_day(now))
    copy = preview_copy(plan, source)
    inputs = {
        "plan": source.id,
        "campaign": source.campaign.code,
        "campaign_name": source.campaign.name,
        "revision": source.revision,
    }
    if copy.seen != seen and version == plan.version:
        raise ContentChanged
    return apply_change(
        plan_id, copy.entries, kind=ChangeKind.COPY, inputs=inputs, version=version, actor=actor, now=now
    )


def _stamp(entries: dict[Key, Entry]) -> str:
    return content_hash(
        {f"{unit}-{indicator}": [entry.target, entry.excuse] for (unit, indicator), entry in entries.items()}
    )


def _measure(column: SheetIndicator) -> tuple[str, str]:
    """Indicators match across campaigns by code and kind: a rate is no quantity, whatever it is called."""
    return column.indicator.code, column.indicator.kind.value


def _by_code(sheet: Sheet) -> dict[str, SheetRow]:
    return {row.unit.code: row for row in sheet.rows}


def _entry(row: SheetRow, position: int) -> Entry:
    cell = row.cells[position]
    return Entry(cell.target, cell.excuse)


def _places(sheet: Sheet) -> dict[tuple[str, str], int]:
    return {_measure(column): position for position, column in enumerate(sheet.indicators)}


def _pair_row(
    before: SheetRow | None, after: SheetRow | None, places: Sequence[tuple[int | None, int | None]]
) -> PairRow:
    """``places``: for each indicator its position in the earlier and in the later sheet."""
    pairs = tuple(
        Pair(
            None if before is None or old is None else _entry(before, old),
            None if after is None or new is None else _entry(after, new),
        )
        for old, new in places
    )
    return PairRow(before.unit if before else None, after.unit if after else None, pairs)
