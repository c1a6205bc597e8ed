"""Milestones go into the decision: frozen with its number, shown before and after, printed in the annex."""

from __future__ import annotations

import json
from datetime import date

import pytest
from sqlalchemy import delete

from allocapp.db import db, transaction
from allocapp.documents.decision import render_decision
from allocapp.models.plan import PlanMilestone
from tests.documents.measure import joined, pages
from tests.factories import World
from tests.views.conftest import Visit
from tests.views.markup import Page


@pytest.fixture
def plan_id(world: World) -> int:
    """District A's plan, approved: commune 1 reaches 40% of dossiers by March and 60% by September."""
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    with transaction() as session:
        session.add_all(
            PlanMilestone(
                plan_id=plan_id,
                unit_id=world.units["A1"],
                indicator_id=world.indicators["dossiers"],
                due=due,
                target=target,
            )
            for due, target in ((date(2026, 9, 30), 6000), (date(2026, 3, 31), 4000))
        )
    # they lead to the target that is submitted
    world.save(plan_id, 8000, "a.preparer")
    world.submit(plan_id, 8000, "a.preparer")
    world.approve(plan_id, "p.approver")
    return plan_id


def frozen(world: World, plan_id: int) -> dict[str, object]:
    db.session.rollback()
    found: dict[str, object] = json.loads(world.decision_on(plan_id).snapshot or "")
    return found


def rows_of(snapshot: dict[str, object]) -> list[dict[str, object]]:
    annex = snapshot["annex"]
    assert isinstance(annex, dict)
    return [row for group in annex["groups"] for row in group["rows"]]


def second_table(page: Page) -> str:
    return page.root.one("table", **{"aria-labelledby": "roads-title"}).text


def test_the_snapshot_keeps_them_and_the_annex_prints_them(world: World, plan_id: int) -> None:
    world.number(plan_id, "a.clerk")
    snapshot = frozen(world, plan_id)
    with_some = [row for row in rows_of(snapshot) if "milestones" in row]
    assert [(row["code"], row["milestones"]) for row in with_some] == [
        ("A1", [[], [["2026-03-31", 4000], ["2026-09-30", 6000]]])
    ]
    text = " ".join(joined(page) for page in pages(render_decision(snapshot)))
    assert "Đến 31/3/2026 Đến 30/9/2026 Chỉ tiêu được giao" in text
    assert text.rindex("40% 60% 80%") > text.index("Lộ trình thực hiện")


def test_without_milestones_the_snapshot_is_what_it_always_was(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.approved("A")
    world.number(plan_id, "a.clerk")
    for row in rows_of(frozen(world, plan_id)):
        assert set(row) == {"code", "name", "targets", "reasons"}


def test_the_decisions_page_shows_them_before_and_after_the_number(world: World, visit: Visit, plan_id: int) -> None:
    clerk = visit("a.clerk")
    address = f"/decisions/{world.decision_on(plan_id).id}"
    before = second_table(clerk.open(address))
    world.number(plan_id, "a.clerk")
    with transaction() as session:
        session.execute(delete(PlanMilestone))  # the page shows what was frozen
    assert second_table(clerk.open(address)) == before
    for text in ("Đến 31/03/2026", "Đến 30/09/2026", "xã A1", "40%", "60%", "80%"):
        assert text in before, before


def test_the_page_has_no_second_table_where_there_are_none(world: World, visit: Visit) -> None:
    plan_id = world.approved("P")
    page = visit("p.clerk").open(f"/decisions/{world.decision_on(plan_id).id}")
    assert not page.root.all(id="roads-title")
