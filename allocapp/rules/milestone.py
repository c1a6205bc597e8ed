"""Milestones: what a target should have reached by the end of each quarter (lộ trình).

A rate climbs towards an at-least target and sinks towards an at-most one. A quantity is counted from the beginning of
the period, so that it climbs in both cases: a budget's ceiling at the end of March is a part of that of December.

Values are in the target's own unit: hundredths of a per cent, or a count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Final

from allocapp.rules.balance import Direction, IndicatorRule, Kind
from allocapp.rules.percent import HUNDRED_PERCENT

# what a filled-in rate is rounded to: a tenth of a percentage point
_STEP: Final = 10


class MilestoneCode(StrEnum):
    NO_TARGET = "no_target"  # the row has no target to lead to
    OUT_OF_RANGE = "out_of_range"
    NOT_A_QUARTER = "not_a_quarter"  # the day is not the end of a quarter within the period
    BACKWARDS = "backwards"  # lies on the wrong side of the milestone before it
    BEYOND_TARGET = "beyond_target"  # lies beyond the target itself
    NOT_THE_TARGET = "not_the_target"  # the one on the period's last day is not the target


@dataclass(frozen=True)
class MilestoneProblem:
    """What is wrong with the milestone of ``due``; ``due`` is None where the whole row is meant."""

    code: MilestoneCode
    due: date | None


def quarter_ends(first: date, last: date) -> tuple[date, ...]:
    """The last days of the quarters that end within the period, its last day included."""
    ends = (
        (date(year, month, 1) + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        for year in range(first.year, last.year + 1)
        for month in (3, 6, 9, 12)
    )
    return tuple(end for end in ends if first <= end <= last)


def check_milestones(
    milestones: Mapping[date, int], target: int | None, rule: IndicatorRule, *, first: date, last: date
) -> tuple[MilestoneProblem, ...]:
    """What is wrong with the milestones of one row, earliest first; none at all are always in order."""
    if not milestones:
        return ()
    if target is None:
        return (MilestoneProblem(MilestoneCode.NO_TARGET, None),)
    return tuple(_problems(sorted(milestones.items()), target, rule, first, last))


def fill_milestones(
    target: int, baseline: int | None, rule: IndicatorRule, *, first: date, last: date
) -> dict[date, int]:
    """Even steps from last year's figure to the target, one for each quarter that ends before the period does.

    A quantity begins at nothing, and so does a rate without a baseline. A baseline that meets the target already gives
    the target from the first quarter on. Rounded to the careful side, at-least down and at-most up, rates to a tenth of
    a point.
    """
    ends = quarter_ends(first, last)
    climbing = _climbs(rule)
    begin = _begin(target, baseline, rule)
    steps = len(ends) if ends and ends[-1] == last else len(ends) + 1
    grid = _STEP if rule.kind is Kind.RATE else 1
    filled = {}
    for number, end in enumerate(ends, start=1):
        if end == last:
            continue
        exact = begin + Fraction((target - begin) * number, steps)
        if climbing:
            filled[end] = min(max(int(exact // grid) * grid, min(begin, target)), target)
        else:
            filled[end] = max(min(int(-(-exact // grid)) * grid, max(begin, target)), target)
    return filled


def _begin(target: int, baseline: int | None, rule: IndicatorRule) -> int:
    if rule.kind is Kind.QUANTITY:
        return 0
    if rule.direction is Direction.AT_LEAST:
        return min(baseline or 0, target)
    return target if baseline is None else max(baseline, target)


def _climbs(rule: IndicatorRule) -> bool:
    return rule.kind is Kind.QUANTITY or rule.direction is Direction.AT_LEAST


def _problems(
    ordered: Sequence[tuple[date, int]], target: int, rule: IndicatorRule, first: date, last: date
) -> Iterator[MilestoneProblem]:
    ends = quarter_ends(first, last)
    sign = 1 if _climbs(rule) else -1
    before: int | None = None
    for due, value in ordered:
        if due not in ends:
            yield MilestoneProblem(MilestoneCode.NOT_A_QUARTER, due)
        elif value < 0 or (rule.kind is Kind.RATE and value > HUNDRED_PERCENT):
            yield MilestoneProblem(MilestoneCode.OUT_OF_RANGE, due)
        elif due == last and value != target:
            yield MilestoneProblem(MilestoneCode.NOT_THE_TARGET, due)
        elif sign * value > sign * target:
            yield MilestoneProblem(MilestoneCode.BEYOND_TARGET, due)
        elif before is not None and sign * value < sign * before:
            yield MilestoneProblem(MilestoneCode.BACKWARDS, due)
        before = value
