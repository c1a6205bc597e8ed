"""Which column of somebody's table is what: the code, the name, and the targets of each indicator.

Headings decide where there are any that say so; otherwise what stands in the columns: codes of the plan's receivers,
texts, figures. What stays ambiguous is not guessed: the person is asked.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from allocapp.files.table import CellKind, FileCell, FileTable
from allocapp.services.paste_values import is_blank, looks_like_value
from allocapp.services.sheet import Sheet, SheetIndicator, SheetRow
from allocapp.services.template import bracketed

# headings stand near the top, below a title or two
MOST_HEAD_ROWS: Final = 20

_CODE_HEADINGS: Final = frozenset({"mã", "mã đơn vị", "mã đv", "mã số", "code", "unit code"})
_NAME_HEADINGS: Final = frozenset(
    {
        "tên", "tên đơn vị", "đơn vị", "cơ quan, đơn vị", "tên cơ quan, đơn vị", "đơn vị nhận chỉ tiêu",
        "nơi nhận chỉ tiêu", "name", "unit", "unit name", "receiver",
    }
)  # fmt: skip
_TARGET_WORDS: Final = ("chỉ tiêu", "target")
_NOT_TARGET_WORDS: Final = ("năm trước", "dự kiến", "last year", "expected", "baseline", "weight")
# before a name in some lists and not in others
_BODIES: Final = ("ủy ban nhân dân ", "uỷ ban nhân dân ", "ubnd ")
_TONES: Final = frozenset("\u0300\u0301\u0303\u0309\u0323")

Row = Mapping[int, FileCell]
"""The cells of a row by their column."""


class ColumnFault(StrEnum):
    """Why the columns of a table cannot be told apart."""

    NO_TARGETS = "no_targets"  # nothing in it is a figure
    WHICH_INDICATOR = "which_indicator"  # one column of figures, several indicators
    OTHER_NUMBER = "other_number"  # as many columns of figures as neither the page nor the template has
    TWICE = "twice"  # two columns for one indicator


@dataclass(frozen=True)
class Unclear:
    """The columns cannot be told apart: why, how many columns of figures there are, and which place it is about."""

    fault: ColumnFault
    columns: int = 0
    places: tuple[FileCell, ...] = ()


@dataclass(frozen=True)
class Columns:
    """The columns that matter (counting from 1), and the rows below the headings.

    ``targets`` gives the column of each indicator, by its position in the sheet. ``head`` is the row number of the last
    heading, 0 where there is none.
    """

    code: int | None
    name: int | None
    targets: Mapping[int, int]
    rows: tuple[Row, ...]
    head: int


def find_columns(table: FileTable, sheet: Sheet, wanted: int | None) -> Columns | Unclear:
    """The columns of the table. ``wanted`` is the position of the indicator that a single column is meant for."""
    rows = [{cell.column: cell for cell in cells} for cells in table.rows]
    by_code = codes_of(sheet)
    place, code, name = _head_row(rows, sheet.indicators)
    body = rows[place:]
    if code is None:
        code = _code_column(body, by_code)
    if not place:
        place = _first_row_of_figures(rows, code, by_code)
        body = rows[place:]
    head = rows[place - 1] if place else {}
    targets = _by_heading(head, sheet.indicators) if place else {}
    if not targets:
        targets = _by_content(body, {code, name}, len(sheet.indicators), wanted)
    if isinstance(targets, Unclear):
        return targets
    if name is None:
        name = _name_column(body, {code, *targets.values()}, sheet.rows)
    head_number = max((cell.row for cell in head.values()), default=0)
    return Columns(code, name, targets, tuple(body), head_number)


def codes_of(sheet: Sheet) -> dict[str, SheetRow]:
    """The receivers by their codes, folded; and by their codes without leading zeros, which Excel takes off, where
    that is no other receiver's code."""
    found = {fold(row.unit.code): row for row in sheet.rows}
    stripped: dict[str, list[SheetRow]] = {}
    for code, row in found.items():
        if code.isdigit() and code.startswith("0"):
            stripped.setdefault(code.lstrip("0"), []).append(row)
    return {code: rows[0] for code, rows in stripped.items() if len(rows) == 1 and code} | found


def fold(text: str) -> str:
    """A text for comparing: one encoding of its letters, no difference of case, single blanks."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def same_name(one: str, other: str) -> bool:
    """Whether two names are the same but for case, the body's title, and where in a syllable the tone is written."""
    return _bare_name(one) == _bare_name(other)


def _bare_name(name: str) -> str:
    text = fold(name)
    for body in _BODIES:
        text = text.removeprefix(body)
    return " ".join(_toneless(syllable) for syllable in re.split(r"[\s.,;:()–-]+", text) if syllable)


def _toneless(syllable: str) -> str:
    """`hòa` and `hoà` are one syllable: its letters, then its tone."""
    parts = unicodedata.normalize("NFD", syllable)
    return "".join(sign for sign in parts if sign not in _TONES) + "".join(sign for sign in parts if sign in _TONES)


def _head_row(rows: Sequence[Row], indicators: Sequence[SheetIndicator]) -> tuple[int, int | None, int | None]:
    """Where the rows below the headings begin, and the columns headed as code and name; 0 where nothing is headed."""
    for place, row in enumerate(rows[:MOST_HEAD_ROWS], start=1):
        texts = {column: fold(cell.text) for column, cell in row.items() if cell.kind is CellKind.TEXT}
        code = _first(column for column, text in texts.items() if text in _CODE_HEADINGS)
        name = _first(column for column, text in texts.items() if text in _NAME_HEADINGS)
        if code is not None or _marked(row, indicators) or (len(texts) > 1 and _by_heading(row, indicators)):
            return place, code, name
        if name is not None and len(texts) > 1:
            return place, None, name
    return 0, None, None


def _first(found: Iterable[int]) -> int | None:
    return next(iter(found), None)


def _marked(row: Row, indicators: Sequence[SheetIndicator]) -> dict[int, list[FileCell]]:
    """The headings that bear an indicator's mark, as our templates do, by the indicator's position."""
    found: dict[int, list[FileCell]] = {}
    for position, indicator in enumerate(indicators):
        cells = [cell for cell in row.values() if fold(bracketed(indicator)) in fold(cell.text)]
        if cells:
            found[position] = cells
    return found


def _by_heading(head: Row, indicators: Sequence[SheetIndicator]) -> dict[int, int] | Unclear:
    """The target columns by what their headings say: an indicator's mark, else its name."""
    found = _marked(head, indicators) or _named(head, indicators)
    if double := next((cells for cells in found.values() if len(cells) > 1), None):
        return Unclear(ColumnFault.TWICE, len(double), tuple(double))
    return {position: cells[0].column for position, cells in found.items()}


def _named(head: Row, indicators: Sequence[SheetIndicator]) -> dict[int, list[FileCell]]:
    """The headings that name an indicator; of several, those that speak of a target and not of something else."""
    found: dict[int, list[FileCell]] = {}
    for cell in head.values():
        text = fold(cell.text)
        named = [
            (len(name), position)
            for position, indicator in enumerate(indicators)
            for name in _names(indicator)
            if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
        ]
        if named and not any(word in text for word in _NOT_TARGET_WORDS):
            found.setdefault(max(named)[1], []).append(cell)
    return {position: _speaking_of_targets(cells) for position, cells in found.items()}


def _names(column: SheetIndicator) -> set[str]:
    indicator = column.indicator
    texts = (indicator.code, indicator.name, indicator.name_en, indicator.short_name, indicator.short_name_en)
    return {fold(text) for text in texts if text.strip()}


def _speaking_of_targets(cells: list[FileCell]) -> list[FileCell]:
    if len(cells) == 1:
        return cells
    return [cell for cell in cells if any(word in fold(cell.text) for word in _TARGET_WORDS)] or cells


def _code_column(rows: Sequence[Row], by_code: Mapping[str, SheetRow]) -> int | None:
    """The column that mostly holds codes of receivers; of several, the one with the most different ones."""
    best: tuple[int, int] | None = None
    for column in sorted({column for row in rows for column in row}):
        cells = [row[column] for row in rows if column in row]
        found = {by_code[text].unit.id for cell in cells if (text := fold(cell.text)) in by_code}
        known = sum(1 for cell in cells if fold(cell.text) in by_code)
        if known * 2 >= len(cells) and (best is None or len(found) > best[0]):
            best = (len(found), column)
    return best[1] if best else None


def _first_row_of_figures(rows: Sequence[Row], code: int | None, by_code: Mapping[str, SheetRow]) -> int:
    """How many rows of titles and unknown headings come first: those without a figure and without a known code."""
    for place, row in enumerate(rows):
        coded = code is not None and code in row and fold(row[code].text) in by_code
        if coded or any(looks_like_value(cell) for cell in row.values()):
            return place
    return 0


def _by_content(
    rows: Sequence[Row], taken: set[int | None], count: int, wanted: int | None
) -> dict[int, int] | Unclear:
    """The target columns by what stands in them: columns of figures, in the order of the page or of the template."""
    figures = [column for column in _columns(rows, taken) if _holds_figures(rows, column)]
    if len(figures) > 1 and _is_serial(rows, figures[0]):
        figures = figures[1:]
    if not figures:
        return Unclear(ColumnFault.NO_TARGETS)
    if wanted is not None and len(figures) == 1:
        return {wanted: figures[0]}
    if len(figures) == count:
        return dict(enumerate(figures))
    if len(figures) == 3 * count:
        # baseline, weight and target of each, as the template has them
        return dict(enumerate(figures[2::3]))
    if len(figures) == 1:
        return Unclear(ColumnFault.WHICH_INDICATOR, 1)
    return Unclear(ColumnFault.OTHER_NUMBER, len(figures))


def _columns(rows: Sequence[Row], taken: set[int | None]) -> list[int]:
    return sorted({column for row in rows for column in row} - taken)


def _holds_figures(rows: Sequence[Row], column: int) -> bool:
    cells = [row[column] for row in rows if column in row and not is_blank(row[column])]
    return bool(cells) and sum(1 for cell in cells if looks_like_value(cell)) * 2 >= len(cells)


def _is_serial(rows: Sequence[Row], column: int) -> bool:
    """Whether the column only counts the rows: 1, 2, 3 …"""
    texts = [row[column].text for row in rows if column in row]
    return len(texts) > 1 and texts == [str(number) for number in range(1, len(texts) + 1)]


def _name_column(rows: Sequence[Row], taken: set[int | None], receivers: Sequence[SheetRow]) -> int | None:
    """The column of texts with the most names of receivers; the first column of texts where none is a receiver's."""
    names = {_bare_name(receiver.unit.name) for receiver in receivers}
    best: tuple[int, int] | None = None
    for column in _columns(rows, taken):
        cells = [row[column] for row in rows if column in row and row[column].kind is CellKind.TEXT]
        known = sum(1 for cell in cells if _bare_name(cell.text) in names)
        if cells and not all(looks_like_value(cell) for cell in cells) and (best is None or known > best[0]):
            best = (known, column)
    return best[1] if best else None
