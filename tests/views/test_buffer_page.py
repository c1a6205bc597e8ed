"""The reason for assigning more than the campaign allows, on the pages of both levels."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from allocapp.db import transaction
from allocapp.errors import BufferUnexplained
from allocapp.models.campaign import CampaignIndicator
from allocapp.rules.workflow import PlanState
from allocapp.services.buffer import Explanation, explain_buffer
from tests.factories import NOW, World
from tests.views.client import told
from tests.views.conftest import Visit
from tests.views.sheets import everywhere, targets

REASON = "Dự phòng hai xã mới sáp nhập.\nHọp ngày 01/3."


@pytest.fixture
def plan_id(world: World) -> int:
    """District A's draft under a target of 80%, of which the campaign allows one point more."""
    world.issue_province(8000)
    with transaction() as session:
        session.execute(update(CampaignIndicator).values(buffer_ceiling=100))
    return world.open("A", "a.preparer")


def test_refused_without_a_reason_and_kept_as_it_was_typed(world: World, visit: Visit, plan_id: int) -> None:
    owner = visit("a.preparer")
    page = owner.open(f"/plans/{plan_id}")
    answer = owner.send(f"/plans/{plan_id}/submit", everywhere(page, plan_id, "90"), expect=422)
    assert told(owner.app, BufferUnexplained(("Dịch vụ", "Hồ sơ"))).text in answer.page.errors
    assert "#buffer_reason" in answer.page.links
    assert targets(world, plan_id) == {9000}
    assert world.plan(plan_id).state is PlanState.DRAFT

    # on the page that says so, the reason is given; then both levels read it
    owner.follow(owner.send(f"/plans/{plan_id}/submit", {"buffer_reason": REASON}))
    assert world.plan(plan_id).buffer_reason == REASON
    for login, address in (
        ("a.preparer", ""),
        ("p.approver", ""),
        ("p.approver", "/review"),
        ("p.approver", "/journal"),
    ):
        text = visit(login).open(f"/plans/{plan_id}{address}").text
        assert "Dự phòng hai xã mới sáp nhập. Họp ngày 01/3." in " ".join(text.split()), (login, address)


def test_saved_with_the_draft_alone(world: World, visit: Visit, plan_id: int) -> None:
    owner = visit("a.preparer")
    page = owner.open(f"/plans/{plan_id}")
    page = owner.follow(owner.send(f"/plans/{plan_id}/save", {"buffer_reason": REASON}))
    assert f"{world.plan(plan_id).version}" in page.notices
    assert page.form(f"/plans/{plan_id}/save").fields["buffer_reason"].strip() == REASON


def test_what_was_typed_stays_when_the_form_is_refused_or_only_checked(visit: Visit, plan_id: int) -> None:
    owner = visit("a.preparer")
    page = owner.open(f"/plans/{plan_id}")
    wrong = everywhere(page, plan_id, "nhiều") | {"buffer_reason": REASON}
    for address in (f"/plans/{plan_id}/submit", f"/plans/{plan_id}/save", f"/plans/{plan_id}"):
        shown = owner.send(address, wrong, expect=422, page=page).page.form(f"/plans/{plan_id}/save").fields
        assert shown["buffer_reason"].strip() == REASON
        assert shown["buffer_seen"] == ""


def test_two_peoples_reasons_are_both_shown(world: World, visit: Visit, plan_id: int) -> None:
    owner = visit("a.preparer")
    old = owner.open(f"/plans/{plan_id}")
    with transaction():
        explain_buffer(plan_id, Explanation("Của người khác", ""), actor=world.account("a.preparer"), now=NOW)
    page = owner.send(f"/plans/{plan_id}/save", {"buffer_reason": REASON}, expect=409, page=old).page
    assert page.form(f"/plans/{plan_id}/save").fields["buffer_reason"].strip() == REASON
    assert "Của người khác" in page.text
    # saving once more is deliberate
    owner.follow(owner.send(f"/plans/{plan_id}/save"))
    assert world.plan(plan_id).buffer_reason == REASON


def test_no_field_where_the_campaign_sets_no_ceiling(visit: Visit, plan_id: int) -> None:
    with transaction() as session:
        session.execute(update(CampaignIndicator).values(buffer_ceiling=None))
    page = visit("a.preparer").open(f"/plans/{plan_id}")
    assert "buffer_reason" not in page.form(f"/plans/{plan_id}/save").fields
