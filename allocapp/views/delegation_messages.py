"""What is said when a role cannot be delegated: what is wrong, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from flask_babel import gettext as _

from allocapp import errors
from allocapp.views.formatting import day, role_name
from allocapp.views.statuses import Message


def _not_lendable(error: errors.RoleNotLendable) -> Message:
    return Message(
        422,
        _("This role is not delegated"),
        _(
            "“%(role)s” cannot be delegated; only approvers and signing leaders delegate.",
            role=role_name(error.held_role),
        ),
        _("Choose another role, or ask an administrator to give the person a role of their own."),
    )


def _lent_on(_error: errors.DelegationLentOn) -> Message:
    return Message(
        422,
        _("A delegated role is not delegated on"),
        _("You act in this role for somebody else, so you cannot pass it on."),
        _("Ask the person who holds the role to delegate it."),
    )


def _to_oneself(_error: errors.DelegationToOneself) -> Message:
    return Message(
        422,
        _("This is your own account"),
        _("A role is delegated to somebody else."),
        _("Choose another person."),
    )


def _inactive(error: errors.DelegateInactive) -> Message:
    return Message(
        422,
        _("The account is switched off"),
        _("%(name)s cannot sign in, so nobody would act in your place.", name=error.name),
        _("Choose another person."),
    )


def _outside(error: errors.DelegateOutside) -> Message:
    return Message(
        422,
        _("The person belongs to another body"),
        _("Your role is delegated to people with a role in %(unit)s or below it.", unit=error.unit_name),
        _("Choose another person."),
    )


def _to_submitter(error: errors.DelegationToSubmitter) -> Message:
    return Message(
        422,
        _("Who submitted a plan does not decide on it"),
        _(
            "%(name)s submitted the plan of %(unit)s, which your role decides on now.",
            name=error.name,
            unit=error.unit_name,
        ),
        _("Choose another person, or delegate once that plan has been issued."),
    )


def _dates(error: errors.DelegationDates) -> Message:
    texts = {
        "past": _("The first day lies in the past."),
        "backwards": _("The last day lies before the first."),
        "long": _("A delegation lasts a year at most."),
    }
    return Message(422, _("These days make no delegation"), texts[error.problem], _("Choose other days."))


def _overlaps(error: errors.DelegationOverlaps) -> Message:
    return Message(
        409,
        _("The role is delegated to this person already"),
        _(
            "It is, from %(first)s to %(last)s, and the days overlap.",
            first=day(error.valid_from),
            last=day(error.valid_to),
        ),
        _("Choose other days, or end the earlier delegation first."),
    )


def _over(_error: errors.DelegationOver) -> Message:
    return Message(
        409,
        _("The delegation has ended already"),
        _("It was ended, or its last day is over."),
        _("Nothing is left to do."),
    )


def _title_required(_error: errors.TitleRequired) -> Message:
    return Message(
        422,
        _("A title is needed"),
        _("Documents print it under the capacity, such as “Phó Chủ tịch”."),
        _("Write the title of the person who acts for you."),
    )


def _other_signer(error: errors.OtherSigner) -> Message:
    return Message(
        409,
        _("The decision was made out for another signer"),
        _("Its signature block names %(name)s.", name=error.name),
        _("That person signs it; or refuse the signature, and the clerk numbers it anew for another signer."),
    )


DELEGATION_MESSAGES: Final[Mapping[type[errors.AllocappError], Callable[[Any], Message]]] = MappingProxyType(
    {
        errors.RoleNotLendable: _not_lendable,
        errors.DelegationLentOn: _lent_on,
        errors.DelegationToOneself: _to_oneself,
        errors.DelegateInactive: _inactive,
        errors.DelegateOutside: _outside,
        errors.DelegationToSubmitter: _to_submitter,
        errors.DelegationDates: _dates,
        errors.DelegationOverlaps: _overlaps,
        errors.DelegationOver: _over,
        errors.TitleRequired: _title_required,
        errors.OtherSigner: _other_signer,
    }
)
