"""How often a page asks the database: as often for forty communes as for four."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from allocapp.db import db, transaction
from allocapp.models.campaign import Expectation
from allocapp.models.unit import Unit
from allocapp.services.unit import add_unit
from tests.factories import SINCE, World
from tests.views.client import Client
from tests.views.conftest import Visit
from tests.views.sheets import everywhere


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def add_communes(world: World, district: str, number: int) -> None:
    """More receivers for the district, each with something to do."""
    with transaction() as session:
        parent = session.get_one(Unit, world.units[district])
        for place in range(number):
            commune = add_unit(
                code=f"{district}-{place}",
                name=f"Xã thêm {place}",
                kind_code="commune",
                parent=parent,
                position=100 + place,
                valid_from=SINCE,
            )
            for code, weight, services in (("services", 2, [30, 31]), ("dossiers", 100, [])):
                session.add(
                    Expectation(
                        campaign_id=world.campaign,
                        unit_id=commune.id,
                        indicator_id=world.indicators[code],
                        weight=weight,
                        baseline_numerator=0,
                        baseline_denominator=weight,
                        services=services,
                    )
                )


def measure(world: World, visit: Visit, district: str) -> dict[str, int]:
    """How many statements each page and act of the district's plan takes."""
    login = f"{district.lower()}.preparer"
    plan_id = world.open(district, login)
    owner, superior = visit(login), visit("p.approver")
    found: dict[str, int] = {}

    def ask(name: str, client: Client, url: str) -> None:
        with counted() as sent:
            client.open(url)
        found[name] = len(sent)

    ask("plan page", owner, f"/plans/{plan_id}")
    page = owner.page
    fields = page.form(f"/plans/{plan_id}").fields | everywhere(page, plan_id, "80")
    with counted() as sent:
        answer = owner.post(f"/plans/{plan_id}/check", fields, headers={"Accept": "application/json"}, expect=200)
    assert len(answer.json["cells"]) == len(everywhere(page, plan_id, "80"))
    found["live check"] = len(sent)
    with counted() as sent:
        owner.send(f"/plans/{plan_id}/submit", everywhere(page, plan_id, "80"))
    found["submit"] = len(sent)
    ask("read-only plan page", owner, f"/plans/{plan_id}")
    ask("review page", superior, f"/plans/{plan_id}/review")
    with counted() as sent:
        superior.send(f"/plans/{plan_id}/approve")
    found["approve"] = len(sent)
    ask("decision page", owner, f"/decisions/{world.decision_on(plan_id).id}")
    ask("targets by unit", owner, "/quotas/")
    return found


def test_statements_do_not_grow_with_the_receivers(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    add_communes(world, "B", 36)
    few, many = measure(world, visit, "A"), measure(world, visit, "B")
    assert many == few, (few, many)
    assert all(number > 2 for number in few.values())
    assert few["plan page"] < 25
    assert few["live check"] < 20
