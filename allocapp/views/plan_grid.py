"""A sheet laid out for the page: every cell's texts, ready to be put in place by the template or by the live check.

Both ask the same functions, so a figure never reads differently after a key is pressed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any

from flask_babel import gettext as _

from allocapp.forms.plan import TypedCell, TypedSheet, pack_cell
from allocapp.models.plan import PlanComment, PlanHold, Verdict
from allocapp.models.unit import Unit
from allocapp.rules.balance import Direction, Kind, gap, needed_count
from allocapp.services.comparison import Before
from allocapp.services.opinion import Opinions
from allocapp.services.receiver_kinds import ReceiverKinds
from allocapp.services.sheet import Cell, Entry, Key, Sheet, SheetIndicator, SheetRow
from allocapp.views.formatting import NOTHING, count, day, entered, localized, moment, percent, signed_points, target
from allocapp.views.messages import explain
from allocapp.views.opinion_words import Registered, registered


@dataclass(frozen=True, slots=True)
class ColumnView:
    """An indicator's headings; ``code`` names it in addresses."""

    id: int
    code: str
    name: str
    short: str
    rate: bool
    ceiling: bool
    target: str
    weight: str
    gap: str
    needed: str


@dataclass(frozen=True, slots=True)
class Clash:
    """The other person's value of a cell that two people changed: as it is entered, in words, by whom and when."""

    key: str
    entered: str
    excuse: str
    shown: str
    by: str
    packed: str


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell's texts. ``shown`` is the target in words, ``target`` and ``excuse`` what stands in the inputs.

    ``below``: the target lies on the bad side of the assigned one. ``other``: what the page has to set against the
    shown value. ``unsaved``: target and excuse as stored, where the inputs hold something else. ``values``: baseline,
    weight, target and gap as numbers, to sort by. ``before``: the target that was in force before this plan; empty
    where the page shows none. ``registered``: the receiver's own word on it, where it was asked.
    """

    key: str
    target: str
    excuse: str
    shown: str
    baseline: str
    weight: str
    gap: str
    needed: str
    below: bool
    error: str
    other: str
    clash: Clash | None
    unsaved: tuple[str, str] | None
    values: tuple[int | None, int, int | None, int | None]
    before: str = ""
    registered: Registered | None = None


@dataclass(frozen=True, slots=True)
class RowView:
    """A receiver's cells, in the order of the indicators, with its flags, marks and the remarks made on it.

    ``hidden``: not among the rows that were asked for; its inputs stay in the form.
    """

    number: int
    unit: Unit
    cells: list[CellView]
    flags: str
    excuses: list[str]
    marks: list[str]
    hold: PlanHold | None
    comments: tuple[PlanComment, ...]
    hidden: bool = False

    @property
    def excused(self) -> bool:
        """Whether a reason for not assigning stands somewhere in the row, or should."""
        return any(cell.excuse for cell in self.cells)

    @property
    def empty(self) -> bool:
        """Whether a cell holds neither target nor reason."""
        return any(not cell.target and not cell.excuse for cell in self.cells)

    @property
    def below(self) -> bool:
        """Whether a target lies on the bad side of the assigned one."""
        return any(cell.below for cell in self.cells)


@dataclass(frozen=True)
class Typing:
    """What a person typed, to be shown again over what is stored.

    ``taken``: cells that show somebody else's newer value; ``clashes``: cells that both changed. One that is still
    undecided shows both values again.
    """

    sheet: TypedSheet
    taken: Collection[Key] = ()
    clashes: Collection[Key] = ()


def lay_out(
    sheet: Sheet,
    typing: Typing | None = None,
    *,
    editable: bool = True,
    before: Before | None = None,
    opinions: Opinions | None = None,
) -> list[tuple[ReceiverKinds, list[RowView]]]:
    """The rows by kind of receiver, in the official order, with what was typed laid over what is stored.

    Where the plan cannot be edited, what is stored is shown and what was typed stands beside it.
    """
    return [
        (kind, [_row(row, sheet, typing, editable, before=before, opinions=opinions) for row in rows])
        for kind, rows in sheet.groups
    ]


def lay_out_rows(sheet: Sheet, typing: Typing, keys: Collection[Key]) -> list[RowView]:
    """The rows of these cells alone, as ``lay_out`` has them: what a live check answers with."""
    units = {unit_id for unit_id, _indicator in keys}
    return [_row(row, sheet, typing, True) for row in sheet.rows if row.unit.id in units]


def name_columns(sheet: Sheet) -> list[ColumnView]:
    """The headings of each indicator, in the sheet's order."""
    return [_column(column) for column in sheet.indicators]


def live_cells(rows: Iterable[RowView]) -> dict[str, list[str]]:
    """What the live check puts in place: by cell, its gap, needed count, message, and whether it lies below."""
    return {
        cell.key: [cell.gap, cell.needed, cell.error, "1" if cell.below else ""] for row in rows for cell in row.cells
    }


def clash_of(cell: Cell, column: SheetIndicator) -> Clash:
    """What stands stored in a cell that somebody else changed."""
    kind = column.rule.kind
    shown = _shown(Entry(cell.target, cell.excuse), kind)
    return Clash(
        key=_key(cell),
        entered=entered(cell.target, kind),
        excuse=cell.excuse,
        shown=f"{shown} ({cell.excuse})" if cell.excuse else shown,
        by=changed_by(cell),
        packed=pack_cell(cell),
    )


def changed_by(cell: Cell) -> str:
    """Who changed the cell last, and when."""
    return _(
        "%(who)s, %(moment)s",
        who=cell.changed_by.name if cell.changed_by else _("the system"),
        moment=moment(cell.changed_at),
    )


def is_below(value: int, column: SheetIndicator) -> bool:
    """Whether a rate lies on the bad side of the assigned target."""
    if column.assigned is None or column.rule.kind is Kind.QUANTITY:
        return False
    return gap(value, column.assigned, column.rule.direction) < 0


def _key(cell: Cell) -> str:
    return f"{cell.unit_id}-{cell.indicator_id}"


def _column(column: SheetIndicator) -> ColumnView:
    indicator, rate = column.indicator, column.rule.kind is Kind.RATE
    part = localized(indicator, "part")
    ceiling = column.rule.direction is Direction.AT_MOST
    return ColumnView(
        id=indicator.id,
        code=indicator.code,
        name=localized(indicator, "name"),
        short=localized(indicator, "short_name"),
        rate=rate,
        ceiling=ceiling,
        target=_("Target, %") if rate else _("Target"),
        weight=_("Expected %(counted)s", counted=localized(indicator, "counted")),
        gap=_("From the assigned target, percentage points") if rate else _("From the assigned target"),
        needed=_("At most: %(part)s", part=part) if ceiling else _("Needed: %(part)s", part=part),
    )


def _row(
    row: SheetRow,
    sheet: Sheet,
    typing: Typing | None,
    editable: bool,
    *,
    before: Before | None = None,
    opinions: Opinions | None = None,
) -> RowView:
    cells, worse = [], []
    for cell, column in zip(row.cells, sheet.indicators, strict=True):
        key = (cell.unit_id, cell.indicator_id)
        typed = typing.sheet.cells.get(key) if typing else None
        stored = Entry(cell.target, cell.excuse)
        entry = stored if typed is None or not editable else typed.entry or Entry(None)
        baseline = cell.baseline
        if _is_worse(entry.target, baseline, column):
            worse.append(localized(column.indicator, "short_name"))
        view = _cell(cell, column, entry, typed if editable else None, baseline)
        if typing is not None:
            view = _beside(view, cell, column, typed, typing, editable=editable)
        if before is not None:
            view = replace(view, before=_shown(before.entry(row.unit, column) or Entry(None), column.rule.kind))
        if opinions is not None and (line := opinions.by_key.get(key)):
            view = replace(view, registered=registered(line))
        cells.append(view)
    flags = _("worse than last year: %(indicators)s", indicators=", ".join(worse)) if worse else ""
    return RowView(row.number, row.unit, cells, flags, _excuses(row, sheet), _marks(row, sheet), row.hold, row.comments)


def _excuses(row: SheetRow, sheet: Sheet) -> list[str]:
    """Why nothing is assigned, to be read: once where it is the same for every indicator."""
    texts = [cell.excuse for cell in row.cells]
    if not any(texts):
        return []
    if all(texts) and len(set(texts)) == 1:
        return texts[:1]
    names = [localized(column.indicator, "short_name") for column in sheet.indicators]
    return [f"{name}: {text}" for name, text in zip(names, texts, strict=True) if text]


def _marks(row: SheetRow, sheet: Sheet) -> list[str]:
    """Another weight that was proposed, and the milestones on the way to a target."""
    marks = []
    for cell, column in zip(row.cells, sheet.indicators, strict=True):
        if not cell.proposal and not cell.milestones:
            continue
        name = localized(column.indicator, "short_name")
        if cell.proposal:
            words = {
                Verdict.OPEN: _("proposed %(number)s, waits for the approver", number=count(cell.proposal.weight)),
                Verdict.ACCEPTED: _("proposed and accepted, instead of %(number)s", number=count(cell.frozen_weight)),
                Verdict.REFUSED: _("the proposed %(number)s was refused", number=count(cell.proposal.weight)),
            }
            marks.append(f"{name}: {words[cell.proposal.verdict]}")
        if cell.milestones:
            steps = "; ".join(f"{day(due)} {target(value, column.rule.kind)}" for due, value in cell.milestones)
            marks.append(_("%(indicator)s, milestones: %(steps)s", indicator=name, steps=steps))
    return marks


def _cell(cell: Cell, column: SheetIndicator, entry: Entry, typed: TypedCell | None, baseline: int | None) -> CellView:
    kind = column.rule.kind
    rate = kind is Kind.RATE
    distance = _gap(entry, column)
    return CellView(
        key=_key(cell),
        target=typed.target if typed else entered(cell.target, kind),
        excuse=typed.excuse if typed else cell.excuse,
        shown=_shown(entry, kind),
        baseline=percent(baseline) if rate else count(cell.baseline_numerator),
        weight=count(cell.weight),
        gap=NOTHING if distance is None else signed_points(distance),
        needed=count(needed_count(cell.weight, entry.target, column.rule.direction))
        if rate and entry.target is not None
        else NOTHING,
        below=rate and entry.target is not None and is_below(entry.target, column),
        error=explain(typed.fault).in_full if typed and typed.fault else "",
        other="",
        clash=None,
        unsaved=None,
        values=(baseline if rate else cell.baseline_numerator, cell.weight, entry.target, distance),
    )


def _beside(
    view: CellView, cell: Cell, column: SheetIndicator, typed: TypedCell | None, typing: Typing, *, editable: bool
) -> CellView:
    """The view with what stands against the shown value: somebody else's, or what was typed but could not be kept."""
    key = (cell.unit_id, cell.indicator_id)
    stored = (entered(cell.target, column.rule.kind), cell.excuse)
    changes: dict[str, Any] = {}
    if typed is not None and not editable:
        if typed.entry != Entry(cell.target, cell.excuse):
            changes["other"] = _("you had typed: %(value)s", value=typed.target or typed.excuse or NOTHING)
    elif typed is not None and (typed.target, typed.excuse) != stored:
        changes["unsaved"] = stored
    differs = editable and typed is not None and typed.entry != Entry(cell.target, cell.excuse)
    if key in typing.clashes or (differs and key in typing.sheet.undecided):
        changes["clash"] = clash_of(cell, column)
    elif key in typing.taken:
        changes["other"] = _("changed by %(by)s", by=changed_by(cell))
    if not changes:
        return view
    return replace(view, **changes)


def _shown(entry: Entry, kind: Kind) -> str:
    """A cell's content in words, for pages without inputs."""
    if entry.target is not None:
        return target(entry.target, kind)
    return _("not assigned") if entry.excuse else NOTHING


def _gap(entry: Entry, column: SheetIndicator) -> int | None:
    """How far the target lies from the assigned one. A receiver's quantity is a part of it: nothing to compare."""
    if entry.target is None or column.assigned is None or column.rule.kind is Kind.QUANTITY:
        return None
    return entry.target - column.assigned


def _is_worse(value: int | None, baseline: int | None, column: SheetIndicator) -> bool:
    """Whether a rate lies on the bad side of last year's."""
    if value is None or baseline is None or column.rule.kind is Kind.QUANTITY:
        return False
    return gap(value, baseline, column.rule.direction) < 0
