"""Where every unit stands in every campaign: the list from which people pick a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from allocapp.access import Action, may_at_unit, units_reached
from allocapp.db import db
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit, UnitKind
from allocapp.rules.workflow import PlanState
from allocapp.services.unit import units_of


@dataclass(frozen=True)
class PlanLine:
    """A unit that passes targets on in a campaign, with its newest plan, if it has begun one, and the one in force.

    ``superior_known``: its own assigned targets are in force, so that a plan could be submitted.
    """

    campaign: Campaign
    unit: Unit
    plan: Plan | None
    in_force: Plan | None
    superior_known: bool
    can_open: bool


def list_plans(account: Account, *, today: date) -> list[PlanLine]:
    """Every unit that passes targets on and that the account may see, by campaign (newest first) and official order."""
    lines: list[PlanLine] = []
    for campaign in db.session.scalars(select(Campaign).order_by(Campaign.period_from.desc(), Campaign.id)):
        plans = _newest_plans(campaign)
        in_force = {plan.unit_id: plan for plan in _in_force(campaign)}
        for unit in _allocating_units(account, campaign, today):
            at_root = unit.id == campaign.root_id
            plan = plans.get(unit.id)
            lines.append(
                PlanLine(
                    campaign=campaign,
                    unit=unit,
                    plan=plan,
                    in_force=in_force.get(unit.id),
                    superior_known=at_root or unit.parent_id in in_force,
                    can_open=plan is None and may_at_unit(account, Action.OPEN_PLAN, unit, today),
                )
            )
    return lines


def _allocating_units(account: Account, campaign: Campaign, today: date) -> list[Unit]:
    statement = (
        select(Unit)
        .join(UnitKind)
        .where(
            Unit.may_allocate,
            units_of(campaign),
            units_reached(account, Action.VIEW_PLAN, today),
        )
    )
    units = list(db.session.scalars(statement))
    # superiors before their subordinates, at any depth; then the official order of an annex
    return sorted(units, key=lambda unit: (len(unit.ancestor_ids), unit.kind.position, unit.position, unit.id))


def _newest_plans(campaign: Campaign) -> dict[int, Plan]:
    # a revision that was given up leaves the one before it as the newest
    lasting = (Plan.campaign_id == campaign.id) & (Plan.state != PlanState.DISCARDED)
    statement = select(Plan).where(lasting).order_by(Plan.revision)
    return {plan.unit_id: plan for plan in db.session.scalars(statement)}


def _in_force(campaign: Campaign) -> list[Plan]:
    statement = select(Plan).where(Plan.campaign_id == campaign.id, Plan.state == PlanState.ISSUED)
    return list(db.session.scalars(statement))
