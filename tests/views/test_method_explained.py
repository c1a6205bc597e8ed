"""The explanation of what was applied: in words that people read, complete, and for units that are gone too."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from allocapp.db import transaction
from allocapp.models.campaign import Expectation
from allocapp.models.plan import PlanTarget
from allocapp.rules.methods import Method
from allocapp.services.hold import hold_row
from allocapp.services.method import Choice, Limits, apply_method, try_method
from tests.factories import NOW, World
from tests.views.conftest import Visit

PREPARER = "a.preparer"


@pytest.fixture
def plan_id(world: World) -> int:
    """District A's draft under a target of 80%; every commune had 25% last year, of as many dossiers."""
    world.issue_province(8000)
    plan_id = world.open("A", PREPARER)
    world.save(plan_id, 5000, PREPARER)
    return plan_id


def apply(world: World, plan_id: int, method: Method) -> None:
    choice = Choice(world.indicators["dossiers"], method, Limits(step=1))
    with transaction():
        plan = world.plan(plan_id)
        stamp = try_method(plan, choice).stamp
        apply_method(plan_id, choice, version=plan.version, stamp=stamp, actor=world.account(PREPARER), now=NOW)


def forget_baseline(world: World, unit: str) -> None:
    with transaction() as session:
        session.execute(
            update(Expectation)
            .where(Expectation.unit_id == world.units[unit], Expectation.indicator_id == world.indicators["dossiers"])
            .values(baseline_numerator=0, baseline_denominator=0)
        )


@pytest.mark.parametrize(
    ("method", "words"),
    [
        (Method.SAME, "Mức chung cho mọi đơn vị: 80%"),
        (Method.PLUS, "Cộng vào thực hiện năm trước: 55 điểm phần trăm"),
        (Method.TIMES, "Hệ số: 3,2"),
        # 55 of the 75 points between 25% and 100%
        (Method.GAP, "Phần khoảng cách được thu hẹp: 73,3333%"),
    ],
)
def test_the_parameter_reads_as_it_did_in_the_preview(
    world: World, visit: Visit, plan_id: int, method: Method, words: str
) -> None:
    owner = visit(PREPARER)
    dossiers = world.indicators["dossiers"]
    preview = owner.open(
        f"/plans/{plan_id}/methods?indicator={dossiers}&act={method.value}&step=1&aim=&floor=&ceiling="
    )
    assert f"{words}." in preview.text
    apply(world, plan_id, method)
    page = owner.open(f"/plans/{plan_id}/changes")
    assert words in page.text
    assert "λ" not in page.text
    assert "/3" not in page.text


def test_an_assumed_baseline_is_told_in_the_preview_and_for_good(world: World, visit: Visit, plan_id: int) -> None:
    forget_baseline(world, "A2")
    owner = visit(PREPARER)
    dossiers = world.indicators["dossiers"]
    preview = owner.open(f"/plans/{plan_id}/methods?indicator={dossiers}&act=plus&step=1&aim=&floor=&ceiling=")
    assert "Xã A2 25%" in preview.text
    apply(world, plan_id, Method.PLUS)
    text = owner.open(f"/plans/{plan_id}/changes").text
    assert "Xã A2 25%" in text
    assert "Xã A1 25%" not in text


def test_a_unit_that_is_gone_keeps_its_name(world: World, visit: Visit, plan_id: int) -> None:
    with transaction():
        hold_row(plan_id, world.units["A1"], reason="chờ sáp nhập", actor=world.account(PREPARER), now=NOW)
    apply(world, plan_id, Method.PLUS)
    with transaction() as session:
        for unit in ("A1", "A3"):
            session.execute(
                delete(PlanTarget).where(PlanTarget.plan_id == plan_id, PlanTarget.unit_id == world.units[unit])
            )
    page = visit(PREPARER).open(f"/plans/{plan_id}/changes")
    rows = [row.text for row in page.root.one("table").all("th", scope="row")]
    assert rows == ["Bộ phận Một cửa huyện A", "Xã A2", "Xã A3"]
    assert "Xã A1: chờ sáp nhập" in page.text
