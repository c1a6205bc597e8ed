"""Decisions: the signed documents, their files, their numbers, and who has acknowledged them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model, stored_as
from allocapp.models.account import Account
from allocapp.models.campaign import DecisionKind
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.workflow import DecisionState


class Stage(StrEnum):
    """Which of a decision's files: as rendered, signed by the person, sealed by the body."""

    RENDERED = "rendered"
    SIGNED = "signed"
    SEALED = "sealed"


class SignerRole(StrEnum):
    """Whose signature: the person's, then the body's seal (Decree 30/2020, Article 32)."""

    PERSON = "person"
    BODY = "body"


class Decision(Model):
    """A decision on a plan. Once numbered, its snapshot is frozen: the PDF is made from it and from nothing else."""

    __tablename__ = "decision"
    __table_args__ = (
        # one living decision that puts a plan in force and one that revokes it; refused ones stay beside them
        Index(
            "uq_decision_living",
            "plan_id",
            unique=True,
            sqlite_where=text("state NOT IN ('voided', 'withdrawn') AND kind <> 'revoke'"),
            postgresql_where=text("state NOT IN ('voided', 'withdrawn') AND kind <> 'revoke'"),
        ),
        Index(
            "uq_decision_revoking",
            "plan_id",
            unique=True,
            sqlite_where=text("state NOT IN ('voided', 'withdrawn') AND kind = 'revoke'"),
            postgresql_where=text("state NOT IN ('voided', 'withdrawn') AND kind = 'revoke'"),
        ),
        CheckConstraint("kind = 'assign' OR affects_id IS NOT NULL", name="affects"),
        CheckConstraint(
            "state IN ('prepared', 'withdrawn') OR (snapshot IS NOT NULL AND dated IS NOT NULL AND number IS NOT NULL)",
            name="numbered",
        ),
        CheckConstraint("state <> 'voided' OR void_reason <> ''", name="void_reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id"), index=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    state: Mapped[DecisionState] = mapped_column(stored_as(DecisionState, "state"), default=DecisionState.PREPARED)
    version: Mapped[int] = mapped_column(default=1)
    kind: Mapped[DecisionKind] = mapped_column(stored_as(DecisionKind, "kind"), default=DecisionKind.ASSIGN)
    # the decision that this one amends, replaces or revokes, and why it is revoked
    affects_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), index=True)
    revoke_reason: Mapped[str] = mapped_column(Text, default="")
    created_at: Mapped[datetime]
    number: Mapped[int | None]
    symbol: Mapped[str] = mapped_column(String(32), default="")
    dated: Mapped[date | None]
    subject: Mapped[str] = mapped_column(Text, default="")
    snapshot: Mapped[str | None] = mapped_column(Text)
    snapshot_hash: Mapped[str | None] = mapped_column(String(64))
    numbered_at: Mapped[datetime | None]
    numbered_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    # a signer claims the decision before signing, so that two clicks give one signature; a stale claim lapses
    claimed_until: Mapped[datetime | None]
    signed_at: Mapped[datetime | None]
    signed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    sealed_at: Mapped[datetime | None]
    sealed_by_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    dispatched_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(Text, default="")

    plan: Mapped[Plan] = relationship(lazy="joined", innerjoin=True)
    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)
    affects: Mapped[Decision | None] = relationship(remote_side=[id])
    numbered_by: Mapped[Account | None] = relationship(foreign_keys=[numbered_by_id])
    signed_by: Mapped[Account | None] = relationship(foreign_keys=[signed_by_id])
    sealed_by: Mapped[Account | None] = relationship(foreign_keys=[sealed_by_id])


class DecisionFile(Model):
    """A decision's PDF at one stage: kept as it was made, never replaced."""

    __tablename__ = "decision_file"
    __table_args__ = (UniqueConstraint("decision_id", "stage"), Index("ix_decision_file_sha256", "sha256"))

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"))
    stage: Mapped[Stage] = mapped_column(stored_as(Stage, "stage"))
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    created_at: Mapped[datetime]


class NumberSeries(Model):
    """The yearly series of an issuing unit: where it stands; none repeats and none is lost."""

    __tablename__ = "number_series"

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    symbol: Mapped[str] = mapped_column(String(32), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last_number: Mapped[int] = mapped_column(default=0)


class RegisterEntry(Model):
    """A number taken in a unit's register of outgoing documents; voided numbers stay, with the reason."""

    __tablename__ = "register_entry"
    __table_args__ = (
        UniqueConstraint("unit_id", "symbol", "year", "number"),
        CheckConstraint("number >= 1", name="number"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    symbol: Mapped[str] = mapped_column(String(32))
    year: Mapped[int]
    number: Mapped[int]
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"), unique=True)
    subject: Mapped[str] = mapped_column(Text)
    dated: Mapped[date]
    taken_at: Mapped[datetime]
    taken_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    voided_at: Mapped[datetime | None]
    void_reason: Mapped[str] = mapped_column(Text, default="")


class SigningKey(Model):
    """Where a signer's PKCS#12 file lies in the keys folder. ``demo`` keys keep production from starting."""

    __tablename__ = "signing_key"
    __table_args__ = (UniqueConstraint("unit_id", "role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    role: Mapped[SignerRole] = mapped_column(stored_as(SignerRole, "role"))
    filename: Mapped[str] = mapped_column(String(100))
    demo: Mapped[bool] = mapped_column(default=False)


class Acknowledgement(Model):
    """A unit's word that it has received a decision, and who gave it."""

    __tablename__ = "acknowledgement"
    __table_args__ = (UniqueConstraint("decision_id", "unit_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    decision_id: Mapped[int] = mapped_column(ForeignKey("decision.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]
