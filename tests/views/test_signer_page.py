"""The clerk chooses who signs, and the decision's page says for whose signature it was made out."""

from __future__ import annotations

from sqlalchemy import select

from allocapp.clock import now, today
from allocapp.db import db
from allocapp.models.account import Delegation
from tests.factories import World
from tests.services.test_delegation import lend
from tests.views.conftest import Visit


def test_the_clerk_chooses_on_the_page(world: World, visit: Visit) -> None:
    world.issue_province()
    decision_id = world.decision_on(world.approved("A")).id
    lend(world, "a.leader", "a.viewer", now=now(), valid_from=today(), valid_to=today())
    lent = db.session.scalars(select(Delegation.id)).one()
    clerk, address = visit("a.clerk"), f"/decisions/{decision_id}"
    assert "TUQ. … Phó Chủ tịch" in clerk.open(address).text
    number = {"signer": str(lent), "dated": f"{today():%d/%m/%Y}"}
    clerk.send(f"{address}/number", number | {"dated": "hôm nay"}, expect=422)
    assert clerk.page.form(f"{address}/number").fields["signer"] == str(lent)
    clerk.send(f"{address}/number", number)
    assert "TUQ. CHỦ TỊCH, PHÓ CHỦ TỊCH: viewer A" in clerk.open(address).text


def test_a_delegation_that_ended_meanwhile_is_no_choice(world: World, visit: Visit) -> None:
    world.issue_province()
    decision_id = world.decision_on(world.approved("A")).id
    clerk, address = visit("a.clerk"), f"/decisions/{decision_id}"
    clerk.open(address)
    fields = {"dated": f"{today():%d/%m/%Y}"}
    for signer in ("999999", "abc", "-1", "99999999999"):
        clerk.send(f"{address}/number", fields, added={"signer": signer}, expect=409 if signer == "999999" else 422)
    clerk.send(f"{address}/number", fields)
