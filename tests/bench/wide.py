"""A district with any number of receivers and indicators, its plan filled in, and the people of the small world."""

from __future__ import annotations

import random

from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.models.campaign import CampaignIndicator, Expectation, Indicator
from allocapp.models.plan import Plan, PlanTarget
from allocapp.rules.balance import RollUp
from allocapp.services.plan import open_plan
from allocapp.services.unit import add_unit
from tests.factories import NOW, SINCE, World, make_world

SERVICES = 400


def make_wide(receivers: int, indicators: int) -> tuple[World, int]:
    """The small world with district A widened; its plan's id. Every second indicator is over distinct services."""
    world = make_world()
    world.issue_province(5000)
    chance = random.Random(7)
    with transaction() as session:
        district = world.unit("A")
        for number in range(4, receivers):
            code = f"A{number}"
            unit = add_unit(
                code=code,
                name=f"Xã A{number}",
                kind_code="commune",
                parent=district,
                position=number,
                valid_from=SINCE,
            )
            world.units[code] = unit.id
        names = list(world.indicators)
        for position in range(len(names), indicators):
            names.append(_add_indicator(world, names[position % 2], position))
        units = [world.units[code] for code in world.units if code.startswith("A") and code != "A"]
        session.execute(db.delete(Expectation).where(Expectation.unit_id.in_(units)))
        for name in names:
            indicator = session.get_one(Indicator, world.indicators[name])
            session.add_all(_expectation(world, unit, indicator, chance) for unit in units)
    with transaction():
        plan_id = open_plan(world.units["A"], world.campaign, actor=world.account("a.preparer"), now=NOW).id
    with transaction() as session:
        for cell in session.scalars(select(PlanTarget).where(PlanTarget.plan_id == plan_id)):
            cell.target = chance.randrange(4000, 9500, 50)
    return world, plan_id


def _add_indicator(world: World, like: str, position: int) -> str:
    """Another indicator that rolls up as ``like`` does, with a target for the district in the plan in force."""
    session = db.session
    model = session.get_one(Indicator, world.indicators[like])
    values = {column.key: getattr(model, column.key) for column in Indicator.__table__.columns}
    code = f"{like}{position}"
    indicator = Indicator(**(values | {"id": None, "code": code}))
    session.add(indicator)
    session.flush()  # its id is referred to below
    world.indicators[code] = indicator.id
    session.add(CampaignIndicator(campaign_id=world.campaign, indicator_id=indicator.id, position=position))
    root = session.scalars(select(Plan).where(Plan.unit_id == world.units["P"])).one()
    for place, unit in enumerate(("D1", "D2", "A", "B")):
        session.add(
            PlanTarget(
                plan_id=root.id,
                unit_id=world.units[unit],
                indicator_id=indicator.id,
                position=place,
                target=5000,
            )
        )
    return code


def _expectation(world: World, unit_id: int, indicator: Indicator, chance: random.Random) -> Expectation:
    services: list[int] = []
    weight = chance.randrange(60, 4000)
    if indicator.rollup is RollUp.DISTINCT:
        services = sorted(chance.sample(range(SERVICES), chance.randrange(30, 120)))
        weight = len(services)
    return Expectation(
        campaign_id=world.campaign,
        unit_id=unit_id,
        indicator_id=indicator.id,
        weight=weight,
        baseline_numerator=weight * chance.randrange(5, 85) // 100,
        baseline_denominator=weight,
        services=services,
    )
