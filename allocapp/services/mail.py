"""E-mails on their way: claimed before the server is spoken to, so that each is sent once although jobs run twice.

Sending works outside any transaction: claim, send, then note the end. A worker killed in between leaves the claim
behind; once it has lapsed nobody knows whether the e-mail was taken, and it is never sent again by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.engine import CursorResult

from allocapp import queue
from allocapp.access import held_grants
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.models.account import Account
from allocapp.models.notice import MailState, Notice

# longer than the longest a job can go on, so that no claim lapses while its job still sends
CLAIM: Final = timedelta(seconds=queue.JOB_TIMEOUT + 60 + 15)
# after each attempt that failed: how long until the next; after the last of them it is given up
PAUSES: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 1440))
UNCERTAIN: Final = "uncertain"
CANDIDATES = 10


@dataclass(frozen=True)
class Claim:
    """The right to send one e-mail, until ``until``: a notice, or with ``digest`` all that wait for one person."""

    notice_ids: tuple[int, ...]
    digest: bool
    until: datetime


def claim_letter(*, now: datetime) -> Claim | None:
    """Take the e-mail that has waited longest for this worker. None: none is due, or others took them all."""
    due = select(Notice.id).where(_due(MailState.WAITING, now)).order_by(Notice.mail_after, Notice.id)
    for notice_id in db.session.scalars(due.limit(CANDIDATES)).all():
        taken = _take(Notice.id == notice_id, MailState.WAITING, now)
        if taken:
            return Claim(taken, False, now + CLAIM)
    return None


def claim_digest(*, now: datetime) -> Claim | None:
    """Take everything that is due for one person's digest; None as for claim_letter."""
    due = select(Notice.account_id).where(_due(MailState.FOR_DIGEST, now)).group_by(Notice.account_id)
    for account_id in db.session.scalars(due.order_by(Notice.account_id).limit(CANDIDATES)).all():
        taken = _take(Notice.account_id == account_id, MailState.FOR_DIGEST, now)
        if taken:
            return Claim(taken, True, now + CLAIM)
    return None


def claimed_notices(claim: Claim, *, now: datetime) -> Sequence[Notice]:
    """What the e-mail is to tell, in the order of its occasions; nothing for who may not, or cannot, be told any more.

    That is an account switched off or without an address, and one that holds no role on the occasion's line of units.
    """
    notices = db.session.scalars(select(Notice).where(Notice.id.in_(claim.notice_ids)).order_by(Notice.id)).all()
    return [notice for notice in notices if _may_be_told(notice, now)]


def finish_mail(claim: Claim, *, now: datetime) -> None:
    """Note that the server took the e-mail. A claim that has lapsed meanwhile changes nothing."""
    _leave(claim, mail=MailState.SENT, mailed_at=now, mail_error="")


def drop_mail(claim: Claim) -> None:
    """Note that there is nobody to send it to."""
    _leave(claim, mail=MailState.NONE)


def postpone_mail(claim: Claim, reason: str, *, now: datetime) -> None:
    """Note why the server did not take it: it is tried again later, or given up after the last attempt."""
    notices = db.session.scalars(select(Notice).where(Notice.id.in_(claim.notice_ids))).all()
    attempts = max(notice.mail_attempts for notice in notices)
    if attempts > len(PAUSES):
        _leave(claim, mail=MailState.FAILED, mail_error=reason)
        return
    waiting = MailState.FOR_DIGEST if claim.digest else MailState.WAITING
    _leave(claim, mail=waiting, mail_error=reason, mail_after=now + PAUSES[attempts - 1])


def give_up_uncertain(claim: Claim) -> None:
    """Note that nobody knows whether the server took it."""
    _leave(claim, mail=MailState.FAILED, mail_error=UNCERTAIN)


def give_up_lapsed(*, now: datetime) -> None:
    """The same for those whose worker did not come back to tell."""
    lapsed = and_(Notice.mail == MailState.SENDING, Notice.claimed_until < now)
    if db.session.scalar(select(Notice.id).where(lapsed).limit(1)):
        _change(lapsed, mail=MailState.FAILED, claimed_until=None, mail_error=UNCERTAIN)


def cancel_waiting() -> None:
    """Nothing is mailed where there is no server; what would wait for one could come years too late."""
    waiting = Notice.mail.in_((MailState.WAITING, MailState.FOR_DIGEST))
    _change(waiting, mail=MailState.NONE)


def anything_to_do(*, now: datetime) -> bool:
    """Whether an e-mail is due, or a claim has lapsed: mostly not, and then nobody's writing need be held up."""
    return (
        db.session.scalar(
            select(Notice.id)
            .where(
                or_(
                    _due(MailState.WAITING, now),
                    _due(MailState.FOR_DIGEST, now),
                    and_(Notice.mail == MailState.SENDING, Notice.claimed_until < now),
                )
            )
            .limit(1)
        )
        is not None
    )


def _due(state: MailState, now: datetime) -> ColumnElement[bool]:
    return and_(Notice.mail == state, Notice.mail_after <= now)


def _take(which: ColumnElement[bool], state: MailState, now: datetime) -> tuple[int, ...]:
    """Of the notices that were due, those that are now this worker's; their attempts are counted."""
    mine = select(Notice.id).where(which, _due(state, now)).order_by(Notice.id)
    # what another worker is just taking is left to it: waiting for each other's rows could end in a deadlock
    wanted = db.session.scalars(mine.with_for_update(skip_locked=True)).all()
    taken = db.session.execute(
        update(Notice)
        .where(Notice.id.in_(wanted), _due(state, now))
        .values(mail=MailState.SENDING, claimed_until=now + CLAIM, mail_attempts=Notice.mail_attempts + 1)
        .returning(Notice.id)
        .execution_options(synchronize_session=False)
    )
    return tuple(sorted(taken.scalars()))


def _leave(claim: Claim, **values: Any) -> None:
    mine = and_(Notice.id.in_(claim.notice_ids), Notice.mail == MailState.SENDING, Notice.claimed_until == claim.until)
    _change(mine, claimed_until=None, **values)


def _change(which: ColumnElement[bool], **values: Any) -> None:
    changed = db.session.execute(
        update(Notice).where(which).values(**values).execution_options(synchronize_session=False)
    )
    assert isinstance(changed, CursorResult)


def _may_be_told(notice: Notice, now: datetime) -> bool:
    account: Account = notice.account
    if not account.email:
        return False
    held = held_grants(account, local_day(now))
    unit = notice.unit
    if unit is None:
        return bool(held)
    return any(unit.is_within(grant.unit) or grant.unit.is_within(unit) for grant in held)
