"""Signing in and out. Passwords are Argon2id; sessions are rows, so that they can be ended here."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select

from allocapp.db import db
from allocapp.errors import AllocappError, TooManyAttempts, WrongPassword
from allocapp.models.account import Account, SignIn, SignInFailure
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


@dataclass(frozen=True)
class Admission:
    """The answer to a sign-in: a session's token, or none; ``locked`` where too many attempts came before."""

    token: str | None
    locked: bool = False


def hash_password(password: str) -> str:
    """The password's Argon2id hash, with its salt and parameters."""
    return HASHER.hash(unicodedata.normalize("NFC", password))


def check_password(account: Account | None, password: str) -> bool:
    """Whether the password is the account's; takes as long where there is no account."""
    try:
        matches = HASHER.verify(
            account.password_hash if account else NO_ACCOUNT, unicodedata.normalize("NFC", password)
        )
    except (VerificationError, InvalidHashError):
        return False
    return matches and account is not None and account.active


def sign_in(login: str, password: str, *, address: str, now: datetime) -> Admission:
    """Admit a person, or note the failure. After too many failures the answer is "locked", right password or not."""
    login = unicodedata.normalize("NFC", login).strip().lower()[:64]
    account = db.session.scalar(select(Account).where(Account.login == login))
    if _is_locked(login, address, now):
        _record(account, "sign_in_locked", address, now)
        return Admission(token=None, locked=True)
    if account is None or not check_password(account, password):
        db.session.add(SignInFailure(login=login, address=address, at=now))
        _record(account, "sign_in_failed", address, now)
        return Admission(token=None)
    token = secrets.token_urlsafe(32)
    db.session.add(SignIn(account=account, token_hash=_token_hash(token), address=address, started_at=now, seen_at=now))
    _record(account, "sign_in", address, now)
    return Admission(token=token)


def confirm_password(account: Account, password: str, *, address: str, now: datetime) -> AllocappError | None:
    """Ask a signed-in person for the password again; the error to raise, or None where it is right.

    Failures count towards the same lock as sign-ins. The error is given and not raised, because the failure has to be
    committed first.
    """
    if _is_locked(account.login, address, now):
        return TooManyAttempts()
    if check_password(account, password):
        return None
    db.session.add(SignInFailure(login=account.login, address=address, at=now))
    _record(account, "confirm_failed", address, now)
    return WrongPassword()


def find_sign_in(token: str, *, now: datetime, idle: timedelta, end: timedelta) -> SignIn | None:
    """The session that the token opens; None when it was ended, idle too long, too old, or its account switched off."""
    found = db.session.scalar(select(SignIn).where(SignIn.token_hash == _token_hash(token)))
    if found is None or found.ended_at is not None or not found.account.active:
        return None
    if now - found.seen_at > idle or now - found.started_at > end:
        return None
    return found


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
        unit_id=account.grants[0].unit_id if account and account.grants else None,
        address=address,
    )
