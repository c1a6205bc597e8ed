"""Addresses, methods, tokens, sizes and texts that no page of ours sends: told in words, and nothing is done."""

from __future__ import annotations

import os
import subprocess
import sys
import unicodedata
from urllib.parse import urlencode

import pytest
from flask import Flask
from redis import Redis
from sqlalchemy import func, select

from allocapp import queue
from allocapp.clock import now
from allocapp.config import ROOT, Config
from allocapp.db import db, transaction
from allocapp.errors import ReasonRequired, TextTooLong
from allocapp.jobs.decision import SUBJECT_GONE, render
from allocapp.models.account import Account
from allocapp.models.decision import Decision
from allocapp.models.event import Event
from allocapp.models.job import Job, JobState
from allocapp.models.plan import Plan
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.account import hash_password
from tests.factories import World
from tests.views.client import Client, told, vietnamese
from tests.views.conftest import Visit
from tests.views.sheets import everywhere, targets

# what no column of ours holds as an id, and what is no number at all
NO_IDS = (
    "0",
    "-1",
    "2147483647",
    "2147483648",
    str(2**40),
    "9" * 400,
    "1.0",
    "1e3",
    "abc",
    "٣",
    "%00",
    "1%20",
    "..%2f1",
)

WORKER = "from allocapp import create_app, queue; queue.QueueWorker(create_app()).work(burst=True)"


@pytest.fixture
def plan_id(world: World) -> int:
    """District A's draft under an assigned target of 80%."""
    world.issue_province(8000)
    return world.open("A", "a.preparer")


# -- addresses and methods -------------------------------------------------------------------------------------------


def test_an_id_that_names_nothing_is_not_found(visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    for wrong in NO_IDS:
        for address in ("/plans/{}", "/plans/{}/review", "/plans/{}/journal", "/quotas/{}", "/decisions/{}"):
            assert client.get(address.format(wrong)).status == 404, (address, wrong)
        for address in ("/plans/{}/save", "/plans/{}/check", "/plans/{}/approve", "/decisions/{}/sign"):
            assert client.act(address.format(wrong), {"version": "1"}).status == 404, (address, wrong)


def test_ids_in_a_form_that_name_nothing_open_nothing(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    for wrong in (*NO_IDS, "", "\x00"):
        for fields in (
            {"unit_id": wrong, "campaign_id": str(world.campaign)},
            {"unit_id": str(world.units["A"]), "campaign_id": wrong},
        ):
            assert client.act("/plans/open", fields).status == 404, fields
    client.act("/plans/open", {}, expect=404)
    assert db.session.scalar(select(func.count()).select_from(Plan)) == 2


def test_numbers_in_an_address_that_make_no_sense_do_no_harm(visit: Visit, plan_id: int) -> None:
    auditor = visit("p.auditor")
    for page in (*NO_IDS, "", "-99", "99999"):
        auditor.get("/journal?page=" + page, expect=200)
    for unit in NO_IDS:
        assert auditor.get(f"/decisions/register?unit={unit}&year=2026").status in (200, 404)
        assert auditor.get(f"/decisions/register?year={unit}").status in (200, 404)


def test_every_address_refuses_other_methods_in_words(visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    for address in ("/plans/open", f"/plans/{plan_id}/save", f"/plans/{plan_id}/approve", "/sign-out", "/language/en"):
        answer = client.get(address, expect=405)
        assert "POST" in answer.response.headers["Allow"]
        assert vietnamese(client.app, "This address is only for sending a form") == answer.page.heading
    for method in ("PUT", "PATCH", "DELETE"):
        assert client.ask(method, f"/plans/{plan_id}").status == 405
    assert client.act("/").status == 405
    assert client.ask("HEAD", f"/plans/{plan_id}").status == 200


def test_an_unknown_address_is_a_page_in_words(visit: Visit, stranger: Client) -> None:
    client = visit("a.preparer")
    answer = client.get("/nothing/here", expect=404)
    assert "/" in answer.page.links
    assert "preparer A" in answer.page.text
    # whoever is not signed in is told no more and no less
    assert stranger.get("/nothing/here", expect=404).page.heading == answer.page.heading
    client.get("/language/fr", expect=404)


# -- tokens ----------------------------------------------------------------------------------------------------------


def test_a_form_without_its_token_is_shown_once_more_and_does_nothing(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    url = f"/plans/{plan_id}/save"
    for damage in ({"csrf_token": ""}, {"csrf_token": "made up"}, {"csrf_token": visit("p.approver").token()}):
        filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "85")
        client.send(url, filled | damage, expect=400)
        assert filled.items() <= client.page.form(url).fields.items()
        assert world.plan(plan_id).version == 1
    client.send(url, expect=303)
    assert targets(world, plan_id) == {8500}


def test_every_form_asks_for_its_token(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    fields = client.open(f"/plans/{plan_id}").form(f"/plans/{plan_id}/save").fields
    del fields["csrf_token"]
    acts = ("save", "submit", "withdraw", "take", "hand-back", "return", "approve", "reopen", "check")
    addresses = [f"/plans/{plan_id}/{act}" for act in acts] + [f"/plans/{plan_id}", "/plans/open", "/sign-out"]
    addresses += [f"/decisions/1/{act}" for act in ("number", "retry", "sign", "seal", "refuse", "acknowledge")]
    addresses += ["/decisions/verify", "/language/en", "/sign-in"]
    for address in addresses:
        assert client.post(address, fields).status == 400, address
    assert client.open("/").language == "vi"
    assert (world.plan(plan_id).version, targets(world, plan_id)) == (1, {None})


def test_the_live_check_without_its_token_answers_as_json(visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    answer = client.post(f"/plans/{plan_id}/check", {}, headers={"Accept": "application/json"}, expect=400)
    assert answer.json["status"] == 400
    assert not answer.json["text"].isascii()


def test_another_sites_form_is_refused_even_with_a_token(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    fields = client.open(f"/plans/{plan_id}").form(f"/plans/{plan_id}/save").fields
    fields |= everywhere(client.page, plan_id, "85")
    origins: tuple[dict[str, str | None], ...] = (
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": None, "Origin": "https://elsewhere.example"},
        {"Sec-Fetch-Site": None, "Origin": "null"},
    )
    for origin in origins:
        client.post(f"/plans/{plan_id}/save", fields, headers=origin, expect=403)
    assert targets(world, plan_id) == {None}


# -- sizes -----------------------------------------------------------------------------------------------------------


def test_three_megabytes_are_refused_in_words(world: World, visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    for address in (f"/plans/{plan_id}/save", f"/plans/{plan_id}/check", "/plans/open", "/sign-in"):
        client.post(address, {"csrf_token": client.token(), "reason": "x" * 3_000_000}, expect=413)
        assert vietnamese(client.app, "Too much was sent") == client.page.heading
    assert targets(world, plan_id) == {None}


def test_a_large_plan_with_a_reason_in_every_cell_is_not_too_large(world: World, visit: Visit, plan_id: int) -> None:
    """What the page promises is 2 MB."""
    client = visit("a.preparer")
    filled = everywhere(client.open(f"/plans/{plan_id}"), plan_id, "85")
    ballast = {f"c-{number}": "Không phát sinh hồ sơ ở đơn vị này " * 8 for number in range(1, 1500)}
    assert 600_000 < len(urlencode(ballast)) < 2_000_000
    client.send(f"/plans/{plan_id}/save", filled, added=ballast, expect=303)
    assert targets(world, plan_id) == {8500}


# -- texts -----------------------------------------------------------------------------------------------------------


def test_a_name_of_signs_that_no_name_has_is_simply_wrong(world: World, stranger: Client) -> None:
    for login in ("a\x00preparer", "a\x00", "a.prep\ud7ffarer", "x'; --", "%s" * 9, "\ufffe"):
        stranger.open("/sign-in")
        stranger.send("/sign-in", {"login": login, "password": "x\x00y"}, expect=401)
    stranger.sign_in("a.preparer")


def test_bytes_that_are_no_text_are_simply_wrong(world: World, stranger: Client) -> None:
    token = stranger.open("/sign-in").form("/sign-in").fields["csrf_token"]
    for damage in (b"a%ED%A0%80", b"%FF%FE", b"%C3", b"%ED%B0%80%ED%A0%80", b"\xff\xfe"):
        body = b"csrf_token=" + token.encode() + b"&login=" + damage + b"&password=" + damage
        # bytes that are not even an address' characters spoil the whole form, its token too
        stranger.post_bytes("/sign-in", body, expect=401 if damage.isascii() else 400)
        stranger.get("/sign-in?login=" + damage.decode("latin-1"), expect=200)


def test_a_body_of_another_kind_is_refused(visit: Visit, plan_id: int) -> None:
    client = visit("a.preparer")
    for body in (b"{", b'{"a": 1}', b"\x00\xff", b"------x\r\n"):
        for kind in ("application/json", "multipart/form-data; boundary=x", "multipart/form-data", "text/plain", ""):
            assert client.ask("POST", f"/plans/{plan_id}/save", data=body, content_type=kind).status == 400


def test_a_name_and_password_typed_with_parted_accents_are_the_same(world: World, stranger: Client) -> None:
    """Some keyboards send an accented letter as a letter and an accent."""
    with transaction() as session:
        account = session.get_one(Account, world.accounts["a.preparer"])
        account.login, account.password_hash = "chuyên.viên", hash_password("Mật khẩu để thử nghiệm")
    stranger.sign_in(
        unicodedata.normalize("NFD", "Chuyên.Viên"), unicodedata.normalize("NFD", "Mật khẩu để thử nghiệm")
    )


def test_a_return_needs_a_reason_and_loses_no_remark(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.submitted("A")
    client = visit("p.approver")
    remark = {f"c-{world.units['A1']}": "Xem lại số hồ sơ"}
    page = client.open(f"/plans/{plan_id}/review")
    for reason in ("", "   ", "\n\n", "\u00a0", "\x00"):
        client.send(f"/plans/{plan_id}/return", {"reason": reason} | remark, page=page, expect=422)
        assert told(client.app, ReasonRequired()).text in client.page.errors
        assert remark.items() <= client.page.form(f"/plans/{plan_id}/return").fields.items()
    for field_name, limit in (("reason", 2000), (f"c-{world.units['A2']}", 1000)):
        long = {"reason": "Chưa đạt", field_name: "dài " * limit} | remark
        client.send(f"/plans/{plan_id}/return", long, page=page, expect=422)
        assert told(client.app, TextTooLong(limit)).text in client.page.errors
        assert f"#{field_name}" in client.page.links
    stranger = {f"c-{world.units['B1']}": "không thuộc phương án này"}
    client.send(f"/plans/{plan_id}/return", {"reason": "Chưa đạt"}, added=stranger, page=page, expect=422)
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    assert events("plan", "return") == 0


def test_reasons_and_remarks_are_stored_clean(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.submitted("A")
    client = visit("p.approver")
    client.open(f"/plans/{plan_id}/review")
    typed = unicodedata.normalize("NFD", " Chưa đạt.\r\nĐề nghị xem lại.\x00\x1b ")
    remark = unicodedata.normalize("NFD", "Số hồ sơ chưa đúng\x00")
    client.send(f"/plans/{plan_id}/return", {"reason": typed, f"c-{world.units['A1']}": remark})
    assert world.plan(plan_id).return_reason == "Chưa đạt.\nĐề nghị xem lại."
    owner = visit("a.preparer").open(f"/plans/{plan_id}")
    assert "Chưa đạt. Đề nghị xem lại." in owner.notices
    assert "Số hồ sơ chưa đúng" in owner.text
    assert unicodedata.is_normalized("NFC", owner.html)


def test_remarks_are_not_lost_to_another_button(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.submitted("A")
    client = visit("p.approver")
    client.open(f"/plans/{plan_id}/review")
    typed = {f"c-{world.units['A1']}": "Xem lại"}
    client.send(f"/plans/{plan_id}/approve", typed, expect=422)
    assert typed.items() <= client.page.form(f"/plans/{plan_id}/approve").fields.items()
    assert world.plan(plan_id).state is PlanState.SUBMITTED


def events(subject: str, action: str) -> int:
    db.session.rollback()
    statement = select(func.count()).where(Event.subject == subject, Event.action == action)
    return db.session.scalar(statement) or 0


# -- the two-person rule ---------------------------------------------------------------------------------------------


def test_who_submitted_does_not_approve(world: World, visit: Visit) -> None:
    """Although the person holds both roles; somebody else still can."""
    world.grant("p.approver", "P", "preparer")
    plan_id = world.open("P", "p.approver")
    world.submit(plan_id, 8000, "p.approver")
    client = visit("p.approver")
    page = client.open(f"/plans/{plan_id}/review")
    assert not page.can_send(f"/plans/{plan_id}/approve")
    assert page.can_send(f"/plans/{plan_id}/return")
    sent = page.form(f"/plans/{plan_id}/return").fields
    client.post(f"/plans/{plan_id}/approve", sent, expect=403)
    plan = world.plan(plan_id)
    assert (plan.state, plan.approved_by_id) == (PlanState.SUBMITTED, None)
    assert events("decision", "prepare") == 0
    world.grant("p.leader", "P", "approver")
    other = visit("p.leader")
    other.open(f"/plans/{plan_id}/review")
    other.send(f"/plans/{plan_id}/approve")


# -- jobs whose subject is gone --------------------------------------------------------------------------------------


def orphan() -> int:
    """A job for a decision that does not exist."""
    with transaction() as session:
        job = Job(name="render_decision", subject_id=2_000_000_000, cause="numbered", created_at=now())
        session.add(job)
        session.flush()  # its id is what the queue carries
        return job.id


def outcome(job_id: int) -> tuple[JobState, str, int]:
    db.session.rollback()
    job = db.session.get(Job, job_id)
    assert job is not None
    return job.state, job.error, job.attempts


def test_a_job_whose_decision_is_gone_says_so_and_harms_nothing(world: World, database: Flask) -> None:
    job_id = orphan()
    for _ in range(2):  # a job may run twice
        render(job_id)
        assert outcome(job_id) == (JobState.FAILED, SUBJECT_GONE, 1)
    assert events("decision", "render_failed") == 1
    render(2_000_000_000)
    assert db.session.scalar(select(func.count()).select_from(Job)) == 1


def test_a_worker_survives_jobs_whose_subject_is_gone(world: World, database: Flask) -> None:
    """A real worker, a real queue: the orphan is marked failed, and the decision behind it is still rendered."""
    config: Config = database.config["ALLOCAPP"]
    with Redis.from_url(config.redis_url) as redis:
        redis.flushall()
    world.issue_province(8000)
    orphan_id = orphan()
    queue.send("render_decision", orphan_id)
    queue.send("render_decision", 2_000_000_000)
    decision_id = world.number(world.approved("A"), "a.clerk")
    db.session.rollback()
    environ = {
        "DATABASE_URL": config.database_url,
        "REDIS_URL": config.redis_url,
        "ALLOCAPP_INSTANCE": str(config.instance),
        "SECRET_KEY": config.secret_key,
    }
    subprocess.run([sys.executable, "-c", WORKER], env={**os.environ, **environ}, cwd=ROOT, check=True, timeout=60)
    assert outcome(orphan_id) == (JobState.FAILED, SUBJECT_GONE, 1)
    assert db.session.scalars(select(Decision.state).where(Decision.id == decision_id)).one() is DecisionState.RENDERED
