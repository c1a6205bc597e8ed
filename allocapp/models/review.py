"""What a plan goes through on its way: a unit's own steps before it leaves the house, and each submission as it was."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model
from allocapp.models.account import Account


class InternalStep(Model):
    """One of the zero to three steps that a unit's plans go through before they are submitted, and who takes it.

    ``days`` is how long that person has. For example: head of division, content; office, form; leader agrees.
    """

    __tablename__ = "internal_step"
    __table_args__ = (
        UniqueConstraint("unit_id", "position"),
        CheckConstraint("position BETWEEN 1 AND 3", name="position"),
        CheckConstraint("days BETWEEN 1 AND 60", name="days"),
        CheckConstraint("name <> ''", name="name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    days: Mapped[int]

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)


class PlanStep(Model):
    """A plan at one of its unit's internal steps: asked of whom, until when, on which content, and what was said.

    ``round`` counts how often the plan was sent round the house. The steps are written when it is; ``asked_at`` is when
    its turn came. ``agreed`` is NULL until somebody decides; False sends the plan back to its preparer.
    """

    __tablename__ = "plan_step"
    __table_args__ = (
        UniqueConstraint("plan_id", "round", "position"),
        CheckConstraint("(agreed IS NULL) = (decided_at IS NULL)", name="decided"),
        CheckConstraint("agreed IS NULL OR agreed OR opinion <> ''", name="opinion"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    round: Mapped[int]
    position: Mapped[int]
    name: Mapped[str] = mapped_column(String(200))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    asked_at: Mapped[datetime | None]
    due: Mapped[date | None]
    agreed: Mapped[bool | None]
    opinion: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    capacity: Mapped[str] = mapped_column(String(300), default="")

    account: Mapped[Account] = relationship(foreign_keys=[account_id], lazy="joined", innerjoin=True)
    decided_by: Mapped[Account | None] = relationship(foreign_keys=[decided_by_id])


class PlanSubmission(Model):
    """A plan as it was submitted, the ``number``-th time: what a reviewer compares the next submission with.

    ``cells`` maps "unit id-indicator id" to [target or null, excuse, weight]; ``opinions`` is the summary of the
    receivers' opinions and the answers to them, as it was attached (empty where they were not asked).
    """

    __tablename__ = "plan_submission"
    __table_args__ = (UniqueConstraint("plan_id", "number"), CheckConstraint("number >= 1", name="number"))

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    number: Mapped[int]
    at: Mapped[datetime]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    cells: Mapped[dict[str, list[object]]] = mapped_column(JSON)
    opinions: Mapped[list[dict[str, object]]] = mapped_column(JSON, default=list)

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)
