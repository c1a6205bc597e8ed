"""The journal's chain: committed events are linked in the order of their ids, and anybody can check the links.

An event gets its place only after it was committed, because only then is there an order: a job does it, not the act.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from typing import Any, Final

from sqlalchemy import Row, String, cast, func, select, text

from allocapp.access import Action, held_grants
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.models.account import Account, Role
from allocapp.models.event import Event, EventLink, JournalHead
from allocapp.models.notice import NoticeKind
from allocapp.models.unit import Unit
from allocapp.rules.journal import BEGINNING, Fault, JournalLine, link_hash
from allocapp.services.notice import notify, people_with

AT_ONCE: Final = 500  # rows read at a time
KEPT_AT_HAND: Final = 60  # days of heads that are written into the file where it lacks them

_NAMES: Final = tuple(field.name for field in fields(JournalLine))
# as the database writes them: a value that somebody put there past the application must be named, not stumbled over
_RAW: Final = ("at", "subject")
_COLUMNS: Final = tuple(
    cast(getattr(Event, name), String).label(name) if name in _RAW else getattr(Event, name) for name in _NAMES
)

_HASH: Final = re.compile(r"[0-9a-f]{64}")
_HEAD_LINE: Final = re.compile(r"(?P<day>\d{4}-\d{2}-\d{2}) (?P<position>\d{1,18}) (?P<hash>[0-9a-f]{64})")


@dataclass(frozen=True)
class Head:
    """An end of the chain that was noted outside: a hash, and its position where that was noted too."""

    hash: str
    position: int | None = None


@dataclass(frozen=True)
class Broken:
    """The first link that does not hold: its position, the event it is about (0: none), and what is wrong."""

    position: int
    event_id: int
    fault: Fault


@dataclass(frozen=True)
class Verification:
    """How many links hold from the first on, what the last of them is, how many events wait, what is broken."""

    verified: int
    head: str
    waiting: int
    broken: Broken | None


def chain_events(*, now: datetime, limit: int) -> int:
    """Link the committed events that have no link yet, at most ``limit`` of them, in order; gives their number.

    Two at once do no harm: one waits for the other. An event that turned up among those already linked is left alone:
    that can only have been put there past the application, and verifying names it.
    """
    _wait_for_writers()
    last = db.session.scalar(select(EventLink).order_by(EventLink.position.desc()).limit(1))
    position, hashed, event_id = (last.position, last.hash, last.event_id) if last else (0, BEGINNING, 0)
    events = db.session.execute(select(*_COLUMNS).where(Event.id > event_id).order_by(Event.id).limit(limit)).all()
    for event in events:
        position, hashed = position + 1, link_hash(hashed, _line(event))
        db.session.add(EventLink(position=position, event_id=event.id, hash=hashed, chained_at=now))
    return len(events)


def verify_chain(heads: Sequence[Head] = ()) -> Verification:
    """Go through the chain from its beginning to the first link that does not hold.

    ``heads`` are ends noted outside; those kept in the database are looked at as well.
    """
    hashes: dict[int, str] = {}
    verified, hashed, last_event, broken = 0, BEGINNING, 0, None
    wanted = {head.hash for head in heads}
    for link in _links():
        fault = _fault(link, verified, last_event, hashed)
        if fault is not None:
            broken = Broken(verified + 1, link.event_id, fault)
            break
        verified, hashed, last_event = link.position, link.hash, link.event_id
        if hashed in wanted:
            hashes[verified] = hashed
    intruder = _first_unlinked(last_event)
    if intruder is not None:
        before = select(func.count()).select_from(EventLink).where(EventLink.event_id < intruder)
        verified = min(verified, db.session.scalar(before) or 0)
        broken = Broken(verified + 1, intruder, Fault.INSERTED)
    if broken is None:
        broken = _missing_head(heads, hashes, verified)
    waiting = select(func.count()).select_from(Event).where(Event.id > _last_linked())
    return Verification(verified, hashed, db.session.scalar(waiting) or 0, broken)


def write_head(*, now: datetime) -> JournalHead | None:
    """Note the end of the chain as it stands today, once a day, and tell the auditors; None before there is a chain.

    A second call on the same day gives what the first one noted.
    """
    day = local_day(now)
    # one after the other: two at once would note two ends for one day
    _wait_for_writers()
    noted = db.session.get(JournalHead, day)
    last = db.session.scalar(select(EventLink).order_by(EventLink.position.desc()).limit(1))
    if noted is not None or last is None:
        return noted
    head = JournalHead(day=day, position=last.position, hash=last.hash, written_at=now)
    db.session.add(head)
    words = {"day": day.isoformat(), "position": last.position, "hash": last.hash}
    for root in db.session.scalars(select(Unit).where(Unit.parent_id.is_(None)).order_by(Unit.id)):
        people = _auditors(root, day)
        notify(NoticeKind.JOURNAL_HEAD, people, key=f"journal_head:{day}", now=now, unit=root, words=words)
    return head


def newest_heads() -> Sequence[JournalHead]:
    """The heads of the last days, oldest first."""
    newest = db.session.scalars(select(JournalHead).order_by(JournalHead.day.desc()).limit(KEPT_AT_HAND)).all()
    return newest[::-1]


def head_line(head: JournalHead) -> str:
    """A head as one line of the file that is kept outside: day, position, hash."""
    return f"{head.day.isoformat()} {head.position} {head.hash}"


def read_heads(lines: Iterable[str]) -> list[Head]:
    """The heads in such a file or in a mail's text: a hash alone, or day, position and hash. Others are nothing."""
    heads = []
    for line in lines:
        if found := _HEAD_LINE.search(line):
            heads.append(Head(found["hash"], int(found["position"])))
        elif alone := _HASH.search(line.lower()):
            heads.append(Head(alone[0]))
    return heads


def _wait_for_writers() -> None:
    """Hold the journal until the transaction ends, with nobody in the middle of writing to it.

    On PostgreSQL an id is taken before its event is committed, so that a smaller one might still turn up; under this
    lock none can. On SQLite there is one writer at a time anyway.
    """
    if db.engine.dialect.name == "postgresql":
        db.session.execute(text("SET LOCAL lock_timeout = '10s'"))
        db.session.execute(text("LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE"))


def _links() -> Iterator[Row[Any]]:
    """Every link in the order of the chain, with what its event says where that is still there."""
    statement = (
        select(EventLink.position, EventLink.event_id, EventLink.hash, *_COLUMNS)
        .outerjoin(Event, Event.id == EventLink.event_id)
        .order_by(EventLink.position)
        .execution_options(yield_per=AT_ONCE)
    )
    with db.session.execute(statement) as found:
        yield from found


def _fault(link: Row[Any], before: int, last_event: int, hashed: str) -> Fault | None:
    if link.position != before + 1:
        return Fault.UNLINKED
    if link.event_id <= last_event:
        return Fault.REORDERED
    if link.id is None:
        return Fault.DELETED
    try:
        right = link_hash(hashed, _line(link))
    except (TypeError, ValueError):  # what no event of ours could hold, such as a moment that is none
        return Fault.CHANGED
    return None if right == link.hash else Fault.CHANGED


def _first_unlinked(below: int) -> int | None:
    """The first event before ``below`` that no link names."""
    linked = select(EventLink.position).where(EventLink.event_id == Event.id).exists()
    return db.session.scalar(select(func.min(Event.id)).where(Event.id < below, ~linked))


def _last_linked() -> int:
    return db.session.scalar(select(func.max(EventLink.event_id))) or 0


def _missing_head(heads: Sequence[Head], found: dict[int, str], verified: int) -> Broken | None:
    """The first head that the chain does not hold where it was noted."""
    kept = [
        Broken(head.position, 0, Fault.CUT)
        for head, stored in db.session.execute(
            select(JournalHead, EventLink.hash).outerjoin(EventLink, EventLink.position == JournalHead.position)
        )
        if stored != head.hash
    ]
    hashes = set(found.values())
    for head in heads:
        lost = head.hash not in hashes if head.position is None else found.get(head.position) != head.hash
        if lost:
            kept.append(Broken(head.position or verified + 1, 0, Fault.CUT))
    return min(kept, key=lambda broken: broken.position, default=None)


def _auditors(root: Unit, day: date) -> list[Account]:
    """The active auditors whose reach begins at that root."""
    readers = people_with(Action.READ_JOURNAL, root, today=day)
    return [person for person in readers if any(grant.role is Role.AUDITOR for grant in held_grants(person, day))]


def _line(event: Row[Any]) -> JournalLine:
    at = datetime.fromisoformat(event.at)
    said = {name: getattr(event, name) for name in _NAMES}
    return JournalLine(**said | {"at": at if at.tzinfo else at.replace(tzinfo=UTC)})
