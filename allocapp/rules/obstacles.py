"""What stands in the way where the targets cannot meet the assigned one.

Source: design, section 3: "Infeasible: the most that can be reached, and which holds stand in the way".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from allocapp.rules.balance import Direction, Kind, gap
from allocapp.rules.receivers import Receiver, Targets, Trial


class ObstacleCode(StrEnum):
    HOLD = "hold"
    CEILING = "ceiling"  # at-least
    FLOOR = "floor"  # at-most
    EXCUSED = "excused"  # not assigned, though it could bring something in
    NO_VALUE = "no_value"  # floor and ceiling leave the row no value on the grid: it stays as it was
    NO_BASELINE = "no_baseline"  # of the whole: no row has a baseline to start from
    NO_WEIGHT = "no_weight"  # of the whole: no weight says how to share out what is left of a quantity


@dataclass(frozen=True)
class Obstacle:
    """`key` is that of the row, None for the whole."""

    code: ObstacleCode
    key: int | None


def find_obstacles(trial: Trial, targets: Targets, step: int, met: bool) -> Iterator[Obstacle]:
    """The rows that keep a plan, taken as far as it goes, from meeting the assigned target, in official order.

    Passing a rate on unchanged to every receiver would do, so the rows with weight that stay short of it are in the
    way. A quantity may come from anybody: each row that might bring more is, at-most each that takes some. Rows that
    a formula should move and cannot are named in any case.
    """
    for receiver, target, weight, grid in zip(trial.receivers, targets, trial.weights, trial.grids(step), strict=True):
        code = ObstacleCode.NO_VALUE if receiver.free and not grid else _bound(receiver, trial.rule.direction)
        if code is ObstacleCode.NO_VALUE or (code and not met and _matters(trial, target or 0, weight)):
            yield Obstacle(code, receiver.row.key)


def _bound(receiver: Receiver, direction: Direction) -> ObstacleCode | None:
    """What keeps a row from going as far as the rule of its indicator lets it."""
    if receiver.held:
        return ObstacleCode.HOLD
    if receiver.excused:
        return ObstacleCode.EXCUSED
    if direction is Direction.AT_LEAST:
        return None if receiver.ceiling is None else ObstacleCode.CEILING
    return None if receiver.floor is None else ObstacleCode.FLOOR


def _matters(trial: Trial, target: int, weight: int) -> bool:
    """Whether the plan would come nearer to the assigned target if this row went further."""
    if trial.rule.kind is Kind.QUANTITY:
        return trial.rule.direction is Direction.AT_LEAST or target > 0
    return weight > 0 and gap(target, trial.assigned, trial.rule.direction) < 0
