"""A person's own notifications: how many are unread, reading them, and choosing which are e-mailed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import joinedload

from allocapp.db import db
from allocapp.errors import NotFound
from allocapp.models.account import Account
from allocapp.models.notice import Mailing, MailState, Notice, NoticeChoice, NoticeKind
from allocapp.services.notice import default_mailing

PAGE = 30


def count_unread(account_id: int) -> int:
    """How many notifications the person has not read, in one statement."""
    unread = select(func.count()).where(Notice.account_id == account_id, Notice.read_at.is_(None))
    return db.session.scalar(unread) or 0


def list_notices(account: Account, *, page: int) -> tuple[Sequence[Notice], bool]:
    """Page ``page`` (from 1) of the person's own notifications, newest first, and whether more follow."""
    statement = (
        select(Notice)
        .where(Notice.account_id == account.id)
        .options(
            joinedload(Notice.unit), joinedload(Notice.campaign), joinedload(Notice.plan), joinedload(Notice.decision)
        )
        .order_by(Notice.id.desc())
        .offset((max(page, 1) - 1) * PAGE)
        .limit(PAGE + 1)
    )
    notices = db.session.scalars(statement).all()
    return notices[:PAGE], len(notices) > PAGE


def read_notice(notice_id: int, *, actor: Account, now: datetime) -> Notice:
    """Note that the person has read it; the first time counts. Raises NotFound for another person's."""
    notice = db.session.get(Notice, notice_id, populate_existing=True)
    if notice is None or notice.account_id != actor.id:
        raise NotFound
    notice.read_at = notice.read_at or now
    return notice


def read_notices_until(newest_id: int, *, actor: Account, now: datetime) -> None:
    """Note that the person has read all up to the newest they saw; what came in the meantime stays unread."""
    db.session.execute(
        update(Notice)
        .where(Notice.account_id == actor.id, Notice.id <= newest_id, Notice.read_at.is_(None))
        .values(read_at=now)
        .execution_options(synchronize_session=False)
    )


def read_choices(account: Account) -> dict[NoticeKind, Mailing]:
    """How the person is mailed about each kind: as they chose, or as is usual."""
    chosen = db.session.execute(
        select(NoticeChoice.kind, NoticeChoice.mailing).where(NoticeChoice.account_id == account.id)
    )
    return {kind: default_mailing(kind) for kind in NoticeKind} | dict(chosen.all())


def choose_mailing(account_id: int, *, email: str, choices: Mapping[NoticeKind, Mailing]) -> None:
    """Keep the person's address and choices. What waited for a digest that they no longer want is not mailed."""
    account = db.session.scalars(select(Account).where(Account.id == account_id).with_for_update(of=Account)).one()
    account.email = email
    stored = {
        choice.kind: choice
        for choice in db.session.scalars(select(NoticeChoice).where(NoticeChoice.account_id == account_id))
    }
    for kind, mailing in choices.items():
        if kind in stored:
            stored[kind].mailing = mailing
        elif mailing is not default_mailing(kind):
            db.session.add(NoticeChoice(account_id=account_id, kind=kind, mailing=mailing))
    never = [kind for kind, mailing in choices.items() if mailing is Mailing.NEVER]
    db.session.execute(
        update(Notice)
        .where(Notice.account_id == account_id, Notice.kind.in_(never))
        .where(Notice.mail.in_((MailState.WAITING, MailState.FOR_DIGEST)))
        .values(mail=MailState.NONE)
        .execution_options(synchronize_session=False)
    )
