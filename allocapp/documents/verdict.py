"""Is this PDF the decision that was signed and sealed, unchanged?

Accepted only when the person's signature covers exactly its own revision, the body's covers the entire file, nothing
but the body's field was filled in between, both certificates lead to a trusted root, AND the file has the stored
SHA-256. Each condition alone can be met by a tampered file: bytes inside a signature's own container are covered by no
signature, and a library's "valid" holds for files with appended pages. Whatever cannot be read is not authentic.

Reading happens in a child process with limits (`verdict_child`), because a crafted file can hang any PDF reader.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

from allocapp.confinement import BrokeOff, Limits, TookTooLong, ask
from allocapp.documents.roles import Role

# No decision comes near: 10,000 rows are about 4 MB.
MOST_BYTES: Final = 30 * 1024 * 1024
_SECONDS: Final = 10
_CPU_SECONDS: Final = 8
_MEMORY: Final = 300 * 1024 * 1024  # bytes
# Where readers look for the end of a PDF; megabytes of blanks after it only keep them busy.
_LONGEST_TAIL: Final = 1024
_CHILD: Final = Path(__file__).with_name("verdict_child.py")


class Reason(StrEnum):
    """Why a file, or one of its signatures, is not accepted."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_READABLE = "not_readable"
    TOOK_TOO_LONG = "took_too_long"
    NOT_SIGNED = "not_signed"
    PERSON_MISSING = "person_missing"
    BODY_MISSING = "body_missing"
    UNEXPECTED_SIGNATURE = "unexpected_signature"
    NOT_INTACT = "not_intact"
    NOT_TRUSTED = "not_trusted"
    CHANGED_AFTER_SIGNING = "changed_after_signing"
    HASH_UNKNOWN = "hash_unknown"
    HASH_DIFFERS = "hash_differs"


@dataclass(frozen=True)
class SignatureVerdict:
    """One signature. `signed_at` is what the signer states; `covers`: it covers what it must and nothing came between.

    `role` is None for a signature in a field that the document does not reserve. `reason` is None when all is well.
    """

    role: Role | None
    subject: str
    signed_at: datetime | None
    intact: bool
    trusted: bool
    covers: bool
    reason: Reason | None


@dataclass(frozen=True)
class Verdict:
    """`authentic` is the answer; the rest says why. `reasons` is empty exactly when the file is authentic.

    `unchanged_since_signing`: whatever signatures there are hold, and the last one covers the entire file.
    `sha_matches` is None when no stored hash was given.
    """

    authentic: bool
    signatures: tuple[SignatureVerdict, ...]
    unchanged_since_signing: bool
    sha_matches: bool | None
    reasons: tuple[Reason, ...]


def verify_document(pdf: bytes, *, trusted: Sequence[bytes], expected_sha256: str | None) -> Verdict:
    """The verdict on a file. Never raises for what the file contains.

    `trusted` are the roots (PEM or DER) that certificates must lead to; `expected_sha256` is the hash kept with the
    decision (hexadecimal), None where the register knows none: then the file is not accepted, whatever its signatures
    say.
    """
    matches = None if expected_sha256 is None else hashlib.sha256(pdf).hexdigest() == expected_sha256.lower()
    plain = _plain_reason(pdf)
    facts = plain or _ask_child(pdf, trusted)
    if isinstance(facts, Reason):
        return _refused(facts, matches)
    try:
        return _judge(facts, matches)
    except (KeyError, TypeError, ValueError):
        return _refused(Reason.NOT_READABLE, matches)


def _plain_reason(pdf: bytes) -> Reason | None:
    """What can be said without reading the file as a PDF."""
    if not pdf:
        return Reason.EMPTY
    if len(pdf) > MOST_BYTES:
        return Reason.TOO_LARGE
    if not pdf.startswith(b"%PDF-") or b"%%EOF" not in pdf[-_LONGEST_TAIL:]:
        return Reason.NOT_READABLE
    return None


def _refused(reason: Reason, matches: bool | None) -> Verdict:
    return Verdict(False, (), False, matches, (reason, *_hash_reasons(matches)))


def _hash_reasons(matches: bool | None) -> tuple[Reason, ...]:
    if matches is None:
        return (Reason.HASH_UNKNOWN,)
    return () if matches else (Reason.HASH_DIFFERS,)


def _ask_child(pdf: bytes, trusted: Sequence[bytes]) -> Mapping[str, object] | Reason:
    """The facts about the file, or why there are none."""
    question = json.dumps({"roots": [base64.b64encode(root).decode("ascii") for root in trusted]}).encode() + b"\n"
    try:
        facts = json.loads(ask(_CHILD, question + pdf, Limits(_SECONDS, _CPU_SECONDS, _MEMORY)))
    except TookTooLong:
        return Reason.TOOK_TOO_LONG
    except (BrokeOff, ValueError):
        return Reason.NOT_READABLE
    return facts if isinstance(facts, dict) else Reason.NOT_READABLE


def _judge(facts: Mapping[str, object], matches: bool | None) -> Verdict:
    found = facts["signatures"]
    if not isinstance(found, list):
        raise TypeError("signatures")
    signatures = tuple(_judge_signature(fact, number, len(found)) for number, fact in enumerate(found, start=1))
    # the rendered file is one revision, and each signature adds exactly one
    no_other_revision = facts["revisions"] == len(found) + 1 and facts["encrypted"] is False
    reasons = [*_missing(signatures), *(signature.reason for signature in signatures if signature.reason)]
    if facts["fields"] != list(Role):
        reasons.append(Reason.UNEXPECTED_SIGNATURE)
    if signatures and not no_other_revision:
        reasons.append(Reason.CHANGED_AFTER_SIGNING)
    unchanged = bool(signatures) and no_other_revision and all(sign.intact and sign.covers for sign in signatures)
    every = tuple(dict.fromkeys([*reasons, *_hash_reasons(matches)]))
    return Verdict(not every, signatures, unchanged, matches, every)


def _missing(signatures: Sequence[SignatureVerdict]) -> list[Reason]:
    if not signatures:
        return [Reason.NOT_SIGNED]
    roles = {signature.role for signature in signatures}
    missing = {Role.PERSON: Reason.PERSON_MISSING, Role.BODY: Reason.BODY_MISSING}
    return [reason for role, reason in missing.items() if role not in roles]


def _judge_signature(fact: Mapping[str, object], number: int, count: int) -> SignatureVerdict:
    """`number` counts from 1 in the order of signing: signature n stands in revision n, after the rendered file's 0."""
    order = tuple(Role)
    role = order[number - 1] if number <= len(order) and fact["field"] == order[number - 1] else None
    expected_place = role is not None and fact["kind"] == "/Sig" and fact["certified"] is False
    if number == count:
        reach = fact["coverage"] == "ENTIRE_FILE" and fact["changed_fields"] == []
    else:
        # between this signature and the end of the file nothing was filled in but the fields after it
        reach = fact["coverage"] == "ENTIRE_REVISION" and fact["changed_fields"] == sorted(order[number:count])
    covers = reach and fact["revision"] == number and fact["gap_is_contents"] is True
    intact, trusted = fact["intact"] is True, fact["trusted"] is True
    checks = (
        (expected_place, Reason.UNEXPECTED_SIGNATURE),
        (intact, Reason.NOT_INTACT),
        (covers, Reason.CHANGED_AFTER_SIGNING),
        (trusted, Reason.NOT_TRUSTED),
        (fact["bottom_line"] is True, Reason.NOT_INTACT),
    )
    reason = next((problem for held, problem in checks if not held), None)
    stated = fact["signed_at"]
    signed_at = datetime.fromisoformat(stated) if isinstance(stated, str) else None
    return SignatureVerdict(role, str(fact["subject"]), signed_at, intact, trusted, covers, reason)
