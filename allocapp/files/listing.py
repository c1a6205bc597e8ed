"""A list as a workbook: headings, texts and moments, row after row, written as it is read. No cell is a formula."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from allocapp.files.table import column_letters
from allocapp.files.template import write_text


@dataclass(frozen=True)
class ListColumn:
    """A column: its heading, and its width in characters."""

    heading: str
    width: int


def write_list(sheet_name: str, columns: Sequence[ListColumn], rows: Iterable[Sequence[str | datetime]]) -> bytes:
    """The list as XLSX. Moments are written as they stand, without zone.

    Texts are text cells whatever they begin with, so that nobody's words are carried out. openpyxl writes each row to
    the disk at once: however long the list is, memory holds a row of it, and at the end the packed file.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    book = Workbook(write_only=True)
    sheet = book.create_sheet(sheet_name)
    sheet.freeze_panes = "A2"
    for place, column in enumerate(columns, start=1):
        sheet.column_dimensions[column_letters(place)].width = column.width
    headings = [WriteOnlyCell(sheet) for _column in columns]
    for cell, column in zip(headings, columns, strict=True):
        write_text(cell, column.heading)
        cell.font = Font(bold=True)
    sheet.append(headings)
    for row in rows:
        cells = [WriteOnlyCell(sheet) for _value in row]
        for cell, value in zip(cells, row, strict=True):
            if isinstance(value, datetime):
                cell.value = value.replace(tzinfo=None)
                cell.number_format = "dd/mm/yyyy hh:mm:ss"
            else:
                write_text(cell, value)
        sheet.append(cells)
    output = io.BytesIO()
    book.save(output)
    return output.getvalue()
