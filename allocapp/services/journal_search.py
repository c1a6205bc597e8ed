"""The journal as an auditor reads it: filtered, page by page, or whole for a workbook."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload, lazyload

from allocapp.access import Action, require, units_reached
from allocapp.clock import ZONE
from allocapp.db import db
from allocapp.errors import JournalTooLong
from allocapp.models.account import Account
from allocapp.models.event import Event, Subject
from allocapp.models.unit import Unit

PAGE: Final = 50
MOST_EXPORTED: Final = 20_000
_AT_ONCE: Final = 500

# who did it, without the roles that an account otherwise comes with
_NAMED = (
    joinedload(Event.account).options(lazyload(Account.grants), lazyload(Account.delegations)),
    joinedload(Event.unit),
)


@dataclass(frozen=True)
class Search:
    """What is looked for; what is None or empty is not asked for.

    Days are the offices', both included. ``unit`` is a code or part of a name and means its subtree; ``person`` is
    part of a name or of a sign-in name, of who acted or, in lines about an account, of whose account it is.
    """

    first_day: date | None = None
    last_day: date | None = None
    unit: str = ""
    person: str = ""
    subject: Subject | None = None
    action: str = ""


@dataclass(frozen=True)
class Found:
    """A page of the journal, newest first. ``named`` are the accounts that its lines are about, by id."""

    events: Sequence[Event]
    has_next: bool
    total: int
    named: Mapping[int, Account]


def search_events(account: Account, search: Search, *, today: date, page: int) -> Found:
    """Page ``page`` (from 1) of what the account may read of the journal and what was looked for.

    Attempts to sign in under a name that does not exist belong to no unit: who audits from a root of the tree sees
    them. Raises Forbidden.
    """
    condition = _readable(account, today) & _matching(search)
    statement = _newest_first(condition).offset((max(page, 1) - 1) * PAGE).limit(PAGE + 1)
    events = db.session.scalars(statement).all()
    total = db.session.scalar(select(func.count()).select_from(Event).where(condition)) or 0
    return Found(events[:PAGE], len(events) > PAGE, total, _accounts_of(events[:PAGE]))


def export_events(account: Account, search: Search, *, today: date) -> Iterator[tuple[Event, str]]:
    """Every line of what was looked for, newest first, with the name of the account it is about.

    They are read a few hundred at a time. Raises Forbidden, JournalTooLong beyond MOST_EXPORTED.
    """
    condition = _readable(account, today) & _matching(search)
    total = db.session.scalar(select(func.count()).select_from(Event).where(condition)) or 0
    if total > MOST_EXPORTED:
        raise JournalTooLong(total, MOST_EXPORTED)
    return _read_all(condition)


def _read_all(condition: ColumnElement[bool]) -> Iterator[tuple[Event, str]]:
    below: int | None = None
    while True:
        part = condition if below is None else condition & (Event.id < below)
        events = db.session.scalars(_newest_first(part).limit(_AT_ONCE)).all()
        if not events:
            return
        named = _accounts_of(events)
        for event in events:
            about = named.get(event.subject_id or 0) if event.subject is Subject.ACCOUNT else None
            yield event, about.name if about else ""
        below = events[-1].id  # the session forgets what nobody holds: memory never holds more than a part


def _newest_first(condition: ColumnElement[bool]) -> Select[Event]:
    return select(Event).where(condition).options(*_NAMED).order_by(Event.id.desc())


def _readable(account: Account, today: date) -> ColumnElement[bool]:
    require(account, Action.READ_JOURNAL, today)
    reached = units_reached(account, Action.READ_JOURNAL, today)
    units = select(Unit.id).where(reached)
    from_root = select(Unit.id).where(reached, Unit.parent_id.is_(None)).exists()
    return or_(Event.unit_id.in_(units), and_(Event.unit_id.is_(None), from_root))


def _matching(search: Search) -> ColumnElement[bool]:
    conditions: list[ColumnElement[bool]] = [Event.id.is_not(None)]
    if search.first_day is not None:
        conditions.append(Event.at >= _midnight(search.first_day))
    if search.last_day is not None:
        conditions.append(Event.at < _midnight(search.last_day + timedelta(days=1)))
    if search.unit:
        conditions.append(Event.unit_id.in_(_subtrees(search.unit)))
    if search.person:
        conditions.append(_by_or_about(search.person))
    if search.subject is not None:
        conditions.append(Event.subject == search.subject)
    if search.action:
        conditions.append(Event.action == search.action)
    return and_(*conditions)


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZONE)


def _subtrees(text: str) -> Select[int]:
    """The units of that code or with that in their name, and everything below them. A code is exact and goes first."""
    top = select(Unit.path).where(func.lower(Unit.code) == text.lower())
    if db.session.scalar(select(top.exists())) is not True:
        top = select(Unit.path).where(Unit.name.icontains(text, autoescape=True))
    paths = db.session.scalars(top).all()
    return select(Unit.id).where(
        or_(*(Unit.path.startswith(path, autoescape=True) for path in paths), Unit.id.is_(None))
    )


def _by_or_about(text: str) -> ColumnElement[bool]:
    named = select(Account.id).where(
        or_(Account.name.icontains(text, autoescape=True), Account.login.icontains(text, autoescape=True))
    )
    return or_(
        Event.account_id.in_(named),
        and_(Event.subject == Subject.ACCOUNT, Event.subject_id.in_(named)),
    )


def _accounts_of(events: Sequence[Event]) -> dict[int, Account]:
    """The accounts that lines are about, where that is not who acted."""
    ids = {event.subject_id for event in events if event.subject is Subject.ACCOUNT} - {None}
    found = db.session.scalars(
        select(Account).where(Account.id.in_(ids)).options(lazyload(Account.grants), lazyload(Account.delegations))
    )
    return {person.id: person for person in found}
