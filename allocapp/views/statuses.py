"""What a person is told for an HTTP status that no domain error stands behind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from flask_babel import gettext as _


@dataclass(frozen=True)
class Message:
    """What a person is told: the status of the answer, what happened, why and where, what to do next."""

    status: int
    title: str
    text: str
    next_step: str = ""

    @property
    def in_full(self) -> str:
        """What happened and what to do next, as one text for a place beside a field."""
        return f"{self.text} {self.next_step}".rstrip()


def explain_status(status: int) -> Message:
    """The words for an HTTP status that no domain error stands behind."""
    if status in HTTP_MESSAGES:
        return HTTP_MESSAGES[status]()
    general = HTTP_MESSAGES[500 if status >= 500 else 400]()
    return Message(status, general.title, general.text, general.next_step)


def explain_other_site() -> Message:
    """The words for a form that another site's page sent."""
    return Message(
        403,
        _("The form did not come from this site"),
        _("Your browser says that another site's page sent it, so it was not accepted."),
        _("If you meant to do this, open the page here and send its own form."),
    )


def explain_host() -> Message:
    """The words for a request under a host name that this installation does not answer to."""
    return Message(400, _("Unknown address"), _("This system does not answer under this address."))


HTTP_MESSAGES: Final[Mapping[int, Callable[[], Message]]] = MappingProxyType(
    {
        400: lambda: Message(
            400,
            _("The request could not be understood"),
            _("Something was missing in what the browser sent."),
            _("Go back, check what you typed, and try again."),
        ),
        401: lambda: Message(
            401, _("Please sign in"), _("Your session has ended or you are not signed in."), _("Sign in again.")
        ),
        403: lambda: Message(
            403,
            _("You may not do this"),
            _("Your roles do not allow this page or action."),
            _("If it is part of your work, ask your unit's administrator for the role."),
        ),
        404: lambda: Message(
            404,
            _("There is nothing here"),
            _("The page does not exist, or it lies outside what your unit works with."),
            _("Check the address, or go on from your list of tasks."),
        ),
        405: lambda: Message(
            405,
            _("This address is only for sending a form"),
            _("It cannot be opened by itself, for example from a bookmark or by reloading."),
            _("Go on from your list of tasks; what was saved is kept."),
        ),
        409: lambda: Message(
            409,
            _("Somebody else acted in the meantime"),
            _("What you saw is no longer the newest state."),
            _("Open the page again and look at what stands there now."),
        ),
        413: lambda: Message(
            413,
            _("Too much was sent"),
            _("A form or file may have at most 2 MB."),
            _("Send a smaller file."),
        ),
        422: lambda: Message(
            422,
            _("What was sent does not fit"),
            _("Some of it is missing or makes no sense."),
            _("Go back, correct it, and send it again."),
        ),
        500: lambda: Message(
            500,
            _("Something went wrong here"),
            _("It is not your fault. What was saved before is kept; the last action may not have been."),
            _("Try again in a minute. If it happens again, tell the technicians the time and what you did."),
        ),
        503: lambda: Message(
            503,
            _("The system does not answer fully at this moment"),
            _("The database or another part is busy or unreachable. What was saved before is kept."),
            _("Try again in a minute."),
        ),
    }
)
