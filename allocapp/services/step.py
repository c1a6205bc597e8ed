"""The steps that a unit's plans go through in its own house: set up as data, and where a plan stands on them.

A step names one account of the unit. That person takes it, or somebody the person delegated a role at the unit to.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import delete, select

from allocapp.access import (
    ALLOWED,
    Action,
    acting_capacity,
    capacity_words,
    delegations_to,
    may_at_unit,
    own_grants,
    units_reached,
)
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import ContentChanged, Forbidden, MayNotAllocate, NotFound, StepsRefused
from allocapp.models.account import Account, Delegation, Grant
from allocapp.models.event import Subject
from allocapp.models.plan import Plan
from allocapp.models.review import InternalStep, PlanStep
from allocapp.models.unit import Unit, UnitKind
from allocapp.rules.content import content_hash
from allocapp.rules.workflow import PlanState
from allocapp.services.journal import record_event

MOST_STEPS: Final = 3
MOST_DAYS: Final = 60
NAME_LIMIT: Final = 200

_AGREEING = tuple(role for role, actions in ALLOWED.items() if Action.AGREE_PLAN in actions)


class StepFault(StrEnum):
    """What is wrong with a step."""

    TOO_MANY = "too_many"
    NAME_MISSING = "name_missing"
    NAME_LONG = "name_long"
    PERSON_MISSING = "person_missing"
    PERSON_UNABLE = "person_unable"
    DAYS = "days"


@dataclass(frozen=True)
class StepSetting:
    """A step as it is asked for: its name, who takes it, and how many days that person has."""

    name: str
    account_id: int | None
    days: int | None


def steps_of(unit: Unit) -> Sequence[InternalStep]:
    """The unit's steps, in their order; none where its plans are submitted at once."""
    return db.session.scalars(
        select(InternalStep).where(InternalStep.unit_id == unit.id).order_by(InternalStep.position)
    ).all()


def has_steps(unit_id: int) -> bool:
    """Whether the unit's plans go through steps of its own."""
    return db.session.scalar(select(InternalStep.id).where(InternalStep.unit_id == unit_id).limit(1)) is not None


def list_units(account: Account, *, today: date) -> list[tuple[Unit, Sequence[InternalStep]]]:
    """The units whose steps the account may set, superiors first, each with its steps."""
    reached = units_reached(account, Action.MANAGE_STEPS, today)
    units = db.session.scalars(
        select(Unit)
        .join(UnitKind)
        .where(reached, Unit.may_allocate)
        .order_by(UnitKind.position, Unit.position, Unit.id)
    ).all()
    of_units: dict[int, list[InternalStep]] = {unit.id: [] for unit in units}
    steps = select(InternalStep).where(InternalStep.unit_id.in_(of_units)).order_by(InternalStep.position)
    for step in db.session.scalars(steps):
        of_units[step.unit_id].append(step)
    return [(unit, of_units[unit.id]) for unit in units]


def stamp_of_steps(steps: Sequence[InternalStep]) -> str:
    """What a page that shows the steps was made from, so that nobody's change is written over."""
    return content_hash([[step.name, step.account_id, step.days] for step in steps])


def load_unit_for_steps(account: Account, unit_id: int, *, today: date) -> Unit:
    """The unit whose steps the account may set. Raises NotFound, Forbidden, MayNotAllocate."""
    unit = db.session.get(Unit, unit_id)
    manages = unit is not None and may_at_unit(account, Action.MANAGE_STEPS, unit, today)
    if unit is None or not (manages or may_at_unit(account, Action.VIEW_PLAN, unit, today)):
        raise NotFound
    if not manages:
        raise Forbidden(Action.MANAGE_STEPS)
    if not unit.may_allocate:
        raise MayNotAllocate(unit.name)
    return unit


def able_people(unit: Unit, today: date) -> list[Account]:
    """Who can be named in a step: active accounts with a role of their own at the unit that may agree."""
    statement = (
        select(Account)
        .join(Grant, Grant.account_id == Account.id)
        .where(Account.active, Grant.unit_id == unit.id, Grant.role.in_(_AGREEING))
        .order_by(Account.name, Account.id)
    )
    people = db.session.scalars(statement).unique().all()
    return [person for person in people if any(_agrees_at(grant, unit) for grant in own_grants(person, today))]


def set_steps(
    unit_id: int, settings: Sequence[StepSetting], *, seen: str, actor: Account, now: datetime
) -> Sequence[InternalStep]:
    """Replace the unit's steps. A plan that is going round keeps those it was sent round with.

    ``seen`` is the stamp of the steps that the person looked at. Sent twice, it changes nothing. Raises StepsRefused,
    ContentChanged when somebody else set them meanwhile, NotFound, Forbidden, MayNotAllocate.
    """
    today = local_day(now)
    unit = load_unit_for_steps(actor, unit_id, today=today)
    db.session.execute(select(Unit.id).where(Unit.id == unit.id).with_for_update())
    wanted = [StepSetting(" ".join(each.name.split()), each.account_id, each.days) for each in settings]
    before = steps_of(unit)
    if [(each.name, each.account_id, each.days) for each in wanted] == _values(before):
        return before
    if stamp_of_steps(before) != seen:
        raise ContentChanged
    _require_settable(wanted, {person.id for person in able_people(unit, today)})
    db.session.execute(delete(InternalStep).where(InternalStep.unit_id == unit.id))
    db.session.add_all(
        InternalStep(unit_id=unit.id, position=position, name=each.name, account_id=each.account_id, days=each.days)
        for position, each in enumerate(wanted, start=1)
    )
    db.session.flush()  # read again below, with the names of the accounts
    steps = steps_of(unit)
    told = "\n".join(f"{step.position}. {step.name}: {step.account.name}, {step.days} ngày" for step in steps)
    capacity = acting_capacity(actor, Action.MANAGE_STEPS, unit, today)
    record_event(
        Subject.UNIT, unit.id, "set_steps", actor=actor, now=now, unit_id=unit.id, reason=told, capacity=capacity
    )
    return steps


def newest_round(plan: Plan) -> Sequence[PlanStep]:
    """The plan's steps when it was last sent round the house, in their order; none where it never was."""
    newest = select(PlanStep.round).where(PlanStep.plan_id == plan.id).order_by(PlanStep.round.desc()).limit(1)
    return db.session.scalars(
        select(PlanStep)
        .where(PlanStep.plan_id == plan.id, PlanStep.round == newest.scalar_subquery())
        .order_by(PlanStep.position)
        .execution_options(populate_existing=True)
    ).all()


def open_step(plan: Plan) -> PlanStep | None:
    """The step that the plan is at; None where it is not going round, or everybody has agreed."""
    if plan.state is not PlanState.IN_HOUSE:
        return None
    return next((step for step in newest_round(plan) if step.agreed is None), None)


def sent_back(plan: Plan) -> PlanStep | None:
    """The step that sent the plan back to its preparer, while it is still to be mended."""
    if plan.state not in (PlanState.DRAFT, PlanState.RETURNED):
        return None
    return next((step for step in newest_round(plan) if step.agreed is False), None)


def may_take(step: PlanStep, unit: Unit, account: Account, today: date) -> bool:
    """Whether the account takes the step: it is theirs, or its person lent them a role at the unit."""
    own = step.account_id == account.id and any(_agrees_at(grant, unit) for grant in own_grants(account, today))
    return own or _lent(step, unit, account, today) is not None


def step_capacity(step: PlanStep, unit: Unit, account: Account, today: date) -> str:
    """In whose place the account takes the step; empty where the step is its own."""
    lent = None if step.account_id == account.id else _lent(step, unit, account, today)
    return "" if lent is None else capacity_words(lent)


def step_takers(step: PlanStep, unit: Unit, today: date) -> list[Account]:
    """Everybody who can take the step today; nobody where its person's role has ended."""
    lent = select(Delegation.account_id).join(Grant).where(Grant.account_id == step.account_id)
    found = db.session.scalars(
        select(Account).where((Account.id == step.account_id) | Account.id.in_(lent)).order_by(Account.id)
    ).all()
    return [person for person in found if may_take(step, unit, person, today)]


def _lent(step: PlanStep, unit: Unit, account: Account, today: date) -> Delegation | None:
    lent = delegations_to(account, today)
    return next(
        (found for found in lent if found.grant.account_id == step.account_id and _agrees_at(found.grant, unit)), None
    )


def _agrees_at(grant: Grant, unit: Unit) -> bool:
    return grant.unit_id == unit.id and grant.role in _AGREEING


def _values(steps: Sequence[InternalStep]) -> list[tuple[str, int | None, int | None]]:
    return [(step.name, step.account_id, step.days) for step in steps]


def _require_settable(settings: Sequence[StepSetting], able: Collection[int]) -> None:
    if len(settings) > MOST_STEPS:
        raise StepsRefused(((MOST_STEPS + 1, StepFault.TOO_MANY),))
    faults = [
        (position, fault)
        for position, each in enumerate(settings, start=1)
        for wrong, fault in (
            (not each.name, StepFault.NAME_MISSING),
            (len(each.name) > NAME_LIMIT, StepFault.NAME_LONG),
            (each.account_id is None, StepFault.PERSON_MISSING),
            (each.account_id is not None and each.account_id not in able, StepFault.PERSON_UNABLE),
            (each.days is None or not 1 <= each.days <= MOST_DAYS, StepFault.DAYS),
        )
        if wrong
    ]
    if faults:
        raise StepsRefused(tuple(faults))
