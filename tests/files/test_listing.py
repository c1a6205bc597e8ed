"""A list as a workbook: what is written is read back, and nothing in it is a formula."""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO

from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from allocapp.clock import ZONE
from allocapp.files.listing import ListColumn, write_list

COLUMNS = [ListColumn("Khi nào", 20), ListColumn("=Lý do", 40)]
DANGEROUS = ("=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x")', "＝1", "\t=1", "\r=1", "  =1", "'=1")


def read_back(rows: list[list[str | datetime]]) -> list[list[object]]:
    sheet = load_workbook(BytesIO(write_list("Nhật ký", COLUMNS, iter(rows)))).active
    assert sheet is not None
    cells = [list(row) for row in sheet.iter_rows(min_row=2)]
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [[cell.value for cell in row] for row in cells]


def test_a_moment_stays_as_it_stands_on_the_offices_clock() -> None:
    at = datetime(2026, 3, 2, 17, 30, 5, tzinfo=UTC).astimezone(ZONE)
    assert read_back([[at, "Trình"]]) == [[datetime.fromisoformat("2026-03-03T00:30:05"), "Trình"]]


def test_no_text_becomes_a_formula() -> None:
    found = read_back([[text, text] for text in DANGEROUS])
    assert [row[0] for row in found] == [" ".join(text.split()) for text in DANGEROUS]


@settings(max_examples=25)
@given(st.lists(st.text(max_size=40), min_size=1, max_size=4))
def test_whatever_people_wrote_can_be_read(texts: list[str]) -> None:
    found = read_back([[text, "x"] for text in texts])
    assert len(found) == len(texts)
    assert all(isinstance(row[0], str | None) for row in found)


def test_an_empty_list_has_its_headings() -> None:
    assert read_back([]) == []
