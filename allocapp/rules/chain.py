"""The finite chain of whole plans that a family of targets tᵢ(λ) runs through as λ grows, and the search in it.

Each row of a family has a raw value aᵢ + cᵢλ with cᵢ > 0. Rounded up to the grid and clamped it stays the same over a
stretch of λ, open below and closed above; where the raw value passes a value of the grid, a breakpoint, the row goes
one step up. The plans between the breakpoints of all rows are the chain. With 300 rows and the finest step it has
millions of plans, so it is never written out: targets only rise along it, hence whether they meet the assigned
target changes once, and halving the breakpoints in question finds where.

Source: design, section 3, "Apportioning methods".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from allocapp.rules.balance import Direction


@dataclass(frozen=True)
class Line:
    """The raw value (offset + slope · λ) / unit of one row, in the unit of targets, and the values it may take.

    `unit` and `slope` are positive; `grid` is not empty.
    """

    offset: int
    slope: int
    unit: int
    grid: range


class Plan(NamedTuple):
    """One plan of the chain: what it is for every λ with above < λ <= upto.

    `above` is None for the first plan, which begins with the least λ in use.
    """

    values: list[int]
    above: Fraction | None
    upto: Fraction


class Chain:
    """The plans of `lines` for start <= λ <= end, in the order of rising targets; values in the order of lines."""

    def __init__(self, lines: Sequence[Line], step: int, start: Fraction, end: Fraction) -> None:
        self._step = step
        self._start = start
        self._end = end
        # Places on the grid instead of values: a row moves by 1.
        self._lines = [
            (line.offset, line.slope, line.unit * step, line.grid[0] // step, line.grid[-1] // step) for line in lines
        ]

    def find(self, meets: Callable[[list[int]], bool], direction: Direction, hint: Fraction | None = None) -> Fraction:
        """Some λ of the first plan that meets, at-most of the last; of the nearest end where none does.

        `meets` takes the values of a plan. It holds from some plan on, at-most up to some plan. `hint` is a λ that may
        be the answer: if it is, two calls of `meets` are enough.
        """
        least = direction is Direction.AT_LEAST

        def changed(places: list[int]) -> bool:
            """Whether the plan lies behind the place where the answer of `meets` changes."""
            return meets(self._values(places)) == least

        low: Fraction | None = None  # the greatest λ known to lie before that place
        high: Fraction | None = None  # the least known to lie behind it
        for probe in [] if hint is None else [hint, self._neighbour(hint, direction)]:
            if (low is None or low < probe) and (high is None or probe < high):
                low, high = (low, probe) if changed(self._places(probe)) else (probe, high)
        if high is None:
            high = self._end
            if low == high or not changed(self._places(high)):
                return high
        if low is None:
            low = self._start
            if low == high or changed(self._places(low)):
                return low
        low, high = self._narrow(changed, low, high)
        return high if least else low

    def _narrow(self, changed: Callable[[list[int]], bool], low: Fraction, high: Fraction) -> tuple[Fraction, Fraction]:
        """Move both ends together until they belong to neighbouring plans."""
        lower, upper = self._places_after(low), self._places(high)
        while (probe := self._middle(lower, upper)) is not None:
            places = self._places(probe)
            if changed(places):
                high, upper = probe, places
            else:
                low, lower = probe, self._places_after(probe)
        return low, high

    def plan(self, parameter: Fraction) -> Plan:
        """The plan at λ = parameter, with the stretch of λ that gives it."""
        places = self._places(parameter)
        begins = [
            self._breakpoint(index, place - 1)
            for index, (place, line) in enumerate(zip(places, self._lines, strict=True))
            if place > line[3]
        ]
        above = max(begins, default=None)
        if above is not None and above < self._start:
            above = None
        return Plan(self._values(places), above, self._last(places))

    def _neighbour(self, hint: Fraction, direction: Direction) -> Fraction:
        """A λ of the plan on the other side of the answer, if `hint` is right."""
        if direction is Direction.AT_MOST:
            return self._last(self._places_after(hint))
        above = self.plan(hint).above
        return self._start if above is None else above

    def _last(self, places: list[int]) -> Fraction:
        """The last λ of the plan at these places."""
        ends = (
            self._breakpoint(index, place)
            for index, (place, line) in enumerate(zip(places, self._lines, strict=True))
            if place < line[4]
        )
        return min(self._end, min(ends, default=self._end))

    def _breakpoint(self, index: int, place: int) -> Fraction:
        """The last λ at which the raw value of a row does not exceed that place."""
        offset, slope, unit, _, _ = self._lines[index]
        return Fraction(place * unit - offset, slope)

    def _middle(self, lower: list[int], upper: list[int]) -> Fraction | None:
        """A breakpoint with about as many before it as after it, of those that are in question; None if none is.

        In question are, for each row, the places from `lower` to before `upper`. The middles of the rows, each
        counted as often as its row has breakpoints, have a median; any breakpoint would be right, this one halves.
        """
        middles = []
        total = 0
        for index, (first, end) in enumerate(zip(lower, upper, strict=True)):
            if first < end:
                place = (first + end) // 2
                offset, slope, unit, _, _ = self._lines[index]
                # Good enough to compare by; the breakpoint itself is exact.
                middles.append((((place * unit - offset) << 40) // slope, end - first, index, place))
                total += end - first
        middles.sort()
        seen = 0
        for _, count, index, place in middles:
            seen += count
            if 2 * seen >= total:
                return self._breakpoint(index, place)
        return None

    def _places(self, parameter: Fraction) -> list[int]:
        """Each row at λ: rounded up, then clamped."""
        p, q = parameter.numerator, parameter.denominator
        return [
            least if (place := -(-(offset * q + slope * p) // (unit * q))) < least else most if place > most else place
            for offset, slope, unit, least, most in self._lines
        ]

    def _places_after(self, parameter: Fraction) -> list[int]:
        """Each row as soon as λ has passed `parameter`."""
        p, q = parameter.numerator, parameter.denominator
        return [
            least if (place := (offset * q + slope * p) // (unit * q) + 1) < least else most if place > most else place
            for offset, slope, unit, least, most in self._lines
        ]

    def _values(self, places: list[int]) -> list[int]:
        return [place * self._step for place in places]
