"""The methods page speaks of what an indicator is: a ceiling is kept to, a quantity has a total."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from allocapp.db import transaction
from allocapp.models.campaign import Indicator
from allocapp.rules.balance import Direction, Kind, RollUp
from allocapp.services.hold import hold_row
from tests.factories import NOW, World
from tests.views.client import Client, vietnamese
from tests.views.conftest import Visit

PREPARER = "a.preparer"
LEAST, MOST = Direction.AT_LEAST, Direction.AT_MOST


@pytest.fixture
def plan_id(world: World) -> int:
    """District A's draft at 50% everywhere, under a target of 80%."""
    world.issue_province(8000)
    plan_id = world.open("A", PREPARER)
    world.save(plan_id, 5000, PREPARER)
    return plan_id


def measure(world: World, kind: Kind, direction: Direction) -> None:
    with transaction() as session:
        session.execute(
            update(Indicator)
            .where(Indicator.id == world.indicators["dossiers"])
            .values(kind=kind, rollup=RollUp.SUMS, direction=direction)
        )


def methods(client: Client, world: World, plan_id: int, formula: str = "", expect: int = 200) -> str:
    """The text of the methods page, with this formula tried."""
    indicator = world.indicators["dossiers"]
    return client.open(f"/plans/{plan_id}/methods?indicator={indicator}{formula}", expect=expect).text


@pytest.mark.parametrize(
    ("kind", "direction", "said"),
    [
        (Kind.RATE, LEAST, ("Tỷ lệ chung cần đạt", "Được thấp hơn thực hiện năm trước", "Cắt bớt phần vượt")),
        (Kind.RATE, MOST, ("Tỷ lệ chung không được vượt", "Được cao hơn thực hiện năm trước", "Giao thêm phần còn dư")),
        (Kind.QUANTITY, LEAST, ("Tổng cần đạt", "Được thấp hơn thực hiện năm trước", "Cắt bớt phần vượt")),
        (Kind.QUANTITY, MOST, ("Tổng không được vượt", "Được cao hơn thực hiện năm trước", "Giao thêm phần còn dư")),
    ],
)
def test_the_form_speaks_of_the_indicator(
    world: World, visit: Visit, plan_id: int, kind: Kind, direction: Direction, said: tuple[str, ...]
) -> None:
    measure(world, kind, direction)
    text = methods(visit(PREPARER), world, plan_id)
    every = {
        "Tỷ lệ chung cần đạt", "Tỷ lệ chung không được vượt", "Tổng cần đạt", "Tổng không được vượt",
        "Được thấp hơn thực hiện năm trước", "Được cao hơn thực hiện năm trước",
        "Cắt bớt phần vượt", "Giao thêm phần còn dư",
    }  # fmt: skip
    assert {each for each in every if each in text} == set(said)


def test_the_figures_over_services_say_which_way_a_ceiling_looks(world: World, visit: Visit, plan_id: int) -> None:
    """Under a ceiling the best case is the lowest, and what is guaranteed is not to be exceeded."""
    client = visit(PREPARER)
    least, most = {"cao nhất có thể đạt", "chắc chắn đạt"}, {"thấp nhất có thể", "chắc chắn không vượt"}
    before = {term.text for term in client.open(f"/plans/{plan_id}").root.all("dt")}
    assert before >= least
    assert not before & most
    with transaction() as session:
        session.execute(
            update(Indicator).where(Indicator.id == world.indicators["services"]).values(direction=Direction.AT_MOST)
        )
    after = {term.text for term in client.open(f"/plans/{plan_id}").root.all("dt")}
    assert after >= most
    assert not after & least


def test_the_explanation_of_a_ceiling_says_what_was_not_to_be_exceeded(
    world: World, visit: Visit, plan_id: int
) -> None:
    measure(world, Kind.RATE, MOST)
    client = visit(PREPARER)
    formula = "&act=same&step=1&aim=70&floor=&ceiling=&past_baseline=y"
    methods(client, world, plan_id, formula)
    client.follow(client.send(f"/plans/{plan_id}/methods/apply?indicator={world.indicators['dossiers']}{formula}"))
    text = client.open(f"/plans/{plan_id}/changes").text
    assert "để không vượt 70%" in text
    assert "được cao hơn thực hiện năm trước" in text
    assert "để đạt" not in text


def test_the_most_that_can_be_reached_is_called_so(world: World, visit: Visit, plan_id: int) -> None:
    client = visit(PREPARER)
    most = "Đây là mức cao nhất mà phương pháp này đạt được"
    short = methods(client, world, plan_id, "&act=same&step=1&aim=&floor=&ceiling=60")
    assert most in short
    assert "Tỷ lệ chung toàn huyện 60%" in short
    assert most not in methods(client, world, plan_id, "&act=same&step=1&aim=&floor=&ceiling=")
    with transaction():
        hold_row(plan_id, world.units["A1"], reason="Đã thống nhất", actor=world.account(PREPARER), now=NOW)
    assert most not in methods(client, world, plan_id, "&act=same&step=1&aim=&floor=&ceiling=")
    assert most in methods(client, world, plan_id, "&act=same&step=1&aim=100&floor=&ceiling=")


def test_a_trim_that_cannot_begin_says_why(world: World, visit: Visit, plan_id: int) -> None:
    client = visit(PREPARER)
    why = "Chỉ thực hiện được khi mọi ô đã có chỉ tiêu và chỉ tiêu chung đã được bảo đảm"
    assert why in methods(client, world, plan_id, "&act=official&step=1&aim=&floor=&ceiling=")
    assert why not in methods(client, world, plan_id, "&act=official&step=1&aim=40&floor=&ceiling=")


@pytest.mark.parametrize(
    "formula", ["&act=by_weight&step=1", "&act=same&step=3", "&act=same&step=x", "&act=none&step=1"]
)
def test_what_the_page_does_not_offer_is_refused_in_the_pages_language(
    world: World, visit: Visit, plan_id: int, formula: str
) -> None:
    text = methods(visit(PREPARER), world, plan_id, formula, expect=422)
    assert "Đây không phải giá trị được đưa ra để chọn." in text
    assert "valid" not in text
    assert "coerce" not in text


@pytest.mark.parametrize(
    "address", ["methods?indicator=999999", "methods?indicator=999999&act=same&step=1", "methods?indicator=x"]
)
def test_an_indicator_that_the_plan_does_not_have_is_not_found(
    world: World, visit: Visit, plan_id: int, address: str
) -> None:
    client = visit(PREPARER)
    client.open(f"/plans/{plan_id}/{address}", expect=404)
    client.act(f"/plans/{plan_id}/{address.replace('methods', 'methods/apply')}", {"version": "2"}, expect=404)
    client.open(f"/plans/{plan_id}/methods?indicator=", expect=200)


@pytest.mark.parametrize(
    ("ceilings", "link"),
    [
        ((), "Lowest possible target"),
        (("dossiers", "services"), "Highest possible target"),
        (("dossiers",), "Lowest or highest possible target"),
    ],
)
def test_how_far_a_row_may_go_looks_the_right_way(
    world: World, visit: Visit, plan_id: int, ceilings: tuple[str, ...], link: str
) -> None:
    with transaction() as session:
        wanted = [world.indicators[code] for code in ceilings]
        session.execute(update(Indicator).where(Indicator.id.in_(wanted)).values(direction=MOST))
    client = visit(PREPARER)
    links = client.open(f"/plans/{plan_id}").root.all("a", class_="lowest")
    assert {each.text for each in links} == {vietnamese(client.app, link)}
    address = f"/plans/{plan_id}/rows/{world.units['A1']}/lowest"
    assert address in {each["href"] for each in links}
    text = client.open(address).text
    assert vietnamese(client.app, "How far may the target go: %(unit)s", unit="Xã A1") in text
    assert ("cao nhất" in text) is bool(ceilings)
    assert "thấp nhất" not in text  # at 50% everywhere no single row reaches 80%
