"""The one place where a domain error gets its HTTP status and its words: what is wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from flask_babel import gettext as _
from wtforms import Form

from allocapp import errors
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.views.campaign_words import CAMPAIGN_MESSAGES
from allocapp.views.decision_messages import DECISION_MESSAGES
from allocapp.views.delegation_messages import DELEGATION_MESSAGES
from allocapp.views.formatting import count, decision_state_name, plan_state_name
from allocapp.views.journal_words import JOURNAL_MESSAGES
from allocapp.views.opinion_messages import OPINION_MESSAGES
from allocapp.views.plan_messages import PLAN_MESSAGES
from allocapp.views.revision_words import REVISION_MESSAGES
from allocapp.views.road_messages import ROAD_MESSAGES
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


def _not_in_this_state(error: errors.TransitionNotAllowed) -> Message:
    return Message(
        409,
        _("This can no longer be done"),
        _("Its state is now “%(state)s”, and in that state this action does not exist.", state=_state(error.state)),
        _("Somebody may have acted in the meantime: open the page again to see what comes next."),
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


MESSAGES: Final[Mapping[type[errors.AllocappError], Callable[[Any], Message]]] = MappingProxyType(
    {
        **PLAN_MESSAGES,
        **DECISION_MESSAGES,
        **ROAD_MESSAGES,
        **REVISION_MESSAGES,
        **OPINION_MESSAGES,
        **DELEGATION_MESSAGES,
        **JOURNAL_MESSAGES,
        **CAMPAIGN_MESSAGES,
        errors.TransitionNotAllowed: _not_in_this_state,
        errors.ConfigurationError: _setting_unusable,
        errors.NotFound: _not_found,
        errors.Forbidden: _forbidden,
        errors.StaleVersion: _stale,
        errors.ReasonRequired: _reason_required,
        errors.TextTooLong: _too_long,
    }
)
