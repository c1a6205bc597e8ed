"""What the journal says: the choices of its filters, the lines of its workbook."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from flask_babel.speaklater import LazyString

from allocapp import errors
from allocapp.clock import ZONE
from allocapp.files.listing import ListColumn
from allocapp.models.event import Event, Subject
from allocapp.views.formatting import ACTION_NAMES, action_name, count, state_name
from allocapp.views.statuses import Message

SUBJECT_NAMES: Final[Mapping[Subject, LazyString]] = MappingProxyType(
    {
        Subject.PLAN: lazy("Plans"),
        Subject.DECISION: lazy("Decisions"),
        Subject.ACCOUNT: lazy("Accounts"),
        Subject.CAMPAIGN: lazy("Campaigns"),
        Subject.UNIT: lazy("Units"),
    }
)


def subject_choices() -> list[tuple[str, str]]:
    """What events are about, for a filter."""
    return [(subject.value, str(name)) for subject, name in SUBJECT_NAMES.items()]


def action_choices() -> list[tuple[str, str]]:
    """Every act that the journal knows, for a filter, in the order of their names."""
    names = [(f"{subject}.{action}", str(name)) for (subject, action), name in ACTION_NAMES.items()]
    return sorted(names, key=lambda choice: choice[1])


def list_columns() -> list[ListColumn]:
    """The columns of the workbook."""
    return [
        ListColumn(_("When"), 20),
        ListColumn(_("What"), 34),
        ListColumn(_("About"), 18),
        ListColumn(_("Who"), 32),
        ListColumn(_("In the place of"), 40),
        ListColumn(_("Unit"), 30),
        ListColumn(_("From"), 22),
        ListColumn(_("To"), 22),
        ListColumn(_("Why"), 60),
        ListColumn(_("Address"), 18),
    ]


def list_row(event: Event, about: str) -> list[str | datetime]:
    """A line of the workbook; ``about`` is the name of the account that it is about, if it is about one."""
    number = "" if event.subject_id is None else f" #{event.subject_id}"
    return [
        event.at.astimezone(ZONE),
        action_name(event.action, event.subject),
        about or f"{SUBJECT_NAMES[event.subject]}{number}",
        who_acted(event),
        event.capacity,
        event.unit.name if event.unit else "",
        state_name(event.from_state, event.subject),
        state_name(event.to_state, event.subject),
        event.reason,
        event.address,
    ]


def who_acted(event: Event) -> str:
    """Whose act it was."""
    if event.account is not None:
        return event.account.name
    return _("unknown account") if event.subject is Subject.ACCOUNT else _("the system")


def _too_long(error: errors.JournalTooLong) -> Message:
    return Message(
        413,
        _("These are too many lines for one workbook"),
        _(
            "%(number)s lines were found; a workbook takes %(limit)s.",
            number=count(error.number),
            limit=count(error.limit),
        ),
        _("Narrow the days or the unit, and take them along in parts."),
    )


JOURNAL_MESSAGES: Final[Mapping[type[errors.AllocappError], Callable[[Any], Message]]] = MappingProxyType(
    {errors.JournalTooLong: _too_long}
)
