"""What changed in a plan since its previous submission, or since the plan in force that its revision began as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select

from allocapp.db import db
from allocapp.models.plan import Plan, PlanTarget
from allocapp.models.review import PlanSubmission
from allocapp.services.sheet import Entry, Key, Sheet


@dataclass(frozen=True)
class Change:
    """A cell that is not what it was; ``before`` None where it was not there, ``after`` None where it is gone.

    ``weights`` are the expected numbers before and after where they differ.
    """

    key: Key
    before: Entry | None
    after: Entry | None
    weights: tuple[int, int] | None = None


@dataclass(frozen=True)
class Difference:
    """The changes, and since when: since an earlier submission of the same plan, or since an earlier revision."""

    submission: PlanSubmission | None
    revision: Plan | None
    changes: tuple[Change, ...]

    @property
    def units(self) -> frozenset[int]:
        """The receivers in whose rows something changed."""
        return frozenset(change.key[0] for change in self.changes)


def changes_since_last_seen(sheet: Sheet) -> Difference | None:
    """What a reviewer has not seen yet; None where all of it is new: the first submission of a first revision."""
    submissions = db.session.scalars(
        select(PlanSubmission)
        .where(PlanSubmission.plan_id == sheet.plan.id)
        .order_by(PlanSubmission.number.desc())
        .limit(2)
    ).all()
    if len(submissions) == 2:
        before = submissions[1]
        return Difference(before, None, _changes(*_submitted(before), sheet))
    if sheet.plan.based_on is not None:
        return Difference(None, sheet.plan.based_on, _changes(_stored(sheet.plan.based_on), {}, sheet))
    return None


def _submitted(submission: PlanSubmission) -> tuple[dict[Key, Entry], dict[Key, int]]:
    """The cells of a submission, and their weights."""
    entries: dict[Key, Entry] = {}
    weights: dict[Key, int] = {}
    for name, (target, excuse, weight) in submission.cells.items():
        unit_id, _, indicator_id = name.partition("-")
        key = (int(unit_id), int(indicator_id))
        entries[key] = Entry(target if isinstance(target, int) else None, str(excuse))
        if isinstance(weight, int):
            weights[key] = weight
    return entries, weights


def _stored(plan: Plan) -> dict[Key, Entry]:
    rows = db.session.execute(
        select(PlanTarget.unit_id, PlanTarget.indicator_id, PlanTarget.target, PlanTarget.excuse).where(
            PlanTarget.plan_id == plan.id
        )
    )
    return {(unit_id, indicator_id): Entry(target, excuse) for unit_id, indicator_id, target, excuse in rows}


def _changes(before: Mapping[Key, Entry], weights: Mapping[Key, int], sheet: Sheet) -> tuple[Change, ...]:
    """In the order of the sheet; what is gone comes last."""
    found = []
    for key, cell in sheet.cells.items():
        after, then = Entry(cell.target, cell.excuse), before.get(key)
        weight = weights.get(key, cell.weight)
        if then != after or weight != cell.weight:
            moved = (weight, cell.weight) if weight != cell.weight else None
            found.append(Change(key, then, after, moved))
    gone = (Change(key, entry, None) for key, entry in before.items() if key not in sheet.cells)
    return (*found, *gone)
