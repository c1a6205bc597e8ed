"""A real SMTP server for tests (RFC 5321, STARTTLS, AUTH PLAIN): it listens on a port and keeps what it takes.

Its ``mood`` makes it fail as real ones do. The package usual for this, aiosmtpd, has had no release since May 2024.
"""

from __future__ import annotations

import base64
import contextlib
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from enum import Enum, auto
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Mood(Enum):
    """What the server is like today."""

    FINE = auto()
    REFUSES_RECIPIENT = auto()
    REFUSES_TEXT = auto()
    SHUTS_DOWN = auto()  # says so instead of a greeting
    SILENT_AT_ONCE = auto()  # accepts the connection and says nothing
    SILENT_AFTER_TEXT = auto()  # takes the text and says nothing
    HANGS_UP_AFTER_TEXT = auto()


@dataclass
class Taken:
    """One e-mail as it was handed over."""

    sender: str
    recipients: list[str]
    content: bytes
    secret: bool  # over TLS
    user: str

    @property
    def message(self) -> EmailMessage:
        """Its headers and text, decoded."""
        message = message_from_bytes(self.content, policy=default)
        assert isinstance(message, EmailMessage)
        return message

    @property
    def text(self) -> str:
        """The plain text."""
        return str(self.message.get_content())


@dataclass
class MailServerForTests:
    """What a test sees of the server."""

    mood: Mood = Mood.FINE
    taken: list[Taken] = field(default_factory=list)
    texts: list[bytes] = field(default_factory=list)  # that reached it, whether or not it took them
    conversations: int = 0
    context: ssl.SSLContext | None = None
    users: dict[str, str] = field(default_factory=dict)
    port: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    # called when a text is there and not yet answered
    before_answer: Callable[[], None] = lambda: None

    @property
    def handed_over(self) -> int:
        """How many texts reached it."""
        return len(self.texts)


class Conversation(socketserver.StreamRequestHandler):
    """One client, from greeting to QUIT."""

    timeout = 20
    state: MailServerForTests

    def handle(self) -> None:
        self.state = self.server.state  # type: ignore[attr-defined]  # set where it is made
        self.state.conversations += 1
        self.secret, self.user = False, ""
        self._forget()
        if self.state.mood is Mood.SILENT_AT_ONCE:
            self.state.over.wait(self.timeout)
            return
        if self.state.mood is Mood.SHUTS_DOWN:
            self._say("421 mail.test closes for today")
            return
        self._say("220 mail.test ESMTP")
        with contextlib.suppress(OSError, EOFError):
            while self._answer(self._line()):
                pass

    def finish(self) -> None:
        super().finish()
        if isinstance(self.request, ssl.SSLSocket):
            self.request.close()  # the listener closes only the socket that it accepted

    def _line(self) -> str:
        line = self.rfile.readline(2000)
        if not line.endswith(b"\r\n"):
            raise EOFError
        return line[:-2].decode("ascii")

    def _say(self, *lines: str) -> None:
        for number, line in enumerate(lines, 1):
            self.wfile.write(f"{line[:3]}{'-' if number < len(lines) else ' '}{line[4:]}\r\n".encode("ascii"))
        self.wfile.flush()

    def _forget(self) -> None:
        self.sender: str | None = None
        self.recipients: list[str] = []

    def _answer(self, line: str) -> bool:
        """Answer one command; False where the conversation is over."""
        verb, _, rest = line.partition(" ")
        answer = getattr(self, f"_on_{verb.lower()}", None)
        if answer is None:
            self._say("500 unknown command")
            return True
        return answer(rest) is not False

    def _on_ehlo(self, _: str) -> None:
        self._forget()
        offers = ["250 mail.test", "250 8BITMIME"]
        offers += ["250 STARTTLS"] if self.state.context and not self.secret else []
        offers += ["250 AUTH PLAIN"] if self.state.users and self.secret else []
        self._say(*offers)

    def _on_starttls(self, _: str) -> None:
        assert self.state.context is not None
        self._say("220 go ahead")
        self.rfile.close()
        self.request = self.state.context.wrap_socket(self.request, server_side=True)
        self.rfile, self.wfile = self.request.makefile("rb"), self.request.makefile("wb")
        self.secret = True

    def _on_auth(self, rest: str) -> None:
        _, user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
        if self.state.users.get(user) == password:
            self.user = user
            self._say("235 welcome")
        else:
            self._say("535 who are you?")

    def _on_mail(self, rest: str) -> None:
        if self.state.users and not self.user:
            self._say("530 sign in first")
            return
        self.sender = rest.removeprefix("FROM:").partition(" ")[0].strip("<>")
        self._say("250 ok")

    def _on_rcpt(self, rest: str) -> None:
        if self.state.mood is Mood.REFUSES_RECIPIENT:
            self._say("550 5.1.1 no such person here")
            return
        self.recipients.append(rest.removeprefix("TO:").strip("<>"))
        self._say("250 ok")

    def _on_data(self, _: str) -> bool:
        if self.sender is None or not self.recipients:
            self._say("503 from whom to whom?")
            return True
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line.endswith(b"\r\n"):
                raise EOFError
            lines.append(line[1:] if line.startswith(b".") else line)
        return self._take(b"".join(lines))

    def _take(self, content: bytes) -> bool:
        self.state.texts.append(content)
        self.state.before_answer()
        if self.state.mood is Mood.REFUSES_TEXT:
            self._say("554 5.7.1 looks like spam")
            return True
        if self.state.mood is Mood.SILENT_AFTER_TEXT:
            self.state.over.wait(self.timeout)
            return False
        if self.state.mood is Mood.HANGS_UP_AFTER_TEXT:
            return False
        self.state.taken.append(Taken(self.sender or "", self.recipients, content, self.secret, self.user))
        self._forget()
        self._say("250 taken")
        return True

    def _on_rset(self, _: str) -> None:
        self._forget()
        self._say("250 ok")

    def _on_noop(self, _: str) -> None:
        self._say("250 ok")

    def _on_quit(self, _: str) -> bool:
        self._say("221 goodbye")
        return False


class _Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    state: MailServerForTests
    wrap: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        with contextlib.suppress(OSError):
            accepted = self.wrap.wrap_socket(request, server_side=True) if self.wrap else request
            super().finish_request(accepted, client_address)


@contextmanager
def mail_server(*, context: ssl.SSLContext | None = None, tls: bool = False) -> Iterator[MailServerForTests]:
    """The server for as long as the block runs. ``context`` offers STARTTLS; ``tls``: TLS from the first byte."""
    with _Listener(("127.0.0.1", 0), Conversation) as listener:
        state = listener.state = MailServerForTests(context=None if tls else context)
        listener.wrap = context if tls else None
        state.port = listener.server_address[1]
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield state
        finally:
            state.over.set()
            listener.shutdown()
            thread.join()


def certificate_for(host: str, folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server's context with a certificate of its own for ``host``, and the file in which clients may trust it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    trusted, private = folder / "mail.pem", folder / "mail.key"
    trusted.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(trusted, private)
    return context, trusted
