"""A plan's story: each submission with what it changed against the one before, and every change of many cells."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import Flask

from allocapp.db import transaction
from allocapp.models.plan import ChangeKind
from allocapp.services.change import apply_change, revert_last_change
from allocapp.services.plan import submit_plan
from allocapp.services.review import return_plan
from allocapp.services.sheet import Entry, Key, read_sheet
from allocapp.services.story import Chapter, Difference, compare_cells, read_story
from allocapp.views.story_words import Told, tell_story
from tests.factories import NOW, World
from tests.services.sealing import Sealing
from tests.views.client import spoken_by

LATER = NOW + timedelta(hours=1)
A, B = (1, 1), (2, 1)


def test_cells_are_compared_one_by_one() -> None:
    before = {A: (Entry(8000), 100), B: (Entry(None, "chưa có dịch vụ"), 5), (3, 1): (Entry(7000), 10)}
    after = {A: (Entry(8500), 100), B: (Entry(6000), 5), (4, 1): (Entry(9000), None)}
    assert compare_cells(before, after) == (
        Difference(1, 1, Entry(8000), Entry(8500)),
        Difference(2, 1, Entry(None, "chưa có dịch vụ"), Entry(6000)),
        Difference(4, 1, None, Entry(9000)),
        Difference(3, 1, Entry(7000), None),
    )
    assert compare_cells(after, after) == ()


def test_another_expected_number_is_a_difference_where_both_are_known() -> None:
    one = {A: (Entry(8000), 100)}
    assert compare_cells(one, {A: (Entry(8000), 120)}) == (Difference(1, 1, Entry(8000), Entry(8000), (100, 120)),)
    assert compare_cells({A: (Entry(8000), None)}, one) == ()


def submit(world: World, plan_id: int, changes: dict[Key, Entry]) -> None:
    with transaction():
        sheet = read_sheet(world.plan(plan_id))
        entries = {key: Entry(cell.target, cell.excuse) for key, cell in sheet.cells.items()} | changes
        submit_plan(
            plan_id, entries, version=sheet.plan.version, seen_hash=sheet.content_hash,
            actor=world.account("a.preparer"), now=LATER,
        )  # fmt: skip


def returned(world: World, plan_id: int) -> None:
    with transaction():
        return_plan(
            plan_id, version=world.plan(plan_id).version, reason="Xã A1 còn thấp", comments={},
            actor=world.account("p.approver"), now=NOW + timedelta(minutes=5),
        )  # fmt: skip


def told(world: World, app: Flask, plan_id: int) -> list[Told]:
    plan = world.plan(plan_id)
    found: list[Told] = spoken_by(app, "en", lambda: tell_story(plan, read_sheet(plan)))
    return found


def acts(chapters: list[Chapter]) -> list[str]:
    return [chapter.event.action if chapter.event else "change" for chapter in chapters]


def test_a_second_submission_tells_what_changed_since_the_first(world: World, database: Flask) -> None:
    world.issue_province()
    plan_id = world.submitted("A")
    returned(world, plan_id)
    key = (world.units["A1"], world.indicators["dossiers"])
    submit(world, plan_id, {key: Entry(9550)})
    chapters = read_story(world.plan(plan_id))
    assert acts(chapters) == ["open", "submit", "return", "submit"]
    assert chapters[1].differences is None, "nothing was submitted before the first one"
    assert chapters[3].differences == (Difference(*key, Entry(8000), Entry(9550)),)
    last = told(world, database, plan_id)[3]
    assert last.cells == (("Xã A1", "dossiers", "80%", "95.5%"),)
    assert (last.summary, last.who) == ("1 cell changed since the last time", "preparer A")


def test_the_same_submitted_again_says_that_nothing_changed(world: World, database: Flask) -> None:
    world.issue_province()
    plan_id = world.submitted("A")
    returned(world, plan_id)
    submit(world, plan_id, {})
    assert told(world, database, plan_id)[3].summary == "nothing changed since the last time"


def test_changes_of_many_cells_stand_where_they_happened_and_so_does_their_end(world: World, database: Flask) -> None:
    world.issue_province()
    plan_id = world.open("A", "a.preparer")
    key = (world.units["A1"], world.indicators["dossiers"])
    given: dict[str, Any] = {"actor": world.account("a.preparer"), "now": NOW + timedelta(minutes=1)}
    with transaction():
        version = world.plan(plan_id).version
        apply_change(plan_id, {key: Entry(8500)}, kind=ChangeKind.PASTE, inputs={}, version=version, **given)
    with transaction():
        version = world.plan(plan_id).version
        revert_last_change(plan_id, version=version, actor=given["actor"], now=NOW + timedelta(minutes=2))
    chapters = read_story(world.plan(plan_id))
    assert [(chapter.change is not None, chapter.reverted) for chapter in chapters] == [
        (False, False),
        (True, False),
        (True, True),
    ]
    done, undone = told(world, database, plan_id)[1:]
    assert done.cells == (("Xã A1", "dossiers", "empty", "85%"),)
    assert undone.cells == (("Xã A1", "dossiers", "85%", "empty"),)
    assert undone.title == f"Taken back: {done.title}"


def test_a_revisions_first_submission_is_compared_with_the_plan_it_began_as(
    world: World, database: Flask, tmp_path: Path
) -> None:
    sealing = Sealing(world, tmp_path)
    sealing.in_force("P")
    plan_id = sealing.in_force("A")
    revision_id = sealing.revise(plan_id, now=NOW)
    key = (world.units["A2"], world.indicators["dossiers"])
    submit(world, revision_id, {key: Entry(9000)})
    submitted = next(one for one in told(world, database, revision_id) if one.event and one.event.action == "submit")
    assert submitted.cells == (("Xã A2", "dossiers", "80%", "90%"),)
    assert submitted.summary == "1 cell differs from the revision before"
