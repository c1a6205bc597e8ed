"""Campaigns and the inbox as people meet them: administrator, approver, a district's preparer, a stranger."""

from __future__ import annotations

import pytest
from flask import Flask

from allocapp.db import db, transaction
from allocapp.models.campaign import Authority, Campaign, CampaignStage
from allocapp.models.plan import Plan
from allocapp.rules.workflow import CampaignState, PlanState
from tests.factories import World
from tests.services.test_inbox import submitted_clean
from tests.views.client import vietnamese
from tests.views.conftest import Visit
from tests.views.markup import Page


@pytest.fixture
def url(world: World) -> str:
    return f"/campaigns/{world.campaign}"


def stored(world: World) -> Campaign:
    db.session.rollback()
    return db.session.get_one(Campaign, world.campaign)


def test_everybody_in_its_tree_sees_the_campaign_and_only_the_administrator_its_forms(
    world: World, visit: Visit, url: str
) -> None:
    for login in ("p.approver", "a.preparer", "a1.viewer"):
        browser = visit(login)
        assert browser.open("/campaigns/").text.count("Giao chỉ tiêu năm 2026") >= 1
        page = browser.open(url)
        for act in ("deadlines", "extend", "settings", "close", "open"):
            assert not page.can_send(f"{url}/{act}")
            browser.act(f"{url}/{act}", {"seen": "0" * 64}, expect=403)
    browser = visit("p.administrator")
    page = browser.open(url)
    assert page.can_send(f"{url}/deadlines")
    browser.open("/campaigns/2147483647", expect=404)


def test_a_district_does_not_see_who_else_is_waited_for(world: World, visit: Visit, url: str) -> None:
    world.issue_province()
    page = visit("a.preparer").open(url)
    assert "Huyện A" in page.text
    assert "Huyện B" not in page.text
    page = visit("p.approver").open(url)
    assert "Huyện A" in page.text
    assert "Huyện B" in page.text


def test_deadlines_are_typed_refused_and_set(world: World, visit: Visit, url: str) -> None:
    browser = visit("p.administrator")
    browser.open(url)
    browser.send(f"{url}/deadlines", {"day-plans_submitted": "31/02/2026"}, expect=422)
    assert "31/02/2026" in browser.page.form(f"{url}/deadlines").fields["day-plans_submitted"]
    browser.send(f"{url}/deadlines", {"day-plans_submitted": "01/01/2020"}, expect=422)
    assert browser.page.errors
    browser.follow(browser.send(f"{url}/deadlines", {"day-plans_submitted": "30/12/2026"}))
    assert "30/12/2026" in browser.page.text
    old = browser.page
    browser.follow(browser.send(f"{url}/deadlines", {"day-plans_submitted": "29/12/2026"}))
    browser.send(f"{url}/deadlines", {"day-plans_submitted": "28/12/2026"}, page=old, expect=409)
    days = db.session.scalars(db.select(CampaignStage.due)).all()
    assert [f"{day:%d/%m/%Y}" for day in days] == ["29/12/2026"]


def test_a_deadline_is_extended_for_one_unit_with_a_reason(world: World, visit: Visit, url: str) -> None:
    browser = visit("p.administrator")
    browser.open(url)
    browser.follow(browser.send(f"{url}/deadlines", {"day-plans_submitted": "30/11/2026"}))
    given = {"stage": "plans_submitted", "unit_id": str(world.units["A"]), "due": "15/12/2026", "reason": "   "}
    browser.send(f"{url}/extend", given, expect=422)
    assert browser.page.form(f"{url}/extend").fields["due"] == "15/12/2026"
    browser.follow(browser.send(f"{url}/extend", {**given, "reason": "Bão số 3"}))
    assert "Bão số 3" in browser.page.text
    browser.send(f"{url}/extend", {**given, "unit_id": str(world.units["A1"]), "due": "1"}, expect=422)
    browser.act(f"{url}/extend", {**given, "unit_id": "2147483647", "reason": "x"}, expect=404)


def test_settings_are_kept_or_named_where_they_cannot_be_read(world: World, visit: Visit, url: str) -> None:
    browser = visit("p.administrator")
    browser.open(url)
    dossiers = world.indicators["dossiers"]
    browser.send(f"{url}/settings", {"jump_deviations": "hai", f"ceiling-{dossiers}": "2,5"}, expect=422)
    assert browser.page.form(f"{url}/settings").fields["jump_deviations"] == "hai"
    browser.send(f"{url}/settings", {"jump_deviations": "2,5", "jump_rows": "1"}, expect=422)
    changed = {"jump_rows": "6", "jump_deviations": "1,5", "remind_days": "10, 2", "authority": "opinion"}
    browser.follow(browser.send(f"{url}/settings", {**changed, f"ceiling-{dossiers}": "2,5"}))
    campaign = stored(world)
    assert (campaign.jump_rows, campaign.jump_deviations, campaign.remind_days) == (6, 150, [10, 2])
    assert campaign.authority is Authority.OPINION
    ceilings = {column.indicator_id: column.buffer_ceiling for column in campaign.indicators}
    assert ceilings == {dossiers: 250, world.indicators["services"]: None}


def test_a_campaign_is_closed_by_typing_its_code_and_then_read_only(world: World, visit: Visit, url: str) -> None:
    plan_id = world.open("A", "a.preparer")
    browser, preparer = visit("p.administrator"), visit("a.preparer")
    preparer.open(f"/plans/{plan_id}")
    browser.open(url)
    browser.send(f"{url}/close", {"code": "2025"}, expect=422)
    assert stored(world).state is CampaignState.OPEN
    browser.follow(browser.send(f"{url}/close", {"code": "2026"}))
    assert stored(world).state is CampaignState.CLOSED
    assert not browser.page.can_send(f"{url}/close")
    preparer.send(f"/plans/{plan_id}/save", expect=409)
    assert not preparer.open(f"/plans/{plan_id}").can_send(f"/plans/{plan_id}/submit")


def test_a_campaign_in_preparation_is_opened(world: World, visit: Visit, url: str) -> None:
    with transaction() as session:
        session.execute(db.update(Campaign).values(state=CampaignState.PREPARING, frozen_at=None))
    browser = visit("p.administrator")
    assert not browser.open(url).can_send(f"{url}/open")
    browser.act(f"{url}/open", expect=409)
    with transaction() as session:
        session.execute(db.update(Campaign).values(frozen_at=db.func.now()))
    browser.open(url)
    browser.follow(browser.send(f"{url}/open"))
    assert stored(world).state is CampaignState.OPEN


def test_one_click_reminds_and_a_second_says_so(world: World, visit: Visit, url: str) -> None:
    world.issue_province()
    browser = visit("p.approver")
    browser.open("/inbox/")
    browser.act(f"{url}/remind", {"unit_id": str(world.units["A"])}, expect=303)
    browser.act(f"{url}/remind", {"unit_id": str(world.units["A"])}, expect=409)
    browser.act(f"{url}/remind", {"unit_id": "x"}, expect=404)
    visit("a.preparer").act(f"{url}/remind", {"unit_id": str(world.units["B"])}, expect=404)


# -- the inbox -----------------------------------------------------------------------------------------------------


def plan_states() -> dict[int, PlanState]:
    db.session.rollback()
    return {plan.id: plan.state for plan in db.session.scalars(db.select(Plan))}


def boxes(page: Page) -> list[str]:
    """The values of the boxes that can be ticked."""
    return [box["value"] for box in page.body.all("input", type="checkbox", name="plan")]


def test_clean_plans_are_ticked_and_each_result_is_reported(database: Flask, world: World, visit: Visit) -> None:
    world.issue_province()
    first, second = submitted_clean(world, "A"), submitted_clean(world, "B")
    browser = visit("p.approver")
    browser.open("/inbox/")
    values = boxes(browser.page)
    assert [int(value.split(":")[0]) for value in values] == [first, second]
    # the first one is approved by somebody else in between
    world.approve(first, "p.approver")
    body = "&".join([f"csrf_token={browser.token()}", *(f"plan={value}" for value in values)])
    browser.post_bytes("/inbox/approve", body.encode(), expect=200)
    assert plan_states()[second] is PlanState.APPROVED
    approved = vietnamese(database, "Approved: the decision waits for its number.")
    assert browser.page.text.count(approved) == 1


def test_nothing_ticked_does_nothing(world: World, visit: Visit) -> None:
    world.issue_province()
    plan_id = submitted_clean(world, "A")
    browser = visit("p.approver")
    browser.open("/inbox/?show=clean")
    browser.act("/inbox/approve", {"plan": "1:1:x"}, expect=422)
    assert plan_states()[plan_id] is PlanState.SUBMITTED


def test_a_flagged_plan_cannot_be_ticked_and_filters_count(world: World, visit: Visit) -> None:
    world.issue_province()
    world.submitted("A")
    submitted_clean(world, "B")
    browser = visit("p.approver")
    page = browser.open("/inbox/")
    assert len(boxes(page)) == 1
    assert "Tất cả (2)" in page.text
    assert "Có cảnh báo (1)" in page.text
    assert "Huyện B" not in browser.open("/inbox/?show=flagged").text
    browser.open("/inbox/?show=nonsense")


@pytest.mark.parametrize("login", ["a.preparer", "a1.viewer", "p.administrator"])
def test_whoever_reviews_nothing_has_no_inbox(visit: Visit, login: str) -> None:
    browser = visit(login)
    browser.open("/inbox/", expect=403)
    browser.act("/inbox/approve", {"plan": f"1:1:{'0' * 64}"}, expect=403)
