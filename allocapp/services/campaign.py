"""Campaigns: freezing what every unit is expected to handle, so that plans balance on figures that no longer move."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, func, insert, select

from allocapp.db import db
from allocapp.errors import PlanExists
from allocapp.models.campaign import Campaign, Expectation, Indicator
from allocapp.models.plan import Plan
from allocapp.models.results import Count, ReportingPeriod
from allocapp.models.unit import Unit
from allocapp.rules.balance import RollUp
from allocapp.services.unit import units_of

# measure -> service -> how often, for one unit and everything below it
Totals = Mapping[int, Mapping[int, int]]


def freeze_expectations(campaign: Campaign, *, source_from: date, source_to: date, now: datetime) -> None:
    """Store, for every unit of the campaign × indicator, the weight, the expected services and the baseline.

    They are taken from the counts of the reporting periods that lie wholly within ``source_from`` … ``source_to``
    (both inclusive), each unit's from its whole subtree, the campaign's root included:

    - sums: the weight is the total of the denominator; the baseline its numerator over that;
    - distinct services: the services with a positive denominator, each once however many units below have it;
      the weight is their number, the baseline those among all with a positive numerator.

    May be repeated until the first plan is opened; raises PlanExists afterwards, because plans rest on the figures.
    """
    if db.session.scalar(select(Plan.id).where(Plan.campaign_id == campaign.id).limit(1)):
        raise PlanExists
    indicators = [line.indicator for line in campaign.indicators]
    totals = _subtree_totals(campaign, indicators, source_from, source_to)
    db.session.execute(delete(Expectation).where(Expectation.campaign_id == campaign.id))
    expected = list(_expected(campaign, indicators, totals))
    if expected:
        db.session.execute(insert(Expectation), expected)
    campaign.frozen_at = now
    campaign.frozen_from = f"{source_from:%d/%m/%Y} – {source_to:%d/%m/%Y}"


def _expected(
    campaign: Campaign, indicators: Iterable[Indicator], totals: Mapping[int, Totals]
) -> Iterator[dict[str, object]]:
    units = db.session.scalars(select(Unit.id).where(units_of(campaign)).order_by(Unit.id)).all()
    for indicator in indicators:
        for unit_id in units:
            figures = _figures(indicator, totals.get(unit_id, {}))
            yield {
                "campaign_id": campaign.id,
                "unit_id": unit_id,
                "indicator_id": indicator.id,
                "weight": figures.denominator,
                "baseline_numerator": figures.numerator,
                "baseline_denominator": figures.denominator,
                "services": figures.services,
            }


@dataclass(frozen=True)
class _Figures:
    numerator: int
    denominator: int
    services: list[int]


def _figures(indicator: Indicator, totals: Totals) -> _Figures:
    """One unit's figures for one indicator, from its subtree's totals by measure and service."""
    numerators = totals.get(indicator.numerator_id, {})
    denominators = totals.get(indicator.denominator_id, {})
    if indicator.rollup is RollUp.SUMS:
        return _Figures(sum(numerators.values()), sum(denominators.values()), [])
    services = sorted(service for service, number in denominators.items() if number > 0)
    reached = sum(1 for number in numerators.values() if number > 0)
    return _Figures(reached, len(services), services)


def _subtree_totals(
    campaign: Campaign, indicators: Iterable[Indicator], source_from: date, source_to: date
) -> dict[int, Totals]:
    """By unit: how often each measure occurred for each service in the unit and below it.

    The database adds up the periods in one query; each leaf's sums then go to every unit on its path, which costs the
    depth of the tree. A unit that is no longer valid still counts for the units above it.
    """
    measures = {indicator.numerator_id for indicator in indicators} | {i.denominator_id for i in indicators}
    sums = db.session.execute(
        select(Unit.path, Count.measure_id, Count.service_id, func.sum(Count.number))
        .join(Unit, Unit.id == Count.unit_id)
        .join(ReportingPeriod, ReportingPeriod.id == Count.period_id)
        .where(
            Count.measure_id.in_(measures),
            ReportingPeriod.starts_on >= source_from,
            ReportingPeriod.ends_on <= source_to,
            Unit.path.startswith(campaign.root.path, autoescape=True),
        )
        .group_by(Unit.path, Count.measure_id, Count.service_id)
    )
    totals: dict[int, dict[int, dict[int, int]]] = defaultdict(lambda: defaultdict(lambda: defaultdict(int)))
    for path, measure_id, service_id, number in sums:
        for unit_id in map(int, path.strip("/").split("/")):
            totals[unit_id][measure_id][service_id] += number
    return dict(totals)
