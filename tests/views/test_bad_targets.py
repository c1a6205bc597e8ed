"""Whatever is typed into a plan's grid, or done to its form: a clear message, a right status, nothing half-written."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from allocapp.db import db, transaction
from allocapp.errors import (
    AllocappError,
    InvalidCount,
    InvalidPercent,
    MissingRow,
    PercentOutOfRange,
    PlanExists,
    StaleVersion,
    SuperiorNotIssued,
    TargetWithExcuse,
    TextTooLong,
    TransitionNotAllowed,
    UnknownRow,
)
from allocapp.models.campaign import Expectation, Indicator
from allocapp.models.event import Event
from allocapp.models.plan import Plan
from allocapp.rules.balance import Kind
from allocapp.rules.workflow import PlanState
from tests.factories import World
from tests.views.client import Client, told, vietnamese
from tests.views.conftest import Visit
from tests.views.sheets import everywhere, field, inputs, save, stored, targets

DAMAGED = "The form did not arrive whole, so nothing was done. Look at the page and send it again."
KEPT_AS_DRAFT = "Not submitted. What you typed is saved as a draft (version %(version)d)."


@pytest.fixture
def plan_id(world: World) -> int:
    """District A's draft under an assigned target of 80%."""
    world.issue_province(8000)
    return world.open("A", "a.preparer")


def steps(plan_id: int) -> int:
    """How many steps of the plan the journal tells, the opening included."""
    db.session.rollback()
    return db.session.scalar(select(func.count()).where(Event.subject == "plan", Event.subject_id == plan_id)) or 0


def assert_untouched(world: World, plan_id: int) -> None:
    plan = world.plan(plan_id)
    assert (plan.state, plan.version, targets(world, plan_id), steps(plan_id)) == (PlanState.DRAFT, 1, {None}, 1)


# -- what is typed ---------------------------------------------------------------------------------------------------


def test_a_rate_is_read_as_people_write_it(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    for typed, kept, shown in (
        ("12.5", 1250, "12,5"),
        ("12,5", 1250, "12,5"),
        ("80", 8000, "80"),
        ("", None, ""),
        ("80%", 8000, "80"),
        (" 79,65 % ", 7965, "79,65"),
        ("\u00a080\u00a0", 8000, "80"),
        ("0", 0, "0"),
        ("100", 10_000, "100"),
        ("100,00", 10_000, "100"),
        ("007,10", 710, "7,1"),
        ("   ", None, ""),
    ):
        save(client, plan_id, typed)
        assert targets(world, plan_id) == {kept}, typed
        assert {text for name, text in inputs(client.page, plan_id).items() if name[0] == "t"} == {shown}, typed


NO_RATES = (
    "tám mươi", "NaN", "nan", "inf", "-inf", "1e3", "1E1", "0x50", "-1", "+80", "1_0", "1.234,5", "1,234.5",
    "12,345", "12.", ",5", "80 80", "80%%", "٨٠", "８０", "८०", "80\u200b", "80\n81", "\x0080", "½", "--", "=1+1",
    "8" * 20_000, "<b>80</b>", "' OR 1=1 --", "%s %d", "\ufffd", "\t80",
)  # fmt: skip
TOO_HIGH = ("101", "100,01", "100.01", "999", "999,99", "101%")


def test_what_is_no_rate_is_told_at_its_cell_and_nothing_is_lost(world: World, visit: Visit, plan_id: int) -> None:
    """One bad cell among good ones: the page comes back as it was typed, and the rest is not stored either."""
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "81,25")
    filled[field(world, "A3", "services")], filled[field(world, "A3", "services", excuse=True)] = "", "Không phát sinh"
    faults: list[InvalidPercent | PercentOutOfRange] = [InvalidPercent(typed) for typed in NO_RATES]
    faults += [PercentOutOfRange(typed) for typed in TOO_HIGH]
    for fault in faults:
        typed = filled | {field(world, "A2"): fault.text}
        client.send(f"/plans/{plan_id}/save", typed, expect=422)
        assert_told(client, plan_id, typed, {field(world, "A2"): fault})
    assert_untouched(world, plan_id)


@pytest.mark.parametrize("typed", ["1e3", "101"])
def test_a_bad_cell_is_told_however_the_form_is_sent(world: World, visit: Visit, plan_id: int, typed: str) -> None:
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "80") | {field(world, "A0"): typed}
    fault = InvalidPercent(typed) if typed == "1e3" else PercentOutOfRange(typed)
    assert_refused(client, plan_id, filled, {field(world, "A0"): fault})
    assert_untouched(world, plan_id)


def test_every_bad_cell_is_told_and_the_summary_stays_short(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "x")
    assert_refused(client, plan_id, filled, dict.fromkeys(filled, InvalidPercent("x")))
    assert len(client.page.root.all("input", aria_invalid="true")) == len(filled)
    assert_untouched(world, plan_id)


def assert_refused(client: Client, plan_id: int, filled: dict[str, str], faults: Mapping[str, AllocappError]) -> None:
    """By saving, submitting and the check without JavaScript alike."""
    for address in (f"/plans/{plan_id}/save", f"/plans/{plan_id}/submit", f"/plans/{plan_id}"):
        client.send(address, filled, expect=422)
        assert_told(client, plan_id, filled, faults)


def assert_told(client: Client, plan_id: int, filled: dict[str, str], faults: Mapping[str, AllocappError]) -> None:
    page = client.page
    assert filled.items() <= inputs(page, plan_id).items()
    assert page.title.startswith("Lỗi")
    for name, fault in faults.items():
        cell = page.field(name)
        assert cell["aria-invalid"] == "true"
        said = " ".join(told(client.app, fault).in_full.split())
        assert said in page.root.one(id=cell["aria-describedby"]).text
        assert said in page.errors or len(faults) > 10
        assert f"#{name}" in page.links or len(faults) > 10


def test_the_live_check_says_the_same_and_saves_nothing(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    fields = client.open(f"/plans/{plan_id}").form(f"/plans/{plan_id}").fields
    bad = field(world, "A1")
    fields |= everywhere(client.page, plan_id, "80") | {bad: "1e3"}
    answer = client.post(f"/plans/{plan_id}/check", fields, headers={"Accept": "application/json"}, expect=200)
    assert set(answer.json) == {"status", "figures", "cells", "flags"}
    gap, needed, error, below = answer.json["cells"][bad[2:]]
    assert (gap, needed, below) == ("–", "–", "")
    assert error == told(client.app, InvalidPercent("1e3")).in_full
    assert answer.json["cells"][field(world, "A2")[2:]] == ["0", "80", "", ""]
    assert_untouched(world, plan_id)


def test_the_check_without_javascript_keeps_what_was_typed(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "79,9")
    client.send(f"/plans/{plan_id}", filled, expect=200)
    assert filled.items() <= inputs(client.page, plan_id).items()
    assert vietnamese(client.app, "Checked, not saved yet.") in client.page.notices
    # 400 dossiers at 79,9% are 319,6: 0,4 short of the 320 that 80% means, so one dossier
    assert "0,1" in client.page.text
    assert "1 hồ sơ" in client.page.text
    assert_untouched(world, plan_id)


def test_a_quantity_is_read_as_people_write_it(world: World, visit: Visit, plan_id: int) -> None:
    count_dossiers(world)
    client = visit("a.preparer")
    for typed, kept in (("1.234", 1234), ("0", 0), ("1234", 1234), ("999999999", 999_999_999)):
        page = client.open(f"/plans/{plan_id}")
        client.send(f"/plans/{plan_id}/save", everywhere(page, plan_id, "80") | {field(world, "A1"): typed})
        assert stored(world, plan_id)["A1", "dossiers"] == (kept, "")


def test_what_is_no_quantity_is_told_at_its_cell(world: World, visit: Visit, plan_id: int) -> None:
    count_dossiers(world)
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "80")
    for typed in ("12,5", "12.5", "1,234", "1.23", "0.125", "1000000000", "-1", "1e3", "NaN", "٨٠"):
        filled[field(world, "A1")] = typed
        client.send(f"/plans/{plan_id}/save", filled, expect=422)
        assert_told(client, plan_id, filled, {field(world, "A1"): InvalidCount(typed)})
    assert_untouched(world, plan_id)


def count_dossiers(world: World) -> None:
    """Let the indicator on dossiers be a quantity."""
    with transaction() as session:
        session.execute(
            update(Indicator).where(Indicator.id == world.indicators["dossiers"]).values(kind=Kind.QUANTITY)
        )


# -- reasons ---------------------------------------------------------------------------------------------------------


def test_a_target_beside_a_reason_for_none_is_told_at_its_cell(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "80")
    filled[field(world, "A1", excuse=True)] = "Không phát sinh"
    fault = TargetWithExcuse(((world.units["A1"], world.indicators["dossiers"]),))
    assert_refused(client, plan_id, filled, {field(world, "A1"): fault})
    assert_untouched(world, plan_id)


def test_an_overlong_reason_is_kept_on_the_page_and_not_stored(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    long = "Không phát sinh hồ sơ " * 20
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "80")
    filled[field(world, "A1")], filled[field(world, "A1", excuse=True)] = "", long
    assert_refused(client, plan_id, filled, {field(world, "A1"): TextTooLong(300)})
    assert_untouched(world, plan_id)


def test_a_reason_is_stored_clean_and_shown_as_it_is(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    for typed, kept in (
        (unicodedata.normalize("NFD", "Không phát sinh ở xã"), "Không phát sinh ở xã"),
        ("  Không \r\n phát  sinh  ", "Không phát sinh"),
        ("Không\x00 phát\x07 sinh\x1b", "Không phát sinh"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("=cmd|' /C calc'!A0", "=cmd|' /C calc'!A0"),
        ("Lý do 𠀀 🙂", "Lý do 𠀀 🙂"),
        ("Không " * 50, ("Không " * 50).strip()),
    ):
        client.open(f"/plans/{plan_id}")
        filled = {field(world, "A1"): "", field(world, "A1", excuse=True): typed}
        client.follow(client.send(f"/plans/{plan_id}/save", filled))
        assert stored(world, plan_id)["A1", "dossiers"] == (None, kept)
        assert inputs(client.page, plan_id)[field(world, "A1", excuse=True)] == kept


def test_half_a_letter_does_no_harm(world: World, visit: Visit, plan_id: int) -> None:
    """A lone surrogate is no text in UTF-8; a browser never sends it, a script may."""
    client = visit("a.preparer")
    fields = client.open(f"/plans/{plan_id}").form(f"/plans/{plan_id}/save").fields
    pairs = [f"{name}={text}" for name, text in fields.items() if not name.startswith("x-")]
    pairs.append(f"{field(world, 'A1', excuse=True)}=a%ED%A0%80b%FF")
    client.post_bytes(f"/plans/{plan_id}/save", "&".join(pairs).encode(), expect=303)
    excuse = stored(world, plan_id)["A1", "dossiers"][1]
    assert excuse.encode().startswith(b"a")
    client.open(f"/plans/{plan_id}")


# -- what is done to the form ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("act", ["save", "submit"])
def test_a_missing_row_saves_nothing_of_the_others(world: World, visit: Visit, plan_id: int, act: str) -> None:
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "85")
    left_out = [field(world, "A2"), field(world, "A2", "services")]
    kept = {name: text for name, text in filled.items() if name not in left_out}
    client.send(f"/plans/{plan_id}/{act}", kept, without=left_out, expect=422)
    message = told(client.app, MissingRow(((0, 0), (0, 1))))
    assert message.text in client.page.errors
    assert "2" in message.text
    assert kept.items() <= inputs(client.page, plan_id).items()
    assert_untouched(world, plan_id)


@pytest.mark.parametrize("act", ["save", "submit"])
def test_another_districts_commune_is_refused_and_stays_as_it_is(
    world: World, visit: Visit, plan_id: int, act: str
) -> None:
    other = world.open("B", "b.preparer")
    world.save(other, 7000, "b.preparer")
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "85")
    for foreign in (field(world, "B1"), f"t-999999999-{world.indicators['dossiers']}", "t-1-999999999"):
        client.send(f"/plans/{plan_id}/{act}", filled, added={foreign: "99"}, expect=422)
        assert told(client.app, UnknownRow(((0, 0),))).text in client.page.errors
        assert filled.items() <= inputs(client.page, plan_id).items()
        assert "Xã B1" not in client.page.text
    assert_untouched(world, plan_id)
    assert targets(world, other) == {7000}


def test_a_field_that_came_twice_is_no_number(world: World, visit: Visit, plan_id: int) -> None:
    """Which of the two is meant is not for the server to guess."""
    client = visit("a.preparer")
    fields = client.open(f"/plans/{plan_id}").form(f"/plans/{plan_id}/save").fields
    pairs = "&".join([f"{name}={text}" for name, text in fields.items()] + [f"{field(world, 'A1')}=80"] * 2)
    client.post_bytes(f"/plans/{plan_id}/save", pairs.encode(), expect=422)
    assert_untouched(world, plan_id)


@pytest.mark.parametrize("act", ["save", "submit"])
def test_a_damaged_form_does_nothing_and_keeps_what_was_typed(
    world: World, visit: Visit, plan_id: int, act: str
) -> None:
    client = visit("a.preparer")
    page = client.open(f"/plans/{plan_id}")
    filled = everywhere(page, plan_id, "85")
    damages = [{"version": text} for text in ("", "abc", "-1", "0", str(2**40), "1e1", "1.0")]
    damages += [{"seen_hash": text} for text in ("", "0" * 63, "Z" * 64, "0" * 64 + "\n")]
    for damage in damages:
        client.send(f"/plans/{plan_id}/{act}", filled | damage, page=page, expect=422)
        assert filled.items() <= inputs(client.page, plan_id).items()
        assert vietnamese(client.app, DAMAGED) in client.page.errors
    for name in ("version", "seen_hash"):
        client.send(f"/plans/{plan_id}/{act}", filled, page=page, without=[name], expect=422)
    assert_untouched(world, plan_id)


# -- at the same time ------------------------------------------------------------------------------------------------


def test_an_old_version_shows_both_values_and_saves_neither(world: World, visit: Visit, plan_id: int) -> None:
    """Two windows of the same person: the slower one is not written over, and not lost."""
    first, second = visit("a.preparer"), visit("a.preparer")
    mine = everywhere(first.open(f"/plans/{plan_id}"), plan_id, "81,1")
    save(second, plan_id, "82,2")
    first.send(f"/plans/{plan_id}/save", mine, expect=409)
    assert told(first.app, StaleVersion(2)).text in first.page.errors
    assert mine.items() <= inputs(first.page, plan_id).items()
    theirs = [element for element in first.page.root.all("span") if "clash" in element.classes]
    assert len(theirs) == len(mine)
    assert all("82,2%" in element.text and "preparer A" in element.text for element in theirs)
    assert targets(world, plan_id) == {8220}
    # looking at it is no choice: until one of the two is chosen, nothing is written over
    for address in ("save", "submit", "save"):
        first.send(f"/plans/{plan_id}/{address}", expect=409)
        assert mine.items() <= inputs(first.page, plan_id).items()
        assert all(f"#{name}" in first.page.links for name in list(mine)[:10])
        assert targets(world, plan_id) == {8220}
    first.follow(first.send(f"/plans/{plan_id}/save", added={f"p{name[1:]}": "mine" for name in mine}))
    assert targets(world, plan_id) == {8110}


def test_a_clash_stays_open_over_every_page_until_it_is_chosen(world: World, visit: Visit, plan_id: int) -> None:
    """Neither the check, nor a cell that cannot be read, nor a third number in the cell counts as a choice."""
    first, second = visit("a.preparer"), visit("a.preparer")
    one, other = field(world, "A1"), field(world, "A2")
    first.open(f"/plans/{plan_id}")
    save(second, plan_id, "82,2")
    first.send(f"/plans/{plan_id}/save", {one: "81,1"}, expect=409)
    choice = f"p{one[1:]}"
    for address, typed, status in (
        ("", {}, 200),
        ("/save", {other: "1e3"}, 422),
        ("", {one: "1e3", other: "82,2"}, 422),
        ("/save", {one: "83,3"}, 409),
        ("", {}, 200),
        ("/save", {}, 409),
    ):
        first.send(f"/plans/{plan_id}{address}", typed, expect=status)
        assert first.page.form(f"/plans/{plan_id}/save").fields[choice] == "open"
        assert "82,2%" in first.page.root.one("span", class_="other clash").text
        assert targets(world, plan_id) == {8220}
    # the other's own number typed in leaves nothing to choose
    first.send(f"/plans/{plan_id}", {one: "82,2"}, expect=200)
    assert choice not in first.page.form(f"/plans/{plan_id}/save").fields
    # a choice counts on the page of the check too, which then shows what was chosen
    first.send(f"/plans/{plan_id}", {one: "84,4"}, expect=200)
    first.follow(first.send(f"/plans/{plan_id}/save"))
    assert stored(world, plan_id)["A1", "dossiers"][0] == 8440


@pytest.mark.parametrize(("chosen", "kept"), [("mine", 8110), ("theirs", 8220)])
def test_a_choice_outlives_the_check(world: World, visit: Visit, plan_id: int, chosen: str, kept: int) -> None:
    first, second = visit("a.preparer"), visit("a.preparer")
    one = field(world, "A1")
    first.open(f"/plans/{plan_id}")
    save(second, plan_id, "82,2")
    first.send(f"/plans/{plan_id}/save", {one: "81,1"}, expect=409)
    first.send(f"/plans/{plan_id}", added={f"p{one[1:]}": chosen}, expect=200)
    assert first.page.field(one)["value"] == ("81,1" if chosen == "mine" else "82,2")
    first.follow(first.send(f"/plans/{plan_id}/save"))
    assert stored(world, plan_id)["A1", "dossiers"][0] == kept


def test_different_cells_of_two_people_merge(world: World, visit: Visit, plan_id: int) -> None:
    first, second = visit("a.preparer"), visit("a.preparer")
    first.open(f"/plans/{plan_id}")
    second.open(f"/plans/{plan_id}")
    second.send(f"/plans/{plan_id}/save", {field(world, "A1"): "82,2"})
    first.follow(first.send(f"/plans/{plan_id}/save", {field(world, "A2"): "81,1"}))
    shown = inputs(first.page, plan_id)
    assert (shown[field(world, "A1")], shown[field(world, "A2")]) == ("82,2", "81,1")
    found = stored(world, plan_id)
    assert (found["A1", "dossiers"][0], found["A2", "dossiers"][0]) == (8220, 8110)


def test_an_old_version_is_not_submitted(world: World, visit: Visit, plan_id: int) -> None:
    first, second = visit("a.preparer"), visit("a.preparer")
    mine = everywhere(first.open(f"/plans/{plan_id}"), plan_id, "90")
    save(second, plan_id, "82,2")
    first.send(f"/plans/{plan_id}/submit", mine, expect=409)
    assert mine.items() <= inputs(first.page, plan_id).items()
    assert (world.plan(plan_id).state, targets(world, plan_id)) == (PlanState.DRAFT, {8220})


def test_a_form_sent_again_changes_nothing_more(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    page = client.open(f"/plans/{plan_id}")
    for _ in range(3):
        client.send(f"/plans/{plan_id}/save", everywhere(page, plan_id, "84"), page=page)
    assert (world.plan(plan_id).version, targets(world, plan_id)) == (2, {8400})


def test_a_second_click_on_submit_submits_once(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    page = client.open(f"/plans/{plan_id}")
    filled = everywhere(page, plan_id, "84")
    client.send(f"/plans/{plan_id}/submit", filled, page=page)
    client.send(f"/plans/{plan_id}/submit", filled, page=page, expect=409)
    assert told(client.app, TransitionNotAllowed("submitted", "submit")).text in client.page.errors
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    assert steps(plan_id) == 2


def test_two_submits_at_once_have_one_winner(world: World, visit: Visit, database: Flask, plan_id: int) -> None:
    clients = [visit("a.preparer") for _ in range(4)]
    pages = [client.open(f"/plans/{plan_id}") for client in clients]
    start = Barrier(len(clients))
    db.session.rollback()

    def submit(number: int) -> int:
        start.wait(10)
        filled = everywhere(pages[number], plan_id, "84")
        return clients[number].send(f"/plans/{plan_id}/submit", filled, expect=None).status

    with ThreadPoolExecutor(len(clients)) as pool:
        assert sorted(pool.map(submit, range(len(clients)))) == [303, 409, 409, 409]
    assert steps(plan_id) == 2
    assert targets(world, plan_id) == {8400}


def test_the_ground_moving_under_the_typing_stops_the_submission(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "84")
    with transaction() as session:
        session.execute(update(Expectation).where(Expectation.unit_id == world.units["A1"]).values(weight=90))
    client.send(f"/plans/{plan_id}/submit", filled, expect=409)
    assert filled.items() <= inputs(client.page, plan_id).items()
    assert_untouched(world, plan_id)


def test_a_plan_is_opened_once(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    fields = {"unit_id": str(world.units["A"]), "campaign_id": str(world.campaign)}
    answer = client.act("/plans/open", fields, expect=409)
    assert told(client.app, PlanExists()).text in answer.page.text
    assert db.session.scalar(select(func.count()).select_from(Plan).where(Plan.unit_id == world.units["A"])) == 1


# -- what may not be submitted ---------------------------------------------------------------------------------------


def test_an_unbalanced_plan_is_kept_as_a_draft_and_says_what_is_short(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "80")
    filled[field(world, "A1")] = "79,6"
    client.send(f"/plans/{plan_id}/submit", filled, expect=422)
    assert vietnamese(client.app, KEPT_AS_DRAFT, version=2) in client.page.errors
    # 0,4 dossiers of 400 are missing: a tenth of a point, one whole dossier
    assert "thiếu 0,1 điểm phần trăm ≈ 1 hồ sơ" in client.page.errors
    assert f"#{field(world, 'A1')}" in client.page.links
    assert inputs(client.page, plan_id)[field(world, "A1")] == "79,6"
    assert stored(world, plan_id)["A1", "dossiers"] == (7960, "")
    assert (world.plan(plan_id).state, steps(plan_id)) == (PlanState.DRAFT, 1)
    # and from the very page it can be mended
    client.send(f"/plans/{plan_id}/submit", {field(world, "A1"): "80"}, expect=303)


def test_a_hair_below_the_target_is_not_the_target(world: World, visit: Visit, plan_id: int) -> None:
    """79,99% everywhere is short, and is not shown as 80%."""
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "79,99")
    client.send(f"/plans/{plan_id}/submit", filled, expect=422)
    assert "79,99%" in client.page.text
    assert "thiếu 0,01 điểm phần trăm ≈ 1 hồ sơ" in client.page.errors


def test_empty_cells_are_named_and_linked(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "100") | {field(world, "A3"): ""}
    client.send(f"/plans/{plan_id}/submit", filled, expect=422)
    assert "Xã A3" in client.page.errors
    assert f"#{field(world, 'A3')}" in client.page.links


def test_nothing_is_submitted_before_the_superiors_decision(world: World, visit: Visit) -> None:
    """The page offers no such button and says whose turn it is; a form sent all the same is kept as a draft."""
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    page = client.open(f"/plans/{plan_id}")
    assert not page.can_send(f"/plans/{plan_id}/submit")
    assert "Ủy ban nhân dân tỉnh Mẫu" in page.notices
    fields = page.form(f"/plans/{plan_id}/save").fields | everywhere(page, plan_id, "90")
    client.post(f"/plans/{plan_id}/submit", fields, expect=422)
    assert vietnamese(client.app, KEPT_AS_DRAFT, version=2) in client.page.errors
    assert told(client.app, SuperiorNotIssued("Tỉnh Mẫu")).title
    assert "Ủy ban nhân dân tỉnh Mẫu" in client.page.errors
    assert (world.plan(plan_id).state, targets(world, plan_id)) == (PlanState.DRAFT, {9000})


def test_a_plan_whose_weights_are_all_zero_is_told_so(world: World, visit: Visit, plan_id: int) -> None:
    with transaction() as session:
        session.execute(update(Expectation).values(weight=0, services=[], baseline_numerator=0, baseline_denominator=0))
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "100")
    client.send(f"/plans/{plan_id}", filled, expect=200)
    client.send(f"/plans/{plan_id}/submit", filled, expect=422)
    why = vietnamese(client.app, "nothing is expected of any receiver, so that no overall rate can be formed")
    assert client.page.errors.count(why) == 2
    assert targets(world, plan_id) == {10_000}


def test_a_receiver_with_work_is_not_left_out(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "100")
    filled[field(world, "A1")], filled[field(world, "A1", excuse=True)] = "", "Không giao"
    client.send(f"/plans/{plan_id}/submit", filled, expect=422)
    assert vietnamese(client.app, "work is expected there, so a target has to be assigned") in client.page.errors
    assert stored(world, plan_id)["A1", "dossiers"] == (None, "Không giao")


def test_a_plan_that_is_on_its_way_cannot_be_edited(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    page = client.open(f"/plans/{plan_id}")
    world.submit(plan_id, 8400, "a.preparer")
    client.send(f"/plans/{plan_id}/save", everywhere(page, plan_id, "90"), page=page, expect=409)
    assert vietnamese(client.app, "you had typed: %(value)s", value="90") in client.page.text
    assert targets(world, plan_id) == {8400}
    shown = client.open(f"/plans/{plan_id}")
    assert not shown.can_send(f"/plans/{plan_id}/save")
    assert not shown.root.all("input", inputmode="decimal")
