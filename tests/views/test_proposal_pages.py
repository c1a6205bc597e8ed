"""Proposed weights, milestones, copies and comparisons as people meet them: owner, superior, stranger."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.models.campaign import Campaign, CampaignIndicator, Expectation, Indicator
from allocapp.models.plan import ExpectationProposal, PlanMilestone, PlanTarget, Verdict
from allocapp.models.results import Service
from allocapp.services.plan import open_plan
from allocapp.services.sheet import read_sheet
from tests.factories import NOW, World
from tests.views.client import Client
from tests.views.conftest import Visit


@pytest.fixture
def plan_id(world: World) -> int:
    """District A: communes 1 and 2 with 100 dossiers each and 90% and 60%, and T = 80%."""
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 8000, "a.preparer")
    dossiers = world.indicators["dossiers"]
    with transaction() as session:
        for number in range(20, 50):
            code = f"1.0000{number}.000.00.00.H37"
            session.add(Service(id=number, code=code, name=f"Dịch vụ {number}", field="Hộ tịch", level="4"))
        for code in ("A0", "A3"):
            session.execute(
                db.update(Expectation)
                .where(Expectation.unit_id == world.units[code], Expectation.indicator_id == dossiers)
                .values(weight=0)
            )
        for code, target in (("A1", 9000), ("A2", 6000)):
            session.execute(
                db.update(PlanTarget)
                .where(PlanTarget.unit_id == world.units[code], PlanTarget.indicator_id == dossiers)
                .values(target=target)
            )
    return plan_id


def address(world: World, plan_id: int, unit: str, indicator: str = "dossiers") -> str:
    return f"/plans/{plan_id}/proposals/{world.units[unit]}/{world.indicators[indicator]}"


def ask(world: World, browser: Client, plan_id: int, weight: str = "200", reason: str = "Sáp nhập hai xã") -> None:
    url = address(world, plan_id, "A1")
    browser.open(url)
    browser.follow(browser.send(url, {"weight": weight, "reason": reason}))


def only_proposal() -> ExpectationProposal:
    db.session.rollback()
    return db.session.scalars(select(ExpectationProposal)).one()


# -- proposals -------------------------------------------------------------------------------------------------------


def test_both_aggregates_stand_side_by_side_and_bind_once_accepted(world: World, visit: Visit, plan_id: int) -> None:
    owner, superior = visit("a.preparer"), visit("p.approver")
    page = owner.open(f"/plans/{plan_id}/proposals")
    assert "75%" in page.text
    assert "400" in page.text  # the unit's own weight, to which the receivers' 200 do not add up
    ask(world, owner, plan_id)
    assert "75%" in owner.page.text
    assert "80%" in owner.page.text
    assert "Sáp nhập hai xã" in owner.page.text
    proposal = only_proposal()
    accept = f"/plans/{plan_id}/proposals/{proposal.id}/accept"
    assert not owner.page.can_send(accept)
    owner.act(accept, {"seen": "0" * 64}, expect=403)
    superior.open(f"/plans/{plan_id}/proposals")
    superior.follow(superior.send(accept))
    assert only_proposal().verdict is Verdict.ACCEPTED
    assert "80%" in superior.page.text
    assert not superior.page.can_send(accept)
    page = owner.open(address(world, plan_id, "A1"))
    assert not page.can_send(address(world, plan_id, "A1"))  # it is settled, and says so
    assert "200 hồ sơ" in page.text


def test_a_refusal_without_a_reason_asks_for_it(world: World, visit: Visit, plan_id: int) -> None:
    ask(world, visit("a.preparer"), plan_id)
    refuse = f"/plans/{plan_id}/proposals/{only_proposal().id}/refuse"
    superior = visit("p.approver")
    superior.open(f"/plans/{plan_id}/proposals")
    answer = superior.send(refuse, expect=422)
    assert answer.page.errors
    superior.follow(superior.send(refuse, {"reason": "Chưa có căn cứ"}))
    assert only_proposal().verdict is Verdict.REFUSED
    assert "Chưa có căn cứ" in superior.page.text


def test_a_proposal_changed_meanwhile_is_not_accepted_unseen(world: World, visit: Visit, plan_id: int) -> None:
    owner, superior = visit("a.preparer"), visit("p.approver")
    ask(world, owner, plan_id)
    page = superior.open(f"/plans/{plan_id}/proposals")
    ask(world, owner, plan_id, "900")
    accept = f"/plans/{plan_id}/proposals/{only_proposal().id}/accept"
    superior.send(accept, page=page, expect=409)
    assert only_proposal().verdict is Verdict.OPEN
    assert "900" in superior.page.text


@pytest.mark.parametrize(("weight", "reason"), [("12,5", "x"), ("", "x"), ("200", ""), ("100", "x"), ("1e3", "x")])
def test_what_cannot_be_proposed_is_said_at_its_field(
    world: World, visit: Visit, plan_id: int, weight: str, reason: str
) -> None:
    owner, url = visit("a.preparer"), address(world, plan_id, "A1")
    owner.open(url)
    page = owner.send(url, {"weight": weight, "reason": reason}, expect=422).page
    assert page.errors
    assert page.field("weight").get("value") == weight
    assert page.field("reason").raw.strip() == reason
    assert page.root.all(aria_invalid="true")


def test_a_service_set_is_written_as_codes(world: World, visit: Visit, plan_id: int) -> None:
    owner, url = visit("a.preparer"), address(world, plan_id, "A1", "services")
    page = owner.open(url)
    codes = page.field("services").raw.split()
    assert len(codes) == 10
    page = owner.send(url, {"services": "1.000030\n9.9", "reason": "Đúng danh mục"}, expect=422).page
    assert "9.9" in page.errors
    owner.open(url)
    wanted = "\n".join([*codes[1:], "1.000044"])
    owner.follow(owner.send(url, {"services": wanted, "reason": "Đúng danh mục"}))
    assert "Dịch vụ 44" in owner.page.text
    assert "Dịch vụ 30" in owner.page.text
    assert "Dịch vụ 31" not in owner.page.text
    assert set(only_proposal().services) == {*range(31, 40), 44}
    owner.follow(owner.send(f"/plans/{plan_id}/proposals/{only_proposal().id}/withdraw"))
    assert read_sheet(world.plan(plan_id)).open_proposals == ()


def test_strangers_find_nothing_and_colleagues_only_read(world: World, visit: Visit, plan_id: int) -> None:
    addresses = (
        f"/plans/{plan_id}/proposals",
        f"/plans/{plan_id}/milestones/{world.indicators['dossiers']}",
        f"/plans/{plan_id}/others",
    )
    for url in addresses:
        visit("b.preparer").open(url, expect=404)
        page = visit("a.clerk").open(url)
        assert {target for form in page.forms for target in form.targets if target.startswith("/plans")} == set()
    visit("b.preparer").open(address(world, plan_id, "A1"), expect=404)
    visit("a.clerk").open(address(world, plan_id, "A1"), expect=403)
    visit("a.preparer").open(address(world, plan_id, "B1"), expect=404)


# -- milestones ------------------------------------------------------------------------------------------------------


def matrix(world: World, plan_id: int) -> str:
    return f"/plans/{plan_id}/milestones/{world.indicators['dossiers']}"


def kept() -> dict[tuple[int, date], int]:
    db.session.rollback()
    return {(row.unit_id, row.due): row.target for row in db.session.scalars(select(PlanMilestone))}


def test_milestones_are_filled_looked_through_and_saved(world: World, visit: Visit, plan_id: int) -> None:
    owner, url = visit("a.preparer"), matrix(world, plan_id)
    assert owner.get(f"/plans/{plan_id}/milestones").location == (
        f"/plans/{plan_id}/milestones/{world.indicators['services']}"
    )
    owner.open(url)
    first = f"m-{world.units['A1']}-20260331"
    page = owner.send(f"{url}/fill", expect=200).page
    assert page.field(first).get("value") == "41,2"  # from 25% to 90% in four steps, rounded down to a tenth
    assert kept() == {}
    owner.follow(owner.send(url))
    assert len(kept()) == 12
    for wrong, said in (("abc", "abc"), ("95", "vượt chỉ tiêu")):
        owner.open(url)
        page = owner.send(url, {first: wrong}, expect=422).page
        assert said in page.errors
        assert page.field(first).get("value") == wrong
    owner.open(url)
    page = owner.send(f"{url}/fill", {first: "10"}, expect=200).page
    assert page.field(first).get("value") == "10"  # a row that was begun is left alone


def test_two_people_do_not_write_over_each_others_milestones(world: World, visit: Visit, plan_id: int) -> None:
    one, other, url = visit("a.preparer"), visit("a.preparer"), matrix(world, plan_id)
    name = f"m-{world.units['A1']}-20260630"
    page = one.open(url)
    other.open(url)
    other.send(url, {name: "50"})
    answer = one.send(url, {name: "60"}, page=page, expect=409)
    assert answer.page.field(name).get("value") == "60"
    assert "50%" in answer.page.text
    assert list(kept().values()) == [5000]
    one.follow(one.send(url))
    assert list(kept().values()) == [6000]


def test_a_receiver_reads_its_milestones(world: World, visit: Visit) -> None:
    plan_id = world.open("P", "p.preparer")
    world.save(plan_id, 8000, "p.preparer")
    owner, url = visit("p.preparer"), matrix(world, plan_id)
    owner.open(url)
    owner.send(url, {f"m-{world.units['D1']}-20260630": "65,5"})
    world.submit(plan_id, 8000, "p.preparer")
    world.approve(plan_id, "p.approver")
    world.put_in_force(plan_id)
    page = visit("d1.viewer").open(f"/quotas/{world.units['D1']}")
    assert "30/06/2026" in page.text
    assert "65,5%" in page.text


# -- other plans -----------------------------------------------------------------------------------------------------


@pytest.fixture
def later(world: World, plan_id: int) -> int:
    """District A's empty draft of the following year."""
    with transaction() as session:
        campaign = Campaign(
            code="2027", name="Giao chỉ tiêu năm 2027", name_en="Targets 2027", root_id=world.units["P"],
            period_from=date(2027, 1, 1), period_to=date(2027, 12, 31), sample=True, frozen_at=NOW, frozen_from="2026",
        )  # fmt: skip
        for position, indicator_id in enumerate(world.indicators.values()):
            campaign.indicators.append(
                CampaignIndicator(position=position, indicator=session.get(Indicator, indicator_id))
            )
        session.add(campaign)
        session.flush()  # its id is needed below
        return open_plan(world.units["A"], campaign.id, actor=world.account("a.preparer"), now=NOW).id


def test_targets_are_copied_after_a_preview(world: World, visit: Visit, plan_id: int, later: int) -> None:
    owner = visit("a.preparer")
    page = owner.open(f"/plans/{later}/others")
    assert f"/plans/{later}/copy/{plan_id}" in page.links
    page = owner.open(f"/plans/{later}/copy/{plan_id}")
    assert "90%" in page.text
    assert {cell.target for cell in read_sheet(world.plan(later)).cells.values()} == {None}
    owner.send(f"/plans/{later}/copy/{plan_id}")
    targets = {row.unit.code: row.cells[1].target for row in read_sheet(world.plan(later)).rows}
    assert targets == {"A0": 8000, "A1": 9000, "A2": 6000, "A3": 8000}
    assert not owner.open(f"/plans/{later}/copy/{plan_id}").can_send(f"/plans/{later}/copy/{plan_id}")
    answer = owner.send(f"/plans/{later}/copy/{plan_id}", page=page, expect=409)  # the page from before, sent again
    assert answer.page.errors


def test_two_plans_side_by_side(world: World, visit: Visit, plan_id: int, later: int) -> None:
    world.save(later, 8000, "a.preparer")
    for login in ("a.preparer", "p.approver"):
        for one, other in ((later, plan_id), (plan_id, later)):
            page = visit(login).open(f"/plans/{one}/compare/{other}")
            changed, unchanged = page.root.all("table")
            assert [row.text.split()[1] for row in changed.all("th", scope="row")] == ["A1", "A2"]
            assert "−10" in changed.text  # from 90% to 80%, whichever plan one comes from
            assert "+20" in changed.text
            assert unchanged.within("details") is not None
    stranger = visit("b.preparer")
    stranger.open(f"/plans/{later}/compare/{plan_id}", expect=404)
    world.open("B", "b.preparer")
    visit("p.approver").open(f"/plans/{later}/compare/{later}", expect=404)
