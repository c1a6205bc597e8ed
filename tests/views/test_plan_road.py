"""A plan's road from page to page, with the owner, the superior and the receivers: every form is the page's own."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from allocapp.db import db, transaction
from allocapp.errors import ContentChanged, StaleVersion
from allocapp.models.campaign import Expectation
from allocapp.models.decision import Decision
from allocapp.models.event import Event
from allocapp.models.plan import Plan
from allocapp.rules.workflow import DecisionState, PlanState
from tests.factories import World
from tests.views.client import Client, told, vietnamese
from tests.views.conftest import Visit
from tests.views.sheets import everywhere, field, inputs, stored, targets


def story() -> list[tuple[str, str, str]]:
    """What the journal tells of plans: act, from, to."""
    db.session.rollback()
    rows = db.session.execute(
        select(Event.action, Event.from_state, Event.to_state).where(Event.subject == "plan").order_by(Event.id)
    )
    return [(action, before, after) for action, before, after in rows]


def newest_plan() -> int:
    return db.session.scalars(select(Plan.id).order_by(Plan.id.desc())).first() or 0


def test_the_whole_road(world: World, visit: Visit) -> None:
    """Open, draft, check, submit, take, return with remarks, mend, submit again, approve."""
    world.issue_province(8000)
    before = len(story())
    owner, superior = visit("a.preparer"), visit("p.approver")

    # the task list offers to begin; the page shows what was assigned and a row for each receiver
    owner.open("/")
    page = owner.follow(owner.send("/plans/open"))
    plan_id = newest_plan()
    assert page.root.one("h1").text == vietnamese(owner.app, "Plan of targets: %(unit)s", unit="Huyện A")
    names = ["Bộ phận Một cửa huyện A", "Xã A1", "Xã A2", "Xã A3"]
    assert [row.text.rsplit(" ", 1)[0] for row in page.root.all("th", scope="row")][: len(names)] == names
    assert "80%" in page.root.one(id="figures").text

    # an unbalanced draft may be saved; the live check says what is missing
    owner.send(f"/plans/{plan_id}/save", everywhere(page, plan_id, "75"))
    page = owner.open(f"/plans/{plan_id}")
    fields = page.form(f"/plans/{plan_id}").fields | {field(world, "A1"): "90", field(world, "A2"): "80"}
    answer = owner.post(f"/plans/{plan_id}/check", fields, headers={"Accept": "application/json"}, expect=200)
    # (75 + 90 + 80 + 75) of 400: no difference to 320
    assert vietnamese(owner.app, "the common target is met, exactly") in answer.json["status"]
    assert answer.json["cells"][field(world, "A1")[2:]] == ["+10", "90", "", ""]
    assert answer.json["cells"][field(world, "A3")[2:]] == ["−5", "75", "", "1"]
    assert targets(world, plan_id) == {7500}

    # submitted, it waits for the superior and can no longer be typed into
    filled = everywhere(page, plan_id, "80") | {field(world, "A1"): "90", field(world, "A3"): "75"}
    page = owner.follow(owner.send(f"/plans/{plan_id}/submit", filled))
    assert not page.can_send(f"/plans/{plan_id}/save")
    assert page.can_send(f"/plans/{plan_id}/withdraw")
    assert stored(world, plan_id)["A1", "dossiers"] == (9000, "")

    # the superior finds it in the list of tasks, takes it, and sends it back with a reason and a remark
    superior.open("/")
    assert f"/plans/{plan_id}/review" in superior.page.links
    superior.open(f"/plans/{plan_id}/review")
    page = superior.follow(superior.send(f"/plans/{plan_id}/take"))
    assert not owner.open(f"/plans/{plan_id}").can_send(f"/plans/{plan_id}/withdraw")
    remark = {"reason": "Xã A3 thấp hơn mức chung.", f"c-{world.units['A3']}": "Nâng lên ít nhất 80%."}
    superior.follow(superior.send(f"/plans/{plan_id}/return", remark))

    # the owner sees reason and remark at its row, mends it, submits again
    owner.open("/")
    assert vietnamese(owner.app, "Complete the plan that was returned") in owner.page.text
    page = owner.open(f"/plans/{plan_id}")
    assert remark["reason"] in page.notices
    assert page.text.count("Nâng lên ít nhất 80%.") == 3  # on top, at its row, and in the story
    owner.send(f"/plans/{plan_id}/submit", {field(world, "A3"): "82"})

    # approved, its decision waits for the clerk
    page = superior.open(f"/plans/{plan_id}/review")
    superior.follow(superior.send(f"/plans/{plan_id}/approve"))
    assert world.plan(plan_id).state is PlanState.APPROVED
    assert world.decision_on(plan_id).state is DecisionState.PREPARED
    clerk = visit("a.clerk")
    assert f"/decisions/{world.decision_on(plan_id).id}" in clerk.page.links

    assert story()[before:] == [
        ("open", "", "draft"),
        ("submit", "draft", "submitted"),
        ("review", "submitted", "in_review"),
        ("comment", "", ""),
        ("return", "in_review", "returned"),
        ("submit", "returned", "submitted"),
        ("approve", "submitted", "approved"),
    ]
    told = owner.open(f"/plans/{plan_id}/journal").text
    for name in ("preparer A", "approver P", remark["reason"]):
        assert name in told


def test_withdrawing_and_handing_back(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.submitted("A")
    owner, superior = visit("a.preparer"), visit("p.approver")
    owner.open(f"/plans/{plan_id}")
    page = owner.follow(owner.send(f"/plans/{plan_id}/withdraw"))
    assert set(inputs(page, plan_id).values()) == {"80", ""}
    owner.send(f"/plans/{plan_id}/submit")
    superior.open(f"/plans/{plan_id}/review")
    superior.follow(superior.send(f"/plans/{plan_id}/take"))
    superior.follow(superior.send(f"/plans/{plan_id}/hand-back"))
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    assert owner.open(f"/plans/{plan_id}").can_send(f"/plans/{plan_id}/withdraw")


def test_an_approval_is_taken_back_before_the_number_and_not_after(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.approved("A")
    superior = visit("p.approver")
    page = superior.open(f"/plans/{plan_id}")
    superior.send(f"/plans/{plan_id}/reopen", {"reason": ""}, expect=422)
    superior.follow(superior.send(f"/plans/{plan_id}/reopen", {"reason": "Nhầm chỉ tiêu"}))
    assert world.decision_on(plan_id).state is DecisionState.WITHDRAWN
    assert "Nhầm chỉ tiêu" in visit("a.preparer").open(f"/plans/{plan_id}").notices
    world.submit(plan_id, 8000, "a.preparer")
    world.approve(plan_id, "p.approver")
    page = superior.open(f"/plans/{plan_id}")
    world.number(plan_id, "a.clerk")
    superior.send(f"/plans/{plan_id}/reopen", {"reason": "Muộn rồi"}, page=page, expect=409)
    assert world.plan(plan_id).state is PlanState.APPROVED
    assert not superior.open(f"/plans/{plan_id}").can_send(f"/plans/{plan_id}/reopen")


def test_what_was_approved_is_what_was_seen(world: World, visit: Visit) -> None:
    """The plan is withdrawn, changed and submitted again while the approver still looks at the old page."""
    world.issue_province(8000)
    plan_id = world.submitted("A")
    superior = visit("p.approver")
    page = superior.open(f"/plans/{plan_id}/review")
    owner = visit("a.preparer")
    owner.open(f"/plans/{plan_id}")
    owner.follow(owner.send(f"/plans/{plan_id}/withdraw"))
    owner.send(f"/plans/{plan_id}/submit", everywhere(owner.page, plan_id, "85"))
    superior.send(f"/plans/{plan_id}/approve", page=page, expect=409)
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    assert "85%" in superior.page.text
    assert db.session.scalars(select(Decision).where(Decision.plan_id == plan_id)).all() == []


@pytest.mark.parametrize("looked", ["before", "after"])
def test_nothing_is_approved_whose_ground_has_moved(world: World, visit: Visit, looked: str) -> None:
    """A weight changes after the submission: before the approver looked, or while the page stood open."""
    world.issue_province(8000)
    plan_id = world.submitted("A", 8500)
    superior = visit("p.approver")
    page = superior.open(f"/plans/{plan_id}/review")
    with transaction() as session:
        session.execute(update(Expectation).where(Expectation.unit_id == world.units["A1"]).values(weight=11))
    if looked == "after":
        page = superior.open(f"/plans/{plan_id}/review")
    superior.send(f"/plans/{plan_id}/approve", page=page, expect=409)
    assert told(superior.app, ContentChanged()).text in superior.page.errors
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    assert db.session.scalars(select(Decision).where(Decision.plan_id == plan_id)).all() == []


def test_a_step_on_an_older_version_is_refused_and_loses_no_remark(world: World, visit: Visit) -> None:
    """The state is the same again, but it is another submission than the one on the page."""
    world.issue_province(8000)
    plan_id = world.submitted("A")
    superior = visit("p.approver")
    page = superior.open(f"/plans/{plan_id}/review")
    owner = visit("a.preparer")
    owner.open(f"/plans/{plan_id}")
    owner.follow(owner.send(f"/plans/{plan_id}/withdraw"))
    owner.send(f"/plans/{plan_id}/submit", everywhere(owner.page, plan_id, "85"))
    typed = {"reason": "Chưa đạt", f"c-{world.units['A1']}": "Xem lại"}
    superior.send(f"/plans/{plan_id}/return", typed, page=page, expect=409)
    assert told(superior.app, StaleVersion(4)).text in superior.page.errors
    assert typed.items() <= superior.page.form(f"/plans/{plan_id}/return").fields.items()
    superior.send(f"/plans/{plan_id}/take", page=page, expect=409)
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    assert "return" not in {act for act, _before, _after in story()}


def test_a_step_that_does_not_exist_in_the_state_is_told(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    owner, superior = visit("a.preparer"), visit("p.approver")
    asked = {"version": "1", "seen_hash": "0" * 64}
    for client, act, reason in (
        (owner, "withdraw", {}),
        (superior, "take", {}),
        (superior, "hand-back", {}),
        (superior, "approve", {}),
        (superior, "return", {"reason": "Lý do"}),
        (superior, "reopen", {"reason": "Lý do"}),
    ):
        client.act(f"/plans/{plan_id}/{act}", asked | reason, expect=409)
        assert vietnamese(client.app, "Draft") in client.page.errors, act
    assert (world.plan(plan_id).state, world.plan(plan_id).version) == (PlanState.DRAFT, 1)


def test_the_root_has_nothing_to_balance_against(world: World, visit: Visit) -> None:
    client = visit("p.preparer")
    client.open("/plans/")
    page = client.follow(client.send("/plans/open"))
    plan_id = newest_plan()
    assert "Sở Một" in page.text
    client.send(f"/plans/{plan_id}/submit", everywhere(page, plan_id, "10"))
    assert world.plan(plan_id).state is PlanState.SUBMITTED


def receiver_sees(client: Client, unit_id: int) -> str:
    return client.open(f"/quotas/{unit_id}").text


def test_receivers_see_their_targets_once_the_decision_is_issued(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.approved("A", 8250)
    viewer = visit("a1.viewer")
    assert "82,5%" not in receiver_sees(viewer, world.units["A1"])
    world.put_in_force(plan_id)
    told = receiver_sees(viewer, world.units["A1"])
    assert "82,5%" in told
    # 82,5% of 100 dossiers, rounded up, and of ten services
    assert "83 hồ sơ trực tuyến" in told
    assert "9 dịch vụ trực tuyến" in told
    assert viewer.page.can_send(f"/decisions/{world.decision_on(plan_id).id}/acknowledge")
