"""Milestones by quarter: the rules, and keeping them with a plan."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocapp.db import transaction
from allocapp.errors import MilestonesRefused, NotFound, StaleVersion, TransitionNotAllowed, UnknownRow
from allocapp.rules.balance import Direction, IndicatorRule, Kind, RollUp
from allocapp.rules.milestone import MilestoneCode, MilestoneProblem, check_milestones, fill_milestones, quarter_ends
from allocapp.rules.percent import HUNDRED_PERCENT
from allocapp.services.milestone import Road, milestone_days, propose_road, require_milestones, set_milestones
from allocapp.services.quota import read_quotas
from allocapp.services.sheet import read_sheet
from tests.factories import NOW, World

FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
Q1, Q2, Q3, Q4 = date(2026, 3, 31), date(2026, 6, 30), date(2026, 9, 30), LAST
AT_LEAST = IndicatorRule(Kind.RATE, RollUp.SUMS, Direction.AT_LEAST)
AT_MOST = IndicatorRule(Kind.RATE, RollUp.SUMS, Direction.AT_MOST)
CEILING = IndicatorRule(Kind.QUANTITY, RollUp.SUMS, Direction.AT_MOST)
AMOUNT = IndicatorRule(Kind.QUANTITY, RollUp.SUMS, Direction.AT_LEAST)


def codes(road: Road, target: int | None, rule: IndicatorRule, last: date = LAST) -> list[str]:
    return [problem.code.value for problem in check_milestones(road, target, rule, first=FIRST, last=last)]


# -- rules -----------------------------------------------------------------------------------------------------------


def test_the_ends_of_quarters_within_the_period() -> None:
    assert quarter_ends(FIRST, LAST) == (Q1, Q2, Q3, Q4)
    assert quarter_ends(date(2025, 12, 15), date(2026, 12, 14)) == (date(2025, 12, 31), Q1, Q2, Q3)
    assert quarter_ends(date(2026, 4, 1), date(2026, 5, 31)) == ()


def test_a_rate_climbs_or_sinks_towards_its_target() -> None:
    assert codes({Q1: 4000, Q2: 4000, Q3: 7000, Q4: 8000}, 8000, AT_LEAST) == []
    assert codes({Q1: 4000, Q3: 3999}, 8000, AT_LEAST) == ["backwards"]
    assert codes({Q1: 2000, Q2: 1500, Q3: 500}, 500, AT_MOST) == []
    assert codes({Q1: 1500, Q2: 2000}, 500, AT_MOST) == ["backwards"]
    assert codes({Q3: 499}, 500, AT_MOST) == ["beyond_target"]
    assert codes({Q3: 8001}, 8000, AT_LEAST) == ["beyond_target"]


def test_a_quantity_is_counted_from_the_beginning_under_a_ceiling_too() -> None:
    for rule in (CEILING, AMOUNT):
        assert codes({Q1: 250, Q2: 500, Q3: 750}, 1000, rule) == []
        assert codes({Q1: 250, Q2: 200}, 1000, rule) == ["backwards"]
        assert codes({Q1: 1001}, 1000, rule) == ["beyond_target"]
    assert codes({Q1: 20_000}, 50_000, AMOUNT) == []  # a count, not a share


def test_the_last_day_repeats_the_target_or_is_left_out() -> None:
    assert codes({Q4: 7999}, 8000, AT_LEAST) == ["not_the_target"]
    assert codes({Q4: 8000}, 8000, AT_LEAST) == []


def test_range_days_and_rows_without_a_target() -> None:
    assert codes({Q1: 10_001}, 10_000, AT_LEAST) == ["out_of_range"]
    assert codes({Q1: -1}, 8000, AT_LEAST) == ["out_of_range"]
    assert codes({date(2026, 4, 1): 10}, 8000, AT_LEAST) == ["not_a_quarter"]
    assert codes({date(2025, 3, 31): 10}, 8000, AT_LEAST) == ["not_a_quarter"]
    assert codes({Q1: 10}, None, AT_LEAST) == ["no_target"]
    assert codes({}, None, AT_LEAST) == []


def test_even_steps_from_last_year() -> None:
    assert fill_milestones(8000, 2533, AT_LEAST, first=FIRST, last=LAST) == {Q1: 3890, Q2: 5260, Q3: 6630}
    assert fill_milestones(500, 2533, AT_MOST, first=FIRST, last=LAST) == {Q1: 2030, Q2: 1520, Q3: 1010}
    assert fill_milestones(1000, None, CEILING, first=FIRST, last=LAST) == {Q1: 250, Q2: 500, Q3: 750}
    assert fill_milestones(8000, 9000, AT_LEAST, first=FIRST, last=LAST) == {Q1: 8000, Q2: 8000, Q3: 8000}


@given(
    target=st.integers(0, HUNDRED_PERCENT),
    baseline=st.none() | st.integers(0, HUNDRED_PERCENT),
    rule=st.sampled_from([AT_LEAST, AT_MOST, CEILING, AMOUNT]),
    last=st.sampled_from([LAST, date(2026, 12, 14), date(2026, 8, 1)]),
)
def test_what_is_filled_in_is_always_in_order(
    target: int, baseline: int | None, rule: IndicatorRule, last: date
) -> None:
    filled = fill_milestones(target, baseline, rule, first=FIRST, last=last)
    assert set(filled) == {end for end in quarter_ends(FIRST, last) if end != last}
    assert check_milestones(filled, target, rule, first=FIRST, last=last) == ()


# -- with a plan -----------------------------------------------------------------------------------------------------


def keep(
    world: World, plan_id: int, roads: dict[str, Road], *, version: int | None = None, login: str = "a.preparer"
) -> None:
    with transaction():
        plan = world.plan(plan_id)
        set_milestones(
            plan_id,
            world.indicators["dossiers"],
            {world.units[unit]: road for unit, road in roads.items()},
            version=plan.version if version is None else version,
            actor=world.account(login),
            now=NOW,
        )


def roads(world: World, plan_id: int) -> dict[str, tuple[tuple[date, int], ...]]:
    sheet = read_sheet(world.plan(plan_id))
    return {row.unit.code: row.cells[1].milestones for row in sheet.rows if row.cells[1].milestones}


def test_milestones_are_kept_replaced_and_taken_away(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 8000, "a.preparer")
    before = read_sheet(world.plan(plan_id)).content_hash
    keep(world, plan_id, {"A1": {Q1: 3000, Q2: 5000}, "A2": {Q3: 8000}})
    assert roads(world, plan_id) == {"A1": ((Q1, 3000), (Q2, 5000)), "A2": ((Q3, 8000),)}
    assert read_sheet(world.plan(plan_id)).content_hash != before
    version = world.plan(plan_id).version
    keep(world, plan_id, {"A1": {Q1: 3000, Q2: 5000}}, version=1)  # sent twice: nothing changes
    assert world.plan(plan_id).version == version
    with pytest.raises(StaleVersion):
        keep(world, plan_id, {"A1": {}}, version=1)
    keep(world, plan_id, {"A1": {}})
    assert roads(world, plan_id) == {"A2": ((Q3, 8000),)}


def test_what_does_not_lead_to_the_target_is_not_kept(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 8000, "a.preparer")
    with pytest.raises(MilestonesRefused) as caught:
        keep(world, plan_id, {"A1": {Q1: 9000}, "A2": {Q1: 10}})
    assert caught.value.problems == (MilestoneProblem(MilestoneCode.BEYOND_TARGET, Q1),)
    assert roads(world, plan_id) == {}
    with pytest.raises(UnknownRow):
        keep(world, plan_id, {"B1": {Q1: 10}})
    with pytest.raises(NotFound):
        keep(world, plan_id, {"A1": {Q1: 10}}, login="b.preparer")
    with pytest.raises(NotFound), transaction():
        set_milestones(plan_id, 999_999, {}, version=1, actor=world.account("a.preparer"), now=NOW)


def test_a_target_moved_under_its_milestones_is_noticed(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 8000, "a.preparer")
    keep(world, plan_id, {"A1": {Q3: 7500}})
    require_milestones(read_sheet(world.plan(plan_id)))
    world.save(plan_id, 7000, "a.preparer")
    with pytest.raises(MilestonesRefused):
        require_milestones(read_sheet(world.plan(plan_id)))


def test_a_submitted_plan_keeps_its_milestones(world: World) -> None:
    plan_id = world.open("P", "p.preparer")
    world.submit(plan_id, 8000, "p.preparer")
    with pytest.raises(TransitionNotAllowed):
        keep(world, plan_id, {"A": {Q1: 10}}, login="p.preparer")


def test_the_road_that_is_offered_begins_at_last_year(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 8500, "a.preparer")
    sheet = read_sheet(world.plan(plan_id))
    assert milestone_days(sheet.plan) == (Q1, Q2, Q3)
    assert propose_road(sheet, sheet.indicators[1], sheet.rows[1].cells[1]) == {Q1: 4000, Q2: 5500, Q3: 7000}


def test_a_receiver_finds_its_milestones_with_its_targets(world: World) -> None:
    plan_id = world.open("P", "p.preparer")
    world.save(plan_id, 8000, "p.preparer")
    keep(world, plan_id, {"A": {Q2: 6000}}, login="p.preparer")
    world.submit(plan_id, 8000, "p.preparer")
    world.approve(plan_id, "p.approver")
    world.put_in_force(plan_id)
    (quota,) = read_quotas(world.unit("A"))
    assert [line.cell.milestones for line in quota.lines] == [(), ((Q2, 6000),)]
