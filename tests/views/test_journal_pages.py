"""The auditor's page: filters that stay from page to page, a workbook of what is filtered, a plan's story."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook

from allocapp.db import transaction
from allocapp.models.event import Subject
from allocapp.services import journal_search
from allocapp.services.journal import record_event
from allocapp.services.journal_search import PAGE
from allocapp.services.sheet import Entry
from tests.factories import NOW, World
from tests.services.test_story import returned, submit
from tests.views.client import Client, vietnamese
from tests.views.conftest import Visit
from tests.views.markup import Page

FORM = "/journal"


def note(world: World, number: int = 1, unit: str = "A", **changes: str) -> None:
    for step in range(number):
        with transaction():
            record_event(
                Subject.UNIT, 1, "set_steps", actor=world.account("p.leader"), now=NOW + timedelta(seconds=step),
                unit_id=world.units[unit], **({"reason": f"lý do {step}"} | changes),
            )  # fmt: skip


def lines(page: Page) -> int:
    return len(page.body.all("time"))


def test_filters_stay_from_page_to_page(world: World, visit: Visit) -> None:
    note(world, PAGE + 5)
    note(world, 3, "B")
    client = visit("p.auditor")
    page = client.open("/journal?unit=A&first_day=02%2F03%2F2026&action=unit.set_steps")
    assert lines(page) == PAGE
    older = next(link for link in page.body.all("a") if link.get("rel") == "next")
    assert lines(client.open(older["href"])) == 5
    assert "unit=A" in older["href"]
    assert lines(client.open("/journal?unit=B")) == 3


def test_what_cannot_be_read_is_told_and_typed_again(world: World, visit: Visit) -> None:
    note(world)
    client = visit("p.auditor")
    for address in ("/journal", "/journal/export"):
        page = client.open(f"{address}?first_day=hom+qua&unit=A", expect=422)
        assert page.errors
        assert page.form(FORM).fields["first_day"] == "hom qua"
    for address in ("?subject=nonsense", "?action=a.b.c", f"?person={'x' * 300}"):
        client.open(f"/journal{address}", expect=422)
    client.open("/journal?person=%00&unit=%25&page=0")
    client.open("/journal?page=99999999999999999999999")


def workbook(client: Client, address: str) -> list[list[object]]:
    answer = client.get(address, expect=200)
    assert answer.response.headers["Content-Disposition"].startswith("attachment; filename=journal-")
    sheet = load_workbook(BytesIO(answer.response.data)).active
    assert sheet is not None
    assert all(cell.data_type != "f" for row in sheet.iter_rows() for cell in row)
    return [[cell.value for cell in row] for row in sheet.iter_rows(min_row=2)]


def test_the_workbook_holds_what_is_filtered_and_no_formula(world: World, visit: Visit) -> None:
    note(world, 2)
    note(world, 1, "B", reason='=HYPERLINK("http://x")', capacity="TUQ. Phó Chủ tịch (thay leader P)", address="@x")
    client = visit("p.auditor")
    assert len(workbook(client, "/journal/export?unit=A")) == 2
    (row,) = workbook(client, "/journal/export?unit=B&person=p.leader")
    assert row[3:6] == ["leader P", "TUQ. Phó Chủ tịch (thay leader P)", "Huyện B"]
    assert row[8:] == ['=HYPERLINK("http://x")', "@x"]
    assert workbook(client, "/journal/export?unit=D1") == []


def test_who_does_not_audit_exports_nothing(world: World, visit: Visit) -> None:
    for login in ("a.preparer", "p.leader", "p.coordinator"):
        visit(login).get("/journal/export", expect=403)


def test_too_many_lines_for_a_workbook(world: World, visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    note(world, 3)
    monkeypatch.setattr(journal_search, "MOST_EXPORTED", 2)
    visit("p.auditor").open("/journal/export?unit=A", expect=413)


def test_the_story_of_a_plan_shows_what_each_submission_changed(world: World, visit: Visit) -> None:
    world.issue_province()
    plan_id = world.submitted("A")
    returned(world, plan_id)
    key = (world.units["A1"], world.indicators["dossiers"])
    submit(world, plan_id, {key: Entry(9550)})
    client = visit("a.preparer")
    page = client.open(f"/plans/{plan_id}/journal")
    words = page.text
    assert "80%" in words
    assert "→ 95,5%" in words
    assert vietnamese(client.app, "Before") in words
