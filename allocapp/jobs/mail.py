"""Sends the e-mails that are due: each is claimed first, so that jobs that run twice or side by side send it once."""

from __future__ import annotations

import logging
import time

from flask import current_app

from allocapp.clock import now
from allocapp.config import Config, MailServer
from allocapp.db import db, transaction
from allocapp.mail import Connection, Letter, NotSent, Uncertain
from allocapp.services.mail import (
    Claim,
    anything_to_do,
    cancel_waiting,
    claim_digest,
    claim_letter,
    claimed_notices,
    drop_mail,
    finish_mail,
    give_up_lapsed,
    give_up_uncertain,
    postpone_mail,
)
from allocapp.views.notice_letter import digest_letter, notice_letter

log = logging.getLogger(__name__)

LONGEST = 10.0  # seconds after which no other e-mail is begun: the next run, a minute later, goes on


def send_mail() -> None:
    """Send what is due, until nothing is, the server is out of reach, or the time is up."""
    if not anything_to_do(now=now()):
        return
    config: Config = current_app.config["ALLOCAPP"]
    with transaction():
        give_up_lapsed(now=now())
        if config.mail is None:
            cancel_waiting()
    if config.mail is None:
        return
    started = time.monotonic()
    with Connection(config.mail) as connection:
        for claim_next in (claim_letter, claim_digest):
            while time.monotonic() - started < LONGEST:
                with transaction():
                    claim = claim_next(now=now())
                if claim is None:
                    break
                if not _send(claim, connection):
                    return


def _send(claim: Claim, connection: Connection) -> bool:
    """Send one e-mail and note how that ended; False where the server is out of reach."""
    letter = _letter(claim, connection.server)
    if letter is None:
        with transaction():
            drop_mail(claim)
        return True
    try:
        connection.send(letter)
    except NotSent as error:
        log.warning("the mail server did not take notices %s: %s", claim.notice_ids, error.reason)
        with transaction():
            postpone_mail(claim, error.reason, now=now())
        return not error.unreachable
    except Uncertain as error:
        log.warning("the mail server did not say whether it took notices %s: %s", claim.notice_ids, error)
        with transaction():
            give_up_uncertain(claim)
        return False
    with transaction():
        finish_mail(claim, now=now())
    return True


def _letter(claim: Claim, server: MailServer) -> Letter | None:
    """What is sent; None where there is nobody to send it to. The transaction it was read in is over afterwards."""
    notices = claimed_notices(claim, now=now())
    try:
        if not notices:
            return None
        return digest_letter(notices, server, now=now()) if claim.digest else notice_letter(notices[0], server)
    finally:
        db.session.rollback()
