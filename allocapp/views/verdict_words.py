"""A file's verdict in sentences: one answer, then the three questions behind it. Page and command say the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from flask_babel import gettext as _

from allocapp.documents.roles import Role
from allocapp.documents.verdict import Reason, SignatureVerdict
from allocapp.models.decision import Stage
from allocapp.services.verification import FileVerdict, RegisterReason
from allocapp.views.formatting import decision_name, decision_state_name, moment
from allocapp.views.revision_words import effect_of_later


@dataclass(frozen=True)
class Answer:
    """The answer to one question: ``good``, a sentence, and what it rests on."""

    question: str
    good: bool
    text: str
    notes: tuple[str, ...] = ()

    @property
    def tone(self) -> str:
        """Tone of its tag."""
        return "good" if self.good else "bad"


@dataclass(frozen=True)
class SpokenVerdict:
    """The verdict on a file: the whole in one sentence, then signatures, changes, register."""

    authentic: bool
    headline: str
    answers: tuple[Answer, ...]
    reasons: tuple[str, ...]


def speak(found: FileVerdict) -> SpokenVerdict:
    """The words for a file's verdict, in the page's language."""
    if found.authentic:
        headline = _("Authentic: signed, unchanged since, in the register, and in force.")
    elif found.genuine:
        headline = _("Genuine, but no longer in force.")
        if found.decision is not None and found.later:
            effects = "; ".join(effect_of_later(found.decision, later) for later in found.later)
            headline = _("Genuine, but no longer in force: %(effects)s.", effects=effects)
            if RegisterReason.AMENDED in found.reasons:
                headline = _("Genuine, but its targets no longer apply: %(effects)s.", effects=effects)
    elif not found.readable:
        headline = _("Not authentic: the file cannot be read as a signed PDF.")
    else:
        headline = _("Not authentic.")
    answers = (_signatures(found), _changes(found), _register(found))
    return SpokenVerdict(found.authentic, headline, answers, tuple(REASONS[reason]() for reason in found.reasons))


def _signatures(found: FileVerdict) -> Answer:
    question = _("Signatures")
    notes = tuple(_signature(signature) for signature in found.verdict.signatures)
    if found.signatures_good:
        return Answer(
            question, True, _("Signed by the leader and sealed by the body, both with trusted certificates."), notes
        )
    if not notes:
        return Answer(question, False, _("No signature was found."))
    return Answer(
        question, False, _("The leader's signature and the body's seal are not both there, intact and trusted."), notes
    )


def _signature(signature: SignatureVerdict) -> str:
    roles = {
        Role.PERSON: _("Leader's signature"),
        Role.BODY: _("Body's seal"),
        None: _("Signature that does not belong here"),
    }
    if not signature.intact:
        worth = _("broken")
    elif signature.trusted:
        worth = _("intact, trusted certificate")
    else:
        worth = _("intact, certificate not trusted here")
    return _(
        "%(role)s: %(subject)s, at %(moment)s by its own statement; %(worth)s",
        role=roles[signature.role],
        subject=signature.subject,
        moment=moment(signature.signed_at),
        worth=worth,
    )


def _changes(found: FileVerdict) -> Answer:
    question = _("Changes after signing")
    if found.verdict.unchanged_since_signing:
        return Answer(question, True, _("None: the last signature covers the entire file."))
    if not found.verdict.signatures:
        return Answer(question, False, _("It cannot be told: nothing protects the content."))
    return Answer(
        question, False, _("The file was changed after it was signed, or a signature does not cover what it must.")
    )


def _register(found: FileVerdict) -> Answer:
    question = _("Register")
    decision = found.decision
    if decision is None:
        return Answer(question, False, _("No decision here has this file: the SHA-256 is not in the register."))
    notes = (
        decision_name(decision),
        decision.unit.body_name,
        _("State: %(state)s", state=decision_state_name(decision.state)),
        *(effect_of_later(decision, later) for later in found.later),
    )
    if found.stage is not Stage.SEALED:
        return Answer(question, False, REASONS[RegisterReason.UNFINISHED](), notes)
    if RegisterReason.AMENDED in found.reasons:
        return Answer(question, False, REASONS[RegisterReason.AMENDED](), notes)
    if RegisterReason.NOT_IN_FORCE in found.reasons:
        return Answer(question, False, _("It is the registered file, but the decision is no longer in force."), notes)
    return Answer(question, True, _("It is the registered file, byte for byte, and the decision is in force."), notes)


REASONS: Final[Mapping[Reason | RegisterReason, Callable[[], str]]] = MappingProxyType(
    {
        Reason.EMPTY: lambda: _("The file is empty."),
        Reason.TOO_LARGE: lambda: _("The file is larger than any decision."),
        Reason.NOT_READABLE: lambda: _("The file cannot be read as a PDF."),
        Reason.TOOK_TOO_LONG: lambda: _("Reading the file took too long and was stopped."),
        Reason.NOT_SIGNED: lambda: _("The file is not signed."),
        Reason.PERSON_MISSING: lambda: _("The leader's signature is missing."),
        Reason.BODY_MISSING: lambda: _("The body's seal is missing."),
        Reason.UNEXPECTED_SIGNATURE: lambda: _(
            "It has a signature or a signature field that a decision does not have."
        ),
        Reason.NOT_INTACT: lambda: _("A signature does not fit what it signs."),
        Reason.NOT_TRUSTED: lambda: _("A certificate does not lead to an authority trusted here."),
        Reason.CHANGED_AFTER_SIGNING: lambda: _("Something was changed after signing."),
        Reason.HASH_UNKNOWN: lambda: _("The register does not know this file."),
        Reason.HASH_DIFFERS: lambda: _("The file is not the one in the register."),
        RegisterReason.UNFINISHED: lambda: _(
            "It is an unfinished file of a decision: the body's seal was not applied yet."
        ),
        RegisterReason.AMENDED: lambda: _(
            "It is the registered file, but the decision was amended since: the targets of the later one apply."
        ),
        RegisterReason.NOT_IN_FORCE: lambda: _("The decision is no longer in force."),
    }
)
