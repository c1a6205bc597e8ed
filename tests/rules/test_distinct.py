"""Distinct services: the largest union and the guaranteed floor against every choice there is."""

from __future__ import annotations

import random
import time
from collections import Counter
from itertools import combinations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocapp.rules.distinct import Unions, guaranteed_union, largest_union, overlap_of

Receivers = list[tuple[frozenset[int], int]]
EXACT = settings(deadline=None, max_examples=150)


@st.composite
def few_receivers(draw: st.DrawFn) -> Receivers:
    """Up to six receivers over seven services, some with the same catalogue, each with a count it can reach."""
    catalogue = st.frozensets(st.integers(0, 6))
    sets: list[frozenset[int]] = draw(st.lists(catalogue, max_size=6))
    repeated = draw(st.booleans())
    if sets and repeated:
        sets = [draw(st.sampled_from(sets)) for _ in sets]
    return [(services, draw(st.integers(0, len(services)))) for services in sets]


def every_union(receivers: Receivers) -> set[frozenset[int]]:
    """All unions that can come about when each receiver reaches exactly its count, by going through the choices."""
    unions = {frozenset[int]()}
    for services, count in receivers:
        choices = [frozenset(choice) for choice in combinations(services, count)]
        unions = {union | choice for union in unions for choice in choices}
    return unions


def split(receivers: Receivers) -> tuple[list[frozenset[int]], list[int]]:
    return [services for services, _ in receivers], [count for _, count in receivers]


@EXACT
@given(few_receivers())
def test_the_largest_union_is_the_true_one(receivers: Receivers) -> None:
    assert largest_union(*split(receivers)) == max(map(len, every_union(receivers)))


@EXACT
@given(few_receivers())
def test_an_overlap_says_who_shares_what_and_who_is_connected(receivers: Receivers) -> None:
    sets = tuple(dict.fromkeys(services for services, _ in receivers))
    overlap = overlap_of(sets)
    everything = frozenset[int]().union(*sets)
    assert overlap.total == len(everything)
    holders = [sum(1 << taker for taker, services in enumerate(sets) if service in services) for service in everything]
    assert dict(overlap.shared) == Counter(holders)
    assert [takers.bit_count() for takers, _ in overlap.shared] == sorted(t.bit_count() for t, _ in overlap.shared)
    connected = {frozenset([taker]) for taker in range(len(sets))}
    for one, other in combinations(range(len(sets)), 2):
        if sets[one] & sets[other]:
            touching = {group for group in connected if one in group or other in group}
            connected = connected - touching | {frozenset().union(*touching)}
    groups: dict[int, set[int]] = {}
    for taker, group in enumerate(overlap.group_of):
        groups.setdefault(group, set()).add(taker)
    assert set(map(frozenset, groups.values())) == connected
    assert set(groups) == set(range(overlap.connected))


@EXACT
@given(few_receivers(), st.data())
def test_unions_asked_for_one_after_another_are_those_asked_for_alone(
    receivers: Receivers, more: st.DataObject
) -> None:
    """Counts go up and down by any amount; no answer may depend on the questions before it."""
    sets, counts = split(receivers)
    unions = Unions(sets)
    for _ in range(8):
        assert unions.largest(counts) == max(map(len, every_union(list(zip(sets, counts, strict=True)))))
        assert unions.guaranteed(counts) == guaranteed_union(sets, counts)
        counts = [
            more.draw(st.sampled_from([count, 0, len(s), len(s) // 2])) for s, count in zip(sets, counts, strict=True)
        ]


@pytest.mark.parametrize("seed", range(20))
def test_a_flow_that_went_on_is_as_large_as_one_begun_anew(seed: int) -> None:
    chance = random.Random(seed)
    sets = [frozenset(chance.sample(range(60), chance.randrange(1, 12))) for _ in range(25)]
    unions = Unions(sets)
    counts = [len(services) for services in sets]
    for _ in range(60):
        assert unions.largest(counts) == largest_union(sets, counts)
        for place in chance.sample(range(25), chance.randrange(1, 6)):
            counts[place] = (
                chance.randrange(len(sets[place]) + 1) if chance.random() < 0.3 else max(counts[place] - 1, 0)
            )


def test_what_is_kept_of_an_overlap_never_stands_for_other_sets() -> None:
    """More lists of sets than are kept, over and over, one of them too large to be kept."""
    lists = [[frozenset(range(size)), frozenset(range(size // 2, 2 * size))] for size in (*range(2, 40), 30_000)]
    for _ in range(2):
        for sets in lists:
            first, second = map(len, sets)
            assert Unions(sets).total == second + first // 2
            assert largest_union(sets, [first, second]) == second + first // 2
            assert guaranteed_union(sets, [first, second]) == second


def narrowest_cut(receivers: Receivers) -> int:
    """The least of every cut: some receivers by their counts, and all that the others have."""
    cuts = []
    for chosen in product([True, False], repeat=len(receivers)):
        cut = list(zip(chosen, receivers, strict=True))
        rest = frozenset[int]().union(*(services for by_count, (services, _) in cut if not by_count))
        cuts.append(sum(count for by_count, (_, count) in cut if by_count) + len(rest))
    return min(cuts)


@pytest.mark.parametrize("seed", range(150))
def test_the_largest_union_equals_the_narrowest_cut(seed: int) -> None:
    """Many services contested by seven receivers: the first places found have to be mended again and again."""
    chance = random.Random(seed)
    density = chance.choice([0.15, 0.3, 0.5])
    receivers = []
    for _ in range(7):
        services = frozenset(s for s in range(60) if chance.random() < density)
        receivers.append((services, min(len(services), chance.randint(0, 14))))
    assert largest_union(*split(receivers)) == narrowest_cut(receivers)


@EXACT
@given(few_receivers())
def test_the_floor_is_never_above_the_true_smallest_union(receivers: Receivers) -> None:
    floor = guaranteed_union(*split(receivers))
    assert max([count for _, count in receivers], default=0) <= floor <= min(map(len, every_union(receivers)))


@EXACT
@given(few_receivers())
def test_the_floor_is_the_sum_over_groups_of_the_largest_count(receivers: Receivers) -> None:
    # The model: keep joining receivers that share a service until nothing changes.
    groups = [[receiver] for receiver in receivers]
    joined = True
    while joined:
        joined = False
        for one, other in combinations(groups, 2):
            if any(a & b for a, _ in one for b, _ in other):
                groups.remove(other)
                one += other
                joined = True
                break
    assert guaranteed_union(*split(receivers)) == sum(max(count for _, count in group) for group in groups)


@EXACT
@given(few_receivers(), st.randoms(use_true_random=False))
def test_the_order_of_receivers_does_not_matter(receivers: Receivers, shuffle: random.Random) -> None:
    other = receivers.copy()
    shuffle.shuffle(other)
    assert largest_union(*split(other)) == largest_union(*split(receivers))
    assert guaranteed_union(*split(other)) == guaranteed_union(*split(receivers))


def test_the_example_of_the_design() -> None:
    """One unit with 10 services at 60%, ten units with one and the same service at 100%: at most 7 of 10."""
    sets = [frozenset(range(10))] + [frozenset({0})] * 10
    counts = [6] + [1] * 10
    assert largest_union(sets, counts) == 7
    assert guaranteed_union(sets, counts) == 6


def test_services_are_passed_along_a_long_chain() -> None:
    """Receiver i may have services i and i+1 and reaches one: the last free place is a whole chain away."""
    sets = [frozenset({i, i + 1}) for i in range(300)]
    assert largest_union(sets, [1] * 300) == 300
    assert largest_union([*sets, frozenset({0})], [1] * 301) == 301
    assert largest_union([*sets, frozenset({0}), frozenset({300})], [1] * 302) == 301


def test_nothing_is_reached_by_nobody() -> None:
    assert largest_union([], []) == guaranteed_union([], []) == 0
    assert largest_union([frozenset(), frozenset({1})], [0, 0]) == 0
    assert guaranteed_union([frozenset(), frozenset({1})], [0, 0]) == 0


def test_every_receiver_has_a_count() -> None:
    with pytest.raises(ValueError, match="zip"):
        largest_union([frozenset({1})], [])
    with pytest.raises(ValueError, match="zip"):
        guaranteed_union([frozenset({1})], [])


@pytest.mark.parametrize("density", [0.02, 0.3, 0.95])
def test_a_large_unit_is_answered_at_once(density: float) -> None:
    """300 receivers × 400 services, every service with other takers: the live check asks this at each key."""
    chance = random.Random(1045)
    sets = [frozenset(s for s in range(400) if chance.random() < density) for _ in range(300)]
    counts = [len(services) * 8 // 10 for services in sets]
    fastest = 1.0
    for _ in range(3):
        start = time.perf_counter()
        assert largest_union(sets, counts) >= guaranteed_union(sets, counts)
        fastest = min(fastest, time.perf_counter() - start)
    assert fastest < 0.1
