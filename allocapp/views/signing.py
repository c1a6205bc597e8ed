"""The two signatures, each put in the signer's own request: password again, claim, sign outside any transaction, keep.

Neither password nor passphrase leaves this request: they are not stored, not logged, not queued.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from flask import current_app, request

from allocapp.clock import now
from allocapp.config import Config
from allocapp.db import transaction
from allocapp.documents.signing import seal_as_body, sign_as_person
from allocapp.errors import SignatureClaimed, TooManyAttempts, WrongPassphrase, WrongPassword
from allocapp.models.account import Account
from allocapp.models.decision import SignerRole
from allocapp.services.account import begin_attempt, forgive_attempt, is_right, note_failed_attempt
from allocapp.services.decision import Claim, claim_signature, complete_signature, release_signature

PATIENCE: Final = 3.0  # seconds for a signature that is being put at this moment
ASK_EVERY: Final = 0.1

_SIGN: Final[Mapping[SignerRole, Callable[..., bytes]]] = MappingProxyType(
    {SignerRole.PERSON: sign_as_person, SignerRole.BODY: seal_as_body}
)


def put_signature(
    decision_id: int, role: SignerRole, *, version: int, password: str, passphrase: str, actor: Account
) -> None:
    """Put the person's signature or the body's seal on the decision.

    Raises WrongPassword, TooManyAttempts, WrongPassphrase, CertificateNotValid, SigningKeyMissing, SignatureClaimed,
    StaleVersion, TransitionNotAllowed, NotFound, Forbidden; after any of
    them nothing is signed and it may be tried again.
    """
    config: Config = current_app.config["ALLOCAPP"]
    _confirm(actor.login, password)
    claim = _claim(decision_id, role, version=version, keys=config.keys, actor=actor)
    try:
        _sign(claim, passphrase, actor)
    except BaseException as error:
        with transaction():
            release_signature(claim)
            if isinstance(error, WrongPassphrase):
                _count_failure(actor.login, "sign_failed")
        raise


def _claim(decision_id: int, role: SignerRole, *, version: int, keys: Path, actor: Account) -> Claim:
    """Claim the decision. While it is being signed, wait a little: most often that is the first of two clicks.

    Once the first has ended, the second is told that it was done already, or may sign after all where it failed.
    """
    give_up = time.monotonic() + PATIENCE
    while True:
        try:
            with transaction():
                return claim_signature(decision_id, role, version=version, keys=keys, actor=actor, now=now())
        except SignatureClaimed:
            if time.monotonic() > give_up:
                raise
        time.sleep(ASK_EVERY)


def _confirm(login: str, password: str) -> None:
    """The signer's password again. Raises TooManyAttempts, WrongPassword."""
    address = request.remote_addr or ""
    with transaction():
        attempt = begin_attempt(login, address=address, now=now())
    if attempt.locked:
        raise TooManyAttempts
    right = is_right(attempt, password)
    with transaction():
        if right:
            forgive_attempt(attempt)
        else:
            note_failed_attempt(attempt, "confirm_failed", address=address, now=now())
    if not right:
        raise WrongPassword


def _count_failure(login: str, action: str) -> None:
    """A wrong passphrase counts as a wrong password does, in the same lock and in the journal."""
    address = request.remote_addr or ""
    attempt = begin_attempt(login, address=address, now=now())
    note_failed_attempt(attempt, action, address=address, now=now())


def _sign(claim: Claim, passphrase: str, actor: Account) -> None:
    moment = now()
    signed = _SIGN[claim.role](claim.pdf, pkcs12=claim.pkcs12, passphrase=passphrase, signed_at=moment)
    with transaction():
        complete_signature(claim, signed, actor=actor, now=moment)
