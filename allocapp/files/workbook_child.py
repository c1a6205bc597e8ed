"""What a workbook's first sheet holds, found out in a process of its own: `python workbook_child.py`, XLSX on stdin.

It is run under limits (`allocapp.confinement`), imports nothing of the application, and looks at the archive's own
table of contents before it unpacks anything: 156 KB can unpack to 45 MB. Cells are read with openpyxl's read-only mode,
row by row; its other mode takes a gigabyte for one far cell. What that mode does not tell (which values a formula gave,
which cells a merged one covers) comes from a second look at the sheet's XML.

Out: one JSON object, either `{"refused": reason}` (a value of files.table.Refusal) or
`{"sheet": name, "others": [names], "stamp": text, "rows": [[[row, column, kind, text, formula], …], …]}`
with the kinds of files.table.CellKind; rows and cells that hold nothing are left out.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
import zipfile
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final
from xml.parsers import expat

if TYPE_CHECKING:
    from openpyxl.reader.excel import ExcelReader

# the same limits as files.table, which this program does not import; a test holds them together
MOST_ROWS: Final = 2_000
MOST_COLUMNS: Final = 100
LONGEST_CELL: Final = 32_767
# all text of one file; the largest template of ours has a quarter of a million characters
MOST_TEXT: Final = 4_000_000
# merged cells and formulas that are told apart; more of them are read as plain cells
MOST_MARKS: Final = 200_000
MOST_MERGED: Final = 1_000

MOST_PARTS: Final = 500
MOST_UNPACKED: Final = 60 * 1024 * 1024
# a table of numbers packs to a tenth; what packs to less than a hundredth was made to be unpacked
HIGHEST_RATIO: Final = 100
SMALL_ENOUGH: Final = 2 * 1024 * 1024

STAMP_SHEET: Final = "allocapp"

# what a number format says literally or about colour, width and locale; the rest are its placeholders
_LITERAL: Final = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_MERGED: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7}):([A-Z]{1,3})([0-9]{1,7})")

Cell = tuple[int, int, str, str, bool]
"""Row, column, kind, text, whether a formula gave it."""

Place = tuple[int, int]
"""Row and column."""

Area = tuple[int, int, int, int]
"""Top, left, bottom, right."""


class Refused(Exception):
    """The workbook is not read, for this reason."""


def main() -> int:
    """Read stdin, write the answer to stdout."""
    warnings.simplefilter("ignore")  # openpyxl's remarks on extensions that it leaves out
    try:
        answer = _read(sys.stdin.buffer.read())
    except Refused as refused:
        answer = {"refused": str(refused)}
    except MemoryError:
        answer = {"refused": "too_large"}
    json.dump(answer, sys.stdout)
    return 0


def _read(content: bytes) -> dict[str, object]:
    _check_archive(content)
    # loaded only once the archive has passed
    from openpyxl.reader.excel import ExcelReader

    reader = ExcelReader(BytesIO(content), read_only=True, data_only=True, keep_links=False)
    reader.read()
    parts = {sheet.name: rel.target for sheet, rel in reader.parser.find_sheets()}
    names = [sheet.title for sheet in reader.wb.worksheets if sheet.title != STAMP_SHEET]
    shown = [name for name in names if reader.wb[name].sheet_state == "visible"]
    if not shown:
        raise Refused("empty")
    rows: list[list[Cell]] = []
    chosen = shown[0]
    for name in shown:
        # a workbook's first sheet may be a blank one
        if rows := _sheet_rows(reader, name, parts[name]):
            chosen = name
            break
    if not rows:
        raise Refused("empty")
    others = [name[:100] for name in shown if name != chosen][:10]
    return {"sheet": chosen[:100], "others": others, "stamp": _stamp(reader), "rows": rows}


def _check_archive(content: bytes) -> None:
    """Refuse by the table of contents: what is no workbook, and what is far larger inside than outside.

    The sizes it states bind: the reader stops at them, and a part that is larger fails its checksum.
    """
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError):
        raise Refused("not_readable") from None
    names = {entry.filename for entry in entries}
    if any(entry.flag_bits & 1 for entry in entries):
        raise Refused("encrypted")
    unpacked = sum(entry.file_size for entry in entries)
    swollen = [entry for entry in entries if entry.file_size > SMALL_ENOUGH and _ratio(entry) > HIGHEST_RATIO]
    if len(entries) > MOST_PARTS or len(names) < len(entries) or unpacked > MOST_UNPACKED or swollen:
        raise Refused("blown_up")
    if "xl/workbook.bin" in names:
        raise Refused("binary_excel")
    if "mimetype" in names and "content.xml" in names:
        raise Refused("open_document")
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise Refused("not_a_table")


def _ratio(entry: zipfile.ZipInfo) -> float:
    return entry.file_size / max(entry.compress_size, 1)


def _sheet_rows(reader: ExcelReader, name: str, part: str) -> list[list[Cell]]:
    """The rows that hold anything. One far cell costs nothing; too many rows or too much text are refused."""
    formulas, merged = _Marks(reader.archive, part).read()
    sheet = reader.wb[name]
    sheet.reset_dimensions()  # what the file says of its own size is often wrong
    rows: list[list[Cell]] = []
    length = 0
    gap: Sequence[Any] | None = None
    for number, row in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        if row is gap:
            continue  # rows that the file leaves out are one and the same object: a million of them cost little
        found = _row_cells(number, row, formulas, merged)
        gap = row if not found else None
        if all(kind == "merged" for _row, _column, kind, _text, _formula in found):
            continue
        rows.append(found)
        length += sum(len(text) for _row, _column, _kind, text, _formula in found)
        if len(rows) > MOST_ROWS:
            raise Refused("too_many_rows")
        if length > MOST_TEXT:
            raise Refused("too_large")
    return rows


def _row_cells(number: int, row: Sequence[Any], formulas: set[Place], merged: list[Area]) -> list[Cell]:
    if all(cell.value is None for cell in row) and not any(
        (number, column) in formulas for column in range(1, len(row) + 1)
    ):
        return []  # most of a large empty sheet
    around = [area for area in merged if area[0] <= number <= area[2]]
    cells: list[Cell] = []
    for column, cell in enumerate(row, start=1):
        kind, text = _content(cell)
        formula = (number, column) in formulas
        if kind == "empty" and formula:
            kind = "uncalculated"
        elif kind == "empty" and any(_covers(area, number, column) for area in around):
            kind = "merged"
        if kind != "empty":
            cells.append((number, column, kind, text[:LONGEST_CELL], formula))
    return cells


def _content(cell: Any) -> tuple[str, str]:
    value = cell.value
    if value is None or value == "":
        return "empty", ""
    if isinstance(value, bool):
        return "boolean", "TRUE" if value else "FALSE"
    if cell.data_type == "e":
        return "error", str(value)
    if isinstance(value, datetime | date | time | timedelta):
        return "date", format(value, "%d/%m/%Y") if isinstance(value, date) else str(value)
    if isinstance(value, int | float):
        return "percent" if _is_percentage(cell.number_format) else "number", number_text(value)
    return "text", str(value)


def number_text(value: float) -> str:
    """A stored number as the decimal that the person sees.

    A workbook keeps binary fractions but promises 15 significant digits, and shows and compares no more: 79.6 stands in
    the file as 79.599999999999994. Every decimal of up to 15 digits comes back exactly as it was typed.
    """
    return str(value) if isinstance(value, int) else format(value, ".15g")


def _is_percentage(number_format: str) -> bool:
    return "%" in _LITERAL.sub("", number_format.partition(";")[0])


def _covers(area: Area, row: int, column: int) -> bool:
    top, left, bottom, right = area
    return top <= row <= bottom and left <= column <= right and (row, column) != (top, left)


def _stamp(reader: ExcelReader) -> str:
    """The mark of a template of ours: the first cell of its hidden sheet."""
    if STAMP_SHEET not in reader.wb.sheetnames:
        return ""
    for row in reader.wb[STAMP_SHEET].iter_rows(max_row=1, max_col=1, values_only=True):
        return str(row[0] or "")[:LONGEST_CELL] if row else ""
    return ""


class _Marks:
    """Where the formulas of a sheet stand, and which areas are merged: (top, left, bottom, right)."""

    def __init__(self, archive: zipfile.ZipFile, part: str) -> None:
        self.archive, self.part = archive, part
        self.formulas: set[Place] = set()
        self.merged: list[Area] = []
        self.row = self.column = 0

    def read(self) -> tuple[set[Place], list[Area]]:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        with self.archive.open(self.part) as source:
            parser.ParseFile(source)
        return self.formulas, self.merged

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        tag = name.rpartition(" ")[2]
        if tag == "row":
            self.row, self.column = int(attributes.get("r") or self.row + 1), 0
        elif tag == "c":
            self.column = _place(attributes["r"])[1] if "r" in attributes else self.column + 1
        elif tag == "f" and len(self.formulas) < MOST_MARKS:
            self.formulas.add((self.row, self.column))
        elif tag == "mergeCell" and len(self.merged) < MOST_MERGED and (found := _MERGED.fullmatch(attributes["ref"])):
            left, top, right, bottom = found.groups()
            self.merged.append((int(top), _column(left), int(bottom), _column(right)))


def _place(reference: str) -> tuple[int, int]:
    letters = reference.rstrip("0123456789")
    return int(reference[len(letters) :] or 0), _column(letters)


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


if __name__ == "__main__":
    sys.exit(main())
