"""Signing in, its lock, where it leads, how a session ends, and what its cookie may do."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from allocapp import create_app
from allocapp.clock import now
from allocapp.config import load_config
from allocapp.db import db, transaction
from allocapp.models.account import Account, SignIn, SignInFailure
from allocapp.models.event import Event
from tests.factories import PASSWORD, World
from tests.views.client import OWN_PAGE, Client, vietnamese
from tests.views.conftest import Visit

WRONG = "Account name or password is wrong. Check both and try again."
LOCKED = "Too many attempts. Wait 15 minutes, then try again."


def attempt(client: Client, login: str, password: str, expect: int) -> str:
    """One attempt through the form; what the page then says."""
    client.open("/sign-in")
    client.send("/sign-in", {"login": login, "password": password}, expect=expect)
    return client.page.errors if expect != 302 else ""


def events(action: str) -> int:
    return db.session.scalar(select(func.count()).select_from(Event).where(Event.action == action)) or 0


def test_a_person_lands_on_their_own_tasks_and_the_journal_knows(visit: Visit) -> None:
    client = visit("a.preparer")
    assert client.page.heading == vietnamese(client.app, "My tasks")
    assert "preparer A" in client.page.text
    assert (events("sign_in"), events("sign_in_failed")) == (1, 0)


def test_the_answer_does_not_tell_whether_the_account_exists(world: World, stranger: Client) -> None:
    told = [attempt(stranger, login, "wrong password", 401) for login in ("a.preparer", "nobody.here")]
    assert told[0] == told[1]
    assert vietnamese(stranger.app, WRONG) in told[0]
    assert stranger.page.field("login")["value"] == "nobody.here"
    assert stranger.page.field("password").get("value") == ""
    assert events("sign_in_failed") == 2


def test_a_switched_off_account_is_answered_like_a_wrong_password(world: World, stranger: Client) -> None:
    with transaction() as session:
        session.execute(update(Account).where(Account.login == "a.preparer").values(active=False))
    assert vietnamese(stranger.app, WRONG) in attempt(stranger, "a.preparer", PASSWORD, 401)


def test_switching_an_account_off_ends_its_sessions(visit: Visit) -> None:
    client = visit("a.preparer")
    with transaction() as session:
        session.execute(update(Account).where(Account.login == "a.preparer").values(active=False))
    assert client.get("/", expect=302).location.startswith("/sign-in")


def test_empty_and_overlong_fields_are_told_beside_them(stranger: Client) -> None:
    for login, password in (("", "x"), ("x", ""), ("", ""), ("x" * 65, "x"), ("x", "x" * 257)):
        assert attempt(stranger, login, password, 422)
        assert stranger.page.root.all("input", aria_invalid="true")
        assert stranger.page.title.startswith(vietnamese(stranger.app, "Error: ").strip())


def test_five_failures_lock_the_account_from_that_address_alone(world: World, database: Flask) -> None:
    guessing = Client(database, address="192.0.2.1")
    for _ in range(5):
        attempt(guessing, "a.preparer", "wrong password", 401)
    assert vietnamese(database, LOCKED) in attempt(guessing, "a.preparer", PASSWORD, 429)
    attempt(guessing, "b.preparer", PASSWORD, 302)
    Client(database, address="192.0.2.2").sign_in("a.preparer")
    assert events("sign_in_locked") == 1


def test_writing_the_name_differently_opens_no_second_count(world: World, stranger: Client) -> None:
    for login in ("a.preparer", "A.Preparer", " a.preparer ", "A.PREPARER", "a.preparer"):
        attempt(stranger, login, "wrong password", 401)
    attempt(stranger, "a.preparer", PASSWORD, 429)


def test_the_lock_opens_by_itself(world: World, stranger: Client) -> None:
    for _ in range(5):
        attempt(stranger, "a.preparer", "wrong password", 401)
    with transaction() as session:
        session.execute(update(SignInFailure).values(at=now() - timedelta(minutes=16)))
    stranger.sign_in("a.preparer")


@pytest.mark.parametrize("wanted", ["/plans/", "/quotas/?x=1", "/decisions/verify"])
def test_signing_in_leads_back_to_where_the_person_was(world: World, stranger: Client, wanted: str) -> None:
    answer = stranger.get(wanted, expect=302)
    stranger.open(answer.location)
    assert stranger.send("/sign-in", {"login": "a.preparer", "password": PASSWORD}, expect=302).location == wanted


ELSEWHERE = (
    "//elsewhere.example/",
    "https://elsewhere.example/",
    "https:elsewhere.example",
    "/\\elsewhere.example",
    "\\\\elsewhere.example",
    "/\t/elsewhere.example",
    "/plans/\r\nX-Made-Up: 1",
    "javascript:alert(1)",
    "plans/",
    "",
)


def test_signing_in_never_leads_elsewhere(world: World, stranger: Client) -> None:
    for wanted in ELSEWHERE:
        stranger.open("/sign-in")
        filled = {"login": "a.preparer", "password": PASSWORD, "next": wanted}
        answer = stranger.send("/sign-in", filled, expect=302)
        assert answer.response.headers["Location"] == "/", wanted
        assert "X-Made-Up" not in answer.response.headers
        signed_in = stranger.get("/sign-in", query_string={"next": wanted}, expect=302)
        assert signed_in.response.headers["Location"] == "/", wanted
        stranger.browser.delete_cookie("allocapp")


def test_a_new_session_begins_with_the_sign_in(world: World, stranger: Client) -> None:
    """Neither a cookie nor a token from before is worth anything afterwards."""
    before = stranger.open("/sign-in").form("/sign-in").fields["csrf_token"]
    planted = cookie(stranger)
    stranger.sign_in("a.preparer")
    assert cookie(stranger) != planted
    stranger.post("/sign-out", {"csrf_token": before}, expect=400)
    stranger.browser.set_cookie("allocapp", planted)
    stranger.get("/", expect=302)


def test_signing_out_ends_the_session_on_the_server(visit: Visit, database: Flask) -> None:
    client = visit("a.preparer")
    kept = cookie(client)
    client.send("/sign-out", expect=302)
    copied = Client(database)
    copied.browser.set_cookie("allocapp", kept)
    assert copied.get("/", expect=302).location.startswith("/sign-in")
    assert db.session.scalars(select(SignIn.ended_at)).one() is not None
    assert events("sign_out") == 1


def test_the_session_is_stored_without_the_token_that_opens_it(visit: Visit) -> None:
    visit("a.preparer")
    stored = db.session.scalars(select(SignIn)).one()
    assert len(stored.token_hash) == 64
    assert PASSWORD not in repr(vars(stored))


@pytest.mark.parametrize(
    ("login", "seen", "started", "admitted"),
    [
        ("a.preparer", 14, 14, True),
        ("a.preparer", 16, 16, False),
        ("a.preparer", 1, 9 * 60 + 59, True),
        ("a.preparer", 1, 10 * 60 + 1, False),
        ("p.administrator", 4, 4, True),
        ("p.administrator", 6, 6, False),
    ],
)
def test_a_session_ends_when_idle_and_after_ten_hours(
    visit: Visit, login: str, seen: int, started: int, admitted: bool
) -> None:
    client = visit(login)
    age(seen=seen, started=started)
    client.get("/", expect=200 if admitted else 302)


def test_a_page_that_reloads_itself_keeps_no_session_alive(visit: Visit) -> None:
    client = visit("a.preparer")
    age(seen=10, started=10)
    before = seen_at()
    client.open("/?refresh=1")
    assert seen_at() == before
    client.open("/")
    assert seen_at() > before


def test_what_was_typed_survives_the_end_of_the_session(world: World, visit: Visit) -> None:
    """The form is kept over the new sign-in, shown once more, and sent only when the person says so."""
    client = visit("a.preparer")
    plan_id = world.open("A", "a.preparer")
    page = client.open(f"/plans/{plan_id}")
    fields = {name: "77,5" for name in page.form(f"/plans/{plan_id}/save").fields if name.startswith("t-")}
    age(seen=16, started=16)
    client.send(f"/plans/{plan_id}/save", fields, expect=401)
    assert vietnamese(client.app, "Your session has ended. Sign in again: what you typed is kept.") in client.page.text
    only = vietnamese(client.app, "Only the file that you chose is not: choose it again after signing in.")
    assert only not in client.page.text
    client.send("/sign-in", {"login": "a.preparer", "password": PASSWORD}, expect=200)
    assert fields.items() <= client.page.form(f"/plans/{plan_id}/save").fields.items()
    assert world.plan(plan_id).version == 1
    client.send(f"/plans/{plan_id}/save", expect=303)
    assert world.plan(plan_id).version == 2


def test_what_somebody_typed_is_offered_to_nobody_else(world: World, visit: Visit) -> None:
    """Whoever signs in next at the same browser sees nothing of it and cannot send it as their own."""
    client = visit("a.preparer")
    plan_id = world.open("A", "a.preparer")
    client.open(f"/plans/{plan_id}")
    age(seen=16, started=16)
    client.send(f"/plans/{plan_id}/save", expect=401)
    assert client.page.form("/sign-in").fields["kept"]
    assert client.send("/sign-in", {"login": "b.preparer", "password": PASSWORD}, expect=302).location == "/"


def test_nothing_typed_is_kept_without_a_session_that_was(world: World, stranger: Client) -> None:
    token = stranger.open("/sign-in").form("/sign-in").fields["csrf_token"]
    stranger.post("/plans/1/save", {"csrf_token": token, "t-1-1": "99"}, expect=401)
    assert stranger.page.form("/sign-in").fields["kept"] == ""


def test_nothing_typed_is_kept_for_a_form_of_another_site(world: World, stranger: Client) -> None:
    answer = stranger.post("/plans/1/save", {"t-1-1": "99"}, headers={"Sec-Fetch-Site": "cross-site"}, expect=403)
    assert "99" not in answer.page.text
    silent = {"Sec-Fetch-Site": None, "Origin": "https://elsewhere.example"}
    stranger.post("/plans/1/save", {"t-1-1": "99"}, headers=silent, expect=403)


def test_a_kept_form_cannot_be_made_up(world: World, stranger: Client) -> None:
    stranger.open("/sign-in")
    filled = {"login": "a.preparer", "password": PASSWORD, "kept": '["/plans/1/approve", [["version", "1"]]]'}
    assert stranger.send("/sign-in", filled, expect=302).location == "/"


def test_the_cookie_is_for_our_server_alone(world: World, stranger: Client) -> None:
    answer = stranger.get("/sign-in")
    stranger.sign_in("a.preparer")
    set_cookie = answer.response.headers["Set-Cookie"]
    attributes = {part.strip() for part in set_cookie.split(";")[1:]}
    assert attributes == {"HttpOnly", "Path=/", "SameSite=Lax"}
    assert set_cookie.startswith("allocapp=")


def test_in_production_the_cookie_goes_over_https_only(app: Flask, tmp_path: Path) -> None:
    production = create_app(
        load_config(
            {
                "ALLOCAPP_ENV": "production",
                "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"],
                "SECRET_KEY": "only for tests, long enough, never elsewhere",
                "TRUSTED_HOSTS": "allocapp.example",
                "ALLOCAPP_INSTANCE": str(tmp_path),
            }
        )
    )
    try:
        browser = production.test_client()
        answer = browser.get("/sign-in", base_url="https://allocapp.example", headers=OWN_PAGE)
        name, *attributes = answer.headers["Set-Cookie"].split("; ")
        assert name.startswith("__Host-allocapp=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} == set(attributes)
        assert "max-age=" in answer.headers["Strict-Transport-Security"]
        assert browser.get("/sign-in", base_url="https://elsewhere.example").status_code == 400
    finally:
        with production.app_context():
            db.engine.dispose()


def cookie(client: Client) -> str:
    found = client.browser.get_cookie("allocapp")
    assert found is not None
    return found.value


def age(*, seen: int, started: int) -> None:
    """Let every session have begun and been used so many minutes ago."""
    moment = now()
    with transaction() as session:
        session.execute(
            update(SignIn).values(
                seen_at=moment - timedelta(minutes=seen), started_at=moment - timedelta(minutes=started)
            )
        )


def seen_at() -> datetime:
    return db.session.scalars(select(SignIn.seen_at)).one()
