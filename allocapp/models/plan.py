"""Plans: in a campaign, what a unit gives each of its receivers for each indicator; one model at every level."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model, stored_as
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign, DecisionKind
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
            sqlite_where=text("state NOT IN ('issued', 'superseded', 'revoked', 'discarded')"),
            postgresql_where=text("state NOT IN ('issued', 'superseded', 'revoked', 'discarded')"),
        ),
        CheckConstraint("revision >= 1 AND version >= 1", name="counting"),
        CheckConstraint(
            "(state IN ('draft', 'in_house', 'returned', 'discarded')) OR submitted_hash IS NOT NULL", name="submitted"
        ),
        CheckConstraint(
            "(state NOT IN ('approved', 'issued', 'superseded', 'revoked')) OR approved_hash IS NOT NULL",
            name="approved",
        ),
        CheckConstraint("approved_by_id IS NULL OR approved_by_id <> submitted_by_id", name="two_persons"),
        CheckConstraint("state <> 'returned' OR return_reason <> ''", name="return_reason"),
        CheckConstraint("(revision = 1) = (based_on_id IS NULL)", name="revision_of"),
        CheckConstraint("state <> 'discarded' OR revision > 1", name="discarded"),
        CheckConstraint("revision = 1 OR revision_reason <> ''", name="revision_reason"),
        CheckConstraint("relation IS NULL OR relation IN ('amend', 'replace')", name="relation_of_revision"),
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
    # why more is assigned beyond the target than the campaign allows; the default is the migration's, made in place
    buffer_reason: Mapped[str] = mapped_column(Text, default="", server_default="")
    approved_at: Mapped[datetime | None]
    approved_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    approved_hash: Mapped[str | None] = mapped_column(String(64))
    issued_at: Mapped[datetime | None]
    # the approver's capacity where by delegation, and the superior's opinion where the campaign asks for no more
    approved_capacity: Mapped[str] = mapped_column(String(300), default="")
    opinion: Mapped[str] = mapped_column(Text, default="")
    # a revision: the plan it began as a copy of, why, and what its decision does to that plan's decision
    based_on_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"), index=True)
    revision_reason: Mapped[str] = mapped_column(Text, default="")
    relation: Mapped[DecisionKind | None] = mapped_column(stored_as(DecisionKind, "relation"))
    # in force, but a superior's later decision moved T and it no longer balances: since when
    out_of_balance_at: Mapped[datetime | None]

    campaign: Mapped[Campaign] = relationship(lazy="joined", innerjoin=True)
    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
    changed_by: Mapped[Account | None] = relationship(foreign_keys=[changed_by_id])
    submitted_by: Mapped[Account | None] = relationship(foreign_keys=[submitted_by_id])
    reviewed_by: Mapped[Account | None] = relationship(foreign_keys=[reviewed_by_id])
    approved_by: Mapped[Account | None] = relationship(foreign_keys=[approved_by_id])
    based_on: Mapped[Plan | None] = relationship(remote_side=[id])


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
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    position: Mapped[int]
    target: Mapped[int | None]
    # why no target is assigned
    excuse: Mapped[str] = mapped_column(String(300), default="")
    # counts the changes of this cell: an edit names the one it builds on, so that two people's edits merge
    version: Mapped[int] = mapped_column(default=1)
    changed_at: Mapped[datetime | None]
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    changed_by: Mapped[Account | None] = relationship(lazy="joined")


class PlanComment(Model):
    """A reviewer's remark on one receiver's row (or on the plan where ``unit_id`` is NULL): the preparer's task list.

    ``submission`` is the number of the submission it was made on.
    """

    __tablename__ = "plan_comment"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    submission: Mapped[int] = mapped_column(default=1)
    done_at: Mapped[datetime | None]
    done_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    account: Mapped[Account] = relationship(foreign_keys=[account_id])
    done_by: Mapped[Account | None] = relationship(foreign_keys=[done_by_id])


class PlanHold(Model):
    """A receiver's row that no method may touch, with its owner and the reason; kept until it is released."""

    __tablename__ = "plan_hold"
    __table_args__ = (UniqueConstraint("plan_id", "unit_id"), CheckConstraint("reason <> ''", name="reason"))

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    reason: Mapped[str] = mapped_column(String(300))
    held_at: Mapped[datetime]

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)


class ChangeKind(StrEnum):
    """What changed many cells at once."""

    METHOD = "method"
    TRIM = "trim"
    PASTE = "paste"
    FILE = "file"
    COPY = "copy"


class PlanChange(Model):
    """Many cells changed at once, and by what: the explanation of their numbers, and what a revert restores.

    ``before`` and ``after`` map "unit id-indicator id" to [target or null, excuse]; ``inputs`` are the method's or the
    file's; ``holds`` lists [unit id, reason, owner] as they stood.
    """

    __tablename__ = "plan_change"

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    indicator_id: Mapped[int | None] = mapped_column(ForeignKey("indicator.id"))
    kind: Mapped[ChangeKind] = mapped_column(stored_as(ChangeKind, "kind"))
    inputs: Mapped[dict[str, object]] = mapped_column(JSON)
    holds: Mapped[list[list[object]]] = mapped_column(JSON)
    before: Mapped[dict[str, list[object]]] = mapped_column(JSON)
    after: Mapped[dict[str, list[object]]] = mapped_column(JSON)
    plan_version: Mapped[int]
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
    reverted_at: Mapped[datetime | None]
    reverted_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))

    account: Mapped[Account] = relationship(foreign_keys=[account_id], lazy="joined", innerjoin=True)
    reverted_by: Mapped[Account | None] = relationship(foreign_keys=[reverted_by_id])


class Verdict(StrEnum):
    """What the approver made of a proposal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class ExpectationProposal(Model):
    """Another weight or service set for a receiver, with the reason. It binds only once the approver accepts it."""

    __tablename__ = "expectation_proposal"
    __table_args__ = (
        UniqueConstraint("plan_id", "unit_id", "indicator_id"),
        CheckConstraint("weight >= 0", name="weight"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("verdict = 'open' OR decided_by_id IS NOT NULL", name="decided"),
        CheckConstraint("decided_by_id IS NULL OR decided_by_id <> proposed_by_id", name="two_persons"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    weight: Mapped[int]
    services: Mapped[list[int]] = mapped_column(JSON, default=list)
    reason: Mapped[str] = mapped_column(Text)
    proposed_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    proposed_at: Mapped[datetime]
    verdict: Mapped[Verdict] = mapped_column(stored_as(Verdict, "verdict"), default=Verdict.OPEN)
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    decided_at: Mapped[datetime | None]

    # not an inner join: sheets join proposals to cells from outside, and most cells have none
    proposed_by: Mapped[Account] = relationship(foreign_keys=[proposed_by_id], lazy="joined")
    decided_by: Mapped[Account | None] = relationship(foreign_keys=[decided_by_id])


class PlanMilestone(Model):
    """What a target should have reached by a day within the period (lộ trình), in the target's own unit."""

    __tablename__ = "plan_milestone"
    __table_args__ = (
        UniqueConstraint("plan_id", "unit_id", "indicator_id", "due"),
        CheckConstraint("target >= 0", name="target"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    due: Mapped[date]
    target: Mapped[int]
