"""The balance against a model that goes through every choice in exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from allocapp.rules.balance import (
    Balance,
    Direction,
    IndicatorRule,
    Kind,
    RollUp,
    Row,
    check_balance,
    gap,
    needed_count,
)

EXACT = settings(deadline=None, max_examples=150)
WHOLE = 10_000

LEAST, MOST = Direction.AT_LEAST, Direction.AT_MOST
SUMS = IndicatorRule(Kind.RATE, RollUp.SUMS, LEAST)
SUMS_AT_MOST = IndicatorRule(Kind.RATE, RollUp.SUMS, MOST)
DISTINCT = IndicatorRule(Kind.RATE, RollUp.DISTINCT, LEAST)
DISTINCT_AT_MOST = IndicatorRule(Kind.RATE, RollUp.DISTINCT, MOST)

RULES = st.builds(
    IndicatorRule, st.sampled_from(Kind), st.sampled_from(RollUp), st.sampled_from(Direction), st.booleans()
)
# Round rates as people give them, and any other.
RATES = st.sampled_from([0, 5000, 6000, 7996, 7999, 8000, 8001, WHOLE]) | st.integers(0, WHOLE)
WEIGHTS = st.integers(0, 12) | st.integers(0, 5000)
CATALOGUES = st.frozensets(st.integers(0, 6))


@st.composite
def whole_rows(draw: st.DrawFn) -> list[Row]:
    """Rows without any problem: every target given, some weight or service in at least one."""
    rows = [Row(key, draw(WEIGHTS), draw(RATES), draw(CATALOGUES)) for key in range(draw(st.integers(1, 6)))]
    assume(any(row.weight for row in rows) and any(row.services for row in rows))
    return rows


@st.composite
def any_rows(draw: st.DrawFn) -> list[Row]:
    """Rows as they may come from outside: missing, excused, twice, out of range."""
    targets = st.none() | RATES | st.integers(-2, 20_000)
    keys = st.integers(0, 9)
    row = st.builds(Row, keys, WEIGHTS | st.just(-1), targets, CATALOGUES, st.booleans())
    return draw(st.lists(row, max_size=6))


def every_union(rows: list[Row], direction: Direction) -> set[int]:
    """Sizes of all unions when each receiver reaches exactly the count that its rate means."""
    unions = {frozenset[int]()}
    for row in rows:
        share = Fraction(len(row.services) * (row.target or 0), WHOLE)
        count = math.ceil(share) if direction is LEAST else math.floor(share)
        choices = [frozenset(choice) for choice in combinations(row.services, count)]
        unions = {union | choice for union in unions for choice in choices}
    return {len(union) for union in unions}


def mean_of(rows: list[Row], weights: list[int]) -> Fraction:
    return sum((Fraction(r.target or 0, WHOLE) * w for r, w in zip(rows, weights, strict=True)), Fraction()) / sum(
        weights
    )


# --- rates that add up ---------------------------------------------------------------------------------------


@EXACT
@given(whole_rows(), RATES, st.sampled_from(Direction))
def test_sums_against_the_model(rows: list[Row], assigned: int, direction: Direction) -> None:
    balance = check_balance(rows, assigned, IndicatorRule(Kind.RATE, RollUp.SUMS, direction))
    truth, target = mean_of(rows, [row.weight for row in rows]), Fraction(assigned, WHOLE)
    assert balance.aggregate == truth
    assert balance.total_weight == sum(row.weight for row in rows)
    assert balance.difference == (truth - target if direction is LEAST else target - truth)
    assert balance.balanced == (truth >= target if direction is LEAST else truth <= target)
    assert (balance.best, balance.floor, balance.mean, balance.floor_below) == (None, None, None, False)
    assert balance.problems == ()


@EXACT
@given(whole_rows(), RATES)
def test_at_most_is_the_mirror_of_at_least(rows: list[Row], assigned: int) -> None:
    """At most t of something is at least 100% − t of its contrary."""
    contrary = [Row(row.key, row.weight, WHOLE - (row.target or 0)) for row in rows]
    most = check_balance(rows, assigned, SUMS_AT_MOST)
    least = check_balance(contrary, WHOLE - assigned, SUMS)
    assert most.aggregate is not None
    assert least.aggregate == 1 - most.aggregate
    assert (most.aggregate_hundredths or 0) + (least.aggregate_hundredths or 0) == WHOLE
    for name in ("difference", "count", "balanced", "shortfall_points", "slack_points", "total_weight"):
        assert getattr(most, name) == getattr(least, name), name


def test_79_996_per_cent_never_passes_for_80() -> None:
    balance = check_balance([Row(1, 2499, 8000), Row(2, 1, 7000)], 8000, SUMS)
    assert balance.aggregate == Fraction(79_996, 100_000)
    assert not balance.balanced
    assert balance.aggregate_hundredths == 7999
    assert balance.shortfall_points == 1
    assert balance.slack_points == 0
    assert balance.count == 1
    mirrored = check_balance([Row(1, 2499, 2000), Row(2, 1, 3000)], 2000, SUMS_AT_MOST)
    assert not mirrored.balanced
    assert mirrored.aggregate_hundredths == 2001
    assert (mirrored.shortfall_points, mirrored.slack_points, mirrored.count) == (1, 0, 1)


@EXACT
@given(st.integers(1, 10**12), st.integers(1, 10**12), st.integers(1, WHOLE))
@example(10**12, 1, 8000)
def test_the_smallest_lack_is_seen(many: int, few: int, assigned: int) -> None:
    balance = check_balance([Row(1, many, assigned), Row(2, few, assigned - 1)], assigned, SUMS)
    assert not balance.balanced
    assert balance.difference == Fraction(-few, (many + few) * WHOLE)
    assert balance.shortfall_points == 1
    assert balance.aggregate_hundredths == assigned - 1
    assert (balance.count or 0) >= 1


@EXACT
@given(whole_rows(), RATES, st.sampled_from(Direction))
def test_the_plan_s_count_is_that_of_the_rate(rows: list[Row], assigned: int, direction: Direction) -> None:
    balance = check_balance(rows, assigned, IndicatorRule(Kind.RATE, RollUp.SUMS, direction))
    due = Fraction(sum(row.weight for row in rows) * assigned, WHOLE)
    reached = sum((Fraction(row.weight * (row.target or 0), WHOLE) for row in rows), Fraction())
    missing = math.ceil(due) - reached if direction is LEAST else reached - math.floor(due)
    if balance.balanced:
        assert balance.count == max(0, math.floor(-missing))
    else:
        assert balance.count == math.ceil(missing) >= 1


def test_a_shortfall_in_points_and_dossiers() -> None:
    balance = check_balance([Row(1, 40_000, 8000), Row(2, 38_000, 7918)], 8000, SUMS)
    assert (balance.shortfall_points, balance.count, balance.balanced) == (40, 312, False)


def test_balanced_without_a_whole_dossier_to_spare() -> None:
    """T·W is 7,5 and exactly met: the rate decides, and the count says that nothing is left over."""
    balance = check_balance([Row(1, 10, 7500)], 7500, SUMS)
    assert (balance.balanced, balance.count, balance.slack_points) == (True, 0, 0)
    mirrored = check_balance([Row(1, 10, 7500)], 7500, SUMS_AT_MOST)
    assert (mirrored.balanced, mirrored.count, mirrored.slack_points) == (True, 0, 0)


# --- quantities ----------------------------------------------------------------------------------------------


@EXACT
@given(st.lists(st.integers(0, 10**9), min_size=1, max_size=6), st.integers(0, 10**9), st.sampled_from(Direction))
def test_quantities_add_up(targets: list[int], assigned: int, direction: Direction) -> None:
    rows = [Row(key, 0, target) for key, target in enumerate(targets)]
    balance = check_balance(rows, assigned, IndicatorRule(Kind.QUANTITY, RollUp.SUMS, direction))
    beyond = sum(targets) - assigned if direction is LEAST else assigned - sum(targets)
    assert balance.aggregate == sum(targets)
    assert balance.difference == beyond
    assert balance.balanced == (beyond >= 0)
    assert balance.count == abs(beyond)
    assert (balance.shortfall_points, balance.slack_points, balance.aggregate_hundredths) == (None, None, None)


# --- distinct services ---------------------------------------------------------------------------------------


@EXACT
@given(whole_rows(), RATES, st.booleans())
def test_distinct_services_against_every_choice(rows: list[Row], assigned: int, mean_binds: bool) -> None:
    balance = check_balance(rows, assigned, IndicatorRule(Kind.RATE, RollUp.DISTINCT, LEAST, mean_binds))
    total = len(frozenset[int]().union(*(row.services for row in rows)))
    unions, target = every_union(rows, LEAST), Fraction(assigned, WHOLE)
    mean = mean_of(rows, [len(row.services) for row in rows])
    assert balance.total_weight == total
    assert balance.best == Fraction(max(unions), total)
    assert balance.mean == mean
    assert balance.floor is not None
    assert balance.floor <= Fraction(min(unions), total)
    assert balance.floor_below == (balance.floor < target)
    enough = balance.best >= target
    if mean_binds and balance.floor < target:
        enough = enough and mean >= target
    assert balance.balanced == enough


@EXACT
@given(whole_rows(), RATES, st.booleans())
def test_distinct_services_at_most_against_every_choice(rows: list[Row], assigned: int, mean_binds: bool) -> None:
    balance = check_balance(rows, assigned, IndicatorRule(Kind.RATE, RollUp.DISTINCT, MOST, mean_binds))
    total = len(frozenset[int]().union(*(row.services for row in rows)))
    unions, target = every_union(rows, MOST), Fraction(assigned, WHOLE)
    mean = mean_of(rows, [len(row.services) for row in rows])
    # The guarantee: no choice at all lies above it.
    assert balance.floor == Fraction(max(unions), total)
    assert balance.best is not None
    assert balance.best <= Fraction(min(unions), total)
    assert balance.floor_below == (balance.floor > target)
    enough = balance.best <= target
    if mean_binds and balance.floor > target:
        enough = enough and mean <= target
    assert balance.balanced == enough


@EXACT
@given(whole_rows(), RATES, st.sampled_from([DISTINCT, DISTINCT_AT_MOST]))
def test_the_difference_is_that_of_the_worst_condition(rows: list[Row], assigned: int, rule: IndicatorRule) -> None:
    balance = check_balance(rows, assigned, rule)
    assert None not in (balance.best, balance.mean, balance.floor, balance.difference)
    sign = 1 if rule.direction is LEAST else -1
    best, mean, floor = (
        sign * ((share or Fraction()) - Fraction(assigned, WHOLE))
        for share in (balance.best, balance.mean, balance.floor)
    )
    assert balance.difference == min(best, max(mean, floor))


def test_the_example_of_the_design_does_not_pass() -> None:
    """One unit with 10 services at 60%, ten units sharing one of them at 100%: mean 80%, truth at most 70%."""
    rows = [Row(0, 10, 6000, frozenset(range(10)))]
    rows += [Row(key, 1, WHOLE, frozenset({0})) for key in range(1, 11)]
    balance = check_balance(rows, 8000, DISTINCT)
    assert balance.mean == Fraction(4, 5)
    assert balance.best == balance.aggregate == Fraction(7, 10)
    assert balance.floor == Fraction(6, 10)
    assert not balance.balanced
    assert (balance.shortfall_points, balance.count, balance.total_weight) == (1000, 1, 10)
    assert check_balance(rows, 7000, DISTINCT).balanced


def test_the_mean_never_binds_against_a_guarantee() -> None:
    """Two units sharing 10 services at 100% and 50% guarantee 100% though the mean is 75%."""
    shared = frozenset(range(10))
    balance = check_balance([Row(1, 10, WHOLE, shared), Row(2, 10, 5000, shared)], 9000, DISTINCT)
    assert (balance.mean, balance.floor) == (Fraction(3, 4), Fraction(1))
    assert balance.balanced
    assert not balance.floor_below
    assert balance.slack_points == 1000


def test_the_mean_binds_only_by_policy() -> None:
    """Two units with 10 services each, 5 of them shared, at 60%: best 12 of 15 = 80%, mean 60%, guarantee 40%."""
    rows = [Row(1, 10, 6000, frozenset(range(10))), Row(2, 10, 6000, frozenset(range(5, 15)))]
    bound = check_balance(rows, 8000, DISTINCT)
    assert (bound.best, bound.mean, bound.floor) == (Fraction(4, 5), Fraction(3, 5), Fraction(2, 5))
    assert (bound.balanced, bound.aggregate, bound.shortfall_points, bound.count) == (False, Fraction(3, 5), 2000, 3)
    free = check_balance(rows, 8000, IndicatorRule(Kind.RATE, RollUp.DISTINCT, LEAST, mean_binds=False))
    assert (free.balanced, free.aggregate, free.floor_below) == (True, Fraction(4, 5), True)


# --- what holds for every rule -------------------------------------------------------------------------------


def agree(balance: Balance) -> None:
    """Words made from the numbers never contradict the verdict."""
    if balance.balanced:
        assert balance.problems == ()
        assert balance.difference is None or balance.difference >= 0
    else:
        assert balance.problems or (balance.difference is not None and balance.difference < 0)
        assert balance.difference is None or balance.difference < 0
    assert (balance.difference is None) == (balance.count is None)
    if balance.difference is None or balance.rule.kind is Kind.QUANTITY:
        assert balance.shortfall_points is balance.slack_points is None
        return
    shortfall, slack, shown = balance.shortfall_points, balance.slack_points, balance.aggregate_hundredths
    assert shortfall is not None
    assert slack is not None
    assert shown is not None
    assert balance.assigned is not None
    assert balance.count is not None
    assert (shortfall > 0) == (not balance.balanced)
    assert slack == 0 or balance.balanced
    assert balance.count > 0 or balance.balanced
    # What is shown adds up: 79,6% and 0,4 points missing are 80%.
    beyond = slack - shortfall
    assert shown == (balance.assigned + beyond if balance.rule.direction is LEAST else balance.assigned - beyond)


@settings(deadline=None, max_examples=300)
@given(any_rows(), st.none() | RATES | st.integers(-1, 20_000), RULES)
def test_the_verdict_and_the_sign_agree_whatever_comes_in(
    rows: list[Row], assigned: int | None, rule: IndicatorRule
) -> None:
    balance = check_balance(rows, assigned, rule)
    agree(balance)
    if assigned is None:
        assert balance.difference is None
        assert balance.balanced == (balance.problems == ())


@EXACT
@given(whole_rows(), st.none() | RATES, RULES)
def test_whole_rows_have_no_problem_and_an_aggregate(
    rows: list[Row], assigned: int | None, rule: IndicatorRule
) -> None:
    balance = check_balance(rows, assigned, rule)
    agree(balance)
    assert balance.problems == ()
    assert balance.aggregate is not None
    assert (balance.difference is None) == (assigned is None)
    assert balance.assigned == assigned
    assert balance.rule == rule


@EXACT
@given(whole_rows(), RATES, RULES, st.integers(0, 5), st.integers(0, WHOLE))
def test_a_higher_target_never_lowers_the_aggregate(
    rows: list[Row], assigned: int, rule: IndicatorRule, place: int, higher: int
) -> None:
    row = rows[place % len(rows)]
    raised = [
        Row(other.key, other.weight, max(other.target or 0, higher), other.services) if other is row else other
        for other in rows
    ]
    before, after = check_balance(rows, assigned, rule), check_balance(raised, assigned, rule)
    assert before.aggregate is not None
    assert after.aggregate is not None
    assert after.aggregate >= before.aggregate


@EXACT
@given(whole_rows(), RATES, RULES)
def test_equal_targets_meet_themselves(rows: list[Row], rate: int, rule: IndicatorRule) -> None:
    """Passing T on unchanged to every receiver is enough: over sums, and over services by the weighted mean."""
    same = [Row(row.key, row.weight, rate, row.services) for row in rows]
    assigned = rate * len(rows) if rule.kind is Kind.QUANTITY else rate
    balance = check_balance(same, assigned, rule)
    assert balance.balanced
    if rule.kind is Kind.RATE and rule.rollup is RollUp.SUMS:
        assert balance.difference == 0


# --- what a target means for one receiver --------------------------------------------------------------------


@given(WEIGHTS, RATES)
def test_the_needed_count_is_the_least_that_meets_the_rate(weight: int, target: int) -> None:
    least, most = needed_count(weight, target, LEAST), needed_count(weight, target, MOST)
    share = Fraction(weight * target, WHOLE)
    assert least - 1 < share <= least
    assert most <= share < most + 1
    assert 0 <= most <= least <= weight


@given(RATES, RATES)
def test_the_gap_is_positive_on_the_good_side(target: int, assigned: int) -> None:
    assert gap(target, assigned, LEAST) == target - assigned
    assert gap(target, assigned, MOST) == assigned - target


def test_counts_and_gaps_as_people_read_them() -> None:
    assert needed_count(333, 8000, LEAST) == 267
    assert needed_count(333, 8000, MOST) == 266
    assert needed_count(500, 8000, LEAST) == needed_count(500, 8000, MOST) == 400
    assert gap(7960, 8000, LEAST) == -40
    assert gap(1000, 500, MOST) == -500
