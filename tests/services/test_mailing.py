"""E-mails on their way: each is sent once although jobs run twice, are killed, or speak to servers that fail."""

from __future__ import annotations

import dataclasses
import os
import signal
import threading
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from email import message_from_bytes

import pytest
from flask import Flask

from allocapp import mail
from allocapp.config import MailServer
from allocapp.db import db, transaction
from allocapp.jobs import mail as job
from allocapp.models.notice import Mailing, MailState, Notice, NoticeChoice, NoticeKind
from allocapp.services.mail import CLAIM, PAUSES, UNCERTAIN, claim_digest, claim_letter, finish_mail
from allocapp.services.notice import next_digest, notify
from tests.factories import NOW, World
from tests.mail_server import MailServerForTests, Mood, mail_server

HOUR = timedelta(hours=1)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[datetime]:
    """The job's clock: its last entry is the present moment."""
    moments = [NOW]
    monkeypatch.setattr(job, "now", lambda: moments[-1])
    monkeypatch.setattr(mail, "PATIENCE", 0.5)
    return moments


@pytest.fixture
def server(database: Flask, world: World, clock: list[datetime]) -> Iterator[MailServerForTests]:
    """A mail server that the installation knows, and people with addresses."""
    with transaction():
        for login in ("a.preparer", "b.preparer", "p.approver"):
            world.account(login).email = f"{login}@example.vn"
    config = database.config["ALLOCAPP"]
    with mail_server() as made:
        address = MailServer("127.0.0.1", made.port, "none", "chitieu@example.vn", "", "")
        database.config["ALLOCAPP"] = dataclasses.replace(config, mail=address, public_url="https://x.vn/ct")
        try:
            yield made
        finally:
            database.config["ALLOCAPP"] = config


def tell(world: World, *logins: str, key: str = "returned:1", kind: NoticeKind = NoticeKind.PLAN_RETURNED) -> None:
    with transaction():
        people = [world.account(login) for login in logins]
        notify(kind, people, key=key, now=NOW, unit=world.unit("A"), words={"reason": "Tỷ lệ 79,6% là thấp"})


def states() -> dict[str, list[tuple[MailState, str]]]:
    found: dict[str, list[tuple[MailState, str]]] = {}
    for notice in db.session.scalars(db.select(Notice).order_by(Notice.id).execution_options(populate_existing=True)):
        found.setdefault(notice.account.login, []).append((notice.mail, notice.mail_error))
    db.session.rollback()
    return found


def one(login: str = "a.preparer") -> tuple[MailState, str]:
    (found,) = states()[login]
    return found


def test_each_is_sent_once_to_its_own_reader(world: World, server: MailServerForTests) -> None:
    tell(world, "a.preparer", "p.approver", "p.leader")
    for _ in range(3):
        job.send_mail()
    assert sorted(taken.recipients for taken in server.taken) == [["a.preparer@example.vn"], ["p.approver@example.vn"]]
    assert states() == {
        "a.preparer": [(MailState.SENT, "")], "p.approver": [(MailState.SENT, "")], "p.leader": [(MailState.NONE, "")],
    }  # fmt: skip
    (first, second) = (taken.message["Message-ID"] for taken in server.taken)
    assert first != second and first.endswith("@example.vn>")


def test_it_says_what_happened_and_where_to_go_on_but_no_figure_and_no_reason(
    world: World, server: MailServerForTests
) -> None:
    with transaction():
        world.account("p.approver").language = "en"
    plan_id = world.open("A", "a.preparer")
    with transaction():
        people = [world.account("a.preparer"), world.account("p.approver")]
        words = {"reason": "Tỷ lệ 79,6% là thấp", "due": "2026-03-05"}
        notify(NoticeKind.PLAN_RETURNED, people, key="1", now=NOW, plan=world.plan(plan_id), words=words)
    job.send_mail()
    vietnamese, english = sorted(server.taken, key=lambda taken: taken.recipients)
    assert vietnamese.message["Subject"] == "[allocapp] Phương án của Huyện A được trả lại để hoàn thiện"
    assert english.message["Subject"] == "[allocapp] The plan of Huyện A was returned for completion"
    for taken in server.taken:
        assert f"https://x.vn/ct/plans/{plan_id}" in taken.text
        assert "https://x.vn/ct/notices/choices" in taken.text
        assert "05/03/2026" in taken.text
        assert "79,6" not in taken.text and "thấp" not in taken.text


def test_the_digest_is_one_letter_at_its_hour(world: World, server: MailServerForTests, clock: list[datetime]) -> None:
    with transaction() as session:
        for login in ("a.preparer", "b.preparer"):
            chosen = NoticeChoice(
                account_id=world.accounts[login], kind=NoticeKind.PLAN_RETURNED, mailing=Mailing.DAILY
            )
            session.add(chosen)
    for number in range(3):
        tell(world, "a.preparer", key=f"returned:{number}")
    clock.append(NOW + 20 * HOUR)  # 06:00 the next day
    job.send_mail()
    assert server.handed_over == 0
    clock.append(NOW + 21 * HOUR)
    tell(world, "a.preparer", key="returned:9", kind=NoticeKind.PLAN_APPROVED)
    for _ in range(2):
        job.send_mail()
    subjects = sorted(taken.message["Subject"] for taken in server.taken)
    assert subjects == [
        "[allocapp] Phương án của Huyện A được phê duyệt", "[allocapp] Thông báo đến ngày 03/03/2026: 3",
    ]  # fmt: skip
    assert {state for state, _ in states()["a.preparer"]} == {MailState.SENT}


@pytest.mark.parametrize("mood", [Mood.REFUSES_RECIPIENT, Mood.REFUSES_TEXT, Mood.SHUTS_DOWN, Mood.SILENT_AT_ONCE])
def test_what_is_refused_is_tried_again_later_and_then_given_up(
    world: World, server: MailServerForTests, clock: list[datetime], mood: Mood
) -> None:
    server.mood = mood
    tell(world, "a.preparer")
    for number, pause in enumerate(PAUSES):
        job.send_mail()
        state, reason = one()
        assert state is MailState.WAITING and reason
        clock.append(clock[-1] + pause - timedelta(seconds=1))
        before = server.conversations
        job.send_mail()
        assert server.conversations == before == number + 1
        clock.append(clock[-1] + timedelta(seconds=1))
    job.send_mail()
    state, given = one()
    assert (state, given) == (MailState.FAILED, reason)
    clock.append(clock[-1] + 1000 * HOUR)
    server.mood = Mood.FINE
    job.send_mail()
    assert not server.taken


def test_what_was_refused_once_is_sent_when_the_server_is_well(
    world: World, server: MailServerForTests, clock: list[datetime]
) -> None:
    server.mood = Mood.REFUSES_RECIPIENT
    tell(world, "a.preparer")
    job.send_mail()
    server.mood = Mood.FINE
    clock.append(clock[-1] + PAUSES[0])
    job.send_mail()
    assert len(server.taken) == 1
    assert one() == (MailState.SENT, "")


@pytest.mark.parametrize("mailing", [Mailing.NOW, Mailing.DAILY])
def test_an_e_mail_bears_the_same_id_at_every_attempt(
    world: World, server: MailServerForTests, clock: list[datetime], mailing: Mailing
) -> None:
    """So that a reader's own server can tell that it has it already."""
    with transaction() as session:
        session.add(
            NoticeChoice(account_id=world.accounts["a.preparer"], kind=NoticeKind.PLAN_RETURNED, mailing=mailing)
        )
    tell(world, "a.preparer")
    server.mood = Mood.REFUSES_TEXT
    clock.append(next_digest(NOW))
    job.send_mail()
    if mailing is Mailing.DAILY:
        tell(world, "a.preparer", key="returned:2")
    server.mood = Mood.FINE
    clock.append(clock[-1] + 25 * HOUR)
    job.send_mail()
    refused, taken = (message_from_bytes(text) for text in server.texts)
    assert refused["Message-ID"] == taken["Message-ID"]


def test_one_refused_reader_does_not_hold_up_the_others(world: World, server: MailServerForTests) -> None:
    with transaction():
        world.account("a.preparer").email = "not an address"
    tell(world, "a.preparer", "b.preparer")
    with transaction():
        world.account("b.preparer").grants[0].unit_id = world.units["A"]
    job.send_mail()
    assert [taken.recipients for taken in server.taken] == [["b.preparer@example.vn"]]
    assert one() == (MailState.WAITING, mail.NO_ADDRESS)


def test_a_server_out_of_reach_is_asked_once_a_run(world: World, server: MailServerForTests) -> None:
    server.mood = Mood.SHUTS_DOWN
    tell(world, "a.preparer", "p.approver")
    job.send_mail()
    assert server.conversations == 1


@pytest.mark.parametrize("mood", [Mood.SILENT_AFTER_TEXT, Mood.HANGS_UP_AFTER_TEXT])
def test_what_may_have_arrived_is_never_sent_again(
    world: World, server: MailServerForTests, clock: list[datetime], mood: Mood
) -> None:
    server.mood = mood
    tell(world, "a.preparer")
    job.send_mail()
    server.mood = Mood.FINE
    clock.append(clock[-1] + 1000 * HOUR)
    job.send_mail()
    assert one() == (MailState.FAILED, UNCERTAIN)
    assert server.handed_over == 1


def test_a_worker_killed_before_it_noted_the_end_leaves_it_uncertain(
    database: Flask, world: World, server: MailServerForTests, clock: list[datetime]
) -> None:
    """The server has the text and takes it; the process is gone before it can note that."""
    tell(world, "a.preparer")
    db.session.remove()
    child = os.fork()
    if child == 0:
        for engine in db.engines.values():
            engine.dispose(close=False)
        job.send_mail()
        os._exit(0)
    server.before_answer = lambda: os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not os.WIFSIGNALED(status):
        pytest.fail("the worker was not killed in time")
    server.before_answer = lambda: None
    assert one() == (MailState.SENDING, "")
    job.send_mail()
    assert one() == (MailState.SENDING, ""), "its claim has not lapsed"
    clock.append(NOW + CLAIM + HOUR)
    for _ in range(2):
        job.send_mail()
    assert one() == (MailState.FAILED, UNCERTAIN)
    assert server.handed_over == 1


def test_two_workers_at_once_send_each_once(database: Flask, world: World, server: MailServerForTests) -> None:
    for number in range(5):
        tell(world, "a.preparer", "p.approver", key=f"returned:{number}")
    barrier = threading.Barrier(2)
    failures: list[Exception] = []

    def work() -> None:
        with database.app_context():
            barrier.wait()
            try:
                job.send_mail()
            except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
                failures.append(error)
            db.session.remove()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    identifiers = [taken.message["Message-ID"] for taken in server.taken]
    assert len(identifiers) == len(set(identifiers)) == 10


def test_a_claim_is_taken_once_and_a_lapsed_one_changes_nothing(world: World, server: MailServerForTests) -> None:
    tell(world, "a.preparer")
    with transaction():
        claim = claim_letter(now=NOW)
        assert claim is not None
        assert claim_letter(now=NOW) is None and claim_digest(now=NOW) is None
    with transaction():
        finish_mail(dataclasses.replace(claim, until=claim.until + HOUR), now=NOW)
    assert one() == (MailState.SENDING, "")
    for _ in range(2):
        with transaction():
            finish_mail(claim, now=NOW)
    assert one() == (MailState.SENT, "")


def test_without_a_server_nothing_waits_for_one(database: Flask, world: World, server: MailServerForTests) -> None:
    """A server that is set up a year later must not send a year of old news."""
    tell(world, "a.preparer")
    config = database.config["ALLOCAPP"]
    database.config["ALLOCAPP"] = dataclasses.replace(config, mail=None)
    job.send_mail()
    database.config["ALLOCAPP"] = config
    job.send_mail()
    assert one() == (MailState.NONE, "")
    assert server.handed_over == 0


def test_who_may_not_be_told_any_more_is_not_mailed(world: World, server: MailServerForTests) -> None:
    tell(world, "a.preparer", "b.preparer", "p.approver")
    with transaction():
        world.account("a.preparer").active = False
        world.account("p.approver").grants[0].valid_to = date(2026, 3, 1)
    job.send_mail()
    assert server.handed_over == 0, "b.preparer's unit has nothing to do with A"
    assert {state for found in states().values() for state, _ in found} == {MailState.NONE}
