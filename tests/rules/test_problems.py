"""What stands in the way besides the arithmetic: each problem is named, none is an exception or a silent pass."""

from __future__ import annotations

from fractions import Fraction

import pytest

from allocapp.rules.balance import (
    Direction,
    IndicatorRule,
    Kind,
    Problem,
    ProblemCode,
    RollUp,
    Row,
    check_balance,
)

WHOLE = 10_000

SUMS = IndicatorRule(Kind.RATE, RollUp.SUMS, Direction.AT_LEAST)
SUMS_AT_MOST = IndicatorRule(Kind.RATE, RollUp.SUMS, Direction.AT_MOST)
DISTINCT = IndicatorRule(Kind.RATE, RollUp.DISTINCT, Direction.AT_LEAST)
DISTINCT_AT_MOST = IndicatorRule(Kind.RATE, RollUp.DISTINCT, Direction.AT_MOST)
QUANTITY = IndicatorRule(Kind.QUANTITY, RollUp.SUMS, Direction.AT_LEAST)
QUANTITY_AT_MOST = IndicatorRule(Kind.QUANTITY, RollUp.SUMS, Direction.AT_MOST)


def problems(rows: list[Row], assigned: int | None, rule: IndicatorRule = SUMS) -> list[tuple[ProblemCode, int | None]]:
    balance = check_balance(rows, assigned, rule)
    if balance.problems:
        assert not balance.balanced
        assert balance.difference is None or balance.difference < 0
    return [(problem.code, problem.key) for problem in balance.problems]


@pytest.mark.parametrize("rule", [SUMS, SUMS_AT_MOST, DISTINCT, DISTINCT_AT_MOST, QUANTITY, QUANTITY_AT_MOST])
@pytest.mark.parametrize("assigned", [None, 0, 8000])
def test_a_missing_row_is_named(rule: IndicatorRule, assigned: int | None) -> None:
    rows = [Row(1, 10, WHOLE, frozenset({1, 2})), Row(2, 10, None, frozenset({2, 3}))]
    assert problems(rows, assigned, rule) == [(ProblemCode.MISSING_TARGET, 2)]


@pytest.mark.parametrize("assigned", [None, 8000])
@pytest.mark.parametrize("target", [-1, WHOLE + 1])
@pytest.mark.parametrize("rule", [SUMS, DISTINCT])
def test_a_rate_out_of_range_is_named_and_not_counted(rule: IndicatorRule, target: int, assigned: int | None) -> None:
    rows = [Row(1, 2, WHOLE, frozenset({1, 2})), Row(2, 2, target, frozenset({3, 4}))]
    assert problems(rows, assigned, rule) == [(ProblemCode.OUT_OF_RANGE, 2)]
    assert check_balance(rows, assigned, rule).aggregate == Fraction(1, 2)


def test_a_quantity_may_be_large_but_not_negative() -> None:
    assert problems([Row(1, 0, 10**9)], 5, QUANTITY) == []
    assert problems([Row(1, 0, -1)], None, QUANTITY) == [(ProblemCode.OUT_OF_RANGE, 1)]


@pytest.mark.parametrize("assigned", [-1, WHOLE + 1])
def test_an_assigned_target_out_of_range_is_named(assigned: int) -> None:
    assert problems([Row(1, 10, 8000)], assigned) == [(ProblemCode.OUT_OF_RANGE, None)]
    assert check_balance([Row(1, 10, 8000)], assigned, SUMS).difference is None


@pytest.mark.parametrize("rule", [SUMS, SUMS_AT_MOST, DISTINCT, DISTINCT_AT_MOST])
@pytest.mark.parametrize("assigned", [None, 0, 8000])
def test_weights_all_zero_are_named(rule: IndicatorRule, assigned: int | None) -> None:
    rows = [Row(1, 0, WHOLE), Row(2, 0, WHOLE)]
    assert problems(rows, assigned, rule) == [(ProblemCode.NO_WEIGHT, None)]
    assert check_balance(rows, assigned, rule).aggregate is None


def test_a_plan_that_assigns_nobody_and_owes_nobody_needs_no_weight() -> None:
    rows = [Row(1, 0, None, excused=True), Row(2, 0, None, excused=True)]
    assert problems(rows, None) == []
    assert problems(rows, 8000) == [(ProblemCode.NO_WEIGHT, None)]


@pytest.mark.parametrize("rule", [SUMS, DISTINCT, QUANTITY])
@pytest.mark.parametrize("assigned", [None, 0, 8000])
def test_no_receiver_at_all_is_named(rule: IndicatorRule, assigned: int | None) -> None:
    assert problems([], assigned, rule) == [(ProblemCode.NO_ROWS, None)]


@pytest.mark.parametrize("rule", [SUMS, SUMS_AT_MOST, DISTINCT, DISTINCT_AT_MOST, QUANTITY_AT_MOST])
def test_not_assigned_needs_a_weight_of_zero_under_an_assigned_target(rule: IndicatorRule) -> None:
    enough = 0 if rule.direction is Direction.AT_MOST else WHOLE
    rows = [Row(1, 10, enough, frozenset({1, 2})), Row(2, 1, None, frozenset({2}), excused=True)]
    assert problems(rows, 8000, rule) == [(ProblemCode.NOT_ASSIGNED_WITH_WEIGHT, 2)]
    assert problems(rows, None, rule) == []
    without = [rows[0], Row(2, 0, None, excused=True)]
    assert problems(without, 8000, rule) == []
    assert check_balance(without, 8000, rule).balanced


def test_a_quantity_to_be_reached_may_leave_a_receiver_out() -> None:
    rows = [Row(1, 10, 50), Row(2, 10, None, excused=True)]
    assert problems(rows, 50, QUANTITY) == []
    assert check_balance(rows, 50, QUANTITY).balanced


def test_a_reason_beside_a_target_changes_nothing() -> None:
    with_reason = check_balance([Row(1, 10, 8000, excused=True)], 8000, SUMS)
    assert with_reason == check_balance([Row(1, 10, 8000)], 8000, SUMS)


def test_weights_below_zero_and_rows_twice_are_named() -> None:
    rows = [Row(1, 10, 9000), Row(2, -10, 0), Row(1, 10, 9000)]
    assert problems(rows, 8000) == [(ProblemCode.WEIGHT_OUT_OF_RANGE, 2), (ProblemCode.DUPLICATE_ROW, 1)]


def test_several_problems_stand_in_the_order_of_the_rows() -> None:
    rows = [Row(3, 10, None), Row(1, 10, 20_000), Row(2, 10, None, excused=True)]
    assert check_balance(rows, 8000, SUMS).problems == (
        Problem(ProblemCode.MISSING_TARGET, 3),
        Problem(ProblemCode.OUT_OF_RANGE, 1),
        Problem(ProblemCode.NOT_ASSIGNED_WITH_WEIGHT, 2),
    )


def test_a_plan_half_typed_shows_what_is_still_missing() -> None:
    """A row without a target counts nothing; what is certain is said, and slack is not promised early."""
    half = check_balance([Row(1, 60, 8000), Row(2, 40, None)], 8000, SUMS)
    assert (half.aggregate_hundredths, half.shortfall_points, half.count) == (4800, 3200, 32)
    enough = check_balance([Row(1, 90, WHOLE), Row(2, 10, None)], 8000, SUMS)
    assert (enough.aggregate_hundredths, enough.difference, enough.balanced) == (9000, None, False)
