"""Number, symbol and date in the form of Decree 30/2020/ND-CP."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocapp.errors import DateNotAllowed
from allocapp.rules.numbering import check_document_date, format_document_date, format_symbol, next_number

TODAY = date(2022, 6, 10)


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "01/QĐ-UBND"), (9, "09/QĐ-UBND"), (10, "10/QĐ-UBND"), (1045, "1045/QĐ-UBND")],
)
def test_numbers_below_ten_are_padded(number: int, text: str) -> None:
    assert format_symbol(number, "QĐ-UBND") == text


def test_a_series_begins_at_one_and_leaves_nothing_out() -> None:
    taken = [0]
    for _ in range(12):
        taken.append(next_number(taken[-1]))
    assert taken == list(range(13))


@pytest.mark.parametrize(
    ("day", "text"),
    [
        (date(2022, 6, 5), "ngày 05 tháng 6 năm 2022"),
        (date(2022, 1, 1), "ngày 01 tháng 01 năm 2022"),
        (date(2022, 2, 9), "ngày 09 tháng 02 năm 2022"),
        (date(2022, 3, 10), "ngày 10 tháng 3 năm 2022"),
        (date(2022, 9, 30), "ngày 30 tháng 9 năm 2022"),
        (date(2022, 10, 11), "ngày 11 tháng 10 năm 2022"),
        (date(2022, 12, 31), "ngày 31 tháng 12 năm 2022"),
    ],
)
def test_days_below_ten_and_the_first_two_months_are_padded(day: date, text: str) -> None:
    assert format_document_date(day) == text


@given(st.dates(), st.dates() | st.none(), st.dates())
def test_a_document_date_lies_between_its_ground_and_today(day: date, not_before: date | None, today: date) -> None:
    allowed = day <= today and (not_before is None or not_before <= day)
    if allowed:
        check_document_date(day, not_before, today)
    else:
        with pytest.raises(DateNotAllowed) as caught:
            check_document_date(day, not_before, today)
        assert (caught.value.day, caught.value.not_before, caught.value.today) == (day, not_before, today)


def test_the_days_at_both_ends_are_allowed() -> None:
    check_document_date(TODAY, TODAY, TODAY)
    check_document_date(TODAY - timedelta(1), TODAY - timedelta(1), TODAY)
    with pytest.raises(DateNotAllowed):
        check_document_date(TODAY + timedelta(1), None, TODAY)
    with pytest.raises(DateNotAllowed):
        check_document_date(TODAY - timedelta(2), TODAY - timedelta(1), TODAY)
