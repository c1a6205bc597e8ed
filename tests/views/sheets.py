"""A plan's grid as a person fills it in, and what is stored of it."""

from __future__ import annotations

from sqlalchemy import select

from allocapp.db import db
from allocapp.models.plan import PlanTarget
from tests.factories import World
from tests.views.client import Client
from tests.views.markup import Page

Stored = tuple[int | None, str]
"""Target and excuse of a cell."""


def field(world: World, unit: str, indicator: str = "dossiers", *, excuse: bool = False) -> str:
    """The name of a cell's field: its target, or the reason why none is assigned."""
    return f"{'x' if excuse else 't'}-{world.units[unit]}-{world.indicators[indicator]}"


def everywhere(page: Page, plan_id: int, text: str) -> dict[str, str]:
    """The same text typed into every target."""
    fields = page.form(f"/plans/{plan_id}/save").fields
    return {name: text for name in fields if name.startswith("t-")}


def inputs(page: Page, plan_id: int) -> dict[str, str]:
    """What stands in the grid now: targets and reasons."""
    fields = page.form(f"/plans/{plan_id}/save").fields
    return {name: text for name, text in fields.items() if name[:2] in ("t-", "x-")}


def stored(world: World, plan_id: int) -> dict[tuple[str, str], Stored]:
    """What the database holds, by the codes of unit and indicator."""
    db.session.rollback()
    units = {unit_id: code for code, unit_id in world.units.items()}
    indicators = {indicator_id: code for code, indicator_id in world.indicators.items()}
    rows = db.session.scalars(select(PlanTarget).where(PlanTarget.plan_id == plan_id))
    return {(units[row.unit_id], indicators[row.indicator_id]): (row.target, row.excuse) for row in rows}


def targets(world: World, plan_id: int) -> set[int | None]:
    """Every target that is stored, once."""
    return {target for target, _excuse in stored(world, plan_id).values()}


def save(client: Client, plan_id: int, text: str) -> None:
    """Open the plan, type the text everywhere, save, and see the page again."""
    page = client.open(f"/plans/{plan_id}")
    client.follow(client.send(f"/plans/{plan_id}/save", everywhere(page, plan_id, text)))
