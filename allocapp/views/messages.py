"""The one place where a domain error gets its HTTP status and its words: what is wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from flask_babel import gettext as _
from wtforms import Form

from allocapp import errors
from allocapp.documents.signing import CertificateProblem
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.views.formatting import count, day, decision_state_name, plan_state_name
from allocapp.views.statuses import Message, explain_status


@dataclass(frozen=True)
class Mistake:
    """One line of the error summary and, where there is one, the id of the field it links to."""

    text: str
    field_id: str = ""


def mistakes_of(form: Form) -> list[Mistake]:
    """The first message of every field that is wrong, in the order of the page."""
    return [Mistake(str(field.errors[0]), field.id) for field in form if field.errors]


def explain(error: errors.AllocappError) -> Message:
    """The words for a domain error, in the page's language."""
    return MESSAGES[type(error)](error)


def _state(state: str) -> str:
    """The words for a plan's or a decision's state; where both know it, they call it the same."""
    if state in set(PlanState):
        return plan_state_name(state)
    return decision_state_name(state) if state in set(DecisionState) else state


def _number_wanted(error: errors.InvalidPercent) -> Message:
    return Message(
        422,
        _("This is not a rate"),
        _("“%(text)s” is not a rate.", text=error.text),
        _("Write a number from 0 to 100 with at most two decimals, such as 80 or 79.6."),
    )


def _above_hundred(error: errors.PercentOutOfRange) -> Message:
    return Message(
        422,
        _("The rate is above 100%"),
        _("“%(text)s” is above 100%%.", text=error.text),
        _("Write a number from 0 to 100 with at most two decimals, such as 80 or 79.6."),
    )


def _count_wanted(error: errors.InvalidCount) -> Message:
    return Message(
        422,
        _("This is not a whole number"),
        _("“%(text)s” is not a whole number.", text=error.text),
        _("Write a whole number such as 1234."),
    )


def _not_in_this_state(error: errors.TransitionNotAllowed) -> Message:
    return Message(
        409,
        _("This can no longer be done"),
        _("Its state is now “%(state)s”, and in that state this action does not exist.", state=_state(error.state)),
        _("Somebody may have acted in the meantime: open the page again to see what comes next."),
    )


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


def _date_range(error: errors.DateNotAllowed) -> str:
    if error.not_before is None:
        return _("Choose %(last)s or an earlier day.", last=day(error.today))
    return _("Choose a day from %(first)s to %(last)s.", first=day(error.not_before), last=day(error.today))


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


def _certificate_problem(reason: str) -> str:
    return {
        CertificateProblem.EXPIRED: _("it has expired"),
        CertificateProblem.NOT_YET_VALID: _("it is not valid yet"),
        CertificateProblem.WEAK_KEY: _("its key is too weak"),
        CertificateProblem.WRONG_PURPOSE: _("it was not made for signing"),
    }[CertificateProblem(reason)]


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


def _setting_unusable(error: errors.ConfigurationError) -> Message:
    return Message(
        500,
        _("The system is not set up completely"),
        _("The setting %(name)s is missing or makes no sense.", name=error.name),
        _("Tell the technicians."),
    )


def _not_found(_error: errors.NotFound) -> Message:
    return explain_status(404)


def _forbidden(_error: errors.Forbidden) -> Message:
    return explain_status(403)


def _stale(_error: errors.StaleVersion) -> Message:
    return Message(
        409,
        _("Somebody else changed this in the meantime"),
        _("What you saw is no longer the newest version, so nothing was written over it."),
        _("Compare with what stands there now, then save again."),
    )


def _content_changed(_error: errors.ContentChanged) -> Message:
    return Message(
        409,
        _("The content is no longer what you saw"),
        _("Targets, weights or the assigned target have moved since this page was shown or the plan was approved."),
        _("Open the page again, look through the plan, and decide again."),
    )


def _rows_missing(error: errors.MissingRow) -> Message:
    return Message(
        422,
        _("Rows are missing"),
        _("The form came without %(number)s of the plan's cells, so nothing was saved.", number=count(len(error.keys))),
        _("Open the plan again: every receiver has a row, and each must be sent."),
    )


def _rows_unknown(error: errors.UnknownRow) -> Message:
    return Message(
        422,
        _("Rows that do not belong to this plan"),
        _(
            "The form brought %(number)s cells that this plan does not have, so nothing was saved.",
            number=count(len(error.keys)),
        ),
        _("Open the plan again and enter the targets of its own receivers only."),
    )


def _target_and_excuse(_error: errors.TargetWithExcuse) -> Message:
    return Message(
        422,
        _("A target and a reason for none"),
        _("The cell holds both a target and a reason why none is assigned."),
        _("Clear one of the two."),
    )


def _row_held(_error: errors.HeldRow) -> Message:
    return Message(
        409,
        _("A row is held"),
        _("Somebody holds a row that this would change, so nothing was changed."),
        _("Open the preview again: it leaves held rows as they are. Or release the row first."),
    )


def _no_aim(_error: errors.NoAim) -> Message:
    return Message(
        422,
        _("There is nothing to meet"),
        _("No target is assigned to this unit for the indicator, so the method does not know where to stop."),
        _("Write the overall rate or quantity to reach, then try again."),
    )


def _nothing_to_revert(_error: errors.NothingToRevert) -> Message:
    return Message(
        409,
        _("There is nothing to take back"),
        _("Nothing was applied to this plan, or it has been taken back already."),
        _("Open the plan again to see how it stands."),
    )


def _proposal_settled(_error: errors.ProposalSettled) -> Message:
    return Message(
        409,
        _("The proposal has been accepted"),
        _("It binds now, so it is neither changed nor withdrawn by the unit that made it."),
        _("Ask the approver to take the acceptance back; then propose anew."),
    )


def _own_proposal(_error: errors.ProposerMayNotDecide) -> Message:
    return Message(
        403,
        _("Who proposes does not decide"),
        _("You made this proposal or submitted this plan yourself."),
        _("Another approver of the superior unit has to decide on it."),
    )


def _nothing_proposed(_error: errors.NothingProposed) -> Message:
    return Message(
        422,
        _("Nothing new is proposed"),
        _("What you propose is what counts already."),
        _("Change the number or the services, or leave the page without sending."),
    )


def _services_unknown(error: errors.UnknownServices) -> Message:
    return Message(
        422,
        _("Services that the catalogue does not have"),
        _("The catalogue has no service of this code: %(codes)s.", codes=error.text),
        _("Write one code of the catalogue a line, such as 1.004194."),
    )


def _milestones_refused(error: errors.MilestonesRefused) -> Message:
    return Message(
        422,
        _("Milestones that do not lead to their targets"),
        _("%(number)s milestones do not lead to the target of their row.", number=count(len(error.problems))),
        _("Open the milestones of the plan: each is named there. Correct or clear it, then go on."),
    )


def _unbalanced(_error: errors.UnbalancedPlan) -> Message:
    return Message(
        422,
        _("The plan does not meet its assigned targets yet"),
        _("It cannot be submitted while a row is open or the common target is not met."),
        _("Complete the rows named, or raise targets until the shortfall is gone, then submit again."),
    )


def _superior_not_issued(error: errors.SuperiorNotIssued) -> Message:
    return Message(
        422,
        _("The superior's decision is not issued yet"),
        _("%(unit)s has not issued its decision, so your assigned targets are not known.", unit=error.unit_name),
        _("Go on drafting and saving; submit once that decision is issued."),
    )


def _reason_required(_error: errors.ReasonRequired) -> Message:
    return Message(
        422,
        _("A reason is needed"),
        _("This act undoes somebody else's work, so the journal must say why."),
        _("Write the reason, then confirm again."),
    )


def _too_long(error: errors.TextTooLong) -> Message:
    return Message(
        422,
        _("The text is too long"),
        _("At most %(limit)s characters can be kept.", limit=count(error.limit)),
        _("Shorten the text, then send it again."),
    )


def _own_plan(_error: errors.SubmitterMayNotApprove) -> Message:
    return Message(
        403,
        _("Who submitted a plan does not approve it"),
        _("You submitted this plan yourself."),
        _("Another approver of the superior unit has to look at it."),
    )


def _plan_exists(_error: errors.PlanExists) -> Message:
    return Message(
        409,
        _("There is a plan already"),
        _("The unit already has a plan in this campaign."),
        _("Open it from the list of plans."),
    )


def _may_not_allocate(error: errors.MayNotAllocate) -> Message:
    return Message(
        422,
        _("This unit passes no targets on"),
        _("%(unit)s has no receivers in this campaign or is not entitled to assign targets.", unit=error.unit_name),
        _("Ask the administrator if that is wrong."),
    )


def _password_wrong(_error: errors.WrongPassword) -> Message:
    return Message(
        422,
        _("The password is wrong"),
        _("Before signing, your own sign-in password is asked for again, and this one is not it."),
        _("Nothing was signed. Type the password you sign in with."),
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


MESSAGES: Final[Mapping[type[errors.AllocappError], Callable[[Any], Message]]] = MappingProxyType(
    {
        errors.InvalidPercent: _number_wanted,
        errors.PercentOutOfRange: _above_hundred,
        errors.InvalidCount: _count_wanted,
        errors.TransitionNotAllowed: _not_in_this_state,
        errors.DateNotAllowed: _date_refused,
        errors.FontMissing: _font_missing,
        errors.InvalidSnapshot: _snapshot_unusable,
        errors.WrongPassphrase: _passphrase_wrong,
        errors.CertificateNotValid: _certificate_unusable,
        errors.SignatureOutOfOrder: _signature_out_of_order,
        errors.DocumentNotSignable: _not_signable,
        errors.ConfigurationError: _setting_unusable,
        errors.NotFound: _not_found,
        errors.Forbidden: _forbidden,
        errors.StaleVersion: _stale,
        errors.ContentChanged: _content_changed,
        errors.MissingRow: _rows_missing,
        errors.UnknownRow: _rows_unknown,
        errors.TargetWithExcuse: _target_and_excuse,
        errors.HeldRow: _row_held,
        errors.NoAim: _no_aim,
        errors.NothingToRevert: _nothing_to_revert,
        errors.ProposalSettled: _proposal_settled,
        errors.ProposerMayNotDecide: _own_proposal,
        errors.NothingProposed: _nothing_proposed,
        errors.UnknownServices: _services_unknown,
        errors.MilestonesRefused: _milestones_refused,
        errors.UnbalancedPlan: _unbalanced,
        errors.SuperiorNotIssued: _superior_not_issued,
        errors.ReasonRequired: _reason_required,
        errors.TextTooLong: _too_long,
        errors.SubmitterMayNotApprove: _own_plan,
        errors.PlanExists: _plan_exists,
        errors.MayNotAllocate: _may_not_allocate,
        errors.WrongPassword: _password_wrong,
        errors.TooManyAttempts: _too_often,
        errors.SignatureClaimed: _being_signed,
        errors.SigningKeyMissing: _key_missing,
        errors.DocumentTextMissing: _words_missing,
        errors.NotAReceiver: _not_addressed,
        errors.QueueUnavailable: _queue_silent,
    }
)
