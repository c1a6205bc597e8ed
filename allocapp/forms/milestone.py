"""The matrix of milestones: receivers by quarters, read strictly, and handed back as it was typed.

Fields: ``m-<unit id>-<yyyymmdd>``, a target in the indicator's own unit.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

from werkzeug.datastructures import MultiDict

from allocapp.errors import AllocappError
from allocapp.forms.plan import VersionForm, printable
from allocapp.rules.balance import Kind
from allocapp.rules.percent import parse_count, parse_percent

_MILESTONE_NAME = re.compile(r"m-([1-9][0-9]{0,8})-([0-9]{8})")
_BLANKS = " \u00a0"


class MilestoneForm(VersionForm):
    """The matrix's own fields: the version of the plan it was made from."""


@dataclass(frozen=True)
class TypedMilestone:
    """A milestone as typed and as read: ``value`` None where it is empty, ``fault`` where it is no number."""

    text: str
    value: int | None
    fault: AllocappError | None = None


@dataclass(frozen=True)
class TypedRoads:
    """Every milestone that came back with the form, by unit id and day."""

    cells: Mapping[tuple[int, date], TypedMilestone]

    @property
    def faults(self) -> dict[tuple[int, date], AllocappError]:
        """The milestones that cannot be read, and why."""
        return {key: cell.fault for key, cell in self.cells.items() if cell.fault is not None}

    @property
    def roads(self) -> dict[int, dict[date, int]]:
        """What was read, by unit id; a row that is empty has an empty road."""
        found: dict[int, dict[date, int]] = {unit_id: {} for unit_id, _due in self.cells}
        for (unit_id, due), cell in self.cells.items():
            if cell.value is not None:
                found[unit_id][due] = cell.value
        return found


def read_roads(form: MultiDict[str, str], kind: Kind, days: Collection[date]) -> TypedRoads:
    """The matrix as it came back. A day that has no column is left out: no page of ours sends it."""
    names = {f"{day:%Y%m%d}": day for day in days}
    cells = {}
    for name, text in form.items():
        found = _MILESTONE_NAME.fullmatch(name)
        if found and (day := names.get(found[2])):
            cells[int(found[1]), day] = _read(text, kind)
    return TypedRoads(cells)


def _read(text: str, kind: Kind) -> TypedMilestone:
    shown = printable(text)
    if not shown.strip(_BLANKS):
        return TypedMilestone("", None)
    try:
        return TypedMilestone(shown, parse_percent(shown) if kind is Kind.RATE else parse_count(shown))
    except AllocappError as fault:
        return TypedMilestone(shown, None, fault)
