"""Speaking SMTP with a real server: what an e-mail looks like, and what is known when the server fails."""

from __future__ import annotations

import dataclasses
import socket
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from allocapp import mail
from allocapp.config import MailServer
from allocapp.mail import Connection, Letter, NotSent, Uncertain, compose
from tests.mail_server import MailServerForTests, Mood, certificate_for, mail_server

LETTER = Letter(
    to="nguoi.nhan@example.vn",
    subject="Phương án giao chỉ tiêu của Huyện Bắc Sơn được trả lại để hoàn thiện, đề nghị xem và bổ sung trước hạn",
    text="Kính gửi\n\n.một dòng bắt đầu bằng dấu chấm\nTỷ lệ\n",
    message_id="<notice-7-1@example.vn>",
    at=datetime(2026, 3, 2, 3, 0, tzinfo=UTC),
)


@pytest.fixture
def server() -> Iterator[MailServerForTests]:
    with mail_server() as made:
        yield made


def named(server: MailServerForTests, **changes: object) -> MailServer:
    plain = MailServer("127.0.0.1", server.port, "none", "chitieu@example.vn", "", "")
    return dataclasses.replace(plain, **changes)  # type: ignore[arg-type]


def send(server: MailServerForTests, *letters: Letter, **changes: object) -> None:
    with Connection(named(server, **changes)) as connection:
        for letter in letters:
            connection.send(letter)


def test_what_arrives_is_what_was_written(server: MailServerForTests) -> None:
    send(server, LETTER, LETTER)
    assert server.conversations == 1
    taken = server.taken[0]
    assert (taken.sender, taken.recipients) == ("chitieu@example.vn", ["nguoi.nhan@example.vn"])
    assert taken.content.isascii()  # whatever servers stand on the way
    assert max(map(len, taken.content.split(b"\r\n"))) <= 78
    headers = taken.message
    assert headers["Subject"] == LETTER.subject
    assert headers["From"] == "allocapp <chitieu@example.vn>"
    assert headers["To"] == LETTER.to
    assert headers["Message-ID"] == LETTER.message_id
    assert headers["Date"].datetime == LETTER.at
    assert headers["Auto-Submitted"] == "auto-generated"
    assert headers.get_content_type() == "text/plain"
    assert taken.text.replace("\r\n", "\n").strip() == LETTER.text.strip()


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\u2028", "\x85", "\x0b", "\0"])
def test_no_header_can_be_slipped_in(server: MailServerForTests, end: str) -> None:
    subject = f"Xã A1{end}Bcc: other@example.vn{end}{end}Văn bản khác"
    text = f"Một{end}.{end}MAIL FROM:<x@example.vn>"
    send(server, dataclasses.replace(LETTER, subject=subject, text=text))
    (taken,) = server.taken
    assert taken.recipients == [LETTER.to]
    assert taken.message["Bcc"] is None
    assert taken.message["Subject"] == "Xã A1 Bcc: other@example.vn Văn bản khác"
    assert taken.text.split() == ["Một", ".", "MAIL", "FROM:<x@example.vn>"]


@pytest.mark.parametrize("to", ["", "x", "a@b.vn, c@d.vn", "a@b.vn\r\nRCPT TO:<c@d.vn>", "<a@b.vn>", "ê@b.vn"])
def test_what_is_no_address_is_not_even_tried(server: MailServerForTests, to: str) -> None:
    with pytest.raises(NotSent) as refused:
        send(server, dataclasses.replace(LETTER, to=to))
    assert (refused.value.reason, refused.value.unreachable) == (mail.NO_ADDRESS, False)
    assert server.conversations == 0


@pytest.mark.parametrize(
    ("mood", "reason", "unreachable"),
    [
        (Mood.REFUSES_RECIPIENT, "550 5.1.1 no such person here", False),
        (Mood.REFUSES_TEXT, "554 5.7.1 looks like spam", False),
        (Mood.SHUTS_DOWN, "421 mail.test closes for today", True),
    ],
)
def test_what_the_server_refuses_was_not_sent(
    server: MailServerForTests, mood: Mood, reason: str, unreachable: bool
) -> None:
    server.mood = mood
    with pytest.raises(NotSent) as refused:
        send(server, LETTER)
    assert (refused.value.reason, refused.value.unreachable) == (reason, unreachable)


def test_after_a_refusal_the_next_one_is_sent(server: MailServerForTests) -> None:
    with Connection(named(server)) as connection:
        server.mood = Mood.REFUSES_RECIPIENT
        with pytest.raises(NotSent):
            connection.send(LETTER)
        server.mood = Mood.FINE
        connection.send(LETTER)
    assert len(server.taken) == 1


def test_nobody_listening_is_not_sent() -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(NotSent) as refused:
        send(MailServerForTests(port=port), LETTER)
    assert refused.value.unreachable
    assert "refused" in refused.value.reason


def test_a_silent_server_is_not_waited_for_long(server: MailServerForTests, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "PATIENCE", 0.3)
    server.mood = Mood.SILENT_AT_ONCE
    with pytest.raises(NotSent) as refused:
        send(server, LETTER)
    assert refused.value.unreachable


@pytest.mark.parametrize("mood", [Mood.SILENT_AFTER_TEXT, Mood.HANGS_UP_AFTER_TEXT])
def test_silence_after_the_text_tells_nothing(
    server: MailServerForTests, mood: Mood, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "PATIENCE", 0.3)
    server.mood = mood
    with pytest.raises(Uncertain):
        send(server, LETTER)
    assert server.handed_over == 1


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_it_signs_in_and_speaks_in_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tls: str) -> None:
    context, trusted = certificate_for("localhost", tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with mail_server(context=context, tls=tls == "tls") as server:
        send(server, LETTER, host="localhost", tls=tls)
        if tls == "starttls":
            server.users = {"app": "geheim"}
            send(server, LETTER, host="localhost", tls=tls, user="app", password="geheim")
            with pytest.raises(NotSent, match="535 who are you"):
                send(server, LETTER, host="localhost", tls=tls, user="app", password="wrong")
            assert [(taken.secret, taken.user) for taken in server.taken] == [(True, ""), (True, "app")]
        assert server.taken


def test_a_server_that_cannot_keep_a_secret_is_told_nothing(
    server: MailServerForTests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotSent):
        send(server, LETTER, tls="starttls")
    context, _ = certificate_for("localhost", tmp_path)
    with mail_server(context=context) as stranger, pytest.raises(NotSent, match=r"(?i)certificate"):
        send(stranger, LETTER, host="localhost", tls="starttls")
    assert server.handed_over == stranger.handed_over == 0


def test_a_letter_is_the_same_whenever_it_is_written() -> None:
    assert compose(LETTER, "a@example.vn") == compose(LETTER, "a@example.vn")
