"""What the formulas know about receivers besides their targets: baseline, hold, floor, ceiling; and trial plans.

A rate is an int of hundredths of a per cent, a quantity a count. The grid is the multiples of a step; a row may take
the values of the grid between its floor, first moved up onto the grid, and its ceiling, first moved down.

Source: design, section 3, "Apportioning methods".
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from allocapp.rules.balance import (
    Balance,
    Direction,
    Figures,
    IndicatorRule,
    Kind,
    ProblemCode,
    RollUp,
    Row,
    check_balance,
    weigh,
)
from allocapp.rules.distinct import Unions
from allocapp.rules.percent import HUNDRED_PERCENT

# The steps for rates: 0,01 · 0,1 · 0,5 · 1 · 5 percentage points.
STEPS: Final = (1, 10, 50, 100, 500)

Targets = Sequence[int | None]


@dataclass(frozen=True)
class Receiver:
    """One row of the plan with what a formula must respect.

    `row.target` is the target as it stands. `baseline` is last year's result, exact: a share of 1, for a quantity a
    count; None where there is none. `held`: no formula may touch the row. `floor`, `ceiling`: in the unit of targets.
    """

    row: Row
    baseline: Fraction | None = None
    held: bool = False
    floor: int | None = None
    ceiling: int | None = None

    @property
    def excused(self) -> bool:
        """Not assigned, with a reason: no formula gives such a row a target."""
        return self.row.excused and self.row.target is None

    @property
    def free(self) -> bool:
        """Whether a formula may give the row a target."""
        return not self.held and not self.excused


@dataclass(frozen=True)
class Change:
    """What a proposal would do to one row."""

    key: int
    before: int | None
    after: int | None


@dataclass(frozen=True)
class Proposal:
    """The whole plan after a formula, beside what it was: `targets` has every row, in official order."""

    targets: Mapping[int, int | None]
    before: Balance
    after: Balance
    changed: tuple[Change, ...]


class Trial:
    """One plan, weighed with other targets: `targets` everywhere has one entry a receiver, in official order."""

    def __init__(self, receivers: Sequence[Receiver], assigned: int, rule: IndicatorRule) -> None:
        self.receivers = receivers
        self.assigned = assigned
        self.rule = rule
        self.weights = [_weight(receiver.row, rule) for receiver in receivers]
        self.unions: Unions | None = None  # where distinct services count
        if rule.kind is Kind.QUANTITY:
            self._factors, self._due = [1] * len(receivers), assigned
        else:
            self._factors, self._due = self.weights, assigned * sum(self.weights)
            if rule.rollup is RollUp.DISTINCT:
                self.unions = Unions([receiver.row.services for receiver in receivers])

    @property
    def current(self) -> list[int | None]:
        """The targets as they stand."""
        return [receiver.row.target for receiver in self.receivers]

    def balance(self, targets: Targets) -> Balance:
        """The verdict on the plan with these targets; a row without one stays excused if it was."""
        rows = [
            Row(row.key, row.weight, target, row.services, row.excused)
            for row, target in zip((receiver.row for receiver in self.receivers), targets, strict=True)
        ]
        return check_balance(rows, self.assigned, self.rule, unions=self.unions)

    def weigh_services(self, targets: Targets, unions: Unions) -> Figures:
        """What the targets come to over distinct services: the figures of `balance` alone, for many plans in turn."""
        return weigh(targets, self.weights, self.rule, lambda: unions)

    def meets(self, targets: Targets) -> bool:
        """Whether the figures meet the assigned target, whatever other problems there are."""
        if self.too_few(targets):
            return False
        difference = self.balance(targets).difference
        return difference is None or difference >= 0

    def sums_meet(self, targets: Targets) -> bool:
        """Whether Σwᵢtᵢ, for a quantity Σtᵢ, meets the assigned target: over distinct services the weighted mean."""
        reached = sum(factor * target for factor, target in zip(self._factors, targets, strict=True) if target)
        return reached >= self._due if self.rule.direction is Direction.AT_LEAST else reached <= self._due

    def too_few(self, targets: Targets) -> bool:
        """Whether a look at the counts is enough to see that distinct services do not reach the assigned rate.

        No union is larger than its receivers' counts together, and counting them spares the flow.
        """
        if self.unions is None or self.rule.direction is Direction.AT_MOST:
            return False
        counts = (
            -(-weight * (target or 0) // HUNDRED_PERCENT) for weight, target in zip(self.weights, targets, strict=True)
        )
        return sum(counts) * HUNDRED_PERCENT < self.assigned * self.unions.total

    def baseline(self, index: int) -> Fraction | None:
        """A row's own baseline in the unit of targets; a rate above 100% or anything below 0 counts as the nearest."""
        baseline = self.receivers[index].baseline
        if baseline is None:
            return None
        if self.rule.kind is Kind.QUANTITY:
            return max(baseline, Fraction(0))
        return min(max(baseline, Fraction(0)), Fraction(1)) * HUNDRED_PERCENT

    def grids(self, step: int, baselines: Sequence[Fraction] = ()) -> list[range]:
        """The values each row may take, least first; empty where floor and ceiling leave none.

        A quantity has no upper end of its own. Past the assigned quantity, and past all that a row must reach or is
        counted to have reached, one step more answers no question, so there the grid ends.
        """
        top = HUNDRED_PERCENT
        if self.rule.kind is Kind.QUANTITY:
            floors = max((receiver.floor or 0 for receiver in self.receivers), default=0)
            top = up(max(self.assigned, floors, up(max(baselines, default=Fraction(0)), 1)), step) + step
        return [_grid(receiver, top, step) for receiver in self.receivers]

    def changes(self, targets: Targets) -> tuple[Change, ...]:
        """The rows whose target would be another, in official order."""
        return tuple(
            Change(receiver.row.key, receiver.row.target, target)
            for receiver, target in zip(self.receivers, targets, strict=True)
            if receiver.row.target != target
        )

    def by_key(self, targets: Targets) -> dict[int, int | None]:
        """The targets under the keys of their rows."""
        return {receiver.row.key: target for receiver, target in zip(self.receivers, targets, strict=True)}


def unanswerable(balance: Balance) -> bool:
    """Whether no targets whatever could be weighed: no row, no weight, or an assigned target that is none."""
    return any(
        problem.code in (ProblemCode.NO_ROWS, ProblemCode.NO_WEIGHT)
        or (problem.code is ProblemCode.OUT_OF_RANGE and problem.key is None)
        for problem in balance.problems
    )


def check_step(rule: IndicatorRule, step: int) -> None:
    """Refuse a step that no form offers.

    Raises:
        ValueError: for a rate none of `STEPS`; for a quantity not a positive whole number.
    """
    if step < 1 or (rule.kind is Kind.RATE and step not in STEPS):
        raise ValueError(f"{step} is no step")


def up(value: Fraction | int, step: int) -> int:
    """The least value of the grid that is not below `value`."""
    return math.ceil(Fraction(value, step)) * step


def down(value: Fraction | int, step: int) -> int:
    """The greatest value of the grid that is not above `value`."""
    return math.floor(Fraction(value, step)) * step


def clamped(value: int, grid: range) -> int:
    """The nearest value of the grid to a value of the grid that its ends may leave out."""
    return min(max(value, grid[0]), grid[-1])


def _grid(receiver: Receiver, top: int, step: int) -> range:
    least = max(receiver.floor or 0, 0)
    most = top if receiver.ceiling is None else min(receiver.ceiling, top)
    return range(up(least, step), down(most, step) + 1, step)


def _weight(row: Row, rule: IndicatorRule) -> int:
    if rule.kind is Kind.RATE and rule.rollup is RollUp.DISTINCT:
        return len(row.services)
    return max(row.weight, 0)
