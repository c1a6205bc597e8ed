"""Notifications: what a person is told, in the application and by e-mail, and how they choose to be told."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model, stored_as
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign
from allocapp.models.decision import Decision
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit


class NoticeKind(StrEnum):
    """What a notification is about."""

    PLAN_SUBMITTED = "plan_submitted"
    PLAN_RETURNED = "plan_returned"
    PLAN_APPROVED = "plan_approved"
    PLAN_WITHDRAWN = "plan_withdrawn"
    STEP_ASKED = "step_asked"
    STEP_SENT_BACK = "step_sent_back"
    STEPS_AGREED = "steps_agreed"
    OPINION_ASKED = "opinion_asked"
    OPINIONS_IN = "opinions_in"
    DECISION_ISSUED = "decision_issued"
    DECISION_REVOKED = "decision_revoked"
    ADJUSTMENT_ASKED = "adjustment_asked"
    ADJUSTMENT_ANSWERED = "adjustment_answered"
    OUT_OF_BALANCE = "out_of_balance"
    APPROVAL_LAPSED = "approval_lapsed"
    CAMPAIGN_OPENED = "campaign_opened"
    CAMPAIGN_CLOSED = "campaign_closed"
    DEADLINE_EXTENDED = "deadline_extended"
    REMINDER = "reminder"
    ESCALATION = "escalation"
    DELEGATED = "delegated"
    JOURNAL_HEAD = "journal_head"


class Mailing(StrEnum):
    """How a kind of notification reaches a person beside the application."""

    NEVER = "never"
    NOW = "now"
    DAILY = "daily"  # in the day's digest


class MailState(StrEnum):
    """Where a notification's e-mail stands. SENDING is taken before the server is spoken to, so none is sent twice."""

    NONE = "none"
    WAITING = "waiting"
    FOR_DIGEST = "for_digest"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


class Notice(Model):
    """One thing one person is told. ``key`` names the occasion: the same person is never told it twice.

    ``words`` are the values its text is made of, in the reader's own language, whenever it is read.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("account_id", "key"),
        Index("ix_notice_account_id_read_at", "account_id", "read_at"),
        Index("ix_notice_mail", "mail"),
        CheckConstraint("mail <> 'sending' OR claimed_until IS NOT NULL", name="claim"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[NoticeKind] = mapped_column(stored_as(NoticeKind, "kind"))
    key: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime]
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"))
    unit_id: Mapped[int | None] = mapped_column(ForeignKey("unit.id"))
    plan_id: Mapped[int | None] = mapped_column(ForeignKey("plan.id"))
    decision_id: Mapped[int | None] = mapped_column(ForeignKey("decision.id"))
    words: Mapped[dict[str, object]] = mapped_column(JSON, default=dict)
    read_at: Mapped[datetime | None]
    mail: Mapped[MailState] = mapped_column(stored_as(MailState, "mail"), default=MailState.NONE)
    # not before this moment: a digest's hour, or the next attempt after a server refused
    mail_after: Mapped[datetime | None]
    mail_attempts: Mapped[int] = mapped_column(default=0)
    claimed_until: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]
    mail_error: Mapped[str] = mapped_column(String(500), default="")

    account: Mapped[Account] = relationship()
    campaign: Mapped[Campaign | None] = relationship()
    unit: Mapped[Unit | None] = relationship()
    plan: Mapped[Plan | None] = relationship()
    decision: Mapped[Decision | None] = relationship()


class NoticeChoice(Model):
    """How an account wants to be told of one kind of occasion; without a row, the kind's own default holds."""

    __tablename__ = "notice_choice"
    __table_args__ = (UniqueConstraint("account_id", "kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    kind: Mapped[NoticeKind] = mapped_column(stored_as(NoticeKind, "kind"))
    mailing: Mapped[Mailing] = mapped_column(stored_as(Mailing, "mailing"))
