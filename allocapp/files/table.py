"""What a file or a pasted block is once it has been read: rows of cells that remember where they stood."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# 300 receivers are the largest plan; a list with headings, groups and totals stays far below
MOST_ROWS: Final = 2_000
MOST_COLUMNS: Final = 100
# characters of one cell: Excel's own limit is as large, and the template's stamp needs it
LONGEST_CELL: Final = 32_767
# what spreadsheets take for the beginning of a formula, in half and full width
FORMULA_SIGNS: Final = "=+-@\t\r＝＋－＠"
# columns to the right of all that Excel has are named like the last one it has
_LAST_COLUMN: Final = 16_384


class CellKind(StrEnum):
    """What stands in a cell. A number comes as decimal text, so that nothing exact is lost on the way."""

    EMPTY = "empty"
    TEXT = "text"
    NUMBER = "number"
    PERCENT = "percent"  # a number shown as a percentage: 0.8 is 80%
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"  # #N/A, #DIV/0! …
    UNCALCULATED = "uncalculated"  # a formula without a stored result
    MERGED = "merged"  # covered by a merged cell that begins elsewhere


class Source(StrEnum):
    """Where the rows come from."""

    WORKBOOK = "workbook"
    CSV = "csv"
    TEXT = "text"  # a pasted block


class Refusal(StrEnum):
    """Why nothing of a file or text can be read."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    TOO_MANY_ROWS = "too_many_rows"
    BLOWN_UP = "blown_up"  # a zip bomb: far larger unpacked than any table
    TOOK_TOO_LONG = "took_too_long"
    ENCRYPTED = "encrypted"
    OLD_EXCEL = "old_excel"  # .xls
    BINARY_EXCEL = "binary_excel"  # .xlsb
    OPEN_DOCUMENT = "open_document"  # .ods
    NOT_A_TABLE = "not_a_table"
    NOT_READABLE = "not_readable"
    CELL_TOO_LONG = "cell_too_long"  # far more characters in one cell of a text than any table has
    ENCODING = "encoding"


@dataclass(frozen=True, slots=True)
class FileCell:
    """A cell: its place (both count from 1), what it holds, and whether a formula gave it."""

    row: int
    column: int
    kind: CellKind
    text: str
    formula: bool = False

    @property
    def reference(self) -> str:
        """Its name in a spreadsheet: `D7`."""
        return f"{column_letters(self.column)}{self.row}"


@dataclass(frozen=True)
class FileTable:
    """The rows that hold anything, in their order; in each the cells that hold anything, by column.

    ``last_row`` counts the lines of a text, blank ones at its end included, because a blank line is a receiver without
    a number there; elsewhere it is the last row that holds anything. ``stamp`` is the mark of a template of ours, as
    text. ``sheet`` and ``other_sheets`` name what was and what was not read of a workbook.
    """

    source: Source
    rows: tuple[tuple[FileCell, ...], ...]
    last_row: int
    stamp: str = ""
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()


def column_letters(column: int) -> str:
    """The name of a column that counts from 1: 1 is `A`, 28 is `AB`."""
    letters, rest = "", min(column, _LAST_COLUMN)
    while rest:
        rest, place = divmod(rest - 1, 26)
        letters = chr(ord("A") + place) + letters
    return letters
