"""Flags: what an approver's eye is drawn to, each at its threshold and one step beyond it."""

from __future__ import annotations

import statistics
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from allocapp.rules.balance import Balance, Direction, IndicatorRule, Kind, RollUp, Row, check_balance
from allocapp.rules.flag import Flag, FlagCode, Standing, Thresholds, flag_indicator, unusual_jumps

AT_LEAST = IndicatorRule(Kind.RATE, RollUp.SUMS, Direction.AT_LEAST)
AT_MOST = IndicatorRule(Kind.RATE, RollUp.SUMS, Direction.AT_MOST)
QUANTITY = IndicatorRule(Kind.QUANTITY, RollUp.SUMS, Direction.AT_LEAST)


def standing(key: int, target: int | None, baseline: int | None = None, last: int | None = None) -> Standing:
    return Standing(key, target, None if baseline is None else Fraction(baseline), last)


def balance(rows: list[Standing], assigned: int | None = None, rule: IndicatorRule = AT_LEAST) -> Balance:
    return check_balance([Row(row.key, 100, row.target) for row in rows], assigned, rule)


def flags(
    rows: list[Standing],
    *,
    assigned: int | None = None,
    rule: IndicatorRule = AT_LEAST,
    thresholds: Thresholds | None = None,
) -> list[Flag]:
    return list(flag_indicator(7, rows, balance(rows, assigned, rule), thresholds or Thresholds()))


def test_below_the_baseline_is_flagged_from_the_first_hundredth_or_beyond_the_tolerance() -> None:
    rows = [standing(1, 7999, 8000), standing(2, 8000, 8000)]
    assert flags(rows) == [Flag(FlagCode.BELOW_BASELINE, 7, 1, 1)]
    tolerant = Thresholds(below_baseline=100)
    assert flags([standing(1, 7900, 8000), standing(2, 1)], thresholds=tolerant) == []
    assert flags([standing(1, 7899, 8000), standing(2, 1)], thresholds=tolerant) == [
        Flag(FlagCode.BELOW_BASELINE, 7, 1, 101)
    ]


def test_a_baseline_between_two_hundredths_is_not_rounded_away() -> None:
    third = Standing(1, 3333, Fraction(10_000, 3), None)
    assert flags([third, standing(2, 1)]) == [Flag(FlagCode.BELOW_BASELINE, 7, 1, 1)]


def test_at_most_is_mirrored() -> None:
    rows = [standing(1, 501, 500, 500), standing(2, 499, 500, 500)]
    assert flags(rows, rule=AT_MOST) == [Flag(FlagCode.BELOW_BASELINE, 7, 1, 1), Flag(FlagCode.BELOW_LAST, 7, 1, 1)]


def test_below_last_years_target_has_its_own_tolerance() -> None:
    rows = [standing(1, 7000, last=7500), standing(2, 7500, last=7500)]
    assert flags(rows) == [Flag(FlagCode.BELOW_LAST, 7, 1, 500)]
    assert flags(rows, thresholds=Thresholds(below_last=500)) == []


def test_a_proposal_is_flagged_even_where_no_target_stands() -> None:
    rows = [Standing(1, None, None, None, proposed=True), standing(2, 1)]
    assert flags(rows) == [Flag(FlagCode.PROPOSED, 7, 1)]


def test_all_identical_needs_more_than_one_row() -> None:
    assert flags([standing(1, 8000)]) == []
    assert flags([standing(1, 8000), standing(2, 8000)]) == [Flag(FlagCode.ALL_IDENTICAL, 7, figure=8000)]
    assert flags([standing(1, 8000), standing(2, 8000), standing(3, None)]) == [
        Flag(FlagCode.ALL_IDENTICAL, 7, figure=8000)
    ]


def test_slack_is_flagged_beyond_the_ceiling_and_not_at_it() -> None:
    rows = [standing(1, 8200), standing(2, 8000)]
    assert flags(rows, assigned=8000, thresholds=Thresholds(ceiling=100)) == []
    assert flags(rows, assigned=8000, thresholds=Thresholds(ceiling=99)) == [
        Flag(FlagCode.BEYOND_BUFFER, 7, figure=100)
    ]
    assert flags(rows, assigned=8000) == []


def test_the_slack_of_a_quantity_is_a_count() -> None:
    rows = [standing(1, 60), standing(2, 50)]
    assert flags(rows, assigned=100, rule=QUANTITY, thresholds=Thresholds(ceiling=9)) == [
        Flag(FlagCode.BEYOND_BUFFER, 7, figure=10)
    ]


def test_a_guaranteed_floor_below_the_target_is_flagged() -> None:
    distinct = IndicatorRule(Kind.RATE, RollUp.DISTINCT, Direction.AT_LEAST)
    rows = [Row(1, 10, 9000, frozenset(range(10))), Row(2, 10, 7000, frozenset(range(5, 15)))]
    found = check_balance(rows, 8000, distinct)
    assert found.floor_below
    assert Flag(FlagCode.FLOOR_BELOW, 7) in list(flag_indicator(7, [], found, Thresholds()))


def test_one_row_that_jumps_out_of_six_is_found_and_of_five_cannot_be() -> None:
    def jumping(count: int) -> list[Standing]:
        return [standing(key, 5000, 4000) for key in range(1, count)] + [standing(count, 9000, 4000)]

    assert unusual_jumps(jumping(6), Thresholds()) == [(6, Fraction(5000))]
    # exactly two deviations, which is not more than two
    assert unusual_jumps(jumping(5), Thresholds()) == []
    assert unusual_jumps(jumping(5), Thresholds(jump_deviations=199)) == [(5, Fraction(5000))]
    assert unusual_jumps(jumping(4), Thresholds(jump_deviations=100)) == []


def test_rows_without_a_baseline_do_not_count_among_the_rows() -> None:
    rows = [standing(key, 5000, 4000) for key in range(1, 5)] + [standing(5, 9000, 4000), standing(6, 9000)]
    assert unusual_jumps(rows, Thresholds(jump_rows=6)) == []


@given(
    st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 10_000)), min_size=2, max_size=12),
    st.integers(50, 300),
)
def test_jumps_agree_with_the_statistics_of_the_textbook(rows: list[tuple[int, int]], deviations: int) -> None:
    found = {
        key
        for key, _ in unusual_jumps(
            [standing(key, target, baseline) for key, (target, baseline) in enumerate(rows)],
            Thresholds(jump_deviations=deviations, jump_rows=2),
        )
    }
    jumps = [Fraction(target - baseline) for target, baseline in rows]
    mean, variance = statistics.mean(jumps), statistics.pvariance(jumps)
    for key, jump in enumerate(jumps):
        assert (key in found) == ((jump - mean) ** 2 * 10_000 > deviations**2 * variance)


def test_a_figure_is_the_difference_that_can_be_read_off_the_page() -> None:
    # 65,216% stands on the page as 65,21%, and the target 58,7% lies 6,51 points below that
    odd = Standing(6, 5870, Fraction(65_216, 10), None)
    rows = [standing(key, 5000 + key, 4000) for key in range(1, 6)]
    assert flags([*rows, odd]) == [Flag(FlagCode.BELOW_BASELINE, 7, 6, 651), Flag(FlagCode.JUMP, 7, 6, -651)]
