"""What is said when receivers cannot be asked, heard or answered, and when a request for adjustment is refused."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from flask_babel import gettext as _

from allocapp import errors
from allocapp.views.formatting import day
from allocapp.views.statuses import Message


def _date_not_allowed(error: errors.OpinionDateNotAllowed) -> Message:
    return Message(
        422,
        _("The day does not fit"),
        _(
            "Receivers can be asked until a day from %(first)s to %(last)s.",
            first=day(error.today),
            last=day(error.last),
        ),
        _("Choose a day that is not over and lies in the campaign's period."),
    )


def _open(error: errors.OpinionsOpen) -> Message:
    return Message(
        409,
        _("The receivers are being asked"),
        _("The receivers are being asked for their opinions until the end of %(day)s.", day=day(error.day)),
        _("Wait for that day, or end the asking on the page of opinions; then go on."),
    )


def _closed(_error: errors.OpinionsClosed) -> Message:
    return Message(
        409,
        _("Opinions are no longer taken"),
        _("The day until which the receivers were asked is over, or the preparer has ended the asking."),
        _("Nothing was changed. Speak to the unit that prepares the plan if something is still to be said."),
    )


def _unanswered(error: errors.OpinionsUnanswered) -> Message:
    return Message(
        422,
        _("Opinions are not answered yet"),
        _("These receivers propose other figures and have no answer: %(units)s.", units=", ".join(error.units)),
        _("Open the opinions of the receivers, take each figure up or explain why not, then go on."),
    )


def _nothing_to_agree_with(_error: errors.NothingToAgreeWith) -> Message:
    return Message(
        422,
        _("There is no figure to agree with"),
        _("You were asked without a figure."),
        _("Register the figure that you propose, with the reason."),
    )


def _both(_error: errors.AgreedAndProposed) -> Message:
    return Message(
        422,
        _("Agreed, and another figure"),
        _("You agree and write another figure as well."),
        _("Clear the figure, or choose that you propose another one."),
    )


def _source_required(_error: errors.SourceRequired) -> Message:
    return Message(
        422,
        _("Where the opinion comes from is missing"),
        _("An opinion that is entered for a unit needs to say where it came from."),
        _("Write the letter with its number and day, the meeting, or who said it on the telephone."),
    )


def _speaks_for_itself(error: errors.ReceiverSpeaksForItself) -> Message:
    return Message(
        403,
        _("The unit gives its opinion itself"),
        _("%(unit)s has people with accounts, so nobody else enters its opinion.", unit=error.unit_name),
        _("Ask the unit to give its opinion here."),
    )


def _already_asked(_error: errors.AdjustmentAlreadyAsked) -> Message:
    return Message(
        409,
        _("There is a request already"),
        _("Your unit has asked for an adjustment of this target, and the request is still open."),
        _("Wait for the answer, or withdraw the request and ask anew."),
    )


def _settled(_error: errors.AdjustmentSettled) -> Message:
    return Message(
        409,
        _("The request is no longer open"),
        _("It was answered, accepted or withdrawn in the meantime, so nothing was changed."),
        _("Open the page again to see what became of it."),
    )


OPINION_MESSAGES: Final[Mapping[type[errors.AllocappError], Callable[[Any], Message]]] = MappingProxyType(
    {
        errors.OpinionDateNotAllowed: _date_not_allowed,
        errors.OpinionsOpen: _open,
        errors.OpinionsClosed: _closed,
        errors.OpinionsUnanswered: _unanswered,
        errors.NothingToAgreeWith: _nothing_to_agree_with,
        errors.AgreedAndProposed: _both,
        errors.SourceRequired: _source_required,
        errors.ReceiverSpeaksForItself: _speaks_for_itself,
        errors.AdjustmentAlreadyAsked: _already_asked,
        errors.AdjustmentSettled: _settled,
    }
)
