"""What receivers say: to a draft before it is submitted, and to a plan in force that they ask to have adjusted."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model, stored_as
from allocapp.models.account import Account
from allocapp.models.unit import Unit


class OpinionRound(Model):
    """A draft sent to its receivers for opinions until a day. ``asked`` is what was asked of them, cell by cell.

    ``asked`` maps "unit id-indicator id" to [target or null, excuse].
    """

    __tablename__ = "opinion_round"
    __table_args__ = (
        UniqueConstraint("plan_id", "number"),
        # at most one round open at a time
        Index(
            "uq_opinion_round_open",
            "plan_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    number: Mapped[int]
    opened_at: Mapped[datetime]
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    until: Mapped[date]
    closed_at: Mapped[datetime | None]
    asked: Mapped[dict[str, list[object]]] = mapped_column(JSON)


class Answer(StrEnum):
    """What the preparer made of a receiver's figure: taken up (tiếp thu), or not, with an explanation (giải trình)."""

    TAKEN_UP = "taken_up"
    EXPLAINED = "explained"


class Opinion(Model):
    """A receiver's word on one of its figures: it agrees, or registers the figure it proposes with a reason."""

    __tablename__ = "opinion"
    __table_args__ = (
        UniqueConstraint("round_id", "unit_id", "indicator_id"),
        CheckConstraint("proposed IS NULL OR (proposed >= 0 AND reason <> '')", name="proposed"),
        CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name="answered"),
        CheckConstraint("answer IS NULL OR answer <> 'explained' OR answer_text <> ''", name="explained"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    round_id: Mapped[int] = mapped_column(ForeignKey("opinion_round.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    # NULL: the receiver agrees
    proposed: Mapped[int | None]
    reason: Mapped[str] = mapped_column(Text, default="")
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
    answer: Mapped[Answer | None] = mapped_column(stored_as(Answer, "answer"))
    answer_text: Mapped[str] = mapped_column(Text, default="")
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
    account: Mapped[Account] = relationship(foreign_keys=[account_id])
    answered_by: Mapped[Account | None] = relationship(foreign_keys=[answered_by_id])


class RequestState(StrEnum):
    """Where a request for adjustment stands."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    ANSWERED = "answered"  # not followed, with the reason
    ACCEPTED = "accepted"  # its figure stands in a revision


class AdjustmentRequest(Model):
    """A receiver asks to have its target in a plan in force adjusted (đề nghị điều chỉnh)."""

    __tablename__ = "adjustment_request"
    __table_args__ = (
        Index(
            "uq_adjustment_request_open",
            "plan_id",
            "unit_id",
            "indicator_id",
            unique=True,
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        CheckConstraint("proposed >= 0 AND reason <> ''", name="asked"),
        CheckConstraint("state IN ('open', 'withdrawn') OR answered_by_id IS NOT NULL", name="answered"),
        CheckConstraint("state <> 'answered' OR answer <> ''", name="answer"),
        CheckConstraint("state <> 'accepted' OR revision_id IS NOT NULL", name="accepted"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    proposed: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
    state: Mapped[RequestState] = mapped_column(stored_as(RequestState, "state"), default=RequestState.OPEN)
    answer: Mapped[str] = mapped_column(Text, default="")
    answered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    answered_at: Mapped[datetime | None]
    revision_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))

    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
    account: Mapped[Account] = relationship(foreign_keys=[account_id])
    answered_by: Mapped[Account | None] = relationship(foreign_keys=[answered_by_id])
