"""A sheet shows what is stored at the moment it is read, whatever was read before."""

from __future__ import annotations

import json

from sqlalchemy import update

from allocapp.db import db, transaction
from allocapp.models.campaign import Expectation
from allocapp.services.sheet import check_sheet, plan_in_force, read_cells, read_sheet
from tests.factories import World


def expect(unit_id: int, indicator_id: int, services: list[int]) -> None:
    with transaction() as session:
        session.execute(
            update(Expectation)
            .where(Expectation.unit_id == unit_id, Expectation.indicator_id == indicator_id)
            .values(services=services, weight=len(services))
        )


def test_services_are_those_stored_now_not_those_read_before(world: World) -> None:
    world.issue_province()
    plan_id = world.open("A", "a.preparer")
    indicator = world.indicators["services"]
    unit = next(unit for unit, of in read_cells(world.plan(plan_id)) if of == indicator)
    for services in ([3, 1, 2], [3, 1, 2, 90_000], [], [3, 1, 2], list(range(5000))):
        assert len(json.dumps(services)) < 3000 or len(services) == 5000, "one list is too long to be kept"
        expect(unit, indicator, services)
        cell = read_cells(world.plan(plan_id))[unit, indicator]
        assert cell.services == cell.frozen_services == frozenset(services)
        assert cell.weight == len(services)
        others = [
            c.services for k, c in read_sheet(world.plan(plan_id)).cells.items() if k[1] == indicator and k[0] != unit
        ]
        distinct = next(b for b in check_sheet(read_sheet(world.plan(plan_id))) if b.best is not None)
        assert distinct.total_weight == len(frozenset(services).union(*others))


def test_the_plan_in_force_brings_its_unit_and_campaign_when_asked(world: World) -> None:
    province = world.issue_province()
    db.session.remove()
    found = plan_in_force(world.campaign, world.units["P"])
    assert found is not None
    assert (found.id, found.unit.code, found.campaign.id) == (province, "P", world.campaign)
