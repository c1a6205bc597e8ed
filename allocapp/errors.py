"""Domain errors: named for what happened, carrying values, without words for the screen.

Every error the application raises on purpose is an `AllocappError`. The text a person reads is made
where the error is shown; here are only the values that text needs, as attributes.
"""

from __future__ import annotations

from datetime import date


class AllocappError(Exception):
    """Base of everything that can go wrong in a way the application foresees."""


class InvalidPercent(AllocappError):
    """The text is not a rate such as `80`, `79,6` or `79.65`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class PercentOutOfRange(AllocappError):
    """The text is a number, but above 100 per cent."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class InvalidCount(AllocappError):
    """The text is not a whole number such as `1234` or `1.234`, or it is too large to be a count."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class TransitionNotAllowed(AllocappError):
    """The workflow knows no such action in this state."""

    def __init__(self, state: str, action: str) -> None:
        super().__init__(f"{action} is not allowed in state {state}")
        self.state = state
        self.action = action


class DateNotAllowed(AllocappError):
    """A document cannot bear this date: it lies in the future or before what the document rests on."""

    def __init__(self, day: date, not_before: date | None, today: date) -> None:
        super().__init__(f"{day} is not within {not_before} and {today}")
        self.day = day
        self.not_before = not_before
        self.today = today
