"""Cells saved one by one, rows held, formulas tried and applied, bulk changes taken back."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from allocapp.db import db, transaction
from allocapp.errors import (
    AllocappError,
    ContentChanged,
    Forbidden,
    HeldRow,
    NoAim,
    NotFound,
    NothingToRevert,
    ReasonRequired,
    StaleVersion,
    TargetWithExcuse,
    TransitionNotAllowed,
    UnknownRow,
)
from allocapp.models.plan import ChangeKind, PlanChange, PlanTarget
from allocapp.rules.methods import Method
from allocapp.rules.trim import TrimOrder
from allocapp.services.cell import Edit, Saved, save_cells
from allocapp.services.change import apply_change, changed_cells, list_changes, revert_last_change
from allocapp.services.hold import hold_row, release_row
from allocapp.services.method import Choice, Limits, apply_method, find_lowest, try_method
from allocapp.services.plan import submit_plan, update_receivers
from allocapp.services.sheet import Entry, Key, read_sheet
from tests.factories import NOW, SINCE, World

PREPARER = "a.preparer"


@pytest.fixture
def plan_id(world: World) -> int:
    """District A's draft under an assigned target of 80%, every cell at 70%."""
    world.issue_province(8000)
    plan_id = world.open("A", PREPARER)
    world.save(plan_id, 7000, PREPARER)
    return plan_id


def dossiers(world: World, *units: str) -> list[Key]:
    return [(world.units[unit], world.indicators["dossiers"]) for unit in units]


def targets(world: World, plan_id: int, indicator: str = "dossiers") -> dict[str, int | None]:
    db.session.rollback()
    sheet = read_sheet(world.plan(plan_id))
    of = world.indicators[indicator]
    return {row.unit.code: cell.target for row in sheet.rows for cell in row.cells if cell.indicator_id == of}


def save(world: World, plan_id: int, edits: Mapping[Key, Edit], login: str = PREPARER) -> Saved:
    with transaction():
        return save_cells(plan_id, edits, actor=world.account(login), now=NOW)


def method(world: World, act: Method | TrimOrder, **changes: int | None) -> Choice:
    aim = changes.pop("aim", None)
    limits = Limits(step=changes.pop("step", 50) or 50, floor=changes.get("floor"), ceiling=changes.get("ceiling"))
    return Choice(world.indicators["dossiers"], act, limits, aim=aim)


def apply(world: World, plan_id: int, choice: Choice) -> int:
    with transaction():
        plan = world.plan(plan_id)
        actor, stamp = world.account(PREPARER), try_method(plan, choice).stamp
        return len(apply_method(plan_id, choice, version=plan.version, stamp=stamp, actor=actor, now=NOW).after)


def revert(world: World, plan_id: int) -> tuple[int, int]:
    with transaction():
        version = world.plan(plan_id).version
        done = revert_last_change(plan_id, version=version, actor=world.account(PREPARER), now=NOW)
        return done.restored, done.kept


def test_different_cells_of_two_people_merge(world: World, plan_id: int) -> None:
    first, second = dossiers(world, "A1", "A2")
    save(world, plan_id, {first: Edit(Entry(8100), 2)})
    saved = save(world, plan_id, {second: Edit(Entry(8200), 2)})
    assert not saved.conflicts
    assert saved.versions == {second: 3}
    assert targets(world, plan_id) == {"A0": 7000, "A1": 8100, "A2": 8200, "A3": 7000}


def test_the_same_cell_is_left_alone_and_reported_the_others_are_kept(world: World, plan_id: int) -> None:
    first, second = dossiers(world, "A1", "A2")
    save(world, plan_id, {first: Edit(Entry(8100), 2)})
    saved = save(world, plan_id, {first: Edit(Entry(9000), 2), second: Edit(Entry(8200), 2)})
    assert set(saved.conflicts) == {first}
    theirs = saved.conflicts[first]
    assert (theirs.target, theirs.changed_by, theirs.changed_at) == (8100, world.account(PREPARER), NOW)
    assert targets(world, plan_id) == {"A0": 7000, "A1": 8100, "A2": 8200, "A3": 7000}


def test_the_same_value_twice_is_no_conflict_and_no_change(world: World, plan_id: int) -> None:
    (key,) = dossiers(world, "A1")
    before = save(world, plan_id, {key: Edit(Entry(8100), 2)})
    again = save(world, plan_id, {key: Edit(Entry(8100), 2)})
    assert (again.plan_version, again.versions, again.conflicts) == (before.plan_version, {key: 3}, {})


def test_autosave_refuses_strangers_cells_and_contradictions_whole(world: World, plan_id: int) -> None:
    own, foreign = *dossiers(world, "A1"), *dossiers(world, "B1")
    for edits, error in (
        ({own: Edit(Entry(9000), 2), foreign: Edit(Entry(9000), 1)}, UnknownRow),
        ({own: Edit(Entry(9000, "Không phát sinh"), 2)}, TargetWithExcuse),
    ):
        with pytest.raises(error):
            save(world, plan_id, edits)
    assert targets(world, plan_id)["A1"] == 7000


@pytest.mark.parametrize(("login", "error"), [("b.preparer", NotFound), ("p.approver", Forbidden)])
def test_others_neither_autosave_nor_hold_nor_apply(
    world: World, plan_id: int, login: str, error: type[AllocappError]
) -> None:
    (key,) = dossiers(world, "A1")
    with pytest.raises(error):
        save(world, plan_id, {key: Edit(Entry(9000), 2)}, login)
    with pytest.raises(error), transaction():
        hold_row(plan_id, key[0], reason="Giữ", actor=world.account(login), now=NOW)
    with pytest.raises(error), transaction():
        apply_method(plan_id, method(world, Method.SAME), version=2, stamp="", actor=world.account(login), now=NOW)


def test_trying_writes_nothing(world: World, plan_id: int) -> None:
    trial = try_method(world.plan(plan_id), method(world, Method.SAME))
    assert {change.after for change in trial.changes} == {8000}
    assert trial.after[trial.position].balanced
    assert not trial.before[trial.position].balanced
    assert set(targets(world, plan_id).values()) == {7000}


def test_applying_changes_what_was_tried_and_explains_it(world: World, plan_id: int) -> None:
    with transaction():
        hold_row(plan_id, world.units["A2"], reason="Đã thống nhất", actor=world.account(PREPARER), now=NOW)
    assert apply(world, plan_id, method(world, Method.SAME)) == 3
    # 70% is held in one of four equal rows: the others make up for it, rounded up to half points
    assert targets(world, plan_id) == {"A0": 8350, "A1": 8350, "A2": 7000, "A3": 8350}
    (change,) = list_changes(world.plan(plan_id))
    assert (change.kind, change.account.login) == (ChangeKind.METHOD, PREPARER)
    assert change.holds == [[world.units["A2"], "Đã thống nhất", "preparer A"]]
    assert (change.inputs["act"], change.inputs["step"], change.inputs["assigned"]) == ("same", 50, 8000)
    assert (change.inputs["before"], change.inputs["after"]) == (7000, 8012)
    assert changed_cells(change)[dossiers(world, "A1")[0]] == (Entry(7000), Entry(8350))


def test_a_revert_restores_what_nobody_changed_since(world: World, plan_id: int) -> None:
    apply(world, plan_id, method(world, Method.SAME))
    (key,) = dossiers(world, "A1")
    save(world, plan_id, {key: Edit(Entry(9900), 3)})
    assert revert(world, plan_id) == (3, 1)
    assert targets(world, plan_id) == {"A0": 7000, "A1": 9900, "A2": 7000, "A3": 7000}
    with pytest.raises(NothingToRevert):
        revert(world, plan_id)


def test_reverts_go_back_one_change_at_a_time(world: World, plan_id: int) -> None:
    apply(world, plan_id, method(world, Method.SAME))
    apply(world, plan_id, method(world, Method.SAME, aim=9000))
    assert set(targets(world, plan_id).values()) == {9000}
    revert(world, plan_id)
    assert set(targets(world, plan_id).values()) == {8000}
    revert(world, plan_id)
    assert set(targets(world, plan_id).values()) == {7000}


def test_a_change_is_applied_on_the_version_it_was_tried_on(world: World, plan_id: int) -> None:
    (key,) = dossiers(world, "A1")
    save(world, plan_id, {key: Edit(Entry(8100), 2)})
    with pytest.raises(StaleVersion), transaction():
        apply_method(plan_id, method(world, Method.SAME), version=2, stamp="", actor=world.account(PREPARER), now=NOW)
    assert db.session.query(PlanChange).count() == 0


def test_a_formula_never_touches_a_held_row_but_a_person_may(world: World, plan_id: int) -> None:
    (key,) = dossiers(world, "A2")
    actor = PREPARER
    with transaction():
        hold_row(plan_id, key[0], reason="Giữ", actor=world.account(actor), now=NOW)

    def put(kind: ChangeKind) -> None:
        with transaction():
            apply_change(
                plan_id,
                {key: Entry(9000)},
                kind=kind,
                inputs={},
                version=world.plan(plan_id).version,
                actor=world.account(actor),
                now=NOW,
            )

    with pytest.raises(HeldRow):
        put(ChangeKind.TRIM)
    assert targets(world, plan_id)["A2"] == 7000
    put(ChangeKind.PASTE)
    assert targets(world, plan_id)["A2"] == 9000


def test_holding_needs_a_reason_and_one_of_the_plans_rows(world: World, plan_id: int) -> None:
    for unit, reason, error in (("A1", "  ", ReasonRequired), ("B1", "Giữ", UnknownRow)):
        with pytest.raises(error), transaction():
            hold_row(plan_id, world.units[unit], reason=reason, actor=world.account(PREPARER), now=NOW)
    for reason in ("Một", "Hai"):  # holding again gives the newer reason
        with transaction():
            hold_row(plan_id, world.units["A1"], reason=reason, actor=world.account(PREPARER), now=NOW)
    rows = {row.unit.code: row.hold for row in read_sheet(world.plan(plan_id)).rows}
    assert {code: hold.reason for code, hold in rows.items() if hold} == {"A1": "Hai"}
    for _ in range(2):  # releasing twice is no error
        with transaction():
            release_row(plan_id, world.units["A1"], actor=world.account(PREPARER), now=NOW)
    assert not any(row.hold for row in read_sheet(world.plan(plan_id)).rows)


def test_what_is_applied_is_what_was_seen(world: World, plan_id: int) -> None:
    choice = method(world, Method.SAME)
    seen = try_method(world.plan(plan_id), choice).stamp
    with transaction():  # moves no version, but the other rows would get other numbers now
        hold_row(plan_id, world.units["A2"], reason="Giữ", actor=world.account(PREPARER), now=NOW)
    with pytest.raises(ContentChanged), transaction():
        apply_method(plan_id, choice, version=2, stamp=seen, actor=world.account(PREPARER), now=NOW)
    assert set(targets(world, plan_id).values()) == {7000}


def test_a_revert_leaves_rows_that_are_held_since_or_gone(world: World, plan_id: int) -> None:
    apply(world, plan_id, method(world, Method.SAME))
    with transaction():
        hold_row(plan_id, world.units["A1"], reason="Giữ", actor=world.account(PREPARER), now=NOW)
        world.unit("A3").valid_to = SINCE
    with transaction():
        version = world.plan(plan_id).version
        update_receivers(plan_id, version=version, actor=world.account(PREPARER), now=NOW)
    assert revert(world, plan_id) == (2, 2)
    assert targets(world, plan_id) == {"A0": 7000, "A1": 8000, "A2": 7000}


def test_submitting_does_not_write_over_a_cell_that_somebody_else_changed(world: World, plan_id: int) -> None:
    (key,) = dossiers(world, "A1")
    save(world, plan_id, {key: Edit(Entry(9000), 2)})
    plan = world.plan(plan_id)
    version, seen = plan.version, read_sheet(plan).content_hash
    entries = world.entries(plan_id, 8500)
    with pytest.raises(StaleVersion), transaction():
        submit_plan(
            plan_id,
            entries,
            version=version,
            seen_hash=seen,
            edits={key: Edit(Entry(8500), 2)},
            actor=world.account(PREPARER),
            now=NOW,
        )
    assert targets(world, plan_id)["A1"] == 9000


def test_trim_takes_back_what_goes_beyond_need(world: World, plan_id: int) -> None:
    world.save(plan_id, 9000, PREPARER)
    apply(world, plan_id, method(world, TrimOrder.OFFICIAL, step=100))
    assert sum(target or 0 for target in targets(world, plan_id).values()) == 4 * 8000
    (change,) = list_changes(world.plan(plan_id))
    assert change.kind is ChangeKind.TRIM


def test_where_nothing_is_assigned_the_person_says_what_to_reach(world: World) -> None:
    plan_id = world.open("P", "p.preparer")
    choice = method(world, Method.SAME)
    with pytest.raises(NoAim):
        try_method(world.plan(plan_id), choice)
    trial = try_method(world.plan(plan_id), method(world, Method.SAME, aim=6000))
    assert {change.after for change in trial.changes} == {6000}


def test_the_lowest_target_a_row_may_have(world: World, plan_id: int) -> None:
    world.save(plan_id, 9000, PREPARER)
    lowest = find_lowest(world.plan(plan_id), world.units["A1"])
    # three rows at 90% of a hundred dossiers each leave 50 of the 320 to the fourth
    assert lowest[world.indicators["dossiers"]] == 5000
    world.save(plan_id, 7000, PREPARER)
    assert find_lowest(world.plan(plan_id), world.units["A1"])[world.indicators["dossiers"]] is None
    with pytest.raises(UnknownRow):
        find_lowest(world.plan(plan_id), world.units["B1"])


def test_nothing_is_applied_to_a_plan_that_is_no_draft(world: World, plan_id: int) -> None:
    world.submit(plan_id, 8000, PREPARER)
    with pytest.raises(TransitionNotAllowed):
        apply(world, plan_id, method(world, Method.SAME, aim=9000))
    with pytest.raises(TransitionNotAllowed), transaction():
        hold_row(plan_id, world.units["A1"], reason="Giữ", actor=world.account(PREPARER), now=NOW)
    assert db.session.query(PlanTarget).filter_by(plan_id=plan_id, target=8000).count() == 8
