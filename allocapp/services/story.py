"""A plan's story: its events and the changes of many cells at once, in order, each with what it changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from allocapp.db import db
from allocapp.models.event import Event, Subject
from allocapp.models.plan import Plan, PlanChange, PlanTarget
from allocapp.models.review import PlanSubmission
from allocapp.models.unit import Unit
from allocapp.services.change import list_changes
from allocapp.services.journal import plan_story
from allocapp.services.sheet import Entry, Key
from allocapp.services.submission import list_submissions

Cells = Mapping[Key, tuple[Entry, int | None]]
"""What was given and, where known, the expected number, by unit id and indicator id."""


@dataclass(frozen=True)
class Difference:
    """One cell before and after. The expected numbers are None where they did not change or one is not known."""

    unit_id: int
    indicator_id: int
    before: Entry | None
    after: Entry | None
    weights: tuple[int, int] | None = None


@dataclass(frozen=True)
class Chapter:
    """One moment of the story: an event, or a change of many cells (``reverted``: its being taken back).

    ``submission`` is what an event submitted, ``differences`` what that changed against the submission before or,
    for the first one of a revision, against the plan it began as a copy of.
    """

    at: datetime
    event: Event | None = None
    change: PlanChange | None = None
    reverted: bool = False
    submission: PlanSubmission | None = None
    differences: tuple[Difference, ...] | None = None


def read_story(plan: Plan) -> list[Chapter]:
    """Everything that happened to the plan and to its decisions, oldest first."""
    submissions = {submission.at: submission for submission in list_submissions(plan)}
    differences = _differences(plan, list(submissions.values()))
    chapters = [_told(event, submissions, differences) for event in plan_story(plan)]
    for change in list_changes(plan):
        chapters.append(Chapter(at=change.at, change=change))
        if change.reverted_at is not None:
            chapters.append(Chapter(at=change.reverted_at, change=change, reverted=True))
    # what was applied and submitted in one moment was applied first
    return sorted(chapters, key=lambda chapter: (chapter.at, chapter.change is None))


def units_told(chapters: Sequence[Chapter]) -> dict[int, Unit]:
    """The units that differences speak of, by id; some may be receivers no more."""
    ids = {found.unit_id for chapter in chapters for found in chapter.differences or ()}
    return {unit.id: unit for unit in db.session.scalars(select(Unit).where(Unit.id.in_(ids)))}


def compare_cells(before: Cells, after: Cells) -> tuple[Difference, ...]:
    """The cells that differ, in the order in which the later ones stand, what is gone at the end."""
    return tuple(_changed(before, after))


def _changed(before: Cells, after: Cells) -> Iterator[Difference]:
    for key in [*after, *(key for key in before if key not in after)]:
        old, old_weight = before.get(key, (None, None))
        new, new_weight = after.get(key, (None, None))
        moved = old_weight is not None and new_weight is not None and old_weight != new_weight
        weights = (old_weight, new_weight) if moved and old_weight is not None and new_weight is not None else None
        if old != new or weights:
            yield Difference(*key, before=old, after=new, weights=weights)


def _told(
    event: Event, submissions: Mapping[datetime, PlanSubmission], differences: Mapping[int, tuple[Difference, ...]]
) -> Chapter:
    submission = submissions.get(event.at) if (event.subject, event.action) == (Subject.PLAN, "submit") else None
    changed = differences.get(submission.number) if submission else None
    return Chapter(at=event.at, event=event, submission=submission, differences=changed)


def _differences(plan: Plan, submissions: Sequence[PlanSubmission]) -> dict[int, tuple[Difference, ...]]:
    """By the number of the submission; the very first one of a plan that is no revision has nothing before it."""
    found: dict[int, tuple[Difference, ...]] = {}
    before = None if plan.based_on is None else _cells_of(plan.based_on)
    for submission in submissions:
        after = _unpacked(submission.cells)
        if before is not None:
            found[submission.number] = compare_cells(before, after)
        before = after
    return found


def _cells_of(plan: Plan) -> Cells:
    targets = db.session.scalars(select(PlanTarget).where(PlanTarget.plan_id == plan.id).order_by(PlanTarget.position))
    return {(cell.unit_id, cell.indicator_id): (Entry(cell.target, cell.excuse), None) for cell in targets}


def _unpacked(cells: Mapping[str, list[object]]) -> Cells:
    found: dict[Key, tuple[Entry, int | None]] = {}
    for name, (target, excuse, weight) in cells.items():
        unit_id, _dash, indicator_id = name.partition("-")
        entry = Entry(target if isinstance(target, int) else None, str(excuse or ""))
        found[int(unit_id), int(indicator_id)] = (entry, weight if isinstance(weight, int) else None)
    return found
