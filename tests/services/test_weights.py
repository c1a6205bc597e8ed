"""Weights that two levels state differently are seen; deliberate over-assignment is measured against its ceiling."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from sqlalchemy import update

from allocapp.db import transaction
from allocapp.models.campaign import Expectation
from allocapp.rules.balance import Direction, IndicatorRule, Kind, RollUp, Row, check_balance
from allocapp.services.buffer import exceeds_ceiling, is_over_assigned
from allocapp.services.sheet import read_sheet
from allocapp.services.weights import WeightsApart, compare_weights, weights_apart
from tests.factories import World


def test_weights_that_add_up_are_not_flagged(world: World) -> None:
    sheet = read_sheet(world.plan(world.open("A", "a.preparer")))
    assert compare_weights(sheet) == {}


def test_a_district_that_expects_more_than_its_receivers_is_flagged(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    with transaction() as session:
        session.execute(
            update(Expectation)
            .where(Expectation.unit_id == world.units["A"], Expectation.indicator_id == world.indicators["dossiers"])
            .values(weight=401)
        )
    sheet = read_sheet(world.plan(plan_id))
    assert compare_weights(sheet) == {world.indicators["dossiers"]: WeightsApart(400, 401)}


def test_service_sets_overlap_and_are_never_compared(world: World) -> None:
    sheet = read_sheet(world.plan(world.open("A", "a.preparer")))
    services = world.indicators["services"]
    assert weights_apart(sheet, {services: 1}) == {}


def test_a_unit_without_a_weight_of_its_own_has_nothing_to_compare(world: World) -> None:
    sheet = read_sheet(world.plan(world.open("A", "a.preparer")))
    assert weights_apart(sheet, {}) == {}
    doubled = tuple(
        replace(row, cells=tuple(replace(cell, weight=2 * cell.weight) for cell in row.cells)) for row in sheet.rows
    )
    own = {world.indicators["dossiers"]: 400}
    assert weights_apart(replace(sheet, rows=doubled), own) == {world.indicators["dossiers"]: WeightsApart(800, 400)}


RATE = IndicatorRule(Kind.RATE, RollUp.SUMS, Direction.AT_LEAST)
CEILING = IndicatorRule(Kind.QUANTITY, RollUp.SUMS, Direction.AT_MOST)


@pytest.mark.parametrize(
    ("target", "ceiling", "over", "too_much"),
    [(8000, 100, False, False), (8100, 100, True, False), (8101, 100, True, True), (9900, None, True, False),
     (7900, 0, False, False), (8001, 0, True, True)],
)  # fmt: skip
def test_over_assignment_of_a_rate(target: int, ceiling: int | None, over: bool, too_much: bool) -> None:
    balance = check_balance([Row(1, 3, target)], 8000, RATE)
    assert (is_over_assigned(balance), exceeds_ceiling(balance, ceiling)) == (over, too_much)


def test_over_assignment_is_exact() -> None:
    """A third of a dossier more than the ceiling allows is more."""
    balance = check_balance([Row(1, 2, 8000), Row(2, 1, 8001)], 8000, RATE)
    assert balance.difference == Fraction(1, 30000)
    assert balance.slack_points == 0
    assert is_over_assigned(balance)
    assert exceeds_ceiling(balance, 0)


def test_over_assignment_of_a_budget_is_what_stays_below_it() -> None:
    balance = check_balance([Row(1, 0, 90)], 100, CEILING)
    assert exceeds_ceiling(balance, 9)
    assert not exceeds_ceiling(balance, 10)
