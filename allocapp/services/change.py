"""Many cells changed at once: previewed before, stored with what brought it about, and taken back as a whole.

What is stored here is the explanation of every number: method, inputs, holds, who, when, before and after.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from allocapp.db import db
from allocapp.errors import HeldRow, NothingToRevert
from allocapp.models.account import Account
from allocapp.models.plan import ChangeKind, Plan, PlanChange, PlanHold
from allocapp.models.unit import Unit
from allocapp.rules.workflow import PlanAction
from allocapp.services.cell import stored_cells, write_cells
from allocapp.services.road import load_for
from allocapp.services.sheet import Entry, Key

# what a formula does never touches a held row; a person who pastes may say that it shall
FORMULAS = (ChangeKind.METHOD, ChangeKind.TRIM)


@dataclass(frozen=True)
class Reverted:
    """How many cells went back to what they were, and how many were kept because somebody changed them since."""

    restored: int
    kept: int


def apply_change(
    plan_id: int,
    entries: Mapping[Key, Entry],
    *,
    kind: ChangeKind,
    inputs: Mapping[str, object],
    version: int,
    indicator_id: int | None = None,
    actor: Account,
    now: datetime,
) -> PlanChange:
    """Write what was previewed, on the version it was previewed on, and keep the explanation.

    Raises StaleVersion when the plan moved since the preview, HeldRow where a formula would touch a held row, and as
    save_cells does.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now, version=version)
    holds = _holds(plan)
    held = {hold.unit_id for hold in holds}
    stored = stored_cells(plan)
    changed = {
        key: entry
        for key, entry in entries.items()
        if key not in stored or entry != Entry(stored[key].target, stored[key].excuse)
    }
    if kind in FORMULAS and (touched := tuple(key for key in changed if key[0] in held)):
        raise HeldRow(touched)
    before = {key: Entry(stored[key].target, stored[key].excuse) for key in changed if key in stored}
    write_cells(plan, stored, changed, actor=actor, now=now)
    change = PlanChange(
        plan_id=plan.id,
        indicator_id=indicator_id,
        kind=kind,
        inputs=dict(inputs),
        holds=[[hold.unit_id, hold.reason, hold.account.name] for hold in holds],
        before=_packed(before),
        after=_packed(changed),
        plan_version=plan.version,
        account=actor,
        at=now,
    )
    db.session.add(change)
    return change


def revert_last_change(plan_id: int, *, version: int, actor: Account, now: datetime) -> Reverted:
    """Take back what was applied last and not reverted yet. A cell changed or held since keeps what it has.

    Raises NothingToRevert, StaleVersion, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now, version=version)
    change = last_change(plan)
    if change is None:
        raise NothingToRevert
    stored = stored_cells(plan)
    held = {hold.unit_id for hold in _holds(plan)}
    before, after = _unpacked(change.before), _unpacked(change.after)
    restored = {
        key: before[key]
        for key, entry in after.items()
        # a receiver may have gone since, or somebody may hold its row now
        if key in stored and key[0] not in held and Entry(stored[key].target, stored[key].excuse) == entry
    }
    write_cells(plan, stored, restored, actor=actor, now=now)
    change.reverted_at, change.reverted_by = now, actor
    return Reverted(restored=len(restored), kept=len(after) - len(restored))


def list_changes(plan: Plan) -> Sequence[PlanChange]:
    """Every bulk change of the plan, newest first, reverted ones included."""
    return db.session.scalars(
        select(PlanChange).where(PlanChange.plan_id == plan.id).order_by(PlanChange.id.desc())
    ).all()


def last_change(plan: Plan) -> PlanChange | None:
    """What a revert would take back."""
    return db.session.scalar(
        select(PlanChange)
        .where(PlanChange.plan_id == plan.id, PlanChange.reverted_at.is_(None))
        .order_by(PlanChange.id.desc())
        .limit(1)
    )


def changed_cells(change: PlanChange) -> dict[Key, tuple[Entry, Entry]]:
    """What the change did to each cell: before and after."""
    before, after = _unpacked(change.before), _unpacked(change.after)
    return {key: (before[key], after[key]) for key in after}


def units_in(changes: Iterable[PlanChange]) -> Mapping[int, Unit]:
    """The units that the changes speak of, by id: those too that are no receivers of the plan any more."""
    spoken: set[int] = set()
    for change in changes:
        spoken.update(unit_id for unit_id, _indicator in _unpacked(change.after))
        spoken.update(unit_id for unit_id, *_rest in change.holds if isinstance(unit_id, int))
    return {unit.id: unit for unit in db.session.scalars(select(Unit).where(Unit.id.in_(spoken)))}


def _holds(plan: Plan) -> Sequence[PlanHold]:
    return db.session.scalars(select(PlanHold).where(PlanHold.plan_id == plan.id).order_by(PlanHold.unit_id)).all()


def _packed(entries: Mapping[Key, Entry]) -> dict[str, list[object]]:
    return {f"{unit}-{indicator}": [entry.target, entry.excuse] for (unit, indicator), entry in entries.items()}


def _unpacked(packed: Mapping[str, list[object]]) -> dict[Key, Entry]:
    entries: dict[Key, Entry] = {}
    for name, (target, excuse) in packed.items():
        unit, _, indicator = name.partition("-")
        assert target is None or isinstance(target, int), "written by _packed"
        entries[int(unit), int(indicator)] = Entry(target, str(excuse))
    return entries
