"""Vietnamese first, English by a switch: words, numbers and errors in the language of the person."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import select

from allocapp.db import db
from allocapp.models.account import Account
from tests.factories import World
from tests.views.client import Client
from tests.views.conftest import Visit
from tests.views.sheets import everywhere, field, inputs, targets


def choose(client: Client, code: str) -> None:
    """Press the switch on the page shown; it leads back to the same page."""
    answer = client.send(f"/language/{code}", expect=302)
    client.language = code
    client.follow(answer)


def test_the_switch_stays_on_the_page_and_with_the_account(world: World, visit: Visit, database: Flask) -> None:
    client = visit("a.preparer")
    client.open("/quotas/?x=1")
    choose(client, "en")
    assert db.session.scalars(select(Account.language).where(Account.login == "a.preparer")).one() == "en"
    assert client.page.form("/language/vi").fields["next"].startswith("/quotas/")
    client.open("/")
    assert client.page.heading == "My tasks"
    elsewhere = Client(database, address="192.0.2.9")
    elsewhere.open("/sign-in")
    elsewhere.language = "en"
    elsewhere.sign_in_here("a.preparer")
    assert elsewhere.page.heading == "My tasks"
    choose(elsewhere, "vi")
    assert elsewhere.page.heading == "Việc của tôi"


def test_a_visitor_chooses_before_signing_in(world: World, stranger: Client) -> None:
    stranger.open("/sign-in")
    choose(stranger, "en")
    assert stranger.page.heading == "Sign in"
    stranger.send("/sign-in", {"login": "a.preparer", "password": "wrong"}, expect=401)
    assert "Account name or password is wrong" in stranger.page.errors


def test_numbers_follow_the_language(world: World, visit: Visit) -> None:
    world.issue_province(7960)
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 7965, "a.preparer")
    client = visit("a.preparer")
    page = client.open(f"/plans/{plan_id}")
    assert "79,6%" in page.text
    assert "79.6%" not in page.text
    assert inputs(page, plan_id)[field(world, "A1")] == "79,65"
    choose(client, "en")
    assert "79.6%" in client.page.text
    assert "79,6%" not in client.page.text
    assert inputs(client.page, plan_id)[field(world, "A1")] == "79.65"
    # what the page writes, it also reads
    client.send(f"/plans/{plan_id}/save", {field(world, "A1"): "79.7"})
    assert targets(world, plan_id) == {7965, 7970}


def test_every_page_is_english_in_english(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    choose(client, "en")
    for address in ("/", "/plans/", f"/plans/{plan_id}", "/decisions/", "/quotas/", "/decisions/verify"):
        page = client.open(address)
        for word in ("Quyết định", "Phương án", "Chỉ tiêu được giao", "Việc của tôi", "Đăng xuất", "Kiểm tra tệp"):
            assert word not in page.text, address
        assert "Sign out" in page.text
        assert "Preparer · Huyện A" in page.text


def test_errors_speak_the_persons_language(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    choose(client, "en")
    assert client.open("/plans/999999", expect=404).heading == "There is nothing here"
    assert client.open(f"/plans/{plan_id}/review", expect=403).heading == "You may not do this"
    assert client.open("/plans/open", expect=405).heading == "This address is only for sending a form"
    client.open(f"/plans/{plan_id}")
    client.send(f"/plans/{plan_id}/save", {field(world, "A1"): "1e3"}, expect=422)
    assert "“1e3” is not a rate." in client.page.errors
    assert client.page.title.startswith("Error: ")
    page = client.open(f"/plans/{plan_id}")
    client.send(f"/plans/{plan_id}/submit", everywhere(page, plan_id, "79.6"), expect=422)
    assert "short of 0.4 percentage points ≈ 2 dossiers" in client.page.errors


def test_a_page_that_keeps_what_was_typed_offers_no_switch(world: World, visit: Visit) -> None:
    """It would be lost: the switch leads to the page as it is stored."""
    plan_id = world.open("A", "a.preparer")
    client = visit("a.preparer")
    client.open(f"/plans/{plan_id}")
    client.send(f"/plans/{plan_id}/save", {field(world, "A1"): "x"}, expect=422)
    assert not client.page.can_send("/language/en")


def test_the_switch_never_leads_elsewhere(visit: Visit) -> None:
    client = visit("a.preparer")
    for wanted in ("//elsewhere.example", "https://elsewhere.example/", "/\\elsewhere.example"):
        assert client.act("/language/en", {"next": wanted}, expect=302).location == "/"


def test_a_made_up_language_is_vietnamese(world: World, stranger: Client) -> None:
    stranger.browser.set_cookie("allocapp-language", "../../etc")
    assert stranger.open("/sign-in").heading == "Đăng nhập"
