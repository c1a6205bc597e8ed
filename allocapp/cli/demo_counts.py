"""Last year's dossiers of the demonstration: made up, the same on every machine, and always called sample figures.

No commune's dossiers are public. These have the shape of real ones: few services make most of the work, wards have more
of it than townships and townships than communes, and what is filed online differs by unit and by service.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random

SEED = "allocapp 2022"
MONTHS = 12
# dossiers by month, in proportion: fewer around the lunar New Year, more when the school year begins
SEASON = (9, 6, 9, 10, 10, 10, 10, 11, 11, 10, 9, 8)

# the smallest and the largest number of dossiers a year among the units of a kind
VOLUMES: Mapping[str, tuple[int, int]] = {
    "ward": (2_300, 4_000),
    "township": (1_250, 2_200),
    "commune": (60, 1_240),
    "office": (9_500, 19_000),
    "department": (900, 5_200),
}
CITY_OFFICE = 26_000
# how much a field is asked for, against 3 for the rest
DEMAND: Mapping[str, int] = {
    "Chứng thực": 60,
    "Hộ tịch": 40,
    "Đất đai": 34,
    "Đăng ký biện pháp bảo đảm": 24,
    "Đăng ký kinh doanh": 24,
    "Bảo trợ xã hội": 14,
    "Xây dựng": 12,
    "Người có công": 10,
}

# Shares in ten-thousandths. A unit's own lies in this range, and so does what is filed online for one service.
LEAST_SHARE, GREATEST_SHARE = 500, 8_500
# of 100 services: so many could not be filed online last year, so many were hardly, so many readily
NOT_ONLINE, RELUCTANT, READY = 28, 20, 24


@dataclass(frozen=True)
class SampleService:
    """A service of the catalogue. ``handled_by``: "commune", "district" or both, or a department's code."""

    code: str
    field: str
    handled_by: frozenset[str]


@dataclass(frozen=True)
class Leaf:
    """A unit that handles dossiers; ``group`` is the unit above it, or its own code for a department."""

    code: str
    kind: str
    group: str
    volume: int
    share: int


@dataclass(frozen=True)
class SampleCount:
    """A month (1 to 12) of one service in one unit: how many dossiers, and how many of them online."""

    unit: str
    service: str
    month: int
    received: int
    online: int


def _draws(purpose: str) -> Random:
    """Draws that are the same on every machine and do not depend on one another."""
    return Random(f"{SEED} {purpose}")  # noqa: S311 - sample figures, no secrets


def sized_leaves(units: Sequence[tuple[str, str, str]], city: str) -> list[Leaf]:
    """Give each (code, kind, group) its dossiers a year and its share of online ones. ``city`` is the city's code."""
    volumes: dict[str, int] = {}
    for kind, (least, greatest) in VOLUMES.items():
        codes = [code for code, of_kind, group in units if of_kind == kind and not (kind == "office" and group == city)]
        _draws(f"volumes {kind}").shuffle(codes)
        volumes |= dict(zip(codes, _spread(least, greatest, len(codes)), strict=True))
    volumes |= {code: CITY_OFFICE for code, kind, group in units if kind == "office" and group == city}
    return [Leaf(code, kind, group, volumes[code], _unit_share(code, kind, group)) for code, kind, group in units]


def _spread(least: int, greatest: int, number: int) -> list[int]:
    """``number`` volumes from ``least`` to ``greatest``, the small ones closer together."""
    last = max(number - 1, 1)
    return [least + (greatest - least) * (rank * last + rank * rank) // (2 * last * last) for rank in range(number)]


def _unit_share(code: str, kind: str, group: str) -> int:
    """A unit's inclination: around that of its group, a few far ahead of it or behind."""
    common = _draws(f"share {group}").randrange(2_000, 4_500)
    own = _draws(f"share of {code}")
    if kind == "department":
        return own.randrange(3_000, 7_000)
    if kind == "office":
        return common + own.randrange(-300, 900)
    chance = own.randrange(100)
    if chance < 4:
        return own.randrange(8_200, 10_500)
    if chance < 12:
        return own.randrange(900, 1_300)
    return max(common + own.randrange(-1_900, 2_000), 1_000)


def sample_counts(leaves: Sequence[Leaf], services: Sequence[SampleService]) -> Iterator[SampleCount]:
    """The counts of last year: every unit × service × month in which there was a dossier."""
    inclinations = {service.code: _inclination(service.code, place) for service, place in _placed(services)}
    for leaf in leaves:
        yield from _counts_of(leaf, _handled(leaf, services), inclinations)


def _handled(leaf: Leaf, services: Sequence[SampleService]) -> list[SampleService]:
    handler = {"office": "district", "department": leaf.code}.get(leaf.kind, "commune")
    return [service for service in services if handler in service.handled_by]


def _placed(services: Sequence[SampleService]) -> Iterator[tuple[SampleService, int]]:
    """Each service with its place in its field, from 1: the first of a field is asked for most."""
    places: Counter[str] = Counter()
    for service in services:
        places[service.field] += 1
        yield service, places[service.field]


def _inclination(code: str, place: int) -> int:
    """How readily a service is filed online, in hundredths of what its unit is inclined to; 0: not at all.

    What is asked for most in a field went online first.
    """
    if place <= 2:
        return 100
    chance = _draws(f"service {code}").randrange(100)
    if chance < NOT_ONLINE:
        return 0
    if chance < NOT_ONLINE + RELUCTANT:
        return 35
    return 160 if chance >= 100 - READY else 105


def _counts_of(leaf: Leaf, services: Sequence[SampleService], inclinations: Mapping[str, int]) -> Iterator[SampleCount]:
    draw = _draws(f"counts of {leaf.code}")
    demand = list(accumulate(_demand(services)))
    season = list(accumulate(SEASON))
    asked = draw.choices([service.code for service in services], cum_weights=demand, k=leaf.volume)
    months = draw.choices(range(1, MONTHS + 1), cum_weights=season, k=leaf.volume)
    for (service, month), received in sorted(Counter(zip(asked, months, strict=True)).items()):
        inclination = inclinations[service]
        share = min(max(leaf.share * inclination // 100, LEAST_SHARE), GREATEST_SHARE) if inclination else 0
        online = sum(draw.randrange(10_000) < share for _ in range(received)) if share else 0
        yield SampleCount(leaf.code, service, month, received, online)


def _demand(services: Sequence[SampleService]) -> Iterator[int]:
    """How much each service is asked for, in proportion: the further down in its field, the less."""
    for service, place in _placed(services):
        yield DEMAND.get(service.field, 3) * 10_000 // (place * (place + 3))
