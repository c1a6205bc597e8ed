"""Milestones of a plan's targets (lộ trình): set for a whole indicator at once, checked against the targets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import delete, insert

from allocapp.db import db
from allocapp.errors import MilestonesRefused, NotFound, StaleVersion, UnknownRow
from allocapp.models.account import Account
from allocapp.models.plan import Plan, PlanMilestone
from allocapp.rules.milestone import MilestoneProblem, check_milestones, fill_milestones, quarter_ends
from allocapp.rules.workflow import PlanAction
from allocapp.services.road import load_for
from allocapp.services.sheet import Cell, Sheet, SheetIndicator, read_cells

Road = Mapping[date, int]
"""The milestones of one row: by day, in the target's own unit."""


def set_milestones(
    plan_id: int, indicator_id: int, roads: Mapping[int, Road], *, version: int, actor: Account, now: datetime
) -> Plan:
    """Keep the milestones of the receivers named in ``roads`` (by unit id) for one indicator, in place of those before.

    An empty road takes a receiver's milestones away. Sent twice, it changes nothing. Raises MilestonesRefused,
    UnknownRow, StaleVersion, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    rules = {column.indicator_id: column.rule for column in plan.campaign.indicators}
    if indicator_id not in rules:
        raise NotFound
    cells = {unit: cell for (unit, indicator), cell in read_cells(plan).items() if indicator == indicator_id}
    if strangers := tuple((unit_id, indicator_id) for unit_id in roads if unit_id not in cells):
        raise UnknownRow(strangers)
    changed = {unit: road for unit, road in roads.items() if dict(cells[unit].milestones) != dict(road)}
    if not changed:
        return plan
    if version != plan.version:
        raise StaleVersion(plan.version)
    first, last = plan.campaign.period_from, plan.campaign.period_to
    problems = tuple(
        problem
        for unit, road in changed.items()
        for problem in check_milestones(road, cells[unit].target, rules[indicator_id], first=first, last=last)
    )
    if problems:
        raise MilestonesRefused(problems)
    _replace(plan, indicator_id, changed)
    plan.version += 1
    plan.changed_at, plan.changed_by = now, actor
    return plan


def milestone_days(plan: Plan) -> tuple[date, ...]:
    """The days that milestones can be set for: ends of quarters before the period itself ends with the target."""
    campaign = plan.campaign
    return tuple(end for end in quarter_ends(campaign.period_from, campaign.period_to) if end != campaign.period_to)


def check_roads(sheet: Sheet, column: SheetIndicator, roads: Mapping[int, Road]) -> dict[int, list[MilestoneProblem]]:
    """What is wrong with these roads, by unit id; the rows in order are left out."""
    campaign = sheet.plan.campaign
    found = {}
    for unit_id, road in roads.items():
        cell = sheet.cells.get((unit_id, column.indicator.id))
        target = cell.target if cell else None
        problems = check_milestones(road, target, column.rule, first=campaign.period_from, last=campaign.period_to)
        if problems:
            found[unit_id] = list(problems)
    return found


def require_milestones(sheet: Sheet) -> None:
    """What a submission asks for: every milestone still leads to its target. Raises MilestonesRefused."""
    problems = [
        problem
        for position, column in enumerate(sheet.indicators)
        for found in check_roads(
            sheet, column, {row.unit.id: dict(row.cells[position].milestones) for row in sheet.rows}
        ).values()
        for problem in found
    ]
    if problems:
        raise MilestonesRefused(tuple(problems))


def propose_road(sheet: Sheet, column: SheetIndicator, cell: Cell) -> Road:
    """Even steps from last year's figure to the row's target; nothing where there is no target."""
    if cell.target is None:
        return {}
    campaign = sheet.plan.campaign
    return fill_milestones(cell.target, cell.baseline, column.rule, first=campaign.period_from, last=campaign.period_to)


def _replace(plan: Plan, indicator_id: int, roads: Mapping[int, Road]) -> None:
    db.session.execute(
        delete(PlanMilestone).where(
            PlanMilestone.plan_id == plan.id,
            PlanMilestone.indicator_id == indicator_id,
            PlanMilestone.unit_id.in_(list(roads)),
        )
    )
    rows = [
        {"plan_id": plan.id, "unit_id": unit_id, "indicator_id": indicator_id, "due": due, "target": target}
        for unit_id, road in roads.items()
        for due, target in road.items()
    ]
    if rows:
        db.session.execute(insert(PlanMilestone), rows)
