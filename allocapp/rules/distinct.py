"""How many distinct services a set of receivers can, and must at least, reach together.

A service counts once in a subtree however many receivers have it, so rates over services do not add up. Each
receiver i has a set of services and is to reach a count of kᵢ of them. Which ones is not known; the largest
union over all choices is a maximum flow, and a lower bound of the smallest comes from groups without overlap.

Source: indicator I1 of Decision 1045/QD-UBND (Lang Son, 2022), Article 1; design, section 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

Services = frozenset[int]


def largest_union(sets: Sequence[Services], counts: Sequence[int]) -> int:
    """The most distinct services reached when receiver i reaches exactly `counts[i]` of `sets[i]`.

    It equals the maximum flow of services to receivers with capacities `counts`: a receiver that the flow leaves
    below its count fills up with services reached already, which changes no union.

    `sets` and `counts` have one entry a receiver, 0 <= counts[i] <= len(sets[i]).
    """
    # Receivers with the same set act as one with the sum of their capacities.
    capacities: Counter[Services] = Counter()
    for services, count in zip(sets, counts, strict=True):
        if count > 0:
            capacities[services] += count
    takers: Counter[int] = Counter()
    for taker, services in enumerate(capacities):
        for service in services:
            takers[service] |= 1 << taker
    # Services with the same takers are one node with a count: communes mostly share one catalogue.
    return _Flow(Counter(takers.values()), list(capacities.values())).maximum()


def guaranteed_union(sets: Sequence[Services], counts: Sequence[int]) -> int:
    """A number of distinct services that is reached whatever the receivers choose.

    Receivers fall into groups connected by overlapping sets. Groups share no service, so their unions add up, and
    the union of a group is never smaller than its largest count. The true smallest union may be greater.
    """
    largest: dict[Services, int] = {}
    for services, count in zip(sets, counts, strict=True):
        touching = [group for group in largest if not group.isdisjoint(services)]
        for group in touching:
            count = max(count, largest.pop(group))
        largest[services.union(*touching)] = count
    return sum(largest.values())


class _Flow:
    """Maximum flow from groups of services to takers with capacities, by augmenting paths.

    A group is a bitmask of the takers its services may go to, with the number of its services. Sets of groups
    and of takers are bitmasks too, so that one step of the search looks at all neighbours at once.
    """

    def __init__(self, groups: Counter[int], capacities: list[int]) -> None:
        # Groups with the fewest takers go first: they have the least choice, and few paths remain to be mended.
        ordered = sorted(groups.items(), key=lambda group: group[0].bit_count())
        self._takers_of = [takers for takers, _ in ordered]
        self._unserved = [count for _, count in ordered]
        self._spare = capacities
        self._open = _mask(taker for taker, spare in enumerate(capacities) if spare)
        self._given: list[dict[int, int]] = [{} for _ in ordered]
        self._givers_of = [0] * len(capacities)
        # Takers that can still lead to spare capacity. A failed search proves the rest useless for good.
        self._useful = (1 << len(capacities)) - 1

    def maximum(self) -> int:
        """The greatest number of services that find a taker."""
        total = sum(self._unserved)
        for group in range(len(self._unserved)):
            while self._unserved[group] and self._augment(group):
                pass
        return total - sum(self._unserved)

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


def _mask(bits: Iterator[int]) -> int:
    mask = 0
    for bit in bits:
        mask |= 1 << bit
    return mask


def _bits(mask: int) -> Iterator[int]:
    """The positions of the bits set in `mask`, lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
