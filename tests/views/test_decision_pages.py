"""The decision pages: number, progress, both signatures, refusal, register, receipts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask

from allocapp.clock import now, today
from allocapp.db import db, transaction
from allocapp.documents.demo_certificates import make_demo_certificates
from allocapp.errors import (
    CertificateNotValid,
    ReasonRequired,
    SignatureClaimed,
    SigningKeyMissing,
    StaleVersion,
    WrongPassphrase,
    WrongPassword,
)
from allocapp.models.account import Account, Grant, Role
from allocapp.models.decision import Decision, RegisterEntry
from allocapp.models.job import Job, JobState
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.decision import render_job
from allocapp.services.job import fail_job
from tests.factories import NOW, PASSWORD, PASSWORD_HASH, SINCE, World
from tests.views.client import told, vietnamese
from tests.views.conftest import Visit
from tests.views.decision_case import PASSPHRASE, SUBJECT, Case, prepared_case


@pytest.fixture
def case(database: Flask, world: World, visit: Visit) -> Iterator[Case]:
    with prepared_case(database, world, visit) as made:
        yield made


# -- the road --------------------------------------------------------------------------------------------------------


def test_from_prepared_to_issued_and_acknowledged(case: Case) -> None:
    clerk = case.at("a.clerk")
    assert clerk.page.field("dated")["value"] == f"{today():%d/%m/%Y}"
    clerk.follow(clerk.send(f"{case.url}/number"))
    assert clerk.page.root.all("progress")
    assert "refresh=1" in clerk.page.root.one("meta", http_equiv="refresh")["content"]

    case.render()
    leader = case.at("a.leader")
    assert not leader.page.root.all("meta", http_equiv="refresh")
    leader.follow(case.sign(leader))
    assert not leader.page.can_send(f"{case.url}/seal")

    case.sign(case.at("a.clerk"), "seal")
    assert (case.decision.state, case.decision.plan.state) == (DecisionState.ISSUED, PlanState.ISSUED)

    commune = case.at("a1.viewer")
    assert (
        vietnamese(case.app, "Authentic: signed, unchanged since, in the register, and in force.") in commune.page.text
    )
    commune.follow(commune.send(f"{case.url}/acknowledge"))
    assert not commune.page.can_send(f"{case.url}/acknowledge")


def test_nobody_below_sees_it_before_it_is_issued(case: Case) -> None:
    case.number().render()
    for address in (case.url, f"{case.url}/file"):
        case.visit("a1.viewer").get(address, expect=404)


def test_the_figures_before_the_number_are_those_after_it(case: Case) -> None:
    def figures() -> list[list[str]]:
        table = case.at("a.leader").page.root.one("table", aria_labelledby="annex-title")
        return [[cell.text for cell in row.all("td", "th")] for row in table.all("tr")]

    before = figures()
    case.number()
    assert figures() == before


def test_the_file_is_read_and_downloaded(case: Case) -> None:
    case.number()
    case.at("a.clerk").get(f"{case.url}/file", expect=404)
    case.render()
    stored = case.content()
    for address, place in ((f"{case.url}/file", "attachment"), (f"{case.url}/file?inline=1", "inline")):
        answer = case.visit("a.leader").get(address, expect=200)
        assert answer.response.data == stored
        assert answer.response.mimetype == "application/pdf"
        assert answer.response.headers["Content-Disposition"].startswith(place)


# -- number and date -------------------------------------------------------------------------------------------------


WRONG_DATES = (
    "", "hôm nay", "31/02/2026", "2026-13-01", "1/1/26", "٠١/٠١/٢٠٢٦", "01/01/2020", "31/12/9998", "1/1/2026\x00",
)  # fmt: skip


def test_a_date_that_will_not_do(case: Case) -> None:
    clerk = case.at("a.clerk")
    for typed in WRONG_DATES:
        clerk.send(f"{case.url}/number", {"dated": typed}, expect=422)
        assert clerk.page.errors
        assert clerk.page.field("dated")["value"] == typed
    assert case.decision.state is DecisionState.PREPARED


@pytest.mark.parametrize("form", ["%Y-%m-%d", " %d-%m-%Y "])
def test_a_date_as_people_and_browsers_write_it(case: Case, form: str) -> None:
    case.at("a.clerk").send(f"{case.url}/number", {"dated": today().strftime(form)})
    assert case.decision.dated == today()


def test_a_date_before_the_number_before(case: Case) -> None:
    case.number().render()
    case.at("a.leader").send(f"{case.url}/refuse", {"reason": "Sai trích yếu"})
    clerk = case.at("a.clerk")
    clerk.send(f"{case.url}/number", {"dated": f"{NOW:%d/%m/%Y}"}, expect=422)
    assert f"{today():%d/%m/%Y}" in clerk.page.errors


def test_a_second_click_takes_no_second_number(case: Case) -> None:
    clerk = case.at("a.clerk")
    page = clerk.page
    clerk.send(f"{case.url}/number")
    clerk.send(f"{case.url}/number", page=page)
    assert db.session.query(RegisterEntry).filter_by(decision_id=case.decision.id).count() == 1
    clerk.send(f"{case.url}/number", {"dated": f"{date(2026, 3, 3):%d/%m/%Y}"}, page=page, expect=409)


# -- signatures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("secrets", "error"), [({"password": "wrong"}, WrongPassword()), ({"passphrase": "wrong"}, WrongPassphrase())]
)
def test_a_wrong_secret_signs_nothing_and_may_be_typed_again_at_once(
    case: Case, secrets: dict[str, str], error: WrongPassword | WrongPassphrase
) -> None:
    case.number().render()
    leader = case.at("a.leader")
    case.sign(leader, expect=422, **secrets)
    assert told(case.app, error).text in leader.page.errors
    assert PASSPHRASE not in leader.page.html
    assert PASSWORD not in leader.page.html
    assert (case.decision.state, case.decision.claimed_until) == (DecisionState.RENDERED, None)
    case.sign(leader)
    assert case.decision.state is DecisionState.SIGNED


@pytest.mark.parametrize("empty", ["password", "passphrase"])
def test_both_secrets_are_asked_for(case: Case, empty: str) -> None:
    case.number().render()
    leader = case.at("a.leader")
    case.sign(leader, expect=422, **{empty: ""})
    assert leader.page.field(empty)["aria-invalid"] == "true"
    assert case.decision.state is DecisionState.RENDERED


def test_a_second_click_signs_once_and_is_told_so(case: Case) -> None:
    case.number().render()
    leader = case.at("a.leader")
    page = leader.page
    case.sign(leader)
    signed = case.decision.version
    leader.follow(leader.send(f"{case.url}/sign", {"password": PASSWORD, "passphrase": PASSPHRASE}, page=page))
    assert vietnamese(case.app, "This was done already: a second click changes nothing.") in leader.page.notices
    assert case.decision.version == signed


def test_another_leader_is_told_that_it_is_signed(case: Case) -> None:
    case.number().render()
    with transaction() as session:
        other = Account(login="a.other", name="leader A", password_hash=PASSWORD_HASH, active=True, created_at=NOW)
        other.grants.append(Grant(unit_id=case.world.units["A"], role=Role.LEADER, valid_from=SINCE))
        session.add(other)
    second = case.at("a.other")
    case.sign(case.at("a.leader"))
    case.sign(second, expect=409)
    assert second.page.errors


def test_while_somebody_signs_the_others_wait(case: Case) -> None:
    case.number().render()
    leader, clerk = case.at("a.leader"), case.at("a.clerk")
    set_claim(case, now() + timedelta(minutes=1))
    case.sign(leader, expect=409)
    assert told(case.app, SignatureClaimed()).text in leader.page.errors
    assert leader.page.root.one("meta", http_equiv="refresh")
    clerk.send(f"{case.url}/refuse", {"reason": "Sai trích yếu"}, expect=409)
    leader.open(case.url)
    assert not leader.page.can_send(f"{case.url}/sign")
    set_claim(case, now() - timedelta(seconds=1))
    leader.open(case.url)
    case.sign(leader)


def set_claim(case: Case, until: datetime) -> None:
    with transaction() as session:
        session.execute(db.update(Decision).where(Decision.id == case.decision.id).values(claimed_until=until))


def test_an_older_page_signs_nothing(case: Case) -> None:
    case.number().render()
    leader = case.at("a.leader")
    case.sign(leader, expect=409, version=str(case.decision.version - 1))
    assert told(case.app, StaleVersion(0)).text in leader.page.errors
    leader.send(f"{case.url}/sign", without=["version"], expect=422)
    assert case.decision.state is DecisionState.RENDERED


def test_an_expired_certificate_signs_nothing(case: Case, database: Flask) -> None:
    case.number().render()
    keys = database.config["ALLOCAPP"].keys
    shutil.rmtree(keys)
    period = {"valid_from": datetime(2020, 1, 1, tzinfo=UTC), "valid_until": datetime(2021, 1, 1, tzinfo=UTC)}
    make_demo_certificates(keys, [SUBJECT], passphrase=PASSPHRASE, **period)
    leader = case.at("a.leader")
    case.sign(leader, expect=422)
    name = "MẪU - Lãnh đạo ký UBND huyện A"
    assert told(case.app, CertificateNotValid("expired", name)).text in leader.page.errors
    assert (case.decision.state, case.decision.claimed_until) == (DecisionState.RENDERED, None)


def test_a_missing_key_signs_nothing(case: Case, database: Flask) -> None:
    case.number().render()
    for path in database.config["ALLOCAPP"].keys.glob("*.p12"):
        path.unlink()
    leader = case.at("a.leader")
    case.sign(leader, expect=503)
    assert told(case.app, SigningKeyMissing("Huyện A", "person")).text in leader.page.errors
    assert (case.decision.state, case.decision.claimed_until) == (DecisionState.RENDERED, None)


# -- refusal and the register ----------------------------------------------------------------------------------------


def test_a_refusal_voids_the_number_and_prepares_a_new_decision(case: Case) -> None:
    case.number().render()
    refused, url = case.decision.id, case.url
    leader = case.at("a.leader")
    page = leader.page
    leader.send(f"{url}/refuse", {"reason": "  "}, expect=422)
    assert told(case.app, ReasonRequired()).text in leader.page.errors
    answer = leader.send(f"{url}/refuse", {"reason": "Sai trích yếu"})
    assert answer.location == case.url != url
    assert case.decision.state is DecisionState.PREPARED
    leader.send(f"{url}/refuse", {"reason": "Sai trích yếu"}, page=page)  # a second click
    leader.open(f"/decisions/{refused}")
    assert case.url in leader.page.links
    leader.open("/decisions/register")
    assert "Sai trích yếu" in leader.page.text
    case.number()
    assert case.decision.number == 2


def test_a_reason_too_long_keeps_what_was_typed(case: Case) -> None:
    case.number().render()
    leader = case.at("a.leader")
    leader.send(f"{case.url}/refuse", {"reason": "x" * 2001}, expect=422)
    assert leader.page.field("reason").raw.strip() == "x" * 2001
    assert case.decision.state is DecisionState.RENDERED


def test_a_register_is_read_by_those_who_may_read_its_decisions(case: Case) -> None:
    case.number()
    unit, other = case.world.units["A"], case.world.units["B"]
    for login in ("a.preparer", "p.clerk", "p.auditor"):
        case.visit(login).open(f"/decisions/register?unit={unit}&year={today().year}")
    case.visit("b.clerk").get(f"/decisions/register?unit={unit}&year={today().year}", expect=404)
    case.visit("a.clerk").get(f"/decisions/register?unit={other}", expect=404)
    case.visit("a1.viewer").get("/decisions/register", expect=403)
    case.visit("b.clerk").open("/decisions/register")


# -- progress --------------------------------------------------------------------------------------------------------


def test_a_failed_job_says_so_and_is_tried_again(case: Case) -> None:
    error = "FontMissing: no serif"
    case.number()
    job = render_job(case.decision)
    assert job is not None
    with transaction() as session:
        values = {"state": JobState.RUNNING, "leased_until": now() + timedelta(minutes=1)}
        session.execute(db.update(Job).where(Job.id == job.id).values(values))
        fail_job(job.id, job.attempts, error, now=now())
    leader = case.at("a.leader")
    assert error in leader.page.text
    assert not leader.page.can_send(f"{case.url}/retry")
    clerk = case.at("a.clerk")
    clerk.follow(clerk.send(f"{case.url}/retry"))
    assert clerk.page.root.all("progress")
    case.render()
    clerk.act(f"{case.url}/retry", expect=409)


def test_the_page_says_how_the_making_goes(case: Case) -> None:
    case.number()
    texts = set()
    job = render_job(case.decision)
    assert job is not None
    for values in (
        {"attempts": 0},
        {"created_at": now() - timedelta(minutes=5)},
        {"state": JobState.RUNNING, "attempts": 1, "leased_until": now() + timedelta(minutes=1)},
        {"state": JobState.RUNNING, "attempts": 2, "leased_until": now() - timedelta(minutes=1)},
    ):
        with transaction() as session:
            session.execute(db.update(Job).where(Job.id == job.id).values(values))
        page = case.at("a.clerk").page
        assert page.root.all("progress")
        texts.add(page.root.one("div", class_="making").text)
    assert len(texts) == 4


def test_a_page_for_refusing_does_not_reload_itself(case: Case) -> None:
    case.number()
    page = case.at("a.leader").open(f"{case.url}?refuse=1")
    assert page.can_send(f"{case.url}/refuse")
    assert not page.root.all("meta", http_equiv="refresh")


# -- the list --------------------------------------------------------------------------------------------------------


def test_what_waits_for_the_reader_stands_first(case: Case) -> None:
    def first_line(login: str) -> str:
        client = case.visit(login)
        client.open("/decisions/")
        return client.page.root.all("tr", class_="group")[0].text

    waiting = vietnamese(case.app, "Waiting for you")
    assert first_line("a.clerk").startswith(waiting)
    assert not first_line("a.leader").startswith(waiting)
    case.number().render()
    assert first_line("a.leader").startswith(waiting)
    assert not first_line("a.clerk").startswith(waiting)
