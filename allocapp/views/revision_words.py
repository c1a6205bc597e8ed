"""What a decision does to another one, in words, and what is said when a plan cannot be revised or revoked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from flask import Flask
from flask_babel import gettext as _

from allocapp import errors
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision
from allocapp.views.formatting import decision_name
from allocapp.views.statuses import Message


def effect_on(decision: Decision, affected: Decision) -> str:
    """What the decision does to the one before it: "amends Decision No. 05/QĐ-UBND of 05/06/2022"."""
    name = decision_name(affected)
    if decision.kind is DecisionKind.AMEND:
        return _("amends %(decision)s", decision=name)
    if decision.kind is DecisionKind.REPLACE:
        return _("replaces %(decision)s", decision=name)
    return _("revokes %(decision)s", decision=name)


def effect_of_later(_decision: Decision, later: Decision) -> str:
    """What a later decision did to this one: "replaced by Decision No. …"."""
    name = decision_name(later)
    if later.kind is DecisionKind.AMEND:
        return _("amended by %(decision)s", decision=name)
    if later.kind is DecisionKind.REPLACE:
        return _("replaced by %(decision)s", decision=name)
    return _("revoked by %(decision)s", decision=name)


def register_revision_filters(app: Flask) -> None:
    """Make the words known to the templates."""
    for function in (effect_on, effect_of_later):
        app.jinja_env.filters[function.__name__] = function


def _revision_under_way(error: errors.RevisionUnderWay) -> Message:
    return Message(
        409,
        _("A revision is on its way"),
        _("Revision %(number)d of this plan is on its way; there is one at a time.", number=error.revision),
        _("Go on with it, or give it up first."),
    )


def _revocation_under_way(_error: errors.RevocationUnderWay) -> Message:
    return Message(
        409,
        _("A revocation is on its way"),
        _("A decision that revokes this plan is on its way."),
        _("Until it has a number, who ordered it can take it back."),
    )


REVISION_MESSAGES: Final[Mapping[type[errors.AllocappError], Callable[[Any], Message]]] = MappingProxyType(
    {
        errors.RevisionUnderWay: _revision_under_way,
        errors.RevocationUnderWay: _revocation_under_way,
    }
)
