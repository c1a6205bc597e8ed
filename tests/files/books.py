"""Workbooks made for tests, as people and as attackers make them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook

from allocapp.files.table import FileTable, Refusal
from allocapp.files.upload import read_upload


def book(rows: Sequence[Any], change: Callable[[Any], None] | None = None) -> bytes:
    """A workbook of one sheet with these rows (each a list of values); ``change`` has the last word on the sheet."""
    workbook = Workbook()
    sheet = workbook.active
    for row in rows:
        sheet.append(list(row))
    if change is not None:
        change(sheet)
    return saved(workbook)


def saved(workbook: Any) -> bytes:
    """The workbook as a file."""
    output = io.BytesIO()
    workbook.save(output)
    return output.getvalue()


def repacked(content: bytes, parts: Mapping[str, bytes]) -> bytes:
    """The archive with some parts replaced or added."""
    output = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            if entry.filename not in parts:
                new.writestr(entry.filename, old.read(entry.filename))
        for name, part in parts.items():
            new.writestr(name, part)
    return output.getvalue()


def part(content: bytes, name: str = "xl/worksheets/sheet1.xml") -> bytes:
    """One part of the archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)


def archive(parts: Mapping[str, bytes]) -> bytes:
    """A ZIP archive of these parts."""
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as new:
        for name, text in parts.items():
            new.writestr(name, text)
    return output.getvalue()


def table(content: bytes) -> FileTable:
    """The rows of a file that can be read."""
    found = read_upload(content)
    assert not isinstance(found, Refusal), found
    return found


def cells(found: FileTable) -> dict[str, tuple[str, str]]:
    """Kind and text by reference."""
    return {cell.reference: (cell.kind.value, cell.text) for row in found.rows for cell in row}
