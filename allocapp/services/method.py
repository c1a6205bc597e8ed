"""Apportioning and trimming a draft: tried first, applied on the version that was tried, explained for good."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from allocapp.errors import ContentChanged, NoAim, UnknownRow
from allocapp.models.account import Account
from allocapp.models.plan import ChangeKind, Plan, PlanChange
from allocapp.rules.apportion import Outcome, apportion
from allocapp.rules.balance import Balance, Kind, Row
from allocapp.rules.content import content_hash
from allocapp.rules.methods import Method
from allocapp.rules.receivers import Proposal, Receiver
from allocapp.rules.trim import TrimOrder, lowest_target, trim
from allocapp.rules.workflow import PlanAction
from allocapp.services.change import apply_change
from allocapp.services.road import load_for
from allocapp.services.sheet import Entry, Key, Sheet, SheetIndicator, SheetRow, check_sheet, read_sheet


@dataclass(frozen=True)
class Limits:
    """What a formula must keep to besides the holds, in the unit of targets."""

    step: int
    floor: int | None = None
    ceiling: int | None = None
    past_baseline: bool = False


@dataclass(frozen=True)
class Choice:
    """A method or a trim, and its parameters. ``aim``: what the aggregate is to meet; None means what is assigned."""

    indicator_id: int
    act: Method | TrimOrder
    limits: Limits
    aim: int | None = None

    @property
    def kind(self) -> ChangeKind:
        """How the change is called in the explanation."""
        return ChangeKind.METHOD if isinstance(self.act, Method) else ChangeKind.TRIM


@dataclass(frozen=True)
class RowChange:
    """What a formula would do to one receiver."""

    row: SheetRow
    before: Entry
    after: int | None


@dataclass(frozen=True)
class Trial:
    """A formula tried on the plan as it stands: nothing is written.

    ``before`` and ``after`` are the plan's balances against the assigned targets, in the order of the sheet;
    ``position`` is the indicator's place in it.
    """

    sheet: Sheet
    choice: Choice
    position: int
    proposal: Proposal
    changes: tuple[RowChange, ...]
    before: tuple[Balance, ...]
    after: tuple[Balance, ...]

    @property
    def column(self) -> SheetIndicator:
        """The indicator that is tried."""
        return self.sheet.indicators[self.position]

    @property
    def stamp(self) -> str:
        """What a person consents to by applying: the version it stands on and every cell that would change."""
        changed = [[change.row.unit.code, change.before.target, change.after] for change in self.changes]
        return content_hash([self.sheet.plan.version, self.choice.indicator_id, changed])

    @property
    def entries(self) -> dict[Key, Entry]:
        """The cells that would change."""
        return {(change.row.unit.id, self.choice.indicator_id): Entry(change.after) for change in self.changes}


def try_method(plan: Plan, choice: Choice) -> Trial:
    """Try a method or a trim on the plan. Raises UnknownRow for an indicator the plan does not have, NoAim.

    Raises ValueError for a step or a method that no form offers for the indicator.
    """
    sheet = read_sheet(plan)
    position = _position(sheet, choice.indicator_id)
    column = sheet.indicators[position]
    aim = column.assigned if choice.aim is None else choice.aim
    if aim is None:
        raise NoAim
    receivers = receivers_of_sheet(sheet, position, choice.limits)
    limits = choice.limits
    proposal: Proposal
    if isinstance(choice.act, Method):
        proposal = apportion(
            receivers, aim, column.rule, choice.act, step=limits.step, past_baseline=limits.past_baseline
        )
    else:
        proposal = trim(
            receivers, aim, column.rule, order=choice.act, step=limits.step, past_baseline=limits.past_baseline
        )
    rows = {row.unit.id: row for row in sheet.rows}
    changes = tuple(
        RowChange(
            rows[change.key],
            Entry(rows[change.key].cells[position].target, rows[change.key].cells[position].excuse),
            change.after,
        )
        for change in proposal.changed
    )
    entries = {(change.row.unit.id, choice.indicator_id): Entry(change.after) for change in changes}
    return Trial(sheet, choice, position, proposal, changes, check_sheet(sheet), check_sheet(sheet, entries))


def apply_method(
    plan_id: int, choice: Choice, *, version: int, stamp: str, actor: Account, now: datetime
) -> PlanChange:
    """Do exactly what was tried: ``stamp`` is that of the trial that the person saw.

    Raises ContentChanged when the same formula would give something else by now (a row was held, T moved),
    StaleVersion, TransitionNotAllowed, NotFound, Forbidden, and as try_method does.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now, version=version)
    trial = try_method(plan, choice)
    if trial.stamp != stamp:
        raise ContentChanged
    return apply_change(
        plan_id,
        trial.entries,
        kind=choice.kind,
        inputs=_explanation(trial),
        version=version,
        indicator_id=choice.indicator_id,
        actor=actor,
        now=now,
    )


def find_lowest(plan: Plan, unit_id: int, *, step: int = 1) -> Mapping[int, int | None]:
    """For each indicator with an assigned target, by its id: the lowest target the row may have if all others stay.

    At-most the highest; None where no target of this row balances the plan. Raises UnknownRow.
    """
    sheet = read_sheet(plan)
    if unit_id not in {row.unit.id for row in sheet.rows}:
        raise UnknownRow(((unit_id, 0),))
    return {
        column.indicator.id: lowest_target(
            receivers_of_sheet(sheet, position, Limits(step)), unit_id, column.assigned, column.rule, step=step
        )
        for position, column in enumerate(sheet.indicators)
        if column.assigned is not None
    }


def receivers_of_sheet(sheet: Sheet, position: int, limits: Limits) -> list[Receiver]:
    """The rows of one indicator as the formulas see them, in official order."""
    kind = sheet.indicators[position].rule.kind
    return [
        Receiver(
            row=Row(
                key=cell.unit_id,
                weight=cell.weight,
                target=cell.target,
                services=cell.services,
                excused=bool(cell.excuse),
            ),
            baseline=_baseline(cell.baseline_numerator, cell.baseline_denominator, kind),
            held=row.hold is not None,
            floor=limits.floor,
            ceiling=limits.ceiling,
        )
        for row in sheet.rows
        for cell in (row.cells[position],)
    ]


def _baseline(numerator: int, denominator: int, kind: Kind) -> Fraction | None:
    """Last year's result: a share for a rate, the count itself for a quantity."""
    if kind is Kind.QUANTITY:
        return Fraction(numerator)
    return Fraction(numerator, denominator) if denominator else None


def _position(sheet: Sheet, indicator_id: int) -> int:
    for position, column in enumerate(sheet.indicators):
        if column.indicator.id == indicator_id:
            return position
    raise UnknownRow(((0, indicator_id),))


def _explanation(trial: Trial) -> dict[str, object]:
    """The inputs as plain values, so that each number can be explained later."""
    choice, limits = trial.choice, trial.choice.limits
    known: dict[str, object] = {
        "act": choice.act.value,
        "step": limits.step,
        "floor": limits.floor,
        "ceiling": limits.ceiling,
        "past_baseline": limits.past_baseline,
        "aim": trial.column.assigned if choice.aim is None else choice.aim,
        "assigned": trial.column.assigned,
        "before": _shown(trial.proposal.before),
        "after": _shown(trial.proposal.after),
    }
    if isinstance(trial.proposal, Outcome) and trial.proposal.parameter is not None:
        known["parameter"] = str(trial.proposal.parameter)
    if isinstance(trial.proposal, Outcome) and trial.proposal.assumed:
        # a row without last year's result was counted with that of the others: its number rests on this
        names = {row.unit.id: row.unit.name for row in trial.sheet.rows}
        known["assumed"] = {names[key]: str(value) for key, value in trial.proposal.assumed.items()}
    return known


def _shown(balance: Balance) -> int | None:
    """The aggregate as it is shown: hundredths of a per cent, or a count."""
    if balance.rule.kind is Kind.QUANTITY:
        return None if balance.aggregate is None else int(balance.aggregate)
    return balance.aggregate_hundredths
