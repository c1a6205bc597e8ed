"""The verification of a file: on the page, by the command, and what the register knows of it."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask

from allocapp.config import Config
from allocapp.db import db, transaction
from allocapp.documents.verdict import Reason
from allocapp.models.plan import Plan
from allocapp.rules.workflow import PlanState
from allocapp.services import verification
from allocapp.services.verification import RegisterReason, read_trusted_roots, verify_file
from tests.factories import World
from tests.views.client import Answer, Client
from tests.views.conftest import Visit
from tests.views.decision_case import AUTHENTIC, Case, prepared_case


@pytest.fixture
def case(database: Flask, world: World, visit: Visit) -> Iterator[Case]:
    with prepared_case(database, world, visit) as made:
        yield made


def upload(client: Client, content: bytes) -> Answer:
    """Send a file to the verification page, as browsers write such a form."""
    token = client.open("/decisions/verify").form("/decisions/verify").fields["csrf_token"]
    body = (
        f'--edge\r\nContent-Disposition: form-data; name="csrf_token"\r\n\r\n{token}\r\n--edge\r\n'
        'Content-Disposition: form-data; name="file"; filename="x.pdf"\r\nContent-Type: application/pdf\r\n\r\n'
    )
    sent = body.encode() + content + b"\r\n--edge--\r\n"
    return client.ask("POST", "/decisions/verify", data=sent, content_type="multipart/form-data; boundary=edge")


def test_an_issued_file_is_authentic_on_the_page_and_for_the_command(case: Case, tmp_path: Path) -> None:
    content = case.issue().content()
    answer = upload(case.visit("b.preparer"), content)
    assert answer.status == 200
    assert AUTHENTIC in answer.page.text
    assert case.url not in answer.page.links  # the file may be checked by anybody, the decision is not theirs to open
    assert case.url in upload(case.visit("a1.viewer"), content).page.links
    for sent, status in ((content, 0), (content + b"\n", 1), (b"no PDF", 2)):
        assert run_verify(case, tmp_path / "decision.pdf", sent) == status


def test_no_more_than_a_few_files_are_read_at_once(visit: Visit, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty uploads together would take gigabytes; who finds no place is asked to come again."""
    monkeypatch.setattr(verification, "_PATIENCE", 0.1)
    client = visit("a.preparer")
    # verdicts are kept by the file's hash: each run brings a file that nobody has read yet
    unread = b"%PDF-1.7 busy " + secrets.token_hex(8).encode() + b" %%EOF"
    with ExitStack() as others:
        for _ in range(2):
            others.enter_context(verification._reading)
        answer = upload(client, unread)
        assert answer.status == 503
        assert answer.page.errors
    assert upload(client, unread).status == 200


def run_verify(case: Case, file: Path, content: bytes) -> int:
    file.write_bytes(content)
    return case.app.test_cli_runner().invoke(args=["decisions", "verify", str(file)]).exit_code


def reasons(case: Case, content: bytes) -> set[Reason | RegisterReason]:
    config: Config = case.app.config["ALLOCAPP"]
    return set(verify_file(content, trusted=read_trusted_roots(config.keys, demo=config.demo)).reasons)


def test_each_step_before_the_seal_is_an_unfinished_file(case: Case) -> None:
    case.number().render()
    assert reasons(case, case.content()) == {Reason.NOT_SIGNED, RegisterReason.UNFINISHED}
    case.sign(case.at("a.leader"))
    assert reasons(case, case.content()) == {Reason.BODY_MISSING, RegisterReason.UNFINISHED}


def test_a_file_stops_being_authentic_with_its_decision(case: Case) -> None:
    content = case.issue().content()
    assert reasons(case, content) == set()
    with transaction() as session:
        session.execute(db.update(Plan).where(Plan.id == case.plan_id).values(state=PlanState.REVOKED))
    assert reasons(case, content) == {RegisterReason.NOT_IN_FORCE}


def test_the_demonstrations_authority_is_not_trusted_outside_it(case: Case) -> None:
    content = case.issue().content()
    (case.app.config["ALLOCAPP"].keys / "trusted.pem").unlink()
    assert Reason.NOT_TRUSTED in reasons(case, content)


def test_no_file_is_a_server_error_and_none_of_these_authentic(case: Case) -> None:
    good = case.issue().content()
    commune = case.visit("a1.viewer")
    for content in (
        b"",
        b"MZ" + good,
        b"%PDF-1.7\n",
        good[: len(good) // 2],
        good + b" ",
        good[:400] + b"x" + good[401:],
        b"%PDF-1.7\n" + bytes(range(256)) * 50,
    ):
        answer = upload(commune, content)
        assert answer.status in (200, 422)
        assert AUTHENTIC not in answer.page.text


def test_only_the_verification_page_takes_a_large_file(visit: Visit) -> None:
    client = visit("a1.viewer")
    assert upload(client, b"%PDF-" + b" " * 3_000_000).status == 200
    assert upload(client, b"%PDF-" + b" " * 20 * 1024 * 1024).status == 422
    assert upload(client, b"%PDF-" + b" " * 21 * 1024 * 1024).status == 413
    client.act("/decisions/1/number", {"dated": "x" * 3_000_000}, expect=413)


def test_no_file_chosen(visit: Visit) -> None:
    client = visit("a1.viewer")
    client.open("/decisions/verify")
    client.send("/decisions/verify", expect=422)
    assert client.page.errors
