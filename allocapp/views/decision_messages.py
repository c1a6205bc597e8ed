"""What is said when a decision cannot be numbered, made, signed or acknowledged: what is wrong, where, what next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from flask_babel import gettext as _

from allocapp import errors
from allocapp.documents.signing import CertificateProblem
from allocapp.views.formatting import day
from allocapp.views.statuses import Message


def _certificate_problem(reason: str) -> str:
    return {
        CertificateProblem.EXPIRED: _("it has expired"),
        CertificateProblem.NOT_YET_VALID: _("it is not valid yet"),
        CertificateProblem.WEAK_KEY: _("its key is too weak"),
        CertificateProblem.WRONG_PURPOSE: _("it was not made for signing"),
    }[CertificateProblem(reason)]


def _date_range(error: errors.DateNotAllowed) -> str:
    if error.not_before is None:
        return _("Choose %(last)s or an earlier day.", last=day(error.today))
    return _("Choose a day from %(first)s to %(last)s.", first=day(error.not_before), last=day(error.today))


def _date_refused(error: errors.DateNotAllowed) -> Message:
    if error.day > error.today:
        text = _("The date %(day)s lies in the future.", day=day(error.day))
    else:
        text = _(
            "The date %(day)s lies before %(first)s, the day of the approval or of the number before this one.",
            day=day(error.day),
            first=day(error.not_before),
        )
    return Message(422, _("The document cannot bear this date"), text, _date_range(error))


def _font_missing(error: errors.FontMissing) -> Message:
    return Message(
        503,
        _("The file cannot be made"),
        _("No typeface complete in Vietnamese is installed on this server."),
        _("Ask the technicians to install one of these packages: %(packages)s.", packages=", ".join(error.packages)),
    )


def _snapshot_unusable(error: errors.InvalidSnapshot) -> Message:
    return Message(
        422,
        _("The file cannot be made"),
        _("The frozen content of the decision lacks something at “%(path)s”.", path=error.path),
        _("Refuse the decision with this reason, and take a new number once the campaign's texts are complete."),
    )


def _passphrase_wrong(_error: errors.WrongPassphrase) -> Message:
    return Message(
        422,
        _("The passphrase is wrong"),
        _("The signing key does not open with this passphrase."),
        _("Nothing was signed. Type the passphrase of your signing key again."),
    )


def _certificate_unusable(error: errors.CertificateNotValid) -> Message:
    return Message(
        422,
        _("The certificate cannot sign"),
        _(
            "The certificate “%(subject)s” cannot be used: %(reason)s.",
            subject=error.subject,
            reason=_certificate_problem(error.reason),
        ),
        _("Nothing was signed. Ask the technicians to set up a valid certificate."),
    )


def _signature_out_of_order(_error: errors.SignatureOutOfOrder) -> Message:
    return Message(
        409,
        _("It is not this signature's turn"),
        _("The person signs first, then the body's seal is applied, once each."),
        _("Open the decision again to see which signature comes next."),
    )


def _not_signable(_error: errors.DocumentNotSignable) -> Message:
    return Message(
        422,
        _("This file cannot be signed"),
        _("Only a file made by this system, unchanged, is signed here."),
        _("Open the decision again; if the message returns, refuse it with this reason and take a new number."),
    )


def _password_wrong(_error: errors.WrongPassword) -> Message:
    return Message(
        422,
        _("The password is wrong"),
        _("Before signing, your own sign-in password is asked for again, and this one is not it."),
        _("Nothing was signed. Type the password you sign in with."),
    )


def _verifying_others(_error: errors.VerificationBusy) -> Message:
    return Message(
        503,
        _("Other files are being checked"),
        _("Only a few files are checked at the same time, and all places are taken."),
        _("Choose the file again in half a minute."),
    )


def _too_often(_error: errors.TooManyAttempts) -> Message:
    return Message(
        429,
        _("Too many attempts"),
        _("The password was wrong too often, so no password is taken for a while."),
        _("Wait 15 minutes, then try again. Nothing was signed."),
    )


def _being_signed(_error: errors.SignatureClaimed) -> Message:
    return Message(
        409,
        _("This decision is being signed at this moment"),
        _("Somebody, or another window of yours, has begun to sign it."),
        _("Wait two minutes, then open the decision again."),
    )


def _key_missing(error: errors.SigningKeyMissing) -> Message:
    return Message(
        503,
        _("There is no signing key"),
        _("No signing key is set up for %(unit)s.", unit=error.unit_name),
        _("Nothing was signed. Tell the technicians; the decision waits here."),
    )


def _words_missing(error: errors.DocumentTextMissing) -> Message:
    return Message(
        422,
        _("The decision's text is missing"),
        _("The campaign has no text for decisions of %(unit)s.", unit=error.unit_name),
        _("Ask the administrator to add it, then try again."),
    )


def _words_unusable(error: errors.InvalidDocumentText) -> Message:
    return Message(
        422,
        _("The decision's text cannot be filled in"),
        _("The campaign's text names {%(name)s}, which nothing fills in.", name=error.name),
        _("Ask the administrator to correct the text, then try again."),
    )


def _file_damaged(_error: errors.StoredFileDamaged) -> Message:
    return Message(
        409,
        _("The stored file is damaged"),
        _("What is stored is not what was made: its check sum differs. It is not used."),
        _("Nothing was signed. Tell the technicians at once."),
    )


def _not_addressed(_error: errors.NotAReceiver) -> Message:
    return Message(
        422,
        _("This decision is not addressed to the unit"),
        _("Only a unit that the decision assigns targets to, and that it is issued for, acknowledges it."),
        _("Open the unit's page of targets: the decisions it receives stand there."),
    )


def _queue_silent(_error: errors.QueueUnavailable) -> Message:
    return Message(
        503,
        _("The work is written down but waits"),
        _("The queue does not answer at this moment. Nothing is lost: the work is sent again by itself."),
        _("Look again in a few minutes."),
    )


DECISION_MESSAGES: Final[Mapping[type[errors.AllocappError], Callable[[Any], Message]]] = MappingProxyType(
    {
        errors.DateNotAllowed: _date_refused,
        errors.FontMissing: _font_missing,
        errors.InvalidSnapshot: _snapshot_unusable,
        errors.WrongPassphrase: _passphrase_wrong,
        errors.CertificateNotValid: _certificate_unusable,
        errors.SignatureOutOfOrder: _signature_out_of_order,
        errors.DocumentNotSignable: _not_signable,
        errors.WrongPassword: _password_wrong,
        errors.TooManyAttempts: _too_often,
        errors.VerificationBusy: _verifying_others,
        errors.SignatureClaimed: _being_signed,
        errors.SigningKeyMissing: _key_missing,
        errors.DocumentTextMissing: _words_missing,
        errors.InvalidDocumentText: _words_unusable,
        errors.StoredFileDamaged: _file_damaged,
        errors.NotAReceiver: _not_addressed,
        errors.QueueUnavailable: _queue_silent,
    }
)
