"""The apportioning methods: which there are, and the family of targets tᵢ(λ) each of them lays through the rows.

- SAME: λ for all. PLUS: baseline + λ. TIMES: baseline × λ. GAP: baseline + λ × (100% − baseline), for at-least rates.
- COPY: the assigned rate itself for all. BY_WEIGHT: a quantity by weight. These two have no chain of plans.

Rows of zero weight follow λ as any other. A row without a baseline counts with that of the whole: the mean of the
others by weight, each rounded down to hundredths as it is shown; a quantity with as much per weight as theirs.
Nothing multiplied stays nothing, so for TIMES a zero baseline counts as the lowest positive one; at-most it may stay.

λ does not go below the baseline unless asked, at-most not above: there rounding up to the grid does not lift a row
above its baseline either, unless the row's floor does.

Source: design, section 3, "Apportioning methods".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from allocapp.rules.balance import Direction, IndicatorRule, Kind
from allocapp.rules.chain import Chain, Line
from allocapp.rules.percent import HUNDRED_PERCENT
from allocapp.rules.receivers import Targets, Trial, clamped, down, up


class Method(StrEnum):
    SAME = "same"
    PLUS = "plus"
    TIMES = "times"
    GAP = "gap"
    COPY = "copy"
    BY_WEIGHT = "by_weight"


# λ of the baseline itself, for the methods that start from it.
_UNCHANGED: Final = {Method.PLUS: Fraction(0), Method.TIMES: Fraction(1), Method.GAP: Fraction(0)}


def methods_for(rule: IndicatorRule) -> tuple[Method, ...]:
    """The methods that make sense for an indicator.

    What should stay low has no gap to 100% worth closing; the mirror of that, closing the gap to 0, is TIMES. The
    total of a quantity is nothing to copy, and rates have no total to share out.
    """
    if rule.kind is Kind.QUANTITY:
        return Method.SAME, Method.PLUS, Method.TIMES, Method.BY_WEIGHT
    if rule.direction is Direction.AT_MOST:
        return Method.SAME, Method.PLUS, Method.TIMES, Method.COPY
    return Method.SAME, Method.PLUS, Method.TIMES, Method.GAP, Method.COPY


def needs_baseline(method: Method) -> bool:
    """Whether the method starts from last year's results."""
    return method in _UNCHANGED


@dataclass(frozen=True)
class Baselines:
    """The baseline each row is counted with, in the unit of targets; `assumed`, by index, those not its own."""

    values: Sequence[Fraction]
    assumed: Mapping[int, Fraction]


def settle_baselines(trial: Trial, method: Method) -> Baselines | None:
    """Give a baseline to the rows without one the method can use. None: there is none to start from."""
    own = [trial.baseline(index) for index in range(len(trial.receivers))]
    known = [(value, weight) for value, weight in zip(own, trial.weights, strict=True) if value is not None]
    if not known:
        return None
    values = [
        _of_the_whole(known, weight, trial.rule) if value is None else value
        for value, weight in zip(own, trial.weights, strict=True)
    ]
    if method is Method.TIMES and trial.rule.direction is Direction.AT_LEAST:
        lowest = min((value for value in values if value), default=None)
        if lowest is None:
            return None
        values = [value or lowest for value in values]
    return Baselines(values, {index: value for index, value in enumerate(values) if value != own[index]})


@dataclass(frozen=True)
class Family:
    """The chain of a method over the rows that move: `moving` has their indexes, `fixed` the targets of the others."""

    chain: Chain
    moving: Sequence[int]
    fixed: Targets

    def whole(self, values: Sequence[int]) -> list[int | None]:
        """The targets of all rows where the moving ones have these values."""
        targets = list(self.fixed)
        for index, value in zip(self.moving, values, strict=True):
            targets[index] = value
        return targets


def lay_family(trial: Trial, method: Method, step: int, baselines: Baselines | None, past_baseline: bool) -> Family:
    """Lay the family of a method through all free rows; `baselines` are given for the methods that need them."""
    lines: list[Line] = []
    moving: list[int] = []
    fixed = trial.current
    capped = trial.rule.direction is Direction.AT_MOST and not past_baseline
    for index, grid in enumerate(trial.grids(step, baselines.values if baselines else ())):
        if not grid or not trial.receivers[index].free:
            continue
        if baselines is None:
            line = Line(0, 1, 1, grid)
        else:
            if capped:
                grid = _not_above(grid, baselines.values[index])
            line = _line(method, baselines.values[index], grid)
        if line.slope:
            lines.append(line)
            moving.append(index)
        else:
            fixed[index] = clamped(up(Fraction(line.offset, line.unit), step), grid)
    unchanged = None if past_baseline else _UNCHANGED.get(method)
    return Family(Chain(lines, step, *_ends(lines, trial.rule.direction, unchanged)), moving, fixed)


def _of_the_whole(known: Sequence[tuple[Fraction, int]], weight: int, rule: IndicatorRule) -> Fraction:
    """What a row without a baseline is counted with: see the module."""
    total = sum(each for _, each in known)
    if rule.kind is Kind.QUANTITY:
        if total:
            return Fraction(sum(math.floor(value) for value, _ in known) * weight, total)
        return Fraction(sum(math.floor(value) for value, _ in known), len(known))
    if total:
        return Fraction(sum(math.floor(value) * each for value, each in known) // total)
    return Fraction(sum(math.floor(value) for value, _ in known) // len(known))


def _not_above(grid: range, cap: Fraction) -> range:
    """The grid up to `cap`, or its least value alone: a floor of the row goes before."""
    return grid[: max(1, (down(cap, grid.step) - grid.start) // grid.step + 1)]


def _line(method: Method, baseline: Fraction, grid: range) -> Line:
    """The raw value of a row that starts from its baseline; a slope of 0 where the method leaves it there."""
    top, unit = baseline.numerator, baseline.denominator
    if method is Method.PLUS:
        return Line(top, unit, unit, grid)
    if method is Method.TIMES:
        return Line(0, top, unit, grid)
    return Line(top, HUNDRED_PERCENT * unit - top, unit, grid)


def _ends(lines: Sequence[Line], direction: Direction, unchanged: Fraction | None) -> tuple[Fraction, Fraction]:
    """The least and the greatest λ worth a look: from where no raw value is above 0 to where each is past its grid.

    `unchanged` is the λ of the baseline where λ must not go past it.
    """
    start = min((Fraction(-line.offset, line.slope) for line in lines), default=Fraction(0))
    end = max((Fraction(line.grid[-1] * line.unit - line.offset, line.slope) for line in lines), default=start)
    if unchanged is None:
        return start, end
    if direction is Direction.AT_LEAST:
        return unchanged, max(unchanged, end)
    return min(start, unchanged), unchanged
