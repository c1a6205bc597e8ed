"""Is this file a decision in force? The file's own verdict, joined with what the register knows of it.

A file is authentic only when both signatures are good, nothing was changed after signing, its SHA-256 is that of a
decision's sealed file, and that decision is in force. Each of these has reasons of its own.
"""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import BoundedSemaphore, Lock

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import select

from allocapp.access import READABLE_BELOW
from allocapp.db import db
from allocapp.documents.demo_certificates import ROOT_FILE
from allocapp.documents.roles import Role
from allocapp.documents.verdict import Reason, Verdict, verify_document
from allocapp.errors import VerificationBusy
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision, DecisionFile, Stage
from allocapp.rules.workflow import PlanState
from allocapp.services.revision import affected_by

# verdicts kept in memory: reading a file takes a process of its own and about a second
_KEPT = 500

log = logging.getLogger(__name__)


class RegisterReason(StrEnum):
    """Why a file is not accepted although its bytes are known here."""

    UNFINISHED = "unfinished"  # it stood before the body's seal: rendered, or signed by the person alone
    NOT_IN_FORCE = "not_in_force"
    AMENDED = "amended"  # its articles go on, but the targets are those of the decision that amends it


@dataclass(frozen=True)
class FileVerdict:
    """The joined verdict. ``decision`` and ``stage`` are None where the register does not know the file.

    ``reasons`` is empty exactly when the file is authentic; ``later`` are the decisions that amended, replaced or
    revoked this one since.
    """

    verdict: Verdict
    sha256: str
    decision: Decision | None
    stage: Stage | None
    reasons: tuple[Reason | RegisterReason, ...]
    later: tuple[Decision, ...] = ()

    @property
    def genuine(self) -> bool:
        """It is the registered file, signed by both and unchanged, whether or not it is still in force."""
        return all(reason in (RegisterReason.NOT_IN_FORCE, RegisterReason.AMENDED) for reason in self.reasons)

    @property
    def authentic(self) -> bool:
        """Signed by both, unchanged, the registered file, and in force."""
        return not self.reasons

    @property
    def readable(self) -> bool:
        """Whether the file could be read as a PDF at all."""
        unreadable = {Reason.EMPTY, Reason.TOO_LARGE, Reason.NOT_READABLE, Reason.TOOK_TOO_LONG}
        return not unreadable.intersection(self.reasons)

    @property
    def signatures_good(self) -> bool:
        """The person's and the body's signature, and no other, are there, intact and trusted."""
        signatures = self.verdict.signatures
        both = tuple(signature.role for signature in signatures) == tuple(Role)
        return both and all(signature.intact and signature.trusted for signature in signatures)

    @property
    def registered(self) -> bool:
        """It is byte for byte the sealed file of a decision."""
        return self.stage is Stage.SEALED


def is_in_force(decision: Decision) -> bool:
    """Whether the decision is issued and its plan has not been superseded or revoked since.

    One that revokes another does so once and for all.
    """
    assigns = decision.kind is not DecisionKind.REVOKE
    return decision.state in READABLE_BELOW and (not assigns or decision.plan.state is PlanState.ISSUED)


def verify_file(pdf: bytes, *, trusted: Sequence[bytes]) -> FileVerdict:
    """The verdict on any file. Never raises for what the file contains.

    ``trusted`` are the root certificates (DER) that signers' certificates must lead to, see ``read_trusted_roots``.
    Raises VerificationBusy where others' files are still being read after a wait.
    """
    sha256 = hashlib.sha256(pdf).hexdigest()
    decision, stage = _find(sha256)
    verdict = _verdict(pdf, sha256, tuple(trusted), registered=stage is Stage.SEALED)
    reasons: list[Reason | RegisterReason] = list(verdict.reasons)
    if decision is not None and stage is not Stage.SEALED:
        # the register does know it, only not as a finished document
        reasons.remove(Reason.HASH_UNKNOWN)
        reasons.append(RegisterReason.UNFINISHED)
    later = tuple(affected_by(decision)) if decision is not None else ()
    if decision is not None and stage is Stage.SEALED and not is_in_force(decision):
        amended = bool(later) and all(one.kind is DecisionKind.AMEND for one in later)
        reasons.append(RegisterReason.AMENDED if amended else RegisterReason.NOT_IN_FORCE)
    return FileVerdict(verdict, sha256, decision, stage, tuple(reasons), later)


def read_trusted_roots(keys: Path, *, demo: bool) -> tuple[bytes, ...]:
    """The root certificates in the folder of keys (``*.pem``), as DER; the demonstration's own only in demo mode."""
    roots: list[bytes] = []
    for path in sorted(keys.glob("*.pem")):
        if path.name == ROOT_FILE and not demo:
            continue
        try:
            certificates = x509.load_pem_x509_certificates(path.read_bytes())
        except (OSError, ValueError):
            # one unreadable file must not keep the others from being trusted
            log.warning("no certificates in %s", path)
            continue
        roots += [certificate.public_bytes(Encoding.DER) for certificate in certificates]
    return tuple(roots)


def _find(sha256: str) -> tuple[Decision | None, Stage | None]:
    found = {
        file.stage: file.decision_id
        for file in db.session.scalars(select(DecisionFile).where(DecisionFile.sha256 == sha256))
    }
    for stage in (Stage.SEALED, Stage.SIGNED, Stage.RENDERED):
        if stage in found:
            return db.session.get(Decision, found[stage]), stage
    return None, None


_verdicts: OrderedDict[tuple[str, tuple[bytes, ...], bool], Verdict] = OrderedDict()
_lock = Lock()
# every reading is a process of up to 300 MB: two people's are read at once in each of the web server's processes
_AT_ONCE = 2
_PATIENCE = 3.0  # seconds; most files are read in one, and a thread that waits longer is missing for the pages
_reading = BoundedSemaphore(_AT_ONCE)


def _verdict(pdf: bytes, sha256: str, trusted: tuple[bytes, ...], *, registered: bool) -> Verdict:
    """The file's own verdict: it follows from the bytes and the roots alone, so one reading lasts."""
    key = (sha256, trusted, registered)
    with _lock:
        known = _verdicts.get(key)
    if known is not None:
        return known
    if not _reading.acquire(timeout=_PATIENCE):
        raise VerificationBusy
    try:
        verdict = verify_document(pdf, trusted=trusted, expected_sha256=sha256 if registered else None)
    finally:
        _reading.release()
    if Reason.TOOK_TOO_LONG not in verdict.reasons:  # that may have been the machine's fault
        with _lock:
            _verdicts[key] = verdict
            while len(_verdicts) > _KEPT:
                _verdicts.popitem(last=False)
    return verdict
