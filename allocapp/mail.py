"""The one place that speaks SMTP: what an e-mail looks like, and whether the server took it.

Three ends are told apart, because an e-mail that was taken must not be sent again: taken; not taken (:class:`NotSent`);
and nobody knows, because the server fell silent after it had been given the text (:class:`Uncertain`).
"""

from __future__ import annotations

import contextlib
import smtplib
import ssl
import unicodedata
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from types import TracebackType

from allocapp.config import MAIL_ADDRESS, MailServer

PATIENCE = 5.0  # seconds for each answer of the server
LONGEST_REASON = 400
NO_ADDRESS = "no_address"
TAKEN = (250, 251)
CLOSING = 421


class NotSent(Exception):
    """The server did not take the e-mail, and says why. ``unreachable``: it would take no other one now either."""

    def __init__(self, reason: str, *, unreachable: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.unreachable = unreachable


class Uncertain(Exception):
    """The server was given the e-mail and did not say whether it took it."""


@dataclass(frozen=True)
class Letter:
    """An e-mail in plain text to one person. The same letter always bears the same ``message_id``."""

    to: str
    subject: str
    text: str
    message_id: str
    at: datetime


def message_id(name: str, server: MailServer) -> str:
    """A Message-ID of the sender's domain for the letter of that name (letters, digits, dots and hyphens)."""
    return f"<{name}@{server.sender.rpartition('@')[2]}>"


def compose(letter: Letter, sender: str) -> bytes:
    """The e-mail as it is sent. A subject is one line, whatever stands in it."""
    message = EmailMessage(policy=SMTP)
    message["From"] = Address("allocapp", addr_spec=sender)
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"  # nobody's absence notice should answer it (RFC 3834)
    text = "\n".join(one_line(line, indent=True) for line in letter.text.split("\n"))
    message.set_content(text, cte="quoted-printable")
    return message.as_bytes()


def one_line(text: str, *, indent: bool = False) -> str:
    """The text without line ends and other control characters; ``indent`` keeps the spaces as they are."""
    plain = "".join(" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp", "Cs") else sign for sign in text)
    return plain.rstrip() if indent else " ".join(plain.split())


class Connection:
    """A conversation with the mail server: opened with the first letter, closed with the block."""

    def __init__(self, server: MailServer) -> None:
        self.server = server
        self._smtp: smtplib.SMTP | None = None

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._smtp is not None and kind is None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                self._smtp.quit()
        self._hang_up()

    def send(self, letter: Letter) -> None:
        """Have the server take the letter. Raises NotSent or Uncertain."""
        if not MAIL_ADDRESS.match(letter.to):
            raise NotSent(NO_ADDRESS, unreachable=False)
        content = compose(letter, self.server.sender)
        smtp = self._smtp or self._dial()
        try:
            self._announce(smtp, letter.to)
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise NotSent(_words(error), unreachable=True) from error
        try:
            answer = smtp.data(content)
        except smtplib.SMTPDataError as error:
            self._hang_up()
            raise NotSent(_answer(error.smtp_code, error.smtp_error), unreachable=False) from error
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise Uncertain(_words(error)) from error
        self._check(answer)

    def _dial(self) -> smtplib.SMTP:
        try:
            self._smtp = self._open()
            if self.server.tls == "starttls":
                self._smtp.starttls(context=ssl.create_default_context())
            if self.server.user:
                self._smtp.login(self.server.user, self.server.password)
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise NotSent(_words(error), unreachable=True) from error
        return self._smtp

    def _open(self) -> smtplib.SMTP:
        host, port = self.server.host, self.server.port
        if self.server.tls == "tls":
            return smtplib.SMTP_SSL(host, port, timeout=PATIENCE, context=ssl.create_default_context())
        return smtplib.SMTP(host, port, timeout=PATIENCE)

    def _announce(self, smtp: smtplib.SMTP, to: str) -> None:
        """Name sender and receiver; the one receiver that the letter has, whatever its headers say."""
        smtp.ehlo_or_helo_if_needed()
        self._check(smtp.mail(self.server.sender))
        self._check(smtp.rcpt(to))

    def _check(self, answer: tuple[int, bytes]) -> None:
        if answer[0] not in TAKEN:
            self._hang_up()
            raise NotSent(_answer(*answer), unreachable=answer[0] == CLOSING)

    def _hang_up(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
        self._smtp = None


def _answer(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return one_line(f"{code} {words}")[:LONGEST_REASON]


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        return _answer(error.smtp_code, error.smtp_error)
    return one_line(str(error) or type(error).__name__)[:LONGEST_REASON]
