"""A plan as a sheet: its receivers by its indicators, with everything the balance, the page and the document need.

One reading serves the page, the live check, the submission, the approval and the snapshot: they cannot disagree.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from functools import cached_property
from itertools import groupby
from typing import Any

from sqlalchemy import Row as Stored
from sqlalchemy import Select, Text, cast, select
from sqlalchemy.orm import contains_eager, joinedload, lazyload

from allocapp.db import db
from allocapp.models.account import Account
from allocapp.models.campaign import Expectation, Indicator
from allocapp.models.plan import (
    ExpectationProposal,
    Plan,
    PlanComment,
    PlanHold,
    PlanMilestone,
    PlanTarget,
    Verdict,
)
from allocapp.models.unit import Unit, UnitKind
from allocapp.rules.balance import Balance, IndicatorRule, Row, check_balance
from allocapp.rules.content import content_hash
from allocapp.rules.percent import floor_hundredths
from allocapp.rules.workflow import PlanState
from allocapp.services.receiver_kinds import ReceiverKinds, kinds_of
from allocapp.services.service_list import read_services

Key = tuple[int, int]
"""(unit id, indicator id) of a cell."""

_NO_SERVICES: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Entry:
    """What a cell holds: a target (hundredths of a per cent, or a count), or an excuse, or neither yet."""

    target: int | None
    excuse: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One receiver's target for one indicator, with what the receiver is expected to handle.

    ``weight`` and ``services`` are the binding ones: those of an accepted proposal, else the frozen ones. ``version``,
    ``changed_at`` and ``changed_by`` are the cell's own. ``milestones`` are (day, target), earliest first.
    """

    unit_id: int
    indicator_id: int
    target: int | None
    excuse: str
    weight: int
    baseline_numerator: int
    baseline_denominator: int
    services: frozenset[int]
    version: int = 1
    changed_at: datetime | None = None
    changed_by: Account | None = None
    frozen_weight: int = 0
    frozen_services: frozenset[int] = frozenset()
    proposal: ExpectationProposal | None = None
    milestones: tuple[tuple[date, int], ...] = ()

    @property
    def baseline(self) -> int | None:
        """Last year's rate in hundredths of a per cent, rounded down; None where nothing was handled."""
        if not self.baseline_denominator:
            return None
        return floor_hundredths(Fraction(self.baseline_numerator, self.baseline_denominator))


@dataclass(frozen=True)
class SheetIndicator:
    """An indicator of the sheet and the target T that the plan's unit was assigned for it.

    ``assigned`` is None where nothing is assigned; ``assigned_known`` is False while the superior's decision is not in
    force, so that T may still come.
    """

    indicator: Indicator
    rule: IndicatorRule
    assigned: int | None
    assigned_known: bool


@dataclass(frozen=True)
class SheetRow:
    """A receiver with its cells, in the order of the sheet's indicators, and the remarks made on it."""

    number: int
    unit: Unit
    cells: tuple[Cell, ...]
    comments: tuple[PlanComment, ...]
    hold: PlanHold | None = None


@dataclass(frozen=True)
class Sheet:
    """A plan with all that decides about it. ``superior`` is the plan in force that T comes from."""

    plan: Plan
    indicators: tuple[SheetIndicator, ...]
    rows: tuple[SheetRow, ...]
    comments: tuple[PlanComment, ...]
    superior: Plan | None

    @property
    def assigned_known(self) -> bool:
        """Whether every assigned target is known, so that the plan could be submitted."""
        return all(column.assigned_known for column in self.indicators)

    @cached_property
    def cells(self) -> dict[Key, Cell]:
        """Every cell by its key."""
        return {(cell.unit_id, cell.indicator_id): cell for row in self.rows for cell in row.cells}

    @property
    def open_proposals(self) -> tuple[ExpectationProposal, ...]:
        """The proposals that the approver has not decided on."""
        found = (cell.proposal for cell in self.cells.values())
        return tuple(proposal for proposal in found if proposal and proposal.verdict is Verdict.OPEN)

    def with_proposals(self) -> Sheet:
        """The sheet as it would be if every open proposal were accepted: for the aggregate beside the binding one."""
        return replace(
            self,
            rows=tuple(replace(row, cells=tuple(_as_proposed(cell) for cell in row.cells)) for row in self.rows),
        )

    @property
    def groups(self) -> list[tuple[ReceiverKinds, list[SheetRow]]]:
        """The rows in the groups of the annex, which are kinds of receivers at the same place in the official order."""
        groups = [list(rows) for _, rows in groupby(self.rows, key=lambda row: row.unit.kind.position)]
        return [(kinds_of(row.unit.kind for row in rows), rows) for rows in groups]

    @cached_property
    def content_hash(self) -> str:
        """Hash of what a submission or an approval is bound to.

        Targets, excuses, milestones, binding weights and service sets, T, the superior's revision, the indicators'
        versions and policies (DESIGN, section 4). Comments, holds and layout are left out: they decide nothing.
        """
        return content_hash(
            {
                "unit": self.plan.unit.code,
                "campaign": self.plan.campaign.code,
                "revision": self.plan.revision,
                "superior": self.superior.revision if self.superior else None,
                "indicators": [
                    [
                        column.indicator.code,
                        column.indicator.version,
                        column.rule.direction.value,
                        column.rule.mean_binds,
                        column.assigned,
                        column.assigned_known,
                    ]
                    for column in self.indicators
                ],
                "rows": [
                    [row.unit.code]
                    + [
                        [
                            cell.target,
                            cell.excuse,
                            cell.weight,
                            sorted(cell.services),
                            [[due.isoformat(), target] for due, target in cell.milestones],
                        ]
                        for cell in row.cells
                    ]
                    for row in self.rows
                ],
            }
        )


def read_sheet(plan: Plan) -> Sheet:
    """The plan as a sheet, in a number of statements that does not depend on the number of receivers."""
    columns = plan.campaign.indicators
    cells = read_cells(plan)
    units = receivers_in_order({unit_id for unit_id, _ in cells})
    by_unit: dict[int | None, list[PlanComment]] = defaultdict(list)
    for comment in db.session.scalars(
        select(PlanComment)
        .where(PlanComment.plan_id == plan.id)
        .options(joinedload(PlanComment.account))
        .order_by(PlanComment.id)
    ):
        by_unit[comment.unit_id].append(comment)
    at_root = plan.unit_id == plan.campaign.root_id
    holds = {hold.unit_id: hold for hold in db.session.scalars(select(PlanHold).where(PlanHold.plan_id == plan.id))}
    superior = None if at_root else plan_in_force(plan.campaign_id, plan.unit.parent_id)
    assigned = _assigned_targets(plan, superior)
    return Sheet(
        plan=plan,
        indicators=tuple(
            SheetIndicator(
                column.indicator,
                column.rule,
                assigned.get(column.indicator_id),
                # a row without a target is known to be "not assigned"; no row at all is not known
                column.indicator_id in assigned,
            )
            for column in columns
        ),
        rows=tuple(
            SheetRow(
                number=number,
                unit=unit,
                cells=tuple(cells[unit.id, column.indicator_id] for column in columns),
                comments=tuple(by_unit[unit.id]),
                hold=holds.get(unit.id),
            )
            for number, unit in enumerate(units, start=1)
        ),
        comments=tuple(by_unit[None]),
        superior=superior,
    )


def read_cells(plan: Plan, unit_id: int | None = None) -> dict[Key, Cell]:
    """The plan's cells, or those of one receiver, each with what the receiver is expected to handle."""
    statement = _stored_columns(plan)
    decided_by = joinedload(ExpectationProposal.decided_by)
    proposals = select(ExpectationProposal).where(ExpectationProposal.plan_id == plan.id).options(decided_by)
    milestones = select(PlanMilestone).where(PlanMilestone.plan_id == plan.id).order_by(PlanMilestone.due)
    if unit_id is not None:
        statement = statement.where(PlanTarget.unit_id == unit_id)
        proposals = proposals.where(ExpectationProposal.unit_id == unit_id)
        milestones = milestones.where(PlanMilestone.unit_id == unit_id)
    steps: dict[Key, list[tuple[date, int]]] = defaultdict(list)
    for step in db.session.scalars(milestones):
        steps[step.unit_id, step.indicator_id].append((step.due, step.target))
    proposed = {(found.unit_id, found.indicator_id): found for found in db.session.scalars(proposals)}
    stored = db.session.execute(statement).all()
    people = _people({by for _unit, _indicator, by, *_rest in stored if by is not None})
    return {
        # by place, in the order of _stored_columns: by name it takes three times as long
        (unit_id, indicator_id): _cell(
            row, people.get(by), proposed.get((unit_id, indicator_id)), steps.get((unit_id, indicator_id), ())
        )
        for row in stored
        for unit_id, indicator_id, by, *_rest in (row,)
    }


def _stored_columns(plan: Plan) -> Select[*tuple[Any, ...]]:
    """What is stored of each cell and expected of its receiver.

    Columns, not rows of models: a sheet of 300 receivers by 6 indicators is read on every live check.
    """
    return (
        select(
            PlanTarget.unit_id,
            PlanTarget.indicator_id,
            PlanTarget.changed_by_id,
            PlanTarget.target,
            PlanTarget.excuse,
            PlanTarget.version,
            PlanTarget.changed_at,
            Expectation.weight,
            Expectation.baseline_numerator,
            Expectation.baseline_denominator,
            # as it is written: the same list is read once, see read_services
            cast(Expectation.services, Text),
        )
        .outerjoin(
            Expectation,
            (Expectation.campaign_id == plan.campaign_id)
            & (Expectation.unit_id == PlanTarget.unit_id)
            & (Expectation.indicator_id == PlanTarget.indicator_id),
        )
        .where(PlanTarget.plan_id == plan.id)
    )


def _people(account_ids: set[int]) -> dict[int | None, Account]:
    """The accounts by id, in one statement whatever their number."""
    if not account_ids:
        return {}
    return {account.id: account for account in db.session.scalars(select(Account).where(Account.id.in_(account_ids)))}


def check_sheet(sheet: Sheet, entries: Mapping[Key, Entry] | None = None) -> tuple[Balance, ...]:
    """The balance of each indicator, in the sheet's order. ``entries`` stand in for what is stored, where given."""
    typed = entries or {}
    balances = []
    for position, column in enumerate(sheet.indicators):
        rows = []
        for row in sheet.rows:
            cell = row.cells[position]
            entry = typed.get((cell.unit_id, cell.indicator_id), cell)
            rows.append(Row(cell.unit_id, cell.weight, entry.target, cell.services, bool(entry.excuse)))
        balances.append(check_balance(rows, column.assigned, column.rule))
    return tuple(balances)


def plan_in_force(campaign_id: int, unit_id: int | None) -> Plan | None:
    """The unit's issued plan in the campaign, if any: there is at most one."""
    return db.session.scalar(
        select(Plan)
        .where(Plan.campaign_id == campaign_id, Plan.unit_id == unit_id, Plan.state == PlanState.ISSUED)
        # mostly asked beside another plan of the campaign: what the session has by then is not read again
        .options(lazyload(Plan.campaign), lazyload(Plan.unit))
    )


def receivers_in_order(unit_ids: set[int]) -> Sequence[Unit]:
    """The units in the official order of an annex: grouped by kind, then by their own position."""
    return db.session.scalars(
        select(Unit)
        .join(Unit.kind)
        .options(contains_eager(Unit.kind))
        .where(Unit.id.in_(unit_ids))
        .order_by(UnitKind.position, Unit.position, Unit.id)
    ).all()


def _cell(
    row: Stored[*tuple[Any, ...]],
    changed_by: Account | None,
    proposal: ExpectationProposal | None,
    milestones: Sequence[tuple[date, int]],
) -> Cell:
    """A receiver without an expectation is expected to handle nothing: its weight is zero."""
    unit_id, indicator_id, _by, target, excuse, version, changed_at, expected, numerator, denominator, listed = row
    weight, services = expected or 0, read_services(listed) if listed else _NO_SERVICES
    cell = Cell(
        unit_id=unit_id,
        indicator_id=indicator_id,
        target=target,
        excuse=excuse,
        weight=weight,
        baseline_numerator=numerator or 0,
        baseline_denominator=denominator or 0,
        services=services,
        version=version,
        changed_at=changed_at,
        changed_by=changed_by,
        frozen_weight=weight,
        frozen_services=services,
        proposal=proposal,
        milestones=tuple(milestones),
    )
    return _proposed(cell, proposal) if proposal and proposal.verdict is Verdict.ACCEPTED else cell


def _as_proposed(cell: Cell) -> Cell:
    proposal = cell.proposal
    return _proposed(cell, proposal) if proposal and proposal.verdict is Verdict.OPEN else cell


def _proposed(cell: Cell, proposal: ExpectationProposal) -> Cell:
    return replace(cell, weight=proposal.weight, services=frozenset(proposal.services))


def _assigned_targets(plan: Plan, superior: Plan | None) -> dict[int, int | None]:
    """T by indicator id: from outside at the campaign's root, from the superior's plan in force below it."""
    if plan.unit_id == plan.campaign.root_id:
        return {column.indicator_id: column.assigned_target for column in plan.campaign.indicators}
    if superior is None:
        return {}
    handed_down = select(PlanTarget.indicator_id, PlanTarget.target).where(
        PlanTarget.plan_id == superior.id, PlanTarget.unit_id == plan.unit_id
    )
    return dict(db.session.execute(handed_down).all())
