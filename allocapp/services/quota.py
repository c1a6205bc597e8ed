"""What a unit was given: its targets, what they mean in counts, and the decisions above it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import aliased

from allocapp.access import READABLE_BELOW, Action, units_reached
from allocapp.db import db
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign, DecisionKind, Indicator
from allocapp.models.decision import Acknowledgement, Decision
from allocapp.models.plan import Plan, PlanTarget
from allocapp.models.unit import Unit, UnitKind
from allocapp.rules.balance import Kind, needed_count
from allocapp.rules.workflow import PlanState
from allocapp.services.sheet import Cell, read_cells


@dataclass(frozen=True)
class QuotaLine:
    """A unit's target for one indicator, in words' reach: ``needed`` is the count that the target means."""

    indicator: Indicator
    cell: Cell
    needed: int | None


@dataclass(frozen=True)
class QuotaDecision:
    """A decision above the unit and, once given, its acknowledgement."""

    decision: Decision
    acknowledged: Acknowledgement | None


@dataclass(frozen=True)
class Quota:
    """A unit's targets in one campaign. ``lines`` is empty while its superior's decision is not in force.

    ``decisions`` run from the root down; ``assigned_by`` is the superior that assigns, ``plan`` its plan in force.
    """

    campaign: Campaign
    unit: Unit
    assigned_by: Unit | None
    lines: tuple[QuotaLine, ...]
    decisions: tuple[QuotaDecision, ...]
    plan: Plan | None = None

    @property
    def revoked_by(self) -> Decision | None:
        """The decision by which the superior revoked its own, where nothing has taken that one's place."""
        own = (above.decision for above in self.decisions if above.decision.unit_id == self.unit.parent_id)
        return next((decision for decision in own if decision.kind is DecisionKind.REVOKE), None)

    @property
    def left_out(self) -> bool:
        """Whether the superior's decision in force assigns nothing to the unit."""
        own = [above.decision for above in self.decisions if above.decision.unit_id == self.unit.parent_id]
        return not self.lines and bool(own) and self.revoked_by is None


def read_quotas(unit: Unit) -> list[Quota]:
    """The unit's quota in every campaign that it lies in, newest first."""
    campaigns = db.session.scalars(select(Campaign).order_by(Campaign.period_from.desc(), Campaign.id))
    return [_read_quota(unit, campaign) for campaign in campaigns if unit.path.startswith(campaign.root.path)]


def list_quota_units(account: Account, *, today: date) -> Sequence[Unit]:
    """The units whose quota the account may see, superiors first, then in official order."""
    statement = select(Unit).join(UnitKind).where(units_reached(account, Action.VIEW_QUOTA, today))
    order = (UnitKind.position, Unit.position, Unit.id)
    units = db.session.scalars(statement.order_by(*order)).all()
    return _in_tree_order(units)


def _in_tree_order(units: Sequence[Unit]) -> list[Unit]:
    """Each unit followed by its subtree, siblings kept in the given order."""
    place = {unit.id: index for index, unit in enumerate(units)}
    return sorted(units, key=lambda unit: [place.get(above, -1) for above in (*unit.ancestor_ids, unit.id)])


def _read_quota(unit: Unit, campaign: Campaign) -> Quota:
    assigning = db.session.scalar(
        select(Plan)
        .join(PlanTarget, PlanTarget.plan_id == Plan.id)
        .where(
            Plan.campaign_id == campaign.id,
            Plan.state == PlanState.ISSUED,
            Plan.unit_id == unit.parent_id,
            PlanTarget.unit_id == unit.id,
        )
        .distinct()
    )
    cells = read_cells(assigning, unit.id) if assigning else {}
    return Quota(
        campaign=campaign,
        unit=unit,
        assigned_by=assigning.unit if assigning else unit.parent,
        lines=tuple(
            _line(column.indicator, cells[unit.id, column.indicator_id])
            for column in campaign.indicators
            if (unit.id, column.indicator_id) in cells
        ),
        decisions=_decisions_above(unit, campaign),
        plan=assigning,
    )


def _line(indicator: Indicator, cell: Cell) -> QuotaLine:
    if cell.target is None:
        return QuotaLine(indicator, cell, None)
    rate = indicator.kind is Kind.RATE
    return QuotaLine(
        indicator, cell, needed_count(cell.weight, cell.target, indicator.direction) if rate else cell.target
    )


def _decisions_above(unit: Unit, campaign: Campaign) -> tuple[QuotaDecision, ...]:
    """The decisions in force above the unit; that which revokes, while nothing else took the revoked one's place."""
    later = aliased(Plan)
    same = (later.campaign_id == Plan.campaign_id) & (later.unit_id == Plan.unit_id)
    replaced = exists().where(same, later.revision > Plan.revision, later.issued_at.is_not(None))
    in_force = and_(Plan.state == PlanState.ISSUED, Decision.kind != DecisionKind.REVOKE)
    revoked = and_(Plan.state == PlanState.REVOKED, Decision.kind == DecisionKind.REVOKE, ~replaced)
    statement = (
        select(Decision, Acknowledgement)
        .join(Plan, Plan.id == Decision.plan_id)
        .outerjoin(
            Acknowledgement,
            (Acknowledgement.decision_id == Decision.id) & (Acknowledgement.unit_id == unit.id),
        )
        .where(
            Plan.campaign_id == campaign.id,
            or_(in_force, revoked),
            Decision.state.in_(READABLE_BELOW),
            Decision.unit_id.in_(unit.ancestor_ids),
        )
    )
    found = sorted(db.session.execute(statement), key=lambda pair: len(pair[0].unit.path))
    return tuple(QuotaDecision(decision, acknowledged) for decision, acknowledged in found)
