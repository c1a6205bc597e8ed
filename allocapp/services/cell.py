"""Writing cells: the whole form at once, or the changed ones alone, so that two people's work on one plan merges."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from allocapp.db import db
from allocapp.errors import MissingRow, StaleVersion, TargetWithExcuse, TextTooLong, UnknownRow
from allocapp.models.account import Account
from allocapp.models.plan import Plan, PlanTarget
from allocapp.rules.workflow import PlanAction
from allocapp.services.road import load_for
from allocapp.services.sheet import Cell, Entry, Key, read_cells

EXCUSE_LIMIT = 300


@dataclass(frozen=True)
class Edit:
    """What a person typed into a cell, and the version of the cell that they saw while typing."""

    entry: Entry
    base_version: int


@dataclass(frozen=True)
class Saved:
    """What came of an autosave: the plan's version, those of the cells written, and the cells that were left alone
    because somebody else changed them meanwhile, as they stand now."""

    plan_version: int
    versions: Mapping[Key, int]
    conflicts: Mapping[Key, Cell]


def save_cells(plan_id: int, edits: Mapping[Key, Edit], *, actor: Account, now: datetime) -> Saved:
    """Keep the changed cells of a draft. Different cells merge; a cell that somebody else changed is left alone.

    An edit that finds its own value stored is no conflict. Raises UnknownRow, TargetWithExcuse, TextTooLong,
    TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    stored = stored_cells(plan)
    _check({key: edit.entry for key, edit in edits.items()}, stored)
    wanted = {key: edit for key, edit in edits.items() if edit.entry != _entry(stored[key])}
    clashes = {key for key, edit in wanted.items() if edit.base_version != stored[key].version}
    write_cells(
        plan,
        stored,
        {key: edit.entry for key, edit in wanted.items() if key not in clashes},
        actor=actor,
        now=now,
    )
    return Saved(
        plan_version=plan.version,
        versions={key: stored[key].version for key in edits if key not in clashes},
        conflicts=_as_they_stand(plan, clashes),
    )


def clashing_cells(plan: Plan, edits: Mapping[Key, Edit]) -> frozenset[Key]:
    """The edits that build on a version of their cell that is no longer stored, and say something else than it."""
    stored = stored_cells(plan)
    return frozenset(
        key
        for key, edit in edits.items()
        if key in stored and edit.base_version != stored[key].version and edit.entry != _entry(stored[key])
    )


def write_all_cells(plan: Plan, entries: Mapping[Key, Entry], *, version: int, actor: Account, now: datetime) -> None:
    """Write the whole form: every cell of the plan must be there and no other. Sent twice, it changes nothing.

    Raises MissingRow, UnknownRow, StaleVersion, TargetWithExcuse, TextTooLong.
    """
    stored = stored_cells(plan)
    if missing := tuple(key for key in stored if key not in entries):
        raise MissingRow(missing)
    _check(entries, stored)
    changed = {key: entry for key, entry in entries.items() if entry != _entry(stored[key])}
    if changed and version != plan.version:
        raise StaleVersion(plan.version)
    write_cells(plan, stored, changed, actor=actor, now=now)


def write_cells(
    plan: Plan,
    stored: Mapping[Key, PlanTarget],
    changed: Mapping[Key, Entry],
    *,
    actor: Account,
    now: datetime,
) -> None:
    """Write cells that do change; the plan takes one step of its version, each cell one of its own."""
    if not changed:
        return
    _check(changed, stored)
    for key, entry in changed.items():
        cell = stored[key]
        cell.target, cell.excuse = entry.target, entry.excuse
        cell.version += 1
        cell.changed_at, cell.changed_by = now, actor
    plan.version += 1
    plan.changed_at, plan.changed_by = now, actor


def stored_cells(plan: Plan) -> dict[Key, PlanTarget]:
    """The plan's cells as rows, by unit and indicator."""
    rows = db.session.scalars(select(PlanTarget).where(PlanTarget.plan_id == plan.id))
    return {(row.unit_id, row.indicator_id): row for row in rows}


def _entry(cell: PlanTarget) -> Entry:
    return Entry(cell.target, cell.excuse)


def _check(entries: Mapping[Key, Entry], stored: Collection[Key]) -> None:
    if unknown := tuple(key for key in entries if key not in stored):
        raise UnknownRow(unknown)
    if both := tuple(key for key, entry in entries.items() if entry.target is not None and entry.excuse):
        raise TargetWithExcuse(both)
    if any(len(entry.excuse) > EXCUSE_LIMIT for entry in entries.values()):
        raise TextTooLong(EXCUSE_LIMIT)


def _as_they_stand(plan: Plan, keys: Collection[Key]) -> dict[Key, Cell]:
    if not keys:
        return {}
    return {key: cell for key, cell in read_cells(plan).items() if key in keys}
