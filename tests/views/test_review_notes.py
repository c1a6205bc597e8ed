"""The review page beside the table: what is unusual, and only what changed since the plan was last seen."""

from __future__ import annotations

from allocapp.db import db, transaction
from allocapp.models.campaign import Expectation
from tests.factories import World
from tests.services.test_inbox import submitted_clean
from tests.views.conftest import Visit
from tests.views.markup import Page


def rows_seen(page: Page) -> list[str]:
    """The receivers whose rows can be seen, by the ids of their headings."""
    rows = [row for row in page.body.all("tr") if "r" in row.classes and not row.has("hidden")]
    return [row.one("th", scope="row")["id"] for row in rows]


def test_flags_link_to_their_rows_and_to_nothing_else(world: World, visit: Visit) -> None:
    world.issue_province()
    plan_id = submitted_clean(world)
    page = visit("p.approver").open(f"/plans/{plan_id}/review")
    assert "Không có gì bất thường trong phương án này." in page.text
    with transaction() as session:
        low = Expectation.unit_id == world.units["A1"]
        session.execute(db.update(Expectation).where(low).values(baseline_numerator=95, baseline_denominator=100))
    page = visit("p.approver").open(f"/plans/{plan_id}/review")
    assert "Kém thực hiện năm trước" in page.text
    assert f"#u{world.units['A1']}" in page.links
    assert f"#u{world.units['A2']}" not in page.links
    assert rows_seen(visit("p.approver").open(f"/plans/{plan_id}/review?only=flagged")) == [f"u{world.units['A1']}"]


def test_after_a_return_the_reviewer_sees_what_changed_and_can_see_all(world: World, visit: Visit) -> None:
    world.issue_province()
    plan_id = submitted_clean(world)
    approver, preparer = visit("p.approver"), visit("a.preparer")
    first = approver.open(f"/plans/{plan_id}/review")
    assert len(rows_seen(first)) == 4
    approver.follow(approver.send(f"/plans/{plan_id}/return", {"reason": "Giao thêm cho xã A2"}))
    preparer.open(f"/plans/{plan_id}")
    cell = f"t-{world.units['A2']}-{world.indicators['dossiers']}"
    preparer.follow(preparer.send(f"/plans/{plan_id}/submit", {cell: "91,5"}))
    page = approver.open(f"/plans/{plan_id}/review")
    assert rows_seen(page) == [f"u{world.units['A2']}"]
    assert "Thay đổi so với lần trình trước" in page.text
    assert "91,5%" in page.text
    assert len(rows_seen(approver.open(f"/plans/{plan_id}/review?only="))) == 4
