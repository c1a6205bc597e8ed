"""The journal's chain: every event has one text, and every hash covers that text and the hash before it.

Changing, removing, adding or moving an event changes every hash from there on. Whoever holds one hash that was taken
outside can tell whether all that stood before it still stands as it did.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from allocapp.rules.content import canonical_json

BEGINNING: Final = "0" * 64
"""What stands before the first link."""


@dataclass(frozen=True)
class JournalLine:
    """An event as it is chained: everything it says. ``at`` has its zone."""

    id: int
    at: datetime
    account_id: int | None
    unit_id: int | None
    subject: str
    subject_id: int | None
    action: str
    from_state: str
    to_state: str
    reason: str
    address: str
    capacity: str


class Fault(StrEnum):
    """What the first broken link shows."""

    CHANGED = "changed"  # the event, or its link, is not what was chained
    DELETED = "deleted"  # the link is there, its event is gone
    INSERTED = "inserted"  # the event stands among chained ones without having been chained
    REORDERED = "reordered"  # the links do not follow the order of the events
    UNLINKED = "unlinked"  # a link is missing between two others
    CUT = "cut"  # a head that was taken outside is not in the chain: its end is gone, or all was chained anew


def event_text(line: JournalLine) -> str:
    """The one text of an event: its fields as JSON with sorted keys, the moment in UTC to the microsecond."""
    moment = line.at.astimezone(UTC).isoformat(timespec="microseconds")
    return canonical_json(asdict(line) | {"at": moment})


def link_hash(previous: str, line: JournalLine) -> str:
    """SHA-256 over the hash before and the event's text, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(f"{previous}\n{event_text(line)}".encode()).hexdigest()
