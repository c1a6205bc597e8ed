"""Taking back what a plan asks for beyond need: trim row by row, and how low a single row might go.

Both leave the plan balanced; `check_balance` decides. An at-most indicator mirrors all of it: there a ceiling is
raised as long as the ceilings together still keep to the assigned one.

Source: design, section 3: "Trim is a separate act: pass after pass over the rows in a stated order, one step a row,
while it still balances".
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from enum import StrEnum
from functools import partial

from allocapp.rules.balance import Balance, Direction, IndicatorRule, Kind, RollUp, reaches
from allocapp.rules.receivers import Proposal, Receiver, Trial, check_step, down, up


class TrimOrder(StrEnum):
    OFFICIAL = "official"
    HEAVIEST = "heaviest"  # the greatest weight first
    HIGHEST = "highest"  # the highest target first; at-most the lowest


def trim(
    receivers: Sequence[Receiver],
    assigned: int,
    rule: IndicatorRule,
    *,
    order: TrimOrder = TrimOrder.OFFICIAL,
    step: int = 1,
    past_baseline: bool = False,
) -> Proposal:
    """Lower the free rows of a balanced plan, pass after pass in one order, one step a row, while it balances.

    `receivers` are in official order, which also settles ties. A step goes to the next value of the grid, so a target
    between two values goes onto the grid first. No row goes beyond its floor, nor below its own baseline unless
    `past_baseline`. A plan that does not balance stays as it is.

    Raises:
        ValueError: a step that no form offers for this indicator.
    """
    check_step(rule, step)
    trial = Trial(receivers, assigned, rule)
    before = trial.balance(trial.current)
    targets = trial.current
    after = before
    if before.balanced:
        targets = _Trimmer(trial, before, step, past_baseline).trim(order)
        after = trial.balance(targets)
    return Proposal(trial.by_key(targets), before, after, trial.changes(targets))


def lowest_target(
    receivers: Sequence[Receiver], key: int, assigned: int, rule: IndicatorRule, *, step: int = 1
) -> int | None:
    """The lowest target on the grid that a row may have if all others stay; at-most the highest.

    It lies within the row's floor and ceiling; a hold on the row is left aside, and an excused row is asked as if it
    had a target. None: no target of this row balances the plan.

    Raises:
        ValueError: a step that no form offers for this indicator, or no row with that key.
    """
    check_step(rule, step)
    index = [receiver.row.key for receiver in receivers].index(key)
    trial = Trial(receivers, assigned, rule)
    grid = trial.grids(step)[index]
    if rule.direction is Direction.AT_LEAST:
        grid = grid[::-1]
    others = trial.current

    def falls_short(target: int) -> bool:
        return not trial.balance([*others[:index], target, *others[index + 1 :]]).balanced

    many = bisect_left(grid, True, key=falls_short)
    return grid[many - 1] if many else None


class _Trimmer:
    """The passes, taken many at once where nothing stops them.

    Targets only go the way that costs balance. So whole passes, or the first rows of a pass, are tried together: if
    the plan balances after all of them, it did after each; and a row that had to stay once has to stay for good.
    """

    def __init__(self, trial: Trial, before: Balance, step: int, past_baseline: bool) -> None:
        self._trial = trial
        self._step = step
        self._least = trial.rule.direction is Direction.AT_LEAST
        self._targets = trial.current
        self._limits = [self._limit(index, grid, past_baseline) for index, grid in enumerate(trial.grids(step))]
        self._places = [self._place(target or 0) for target in self._targets]
        self._left = [self._steps_left(index) for index in range(len(self._targets))]
        self._by_sums = trial.rule.kind is Kind.QUANTITY or trial.rule.rollup is RollUp.SUMS
        self._mean_binds = trial.rule.mean_binds and before.floor_below

    def trim(self, order: TrimOrder) -> list[int | None]:
        """The targets when one more pass would change nothing."""
        active = [index for index in self._in_order(order) if self._left[index]]
        while active:
            passes = _greatest(partial(self._balances, active), max(self._left[index] for index in active))
            self._move(active, passes)
            active = self._broken_pass([index for index in active if self._left[index]])
        return self._targets

    def _broken_pass(self, active: list[int]) -> list[int]:
        """One pass in which some rows have to stay; those that moved and may again."""
        moved: list[int] = []
        while active:
            many = _greatest(partial(self._first_balance, active), len(active))
            self._move(active[:many], 1)
            moved += active[:many]
            active = active[many + 1 :]
        return [index for index in moved if self._left[index]]

    def _first_balance(self, rows: Sequence[int], many: int) -> bool:
        """Whether the plan still balances with the first `many` of these rows one step on."""
        return self._balances(rows[:many], 1)

    def _balances(self, rows: Sequence[int], count: int) -> bool:
        """Whether the plan still balances with these rows `count` steps on, or as many as each has left."""
        targets = self._moved(rows, count)
        unions = self._trial.unions
        if self._by_sums or unions is None:
            return self._trial.sums_meet(targets)
        if self._trial.too_few(targets) or (self._mean_binds and not self._trial.sums_meet(targets)):
            return False
        rule, assigned = self._trial.rule, self._trial.assigned
        figures = self._trial.weigh_services(targets, unions)
        if figures.aggregate is None or figures.floor is None or not reaches(figures.aggregate, assigned, rule):
            return False
        # nothing but the weighted mean can carry the plan: a guarantee once lost does not come back
        self._mean_binds = rule.mean_binds and not reaches(figures.floor, assigned, rule)
        return True

    def _moved(self, rows: Sequence[int], count: int) -> list[int | None]:
        """The targets with these rows so many steps on."""
        targets = list(self._targets)
        way = -1 if self._least else 1
        for index in rows:
            if steps := min(count, self._left[index]):
                targets[index] = (self._places[index] + way * steps) * self._step
        return targets

    def _move(self, rows: Sequence[int], count: int) -> None:
        self._targets = self._moved(rows, count)
        for index in rows:
            steps = min(count, self._left[index])
            self._places[index] += -steps if self._least else steps
            self._left[index] -= steps

    def _steps_left(self, index: int) -> int:
        """How many steps a row has left."""
        limit = self._limits[index]
        if limit is None:
            return 0
        return max((self._places[index] - limit) * (1 if self._least else -1), 0)

    def _place(self, target: int) -> int:
        """Where a row stands on the grid; between two values of it at the one it moves away from."""
        return -(-target // self._step) if self._least else target // self._step

    def _limit(self, index: int, grid: range, past_baseline: bool) -> int | None:
        """The last place on the grid that a row may go to; None where it may not move at all."""
        receiver = self._trial.receivers[index]
        if not receiver.free or not grid or receiver.row.target is None:
            return None
        limit = grid[0] if self._least else grid[-1]
        baseline = self._trial.baseline(index)
        if baseline is not None and not past_baseline:
            limit = max(limit, up(baseline, self._step)) if self._least else min(limit, down(baseline, self._step))
        return limit // self._step

    def _in_order(self, order: TrimOrder) -> list[int]:
        indexes = list(range(len(self._targets)))
        if order is TrimOrder.HEAVIEST:
            indexes.sort(key=lambda index: -self._trial.weights[index])
        elif order is TrimOrder.HIGHEST:
            indexes.sort(key=lambda index: (self._targets[index] or 0) * (-1 if self._least else 1))
        return indexes


def _greatest(test: Callable[[int], bool], limit: int) -> int:
    """The greatest count from 0 to `limit` that passes a test which 0 passes and all beyond some count fail."""
    passed, tried = 0, 1
    while tried <= limit and test(tried):
        passed, tried = tried, 2 * tried
    # Between the last that passed and the first that did not, or the end.
    return passed + bisect_left(range(passed + 1, min(tried, limit + 1)), True, key=lambda count: not test(count))
