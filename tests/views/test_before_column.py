"""What each receiver had before, beside last year's result: only where a plan was in force before."""

from __future__ import annotations

from tests.factories import World
from tests.services.test_comparison import next_campaign, open_in, put_a_in_force, set_target
from tests.views.conftest import Visit
from tests.views.markup import Element, Page


def cells_of(page: Page, world: World, unit: str) -> list[Element]:
    row = page.root.one(id=f"u{world.units[unit]}").within("tr")
    assert row is not None
    return row.all("td")


def test_shown_beside_the_baseline_to_both_levels(world: World, visit: Visit) -> None:
    first = put_a_in_force(world)
    set_target(world, first, "A1", 8250)
    set_target(world, first, "A2", None, "không phát sinh")
    later = open_in(world, next_campaign(world))
    for login in ("a.preparer", "p.approver"):
        page = visit(login).open(f"/plans/{later}")
        assert [cell.text for cell in cells_of(page, world, "A1") if "before" in cell.classes] == ["82,5%", "82,5%"]
        labels = [cell.get("data-label") for cell in cells_of(page, world, "A2")][1:4]
        assert labels == ["Thực hiện năm trước", "Chỉ tiêu lần trước", "Số dịch vụ dự kiến"], labels
        assert cells_of(page, world, "A2")[2].text == "không giao"
        assert f"/plans/{later}/compare/{first}" in page.links
        # sorting finds last year, expected, target and gap by their places among the cells of an indicator
        of_first = [cell.get("data-label") for cell in cells_of(page, world, "A1") if "k0" in cell.classes]
        assert of_first[:2] == ["Thực hiện năm trước", "Số dịch vụ dự kiến"]


def test_every_row_is_as_wide_as_the_head(world: World, visit: Visit) -> None:
    put_a_in_force(world)
    later = open_in(world, next_campaign(world))
    for plan_id, width in ((later, 3 + 2 * 6), (world.open("B", "b.preparer"), 3 + 2 * 5)):
        page = visit("p.coordinator").open(f"/plans/{plan_id}")
        table = page.root.one("table")
        head = table.one("thead").all("tr")[0].all("th")
        assert sum(int(cell.get("colspan", "1")) for cell in head) == width
        for row in [row for body in table.all("tbody") for row in body.all("tr")]:
            assert sum(int(cell.get("colspan", "1")) for cell in row.all("td", "th")) == width, row.text


def test_no_column_where_nothing_was_in_force(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    page = visit("a.preparer").open(f"/plans/{world.open('A', 'a.preparer')}")
    assert not [cell for cell in cells_of(page, world, "A1") if "before" in cell.classes]
    assert "Chỉ tiêu lần trước" not in page.text
