"""Accounts, the roles granted to them, and their sign-ins.

Roles are granted at a unit and for a time; what a role may do there stands in ``access.py``.
"""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model, stored_as
from allocapp.models.unit import Unit


class Role(StrEnum):
    """What a person does in a unit (DESIGN, section 1)."""

    PREPARER = "preparer"
    APPROVER = "approver"
    LEADER = "leader"
    CLERK = "clerk"
    DATA_OFFICER = "data_officer"
    VIEWER = "viewer"
    COORDINATOR = "coordinator"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"


class Account(Model):
    """A person's account, named by role and unit. ``demo`` accounts keep production from starting."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    demo: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(2), default="vi")
    # where notifications are mailed to; empty: they are read in the application only
    email: Mapped[str] = mapped_column(String(254), default="")
    created_at: Mapped[datetime]

    # loaded when asked for: most accounts are only named on a page
    grants: Mapped[list[Grant]] = relationship(back_populates="account")
    # roles of others that were delegated to this account
    delegations: Mapped[list[Delegation]] = relationship(foreign_keys="Delegation.account_id", back_populates="account")


class Grant(Model):
    """A role held at a unit from a day to a day (inclusive; none means until it is ended)."""

    __tablename__ = "role_grant"
    __table_args__ = (
        UniqueConstraint("account_id", "unit_id", "role", "valid_from"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    role: Mapped[Role] = mapped_column(stored_as(Role, "role"))
    valid_from: Mapped[date]
    valid_to: Mapped[date | None]

    account: Mapped[Account] = relationship(back_populates="grants")
    unit: Mapped[Unit] = relationship(lazy="joined", innerjoin=True)

    def holds_on(self, day: date) -> bool:
        """Whether the role is held on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class Capacity(StrEnum):
    """In whose place a person acts (Decree 30/2020, Appendix I, section II, item 7)."""

    FOR_HEAD = "KT."  # ký thay: a deputy for the head
    BY_ORDER = "TL."  # thừa lệnh: by the head's order
    BY_AUTHORISATION = "TUQ."  # thừa ủy quyền: authorised by the head


class Delegation(Model):
    """A grant that another account may use too, from a day to a day, in a stated capacity; it ends with the grant."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("valid_to >= valid_from", name="validity"),
        CheckConstraint("reason <> ''", name="reason"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    grant_id: Mapped[int] = mapped_column(ForeignKey("role_grant.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    capacity: Mapped[Capacity] = mapped_column(stored_as(Capacity, "capacity"))
    # what stands under the capacity: "PHÓ CHỦ TỊCH"
    title: Mapped[str] = mapped_column(String(200), default="")
    reason: Mapped[str] = mapped_column(Text)
    valid_from: Mapped[date]
    valid_to: Mapped[date]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    grant: Mapped[Grant] = relationship(lazy="joined", innerjoin=True)
    account: Mapped[Account] = relationship(foreign_keys=[account_id], back_populates="delegations")

    def holds_on(self, day: date) -> bool:
        """Whether the delegation, and the grant it lends, are in force on ``day``."""
        return self.ended_at is None and self.valid_from <= day <= self.valid_to and self.grant.holds_on(day)


class SignIn(Model):
    """A signed-in session, kept on the server so that it can be ended there. Only the token's hash is stored."""

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    address: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]

    account: Mapped[Account] = relationship(lazy="joined", innerjoin=True)


class SignInFailure(Model):
    """A failed attempt, counted to slow guessing down."""

    __tablename__ = "sign_in_failure"
    __table_args__ = (Index("ix_sign_in_failure_login_at", "login", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]
