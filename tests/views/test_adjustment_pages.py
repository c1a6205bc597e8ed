"""Requests for adjustment as people meet them: the receiver asks, who prepares the plan answers or accepts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from allocapp.clock import now, today
from allocapp.db import db, transaction
from allocapp.models.account import Grant
from allocapp.models.campaign import Campaign
from allocapp.models.notice import Notice, NoticeKind
from allocapp.models.opinion import AdjustmentRequest, RequestState
from allocapp.models.plan import Plan, PlanTarget
from allocapp.rules.workflow import CampaignState, PlanState
from allocapp.services.revision import discard_revision
from tests.factories import NOW, World
from tests.views.client import Client
from tests.views.conftest import Visit
from tests.views.sheets import stored
from tests.views.test_statements import add_communes, counted


@pytest.fixture
def plan_id(world: World) -> int:
    """The province's plan in force: 80% for its departments and districts."""
    return world.issue_province(8000)


@pytest.fixture
def below(world: World, plan_id: int) -> int:
    """District A's plan in force as well: 80% for its office and communes."""
    below = world.approved("A")
    world.put_in_force(below)
    return below


def place(world: World, plan_id: int, unit: str, indicator: str = "dossiers") -> str:
    return f"/quotas/{world.units[unit]}/adjustments/{plan_id}/{world.indicators[indicator]}"


def request(world: World, browser: Client, plan_id: int, unit: str = "A1", figure: str = "70,5") -> AdjustmentRequest:
    """The receiver asks; gives the request."""
    url = place(world, plan_id, unit)
    browser.open(url)
    browser.follow(browser.send(url, {"proposed": figure, "reason": "Đường truyền thường mất"}))
    return only()


def only() -> AdjustmentRequest:
    db.session.rollback()
    return db.session.scalars(select(AdjustmentRequest).order_by(AdjustmentRequest.id.desc()).limit(1)).one()


def links(browser: Client) -> list[str]:
    return [link.get("href") for link in browser.page.tagged("a")]


def told(kind: NoticeKind) -> set[int]:
    db.session.rollback()
    return set(db.session.scalars(select(Notice.account_id).where(Notice.kind == kind)))


def revision(plan_id: int) -> Plan | None:
    db.session.rollback()
    return db.session.scalar(select(Plan).where(Plan.based_on_id == plan_id))


def add_requests(world: World, plan_id: int) -> None:
    """A request of every other receiver of the plan."""
    with transaction() as session:
        asked = {row.unit_id for row in session.scalars(select(AdjustmentRequest))}
        rows = session.scalars(select(PlanTarget).where(PlanTarget.plan_id == plan_id)).all()
        for row in rows:
            if row.unit_id not in asked:
                session.add(
                    AdjustmentRequest(
                        plan_id=plan_id,
                        unit_id=row.unit_id,
                        indicator_id=row.indicator_id,
                        proposed=7000,
                        reason="Lý do",
                        account_id=world.accounts["b1.viewer"],
                        at=NOW,
                    )
                )


# -- the way through -------------------------------------------------------------------------------------------------


def test_a_request_that_is_accepted_opens_a_revision_with_its_figure(world: World, visit: Visit, below: int) -> None:
    receiver, owner = visit("a1.viewer"), visit("a.preparer")
    receiver.open(f"/quotas/{world.units['A1']}")
    assert place(world, below, "A1") in links(receiver)
    asked = request(world, receiver, below)
    assert "70,5%" in receiver.page.text
    assert told(NoticeKind.ADJUSTMENT_ASKED) == {world.accounts["a.preparer"]}
    owner.open("/")
    assert f"/plans/{below}/adjustments" in links(owner)
    page = owner.open(f"/plans/{below}")
    assert f"/plans/{below}/adjustments" in links(owner)
    page = owner.open(f"/plans/{below}/adjustments")
    assert "Đường truyền thường mất" in page.text
    owner.follow(owner.send(f"/plans/{below}/adjustments/{asked.id}/accept", {"text": "Phù hợp thực tế"}))
    opened = revision(below)
    assert opened is not None
    assert (opened.state, opened.revision_reason) == (PlanState.DRAFT, "Phù hợp thực tế")
    assert stored(world, opened.id)["A1", "dossiers"] == (7050, "")
    assert stored(world, opened.id)["A2", "dossiers"] == (8000, "")
    assert stored(world, below)["A1", "dossiers"] == (8000, "")  # what was issued stays what it was
    assert only().state is RequestState.ACCEPTED
    assert told(NoticeKind.ADJUSTMENT_ANSWERED) == {world.accounts["a1.viewer"]}
    page = receiver.open(f"/quotas/{world.units['A1']}")
    assert "Phù hợp thực tế" in page.text
    assert "preparer A" in page.text
    owner.open("/")
    assert f"/plans/{below}/adjustments" not in links(owner)


def test_a_second_request_goes_into_the_revision_that_is_a_draft(world: World, visit: Visit, below: int) -> None:
    world.grant("b1.viewer", "A2", "viewer")
    first, second, owner = visit("a1.viewer"), visit("b1.viewer"), visit("a.preparer")
    one = request(world, first, below)
    other = request(world, second, below, "A2", "90")
    for asked in (one, other):
        owner.open(f"/plans/{below}/adjustments")
        owner.follow(owner.send(f"/plans/{below}/adjustments/{asked.id}/accept"))
    opened = revision(below)
    assert opened is not None
    found = stored(world, opened.id)
    assert (found["A1", "dossiers"], found["A2", "dossiers"]) == ((7050, ""), (9000, ""))
    assert only().revision_id == opened.id


def test_nothing_is_written_into_a_revision_that_has_left_the_draft(world: World, visit: Visit, below: int) -> None:
    world.grant("b1.viewer", "A2", "viewer")
    first, second, owner = visit("a1.viewer"), visit("b1.viewer"), visit("a.preparer")
    one = request(world, first, below, figure="90")
    owner.open(f"/plans/{below}/adjustments")
    owner.follow(owner.send(f"/plans/{below}/adjustments/{one.id}/accept"))
    opened = revision(below)
    assert opened is not None
    with transaction() as session:
        session.execute(db.update(Plan).where(Plan.id == opened.id).values(state="submitted", submitted_hash="0" * 64))
    other = request(world, second, below, "A2", "95")
    owner.open(f"/plans/{below}/adjustments")
    owner.send(f"/plans/{below}/adjustments/{other.id}/accept", expect=409)
    assert only().state is RequestState.OPEN
    assert stored(world, opened.id)["A2", "dossiers"] == (8000, "")


def test_a_request_is_answered_with_words(world: World, visit: Visit, below: int) -> None:
    receiver, owner = visit("a1.viewer"), visit("a.preparer")
    asked = request(world, receiver, below)
    answer = f"/plans/{below}/adjustments/{asked.id}/answer"
    owner.open(f"/plans/{below}/adjustments")
    page = owner.send(answer, {"text": "  "}, expect=422).page
    assert page.errors
    page = owner.send(answer, {"text": "x" * 100_000}, expect=422).page
    assert page.root.one("textarea", id=f"text-{asked.id}").has("aria-invalid")
    owner.open(f"/plans/{below}/adjustments")
    page = owner.page
    owner.follow(owner.send(answer, {"text": "Chưa có căn cứ"}))
    assert only().state is RequestState.ANSWERED
    assert "Chưa có căn cứ" in receiver.open(f"/quotas/{world.units['A1']}").text
    owner.send(answer, {"text": "Lần nữa"}, page=page, expect=409)
    owner.send(f"/plans/{below}/adjustments/{asked.id}/accept", page=page, expect=409)
    assert revision(below) is None
    assert only().answer == "Chưa có căn cứ"


def test_a_request_is_withdrawn_while_it_is_open(world: World, visit: Visit, below: int) -> None:
    receiver, owner = visit("a1.viewer"), visit("a.preparer")
    asked = request(world, receiver, below)
    withdraw = f"/quotas/{world.units['A1']}/adjustments/{asked.id}/withdraw"
    owner.open(f"/plans/{below}/adjustments")
    receiver.follow(receiver.send(withdraw))
    assert only().state is RequestState.WITHDRAWN
    owner.send(f"/plans/{below}/adjustments/{asked.id}/accept", expect=409)
    receiver.act(withdraw, expect=409)
    assert revision(below) is None
    again = request(world, receiver, below, figure="75")  # now another one may be made
    assert again.id != asked.id


def test_a_district_asks_the_province(world: World, visit: Visit, plan_id: int) -> None:
    """The same at every level: the district's preparer asks, the province's answers."""
    asked = request(world, visit("a.preparer"), plan_id, "A", "78")
    owner = visit("p.preparer")
    owner.open(f"/plans/{plan_id}/adjustments")
    owner.follow(owner.send(f"/plans/{plan_id}/adjustments/{asked.id}/accept"))
    opened = revision(plan_id)
    assert opened is not None
    assert stored(world, opened.id)["A", "dossiers"] == (7800, "")


# -- who sees what ---------------------------------------------------------------------------------------------------


def test_strangers_find_nothing_and_others_only_read(world: World, visit: Visit, below: int) -> None:
    receiver = visit("a1.viewer")
    asked = request(world, receiver, below)
    index = f"/plans/{below}/adjustments"
    for login in ("b.preparer", "b1.viewer", "d1.viewer"):
        browser = visit(login)
        browser.open(index, expect=404)
        browser.open(place(world, below, "A1"), expect=404)
        browser.act(f"{index}/{asked.id}/accept", {"relation": "amend"}, expect=404)
        browser.act(f"{index}/{asked.id}/answer", {"text": "x"}, expect=404)
        browser.act(f"/quotas/{world.units['A1']}/adjustments/{asked.id}/withdraw", expect=404)
    # another unit of one's own opens nothing of somebody else's
    stranger = visit("b1.viewer")
    stranger.act(f"/quotas/{world.units['B1']}/adjustments/{asked.id}/withdraw", expect=404)
    stranger.open(place(world, below, "B1"), expect=404)
    # a plan of one's own is no way to a request to another's
    visit("p.preparer").act(f"/plans/1/adjustments/{asked.id}/answer", {"text": "x"}, expect=404)
    receiver.open(index, expect=404)
    for login in ("p.approver", "a.leader"):
        browser = visit(login)
        page = browser.open(index)
        assert not page.can_send(f"{index}/{asked.id}/answer")
        browser.act(f"{index}/{asked.id}/answer", {"text": "x"}, expect=403)
        browser.act(f"{index}/{asked.id}/accept", {"relation": "amend"}, expect=403)
        browser.open(place(world, below, "A1"), expect=403)
    assert only().state is RequestState.OPEN


def test_a_receiver_sees_no_request_of_another(world: World, visit: Visit, below: int) -> None:
    world.grant("b1.viewer", "A2", "viewer")
    request(world, visit("a1.viewer"), below, figure="71,17")
    page = visit("b1.viewer").open(f"/quotas/{world.units['A2']}")
    assert "71,17" not in page.root.raw


def test_a_role_that_ended_yesterday_asks_nothing(world: World, visit: Visit, below: int) -> None:
    receiver = visit("a1.viewer")
    url = place(world, below, "A1")
    receiver.open(url)
    with transaction() as session:
        session.execute(
            db.update(Grant)
            .where(Grant.account_id == world.accounts["a1.viewer"])
            .values(valid_to=today() - timedelta(days=1))
        )
    receiver.send(url, {"proposed": "70", "reason": "Lý do"}, expect=404)
    assert db.session.scalar(select(AdjustmentRequest.id)) is None


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("figure", "reason", "name"),
    [
        ("-1", "Lý do", "proposed"),
        ("101", "Lý do", "proposed"),
        ("", "Lý do", "proposed"),
        ("80", "Lý do", "proposed"),  # what is in force already
        ("70", "   ", "reason"),
        ("70", "x" * 100_000, "reason"),
    ],
)
def test_what_cannot_be_asked_is_said_at_its_field(
    world: World, visit: Visit, below: int, figure: str, reason: str, name: str
) -> None:
    receiver, url = visit("a1.viewer"), place(world, below, "A1")
    receiver.open(url)
    page = receiver.send(url, {"proposed": figure, "reason": reason}, expect=422).page
    assert page.errors
    assert page.field(name).has("aria-invalid")
    assert page.field("proposed").get("value") == figure
    assert db.session.scalar(select(AdjustmentRequest.id)) is None


def test_one_open_request_a_target_and_a_form_sent_twice_is_one(world: World, visit: Visit, below: int) -> None:
    receiver, url = visit("a1.viewer"), place(world, below, "A1")
    first = request(world, receiver, below)
    assert request(world, receiver, below).id == first.id
    receiver.open(url)
    receiver.send(url, {"proposed": "60", "reason": "Lý do khác"}, expect=409)
    assert only().proposed == 7050


def test_nothing_is_asked_of_a_plan_that_is_not_in_force(world: World, visit: Visit, plan_id: int) -> None:
    receiver = visit("a1.viewer")
    draft = world.open("A", "a.preparer")
    receiver.open(place(world, draft, "A1"), expect=404)
    receiver.act(place(world, draft, "A1"), {"proposed": "70", "reason": "Lý do"}, expect=404)
    with transaction() as session:
        session.execute(db.update(Plan).where(Plan.id == plan_id).values(state="superseded"))
    visit("a.preparer").act(place(world, plan_id, "A"), {"proposed": "70", "reason": "Lý do"}, expect=409)


def test_a_closed_campaign_takes_no_request_and_no_answer(world: World, visit: Visit, below: int) -> None:
    receiver, owner = visit("a1.viewer"), visit("a.preparer")
    asked = request(world, receiver, below)
    owner.open(f"/plans/{below}/adjustments")
    with transaction() as session:
        session.execute(db.update(Campaign).values(state=CampaignState.CLOSED))
    owner.send(f"/plans/{below}/adjustments/{asked.id}/accept", expect=409)
    owner.act(f"/plans/{below}/adjustments/{asked.id}/answer", {"text": "x"}, expect=409)
    receiver.open(f"/quotas/{world.units['A1']}")
    assert place(world, below, "A1") not in links(receiver)
    receiver.act(place(world, below, "A1", "services"), {"proposed": "70", "reason": "Lý do"}, expect=409)
    assert only().state is RequestState.OPEN
    assert revision(below) is None


def test_statements_do_not_grow_with_the_requests(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    add_communes(world, "B", 12)
    found = {}
    for district, many in (("A", False), ("B", True)):
        plan_id = world.approved(district)
        world.put_in_force(plan_id)
        unit = f"{district}1"
        request(world, visit(f"{unit.lower()}.viewer"), plan_id, unit)
        if many:
            add_requests(world, plan_id)
        owner = visit(f"{district.lower()}.preparer")
        with counted() as listing:
            owner.open(f"/plans/{plan_id}/adjustments")
        with counted() as tasks:
            owner.open("/")
        found[district] = (len(listing), len(tasks))
    assert found["A"] == found["B"]


def test_what_was_accepted_into_a_revision_waits_again_once_that_is_given_up(
    world: World, visit: Visit, below: int
) -> None:
    """Twice accepted, the newer request waits again and the older one does not; asked anew meanwhile, none does."""
    receiver, owner = visit("a1.viewer"), visit("a.preparer")
    for figure in ("75", "77"):
        asked = request(world, receiver, below, figure=figure)
        owner.open(f"/plans/{below}/adjustments")
        owner.follow(owner.send(f"/plans/{below}/adjustments/{asked.id}/accept"))
    discard(world, below)
    db.session.rollback()
    found = [(one.proposed, one.state) for one in db.session.scalars(select(AdjustmentRequest).order_by("id"))]
    assert found == [(7500, RequestState.ACCEPTED), (7700, RequestState.OPEN)]
    owner.open(f"/plans/{below}/adjustments")
    owner.follow(owner.send(f"/plans/{below}/adjustments/{only().id}/accept"))
    request(world, receiver, below, figure="79")
    discard(world, below)
    db.session.rollback()
    states = [one.state for one in db.session.scalars(select(AdjustmentRequest).order_by("id"))]
    assert states == [RequestState.ACCEPTED, RequestState.ACCEPTED, RequestState.OPEN]


def discard(world: World, below: int) -> None:
    """The newest revision of the plan is given up."""
    with transaction():
        newest = db.session.scalars(select(Plan).where(Plan.based_on_id == below).order_by(Plan.id.desc())).first()
        assert newest is not None
        discard_revision(newest.id, version=newest.version, reason="Thôi", actor=world.account("a.preparer"), now=now())
