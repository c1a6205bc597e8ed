"""The text of an event and the hash of a link: written out once by hand, and different for whatever differs."""

from __future__ import annotations

import hashlib
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allocapp.rules.journal import BEGINNING, JournalLine, event_text, link_hash

LINE = JournalLine(
    id=7,
    at=datetime(2026, 3, 2, 3, 0, tzinfo=UTC),
    account_id=4,
    unit_id=None,
    subject="plan",
    subject_id=12,
    action="submit",
    from_state="draft",
    to_state="submitted",
    reason='Số liệu "mới"\nđã rà soát',
    address="",
    capacity="",
)
OTHERS: dict[str, Any] = {
    "id": 8, "at": LINE.at + timedelta(microseconds=1), "account_id": None, "unit_id": 0, "subject": "decision",
    "subject_id": None, "action": "submit ", "from_state": "", "to_state": "", "reason": "", "address": "::1",
    "capacity": "TUQ.",
}  # fmt: skip


def test_the_text_is_this_one() -> None:
    """Written out: a later version that words it otherwise would break every chain there is."""
    assert event_text(LINE) == (
        '{"account_id":4,"action":"submit","address":"","at":"2026-03-02T03:00:00.000000+00:00","capacity":"",'
        '"from_state":"draft","id":7,"reason":"Số liệu \\"mới\\"\\nđã rà soát","subject":"plan","subject_id":12,'
        '"to_state":"submitted","unit_id":null}'
    )


def test_the_hash_covers_the_one_before_and_the_text() -> None:
    by_hand = hashlib.sha256((BEGINNING + "\n" + event_text(LINE)).encode()).hexdigest()
    assert link_hash(BEGINNING, LINE) == by_hand
    assert link_hash(by_hand, LINE) != by_hand


@pytest.mark.parametrize("name", [field.name for field in fields(JournalLine)])
def test_whatever_changes_changes_the_hash(name: str) -> None:
    assert link_hash(BEGINNING, replace(LINE, **{name: OTHERS[name]})) != link_hash(BEGINNING, LINE)


def test_the_same_moment_on_another_clock_is_the_same_event() -> None:
    local = LINE.at.astimezone(timezone(timedelta(hours=7)))
    assert event_text(replace(LINE, at=local)) == event_text(LINE)


@given(st.text(), st.text(), st.text(), st.text())
def test_no_text_runs_over_into_the_next(reason: str, address: str, other_reason: str, other_address: str) -> None:
    one, other = (
        replace(LINE, reason=reason, address=address),
        replace(LINE, reason=other_reason, address=other_address),
    )
    assert (event_text(one) == event_text(other)) == ((reason, address) == (other_reason, other_address))
