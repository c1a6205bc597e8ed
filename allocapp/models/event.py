"""The journal: who did what, when, to what, from which state to which, and why. Events are added, never changed."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model, stored_as
from allocapp.models.account import Account
from allocapp.models.unit import Unit


class Subject(StrEnum):
    """What an event is about."""

    PLAN = "plan"
    DECISION = "decision"
    ACCOUNT = "account"


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

    account: Mapped[Account | None] = relationship()
    unit: Mapped[Unit | None] = relationship()
