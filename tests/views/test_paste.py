"""The paste pages: a preview of every change, and nothing applied without consent."""

from __future__ import annotations

import io

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import select, update

from allocapp.db import db, transaction
from allocapp.files.upload import LARGEST_UPLOAD
from allocapp.models.account import SignIn
from allocapp.models.plan import ChangeKind, PlanChange
from allocapp.services.hold import hold_row, release_row
from allocapp.services.sheet import Entry
from tests.factories import NOW, PASSWORD, World
from tests.files.books import book, saved
from tests.views.client import Answer, Client, vietnamese
from tests.views.conftest import Visit
from tests.views.sheets import stored

BLOCK = "A1\tXã A1\t79,6\t70\nA2\tXã A2\t80\t75%\nA3\tXã A3\tsai\t80\nZ9\tXã lạ\t70\t70\n"


def previewing(client: Client, plan_id: int, text: str, indicator: str = "", expect: int = 200) -> Answer:
    """Paste a block and look at what it would change."""
    client.open(f"/plans/{plan_id}/paste")
    return client.send(f"/plans/{plan_id}/paste", {"text": text, "indicator": indicator}, expect=expect)


def uploading(client: Client, plan_id: int, content: bytes, name: str = "tep.xlsx", expect: int = 200) -> Answer:
    """Bring a file in and look at what it would change."""
    fields = {"csrf_token": client.token(), "indicator": ""}
    parts = [f'name="{field}"\r\n\r\n{text}'.encode() for field, text in fields.items()]
    parts.append(f'name="file"; filename="{name}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode() + content)
    body = b"".join(b"--border\r\nContent-Disposition: form-data; " + part + b"\r\n" for part in parts)
    kind = "multipart/form-data; boundary=border"
    url = f"/plans/{plan_id}/upload"
    return client.ask("POST", url, data=body + b"--border--\r\n", content_type=kind, expect=expect)


def applying(client: Client, plan_id: int, *also: str, expect: int = 303) -> Answer:
    """Apply the preview that is shown, with these doubts set aside."""
    url = f"/plans/{plan_id}/paste/apply"
    boxes = {box["name"] for box in client.page.form(url).element.all("input", type="checkbox")}
    assert set(also) <= boxes
    return client.send(url, added=dict.fromkeys(also, "1"), expect=expect)


def counts(client: Client) -> list[str]:
    """Changes, in doubt, refused, without a receiver, unchanged."""
    return [each.text for each in client.page.root.one("dl", class_="paste-counts").all("dd")]


def table(world: World, plan_id: int) -> dict[tuple[str, str], int | None]:
    """The targets that are stored."""
    return {key: target for key, (target, _excuse) in stored(world, plan_id).items()}


def edit(world: World, plan_id: int, unit: str, target: int, login: str) -> None:
    """Another person enters a target."""
    from allocapp.services.cell import Edit, save_cells

    key = (world.units[unit], world.indicators["dossiers"])
    with transaction():
        save_cells(plan_id, {key: Edit(Entry(target), 1)}, actor=world.account(login), now=NOW)


def test_a_block_is_previewed_and_applied_with_consent(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    previewing(client, plan_id, BLOCK)
    assert counts(client) == ["5", "0", "1", "1", "0"]
    assert set(table(world, plan_id).values()) == {None}
    for text in ("dòng 3, cột 3", "sai", "dòng 4", "Z9 · Xã lạ", "79,6%", "Bộ phận Một cửa huyện A"):
        assert text in client.page.text
    client.follow(applying(client, plan_id))
    assert client.page.notices
    held = table(world, plan_id)
    assert {key: target for key, target in held.items() if target is not None} == {
        ("A1", "services"): 7960,
        ("A1", "dossiers"): 7000,
        ("A2", "services"): 8000,
        ("A2", "dossiers"): 7500,
        ("A3", "dossiers"): 8000,
    }
    change = db.session.scalars(select(PlanChange)).one()
    assert (change.kind, change.inputs["matched_by"], change.inputs["also"]) == (ChangeKind.PASTE, "codes", [])


def test_the_aggregate_of_the_preview_is_shown_beside_todays(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 8000, "a.preparer")
    client = visit("a.preparer")
    previewing(client, plan_id, "A1\t80\t78\n")
    assert "79,5% / được giao 80%" in client.page.text
    assert "Hiện tại: " in client.page.text


def test_one_column_needs_an_indicator_and_as_many_rows(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    text = "70\n71\n72\n73\n"
    previewing(client, plan_id, text, expect=422)
    assert client.page.field("text").raw.strip() == text.strip()
    assert client.page.title.startswith("Lỗi: ")
    previewing(client, plan_id, text, str(world.indicators["dossiers"]))
    applying(client, plan_id)
    held = table(world, plan_id)
    assert [held[unit, "dossiers"] for unit in ("A0", "A1", "A2", "A3")] == [7000, 7100, 7200, 7300]
    previewing(client, plan_id, "70\n71\n72\n", str(world.indicators["dossiers"]), expect=422)


@pytest.mark.parametrize("text", ["", "   \n", "không có số nào", "A1\t1\t2\t3\n", "70\t71\n" * 2001])
def test_what_cannot_be_laid_against_the_plan_is_told(world: World, visit: Visit, text: str) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    previewing(client, plan_id, text, expect=422)
    assert client.page.errors
    assert client.page.field("text").raw.strip() == text.strip()
    assert not client.page.can_send(f"/plans/{plan_id}/paste/apply")


def test_nothing_to_apply_offers_no_button(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 8000, "a.preparer")
    client = visit("a.preparer")
    previewing(client, plan_id, "A1\t80\t80\nA2\t101\t80\n")
    assert counts(client) == ["0", "0", "1", "0", "3"]
    assert not client.page.can_send(f"/plans/{plan_id}/paste/apply")


def test_the_templates_come_back_unchanged_and_with_changes(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 7960, "a.preparer")
    client = visit("a.preparer")
    answer = client.get(f"/plans/{plan_id}/template.xlsx", expect=200)
    assert "2026-A-v2.xlsx" in answer.response.headers["Content-Disposition"]
    uploading(client, plan_id, answer.response.data)
    assert counts(client) == ["0", "0", "0", "0", "8"]
    csv = client.get(f"/plans/{plan_id}/template.csv", expect=200).response.data
    uploading(client, plan_id, csv, "mau.csv")
    assert counts(client) == ["0", "0", "0", "0", "8"]
    workbook = load_workbook(io.BytesIO(answer.response.data))
    workbook.worksheets[0]["H6"] = 81.25
    workbook.worksheets[0]["E7"], workbook.worksheets[0]["E7"].number_format = 0.5, "0%"
    uploading(client, plan_id, saved(workbook))
    assert counts(client) == ["2", "0", "0", "0", "6"]
    assert "H6" in client.page.text
    assert "0,5 hiểu là 50%" in client.page.text
    applying(client, plan_id)
    held = table(world, plan_id)
    assert (held["A1", "dossiers"], held["A2", "services"]) == (8125, 5000)
    change = db.session.scalars(select(PlanChange)).one()
    assert (change.kind, change.inputs["name"]) == (ChangeKind.FILE, "tep.xlsx")


def test_an_old_template_meets_what_was_changed_since(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    template = client.get(f"/plans/{plan_id}/template.xlsx").response.data
    edit(world, plan_id, "A1", 7000, "a.preparer")
    workbook = load_workbook(io.BytesIO(template))
    workbook.worksheets[0]["H6"], workbook.worksheets[0]["H7"] = 90, 91
    uploading(client, plan_id, saved(workbook))
    assert counts(client) == ["1", "1", "0", "0", "0"]
    assert "phiên bản" in client.page.notices
    applying(client, plan_id)
    held = table(world, plan_id)
    assert (held["A1", "dossiers"], held["A2", "dossiers"]) == (7000, 9100)


def test_another_plans_template_is_refused(world: World, visit: Visit) -> None:
    own, other = world.open("A", "a.preparer"), world.open("B", "b.preparer")
    template = visit("b.preparer").get(f"/plans/{other}/template.xlsx").response.data
    client = visit("a.preparer")
    uploading(client, own, template, expect=422)
    assert client.page.errors
    assert not client.page.can_send(f"/plans/{own}/paste/apply")


@pytest.mark.parametrize(
    ("content", "status"),
    [
        (b"", 422), (b"%PDF-1.7", 422), (b"PK\x03\x04torn", 422), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 422),
        (book([["Mã", "Dịch vụ"], ["A1", 70]] * 1500), 422), (b"A1;70;70\r\n" * ((LARGEST_UPLOAD + 9) // 10), 422),
        (b"x" * (LARGEST_UPLOAD + 100_000), 413),
    ],
    ids=["empty", "PDF", "torn", "old Excel", "too many rows", "too large", "far too large"],
)  # fmt: skip
def test_a_bad_file_is_refused_at_its_field(world: World, visit: Visit, content: bytes, status: int) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    uploading(client, plan_id, content, expect=status)
    assert client.page.errors
    assert client.page.root.one("input", type="file").get("id") == "file"


@pytest.mark.parametrize(
    "content", [b"tam muoi phan tram", b"\x89PNG\r\n\x1a\n", b"x" * 200_000], ids=["text", "PNG", "long"]
)
def test_what_is_only_called_a_workbook_is_told_so(world: World, visit: Visit, content: bytes) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    why = vietnamese(
        client.app, "This is no Excel workbook, though its name says so, and as a text it holds no column of figures."
    )
    for name in ("tep.xlsx", "TEP.XLSX", "tep.csv"):
        uploading(client, plan_id, content, name=name, expect=422)
        assert (why in client.page.errors) is not name.endswith("csv")
    # what can be read is taken for what it is, whatever its name
    uploading(client, plan_id, b"A1;70;70\r\nA2;70;70\r\n", expect=200)


def test_no_file_is_told(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    uploading(client, plan_id, b"", name="", expect=422)
    assert client.page.errors


def test_too_long_a_text_is_told_at_its_field(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    for length, status in ((310_000, 422), (3_000_000, 413)):
        client.open(f"/plans/{plan_id}/paste")
        client.send(f"/plans/{plan_id}/paste", {"text": "x" * length}, expect=status)
        assert client.page.errors
    previewing(client, plan_id, "x" * 300_000, expect=422)
    why = "One cell of it is far too long for a code, a name or a target: nothing separates its columns."
    assert vietnamese(client.app, why) in client.page.errors


def test_a_file_sent_after_the_session_ended_has_to_be_chosen_again(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    with transaction() as session:
        session.execute(update(SignIn).values(ended_at=NOW))
    uploading(client, plan_id, b"A1;70;70", expect=401)
    not_kept = vietnamese(client.app, "Only the file that you chose is not: choose it again after signing in.")
    assert not_kept in client.page.text
    client.send("/sign-in", {"login": "a.preparer", "password": PASSWORD}, expect=200)
    form = client.page.form(f"/plans/{plan_id}/upload").element
    assert form["enctype"] == "multipart/form-data"
    again = form.one("input", type="file", name="file")
    label = client.page.root.one("label", for_=again["id"])
    assert label.text == vietnamese(client.app, "The file that you had chosen is not kept. Choose it again")


def test_a_file_in_an_expired_form_has_to_be_chosen_again(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    client.own_token = "of another session"
    uploading(client, plan_id, b"A1;70;70", expect=400)
    why = "What you typed is kept below. Choose the file again, then send everything once more."
    assert vietnamese(client.app, why) in client.page.text
    assert client.page.form(f"/plans/{plan_id}/upload").element.one("input", type="file", name="file")


def test_held_rows_are_left_out_unless_ticked(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    with transaction():
        hold_row(plan_id, world.units["A1"], reason="chờ thống nhất", actor=world.account("a.preparer"), now=NOW)
    client = visit("a.preparer")
    previewing(client, plan_id, "A1\t70\t70\nA2\t71\t71\n")
    assert counts(client)[:2] == ["2", "2"]
    assert "chờ thống nhất" in client.page.text
    applying(client, plan_id)
    assert table(world, plan_id)["A1", "services"] is None
    previewing(client, plan_id, "A1\t70\t70\nA2\t71\t71\n")
    assert counts(client)[:2] == ["0", "2"]
    applying(client, plan_id, expect=422)
    assert client.page.errors
    applying(client, plan_id, "also_held")
    assert table(world, plan_id)["A1", "services"] == 7000


def test_a_row_held_since_the_preview_is_not_changed(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    previewing(client, plan_id, "A1\t70\t70\nA2\t71\t71\n")
    with transaction():
        hold_row(plan_id, world.units["A1"], reason="vừa giữ", actor=world.account("a.preparer"), now=NOW)
    applying(client, plan_id, expect=409)
    assert counts(client)[:2] == ["2", "2"]
    assert set(table(world, plan_id).values()) == {None}
    with transaction():
        release_row(plan_id, world.units["A1"], actor=world.account("a.preparer"), now=NOW)
    applying(client, plan_id)
    assert table(world, plan_id)["A2", "services"] == 7100


def test_a_preview_that_was_overtaken_is_shown_anew(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    previewing(client, plan_id, "A1\t70\t70\nA2\t71\t71\n")
    edit(world, plan_id, "A1", 6500, "a.preparer")
    applying(client, plan_id, expect=409)
    assert client.page.errors
    assert counts(client)[:2] == ["3", "1"]
    assert "65%" in client.page.text
    assert table(world, plan_id)["A2", "services"] is None
    client.follow(applying(client, plan_id, "also_changed_since"))
    held = table(world, plan_id)
    assert (held["A1", "dossiers"], held["A2", "dossiers"]) == (7000, 7100)


def test_a_second_click_changes_nothing(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    previewing(client, plan_id, "A1\t70\t70\n")
    page = client.page
    applying(client, plan_id)
    client.shown = page
    client.follow(applying(client, plan_id))
    assert client.page.notices
    assert len(db.session.scalars(select(PlanChange)).all()) == 1


def tampered(world: World) -> dict[str, dict[str, str]]:
    """What may come back instead of the preview's own fields."""
    cell = f"{world.units['A1']}-{world.indicators['services']}"
    other = f"{world.units['B1']}-{world.indicators['services']}"
    return {
        "no number": {f"t-{cell}": "abc"},
        "above 100": {f"t-{cell}": "101"},
        "unseen cell": {f"t-{world.units['A2']}-{world.indicators['services']}": "70"},
        "another district": {f"t-{other}": "70", "seen": f"{other}="},
        "no version": {"version": ""},
        "odd version": {"version": "1e3"},
        "odd source": {"source": "nowhere"},
        "odd matching": {"matched_by": "luck"},
        "damaged": {"seen": "x"},
    }


@pytest.mark.parametrize("case", ["no number", "above 100", "unseen cell", "another district", "no version",
                                  "odd version", "odd source", "odd matching", "damaged"])  # fmt: skip
def test_tampered_edits_write_nothing(world: World, visit: Visit, case: str) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    previewing(client, plan_id, "A1\t70\t70\n")
    fields = client.page.form(f"/plans/{plan_id}/paste/apply").fields | tampered(world)[case]
    answer = client.post(f"/plans/{plan_id}/paste/apply", fields)
    assert answer.status == 422
    assert set(table(world, plan_id).values()) == {None}


@pytest.mark.parametrize(
    ("login", "status"),
    [
        ("a.preparer", 200),
        ("a.viewer", 404),
        ("a.leader", 403),
        ("p.approver", 403),
        ("b.preparer", 404),
        ("b1.viewer", 404),
    ],
)
def test_who_may_paste(world: World, visit: Visit, login: str, status: int) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit(login)
    for page in ("paste", "template.xlsx", "template.csv"):
        assert client.get(f"/plans/{plan_id}/{page}").status == status
    for page in ("paste", "upload", "paste/apply"):
        answer = client.act(f"/plans/{plan_id}/{page}", {"text": "A1\t70\t70\n"})
        assert answer.status == (status if status != 200 else 200 if page == "paste" else 422)
    assert set(table(world, plan_id).values()) == {None}


def test_a_submitted_plan_takes_nothing_in(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    previewing(client, plan_id, "A1\t70\t70\n")
    preview = client.page
    world.submit(plan_id, 8000, "a.preparer")
    page = client.open(f"/plans/{plan_id}/paste")
    assert not page.can_send(f"/plans/{plan_id}/paste")
    for url in ("paste", "upload"):
        assert client.act(f"/plans/{plan_id}/{url}", {"text": "A1\t70\t70\n"}).status == 409
    client.shown = preview
    applying(client, plan_id, expect=409)
    assert set(table(world, plan_id).values()) == {8000}


def test_hostile_texts_are_only_texts(world: World, visit: Visit, database: Flask) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    previewing(client, plan_id, "A1\t<script>alert(1)</script>\t70\t70\n<img src=x>\t=1+1\t70\t70\n")
    assert "<script>alert" not in client.page.html
    assert "<img src=x>" not in client.page.html
    uploading(client, plan_id, b"A1;70;70\r\n", name="../../<b>x</b>.csv")
    assert "<b>x</b>.csv" not in client.page.html
    previewing(client, plan_id, "A1\t70\0\t70\n", expect=422)


def test_english_pages_speak_english(world: World, visit: Visit) -> None:
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    client.open("/")
    client.language = "en"
    client.follow(client.send("/language/en", expect=None))
    previewing(client, plan_id, "A1\t79.6\t70\n")
    assert "79.6%" in client.page.text
    applying(client, plan_id)
    assert table(world, plan_id)["A1", "services"] == 7960
