"""CSV files and pasted blocks read into a table of plain cells, whatever their encoding and separator.

Nothing is guessed at the cost of a figure: a text that is no known Unicode encoding is refused, and a block whose
quotes do not close is read line by line instead of swallowing the lines that follow.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Final

from allocapp.files.table import (
    FORMULA_SIGNS,
    LONGEST_CELL,
    MOST_COLUMNS,
    MOST_ROWS,
    CellKind,
    FileCell,
    FileTable,
    Refusal,
    Source,
)

STAMP_MARK: Final = "allocapp-plan "

_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
# "79,6" is one rate; "185,79", "185,79.6" and "a,b" are two cells
_LONE_RATE: Final = re.compile(r"\s*(?:100|[0-9]{1,2})(?:,[0-9]{1,2})?\s*%?\s*")
# the apostrophe that kept a text from being a formula; see files.template
_PREFIXED: Final = re.compile(f"'(?=[{re.escape(FORMULA_SIGNS)}'])")
_BLANKS: Final = " \u00a0\t\r\n\ufeff"
_LINE_ENDS: Final = str.maketrans({"\u2028": "\n", "\u2029": "\n"})


def read_csv(content: bytes) -> FileTable | Refusal:
    """A CSV file: UTF-8 or UTF-16, separated by semicolons, commas or tabs."""
    text = decode(content)
    return text if isinstance(text, Refusal) else _read(text, Source.CSV)


def read_text(text: str) -> FileTable | Refusal:
    """A block of cells as it was pasted: rows by lines, columns by tabs (or semicolons, or commas)."""
    return _read(text, Source.TEXT)


def decode(content: bytes) -> str | Refusal:
    """The text behind the bytes: by its byte order mark, else as UTF-8, the only encoding that proves itself."""
    encoding, start = next(((name, len(bom)) for bom, name in _BOMS if content.startswith(bom)), ("utf-8", 0))
    try:
        text = content[start:].decode(encoding)
    except UnicodeDecodeError:
        return Refusal.ENCODING
    return Refusal.NOT_A_TABLE if "\0" in text else text


def _read(text: str, source: Source) -> FileTable | Refusal:
    text = unicodedata.normalize("NFC", text.translate(_LINE_ENDS))
    separator = ""
    if text[:5].lower() in ("sep=;", "sep=,", "sep=\t"):
        # Excel's own first line, which says what separates
        separator, text = text[4], text[5:].lstrip("\r").removeprefix("\n")
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        return Refusal.EMPTY
    if len(lines) > MOST_ROWS * 2:
        return Refusal.TOO_MANY_ROWS
    cells = _cells(text, separator or _separator(lines))
    if isinstance(cells, Refusal):
        return cells
    stamp = ""
    if cells and cells[0] and cells[0][0].startswith(STAMP_MARK):
        stamp, cells[0] = cells[0][0], []
    rows = tuple(row for row in _numbered(cells) if row)
    if not rows:
        return Refusal.EMPTY
    if len(rows) > MOST_ROWS:
        return Refusal.TOO_MANY_ROWS
    return FileTable(source, rows, last_row=len(cells) if source is Source.TEXT else rows[-1][0].row, stamp=stamp)


def _separator(lines: Sequence[str]) -> str:
    """Tabs are what Excel copies, semicolons what it saves where the comma is the decimal mark."""
    for separator in ("\t", ";"):
        if any(separator in line for line in lines):
            return separator
    filled = [line for line in lines if line.strip()]
    lone = sum(1 for line in filled if _LONE_RATE.fullmatch(line))
    return "," if lone * 2 < len(filled) else "\t"


def _cells(text: str, separator: str) -> list[list[str]] | Refusal:
    try:
        return _parsed(text, separator, quoted=True)
    except csv.Error:
        # quotes that do not close: take every line for itself
        try:
            return _parsed(text, separator, quoted=False)
        except csv.Error:
            # without quotes only the reader's limit for one cell is left to fail
            return Refusal.CELL_TOO_LONG


def _parsed(text: str, separator: str, *, quoted: bool) -> list[list[str]]:
    lines = io.StringIO(text, newline="")
    if quoted:
        reader = csv.reader(lines, delimiter=separator, strict=True)
    else:
        reader = csv.reader(lines, delimiter=separator, quoting=csv.QUOTE_NONE, strict=True)
    return [row[:MOST_COLUMNS] for row in reader]


def _numbered(cells: Iterable[Sequence[str]]) -> Iterable[tuple[FileCell, ...]]:
    for number, row in enumerate(cells, start=1):
        yield tuple(
            FileCell(number, column, CellKind.TEXT, cleaned)
            for column, text in enumerate(row, start=1)
            if (cleaned := clean_cell(text))
        )


def clean_cell(text: str) -> str:
    """A cell's text without blanks around it, and without the mark that kept it from being a formula."""
    return _PREFIXED.sub("", text.strip(_BLANKS)[:LONGEST_CELL], count=1)
