"""Workbooks of every kind: what stands in them comes back exactly, and what would harm is refused in seconds."""

from __future__ import annotations

import io
import json
import resource
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from allocapp.confinement import Limits
from allocapp.files import table as limits_of_tables
from allocapp.files import workbook_child
from allocapp.files.table import MOST_ROWS, CellKind, Refusal
from allocapp.files.upload import LARGEST_UPLOAD, read_upload
from allocapp.files.workbook import LIMITS, read_workbook
from tests.files.books import archive, book, cells, part, repacked, saved, table


@contextmanager
def children_busy_for_at_most(seconds: float) -> Iterator[None]:
    """Processor time of the programs started, which a busy machine does not change."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    yield
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < seconds


TABLE = [["Mã", "Chỉ tiêu"], ["05971", 79.6], ["05974", 80]]


def test_a_table_comes_back_with_its_places() -> None:
    found = table(book(TABLE))
    assert cells(found) == {
        "A1": ("text", "Mã"),
        "B1": ("text", "Chỉ tiêu"),
        "A2": ("text", "05971"),
        "B2": ("number", "79.6"),
        "A3": ("text", "05974"),
        "B3": ("number", "80"),
    }
    assert (found.last_row, found.stamp, found.other_sheets) == (3, "", ())


@given(st.decimals(0, 100, places=2))
@settings(max_examples=300, deadline=None)
def test_every_rate_of_two_decimals_survives_as_a_binary_fraction(rate: Any) -> None:
    for stored in (float(rate), float(format(float(rate), ".16g")), float(format(float(rate), ".17g"))):
        assert rate == type(rate)(workbook_child.number_text(stored))


def test_percent_formats_dates_booleans_errors_and_formulas_are_told_apart() -> None:
    def change(sheet: Any) -> None:
        sheet["A1"], sheet["A1"].number_format = 0.8, "0%"
        sheet["A2"], sheet["A2"].number_format = 0.796, '0.0%;[Red]"%"0'
        sheet["A3"], sheet["A3"].number_format = 80, '0.0" %"'
        sheet["A4"] = datetime(2022, 5, 12)  # noqa: DTZ001 -- workbooks know no time zones
        sheet["A5"] = date(2022, 5, 12)
        sheet["A6"] = True
        sheet["A7"] = "#DIV/0!"
        sheet["A8"] = "=1+1"
        sheet["A9"] = "  79,6 %"

    found = cells(table(book([], change)))
    assert found == {
        "A1": ("percent", "0.8"),
        "A2": ("percent", "0.796"),
        "A3": ("number", "80"),
        "A4": ("date", "12/05/2022"),
        "A5": ("date", "12/05/2022"),
        "A6": ("boolean", "TRUE"),
        "A7": ("error", "#DIV/0!"),
        "A8": ("uncalculated", ""),
        "A9": ("text", "  79,6 %"),
    }


def test_the_stored_result_of_a_formula_is_read_and_said_to_be_one() -> None:
    content = book([["=1+1", 5]])
    sheet = part(content).replace(b"<f>1+1</f><v></v>", b"<f>1+1</f><v>79.599999999999994</v>")
    assert b"79.599999999999994" in sheet
    found = table(repacked(content, {"xl/worksheets/sheet1.xml": sheet}))
    first, second = found.rows[0]
    assert (first.kind, first.text, first.formula) == (CellKind.NUMBER, "79.6", True)
    assert (second.text, second.formula) == ("5", False)


def test_merged_cells_are_named_where_they_cover() -> None:
    found = table(book([["178", 80], ["179", None], [None, 70]], lambda sheet: sheet.merge_cells("B1:B2")))
    assert cells(found)["B2"] == ("merged", "")
    assert "A3" not in cells(found)
    code = table(book([["178", 80], [None, 70]], lambda sheet: sheet.merge_cells("A1:A2")))
    assert cells(code)["A2"] == ("merged", "")


def test_a_cell_far_out_costs_neither_time_nor_memory() -> None:
    with children_busy_for_at_most(4):
        found = table(book(TABLE, lambda sheet: sheet.__setitem__("XFD1048576", 1)))
        low = table(book(TABLE, lambda sheet: sheet.__setitem__("A1048576", 1)))
    assert len(found.rows) == 3
    assert (len(low.rows), low.last_row) == (4, 1_048_576)


def test_the_first_sheet_that_shows_anything_is_read() -> None:
    workbook = Workbook()
    workbook.create_sheet("Hidden").append(["hidden"])
    workbook["Hidden"].sheet_state = "hidden"
    workbook.create_sheet("Số liệu").append(["178", 80])
    workbook.create_sheet("Khác").append(["179", 80])
    found = table(saved(workbook))
    assert (found.sheet, found.other_sheets) == ("Số liệu", ("Sheet", "Khác"))
    assert cells(found)["A1"] == ("text", "178")


def test_a_hundred_thousand_rows_are_refused_in_seconds() -> None:
    row = '<row r="{0}"><c r="A{0}"><v>{0}</v></c><c r="B{0}"><v>80</v></c></row>'
    rows = "".join(row.format(number) for number in range(1, 100_001)).encode()
    sheet = part(book(TABLE))
    head, _, tail = sheet.partition(b"<sheetData>")
    tail = tail.partition(b"</sheetData>")[2]
    whole = head + b"<sheetData>" + rows + b"</sheetData>" + tail
    content = repacked(book(TABLE), {"xl/worksheets/sheet1.xml": whole})
    assert len(content) < LARGEST_UPLOAD
    with children_busy_for_at_most(4):
        assert read_upload(content) is Refusal.TOO_MANY_ROWS


def test_as_many_rows_as_may_be_are_read() -> None:
    assert len(table(book([[number, 80] for number in range(MOST_ROWS)])).rows) == MOST_ROWS
    assert read_upload(book([[number, 80] for number in range(MOST_ROWS + 1)])) is Refusal.TOO_MANY_ROWS


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    """50 MB of zeros in 50 KB, as a sheet and as a part that nobody would look at."""
    zeros = b"0" * (50 * 1024 * 1024)
    for name in ("xl/worksheets/sheet1.xml", "xl/media/picture.png"):
        content = repacked(book(TABLE), {name: zeros})
        assert len(content) < 100_000
        with children_busy_for_at_most(1):
            assert read_upload(content) is Refusal.BLOWN_UP


def test_an_archive_that_lies_about_its_sizes_is_refused() -> None:
    content = repacked(book(TABLE), {"xl/worksheets/sheet1.xml": b"0" * (50 * 1024 * 1024)})
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        size = old.getinfo("xl/worksheets/sheet1.xml").file_size
    lying = content.replace(struct.pack("<L", size), struct.pack("<L", 1000))
    assert lying != content
    assert read_upload(lying) is Refusal.NOT_READABLE


def test_many_parts_and_parts_of_one_name_are_refused() -> None:
    assert read_upload(repacked(book(TABLE), {f"xl/{n}": b"" for n in range(600)})) is Refusal.BLOWN_UP


def test_what_unpacks_to_a_hostile_document_is_given_up() -> None:
    """Entities that grow tenfold at each of twelve levels, and a row whose cells never end."""
    content = book(TABLE)
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10 if n else "0" * 10}">' for n in range(12))
    laughs = f'<?xml version="1.0"?><!DOCTYPE x [{entities}]><worksheet>&e11;</worksheet>'.encode()
    assert read_upload(repacked(content, {"xl/worksheets/sheet1.xml": laughs})) in (
        Refusal.NOT_READABLE,
        Refusal.TOO_LARGE,
        Refusal.TOOK_TOO_LONG,
    )
    far = part(content).replace(b'<row r="3">', b'<row r="999999999999">')
    impatient = Limits(seconds=4, cpu_seconds=2, memory=LIMITS.memory)
    with children_busy_for_at_most(3):
        assert read_workbook(repacked(content, {"xl/worksheets/sheet1.xml": far}), impatient) is Refusal.TOOK_TOO_LONG


def test_memory_is_bounded() -> None:
    """A workbook that needs more than the child may have is refused, and the child says so itself."""
    strings = b"".join(b"<si><t>%d</t></si>" % n for n in range(250_000))
    shared = b'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">' + strings + b"</sst>"
    content = book(TABLE)
    kinds = part(content, "[Content_Types].xml").replace(
        b"</Types>",
        b'<Override PartName="/xl/sharedStrings.xml" '
        b'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>',
    )
    heavy = repacked(content, {"xl/sharedStrings.xml": shared, "[Content_Types].xml": kinds})
    tight = Limits(seconds=20, cpu_seconds=8, memory=50 * 1024 * 1024)
    assert read_workbook(heavy, tight) is Refusal.TOO_LARGE


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"", Refusal.EMPTY),
        (b" \r\n", Refusal.EMPTY),
        (b"x" * (LARGEST_UPLOAD + 1), Refusal.TOO_LARGE),
        (b"PK\x03\x04 and no more", Refusal.NOT_READABLE),
        (book(TABLE)[:2000], Refusal.NOT_READABLE),
        (archive({"word/document.xml": b"<w/>", "[Content_Types].xml": b"<Types/>"}), Refusal.NOT_A_TABLE),
        (archive({"notes.txt": b"79,6"}), Refusal.NOT_A_TABLE),
        (archive({"mimetype": b"x", "content.xml": b"<office/>"}), Refusal.OPEN_DOCUMENT),
        (archive({"xl/workbook.bin": b"", "[Content_Types].xml": b"<Types/>"}), Refusal.BINARY_EXCEL),
        (archive({"xl/workbook.xml": b"<workbook/>", "[Content_Types].xml": b"<Types/>"}), Refusal.NOT_READABLE),
        (repacked(book(TABLE), {"xl/worksheets/sheet1.xml": b"<worksheet><sheetData><row>"}), Refusal.NOT_READABLE),
        (book([]), Refusal.EMPTY),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, Refusal.OLD_EXCEL),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600 + "EncryptedPackage".encode("utf-16-le"),
            Refusal.ENCRYPTED,
        ),
        (b"%PDF-1.7 and so on", Refusal.NOT_A_TABLE),
        (b"<html><table><tr><td>79,6</table>", Refusal.NOT_A_TABLE),
        (b"\x89PNG\r\n\x1a\n\0\0", Refusal.ENCODING),
        (b"178;80\0", Refusal.NOT_A_TABLE),
    ],
    ids=[
        "empty", "blank", "too large", "torn head", "torn tail", "text document", "archive", "open document", "binary",
        "no parts", "torn sheet", "blank sheet", "old Excel", "encrypted", "PDF", "web page", "picture", "zero byte",
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused_with_its_reason(content: bytes, refusal: Refusal) -> None:
    assert read_upload(content) is refusal


def test_an_encrypted_archive_is_told_as_such() -> None:
    content = bytearray(book(TABLE))
    start = 0
    while (start := content.find(b"PK\x01\x02", start)) >= 0:
        content[start + 8] |= 1
        start += 4
    assert read_upload(bytes(content)) is Refusal.ENCRYPTED


@given(st.binary(max_size=400))
@settings(max_examples=8, deadline=None)
def test_no_bytes_make_the_reader_raise(tail: bytes) -> None:
    read_upload(tail)
    read_upload(b"PK\x03\x04" + tail)


def test_the_child_keeps_the_limits_that_the_parent_speaks_of() -> None:
    assert workbook_child.MOST_ROWS == limits_of_tables.MOST_ROWS
    assert workbook_child.MOST_COLUMNS == limits_of_tables.MOST_COLUMNS
    assert workbook_child.LONGEST_CELL == limits_of_tables.LONGEST_CELL
    words = Path(workbook_child.__file__).read_text()
    refused = [line.split('Refused("')[1].split('"')[0] for line in words.splitlines() if 'Refused("' in line]
    assert refused
    assert {Refusal(word) for word in [*refused, json.loads('{"refused": "too_large"}')["refused"]]}
