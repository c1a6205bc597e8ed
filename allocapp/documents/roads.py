"""The milestones of an annex (lộ trình): for each indicator the receivers that have some, for each day a column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

Steps = Sequence[tuple[date, int]]
"""What a target should have reached, in its own unit, by day."""


@dataclass(frozen=True)
class RoadRow:
    """A receiver on its way to ``target``; ``steps`` follow the days, None where it has no milestone on one."""

    name: str
    steps: tuple[int | None, ...]
    target: int | None


@dataclass(frozen=True)
class RoadGroup:
    """The receivers with milestones for one indicator, by its place among the annex's indicators."""

    position: int
    rows: tuple[RoadRow, ...]


@dataclass(frozen=True)
class Roads:
    """Every milestone of an annex; ``days`` are those on which somebody has one."""

    days: tuple[date, ...]
    groups: tuple[RoadGroup, ...]


def lay_roads(receivers: Sequence[tuple[str, Sequence[int | None], Sequence[Steps]]]) -> Roads | None:
    """The milestones as a table. A receiver: its name, then targets and steps in the order of the indicators.

    None where nobody has a milestone. A receiver without any may leave its steps out.
    """
    days = tuple(sorted({due for _name, _targets, roads in receivers for steps in roads for due, _value in steps}))
    if not days:
        return None
    count = max(len(roads) for _name, _targets, roads in receivers)
    groups = (RoadGroup(position, tuple(_rows(receivers, position, days))) for position in range(count))
    return Roads(days, tuple(group for group in groups if group.rows))


def _rows(
    receivers: Iterable[tuple[str, Sequence[int | None], Sequence[Steps]]], position: int, days: Sequence[date]
) -> Iterable[RoadRow]:
    for name, targets, roads in receivers:
        if roads and (reached := dict(roads[position])):
            yield RoadRow(name, tuple(reached.get(day) for day in days), targets[position])
