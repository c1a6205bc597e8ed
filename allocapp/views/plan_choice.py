"""What of a sheet is looked at: which indicator, which rows, in which order. It never changes what is saved.

The choice stands in the address (``show``, ``q``, ``only``, ``order``) and travels with the form, so that it works
without JavaScript and the same place is found again.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from flask_babel import lazy_gettext as lazy

from allocapp.models.plan import Plan
from allocapp.services.receiver_kinds import ReceiverKinds
from allocapp.services.sheet import Sheet
from allocapp.views.messages import Mistake
from allocapp.views.plan_grid import RowView

ALL: Final = "all"
# up to so many indicators stand side by side unless one is chosen
SIDE_BY_SIDE: Final = 2
LONGEST_QUERY: Final = 100
NO_MARKS: Final[Mapping[str, Collection[int]]] = MappingProxyType({})

ONLY: Final[Mapping[str, object]] = MappingProxyType(
    {
        "empty": lazy("still empty"),
        "worse": lazy("worse than last year"),
        "below": lazy("below the assigned target"),
        "held": lazy("held rows"),
    }
)
# what a reviewer can choose besides
REVIEWED: Final[Mapping[str, object]] = MappingProxyType(
    {"changed": lazy("changed since last seen"), "flagged": lazy("flagged"), **ONLY}
)
ORDERS: Final[Mapping[str, object]] = MappingProxyType(
    {
        "baseline": lazy("last year, lowest first"),
        "weight": lazy("expected number, largest first"),
        "target": lazy("target, lowest first"),
        "gap": lazy("gap, largest shortfall first"),
    }
)


@dataclass(frozen=True)
class Choice:
    """``show`` is an indicator's code or ``all``; ``position`` that indicator's place, None for all of them."""

    show: str
    position: int | None
    q: str = ""
    only: str = ""
    order: str = ""

    @property
    def filtered(self) -> bool:
        """Whether some rows may be out of sight, or stand in another order."""
        return bool(self.q or self.only or self.order)


def read_choice(values: Mapping[str, str], sheet: Sheet, mistakes: Iterable[Mistake] = ()) -> Choice:
    """What the address or the form chose. A mistake to be seen to shows every row, and its own indicator with them."""
    codes = [column.indicator.code for column in sheet.indicators]
    show = values.get("show", "")
    if show != ALL and show not in codes:
        show = _first_shown(codes)
    fields = [mistake.field_id for mistake in mistakes if mistake.field_id.startswith("t-")]
    if fields:
        shown = [] if show == ALL else [f"-{sheet.indicators[codes.index(show)].indicator.id}"]
        if shown and not all(field.endswith(shown[0]) for field in fields):
            show = ALL
        return Choice(show, None if show == ALL else codes.index(show))
    only, order = values.get("only", ""), values.get("order", "")
    return Choice(
        show,
        None if show == ALL else codes.index(show),
        values.get("q", "").strip()[:LONGEST_QUERY],
        only if only in REVIEWED else "",
        order if order in ORDERS else "",
    )


def asked(values: Mapping[str, str], plan: Plan) -> dict[str, Any]:
    """The choice as it came, for the address that a form leads on to; what would be shown anyway is left out."""
    codes = [column.indicator.code for column in plan.campaign.indicators]
    given = {name: values[name][:LONGEST_QUERY] for name in ("show", "q", "only", "order") if values.get(name)}
    if given.get("show") == _first_shown(codes):
        del given["show"]
    return given


def arrange(
    groups: list[tuple[ReceiverKinds, list[RowView]]],
    choice: Choice,
    marked: Mapping[str, Collection[int]] = NO_MARKS,
) -> list[tuple[ReceiverKinds, list[RowView]]]:
    """The rows in the chosen order within their groups; those that were not asked for stay, out of sight.

    ``marked``: by a name of REVIEWED, the receivers' unit ids that it stands for.
    """
    if not choice.filtered:
        return groups
    position = choice.position or 0
    return [
        (kind, [_seen(row, choice, marked) for row in _sorted(rows, choice.order, position)]) for kind, rows in groups
    ]


def plain(text: str) -> str:
    """A text for searching: without case and accents, as people type when they are in a hurry."""
    bare = unicodedata.normalize("NFD", text.casefold())
    return "".join(sign for sign in bare if not unicodedata.combining(sign)).replace("đ", "d")


def _first_shown(codes: list[str]) -> str:
    return ALL if len(codes) <= SIDE_BY_SIDE else codes[0]


def _seen(row: RowView, choice: Choice, marked: Mapping[str, Collection[int]]) -> RowView:
    found = plain(choice.q) in plain(f"{row.unit.name} {row.unit.code}")
    marks = {"empty": row.empty, "worse": bool(row.flags), "below": row.below, "held": row.hold is not None}
    marks |= {name: row.unit.id in units for name, units in marked.items()}
    return row if found and marks.get(choice.only, True) else replace(row, hidden=True)


def _sorted(rows: list[RowView], order: str, position: int) -> list[RowView]:
    if order not in _KEYS:
        return rows
    key = _KEYS[order]
    return sorted(rows, key=lambda row: key(row, position))


def _last(value: int | None) -> tuple[bool, int]:
    return (value is None, value or 0)


_KEYS: Final[Mapping[str, Callable[[RowView, int], tuple[bool, int]]]] = MappingProxyType(
    {
        "baseline": lambda row, position: _last(row.cells[position].values[0]),
        "weight": lambda row, position: (False, -row.cells[position].values[1]),
        "target": lambda row, position: _last(row.cells[position].values[2]),
        "gap": lambda row, position: _last(row.cells[position].values[3]),
    }
)
