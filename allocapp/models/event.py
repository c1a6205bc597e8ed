"""The journal: who did what, when, to what, from which state to which, and why. Events are added, never changed."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model, stored_as
from allocapp.models.account import Account
from allocapp.models.unit import Unit


class Subject(StrEnum):
    """What an event is about."""

    PLAN = "plan"
    DECISION = "decision"
    ACCOUNT = "account"
    CAMPAIGN = "campaign"
    UNIT = "unit"


class Event(Model):
    """One line of the journal. ``from_state`` and ``to_state`` are empty where nothing changed state."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_subject_subject_id", "subject", "subject_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    # empty for what the system itself does, such as rendering, and for a sign-in under an unknown name
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"), index=True)
    subject: Mapped[Subject] = mapped_column(stored_as(Subject, "subject"))
    subject_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(32))
    from_state: Mapped[str] = mapped_column(String(32), default="")
    to_state: Mapped[str] = mapped_column(String(32), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    address: Mapped[str] = mapped_column(String(64), default="")
    # in whose place the person acted, where by delegation: "TUQ. …"
    capacity: Mapped[str] = mapped_column(String(300), default="")

    account: Mapped[Account | None] = relationship()
    unit: Mapped[Unit | None] = relationship()


class EventLink(Model):
    """An event's place in the hash chain: each hash covers the event and the hash before it.

    Written by a job after the event was committed, because only then is there an order. ``event_id`` is no foreign key:
    a deleted event must leave its link behind.
    """

    __tablename__ = "event_link"
    __table_args__ = (UniqueConstraint("event_id"),)

    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    event_id: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    chained_at: Mapped[datetime]


class JournalHead(Model):
    """The end of the chain on a day, as it was sent outside: with it a tail cut off later shows."""

    __tablename__ = "journal_head"

    day: Mapped[date] = mapped_column(primary_key=True)
    position: Mapped[int]
    hash: Mapped[str] = mapped_column(String(64))
    written_at: Mapped[datetime]
