"""The journal looked through: by day, unit, person and act; page by page; and only as far as one may read it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from allocapp.clock import ZONE
from allocapp.db import transaction
from allocapp.errors import Forbidden, JournalTooLong
from allocapp.models.event import Subject
from allocapp.services import journal_search
from allocapp.services.journal import record_event
from allocapp.services.journal_search import PAGE, Search, export_events, search_events
from tests.factories import World

DAY = date(2026, 3, 2)


def note(world: World, unit: str | None, login: str | None, action: str = "set_steps", **changes: Any) -> None:
    given: dict[str, Any] = {
        "subject": Subject.UNIT, "subject_id": 1, "now": datetime(2026, 3, 2, 12, 0, tzinfo=ZONE), "reason": "",
        "action": action, "unit_id": world.units[unit] if unit else None,
    } | changes  # fmt: skip
    with transaction():
        record_event(**given, actor=world.account(login) if login else None)


def found(world: World, search: Search | None = None, login: str = "p.auditor", page: int = 1) -> list[str]:
    """The reasons of the lines found, newest first."""
    lines = search_events(world.account(login), search or Search(), today=DAY, page=page)
    return [event.reason for event in lines.events]


@pytest.fixture
def journal(world: World) -> World:
    """One line for each unit, and one that belongs to none."""
    for code in ("P", "A", "A1", "B"):
        note(world, code, "p.leader", reason=code)
    note(world, None, None, "sign_in_failed", subject=Subject.ACCOUNT, subject_id=None, reason="none")
    return world


def test_who_audits_a_subtree_reads_that_and_no_more(journal: World) -> None:
    assert found(journal) == ["none", "B", "A1", "A", "P"]
    journal.grant("a.viewer", "A", "auditor")
    assert found(journal, login="a.viewer") == ["A1", "A"]
    assert found(journal, Search(unit="Tỉnh Mẫu"), login="a.viewer") == ["A1", "A"], "a filter opens nothing"
    for login in ("a.preparer", "p.leader", "p.coordinator"):
        with pytest.raises(Forbidden):
            found(journal, login=login)
        with pytest.raises(Forbidden):
            export_events(journal.account(login), Search(), today=DAY)


def test_a_unit_means_everything_below_it(journal: World) -> None:
    assert found(journal, Search(unit="A")) == ["A1", "A"], "a code is exact"
    assert found(journal, Search(unit="a1")) == ["A1"]
    assert found(journal, Search(unit="Huyện")) == ["B", "A1", "A"]
    assert found(journal, Search(unit="không có")) == []
    assert found(journal, Search(unit="%")) == []
    assert found(journal, Search(unit="_")) == []


def test_days_are_the_offices_and_both_included(world: World) -> None:
    for hour in ("2026-03-01 23:59:59", "2026-03-02 00:00", "2026-03-02 23:59:59", "2026-03-03 00:00"):
        at = datetime.fromisoformat(hour).replace(tzinfo=ZONE)
        note(world, "A", "p.leader", now=at, reason=f"{at:%d.%H}")
    assert found(world, Search(first_day=DAY, last_day=DAY)) == ["02.23", "02.00"]
    assert found(world, Search(first_day=DAY)) == ["03.00", "02.23", "02.00"]
    assert found(world, Search(last_day=DAY)) == ["02.23", "02.00", "01.23"]
    assert found(world, Search(first_day=DAY + timedelta(days=1), last_day=DAY)) == []


def test_a_person_acted_or_is_whom_it_is_about(world: World) -> None:
    note(world, "A", "p.leader", reason="by")
    note(world, "A", "p.clerk", subject=Subject.ACCOUNT, subject_id=world.accounts["p.leader"], reason="about")
    note(world, "A", "p.clerk", subject=Subject.PLAN, subject_id=world.accounts["p.leader"], reason="a plan's number")
    assert found(world, Search(person="p.leader")) == ["about", "by"]
    assert found(world, Search(person="LEADER P")) == ["about", "by"]
    assert found(world, Search(person="%")) == []
    lines = search_events(world.account("p.auditor"), Search(person="p.leader"), today=DAY, page=1)
    assert [person.login for person in lines.named.values()] == ["p.leader"]


def test_acts_and_what_they_are_about(world: World) -> None:
    note(world, "A", "p.leader", "open", subject=Subject.PLAN, reason="plan")
    note(world, "A", "p.leader", "open", subject=Subject.CAMPAIGN, reason="campaign")
    note(world, "A", "p.leader", "submit", subject=Subject.PLAN, reason="submit")
    assert found(world, Search(action="open")) == ["campaign", "plan"]
    assert found(world, Search(subject=Subject.PLAN)) == ["submit", "plan"]
    assert found(world, Search(subject=Subject.PLAN, action="open")) == ["plan"]


def test_pages_hold_each_line_once(world: World) -> None:
    for number in range(PAGE + 3):
        note(world, "A", "p.leader", reason=str(number))
    first, second = found(world), found(world, page=2)
    assert [*first, *second] == [str(number) for number in reversed(range(PAGE + 3))]
    lines = search_events(world.account("p.auditor"), Search(), today=DAY, page=1)
    assert (lines.has_next, lines.total) == (True, PAGE + 3)
    assert not search_events(world.account("p.auditor"), Search(), today=DAY, page=2).has_next


def test_the_whole_of_what_was_found_is_exported_in_parts(journal: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_search, "_AT_ONCE", 2)
    lines = list(export_events(journal.account("p.auditor"), Search(), today=DAY))
    assert [event.reason for event, _about in lines] == ["none", "B", "A1", "A", "P"]
    lines = list(export_events(journal.account("p.auditor"), Search(unit="A"), today=DAY))
    assert [event.reason for event, _about in lines] == ["A1", "A"]


def test_too_many_lines_are_refused_before_anything_is_written(journal: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_search, "MOST_EXPORTED", 4)
    with pytest.raises(JournalTooLong) as refused:
        export_events(journal.account("p.auditor"), Search(), today=DAY)
    assert (refused.value.number, refused.value.limit) == (5, 4)
