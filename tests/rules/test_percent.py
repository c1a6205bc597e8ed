"""Rates and counts: what is read, what is refused, and how they are shown again."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocapp.errors import InvalidCount, InvalidPercent, PercentOutOfRange
from allocapp.rules.percent import (
    HUNDRED_PERCENT,
    MAX_COUNT,
    ceil_hundredths,
    floor_hundredths,
    format_count,
    format_percent,
    format_points,
    parse_count,
    parse_percent,
)


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("80", 8000),
        ("80%", 8000),
        ("80 %", 8000),
        ("80\u00a0%", 8000),
        (" \u00a080,0\u00a0 ", 8000),
        ("12.5", 1250),
        ("12,5", 1250),
        ("12,05", 1205),
        ("0", 0),
        ("0,01", 1),
        ("100", 10_000),
        ("100,00", 10_000),
        ("100.0%", 10_000),
        ("007", 700),
    ],
)
def test_a_rate_is_read(text: str, rate: int) -> None:
    assert parse_percent(text) == rate


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "%",
        "NaN",
        "nan",
        "inf",
        "1e3",
        "1E1",
        "-1",
        "+1",
        "−1",
        "1.234,5",
        "12,345",
        "79,996",
        "1000",
        "0100",
        "12,",
        ",5",
        "12,,5",
        "8 0",
        "1_0",
        "0x10",
        "80%%",
        "%80",
        "80\n",
        "80%\n",
        "\n80",
        "80\t",
        "80\r\n",
        "80\u2028",
        "80\x00",
        "٨٠",
        "８０",
        "८०",
        "8０",
        "80，5",
        "½",
        "tám mươi",
        "80đ",
        "9" * 10_000,
    ],
)
def test_anything_else_is_no_rate(text: str) -> None:
    with pytest.raises(InvalidPercent) as caught:
        parse_percent(text)
    assert caught.value.text == text


@pytest.mark.parametrize("text", ["101", "100,01", "100.1 %", "999,99"])
def test_a_rate_above_one_hundred_is_named_as_such(text: str) -> None:
    with pytest.raises(PercentOutOfRange) as caught:
        parse_percent(text)
    assert caught.value.text == text


@given(st.text())
def test_no_text_breaks_the_reading_of_a_rate(text: str) -> None:
    try:
        rate = parse_percent(text)
    except (InvalidPercent, PercentOutOfRange):
        return
    assert 0 <= rate <= HUNDRED_PERCENT


@given(st.integers(0, HUNDRED_PERCENT), st.sampled_from(",."))
def test_a_rate_shown_is_read_back(rate: int, mark: str) -> None:
    assert parse_percent(format_percent(rate, mark)) == rate
    assert parse_percent(format_points(rate, mark)) == rate


@pytest.mark.parametrize(
    ("rate", "text"),
    [(7960, "79,6%"), (8000, "80%"), (7965, "79,65%"), (7905, "79,05%"), (0, "0%"), (1, "0,01%"), (10_000, "100%")],
)
def test_rates_are_shown_without_space_or_idle_zeros(rate: int, text: str) -> None:
    assert format_percent(rate) == text


@pytest.mark.parametrize(
    ("hundredths", "text"), [(40, "0,4"), (100, "1"), (1, "0,01"), (0, "0"), (-5, "-0,05"), (-250, "-2,5")]
)
def test_points_are_shown(hundredths: int, text: str) -> None:
    assert format_points(hundredths) == text


def test_the_decimal_mark_is_the_language_s() -> None:
    assert format_percent(7960, ".") == "79.6%"
    assert format_points(40, mark=".") == "0.4"
    assert format_count(1_234_567, ",") == "1,234,567"


@pytest.mark.parametrize(
    ("count", "text"),
    [(0, "0"), (999, "999"), (1234, "1.234"), (300_000, "300.000"), (1_234_567, "1.234.567"), (-1234, "-1.234")],
)
def test_counts_are_grouped(count: int, text: str) -> None:
    assert format_count(count) == text


@given(st.integers(0, MAX_COUNT))
def test_a_count_shown_is_read_back(count: int) -> None:
    assert parse_count(format_count(count)) == count
    assert parse_count(f"\u00a0{count} ") == count


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1.23",
        "12.34",
        "1234.567",
        "1..234",
        ".123",
        "1.234.",
        "0.125",
        "012.345",
        "1,234",
        "1 234",
        "-1",
        "+1",
        "NaN",
        "1e3",
        "1_000",
        "12\n",
        "١٢",
        "１２",
        "12%",
        "1000000000",
        "1.000.000.000",
        "9" * 10_000,
    ],
)
def test_anything_else_is_no_count(text: str) -> None:
    with pytest.raises(InvalidCount) as caught:
        parse_count(text)
    assert caught.value.text == text


@given(st.fractions(-2, 2))
def test_hundredths_enclose_the_share(share: Fraction) -> None:
    below, above = floor_hundredths(share), ceil_hundredths(share)
    assert Fraction(below, 10_000) <= share <= Fraction(above, 10_000)
    assert above - below == (0 if (share * 10_000).denominator == 1 else 1)


def test_79_996_per_cent_is_not_80() -> None:
    share = Fraction(79_996, 100_000)
    assert floor_hundredths(share) == 7999
    assert ceil_hundredths(share) == 8000
    assert floor_hundredths(Fraction(4, 5)) == ceil_hundredths(Fraction(4, 5)) == 8000
