"""How the receivers of a group of the annex are called together: after the kinds of units that really stand in it.

A district without wards assigns to "các xã, thị trấn"; a text fixed for all would name units that do not exist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from allocapp.models.unit import UnitKind


@dataclass(frozen=True)
class ReceiverKinds:
    """The kinds of receivers in one group of the annex, those with the most receivers first."""

    kinds: tuple[UnitKind, ...]

    @property
    def group_name(self) -> str:
        """The group's heading in the annex, in Vietnamese."""
        return join_names([kind.group_name for kind in self.kinds])

    @property
    def group_name_en(self) -> str:
        """The group's heading in English."""
        return join_names([kind.group_name_en for kind in self.kinds])

    @property
    def plural(self) -> str:
        """The receivers in running text; empty where their kinds have no word for it."""
        return join_names([kind.plural for kind in self.kinds])

    @property
    def have_bodies(self) -> bool:
        """Whether a body decides for these units, so that its chairman can be charged with something."""
        return all(kind.body for kind in self.kinds)


def kinds_of(kinds: Iterable[UnitKind]) -> ReceiverKinds:
    """The kinds of a group's receivers, one for each receiver in their official order, which decides between equals."""
    counted = Counter(kinds)
    return ReceiverKinds(tuple(kind for kind, _ in counted.most_common()))


def join_names(names: Sequence[str]) -> str:
    """Names with the same beginning said as one: "các xã" and "các thị trấn" are "các xã, thị trấn"."""
    words = [name.split() for name in dict.fromkeys(names) if name]
    if len(words) < 2:
        return " ".join(words[0]) if words else ""
    alike = 0
    # the last word is each name's own, however much else is alike
    while all(len(name) > alike + 1 and name[alike] == words[0][alike] for name in words):
        alike += 1
    return " ".join([*words[0][:alike], ", ".join(" ".join(name[alike:]) for name in words)])
