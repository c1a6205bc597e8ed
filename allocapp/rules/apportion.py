"""Apportioning: a method proposes targets for all free rows, the first whole plan that meets the assigned target.

A method gives every row a raw value that rises with one number λ. It is rounded up to the grid, then clamped between
the row's floor and ceiling; held rows stay. As λ grows the outcomes form a chain of whole plans, and the proposal is
the first of them that balances, for an at-most indicator the last. `check_balance` decides which that is.

Source: design, section 3, "Apportioning methods".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from allocapp.rules.balance import Balance, Direction, IndicatorRule
from allocapp.rules.methods import Baselines, Method, lay_family, methods_for, needs_baseline, settle_baselines
from allocapp.rules.obstacles import Obstacle, ObstacleCode, find_obstacles
from allocapp.rules.receivers import Proposal, Receiver, Targets, Trial, check_step, clamped, unanswerable
from allocapp.rules.share_out import Part, share_out


@dataclass(frozen=True)
class Outcome(Proposal):
    """What a method proposes.

    `after.balanced` says whether it balances. Where it does not, `targets` is the most that can be reached (at-most
    the least), and `obstacles` names what keeps it there; a row without a value on the grid is named in any case.

    parameter: λ, the greatest that gives this plan; `above` is where that stretch of λ begins, itself outside it, or
        None where it begins with the least λ in use. SAME, COPY: hundredths of a per cent, or a count; PLUS:
        hundredths of a percentage point, or a count; TIMES: a factor; GAP: a share of 1; BY_WEIGHT: a count for each
        one of weight. None: no row follows λ.
    assumed: the baseline that a free row was counted with because it has none the method can use, in the unit of
        targets.
    """

    method: Method
    step: int
    parameter: Fraction | None
    above: Fraction | None
    obstacles: tuple[Obstacle, ...]
    assumed: Mapping[int, Fraction]


@dataclass(frozen=True)
class _Solution:
    targets: Targets
    parameter: Fraction | None = None
    above: Fraction | None = None
    obstacles: tuple[Obstacle, ...] = ()
    assumed: Mapping[int, Fraction] = field(default_factory=dict)


def apportion(
    receivers: Sequence[Receiver],
    assigned: int,
    rule: IndicatorRule,
    method: Method,
    *,
    step: int = 1,
    past_baseline: bool = False,
) -> Outcome:
    """Propose targets for all rows that are neither held nor excused.

    `receivers` are in official order; `assigned` and `step` are in the unit of targets. COPY and BY_WEIGHT pay no
    heed to the step. `past_baseline`: λ may go below the baseline, at-most above it.

    Problems of the plan that no formula mends, such as an excused row with weight, are left aside in the search and
    stay named in `after`. Where nothing can be weighed at all (no rows, no weight, no such assigned target) or no
    baseline is known, the plan stays as it was.

    Raises:
        ValueError: a method or a step that no form offers for this indicator.
    """
    if method not in methods_for(rule):
        raise ValueError(f"{method} is no method for this indicator")
    check_step(rule, step)
    trial = Trial(receivers, assigned, rule)
    before = trial.balance(trial.current)
    solution = _Solution(trial.current) if unanswerable(before) else _solve(trial, method, step, past_baseline)
    after = trial.balance(solution.targets)
    return Outcome(
        targets=trial.by_key(solution.targets),
        before=before,
        after=after,
        changed=trial.changes(solution.targets),
        method=method,
        step=step,
        parameter=solution.parameter,
        above=solution.above,
        obstacles=(*solution.obstacles, *_obstacles(trial, solution.targets, after, method, step)),
        assumed=solution.assumed,
    )


def _solve(trial: Trial, method: Method, step: int, past_baseline: bool) -> _Solution:
    if method is Method.COPY:
        return _copy(trial)
    if method is Method.BY_WEIGHT:
        return _by_weight(trial)
    return _follow(trial, method, step, past_baseline)


def _obstacles(trial: Trial, targets: Targets, after: Balance, method: Method, step: int) -> Iterator[Obstacle]:
    """What keeps the proposal from meeting the assigned target, on the grid that the method goes by."""
    met = after.difference is None or after.difference >= 0
    return find_obstacles(trial, targets, 1 if method in (Method.COPY, Method.BY_WEIGHT) else step, met)


def _follow(trial: Trial, method: Method, step: int, past_baseline: bool) -> _Solution:
    """The first plan of the method's chain that meets the assigned target."""
    baselines = None
    if needs_baseline(method):
        baselines = settle_baselines(trial, method)
        if baselines is None:
            return _Solution(trial.current, obstacles=(Obstacle(ObstacleCode.NO_BASELINE, None),))
    family = lay_family(trial, method, step, baselines, past_baseline)
    assumed = _by_key(trial, baselines) if baselines else {}
    if not family.moving:
        return _Solution(family.fixed, assumed=assumed)
    # By sums the answer is found at little cost. It is the answer, or for distinct services mostly is, and else
    # a place to begin: what decides is the balance itself.
    direction = trial.rule.direction
    hint = family.chain.find(lambda values: trial.sums_meet(family.whole(values)), direction)
    found = family.chain.find(lambda values: trial.meets(family.whole(values)), direction, hint)
    plan = family.chain.plan(found)
    return _Solution(family.whole(plan.values), plan.upto, plan.above, assumed=assumed)


def _by_key(trial: Trial, baselines: Baselines) -> dict[int, Fraction]:
    return {
        trial.receivers[index].row.key: value
        for index, value in baselines.assumed.items()
        if trial.receivers[index].free
    }


def _copy(trial: Trial) -> _Solution:
    """The assigned rate for every free row; its floor and ceiling go before, as they stand."""
    targets = trial.current
    moving = list(_moving(trial))
    for index, grid in moving:
        targets[index] = clamped(trial.assigned, grid)
    return _Solution(targets, Fraction(trial.assigned) if moving else None)


def _by_weight(trial: Trial) -> _Solution:
    """What the fixed rows leave of the quantity, shared out among the others by weight."""
    targets = trial.current
    moving = list(_moving(trial))
    if not moving:
        return _Solution(targets)
    taken = dict.fromkeys(index for index, _ in moving)
    left = trial.assigned - sum(target or 0 for index, target in enumerate(targets) if index not in taken)
    shares, level = share_out(left, [Part(trial.weights[index], grid[0], grid[-1]) for index, grid in moving])
    for (index, _), share in zip(moving, shares, strict=True):
        targets[index] = share
    idle = any(share < grid[-1] for share, (_, grid) in zip(shares, moving, strict=True))
    if idle and sum(shares) < left and trial.rule.direction is Direction.AT_LEAST:
        return _Solution(targets, level, obstacles=(Obstacle(ObstacleCode.NO_WEIGHT, None),))
    return _Solution(targets, level)


def _moving(trial: Trial) -> Iterator[tuple[int, range]]:
    """The rows that a method without a step gives a target, with the values they may take."""
    for index, (receiver, grid) in enumerate(zip(trial.receivers, trial.grids(1), strict=True)):
        if receiver.free and grid:
            yield index, grid
