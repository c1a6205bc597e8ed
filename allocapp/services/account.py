"""Signing in and out. Passwords are Argon2id; sessions are rows, so that they can be ended here."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, select

from allocapp.access import held_grants
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.models.account import Account, Role, SignIn, SignInFailure
from allocapp.models.event import Subject
from allocapp.services.journal import record_event

# at least 19 MiB and two passes (OWASP ASVS 5.0)
HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# compared with where there is no such account, so that both answers take the same time
NO_ACCOUNT = HASHER.hash(secrets.token_urlsafe(16))

LOCK_WINDOW = timedelta(minutes=15)
FAILURES_FROM_ONE_ADDRESS = 5
FAILURES_FROM_ANYWHERE = 30
SEEN_EVERY = timedelta(minutes=1)
ADMINISTRATORS_IDLE = timedelta(minutes=5)


@dataclass(frozen=True)
class Attempt:
    """A password about to be tried. It counts as a failure from the beginning, until it turns out to be right.

    ``account_id`` and ``password_hash`` are None where there is no such account; ``locked``: it may not be tried.
    """

    login: str
    account_id: int | None
    password_hash: str | None
    failure_id: int | None = None
    locked: bool = False


def hash_password(password: str) -> str:
    """The password's Argon2id hash, with its salt and parameters."""
    return HASHER.hash(unicodedata.normalize("NFC", password))


def begin_attempt(login: str, *, address: str, now: datetime) -> Attempt:
    """Note that a password is about to be tried, before it is: guesses made at the same moment count as well.

    The account's row is locked meanwhile, so that they count one after the other. Commit, then ask ``is_right``
    outside any transaction (hashing is slow on purpose), then finish the attempt.
    """
    login = unicodedata.normalize("NFC", login).strip().lower()[:64]
    account = db.session.scalar(select(Account).where(Account.login == login).with_for_update(of=Account))
    if _is_locked(login, address, now):
        _record(account, "sign_in_locked", address, now)
        return Attempt(login, None, None, locked=True)
    failure = SignInFailure(login=login, address=address, at=now)
    db.session.add(failure)
    db.session.flush()  # its id is what a right password takes back
    known = account if account is not None and account.active else None
    return Attempt(login, known.id if known else None, known.password_hash if known else None, failure.id)


def is_right(attempt: Attempt, password: str) -> bool:
    """Whether the password is the account's; it takes as long where there is no such account."""
    try:
        matches = HASHER.verify(attempt.password_hash or NO_ACCOUNT, unicodedata.normalize("NFC", password))
    except (VerificationError, InvalidHashError):
        return False
    return matches and attempt.password_hash is not None


def admit(attempt: Attempt, *, address: str, now: datetime) -> str:
    """Begin a session for whom a right password let in; its token."""
    account = db.session.get_one(Account, attempt.account_id)
    forgive_attempt(attempt)
    token = secrets.token_urlsafe(32)
    db.session.add(SignIn(account=account, token_hash=_token_hash(token), address=address, started_at=now, seen_at=now))
    _record(account, "sign_in", address, now)
    return token


def note_failed_attempt(attempt: Attempt, action: str, *, address: str, now: datetime) -> None:
    """Write into the journal what was tried in vain: "sign_in_failed", "confirm_failed", "sign_failed"."""
    account = db.session.scalar(select(Account).where(Account.login == attempt.login))
    _record(account, action, address, now)


def forgive_attempt(attempt: Attempt) -> None:
    """Take an attempt back that turned out to be right."""
    db.session.execute(delete(SignInFailure).where(SignInFailure.id == attempt.failure_id))


def find_sign_in(token: str, *, now: datetime, idle: timedelta, end: timedelta) -> SignIn | None:
    """The session that the token opens; None when it was ended, idle too long, too old, or its account switched off.

    An administrator's is idle too long after ADMINISTRATORS_IDLE already (OWASP ASVS 5.0, V7.3).
    """
    found = db.session.scalar(select(SignIn).where(SignIn.token_hash == _token_hash(token)))
    if found is None or found.ended_at is not None or not found.account.active:
        return None
    if any(grant.role is Role.ADMINISTRATOR for grant in held_grants(found.account, local_day(now))):
        idle = min(idle, ADMINISTRATORS_IDLE)
    if now - found.seen_at > idle or now - found.started_at > end:
        return None
    return found


def find_owner(token: str) -> int | None:
    """The id of the account whose session the token opens or once opened; None for a token that never opened any."""
    return db.session.scalar(select(SignIn.account_id).where(SignIn.token_hash == _token_hash(token)))


def seen_is_old(found: SignIn, *, now: datetime) -> bool:
    """Whether the session's last sign of life is old enough to be worth a write."""
    return now - found.seen_at > SEEN_EVERY


def note_seen(sign_in_id: int, *, now: datetime) -> None:
    """Note that the session's person did something."""
    found = db.session.get(SignIn, sign_in_id)
    if found is not None:
        found.seen_at = max(found.seen_at, now)


def sign_out(token: str, *, address: str, now: datetime) -> None:
    """End the session; ending it twice is no error."""
    found = db.session.scalar(select(SignIn).where(SignIn.token_hash == _token_hash(token)))
    if found is not None and found.ended_at is None:
        found.ended_at = now
        _record(found.account, "sign_out", address, now)


def choose_language(account_id: int, language: str) -> None:
    """Keep the language a person reads in."""
    account = db.session.get(Account, account_id)
    if account is not None:
        account.language = language


def _token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _is_locked(login: str, address: str, now: datetime) -> bool:
    recent = select(func.count()).where(SignInFailure.login == login, SignInFailure.at > now - LOCK_WINDOW)
    here = db.session.scalar(recent.where(SignInFailure.address == address)) or 0
    anywhere = db.session.scalar(recent) or 0
    return here >= FAILURES_FROM_ONE_ADDRESS or anywhere >= FAILURES_FROM_ANYWHERE


def _record(account: Account | None, action: str, address: str, now: datetime) -> None:
    record_event(
        Subject.ACCOUNT,
        account.id if account else None,
        action,
        actor=account,
        now=now,
        unit_id=_unit_of(account, now),
        address=address,
    )


def _unit_of(account: Account | None, now: datetime) -> int | None:
    """The unit whose auditors see what the account does: that of the first role it holds, or last held."""
    if account is None or not account.grants:
        return None
    held = [grant for grant in account.grants if grant.holds_on(local_day(now))]
    return (held or account.grants)[0].unit_id
