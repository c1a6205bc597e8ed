"""Somebody's table laid against a plan: what it would change, what is refused and why, what belongs to nobody.

Nothing is written here. Receivers are found by their code; by the order of the rows only where there are no codes and
as many rows as receivers; never by name, because names repeat: a name only confirms or casts doubt. An empty cell says
nothing. What is in doubt is left out unless the person says otherwise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from allocapp.files.table import CellKind, FileCell, FileTable, Source
from allocapp.rules.balance import Balance
from allocapp.services.paste_columns import Columns, Row, Unclear, codes_of, find_columns, fold, same_name
from allocapp.services.paste_values import ReadValue, ValueFault, ValueNote, is_blank, read_value
from allocapp.services.sheet import Cell, Entry, Key, Sheet, SheetIndicator, SheetRow, check_sheet
from allocapp.services.template import Stamp, cells_then, held_text, is_template_of, read_stamp


class Doubt(StrEnum):
    """Why a change is left out unless the person takes it all the same."""

    HELD = "held"  # somebody holds the row
    CHANGED_SINCE = "changed_since"  # somebody changed the cell since the template was made, or the preview shown
    OTHER_NAME = "other_name"  # matched by order, but the name is another one


class MatchedBy(StrEnum):
    """How the rows found their receivers."""

    CODES = "codes"
    ORDER = "order"


class StrayFault(StrEnum):
    """Why a row of the table belongs to no receiver."""

    UNKNOWN_CODE = "unknown_code"
    NO_CODE = "no_code"
    DUPLICATE_CODE = "duplicate_code"
    MERGED_CODE = "merged_code"


class MismatchFault(StrEnum):
    """Why the table as a whole cannot be laid against the plan."""

    OTHER_PLAN = "other_plan"
    STAMP_DAMAGED = "stamp_damaged"
    OTHER_NUMBER_OF_ROWS = "other_number_of_rows"


@dataclass(frozen=True)
class Mismatch:
    """The table does not fit the plan: why; the template it is; rows found."""

    fault: MismatchFault
    stamp: Stamp | None = None
    rows: int = 0


@dataclass(frozen=True)
class Change:
    """A cell that would change. ``source`` is where the new value stands; None where it comes from a preview."""

    key: Key
    before: Cell
    after: Entry
    source: FileCell | None
    notes: tuple[ValueNote, ...] = ()
    doubts: frozenset[Doubt] = frozenset()


@dataclass(frozen=True)
class Rejection:
    """A cell of the table that cannot be taken, for this receiver and indicator."""

    source: FileCell
    fault: ValueFault
    row: SheetRow
    column: SheetIndicator


@dataclass(frozen=True)
class Stray:
    """A row of the table that belongs to no receiver. ``others`` are the rows with the same code.

    ``namesake``: a receiver of the plan has the same name, under another code.
    """

    source: FileCell
    text: str
    fault: StrayFault
    others: tuple[FileCell, ...] = ()
    namesake: bool = False


@dataclass(frozen=True)
class OtherName:
    """A row whose name is not the receiver's."""

    source: FileCell
    row: SheetRow


@dataclass(frozen=True)
class Preview:
    """What a table comes to. Every cell it speaks of is in one of the lists, or counted in ``unchanged``.

    ``moved`` are the cells that somebody changed since the template was made, with what they held then; ``absent``
    the receivers the table says nothing about. ``made_from`` is the version that a template was made from, where the
    plan has moved since. ``places`` is the column that was read for each indicator, by its position.
    """

    sheet: Sheet
    matched_by: MatchedBy
    changes: tuple[Change, ...]
    rejections: tuple[Rejection, ...] = ()
    strays: tuple[Stray, ...] = ()
    unchanged: tuple[Cell, ...] = ()
    other_names: tuple[OtherName, ...] = ()
    moved: tuple[tuple[Cell, str], ...] = ()
    absent: tuple[SheetRow, ...] = ()
    made_from: int | None = None
    places: Mapping[int, int] = field(default_factory=dict)

    @property
    def doubts(self) -> list[Doubt]:
        """The doubts there are, in their order."""
        return [doubt for doubt in Doubt if any(doubt in change.doubts for change in self.changes)]

    def taken(self, also: Collection[Doubt] = ()) -> dict[Key, Entry]:
        """What would be applied: the changes without doubts, and those with no other doubts than ``also``."""
        return {change.key: change.after for change in self.changes if change.doubts <= set(also)}

    def balances(self, also: Collection[Doubt] = ()) -> tuple[Balance, ...]:
        """The balance of each indicator once these changes are applied."""
        return check_sheet(self.sheet, self.taken(also))


def preview_table(sheet: Sheet, table: FileTable, wanted: int | None = None) -> Preview | Mismatch | Unclear:
    """What the table would change. ``wanted``: the position of the indicator that a single column is meant for."""
    stamp = read_stamp(table.stamp) if table.stamp else None
    if table.stamp and stamp is None:
        return Mismatch(MismatchFault.STAMP_DAMAGED)
    if stamp is not None and not is_template_of(stamp, sheet):
        return Mismatch(MismatchFault.OTHER_PLAN, stamp)
    columns = find_columns(table, sheet, wanted)
    if isinstance(columns, Unclear):
        return columns
    matched = _by_codes(columns, sheet) if columns.code is not None else _by_order(columns, table, sheet)
    if isinstance(matched, Mismatch):
        return matched
    return _Reading(sheet, columns, stamp).read(matched)


def preview_edits(
    sheet: Sheet,
    edits: Mapping[Key, Entry],
    *,
    seen: Mapping[Key, str],
    doubts: Mapping[Key, frozenset[Doubt]],
    matched_by: MatchedBy,
) -> Preview:
    """What a preview that has grown old would change now.

    ``seen`` is what its cells held when it was shown, ``doubts`` those it had. Edits of cells that the plan does not
    have are left out: nobody was shown them.
    """
    changes, unchanged, moved = [], [], []
    holds = {row.unit.id for row in sheet.rows if row.hold}
    for key, cell in sheet.cells.items():
        if key not in edits:
            continue
        if Entry(cell.target, cell.excuse) == edits[key]:
            unchanged.append(cell)
            continue
        found = set(doubts.get(key, ())) - {Doubt.HELD}
        if cell.unit_id in holds:
            found.add(Doubt.HELD)
        if seen.get(key) != held_text(cell):
            found.add(Doubt.CHANGED_SINCE)
            moved.append((cell, seen.get(key, "")))
        changes.append(Change(key, cell, edits[key], None, (), frozenset(found)))
    return Preview(sheet, matched_by, tuple(changes), unchanged=tuple(unchanged), moved=tuple(moved))


@dataclass(frozen=True)
class _Matched:
    by: MatchedBy
    rows: tuple[tuple[Row, SheetRow], ...]
    strays: tuple[Stray, ...] = ()


def _by_codes(columns: Columns, sheet: Sheet) -> _Matched:
    """Each row to the receiver with its code; a code that stands in two rows is taken from neither."""
    assert columns.code is not None
    by_code, found = codes_of(sheet), []
    strays: list[Stray] = []
    where: dict[int, list[FileCell]] = defaultdict(list)
    for row in columns.rows:
        cell = row.get(columns.code)
        receiver = by_code.get(fold(cell.text)) if cell else None
        if receiver is None or cell is None:
            strays.extend(_stray(row, columns, sheet))
        else:
            where[receiver.unit.id].append(cell)
            found.append((row, receiver, cell))
    matched = []
    for row, receiver, cell in found:
        places = where[receiver.unit.id]
        if len(places) == 1:
            matched.append((row, receiver))
        else:
            others = tuple(other for other in places if other is not cell)
            strays.append(Stray(cell, cell.text, StrayFault.DUPLICATE_CODE, others))
    return _Matched(MatchedBy.CODES, tuple(matched), tuple(sorted(strays, key=lambda stray: stray.source.row)))


def _stray(row: Row, columns: Columns, sheet: Sheet) -> Iterable[Stray]:
    """A row without a known code, if it holds a target: headings of groups do not."""
    figures = [row[column] for column in columns.targets.values() if column in row]
    if all(is_blank(cell) or cell.kind is CellKind.MERGED for cell in figures):
        return
    code = row.get(columns.code or 0)
    merged = code is not None and code.kind is CellKind.MERGED
    name = row.get(columns.name or 0)
    namesake = name is not None and any(same_name(name.text, receiver.unit.name) for receiver in sheet.rows)
    text = " · ".join(cell.text for cell in (code, name) if cell is not None and cell.text)
    fault = StrayFault.UNKNOWN_CODE
    if code is None or merged:
        fault = StrayFault.MERGED_CODE if merged else StrayFault.NO_CODE
    yield Stray(code or next(iter(row.values())), text, fault, namesake=namesake)


def _by_order(columns: Columns, table: FileTable, sheet: Sheet) -> _Matched | Mismatch:
    """The first row to the first receiver and so on, where there are exactly as many.

    In a pasted text a blank line is a row too: Excel copies an empty cell as one.
    """
    receivers = sheet.rows
    speaking = [row for row in columns.rows if any(column in row for column in columns.targets.values())]
    first = columns.head + 1 if columns.head or table.source is Source.TEXT else _number(columns.rows[0])
    if table.last_row - first + 1 == len(receivers):
        pairs = [(row, receivers[_number(row) - first]) for row in speaking]
    elif len(speaking) == len(receivers):
        pairs = list(zip(speaking, receivers, strict=True))
    else:
        return Mismatch(MismatchFault.OTHER_NUMBER_OF_ROWS, rows=len(speaking))
    return _Matched(MatchedBy.ORDER, tuple(pairs))


def _number(row: Row) -> int:
    return next(iter(row.values())).row


class _Reading:
    """Reads matched rows cell by cell into the lists of a preview."""

    def __init__(self, sheet: Sheet, columns: Columns, stamp: Stamp | None) -> None:
        self.sheet, self.columns, self.stamp = sheet, columns, stamp
        self.stale = stamp is not None and stamp.version != sheet.plan.version
        self.then = cells_then(stamp, sheet) if stamp is not None and self.stale else {}
        self.changes: list[Change] = []
        self.rejections: list[Rejection] = []
        self.unchanged: list[Cell] = []
        self.other_names: list[OtherName] = []

    def read(self, matched: _Matched) -> Preview:
        for row, receiver in matched.rows:
            self._read_row(row, receiver, matched.by)
        spoken = {receiver.unit.id for _row, receiver in matched.rows}
        moved = [
            (cell, self.then[key])
            for key, cell in self.sheet.cells.items()
            if key in self.then and self.then[key] != held_text(cell)
        ]
        return Preview(
            sheet=self.sheet,
            matched_by=matched.by,
            changes=tuple(self.changes),
            rejections=tuple(self.rejections),
            strays=matched.strays,
            unchanged=tuple(self.unchanged),
            other_names=tuple(self.other_names),
            moved=tuple(moved),
            absent=tuple(row for row in self.sheet.rows if row.unit.id not in spoken),
            made_from=self.stamp.version if self.stamp is not None and self.stale else None,
            places=self.columns.targets,
        )

    def _read_row(self, row: Row, receiver: SheetRow, by: MatchedBy) -> None:
        name = row.get(self.columns.name or 0)
        other_name = name is not None and bool(name.text) and not same_name(name.text, receiver.unit.name)
        if other_name and name is not None:
            self.other_names.append(OtherName(name, receiver))
        doubts = {Doubt.HELD} if receiver.hold else set()
        if other_name and by is MatchedBy.ORDER:
            doubts.add(Doubt.OTHER_NAME)
        for position, column in self.columns.targets.items():
            source = row.get(column)
            if source is None or is_blank(source):
                continue
            indicator = self.sheet.indicators[position]
            value = read_value(source, indicator.rule.kind)
            if isinstance(value, ValueFault):
                self.rejections.append(Rejection(source, value, receiver, indicator))
            else:
                self._lay_against(receiver.cells[position], value, source, doubts)

    def _lay_against(self, cell: Cell, value: ReadValue, source: FileCell, doubts: Collection[Doubt]) -> None:
        """The value against what is stored now, and against what was stored when the template was made."""
        key = (cell.unit_id, cell.indicator_id)
        then = self.then.get(key)
        if value.target == cell.target or (then is not None and then == str(value.target)):
            # as it stands, or as the template came: the person did not touch it
            self.unchanged.append(cell)
            return
        found = set(doubts)
        if self.stale and then != held_text(cell):
            found.add(Doubt.CHANGED_SINCE)
        self.changes.append(Change(key, cell, Entry(value.target), source, value.notes, frozenset(found)))
