"""The pages of delegation: lending a role, ending it, who sees what; and what every page says to a delegate."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from allocapp.clock import today
from allocapp.db import db
from allocapp.models.account import Delegation, Grant
from tests.factories import World
from tests.services.test_delegation import lend
from tests.views.client import Client, vietnamese
from tests.views.conftest import Visit

LIST = "/delegations/"


def address_of(world: World, login: str) -> str:
    grant = db.session.scalars(select(Grant).where(Grant.account_id == world.accounts[login])).one()
    return f"/delegations/roles/{grant.id}"


def fill_in(world: World, to: str, **changes: str) -> dict[str, str]:
    return {
        "account_id": str(world.accounts[to]),
        "capacity": "TUQ.",
        "title": "Phó Chủ tịch",
        "reason": "đi công tác",
        "valid_from": f"{today():%d/%m/%Y}",
        "valid_to": f"{today() + timedelta(days=3):%d/%m/%Y}",
    } | changes


def lent_by(world: World, visit: Visit, owner: str = "p.approver", to: str = "p.coordinator") -> Client:
    """The owner's browser, after lending the role."""
    client, address = visit(owner), address_of(world, owner)
    client.open(LIST)
    assert address in client.page.links
    client.open(address)
    client.follow(client.send(address, fill_in(world, to)))
    return client


def test_a_role_is_lent_and_taken_back(world: World, visit: Visit) -> None:
    client = lent_by(world, visit)
    assert "coordinator P" in client.page.notices
    delegation = db.session.scalars(select(Delegation)).one()
    end = f"/delegations/{delegation.id}/end"
    assert client.page.can_send(end)
    page = client.page
    client.follow(client.send(end))
    assert not client.page.can_send(end)
    client.send(end, page=page, expect=409)
    assert vietnamese(client.app, "It was ended, or its last day is over.") in client.page.errors


def test_every_page_says_for_whom_one_acts(world: World, visit: Visit) -> None:
    delegate = visit("p.coordinator")
    assert "approver P" not in delegate.open("/plans/").text
    lent_by(world, visit)
    for address in ("/", "/plans/", "/decisions/", LIST):
        assert "approver P" in delegate.open(address).text
    assert LIST in delegate.page.links


def test_the_delegate_reviews_in_the_owners_place(world: World, visit: Visit) -> None:
    world.issue_province()
    plan_id = world.submitted("A")
    delegate = visit("p.coordinator")
    delegate.get(f"/plans/{plan_id}/review", expect=403)
    lent_by(world, visit)
    delegate.open(f"/plans/{plan_id}/review")
    delegate.send(f"/plans/{plan_id}/approve")
    assert "TUQ. Phó Chủ tịch (thay approver P)" in delegate.open(f"/plans/{plan_id}/journal").text
    auditor = visit("p.auditor").open("/journal?action=plan.approve")
    assert "TUQ. Phó Chủ tịch (thay approver P)" in auditor.text


def test_what_is_refused_is_told_at_its_field_and_kept(world: World, visit: Visit) -> None:
    client, address = visit("p.approver"), address_of(world, "p.approver")
    yesterday = f"{today() - timedelta(days=1):%d/%m/%Y}"
    for changes, field in (
        ({"reason": " \u00a0 "}, "reason"),
        ({"title": ""}, "title"),
        ({"valid_from": yesterday}, "valid_from"),
        ({"valid_to": yesterday}, "valid_from"),
        ({"valid_to": "mai"}, "valid_to"),
        ({"account_id": ""}, "account_id"),
        ({"account_id": "99999999999999999999"}, "account_id"),
        ({"account_id": str(world.accounts["p.approver"])}, "account_id"),
        ({"capacity": "Q."}, "capacity"),
    ):
        client.open(address)
        client.send(address, fill_in(world, "p.coordinator", **changes), expect=422)
        assert f"#{field}" in client.page.links, changes
        kept = client.page.form(address).fields
        assert kept["title"] == changes.get("title", "Phó Chủ tịch")
    client.open(address)
    client.send(address, fill_in(world, "p.coordinator", reason="x" * 100_000), expect=422)
    assert db.session.scalars(select(Delegation)).all() == []


def test_lending_twice_is_refused(world: World, visit: Visit) -> None:
    client, address = lent_by(world, visit), address_of(world, "p.approver")
    client.open(address)
    client.send(address, fill_in(world, "p.coordinator"), expect=409)


def test_other_peoples_roles_are_not_there(world: World, visit: Visit) -> None:
    others = address_of(world, "p.leader")
    lent_by(world, visit, owner="p.leader")
    delegation_id = db.session.scalars(select(Delegation.id)).one()
    for login in ("p.coordinator", "p.approver", "p.administrator", "a.preparer", "a1.viewer"):
        client = visit(login)
        client.get(others, expect=404)
        client.act(others, fill_in(world, "p.clerk"), expect=404)
        client.act(f"/delegations/{delegation_id}/end", expect=404)
        assert (login in ("p.coordinator", "p.administrator")) == ("leader P" in client.open(LIST).body.text)


def test_a_preparer_has_nothing_to_lend(world: World, visit: Visit) -> None:
    client = visit("a.preparer")
    client.get(address_of(world, "a.preparer"), expect=404)
    assert LIST not in client.open("/").links


def test_what_was_lent_until_yesterday_opens_nothing(world: World, visit: Visit) -> None:
    """The day counts when something is done, not when the page was made."""
    world.issue_province()
    plan_id = world.submitted("A")
    lend(world, "p.approver", "p.coordinator")  # long ago: until 9 March 2026
    client = visit("p.coordinator")
    client.get(f"/plans/{plan_id}/review", expect=403)
    assert "approver P" not in client.open("/").text
