"""CSV and pasted blocks: every encoding and separator that Excel writes, and nothing that swallows a figure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocapp.files.table import LONGEST_CELL, MOST_COLUMNS, MOST_ROWS, FileTable, Refusal, Source, column_letters
from allocapp.files.text import STAMP_MARK, clean_cell, read_csv, read_text
from tests.files.books import cells, table

LINES = "Mã;Tên;Chỉ tiêu\r\n05971;Phường Hoàng Văn Thụ;79,6\r\n05974;Phường Tam Thanh;80\r\n"


def texts(found: FileTable | Refusal) -> list[list[str]]:
    assert not isinstance(found, Refusal), found
    return [[cell.text for cell in row] for row in found.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_every_encoding_and_separator_of_excel(encoding: str, separator: str) -> None:
    text = LINES.replace(";", separator)
    if separator == ",":
        text = text.replace("79,6", '"79,6"')
    found = table(text.encode(encoding))
    assert found.source is Source.CSV
    assert cells(found)["B2"] == ("text", "Phường Hoàng Văn Thụ")
    assert cells(found)["C2"] == ("text", "79,6")
    assert len(found.rows) == 3


def test_the_line_that_says_what_separates_is_obeyed() -> None:
    assert texts(read_csv(b"sep=;\r\n178;79,6\r\n")) == [["178", "79,6"]]
    assert texts(read_csv(b"sep=,\r\n178,80;\r\n")) == [["178", "80;"]]


def test_letters_in_two_encodings_become_one() -> None:
    decomposed = "Phu\u031bo\u031b\u0300ng"
    assert texts(read_text(decomposed)) == [["Phường"]]


@pytest.mark.parametrize("content", ["Phường".encode("cp1258", "replace"), b"\xff\xfe\x00", b"\xc3\x28"])
def test_other_encodings_are_refused_not_guessed(content: bytes) -> None:
    assert read_csv(content) is Refusal.ENCODING


def test_one_column_of_decimal_commas_is_one_column() -> None:
    assert texts(read_text("79,6\r\n80\r\n8,25%\r\n")) == [["79,6"], ["80"], ["8,25%"]]
    assert texts(read_text("178,79.6\n179,80\n")) == [["178", "79.6"], ["179", "80"]]


def test_blank_lines_count_but_not_the_end_of_the_last_line() -> None:
    """Excel copies an empty cell as an empty line, and ends the last one too."""
    for text, lines in (("80\r\n79\r\n", 2), ("80\n79", 2), ("80\r\n\r\n79\r\n", 3), ("80\r\n\r\n", 2), ("\n80\n", 2)):
        found = read_text(text)
        assert isinstance(found, FileTable)
        assert found.last_row == lines, repr(text)


def test_cells_with_line_breaks_and_quotes_are_one_cell() -> None:
    assert texts(read_text('178\t"Xã ""Tân\nLập"""\t80\n')) == [["178", 'Xã "Tân\nLập"', "80"]]


def test_a_quote_that_never_closes_swallows_no_line() -> None:
    assert texts(read_text('178\t"Xã Tân Lập\t80\n179\tXã Hữu Liên\t79\n')) == [
        ["178", '"Xã Tân Lập', "80"],
        ["179", "Xã Hữu Liên", "79"],
    ]


@pytest.mark.parametrize("text", ["", " \t \r\n", "\ufeff\n", ";;;\n;;"])
def test_nothing_is_told_as_nothing(text: str) -> None:
    assert read_text(text) is Refusal.EMPTY


def test_too_much_is_refused() -> None:
    assert read_text("178\t80\n" * (MOST_ROWS + 1)) is Refusal.TOO_MANY_ROWS
    assert read_csv(b"178;80\n" * 700_000) is Refusal.TOO_MANY_ROWS
    assert read_text("\t" * 300_000 + "\n80") == read_text("\n80".replace("\n", "\t" * MOST_COLUMNS + "\n"))
    assert read_text('"' + "x" * 300_000 + '"') is Refusal.CELL_TOO_LONG
    assert read_text("x" * 300_000) is Refusal.CELL_TOO_LONG


def test_the_stamp_is_taken_off_and_the_rows_keep_their_numbers() -> None:
    found = read_csv(f"{STAMP_MARK}plan=1\r\n178;80\r\n".encode())
    assert isinstance(found, FileTable)
    assert found.stamp == f"{STAMP_MARK}plan=1"
    assert list(cells(found)) == ["A2", "B2"]


@given(st.text(max_size=200))
def test_no_text_makes_the_reader_raise(text: str) -> None:
    found = read_text(text)
    if isinstance(found, FileTable):
        assert all(cell.text and len(cell.text) <= LONGEST_CELL for row in found.rows for cell in row)


@given(
    st.lists(
        st.lists(st.from_regex(r"[0-9A-ZĐ][0-9a-zăđơư ]{0,8}[0-9a-z]", fullmatch=True), min_size=2, max_size=5),
        min_size=1,
    )
)
def test_what_excel_copies_comes_back(rows: list[list[str]]) -> None:
    assert texts(read_text("".join("\t".join(row) + "\r\n" for row in rows))) == [
        [clean_cell(text) for text in row] for row in rows
    ]


def test_columns_are_named_as_in_a_spreadsheet() -> None:
    assert [column_letters(number) for number in (1, 26, 27, 28, 702, 703, 16_384)] == [
        "A", "Z", "AA", "AB", "ZZ", "AAA", "XFD",
    ]  # fmt: skip
