"""Each method as a person would reckon it, and how long it takes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial

import pytest

from allocapp.rules.apportion import Outcome, apportion
from allocapp.rules.balance import Direction, IndicatorRule, Kind, RollUp, Row
from allocapp.rules.methods import Method, methods_for
from allocapp.rules.obstacles import Obstacle, ObstacleCode
from allocapp.rules.receivers import Receiver
from tests.rules.apportion_model import BUDGET, DISTINCT, QUANTITY, SUMS, SUMS_AT_MOST, WHOLE


def three(*targets: int | None) -> list[Receiver]:
    """Weights 100, 200, 100; last year 60%, 50% and 90%: together 62,5%."""
    shares = [Fraction(3, 5), Fraction(1, 2), Fraction(9, 10)]
    given_targets = targets or (None, None, None)
    return [
        Receiver(Row(key, weight, target), share)
        for key, weight, target, share in zip((1, 2, 3), (100, 200, 100), given_targets, shares, strict=True)
    ]


@pytest.mark.parametrize(
    ("method", "step", "parameter", "targets"),
    [
        (Method.SAME, 1, 8000, (8000, 8000, 8000)),
        # 17,5 points on top would do; the third row stops at 100%, the others carry its 7,5 points.
        (Method.PLUS, 1, 2000, (8000, 7000, WHOLE)),
        (Method.PLUS, 500, 2000, (8000, 7000, WHOLE)),
        # 160λ of 400 from the first two rows, 220 wanted: λ = 1,375.
        (Method.TIMES, 1, Fraction(11, 8), (8250, 6875, WHOLE)),
        (Method.TIMES, 100, Fraction(41, 30), (8200, 6900, WHOLE)),
        # Gaps of 40, 50 and 10 points, 70 by weight wanted of 150: λ = 7/15, and rounding up spares the last bit.
        (Method.GAP, 1, Fraction(2333, 5000), (7867, 7333, 9467)),
        (Method.COPY, 500, 8000, (8000, 8000, 8000)),
    ],
)
def test_three_communes(method: Method, step: int, parameter: Fraction, targets: tuple[int, ...]) -> None:
    outcome = apportion(three(), 8000, SUMS, method, step=step)
    assert outcome.after.balanced
    assert outcome.parameter == parameter
    assert tuple(outcome.targets.values()) == targets


def test_the_baseline_that_is_enough_is_left_as_it_was() -> None:
    """62,5% last year, 60% assigned: nobody is let off unless that is asked for."""
    outcome = apportion(three(), 6000, SUMS, Method.PLUS)
    assert tuple(outcome.targets.values()) == (6000, 5000, 9000)
    assert outcome.parameter == 0
    assert outcome.above is None
    lower = apportion(three(), 6000, SUMS, Method.PLUS, past_baseline=True)
    assert tuple(lower.targets.values()) == (5750, 4750, 8750)
    assert lower.parameter == -250


def test_at_most_the_baseline_is_a_ceiling() -> None:
    """A third is no value of the grid: rounding up to it would allow more than last year."""
    receivers = [Receiver(Row(1, 100, None), Fraction(1, 3)), Receiver(Row(2, 100, None), Fraction(1, 10))]
    outcome = apportion(receivers, 5000, SUMS_AT_MOST, Method.TIMES, step=50)
    assert outcome.targets == {1: 3300, 2: 1000}
    assert outcome.parameter == 1
    assert apportion(receivers[:1], 5000, SUMS_AT_MOST, Method.TIMES, step=50).parameter == 1
    assert apportion(receivers, 1000, SUMS_AT_MOST, Method.TIMES, step=50).targets == {1: 1500, 2: 450}
    assert apportion(receivers, 5000, SUMS_AT_MOST, Method.PLUS, past_baseline=True).targets == {1: 6167, 2: 3833}


def test_zero_and_missing_baselines_are_counted_as_the_method_says() -> None:
    """Zero as the lowest positive baseline, missing as the mean of the known ones by weight, rounded as shown."""
    receivers = [*three(), Receiver(Row(4, 100, None), Fraction(0)), Receiver(Row(5, 100, None))]
    outcome = apportion(receivers, 6000, SUMS, Method.TIMES)
    assert outcome.assumed == {4: 5000, 5: 5000}
    assert outcome.targets[4] == outcome.targets[5] == outcome.targets[2]
    plus = apportion(receivers, 6000, SUMS, Method.PLUS)
    assert plus.assumed == {5: 5000}
    assert plus.targets == {1: 7000, 2: 6000, 3: WHOLE, 4: 1000, 5: 6000}
    assert apportion(receivers, 6000, SUMS, Method.SAME).assumed == {}
    # A third and two thirds are shown as 33,33% and 66,66%, whose mean is 49,995%.
    thirds = [Receiver(Row(key, 1, None), Fraction(key, 3)) for key in (1, 2)]
    assert apportion([*thirds, Receiver(Row(3, 1, None))], 8000, SUMS, Method.PLUS).assumed == {3: 4999}
    idle = [Receiver(Row(3, 1, 5), held=True), Receiver(Row(4, 0, None, excused=True))]
    assert apportion([*thirds, *idle], 8000, SUMS, Method.PLUS).assumed == {}


def test_a_baseline_that_cannot_be_counts_as_the_nearest() -> None:
    """150% has no gap to 100%, and a row below nothing is one at nothing."""
    receivers = [Receiver(Row(1, 10, None), Fraction(3, 2)), Receiver(Row(2, 10, None), Fraction(-1, 2))]
    plus, gap = (apportion(receivers, 7500, SUMS, method, step=100) for method in (Method.PLUS, Method.GAP))
    assert plus.targets == gap.targets == {1: WHOLE, 2: 5000}
    assert plus.parameter == 5000
    assert gap.parameter == Fraction(1, 2)
    assert apportion(receivers, 2500, SUMS, Method.PLUS, past_baseline=True).targets == {1: 5000, 2: 0}


def test_rows_without_weight_follow() -> None:
    receivers = [*three(), Receiver(Row(4, 0, None), Fraction(1, 5)), Receiver(Row(5, 0, 123), held=True)]
    assert apportion(receivers, 8000, SUMS, Method.PLUS).targets == {1: 8000, 2: 7000, 3: WHOLE, 4: 4000, 5: 123}


def test_copying_needs_no_grid() -> None:
    receivers = [
        Receiver(Row(1, 10, None)),
        Receiver(Row(2, 10, None), ceiling=8123),
        Receiver(Row(3, 1, None), floor=9001),
    ]
    outcome = apportion(receivers, 8255, SUMS, Method.COPY, step=500)
    assert outcome.targets == {1: 8255, 2: 8123, 3: 9001}
    assert not outcome.after.balanced
    assert outcome.obstacles == (Obstacle(ObstacleCode.CEILING, 2),)
    narrow = [Receiver(Row(1, 10, None), floor=8101, ceiling=8199)]
    assert apportion(narrow, 8000, SUMS, Method.COPY, step=500).targets == {1: 8101}
    assert apportion(narrow, 8000, SUMS, Method.COPY, step=500).obstacles == ()


def test_distinct_services_are_met_by_the_flow_not_by_the_mean() -> None:
    """One unit with 10 services, ten more that all have the same one of them held at 100%: only the first can help."""
    receivers = [Receiver(Row(0, 10, 6000, frozenset(range(10))))]
    receivers += [Receiver(Row(key, 1, WHOLE, frozenset({0})), held=True) for key in range(1, 11)]
    free = replace(DISTINCT, mean_binds=False)
    for rule in (DISTINCT, free):
        outcome = apportion(receivers, 8000, rule, Method.SAME, step=10)
        assert outcome.after.balanced
        assert outcome.targets[0] == 6010  # 7 of 10 by itself, the shared one besides
        assert outcome.after.best == Fraction(8, 10)


def test_a_quantity_by_the_methods_for_rates() -> None:
    receivers = [Receiver(Row(1, 1, None), Fraction(30)), Receiver(Row(2, 3, None), Fraction(10))]
    assert apportion(receivers, 50, QUANTITY, Method.SAME).targets == {1: 25, 2: 25}
    assert apportion(receivers, 51, QUANTITY, Method.SAME).targets == {1: 26, 2: 26}
    assert apportion(receivers, 51, BUDGET, Method.SAME).targets == {1: 25, 2: 25}
    assert apportion(receivers, 60, QUANTITY, Method.PLUS).targets == {1: 40, 2: 20}
    assert apportion(receivers, 60, QUANTITY, Method.TIMES).targets == {1: 45, 2: 15}
    assert apportion(receivers, 60, QUANTITY, Method.TIMES, step=10).targets == {1: 40, 2: 20}
    # A third unit without a baseline: as much per weight as the others, 40 for 4.
    third = [*receivers, Receiver(Row(3, 2, None))]
    assert apportion(third, 60, QUANTITY, Method.PLUS).targets == {1: 30, 2: 10, 3: 20}


@pytest.mark.parametrize(
    ("rule", "method", "step"),
    [
        (SUMS, Method.BY_WEIGHT, 1),
        (SUMS_AT_MOST, Method.GAP, 1),
        (QUANTITY, Method.COPY, 1),
        (BUDGET, Method.GAP, 1),
        (SUMS, Method.SAME, 2),
        (SUMS, Method.SAME, 0),
        (QUANTITY, Method.SAME, 0),
    ],
)
def test_what_no_form_offers_is_refused(rule: IndicatorRule, method: Method, step: int) -> None:
    with pytest.raises(ValueError, match="is no"):
        apportion(three(), 8000, rule, method, step=step)


# --- speed ---------------------------------------------------------------------------------------------------


def fastest(act: Callable[[], Outcome]) -> float:
    """Seconds of this process alone, whatever else the machine is busy with."""
    best = 1.0
    for _ in range(3):
        start = time.process_time()
        assert act().changed
        best = min(best, time.process_time() - start)
    return best


def large(rule: IndicatorRule, density: float = 0.0) -> list[Receiver]:
    """300 receivers, no two with the same baseline, some held, some with floor or ceiling."""
    chance = random.Random(1045)
    unit = 5000 if rule.kind is Kind.QUANTITY else 1
    return [
        Receiver(
            Row(
                key,
                chance.randint(0, 5000),
                chance.randint(5000, 9000),
                frozenset(service for service in range(400) if chance.random() < density),
            ),
            Fraction(chance.randint(0, 9000), 9001) * unit,
            held=key % 15 == 0,
            floor=3000 if key % 7 == 0 else None,
            ceiling=9000 if key % 11 == 0 else None,
        )
        for key in range(300)
    ]


@pytest.mark.parametrize("direction", Direction)
@pytest.mark.parametrize("kind", Kind)
def test_any_method_on_300_rows_is_answered_at_once(kind: Kind, direction: Direction) -> None:
    rule = IndicatorRule(kind, RollUp.SUMS, direction)
    receivers = large(rule)
    assigned = 6500 if kind is Kind.RATE else 2_000_000
    for method in methods_for(rule):
        act = partial(apportion, receivers, assigned, rule, method, past_baseline=True)
        assert fastest(act) < 0.03


def test_distinct_services_of_300_rows_take_a_few_flows() -> None:
    receivers = large(DISTINCT, 0.3)
    for method in methods_for(DISTINCT):
        assert fastest(partial(apportion, receivers, 6500, DISTINCT, method, past_baseline=True)) < 0.3
