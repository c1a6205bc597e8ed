"""The road's own pages: the unit's steps, the page of whose turn it is, remarks ticked off, a review taken over."""

from __future__ import annotations

import pytest

from allocapp.db import db, transaction
from allocapp.models.campaign import Authority, Expectation
from allocapp.models.plan import PlanComment
from allocapp.rules.workflow import PlanState
from allocapp.services.step import newest_round
from tests.factories import World
from tests.views.client import vietnamese
from tests.views.conftest import Visit
from tests.views.sheets import everywhere, field, stored


def test_a_leader_sets_steps_and_a_plan_goes_through_them(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    leader, owner, clerk = visit("a.leader"), visit("a.preparer"), visit("a.clerk")
    page = leader.open("/steps/")
    address = f"/steps/{world.units['A']}"
    assert address in page.links
    leader.open(address)
    filled = {"name-1": "Thể thức", "person-1": str(world.accounts["a.clerk"]), "days-1": "2"}
    page = leader.follow(leader.send(address, filled))
    assert page.form(address).fields["name-1"] == "Thể thức"

    plan_id = world.open("A", "a.preparer")
    here = f"/plans/{plan_id}"
    page = owner.open(here)
    assert not page.can_send(f"{here}/submit")
    page = owner.follow(owner.send(f"{here}/circulate", everywhere(page, plan_id, "80")))
    assert world.plan(plan_id).state is PlanState.IN_HOUSE
    assert "Thể thức" in page.text
    assert not page.can_send(f"{here}/submit-agreed")
    assert not visit("p.approver").open(here).can_send(f"{here}/agree")

    clerk.open("/")
    assert f"{here}/step" in clerk.page.links
    clerk.open(f"{here}/step")
    page = clerk.follow(clerk.send(f"{here}/agree", {"opinion": "Đúng thể thức"}))
    assert "Đúng thể thức" in page.text
    owner.open("/")
    assert vietnamese(owner.app, "Submit the plan: everybody in the unit has agreed") in owner.page.text
    owner.open(here)
    owner.follow(owner.send(f"{here}/submit-agreed"))
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    # who agreed stays readable for the superior
    assert "Đúng thể thức" in visit("p.approver").open(f"{here}/review").text


def test_a_step_without_words_is_refused_and_what_was_typed_stays(world: World, visit: Visit) -> None:
    leader = visit("a.leader")
    address = f"/steps/{world.units['A']}"
    leader.open(address)
    leader.send(address, {"name-2": "Văn phòng", "days-2": "x"}, expect=422)
    fields = leader.page.form(address).fields
    assert (fields["name-2"], fields["days-2"]) == ("Văn phòng", "x")
    assert vietnamese(leader.app, "Choose who takes the step.") in leader.page.text
    leader.post(address, {"csrf_token": leader.token()}, expect=422)
    visit("a.preparer").open(address, expect=403)
    visit("b.leader").open(address, expect=404)
    visit("p.administrator").open(address)


def test_steps_set_by_two_people_are_not_written_over(world: World, visit: Visit) -> None:
    leader, administrator = visit("a.leader"), visit("p.administrator")
    address = f"/steps/{world.units['A']}"
    page = leader.open(address)
    administrator.open(address)
    step = {"name-1": "Một", "person-1": str(world.accounts["a.leader"]), "days-1": "1"}
    administrator.send(address, step)
    leader.send(address, step | {"name-1": "Hai"}, page=page, expect=409)
    assert leader.open(address).form(address).fields["name-1"] == "Một"


def test_sending_back_needs_an_opinion_and_keeps_what_was_typed(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    world.set_steps("A", "a.clerk")
    plan_id = world.open("A", "a.preparer")
    here = f"/plans/{plan_id}"
    owner, clerk = visit("a.preparer"), visit("a.clerk")
    owner.send(f"{here}/circulate", everywhere(owner.open(here), plan_id, "80"))
    clerk.open(f"{here}/step")
    clerk.send(f"{here}/send-back", {"opinion": " \n "}, expect=422)
    assert clerk.page.heading  # the step's page again
    clerk.send(f"{here}/send-back", {"opinion": "Thiếu căn cứ"})
    assert world.plan(plan_id).state is PlanState.DRAFT
    page = owner.open(here)
    assert "Thiếu căn cứ" in page.text
    assert page.can_send(f"{here}/circulate")


def test_what_moves_while_it_goes_round_is_told(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    world.set_steps("A", "a.clerk")
    plan_id = world.open("A", "a.preparer")
    here = f"/plans/{plan_id}"
    owner, clerk = visit("a.preparer"), visit("a.clerk")
    owner.send(f"{here}/circulate", everywhere(owner.open(here), plan_id, "80"))
    page = clerk.open(f"{here}/step")
    with transaction() as session:
        session.execute(db.update(Expectation).values(weight=Expectation.weight + 1))
    clerk.send(f"{here}/agree", expect=409, page=page)
    assert newest_round(world.plan(plan_id))[0].agreed is None
    page = clerk.open(f"{here}/step")
    assert (page.can_send(f"{here}/agree"), page.can_send(f"{here}/send-back")) == (False, True)
    page = owner.open(here)
    owner.follow(owner.send(f"{here}/recall"))
    assert world.plan(plan_id).state is PlanState.DRAFT


def test_remarks_are_kept_while_reviewing_and_ticked_off_with_what_is_typed(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.submitted("A")
    here = f"/plans/{plan_id}"
    owner, superior, coordinator = visit("a.preparer"), visit("p.approver"), visit("p.coordinator")
    superior.open(f"{here}/review")
    superior.send(f"{here}/comment", {"whole": "  "}, expect=422)
    page = superior.follow(superior.send(f"{here}/comment", {"whole": "Cả huyện còn thấp"}))
    assert "Cả huyện còn thấp" in page.text
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    coordinator.open(here)
    coordinator.send(f"{here}/comment", {"whole": "x" * 1001}, expect=422)
    coordinator.send(f"{here}/comment", {"whole": "Đã xem"})
    superior.open(f"{here}/review")
    superior.send(f"{here}/approve", {"whole": "Chưa gửi"}, expect=422)
    superior.open(f"{here}/review")
    superior.send(f"{here}/return", {"reason": "Còn thấp", f"c-{world.units['A1']}": "Nâng lên"})

    page = owner.open(here)
    # Enter in a cell presses the first button of the sheet's form: it checks, it ticks nothing off
    assert page.root.all("button", form="sheet")[0]["value"] == "check"
    (first,) = [each.id for each in db.session.scalars(db.select(PlanComment)) if each.text == "Nâng lên"]
    typed = page.form(here).fields | {field(world, "A1"): "85", "row": f"tick-{first}"}
    owner.post(here, typed, expect=303)
    assert stored(world, plan_id)["A1", "dossiers"] == (8500, "")
    done = db.session.get_one(PlanComment, first, populate_existing=True)
    assert (done.done_at is not None, done.done_by_id) == (True, world.accounts["a.preparer"])
    page = owner.open(here)
    typed = page.form(here).fields | {"row": f"untick-{first}"}
    owner.post(here, typed, expect=303)
    assert db.session.get_one(PlanComment, first, populate_existing=True).done_at is None
    owner.post(here, owner.open(here).form(here).fields | {"row": "tick-999999"}, expect=404)


def test_a_review_is_taken_over_on_the_plans_page(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    world.grant("p.leader", "P", "approver")
    plan_id = world.submitted("A")
    here = f"/plans/{plan_id}"
    first, second = visit("p.approver"), visit("p.leader")
    first.open(f"{here}/review")
    second.open(f"{here}/review")
    older = second.page
    first.send(f"{here}/take")
    reviewing = first.open(f"{here}/review")
    second.send(f"{here}/approve", page=older, expect=409)
    page = second.open(f"{here}/review")
    assert "approver P" in page.text
    assert not page.can_send(f"{here}/approve")
    second.follow(second.send(f"{here}/take-over"))
    first.send(f"{here}/return", {"reason": "Lý do"}, page=reviewing, expect=409)
    assert first.page.can_send(f"{here}/take-over")
    second.send(f"{here}/approve")
    assert world.plan(plan_id).state is PlanState.APPROVED


@pytest.mark.parametrize("authority", Authority)
def test_every_page_says_which_authority_holds(world: World, visit: Visit, authority: Authority) -> None:
    world.issue_province(8000)
    world.set_authority(authority)
    plan_id = world.submitted("A")
    here = f"/plans/{plan_id}"
    owner, superior = visit("a.preparer"), visit("p.approver")
    names = {"unit": world.unit("A").body_name, "superior": world.unit("P").body_name}
    text = {
        Authority.APPROVES: "%(superior)s approves this plan.",
        Authority.OPINION: (
            "%(superior)s gives an opinion on this plan; %(unit)s decides and answers for what it issues."
        ),
        Authority.COPY: "%(unit)s approves this plan itself; %(superior)s receives a copy.",
    }[authority]
    told = vietnamese(owner.app, text, **names)
    told = told[:1].upper() + told[1:]
    assert told in owner.open(here).text
    if authority is Authority.COPY:
        superior.open(f"{here}/review", expect=403)
        assert told in superior.open(here).text
        leader = visit("a.leader")
        leader.open(f"{here}/review")
        leader.send(f"{here}/approve")
    elif authority is Authority.OPINION:
        assert told in superior.open(f"{here}/review").text
        assert vietnamese(owner.app, "Give the opinion: agreed") in superior.page.text
        superior.send(f"{here}/approve", {"opinion": "Thống nhất với phương án"})
        assert "Thống nhất với phương án" in owner.open(here).text
    else:
        assert told in superior.open(f"{here}/review").text
        superior.send(f"{here}/approve")
    assert world.plan(plan_id).state is PlanState.APPROVED


def test_the_unit_goes_on_with_a_reason_where_it_was_an_opinion(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    world.set_authority(Authority.OPINION)
    plan_id = world.submitted("A")
    here = f"/plans/{plan_id}"
    superior, leader = visit("p.approver"), visit("a.leader")
    superior.open(f"{here}/review")
    superior.send(f"{here}/return", {"reason": "Nâng xã A1"})
    assert not visit("a.preparer").open(here).can_send(f"{here}/proceed")
    leader.open(here)
    leader.send(f"{here}/proceed", {"proceed_reason": "  "}, expect=422)
    leader.follow(leader.send(f"{here}/proceed", {"proceed_reason": "Đã cân nhắc nguồn lực"}))
    assert "Nâng xã A1" in leader.page.text
    assert "Đã cân nhắc nguồn lực" in leader.page.text
    assert world.plan(plan_id).state is PlanState.APPROVED


def test_a_lapsed_approval_shows_on_the_plan_and_in_the_list(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.approved("A")
    with transaction() as session:
        session.execute(db.update(Expectation).values(weight=Expectation.weight + 1))
    superior = visit("p.approver")
    listed = "The approval has lapsed because the content moved: it has to be reopened and submitted again."
    assert vietnamese(superior.app, listed) in superior.open("/plans/").text
    assert vietnamese(superior.app, "Reopen the plan: its approval has lapsed") in superior.open("/").text
    page = superior.open(f"/plans/{plan_id}")
    assert "hết hiệu lực" in page.notices
    superior.send(f"/plans/{plan_id}/reopen", {"reason": "Số liệu thay đổi"})
    assert world.plan(plan_id).state is PlanState.RETURNED
