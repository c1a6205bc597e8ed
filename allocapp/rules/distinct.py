"""How many distinct services a set of receivers can, and must at least, reach together.

A service counts once in a subtree however many receivers have it, so rates over services do not add up. Each
receiver i has a set of services and is to reach a count of kᵢ of them. Which ones is not known; the largest
union over all choices is a maximum flow, and a lower bound of the smallest comes from groups without overlap.

Source: indicator I1 of Decision 1045/QD-UBND (Lang Son, 2022), Article 1; design, section 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

Services = frozenset[int]

# How many memberships (a service in one receiver's set) an overlap may have to be kept, and how many are kept.
_KEPT_SIZE: Final = 60_000
_KEPT: Final = 8


def largest_union(sets: Sequence[Services], counts: Sequence[int]) -> int:
    """The most distinct services reached when receiver i reaches exactly `counts[i]` of `sets[i]`.

    It equals the maximum flow of services to receivers with capacities `counts`: a receiver that the flow leaves
    below its count fills up with services reached already, which changes no union.

    `sets` and `counts` have one entry a receiver, 0 <= counts[i] <= len(sets[i]).
    """
    return Unions(sets).largest(counts)


def guaranteed_union(sets: Sequence[Services], counts: Sequence[int]) -> int:
    """A number of distinct services that is reached whatever the receivers choose.

    Receivers fall into groups connected by overlapping sets. Groups share no service, so their unions add up, and
    the union of a group is never smaller than its largest count. The true smallest union may be greater.
    """
    return Unions(sets).guaranteed(counts)


class Unions:
    """Both unions for the same sets, asked for with one list of counts after another.

    The flow goes on from where it was, so that a question that differs little from the last takes little to answer.
    """

    def __init__(self, sets: Sequence[Services]) -> None:
        # Receivers with the same set act as one with the sum of their capacities.
        takers = {services: taker for taker, services in enumerate(dict.fromkeys(sets))}
        self._taker_of = [takers[services] for services in sets]
        self._overlap = overlap_of(tuple(takers))
        self._flow = _Flow(self._overlap)

    @property
    def total(self) -> int:
        """How many distinct services there are."""
        return self._overlap.total

    def largest(self, counts: Sequence[int]) -> int:
        """See `largest_union`."""
        capacities = [0] * len(self._overlap.group_of)
        for taker, count in zip(self._taker_of, counts, strict=True):
            capacities[taker] += count
        return self._flow.move_to(capacities)

    def guaranteed(self, counts: Sequence[int]) -> int:
        """See `guaranteed_union`."""
        largest = [0] * self._overlap.connected
        for taker, count in zip(self._taker_of, counts, strict=True):
            group = self._overlap.group_of[taker]
            if count > largest[group]:  # noqa: PLR1730 -- max() takes four times as long, and this is asked most
                largest[group] = count
        return sum(largest)


@dataclass(frozen=True)
class Overlap:
    """How different sets overlap, whatever is to be reached of them; a taker is the place of a set among them.

    shared: bitmask of takers -> how many services just these have in common, those with the fewest takers first:
        they have the least choice, and few paths of a flow remain to be mended.
    total: how many distinct services there are.
    group_of: for each taker the number of its group; groups are connected by overlapping sets.
    connected: how many groups there are.
    """

    shared: tuple[tuple[int, int], ...]
    total: int
    group_of: tuple[int, ...]
    connected: int


def overlap_of(sets: tuple[Services, ...]) -> Overlap:
    """The overlap of different sets. It follows from nothing but the sets, so that it may be kept for the next time.

    A plan is weighed again and again with other targets and the same sets: while somebody types, by every method.
    """
    return _kept_overlap(sets) if sum(map(len, sets)) <= _KEPT_SIZE else _overlap(sets)


def _overlap(sets: tuple[Services, ...]) -> Overlap:
    takers_of: dict[int, int] = {}
    for taker, services in enumerate(sets):
        bit = 1 << taker
        for service in services:
            takers_of[service] = takers_of.get(service, 0) | bit
    # Services with the same takers are one node with a count: communes mostly share one catalogue.
    shared = Counter(takers_of.values())
    groups: list[int] = [1 << taker for taker in range(len(sets))]
    for takers in shared:
        touching = [group for group in groups if group & takers]
        if len(touching) > 1:
            groups = [group for group in groups if not group & takers] + [_joined(touching)]
    group_of = [0] * len(sets)
    for number, group in enumerate(groups):
        for taker in _bits(group):
            group_of[taker] = number
    ordered = sorted(shared.items(), key=lambda each: each[0].bit_count())
    return Overlap(tuple(ordered), len(takers_of), tuple(group_of), len(groups))


_kept_overlap = lru_cache(maxsize=_KEPT)(_overlap)


class _Flow:
    """Maximum flow from groups of services to takers with capacities, by augmenting paths.

    A group is a bitmask of the takers its services may go to, with the number of its services. Sets of groups
    and of takers are bitmasks too, so that one step of the search looks at all neighbours at once.
    """

    def __init__(self, overlap: Overlap) -> None:
        size = len(overlap.group_of)
        self._total = overlap.total
        self._takers_of = [takers for takers, _ in overlap.shared]
        self._unserved = [count for _, count in overlap.shared]
        self._capacities = [0] * size
        self._spare = [0] * size
        self._open = 0  # the takers with spare capacity
        self._given: list[dict[int, int]] = [{} for _ in overlap.shared]
        self._givers_of = [0] * size
        # Takers that can still lead to spare capacity. A failed search proves the rest useless until a capacity is
        # raised: whoever gives to these has no other takers, and none of them has anything to spare.
        self._useful = 0

    def move_to(self, capacities: list[int]) -> int:
        """The greatest number of services that find a taker with these capacities."""
        for taker, (before, now) in enumerate(zip(self._capacities, capacities, strict=True)):
            if now != before:
                self._change(taker, now - before)
        self._capacities = capacities
        for group in range(len(self._unserved)):
            self._serve_directly(group)
            while self._unserved[group] and self._augment(group):
                pass
        return self._total - sum(self._unserved)

    def _change(self, taker: int, difference: int) -> None:
        """Give a taker more or less capacity; what it no longer has room for goes back to where it came from."""
        self._spare[taker] += difference
        if difference > 0:
            self._useful = (1 << len(self._spare)) - 1
        while self._spare[taker] < 0:
            group = next(_bits(self._givers_of[taker]))
            amount = min(self._given[group][taker], -self._spare[taker])
            self._give(group, taker, -amount)
            self._unserved[group] += amount
            self._spare[taker] += amount
        bit = 1 << taker
        self._open = self._open | bit if self._spare[taker] else self._open & ~bit

    def _serve_directly(self, group: int) -> None:
        """Fill takers with spare capacity: what a search finds first, without the search."""
        unserved = self._unserved[group]
        while unserved and (found := self._takers_of[group] & self._open):
            bit = found & -found
            taker = bit.bit_length() - 1
            amount = min(unserved, self._spare[taker])
            self._given[group][taker] = self._given[group].get(taker, 0) + amount
            self._givers_of[taker] |= 1 << group
            self._spare[taker] -= amount
            if not self._spare[taker]:
                self._open ^= bit
            unserved -= amount
        self._unserved[group] = unserved

    def _augment(self, start: int) -> bool:
        """Search, nearest first, for a taker with spare capacity; takers on the way pass services of others on."""
        came_from: dict[int, int] = {}  # taker -> the group that reached it
        freed_by: dict[int, int] = {}  # group -> the taker that could give it back
        unseen = self._useful
        seen_groups = 1 << start
        queue = [start]
        for group in queue:
            fresh = self._takers_of[group] & unseen
            if found := fresh & self._open:
                taker = next(_bits(found))
                came_from[taker] = group
                self._push(start, taker, came_from, freed_by)
                return True
            unseen &= ~fresh
            for taker in _bits(fresh):
                came_from[taker] = group
                givers = self._givers_of[taker] & ~seen_groups
                seen_groups |= givers
                for giver in _bits(givers):
                    freed_by[giver] = taker
                    queue.append(giver)
        self._useful = unseen
        return False

    def _push(self, start: int, end: int, came_from: dict[int, int], freed_by: dict[int, int]) -> None:
        """Move as many services as the narrowest place of the path from `start` to `end` allows."""
        path = [(came_from[end], end)]
        amount = min(self._unserved[start], self._spare[end])
        while path[-1][0] != start:
            group = path[-1][0]
            taker = freed_by[group]
            amount = min(amount, self._given[group][taker])
            path.append((came_from[taker], taker))
        for (group, taker), (_, before) in zip(path, [*path[1:], (start, end)], strict=True):
            self._give(group, taker, amount)
            if group != start:
                self._give(group, before, -amount)
        self._unserved[start] -= amount
        self._spare[end] -= amount
        if not self._spare[end]:
            self._open &= ~(1 << end)

    def _give(self, group: int, taker: int, amount: int) -> None:
        given = self._given[group].get(taker, 0) + amount
        self._given[group][taker] = given
        if given:
            self._givers_of[taker] |= 1 << group
        else:
            self._givers_of[taker] &= ~(1 << group)


def _joined(masks: Sequence[int]) -> int:
    joined = 0
    for mask in masks:
        joined |= mask
    return joined


def _bits(mask: int) -> Iterator[int]:
    """The positions of the bits set in `mask`, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
