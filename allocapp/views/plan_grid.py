"""A sheet laid out for the page: every cell's texts, ready to be put in place by the template or by the live check.

Both ask the same functions, so a figure never reads differently after a key is pressed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from flask_babel import gettext as _

from allocapp.forms.plan import TypedCell, TypedSheet
from allocapp.models.plan import PlanComment
from allocapp.models.unit import Unit, UnitKind
from allocapp.rules.balance import Direction, Kind, Problem, ProblemCode, gap, needed_count
from allocapp.services.sheet import Cell, Entry, Key, Sheet, SheetIndicator, SheetRow
from allocapp.views.formatting import (
    NOTHING,
    count,
    entered,
    localized,
    percent,
    signed_points,
    target,
)
from allocapp.views.messages import Mistake, explain

# an error summary that lists everything is read by nobody
MOST_MISTAKES = 10


@dataclass(frozen=True, slots=True)
class ColumnView:
    """An indicator's headings."""

    id: int
    name: str
    short: str
    rate: bool
    target: str
    weight: str
    gap: str
    needed: str


@dataclass(frozen=True, slots=True)
class CellView:
    """A cell's texts. ``shown`` is the target in words, ``target`` and ``excuse`` what stands in the inputs.

    ``below``: the target lies on the bad side of the assigned one. ``other``: what the page has to set against the
    shown value (another person's, or one that was not kept). ``taken``: the value is another person's.
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
    taken: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """A receiver's cells, in the order of the indicators, with its flags and the remarks made on it."""

    number: int
    unit: Unit
    cells: list[CellView]
    flags: str
    excuses: list[str]
    comments: tuple[PlanComment, ...]

    @property
    def excused(self) -> bool:
        """Whether a reason for not assigning stands somewhere in the row, or should."""
        return any(cell.excuse for cell in self.cells)


@dataclass(frozen=True)
class Typing:
    """What a person typed, to be shown again over what is stored."""

    sheet: TypedSheet
    taken: Collection[Key] = ()
    clashes: Collection[Key] = ()


def lay_out(
    sheet: Sheet, typing: Typing | None = None, *, editable: bool = True
) -> list[tuple[UnitKind, list[RowView]]]:
    """The rows by kind of receiver, in the official order, with what was typed laid over what is stored.

    Where the plan cannot be edited, what is stored is shown and what was typed stands beside it.
    """
    return [(kind, [_row(row, sheet, typing, editable) for row in rows]) for kind, rows in sheet.groups]


def name_columns(sheet: Sheet) -> list[ColumnView]:
    """The headings of each indicator, in the sheet's order."""
    return [_column(column) for column in sheet.indicators]


def live_cells(groups: Iterable[tuple[UnitKind, list[RowView]]]) -> dict[str, list[str]]:
    """What the live check puts in place: by cell, its gap, needed count, message, and whether it lies below."""
    return {
        cell.key: [cell.gap, cell.needed, cell.error, "1" if cell.below else ""]
        for _kind, rows in groups
        for row in rows
        for cell in row.cells
    }


def fault_mistakes(sheet: Sheet, typed: TypedSheet) -> list[Mistake]:
    """One line of the error summary for each cell that cannot be read, linking to it."""
    names = {row.unit.id: row.unit.name for row in sheet.rows}
    columns = {column.indicator.id: localized(column.indicator, "short_name") for column in sheet.indicators}
    mistakes = []
    for (unit_id, indicator_id), fault in typed.faults.items():
        message = explain(fault)
        text = _(
            "%(unit)s, %(indicator)s: %(message)s",
            unit=names.get(unit_id, NOTHING),
            indicator=columns.get(indicator_id, NOTHING),
            message=f"{message.text} {message.next_step}",
        )
        mistakes.append(Mistake(text, f"t-{unit_id}-{indicator_id}"))
    return _shortened(mistakes)


def obstacle_mistakes(sheet: Sheet, position: int, problems: Iterable[Problem]) -> list[Mistake]:
    """One line for each cell that keeps an indicator from balancing, linking to it."""
    names = {row.unit.id: row.unit.name for row in sheet.rows}
    indicator = sheet.indicators[position].indicator
    texts = {
        ProblemCode.MISSING_TARGET: _("enter a target, or the reason why none is assigned"),
        ProblemCode.NOT_ASSIGNED_WITH_WEIGHT: _("work is expected there, so a target has to be assigned"),
    }
    return _shortened(
        [
            Mistake(
                _(
                    "%(unit)s, %(indicator)s: %(message)s",
                    unit=names.get(problem.key, NOTHING),
                    indicator=localized(indicator, "short_name"),
                    message=texts.get(problem.code) or _("the expected figures are not usable"),
                ),
                f"t-{problem.key}-{indicator.id}",
            )
            for problem in problems
            if problem.key is not None
        ]
    )


def first_weak_cell(sheet: Sheet, position: int) -> str:
    """The field to go to where an indicator is short: the first target below the assigned one, else the first cell."""
    column = sheet.indicators[position]
    cells = [row.cells[position] for row in sheet.rows]
    if not cells:
        return ""
    weak = [cell for cell in cells if cell.target is not None and _is_below(cell.target, column)]
    found = weak[0] if weak else cells[0]
    return f"t-{found.unit_id}-{found.indicator_id}"


def _column(column: SheetIndicator) -> ColumnView:
    indicator, rate = column.indicator, column.rule.kind is Kind.RATE
    part = localized(indicator, "part")
    ceiling = column.rule.direction is Direction.AT_MOST
    return ColumnView(
        id=indicator.id,
        name=localized(indicator, "name"),
        short=localized(indicator, "short_name"),
        rate=rate,
        target=_("Target, %") if rate else _("Target"),
        weight=_("Expected %(counted)s", counted=localized(indicator, "counted")),
        gap=_("From the assigned target, percentage points") if rate else _("From the assigned target"),
        needed=_("At most: %(part)s", part=part) if ceiling else _("Needed: %(part)s", part=part),
    )


def _row(row: SheetRow, sheet: Sheet, typing: Typing | None, editable: bool) -> RowView:
    cells, worse = [], []
    for cell, column in zip(row.cells, sheet.indicators, strict=True):
        key = (cell.unit_id, cell.indicator_id)
        typed = typing.sheet.cells.get(key) if typing else None
        stored = Entry(cell.target, cell.excuse)
        entry = stored if typed is None or not editable else typed.entry or Entry(None)
        if _is_worse(entry.target, cell.baseline, column):
            worse.append(localized(column.indicator, "short_name"))
        cells.append(
            _cell(
                cell,
                column,
                entry,
                typed,
                editable=editable,
                clash=typing is not None and key in typing.clashes,
                taken=typing is not None and key in typing.taken,
            )
        )
    flags = _("worse than last year: %(indicators)s", indicators=", ".join(worse)) if worse else ""
    return RowView(row.number, row.unit, cells, flags, _excuses(row, sheet), row.comments)


def _excuses(row: SheetRow, sheet: Sheet) -> list[str]:
    """Why nothing is assigned, to be read: once where it is the same for every indicator."""
    texts = [cell.excuse for cell in row.cells]
    if all(texts) and len(set(texts)) == 1:
        return texts[:1]
    names = [localized(column.indicator, "short_name") for column in sheet.indicators]
    return [f"{name}: {text}" for name, text in zip(names, texts, strict=True) if text]


def _cell(
    cell: Cell,
    column: SheetIndicator,
    entry: Entry,
    typed: TypedCell | None,
    *,
    editable: bool,
    clash: bool,
    taken: bool,
) -> CellView:
    kind = column.rule.kind
    rate = kind is Kind.RATE
    shown_typed = typed is not None and editable
    return CellView(
        key=f"{cell.unit_id}-{cell.indicator_id}",
        target=typed.target if typed and shown_typed else entered(cell.target, kind),
        excuse=typed.excuse if typed and shown_typed else cell.excuse,
        shown=_shown(entry, kind),
        baseline=percent(cell.baseline) if rate else count(cell.baseline_numerator),
        weight=count(cell.weight),
        gap=_gap_text(entry, column),
        needed=count(needed_count(cell.weight, entry.target, column.rule.direction))
        if rate and entry.target is not None
        else NOTHING,
        below=rate and entry.target is not None and _is_below(entry.target, column),
        error=explain(typed.fault).text if typed and typed.fault and editable else "",
        other=_other(cell, typed, kind, editable, clash),
        taken=taken,
    )


def _shown(entry: Entry, kind: Kind) -> str:
    """A cell's content in words, for pages without inputs."""
    if entry.target is not None:
        return target(entry.target, kind)
    return _("not assigned") if entry.excuse else NOTHING


def _other(cell: Cell, typed: TypedCell | None, kind: Kind, editable: bool, clash: bool) -> str:
    """What stands against the shown value: what somebody else stored, or what was typed but could not be kept."""
    if clash:
        stored = _shown(Entry(cell.target, cell.excuse), kind)
        if cell.excuse:
            stored = f"{stored} ({cell.excuse})"
        return _("stored by the other person: %(value)s", value=stored)
    if typed is not None and not editable and typed.entry != Entry(cell.target, cell.excuse):
        return _("you had typed: %(value)s", value=typed.target or typed.excuse or NOTHING)
    return ""


def _gap_text(entry: Entry, column: SheetIndicator) -> str:
    """How far the target lies from the assigned one. A receiver's quantity is a part of it: nothing to compare."""
    if entry.target is None or column.assigned is None or column.rule.kind is Kind.QUANTITY:
        return NOTHING
    return signed_points(entry.target - column.assigned)


def _is_below(value: int, column: SheetIndicator) -> bool:
    if column.assigned is None or column.rule.kind is Kind.QUANTITY:
        return False
    return gap(value, column.assigned, column.rule.direction) < 0


def _is_worse(value: int | None, baseline: int | None, column: SheetIndicator) -> bool:
    """Whether a rate lies on the bad side of last year's."""
    if value is None or baseline is None or column.rule.kind is Kind.QUANTITY:
        return False
    return gap(value, baseline, column.rule.direction) < 0


def _shortened(mistakes: list[Mistake]) -> list[Mistake]:
    if len(mistakes) <= MOST_MISTAKES:
        return mistakes
    rest = len(mistakes) - MOST_MISTAKES
    return [*mistakes[:MOST_MISTAKES], Mistake(_("and %(num)d more cells", num=rest), mistakes[MOST_MISTAKES].field_id)]
