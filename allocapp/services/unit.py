"""Units: adding one to the tree, and who the receivers of a unit are in a campaign."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import ColumnElement, and_, or_, select

from allocapp.db import db
from allocapp.models.campaign import Campaign
from allocapp.models.unit import Unit, UnitKind


def add_unit(
    *,
    code: str,
    name: str,
    kind_code: str,
    parent: Unit | None,
    position: int,
    valid_from: date,
    valid_to: date | None = None,
    may_allocate: bool = False,
    place: str = "",
    symbol: str = "",
) -> Unit:
    """Add a unit below ``parent`` (None: a root) and give it its path.

    ``position`` is its place in the official order among its parent's children whose kinds share a group of the annex.
    ``place`` and ``symbol`` are what its documents print; empty where it issues none.
    """
    unit = Unit(
        code=code,
        name=name,
        kind_code=kind_code,
        parent_id=parent.id if parent else None,
        path="",
        position=position,
        valid_from=valid_from,
        valid_to=valid_to,
        may_allocate=may_allocate,
        place=place,
        symbol=symbol,
    )
    db.session.add(unit)
    # the path ends with the unit's own id, which only the database gives
    db.session.flush()
    unit.path = f"{parent.path if parent else ''}{unit.id}/"
    return unit


def valid_in(campaign: Campaign) -> ColumnElement[bool]:
    """Condition on ``Unit`` for a query: the units that are valid on any day of the campaign's period."""
    return and_(
        Unit.valid_from <= campaign.period_to,
        or_(Unit.valid_to.is_(None), Unit.valid_to >= campaign.period_from),
    )


def units_of(campaign: Campaign) -> ColumnElement[bool]:
    """Condition on ``Unit`` for a query: the campaign's root and everything below it that is valid in its period."""
    return and_(Unit.path.startswith(campaign.root.path, autoescape=True), valid_in(campaign))


def units_by_id(unit_ids: Collection[int]) -> dict[int, Unit]:
    """The units of these ids, in one statement; whether they are still valid does not matter."""
    return {unit.id: unit for unit in db.session.scalars(select(Unit).where(Unit.id.in_(unit_ids)))}


def allocating_units(campaign: Campaign) -> list[Unit]:
    """The campaign's units that pass targets on: superiors first, at any depth, then in official order."""
    units = db.session.scalars(select(Unit).join(UnitKind).where(Unit.may_allocate, units_of(campaign)))
    return sorted(units, key=lambda unit: (len(unit.ancestor_ids), unit.kind.position, unit.position, unit.id))


def receivers_of(unit: Unit, campaign: Campaign) -> list[Unit]:
    """The receivers of ``unit``: its children valid on any day of the campaign's period, in the order of the annex.

    That is by the place of their kind (the groups of the annex), then in the official order. Leaves and units that pass
    targets on, its own one-stop office and its departments are receivers alike.
    """
    in_order = (
        select(Unit)
        .join(UnitKind, UnitKind.code == Unit.kind_code)
        .where(
            Unit.parent_id == unit.id,
            valid_in(campaign),
        )
        .order_by(UnitKind.position, Unit.position, Unit.id)
    )
    return list(db.session.scalars(in_order))
