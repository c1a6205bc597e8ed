"""What the formulas are held against: every plan of a chain written out, every pass of a trim walked."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise

from hypothesis import assume
from hypothesis import strategies as st

from allocapp.rules.balance import Direction, IndicatorRule, Kind, RollUp, Row, check_balance
from allocapp.rules.methods import Method
from allocapp.rules.receivers import Receiver

WHOLE = 10_000
LEAST, MOST = Direction.AT_LEAST, Direction.AT_MOST
SUMS = IndicatorRule(Kind.RATE, RollUp.SUMS, LEAST)
SUMS_AT_MOST = IndicatorRule(Kind.RATE, RollUp.SUMS, MOST)
DISTINCT = IndicatorRule(Kind.RATE, RollUp.DISTINCT, LEAST)
QUANTITY = IndicatorRule(Kind.QUANTITY, RollUp.SUMS, LEAST)
BUDGET = IndicatorRule(Kind.QUANTITY, RollUp.SUMS, MOST)

RULES = st.builds(
    IndicatorRule, st.sampled_from(Kind), st.sampled_from(RollUp), st.sampled_from(Direction), st.booleans()
)
RATES = st.sampled_from([0, 3000, 7999, 8000, WHOLE]) | st.integers(0, WHOLE)
COUNTS = st.integers(0, 60)
SHARES = st.sampled_from([Fraction(0), Fraction(1), Fraction(1, 3), Fraction(2, 3)]) | st.fractions(
    0, 1, max_denominator=40
)

Names = dict[int, int | None]


def targets_of(rule: IndicatorRule) -> st.SearchStrategy[int]:
    """Targets in the range of the indicator."""
    return COUNTS if rule.kind is Kind.QUANTITY else RATES


@st.composite
def plans(draw: st.DrawFn, rule: IndicatorRule, most: int = 4) -> list[Receiver]:
    """Rows without any problem: targets on all of them, some weight; holds, floors and ceilings here and there."""
    targets = targets_of(rule)
    baselines: st.SearchStrategy[Fraction | None]
    baselines = st.fractions(0, 60, max_denominator=3) if rule.kind is Kind.QUANTITY else SHARES
    bounds = st.none() | st.none() | targets
    receivers = []
    # seldom without a baseline, seldom alone: then there is a chain to search
    baselines = st.none() | baselines | baselines | baselines
    for key in range(1, draw(st.sampled_from([1, 2, 3, most, most])) + 1):
        row = Row(key, draw(st.integers(0, 9)), draw(targets), draw(st.frozensets(st.integers(0, 6))))
        held = draw(st.sampled_from([False, False, False, True]))
        receivers.append(Receiver(row, draw(baselines), held, draw(bounds), draw(bounds)))
    assume(any(weight_of(receiver, rule) for receiver in receivers) or rule.kind is Kind.QUANTITY)
    return receivers


@st.composite
def any_plans(draw: st.DrawFn) -> list[Receiver]:
    """Rows as they may come from outside: missing, excused, twice, out of range."""
    numbers = st.none() | st.integers(-2, 12_000)
    row = st.builds(
        Row,
        st.integers(0, 9),
        st.integers(-1, 50),
        numbers,
        st.frozensets(st.integers(0, 6)),
        st.booleans(),
    )
    baselines = st.none() | st.fractions(-1, 3, max_denominator=9)
    return draw(st.lists(st.builds(Receiver, row, baselines, st.booleans(), numbers, numbers), max_size=5))


def weight_of(receiver: Receiver, rule: IndicatorRule) -> int:
    distinct = rule.kind is Kind.RATE and rule.rollup is RollUp.DISTINCT
    return len(receiver.row.services) if distinct else receiver.row.weight


def with_targets(receivers: Sequence[Receiver], targets: Names) -> list[Receiver]:
    return [replace(each, row=replace(each.row, target=targets[each.row.key])) for each in receivers]


def balances(receivers: Sequence[Receiver], assigned: int, rule: IndicatorRule) -> bool:
    return check_balance([each.row for each in receivers], assigned, rule).balanced


def names(receivers: Sequence[Receiver]) -> Names:
    return {each.row.key: each.row.target for each in receivers}


def values_of(receiver: Receiver, rule: IndicatorRule, step: int, top: int) -> list[int]:
    """Every value of the grid that a row may take, by trying each; a quantity has no top of its own."""
    end = WHOLE if rule.kind is Kind.RATE else top
    floor = 0 if receiver.floor is None else receiver.floor
    ceiling = end if receiver.ceiling is None else receiver.ceiling
    return [value for value in range(0, end + 1, step) if floor <= value <= ceiling]


def baselines_of(receivers: Sequence[Receiver], method: Method, rule: IndicatorRule) -> list[Fraction] | None:
    """The baselines in the unit of targets, those that are missing filled in as the methods say."""
    unit = 1 if rule.kind is Kind.QUANTITY else WHOLE
    own = [None if each.baseline is None else each.baseline * unit for each in receivers]
    weights = [weight_of(each, rule) for each in receivers]
    known = [(math.floor(b), w) for b, w in zip(own, weights, strict=True) if b is not None]
    if not known:
        return None
    total = sum(w for _, w in known)
    filled = []
    for b, w in zip(own, weights, strict=True):
        if b is not None:
            filled.append(b)
        elif rule.kind is Kind.QUANTITY:
            filled.append(Fraction(sum(k for k, _ in known) * (w if total else 1), total or len(known)))
        elif total:
            filled.append(Fraction(sum(k * each for k, each in known) // total))
        else:
            filled.append(Fraction(sum(k for k, _ in known) // len(known)))
    if method is Method.TIMES and rule.direction is LEAST:
        positive = [b for b in filled if b > 0]
        if not positive:
            return None
        filled = [b or min(positive) for b in filled]
    return filled


def raw(method: Method, baseline: Fraction, parameter: Fraction) -> Fraction:
    """tᵢ(λ) before rounding, as the design writes it."""
    if method is Method.SAME:
        return parameter
    if method is Method.PLUS:
        return baseline + parameter
    if method is Method.TIMES:
        return baseline * parameter
    return baseline + (WHOLE - baseline) * parameter


def solved(method: Method, baseline: Fraction, value: int) -> Fraction | None:
    """The λ at which a row's raw value is `value`; None where it never moves."""
    if method is Method.SAME:
        return Fraction(value)
    if method is Method.PLUS:
        return value - baseline
    if method is Method.TIMES:
        return value / baseline if baseline else None
    return (value - baseline) / (WHOLE - baseline) if baseline != WHOLE else None


def chain_of(
    receivers: Sequence[Receiver], rule: IndicatorRule, method: Method, step: int, past: bool, top: int
) -> list[Names]:
    """Every plan of the chain in the order of λ, written out; `top`: how far a quantity is followed."""
    baselines = [Fraction(0)] * len(receivers) if method is Method.SAME else baselines_of(receivers, method, rule)
    if baselines is None:
        return []
    ends = range(0, (WHOLE if rule.kind is Kind.RATE else top) + 1, step)
    stops = {solved(method, baseline, value) for baseline in baselines for value in ends} - {None}
    unchanged = {Method.PLUS: 0, Method.TIMES: 1, Method.GAP: 0}.get(method)
    parameters = sorted(stop for stop in stops if stop is not None) or [Fraction(0)]
    if unchanged is not None and not past:
        kept = [p for p in parameters if (p > unchanged if rule.direction is LEAST else p < unchanged)]
        parameters = sorted([*kept, Fraction(unchanged)])
    chain: list[Names] = []
    rows = list(zip(receivers, baselines, [values_of(each, rule, step, top) for each in receivers], strict=True))
    for parameter in parameters:
        plan: Names = {}
        for receiver, baseline, values in rows:
            plan[receiver.row.key] = receiver.row.target
            if receiver.held or not values:
                continue
            value = math.ceil(raw(method, baseline, parameter) / step) * step
            most = values[-1]
            if rule.direction is MOST and not past and method is not Method.SAME:
                own = (
                    baseline
                    if receiver.baseline is None
                    else receiver.baseline * (1 if rule.kind is Kind.QUANTITY else WHOLE)
                )
                most = max([values[0], *(each for each in values if each <= own)])
            plan[receiver.row.key] = min(max(value, values[0]), most)
        if not chain or chain[-1] != plan:
            chain.append(plan)
    return chain


def walk_trim(
    receivers: Sequence[Receiver], assigned: int, rule: IndicatorRule, step: int, past: bool, order: Sequence[int]
) -> Names:
    """Trim as it is written: pass after pass, row after row, one step each, weighing the plan every time."""
    current = list(receivers)
    down = rule.direction is LEAST
    moved = balances(current, assigned, rule)
    while moved:
        moved = False
        for index in order:
            receiver = current[index]
            target = receiver.row.target
            if receiver.held or target is None:
                continue
            unit = 1 if rule.kind is Kind.QUANTITY else WHOLE
            end = target + assigned + 2 * step
            if not values_of(receiver, rule, step, end):
                continue
            # What lies beyond the other bound still comes nearer by a step.
            towards = replace(receiver, ceiling=None) if down else replace(receiver, floor=None)
            values = values_of(towards, rule, step, end)
            if receiver.baseline is not None and not past:
                own = receiver.baseline * unit
                values = [value for value in values if (value >= own if down else value <= own)]
            ahead = [value for value in values if (value < target if down else value > target)]
            if not ahead:
                continue
            nearest = max(ahead) if down else min(ahead)
            tried = [
                *current[:index],
                replace(receiver, row=replace(receiver.row, target=nearest)),
                *current[index + 1 :],
            ]
            if balances(tried, assigned, rule):
                current, moved = tried, True
    return names(current)


def rises(chain: Sequence[Mapping[int, int | None]]) -> bool:
    """Whether no target ever sinks from one plan to the next."""
    return all((a[key] or 0) <= (b[key] or 0) for a, b in pairwise(chain) for key in a)
