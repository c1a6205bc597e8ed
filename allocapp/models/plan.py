"""Plans: in a campaign, what a unit gives each of its receivers for each indicator; one model at every level."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model, stored_as
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign
from allocapp.models.unit import Unit
from allocapp.rules.workflow import PlanState


class Plan(Model):
    """A revision of a unit's plan. ``version`` counts every change and guards against writing over another's work."""

    __tablename__ = "plan"
    __table_args__ = (
        UniqueConstraint("campaign_id", "unit_id", "revision"),
        # at most one plan in force, and at most one on its way, per unit and campaign
        Index(
            "uq_plan_in_force",
            "campaign_id",
            "unit_id",
            unique=True,
            sqlite_where=text("state = 'issued'"),
            postgresql_where=text("state = 'issued'"),
        ),
        Index(
            "uq_plan_on_its_way",
            "campaign_id",
            "unit_id",
            unique=True,
            sqlite_where=text("state NOT IN ('issued', 'superseded', 'revoked')"),
            postgresql_where=text("state NOT IN ('issued', 'superseded', 'revoked')"),
        ),
        CheckConstraint("revision >= 1 AND version >= 1", name="counting"),
        CheckConstraint("(state IN ('draft', 'returned')) OR submitted_hash IS NOT NULL", name="submitted"),
        CheckConstraint(
            "(state NOT IN ('approved', 'issued', 'superseded', 'revoked')) OR approved_hash IS NOT NULL",
            name="approved",
        ),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> submitted_by_id", name="two_persons"),
        CheckConstraint("state <> 'returned' OR return_reason <> ''", name="return_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    revision: Mapped[int] = mapped_column(default=1)
    version: Mapped[int] = mapped_column(default=1)
    state: Mapped[PlanState] = mapped_column(stored_as(PlanState, "state"), default=PlanState.DRAFT)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    submitted_at: Mapped[datetime | None]
    submitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    submitted_hash: Mapped[str | None] = mapped_column(String(64))
    reviewed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    return_reason: Mapped[str] = mapped_column(Text, default="")
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_hash: Mapped[str | None] = mapped_column(String(64))
    issued_at: Mapped[datetime | None]

    campaign: Mapped[Campaign] = relationship(lazy="joined", innerjoin=True)
    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
    changed_by: Mapped[Account | None] = relationship(foreign_keys=[changed_by_id])
    submitted_by: Mapped[Account | None] = relationship(foreign_keys=[submitted_by_id])
    reviewed_by: Mapped[Account | None] = relationship(foreign_keys=[reviewed_by_id])
    approved_by: Mapped[Account | None] = relationship(foreign_keys=[approved_by_id])


class PlanTarget(Model):
    """What a plan gives one receiver for one indicator: a target, or a reason why none is assigned, or nothing yet.

    ``target`` is hundredths of a per cent for a rate, a count for a quantity. Rows are made when the plan is opened, so
    that a receiver can be missed by nobody.
    """

    __tablename__ = "plan_target"
    __table_args__ = (
        UniqueConstraint("plan_id", "unit_id", "indicator_id"),
        CheckConstraint("target IS NULL OR target >= 0", name="target"),
        CheckConstraint("target IS NULL OR excuse = ''", name="target_or_excuse"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    position: Mapped[int]
    target: Mapped[int | None]
    # why no target is assigned
    excuse: Mapped[str] = mapped_column(String(300), default="")


class PlanComment(Model):
    """A reviewer's remark on one receiver's row (or on the plan where ``unit_id`` is NULL), shown to the preparer."""

    __tablename__ = "plan_comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]

    account: Mapped[Account] = relationship()
