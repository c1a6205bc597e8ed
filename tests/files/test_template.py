"""The template as a file: exact numbers, protected but for its input, and never a formula."""

from __future__ import annotations

import csv
import io
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from allocapp.files.table import FORMULA_SIGNS, FileTable
from allocapp.files.template import ColumnKind, Template, TemplateColumn, guarded, write_csv, write_workbook
from allocapp.files.text import clean_cell
from tests.files.books import cells, part, table

STAMP = "allocapp-plan plan=7&version=3&cells=7960,"
COLUMNS = (
    TemplateColumn("Mã", ColumnKind.TEXT, 12),
    TemplateColumn("Đơn vị nhận chỉ tiêu", ColumnKind.TEXT, 34),
    TemplateColumn("Hồ sơ: Năm trước, %", ColumnKind.RATE, 14),
    TemplateColumn("Hồ sơ: Hồ sơ dự kiến", ColumnKind.COUNT, 14),
    TemplateColumn("Hồ sơ: Chỉ tiêu, % [dossiers]", ColumnKind.RATE, 18, filled_in=True),
    TemplateColumn("Ghi chú", ColumnKind.TEXT, 44),
)
INJECTIONS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "=HYPERLINK(\"http://192.0.2.1\")", "=cmd|' /C calc'!A0", "\t=1+1", "\r=1+1",
    "＝1+1", "'=1+1", " =1+1",
]  # fmt: skip


def template(*rows: tuple[str | int | None, ...]) -> Template:
    return Template(
        title="Phương án", hint="Chỉ nhập vào các cột màu vàng", sheet_name="Chỉ tiêu", refusal="Nhập số từ 0 đến 100",
        columns=COLUMNS, rows=rows, stamp=STAMP,
    )  # fmt: skip


ROWS: tuple[tuple[str | int | None, ...], ...] = (
    ("05971", "Phường Hoàng Văn Thụ", 2512, 12345, 7960, ""),
    ("05974", "Phường Tam Thanh", None, 0, None, "giữ cố định: chờ số liệu"),
)


def test_the_workbook_holds_real_numbers_with_exactly_their_digits() -> None:
    content = write_workbook(template(*ROWS))
    assert b"<v>79.6</v>" in part(content)
    assert b"<v>25.12</v>" in part(content)
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    assert [cell.value for cell in sheet[5]] == ["05971", "Phường Hoàng Văn Thụ", 25.12, 12345, 79.6, None]
    assert sheet["E5"].number_format == "General"
    assert sheet["A5"].data_type == "s"


def test_only_the_input_column_can_be_changed() -> None:
    workbook = load_workbook(io.BytesIO(write_workbook(template(*ROWS))))
    sheet, mark = workbook.worksheets
    assert sheet.protection.sheet
    assert {cell.column_letter for row in sheet.iter_rows() for cell in row if not cell.protection.locked} == {"E"}
    assert (mark.title, mark.sheet_state, mark.protection.sheet) == ("allocapp", "veryHidden", True)
    assert workbook.security.lockStructure
    assert sheet.freeze_panes == "C5"
    checks = sheet.data_validations.dataValidation
    assert [(str(check.sqref), check.type, check.formula2) for check in checks] == [("E5:E6", "decimal", "100")]


def test_the_stamp_comes_back_from_both_kinds_of_file() -> None:
    for content in (write_workbook(template(*ROWS)), write_csv(template(*ROWS))):
        assert table(content).stamp == STAMP


def test_csv_opens_in_excel_as_it_is() -> None:
    content = write_csv(template(*ROWS))
    assert content.startswith(b"\xef\xbb\xbf" + STAMP.encode())
    lines = content.decode("utf-8-sig").split("\r\n")
    assert lines[2] == "05971;Phường Hoàng Văn Thụ;25,12;12345;79,6;"


@pytest.mark.parametrize("text", INJECTIONS)
def test_no_text_becomes_a_formula(text: str) -> None:
    row: tuple[str | int | None, ...] = (text, text, None, 0, None, text)
    content = write_workbook(template(row))
    for xml in (part(content), part(content, "xl/worksheets/sheet2.xml")):
        assert b"<f>" not in xml
        assert b"<f " not in xml
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    for place in ("A5", "B5", "F5"):
        assert sheet[place].data_type == "s"
        assert sheet[place].value == text.strip()
        assert sheet[place].quotePrefix or not text.strip().startswith(tuple(FORMULA_SIGNS))
    written = list(csv.reader(io.StringIO(write_csv(template(row)).decode("utf-8-sig")), delimiter=";"))[2]
    assert all(not cell.startswith(tuple(FORMULA_SIGNS)) for cell in written)
    assert cells(table(write_csv(template(row))))["A3"] == ("text", clean_cell(guarded(text)))


@given(st.text(max_size=40))
def test_no_text_at_all_begins_a_formula_and_each_comes_back(text: str) -> None:
    held = guarded(text)
    assert not held.startswith(tuple(FORMULA_SIGNS))
    assert "\n" not in held
    if text == " ".join(text.split()) and text.isprintable():
        assert clean_cell(held) == unicodedata.normalize("NFC", text)


@given(st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 999_999_999), st.integers(0, 10_000)), max_size=4))
@settings(max_examples=3, deadline=None)
def test_numbers_come_back_as_they_went(numbers: list[tuple[int, int, int]]) -> None:
    rows: list[tuple[str | int | None, ...]] = [("178", "Xã", *each, "") for each in numbers]
    for content, first in ((write_workbook(template(*rows)), 5), (write_csv(template(*rows)), 3)):
        found: FileTable = table(content)
        held: dict[str, Any] = cells(found)
        for place, (baseline, weight, target) in enumerate(numbers, start=first):
            for column, number, digits in (("C", baseline, 2), ("D", weight, 0), ("E", target, 2)):
                kind, text = held[f"{column}{place}"]
                whole, _, decimals = text.replace(",", ".").partition(".")
                assert int(whole + decimals.ljust(digits, "0")) == number
                assert kind == ("text" if first == 3 else "number")
