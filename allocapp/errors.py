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


class FontMissing(AllocappError):
    """No Times-metric face complete in Vietnamese is installed; any one of `packages` brings one."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        super().__init__(f"no serif face complete in Vietnamese: install {' or '.join(packages)}")
        self.packages = packages


class InvalidSnapshot(AllocappError):
    """A decision's snapshot cannot be printed: what stands at `path` is missing or of another shape."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: expected {expected}")
        self.path = path
        self.expected = expected


class WrongPassphrase(AllocappError):
    """The passphrase does not open the key file, or the file is no key file."""


class CertificateNotValid(AllocappError):
    """This certificate cannot sign: `reason` is one of documents.signing.CertificateProblem."""

    def __init__(self, reason: str, subject: str) -> None:
        super().__init__(f"{subject}: {reason}")
        self.reason = reason
        self.subject = subject


class SignatureOutOfOrder(AllocappError):
    """The file is not at the step this signature belongs to: the person signs first, then the body, once each."""

    def __init__(self, role: str, signed: tuple[str, ...]) -> None:
        super().__init__(f"{role} cannot sign: signed so far by {', '.join(signed) or 'nobody'}")
        self.role = role
        self.signed = signed


class DocumentNotSignable(AllocappError):
    """The file is no PDF with the two signature fields reserved: it was not rendered here."""
