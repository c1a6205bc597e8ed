"""A table against a plan: codes first, order only where it can be nothing else, names never; no cell goes missing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocapp.files.table import CellKind, FileCell
from allocapp.files.template import write_csv, write_workbook
from allocapp.rules.balance import Kind
from allocapp.rules.percent import format_points
from allocapp.services.paste import Doubt, MatchedBy, Mismatch, MismatchFault, StrayFault, preview_edits
from allocapp.services.paste_columns import ColumnFault, Unclear, same_name
from allocapp.services.paste_values import ReadValue, ValueFault, ValueNote, read_value
from allocapp.services.sheet import Entry, Sheet
from allocapp.services.template import (
    IndicatorWords,
    TemplateWords,
    is_template_of,
    make_template,
    read_stamp,
    stamp_of,
    write_stamp,
)
from tests.files.books import book, table
from tests.services.paste_sheets import UNITS, edits, excused, moved, previewed, sheet_of, unfit

SHEET = sheet_of()
ONE = sheet_of(indicators=[("dossiers", "Hồ sơ", Kind.RATE)])
WORDS = TemplateWords(
    title="Phương án giao chỉ tiêu", hint="Chỉ nhập vào các cột màu vàng. Ô chỉ tiêu để trống không thay đổi gì.",
    sheet_name="Chỉ tiêu", refusal="Nhập số", code="Mã", name="Đơn vị nhận chỉ tiêu", note="Ghi chú",
    indicators=(
        IndicatorWords("Dịch vụ: Năm trước, %", "Dịch vụ: Dịch vụ dự kiến", "Dịch vụ: Chỉ tiêu, %"),
        IndicatorWords("Hồ sơ: Năm trước, %", "Hồ sơ: Hồ sơ dự kiến", "Hồ sơ: Chỉ tiêu, %"),
    ),
    notes={},
)  # fmt: skip


def words_for(sheet: Sheet) -> TemplateWords:
    texts = tuple(IndicatorWords("Năm trước", "Dự kiến", "Chỉ tiêu") for _ in sheet.indicators)
    return TemplateWords(**{**WORDS.__dict__, "indicators": texts})


# -- matching ---------------------------------------------------------------------------------------------------------


def test_codes_match_first_whatever_the_order() -> None:
    found = previewed(SHEET, "05974\tPhường Tam Thanh\t79,6\t70\n178-MC\tBộ phận Một cửa thành phố Lạng Sơn\t80\t81\n")
    assert found.matched_by is MatchedBy.CODES
    assert edits(found) == {(3, 1): 7960, (3, 2): 7000, (1, 2): 8100}
    assert [cell.unit_id for cell in found.unchanged] == [1]
    assert [row.unit.code for row in found.absent] == ["05971", "05977"]


def test_leading_zeros_that_excel_took_off_are_understood() -> None:
    found = previewed(SHEET, table(book([[5971, 79.6, 80], [5974, 80, 75.25]])))
    assert edits(found) == {(2, 1): 7960, (3, 2): 7525}
    both = sheet_of([("05971", "Xã A"), ("5971", "Xã B")])
    assert edits(previewed(both, "5971\t70\t70\n")) == {(2, 1): 7000, (2, 2): 7000}


def test_by_order_only_where_counts_agree() -> None:
    found = previewed(ONE, "79,6\n80\n70\n60\n")
    assert found.matched_by is MatchedBy.ORDER
    assert edits(found) == {(1, 1): 7960, (3, 1): 7000, (4, 1): 6000}
    for text in ("79,6\n80\n70\n", "79,6\n80\n70\n60\n50\n"):
        refused = unfit(ONE, text)
        assert isinstance(refused, Mismatch)
        assert (refused.fault, refused.rows) == (MismatchFault.OTHER_NUMBER_OF_ROWS, text.count("\n"))


def test_a_blank_line_is_a_receiver_that_nothing_is_said_about() -> None:
    assert edits(previewed(ONE, "79,6\n\n70\n\n")) == {(1, 1): 7960, (3, 1): 7000}
    assert edits(previewed(ONE, "\n79,6\n70\n60\n")) == {(2, 1): 7960, (3, 1): 7000, (4, 1): 6000}
    assert edits(previewed(ONE, "Chỉ tiêu\n79,6\n\n70\n60\n")) == {(1, 1): 7960, (3, 1): 7000, (4, 1): 6000}
    assert edits(previewed(ONE, "79,6\n78\n70\n60\n\n\n")) == {(1, 1): 7960, (2, 1): 7800, (3, 1): 7000, (4, 1): 6000}


def test_names_decide_nothing() -> None:
    """Another district's commune of the same name: its code is unknown here, and stays so."""
    text = "Mã\tTên\tDịch vụ\tHồ sơ\n09999\tXã Tân Liên\t70\t70\n05974\tPhường Tam Thanh\t75\t75\n"
    found = previewed(SHEET, text)
    assert edits(found) == {(3, 1): 7500, (3, 2): 7500}
    (stray,) = found.strays
    assert (stray.fault, stray.source.reference, stray.namesake) == (StrayFault.UNKNOWN_CODE, "A2", True)


def test_another_name_under_the_code_is_said_but_does_not_stop_it() -> None:
    found = previewed(SHEET, "05974\tPhường Tam Thanh cũ\t75\t75\n")
    assert [(each.source.text, each.row.unit.id) for each in found.other_names] == [("Phường Tam Thanh cũ", 3)]
    assert found.taken() == {(3, 1): Entry(7500), (3, 2): Entry(7500)}


def test_another_name_in_the_order_is_left_out_until_told_otherwise() -> None:
    names = [name for _code, name in UNITS]
    text = "".join(f"{name}\t70\t70\n" for name in [names[0], names[2], names[1], names[3]])
    found = previewed(SHEET, text)
    assert found.matched_by is MatchedBy.ORDER
    assert found.doubts == [Doubt.OTHER_NAME]
    assert {key[0] for key in found.taken()} == {1, 4}
    assert {key[0] for key in found.taken([Doubt.OTHER_NAME])} == {1, 2, 3, 4}


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Xã Hòa Thắng", "xã  Hoà Thắng", True),
        ("UBND xã Tân Liên", "Xã Tân Liên", True),
        ("Xa\u0303 Ta\u0302n Lie\u0302n", "Xã Tân Liên", True),
        ("Xã Tân Liên", "Xã Tân Liền", False),
        ("Xã Tân Liên", "Xã Tân Lập", False),
    ],
)
def test_names_are_compared_as_people_write_them(one: str, other: str, same: bool) -> None:
    assert same_name(one, other) is same


def test_a_code_that_stands_twice_is_taken_from_neither_row() -> None:
    found = previewed(SHEET, "05971\t70\t70\n05974\t71\t71\n5971\t72\t72\n")
    assert edits(found) == {(3, 1): 7100, (3, 2): 7100}
    assert [(stray.source.reference, stray.fault) for stray in found.strays] == [
        ("A1", StrayFault.DUPLICATE_CODE),
        ("A3", StrayFault.DUPLICATE_CODE),
    ]
    assert [cell.reference for cell in found.strays[0].others] == ["A3"]


def test_rows_without_a_code_are_named_and_headings_of_groups_are_not() -> None:
    text = "Mã\tTên\tDịch vụ\tHồ sơ\n\tCác phường\t\t\n05971\tPhường Hoàng Văn Thụ\t70\t70\n\tTổng cộng\t70\t70\n"
    found = previewed(SHEET, text)
    assert [(stray.source.row, stray.text, stray.fault) for stray in found.strays] == [
        (4, "Tổng cộng", StrayFault.NO_CODE)
    ]


def test_a_merged_code_is_named() -> None:
    rows = [["Mã", "Dịch vụ", "Hồ sơ"], ["05971", 70, 70], [None, 71, 71]]
    found = previewed(SHEET, table(book(rows, lambda sheet: sheet.merge_cells("A2:A3"))))
    assert [(stray.source.reference, stray.fault) for stray in found.strays] == [("A3", StrayFault.MERGED_CODE)]
    assert edits(found) == {(2, 1): 7000, (2, 2): 7000}


# -- columns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "05971\t70\t75\n05974\t71\t76\n",
        "Mã\tDịch vụ\tHồ sơ\n05971\t70\t75\n05974\t71\t76\n",
        "Hồ sơ\tMã đơn vị\tDịch vụ\n75\t05971\t70\n76\t05974\t71\n",
        "TT\tMã\tTên đơn vị\tTỷ lệ dịch vụ\tTỷ lệ hồ sơ\n1\t05971\tPhường\t70\t75\n2\t05974\tPhường\t71\t76\n",
        "1\tPhường Hoàng Văn Thụ\t05971\t70%\t75 %\n2\tPhường Tam Thanh\t05974\t71%\t76 %\n",
        "05971\tPhường\t25\t100\t70\t30\t100\t75\t\n05974\tPhường\t25\t100\t71\t30\t100\t76\tghi chú\n",
        "Code\tTarget services\tTarget dossiers\n05971\t70\t75\n05974\t71\t76\n",
        "Mã\tHồ sơ năm trước\tHồ sơ dự kiến\tHồ sơ chỉ tiêu\tDịch vụ\n05971\t1\t2\t75\t70\n05974\t1\t2\t76\t71\n",
    ],
    ids=["bare", "headed", "turned", "numbered", "counted", "template without head", "English", "figures beside"],
)
def test_columns_are_found(text: str) -> None:
    assert edits(previewed(SHEET, text)) == {(2, 1): 7000, (2, 2): 7500, (3, 1): 7100, (3, 2): 7600}


def test_one_column_asks_which_indicator() -> None:
    refused = unfit(SHEET, "05971\t70\n05974\t71\n")
    assert refused == Unclear(ColumnFault.WHICH_INDICATOR, 1)
    assert edits(previewed(SHEET, "05971\t70\n05974\t71\n", wanted=1)) == {(2, 2): 7000, (3, 2): 7100}
    assert edits(previewed(SHEET, "Mã\tDịch vụ\n05971\t70\n05974\t71\n")) == {(2, 1): 7000, (3, 1): 7100}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("05971\tPhường\n05974\tPhường\n", ColumnFault.NO_TARGETS),
        ("chẳng có gì\n", ColumnFault.NO_TARGETS),
        ("05971\t70\t71\t72\n05974\t70\t71\t72\n", ColumnFault.OTHER_NUMBER),
        ("Mã\tHồ sơ\tHồ sơ\n05971\t70\t71\n", ColumnFault.TWICE),
    ],
)
def test_what_stays_ambiguous_is_not_guessed(text: str, fault: ColumnFault) -> None:
    refused = unfit(SHEET, text)
    assert isinstance(refused, Unclear)
    assert refused.fault is fault


# -- values -----------------------------------------------------------------------------------------------------------


def cell(kind: CellKind, text: str, *, formula: bool = False) -> FileCell:
    return FileCell(7, 4, kind, text, formula)


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (CellKind.TEXT, "79,6", 7960), (CellKind.TEXT, "79.6", 7960), (CellKind.TEXT, "79,6%", 7960),
        (CellKind.TEXT, " 79,65 % ", 7965), (CellKind.NUMBER, "79.6", 7960), (CellKind.NUMBER, "1e+2", 10_000),
        (CellKind.NUMBER, "0", 0), (CellKind.PERCENT, "0.796", 7960), (CellKind.PERCENT, "1", 10_000),
        (CellKind.NUMBER, "79.654", ValueFault.TOO_MANY_DECIMALS),
        (CellKind.TEXT, "79,654", ValueFault.TOO_MANY_DECIMALS),
        (CellKind.PERCENT, "0.79654", ValueFault.TOO_MANY_DECIMALS),
        (CellKind.NUMBER, "79.999999", ValueFault.TOO_MANY_DECIMALS),
        (CellKind.NUMBER, "100.01", ValueFault.ABOVE_HUNDRED), (CellKind.PERCENT, "80", ValueFault.ABOVE_HUNDRED),
        (CellKind.TEXT, "101", ValueFault.ABOVE_HUNDRED), (CellKind.NUMBER, "-1", ValueFault.BELOW_ZERO),
        (CellKind.TEXT, "-1", ValueFault.BELOW_ZERO), (CellKind.TEXT, "1e1", ValueFault.NOT_A_RATE),
        (CellKind.TEXT, "NaN", ValueFault.NOT_A_RATE), (CellKind.TEXT, "٧٩", ValueFault.NOT_A_RATE),
        (CellKind.TEXT, "#N/A", ValueFault.ERROR), (CellKind.TEXT, "#####", ValueFault.ERROR),
        (CellKind.NUMBER, "inf", ValueFault.ERROR), (CellKind.NUMBER, "nan", ValueFault.ERROR),
        (CellKind.DATE, "2022-05-12", ValueFault.DATE), (CellKind.BOOLEAN, "TRUE", ValueFault.BOOLEAN),
        (CellKind.ERROR, "#N/A", ValueFault.ERROR), (CellKind.UNCALCULATED, "", ValueFault.UNCALCULATED),
        (CellKind.MERGED, "", ValueFault.MERGED),
    ],
)  # fmt: skip
def test_a_rate_is_read_exactly_or_refused(kind: CellKind, text: str, expected: int | ValueFault) -> None:
    found = read_value(cell(kind, text), Kind.RATE)
    assert (found.target if isinstance(found, ReadValue) else found) == expected


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (CellKind.TEXT, "1.234", 1234), (CellKind.NUMBER, "1234", 1234), (CellKind.NUMBER, "1e+3", 1000),
        (CellKind.NUMBER, "1234.5", ValueFault.NOT_WHOLE), (CellKind.TEXT, "12,5", ValueFault.NOT_A_COUNT),
        (CellKind.PERCENT, "0.8", ValueFault.RATE_FOR_QUANTITY), (CellKind.TEXT, "80%", ValueFault.RATE_FOR_QUANTITY),
        (CellKind.NUMBER, "1e+300", ValueFault.TOO_LARGE), (CellKind.NUMBER, "-5", ValueFault.BELOW_ZERO),
    ],
)  # fmt: skip
def test_a_quantity_is_read_exactly_or_refused(kind: CellKind, text: str, expected: int | ValueFault) -> None:
    found = read_value(cell(kind, text), Kind.QUANTITY)
    assert (found.target if isinstance(found, ReadValue) else found) == expected


def test_how_a_value_was_read_is_said() -> None:
    assert read_value(cell(CellKind.PERCENT, "0.8"), Kind.RATE) == ReadValue(8000, (ValueNote.PERCENT_FORMAT,))
    assert read_value(cell(CellKind.NUMBER, "0.8"), Kind.RATE) == ReadValue(80, (ValueNote.SMALL,))
    assert read_value(cell(CellKind.NUMBER, "80", formula=True), Kind.RATE) == ReadValue(8000, (ValueNote.FORMULA,))
    assert read_value(cell(CellKind.TEXT, "0,8%"), Kind.RATE) == ReadValue(80)


@given(st.integers(0, 10_000), st.sampled_from([",", "."]), st.sampled_from(["", "%", " %", "\u00a0%"]))
def test_every_rate_is_read_back_from_every_writing(rate: int, mark: str, sign: str) -> None:
    found = read_value(cell(CellKind.TEXT, format_points(rate, mark) + sign), Kind.RATE)
    assert isinstance(found, ReadValue)
    assert found.target == rate


def test_refused_cells_are_named_and_the_others_taken() -> None:
    def change(sheet: Any) -> None:
        sheet["C3"], sheet["C3"].number_format = 0.8, "0%"
        sheet["D3"] = "#N/A"

    rows = [["Mã", "Tên", "Dịch vụ", "Hồ sơ"], ["05971", "Phường", 79.654, 70], ["05974", "Phường", None, None]]
    found = previewed(sheet_of(targets={(3, 1): None}), table(book(rows, change)))
    assert [(each.source.reference, each.fault, each.row.unit.id) for each in found.rejections] == [
        ("C2", ValueFault.TOO_MANY_DECIMALS, 2),
        ("D3", ValueFault.ERROR, 3),
    ]
    assert {(each.key, each.after.target, each.notes) for each in found.changes} == {
        ((2, 2), 7000, ()),
        ((3, 1), 8000, (ValueNote.PERCENT_FORMAT,)),
    }


def test_empty_cells_and_dashes_say_nothing() -> None:
    found = previewed(SHEET, "05971\t–\t70\n05974\t-\t\n05977\t71\t—\n")
    assert edits(found) == {(2, 2): 7000, (4, 1): 7100}
    assert not found.rejections


# -- holds, excuses, aggregates ---------------------------------------------------------------------------------------


def test_held_rows_are_left_out_until_told_otherwise() -> None:
    found = previewed(sheet_of(held=[2]), "05971\t70\t70\n05974\t71\t71\n")
    assert found.doubts == [Doubt.HELD]
    assert found.taken() == {(3, 1): Entry(7100), (3, 2): Entry(7100)}
    assert set(found.taken([Doubt.HELD])) == {(2, 1), (2, 2), (3, 1), (3, 2)}


def test_a_target_takes_the_place_of_an_excuse() -> None:
    found = previewed(excused(SHEET, (2, 1), "không phát sinh"), "05971\t70\t80\n")
    (change,) = found.changes
    assert (change.before.excuse, change.after) == ("không phát sinh", Entry(7000))


def test_the_aggregate_is_that_of_what_would_be_applied() -> None:
    found = previewed(sheet_of(held=[2]), "05971\t70\t70\n05974\t60\t80\n")
    assert [balance.aggregate_hundredths for balance in found.balances()] == [7500, 8000]
    assert [balance.aggregate_hundredths for balance in found.balances([Doubt.HELD])] == [7250, 7750]


# -- templates --------------------------------------------------------------------------------------------------------


def both_kinds(sheet: Sheet) -> list[bytes]:
    template = make_template(sheet, words_for(sheet))
    return [write_workbook(template), write_csv(template)]


def test_a_template_that_nobody_touched_changes_nothing() -> None:
    for content in both_kinds(excused(sheet_of(held=[3], targets={(1, 1): 7965, (4, 2): None}), (2, 2), "=1+1")):
        sheet = excused(sheet_of(held=[3], targets={(1, 1): 7965, (4, 2): None}), (2, 2), "=1+1")
        found = previewed(sheet, table(content))
        assert not found.changes
        assert not found.rejections + found.strays + found.other_names
        assert (len(found.unchanged), found.made_from) == (6, None)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[0-9]{5}|[A-Z]{3}-[0-9]", fullmatch=True),
            st.one_of(st.text(min_size=1, max_size=12), st.sampled_from(["=1+1", "-", "+84", "@x", "'y", "Mã"])),
        ),
        min_size=1, max_size=5, unique_by=lambda unit: unit[0].lstrip("0"),
    ),
    st.lists(st.sampled_from([Kind.RATE, Kind.QUANTITY]), min_size=1, max_size=3),
    st.data(),
)  # fmt: skip
@settings(max_examples=6, deadline=None)
def test_a_template_goes_out_and_comes_in_as_it_was(
    units: list[tuple[str, str]], kinds: list[Kind], draw: st.DataObject
) -> None:
    indicators = [(f"i{place}", f"Chỉ số {place}", kind) for place, kind in enumerate(kinds)]
    targets = {
        (unit, place): draw.draw(st.none() | st.integers(0, 10_000))
        for unit in range(1, len(units) + 1)
        for place in range(1, len(kinds) + 1)
    }
    sheet = sheet_of(units, indicators, targets=targets)
    for content in both_kinds(sheet):
        found = previewed(sheet, table(content))
        assert not found.changes
        assert not found.rejections + found.strays
        assert len(found.unchanged) == sum(1 for target in targets.values() if target is not None)


def test_another_plans_template_is_refused() -> None:
    other = sheet_of()
    other.plan.unit.code = "185"
    for content in both_kinds(other):
        refused = unfit(sheet_of(), table(content))
        assert isinstance(refused, Mismatch)
        assert refused.fault is MismatchFault.OTHER_PLAN
        assert refused.stamp is not None
        assert refused.stamp.unit == "185"


def test_a_damaged_stamp_is_refused() -> None:
    for stamp in ("allocapp-plan ", "allocapp-plan plan=x&unit=1", "allocapp-plan " + "a=1&" * 50):
        assert read_stamp(stamp) is None
    content = write_csv(make_template(SHEET, WORDS)).replace(b"revision=1", b"revision=")
    for damaged in (content, content.replace(b"revision=", b"revision=1").replace(b"cells=8000", b"cells=8e3")):
        refused = unfit(SHEET, table(damaged))
        assert isinstance(refused, Mismatch)
        assert refused.fault is MismatchFault.STAMP_DAMAGED


def test_a_stamp_comes_back_and_fits_only_its_own_plan() -> None:
    stamp = stamp_of(SHEET)
    assert read_stamp(write_stamp(stamp)) == stamp
    assert is_template_of(stamp, SHEET)
    assert is_template_of(stamp, moved(SHEET, {}))
    assert not is_template_of(stamp_of(moved(SHEET, {})), SHEET)
    assert not is_template_of(stamp, sheet_of(indicators=[("dossiers", "Hồ sơ", Kind.RATE)]))


def test_an_old_template_shows_what_changed_since_and_takes_back_nobodys_figure() -> None:
    """Made at version 7: the preparer changed (2,1) and (3,1) in it; meanwhile (3,1) and (4,1) were changed here."""
    old = sheet_of()
    new = moved(old, {(3, 1): 6000, (4, 1): 6500})
    template = write_csv(make_template(old, WORDS)).decode("utf-8-sig")
    template = template.replace("Phường Hoàng Văn Thụ;25;100;80;", "Phường Hoàng Văn Thụ;25;100;71;")
    template = template.replace("Phường Tam Thanh;25;100;80;", "Phường Tam Thanh;25;100;72;")
    found = previewed(new, table(template.encode()))
    assert found.made_from == 7
    assert found.taken() == {(2, 1): Entry(7100)}
    assert found.taken([Doubt.CHANGED_SINCE]) == {(2, 1): Entry(7100), (3, 1): Entry(7200)}
    assert [((each.unit_id, each.indicator_id), then) for each, then in found.moved] == [
        ((3, 1), "8000"),
        ((4, 1), "8000"),
    ]


def test_an_old_template_of_other_receivers_is_doubted_cell_by_cell() -> None:
    old = sheet_of(UNITS[:3])
    found = previewed(moved(sheet_of(), {(2, 1): 7000}), table(write_workbook(make_template(old, WORDS))))
    assert [(change.key, change.doubts) for change in found.changes] == [((2, 1), frozenset({Doubt.CHANGED_SINCE}))]


# -- a preview grown old ----------------------------------------------------------------------------------------------


def test_a_preview_grown_old_is_made_anew() -> None:
    new = moved(sheet_of(held=[4]), {(2, 1): 6000, (3, 1): 7000})
    entries = {(2, 1): Entry(7100), (3, 1): Entry(7000), (3, 2): Entry(7300), (4, 1): Entry(7400), (99, 1): Entry(1)}
    seen = {(2, 1): "8000", (3, 1): "8000", (3, 2): "8000", (4, 1): "8000", (99, 1): ""}
    doubts = {(3, 2): frozenset({Doubt.OTHER_NAME, Doubt.HELD})}
    found = preview_edits(new, entries, seen=seen, doubts=doubts, matched_by=MatchedBy.CODES)
    assert {change.key: change.doubts for change in found.changes} == {
        (2, 1): frozenset({Doubt.CHANGED_SINCE}),
        (3, 2): frozenset({Doubt.OTHER_NAME}),
        (4, 1): frozenset({Doubt.HELD}),
    }
    assert [(each.unit_id, each.indicator_id) for each in found.unchanged] == [(3, 1)]


# -- property: nothing is lost, nothing lands elsewhere ---------------------------------------------------------------

CELLS = st.one_of(
    st.integers(0, 10_000).map(format_points),
    st.sampled_from(["", "–", "x", "101", "79,654", "#N/A", "80%"]),
)


@given(
    st.lists(st.tuples(st.sampled_from([*(code for code, _ in UNITS), "5971", "09999", ""]), CELLS, CELLS), max_size=8),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_every_cell_is_accounted_for_and_lands_at_its_code(rows: list[tuple[str, str, str]], named: bool) -> None:
    names = dict(UNITS)
    head = "Mã\tTên\tDịch vụ\tHồ sơ\n"
    lines = "".join(f"{code}\t{names.get(code, 'Xã khác') if named else ''}\t{a}\t{b}\n" for code, a, b in rows)
    found = previewed(SHEET, head + lines)
    by_code = {code: number for number, (code, _name) in enumerate(UNITS, start=1)} | {"5971": 2}
    ids = [by_code.get(code) for code, _a, _b in rows]
    said = {"", "–"}
    expected: dict[tuple[int, int], str] = {}
    strays = 0
    for (_code, *values), unit_id in zip(rows, ids, strict=True):
        if unit_id is not None and ids.count(unit_id) == 1:
            expected |= {(unit_id, place): text for place, text in enumerate(values, start=1) if text not in said}
        elif unit_id is not None or set(values) - said:
            strays += 1
    landed = {change.key for change in found.changes} | {(each.unit_id, each.indicator_id) for each in found.unchanged}
    refused = {(each.row.unit.id, each.column.indicator.id) for each in found.rejections}
    assert landed | refused == expected.keys()
    assert not landed & refused
    assert len(found.strays) == strays
    for change in found.changes:
        assert format_points(change.after.target or 0) == expected[change.key].rstrip("%")
        assert change.source is not None
        assert by_code[rows[change.source.row - 2][0]] == change.key[0]
