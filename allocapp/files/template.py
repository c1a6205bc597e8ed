"""A template to be filled in: a plan's rows as an XLSX or CSV file that knows which plan and version it was made from.

Nothing in it can become a formula: texts are written as text cells, marked as such for who edits them, and in CSV,
which knows no kinds of cells, a text that begins like a formula gets an apostrophe in front, as OWASP advises.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from allocapp.files.table import FORMULA_SIGNS, LONGEST_CELL, column_letters
from allocapp.rules.percent import MAX_COUNT, format_points

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.styles import Border
    from openpyxl.worksheet.worksheet import Worksheet

STAMP_SHEET: Final = "allocapp"

# control characters, lone surrogates and the two that XML forbids
_UNPRINTABLE: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_HEAD_ROW: Final = 4
_LINE_HEIGHT: Final = 15  # points
_FACE: Final = "Calibri"
_INPUT_FILL: Final = "FFF8DC"
_HEAD_FILL: Final = "E8EEF4"


class ColumnKind(StrEnum):
    """What a column of the template holds: rates are hundredths of a per cent, shown as 79.6."""

    TEXT = "text"
    RATE = "rate"
    COUNT = "count"


@dataclass(frozen=True)
class TemplateColumn:
    """A column: its heading, its kind, its width in characters, and whether it is to be filled in."""

    heading: str
    kind: ColumnKind
    width: int
    filled_in: bool = False


@dataclass(frozen=True)
class Template:
    """The whole file. Rows hold a text, a rate in hundredths, a count, or None, column by column.

    ``stamp`` is the mark by which the file is known when it comes back; ``refusal`` is what Excel says to a number out
    of range.
    """

    title: str
    hint: str
    sheet_name: str
    refusal: str
    columns: tuple[TemplateColumn, ...]
    rows: tuple[tuple[str | int | None, ...], ...]
    stamp: str


def write_csv(template: Template) -> bytes:
    """The template as CSV for Excel: UTF-8 with its mark, semicolons, decimal commas. The stamp is the first line."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow([template.stamp])
    writer.writerow([guarded(column.heading) for column in template.columns])
    for row in template.rows:
        writer.writerow([_csv_text(value, column.kind) for value, column in zip(row, template.columns, strict=True)])
    return text.getvalue().encode("utf-8-sig")


def guarded(text: str) -> str:
    """A text for a CSV cell that no spreadsheet takes for a formula. Reading takes the apostrophe off again."""
    text = _clean(text)
    return f"'{text}" if text.startswith((*FORMULA_SIGNS, "'")) else text


def write_workbook(template: Template) -> bytes:
    """The template as XLSX: protected but for the columns to be filled in, with real numbers and text cells."""
    from openpyxl import Workbook
    from openpyxl.workbook.protection import WorkbookProtection

    book = Workbook()
    sheet = book.active
    sheet.title = template.sheet_name
    _write_head(sheet, template)
    for number, row in enumerate(template.rows, start=_HEAD_ROW + 1):
        for place, (value, column) in enumerate(zip(row, template.columns, strict=True), start=1):
            _write_value(sheet.cell(number, place), value, column)
    _check_input(sheet, template)
    _lay_out(sheet, template)
    mark = book.create_sheet(STAMP_SHEET)
    write_text(mark.cell(1, 1), template.stamp)
    mark.sheet_state = "veryHidden"
    mark.protection.sheet = True
    book.security = WorkbookProtection(lockStructure=True)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()


def _write_head(sheet: Worksheet, template: Template) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill

    write_text(sheet.cell(1, 1), template.title)
    sheet.cell(1, 1).font = Font(name=_FACE, bold=True, size=14)
    write_text(sheet.cell(2, 1), template.hint)
    for place, column in enumerate(template.columns, start=1):
        cell = sheet.cell(_HEAD_ROW, place)
        write_text(cell, column.heading)
        cell.font = Font(name=_FACE, bold=True)
        cell.fill = PatternFill("solid", fgColor=_INPUT_FILL if column.filled_in else _HEAD_FILL)
        cell.border = _border()
        text = column.kind is ColumnKind.TEXT
        horizontal = "left" if text else "right"
        cell.alignment = Alignment(wrap_text=True, vertical="bottom", horizontal=horizontal, indent=1 if text else 0)


def _write_value(cell: Cell, value: str | int | None, column: TemplateColumn) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill, Protection

    text = column.kind is ColumnKind.TEXT
    cell.alignment = Alignment(
        wrap_text=text, vertical="top", horizontal="left" if text else "right", indent=1 if text else 0
    )
    if isinstance(value, str):
        write_text(cell, value)
    elif value is not None:
        _write_number(cell, format_points(value, ".") if column.kind is ColumnKind.RATE else str(value))
    if column.kind is ColumnKind.COUNT:
        cell.number_format = "#,##0"
    cell.border = _border()
    if column.filled_in:
        cell.protection = Protection(locked=False)
        cell.fill = PatternFill("solid", fgColor=_INPUT_FILL)
        cell.font = Font(name=_FACE, bold=True)


def write_text(cell: Cell, text: str) -> None:
    """A text cell, whatever it begins with; the quote prefix keeps it one when somebody edits it."""
    if clean := _clean(text):
        cell.value = clean
        cell.data_type = "s"
        cell.quotePrefix = clean.startswith(tuple(FORMULA_SIGNS))


def _write_number(cell: Cell, digits: str) -> None:
    """A number cell with exactly these digits: the library would write 79.6 as 79.59999999999999."""
    cell.value = digits
    cell.data_type = "n"


def _check_input(sheet: Worksheet, template: Template) -> None:
    """Excel's own check of what is typed; what is pasted passes it by and is checked on coming back."""
    from openpyxl.worksheet.datavalidation import DataValidation

    last = _HEAD_ROW + max(len(template.rows), 1)
    for place, column in enumerate(template.columns, start=1):
        if not column.filled_in:
            continue
        rate = column.kind is ColumnKind.RATE
        check = DataValidation(
            type="decimal" if rate else "whole",
            operator="between",
            formula1="0",
            formula2="100" if rate else str(MAX_COUNT),
            allow_blank=True,
            error=template.refusal,
            showErrorMessage=True,
        )
        letters = column_letters(place)
        check.add(f"{letters}{_HEAD_ROW + 1}:{letters}{last}")
        sheet.add_data_validation(check)


def _lay_out(sheet: Worksheet, template: Template) -> None:
    for place, column in enumerate(template.columns, start=1):
        sheet.column_dimensions[column_letters(place)].width = column.width
    sheet.row_dimensions[_HEAD_ROW].height = 4 * _LINE_HEIGHT
    for number, row in enumerate(template.rows, start=_HEAD_ROW + 1):
        lines = max(
            -(-len(value) // (column.width - 3)) if isinstance(value, str) else 1
            for value, column in zip(row, template.columns, strict=True)
        )
        # said for every row: not every program works the height of wrapped texts out by itself
        sheet.row_dimensions[number].height = max(lines, 1) * _LINE_HEIGHT
    texts = [place for place, column in enumerate(template.columns[:2], start=1) if column.kind is ColumnKind.TEXT]
    sheet.freeze_panes = f"{column_letters(len(texts) + 1)}{_HEAD_ROW + 1}"
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False  # columns may be widened
    sheet.protection.formatRows = False
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = sheet.PAPERSIZE_A4
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{_HEAD_ROW}:{_HEAD_ROW}"


def _csv_text(value: str | int | None, kind: ColumnKind) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return guarded(value)
    return format_points(value) if kind is ColumnKind.RATE else str(value)


def _clean(text: str) -> str:
    """NFC, on one line, without the control characters that XML cannot hold."""
    tidy = " ".join(unicodedata.normalize("NFC", text).split())
    return _UNPRINTABLE.sub("", tidy)[:LONGEST_CELL]


@lru_cache(maxsize=1)
def _border() -> Border:
    from openpyxl.styles import Border, Side

    thin = Side(style="thin", color="B8C4CE")
    return Border(left=thin, right=thin, top=thin, bottom=thin)
