"""Receivers asked about a draft, as people meet it: the preparer, the receivers, the superior, strangers."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from allocapp.clock import today
from allocapp.db import db, transaction
from allocapp.models.account import Grant
from allocapp.models.event import Event
from allocapp.models.notice import Notice, NoticeKind
from allocapp.models.opinion import Answer, Opinion, OpinionRound
from allocapp.models.plan import Plan
from allocapp.models.review import PlanSubmission
from allocapp.rules.workflow import PlanState
from tests.factories import World
from tests.views.client import Client, vietnamese
from tests.views.conftest import Visit
from tests.views.markup import Page
from tests.views.sheets import field, stored
from tests.views.test_statements import add_communes, counted

LAST = date(2026, 12, 31)


@pytest.fixture
def plan_id(world: World) -> int:
    """District A's draft with 80% everywhere; its communes A1, A2, A3 and its office A0 receive."""
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 8000, "a.preparer")
    return plan_id


def ask(owner: Client, plan_id: int, until: date | None = None) -> int:
    """The preparer sends the draft to its receivers; gives the round's id."""
    owner.open(f"/plans/{plan_id}/opinions")
    day = until or today() + timedelta(days=3)
    owner.follow(owner.send(f"/plans/{plan_id}/opinions/ask", {"until": f"{day:%d/%m/%Y}"}))
    return newest().id


def newest() -> OpinionRound:
    db.session.rollback()
    return db.session.scalars(select(OpinionRound).order_by(OpinionRound.id.desc()).limit(1)).one()


def words(world: World, dossiers: str = "", reason: str = "", services: str = "agree") -> dict[str, str]:
    """What a receiver fills in: it agrees on services, and on dossiers too where it writes no figure."""
    first, second = world.indicators["services"], world.indicators["dossiers"]
    said = {f"s-{first}": services} if services else {}
    said |= {f"s-{second}": "propose", f"p-{second}": dossiers} if dossiers else {f"s-{second}": "agree"}
    return said | {f"r-{second}": reason}


def say(receiver: Client, world: World, round_id: int, unit: str, said: dict[str, str], expect: int = 303) -> None:
    url = f"/opinions/{round_id}/{world.units[unit]}"
    receiver.open(url)
    answer = receiver.send(url, added=said, expect=expect)
    if expect == 303:
        receiver.follow(answer)


def word(world: World, unit: str, indicator: str = "dossiers") -> Opinion | None:
    db.session.rollback()
    return db.session.scalar(
        select(Opinion)
        .where(Opinion.unit_id == world.units[unit], Opinion.indicator_id == world.indicators[indicator])
        .order_by(Opinion.id.desc())
        .limit(1)
    )


def registered(page: Page) -> dict[tuple[str, str], str]:
    """The column beside the inputs, by the receiver's code and the indicator's short name."""
    found: dict[tuple[str, str], str] = {}
    for row in page.tagged("tr"):
        cells = [cell for cell in row.all("td") if "said" in cell.classes]
        if cells:
            code = row.one("small").text
            found |= {(code, name): cell.text for name, cell in zip(("Dịch vụ", "Hồ sơ"), cells, strict=True)}
    return found


def told(kind: NoticeKind) -> set[int]:
    db.session.rollback()
    return set(db.session.scalars(select(Notice.account_id).where(Notice.kind == kind)))


# -- the way through -------------------------------------------------------------------------------------------------


def test_receivers_are_asked_heard_and_answered(database: Flask, world: World, visit: Visit, plan_id: int) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    assert told(NoticeKind.OPINION_ASKED) == {world.accounts["a1.viewer"]}

    page = receiver.open("/")
    assert f"/opinions/{round_id}/{world.units['A1']}" in [link.get("href") for link in page.tagged("a")]
    page = receiver.open(f"/opinions/{round_id}/{world.units['A1']}")
    assert "80%" in page.text
    assert "25%" in page.text  # its own baseline
    say(receiver, world, round_id, "A1", words(world, "70,5", "Đường truyền chưa ổn định"))
    said = word(world, "A1")
    assert said is not None
    assert (said.proposed, said.reason) == (7050, "Đường truyền chưa ổn định")
    assert f"/opinions/{round_id}/{world.units['A1']}" not in [
        link.get("href") for link in receiver.open("/").tagged("a")
    ]

    column = registered(owner.open(f"/plans/{plan_id}"))
    assert "70,5%" in column["A1", "Hồ sơ"]
    assert "Đường truyền chưa ổn định" in column["A1", "Hồ sơ"]
    assert column["A1", "Dịch vụ"] == vietnamese(database, "agrees ✓")
    assert column["A2", "Hồ sơ"] == vietnamese(database, "no opinion yet")
    page = owner.open(f"/plans/{plan_id}/opinions")
    owner.follow(owner.send(f"/plans/{plan_id}/opinions/close"))
    owner.follow(owner.send(f"/plans/{plan_id}/opinions/{said.id}/take-up"))
    assert stored(world, plan_id)["A1", "dossiers"] == (7050, "")
    said = word(world, "A1")
    assert said is not None
    assert said.answer is Answer.TAKEN_UP
    page = receiver.open(f"/opinions/{round_id}/{world.units['A1']}")
    assert "70,5%" in page.text
    assert not page.can_send(f"/opinions/{round_id}/{world.units['A1']}")


def test_a_dissent_without_an_answer_stops_the_submission_and_an_explanation_opens_it(
    world: World, visit: Visit, plan_id: int
) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    say(receiver, world, round_id, "A1", words(world, "70", "Chưa đủ thiết bị"))
    owner.open(f"/plans/{plan_id}")
    page = owner.send(f"/plans/{plan_id}/submit", {field(world, "A2"): "81"}, expect=422).page
    assert "Đang lấy ý kiến" in page.errors  # they are still being asked
    assert stored(world, plan_id)["A2", "dossiers"] == (8100, "")  # what was typed is kept
    assert world.plan(plan_id).state is PlanState.DRAFT
    owner.open(f"/plans/{plan_id}/opinions")
    owner.follow(owner.send(f"/plans/{plan_id}/opinions/close"))
    page = owner.open(f"/plans/{plan_id}")
    page = owner.send(f"/plans/{plan_id}/submit", expect=422).page
    assert "Xã A1" in page.errors
    assert world.plan(plan_id).state is PlanState.DRAFT
    assert f"/plans/{plan_id}/opinions" in [link.get("href") for link in page.tagged("a")]

    said = word(world, "A1")
    assert said is not None
    explain = f"/plans/{plan_id}/opinions/{said.id}/explain"
    owner.open(f"/plans/{plan_id}/opinions")
    page = owner.send(explain, {"text": "   "}, expect=422).page
    assert page.errors
    owner.follow(owner.send(explain, {"text": "Thiết bị được cấp trong quý II"}))
    owner.open(f"/plans/{plan_id}")
    owner.follow(owner.send(f"/plans/{plan_id}/submit"))
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    submission = db.session.scalars(select(PlanSubmission).where(PlanSubmission.plan_id == plan_id)).one()
    frozen = {(entry["unit"], entry["indicator"]): entry for entry in submission.opinions}
    assert len(frozen) == 8
    entry = frozen["Xã A1", "Hồ sơ"]
    assert (entry["word"], entry["proposed"], entry["answer"]) == ("proposed", 7000, "explained")
    assert entry["answer_text"] == "Thiết bị được cấp trong quý II"
    assert frozen["Xã A1", "Dịch vụ"]["word"] == "agreed"
    assert frozen["Xã A2", "Hồ sơ"]["word"] == "silent"
    page = visit("p.approver").open(f"/plans/{plan_id}/review")
    assert "Thiết bị được cấp trong quý II" in page.text
    assert "70%" in registered(page)["A1", "Hồ sơ"]


def test_what_was_taken_up_and_changed_again_needs_another_answer(world: World, visit: Visit, plan_id: int) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    say(receiver, world, round_id, "A1", words(world, "90", "Đã vượt năm trước"))
    said = word(world, "A1")
    assert said is not None
    owner.open(f"/plans/{plan_id}/opinions")
    owner.follow(owner.send(f"/plans/{plan_id}/opinions/close"))
    owner.follow(owner.send(f"/plans/{plan_id}/opinions/{said.id}/take-up"))
    owner.open(f"/plans/{plan_id}")
    owner.follow(owner.send(f"/plans/{plan_id}/save", {field(world, "A1"): "85"}))
    owner.open(f"/plans/{plan_id}")
    assert "Xã A1" in owner.send(f"/plans/{plan_id}/submit", expect=422).page.errors


def test_a_word_can_be_changed_until_the_day_is_over(world: World, visit: Visit, plan_id: int) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id, today())
    say(receiver, world, round_id, "A1", words(world, "70", "Lý do"))
    said = word(world, "A1")
    assert said is not None
    owner.open(f"/plans/{plan_id}/opinions")
    owner.follow(owner.send(f"/plans/{plan_id}/opinions/{said.id}/explain", {"text": "Không có căn cứ"}))
    page = owner.open(f"/plans/{plan_id}/opinions")
    say(receiver, world, round_id, "A1", words(world, "75", "Lý do khác"))
    said = word(world, "A1")
    assert said is not None
    assert (said.proposed, said.answer) == (7500, None)  # the answer was to another word
    owner.send(f"/plans/{plan_id}/opinions/{said.id}/take-up", page=page, expect=409)  # on what is no longer there
    assert stored(world, plan_id)["A1", "dossiers"] == (8000, "")
    say(receiver, world, round_id, "A1", words(world, "80", ""))  # the very figure: it agrees
    said = word(world, "A1")
    assert said is not None
    assert said.proposed is None
    with transaction() as session:
        session.execute(db.update(OpinionRound).values(until=today() - timedelta(days=1)))
    url = f"/opinions/{round_id}/{world.units['A1']}"
    receiver.act(url, words(world, "60", "Muộn"), expect=409)
    said = word(world, "A1")
    assert said is not None
    assert said.proposed is None


def test_a_round_whose_day_is_over_does_not_stand_in_the_way(world: World, visit: Visit, plan_id: int) -> None:
    owner = visit("a.preparer")
    ask(owner, plan_id)
    with transaction() as session:
        session.execute(db.update(OpinionRound).values(until=today() - timedelta(days=1)))
    owner.open(f"/plans/{plan_id}")
    owner.follow(owner.send(f"/plans/{plan_id}/submit"))
    assert newest().closed_at is not None
    assert world.plan(plan_id).state is PlanState.SUBMITTED


def test_receivers_are_asked_again_about_what_the_draft_says_now(world: World, visit: Visit, plan_id: int) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    say(receiver, world, round_id, "A1", words(world, "70", "Lý do"))
    page = owner.open(f"/plans/{plan_id}/opinions")
    assert not page.can_send(f"/plans/{plan_id}/opinions/ask")
    owner.act(
        f"/plans/{plan_id}/opinions/ask",
        {"until": f"{today():%d/%m/%Y}", "version": str(world.plan(plan_id).version)},
        expect=409,
    )
    owner.open(f"/plans/{plan_id}")
    owner.follow(owner.send(f"/plans/{plan_id}/save", {field(world, "A1"): "85"}))
    page = owner.open(f"/plans/{plan_id}/opinions")
    assert "85%" in page.text  # what the plan says now stands beside what was asked
    assert "80%" in registered(owner.open(f"/plans/{plan_id}"))["A1", "Hồ sơ"]
    owner.open(f"/plans/{plan_id}/opinions")
    owner.follow(owner.send(f"/plans/{plan_id}/opinions/close"))
    second = ask(owner, plan_id)
    assert (newest().number, newest().asked[f"{world.units['A1']}-{world.indicators['dossiers']}"][0]) == (2, 8500)
    # the dissent of the first round still waits for its answer; an agreement there would count no longer
    owner.open(f"/plans/{plan_id}/opinions")
    owner.follow(owner.send(f"/plans/{plan_id}/opinions/close"))
    owner.open(f"/plans/{plan_id}")
    assert "Xã A1" in owner.send(f"/plans/{plan_id}/submit", expect=422).page.errors
    assert second != round_id


# -- who sees what ---------------------------------------------------------------------------------------------------


def test_a_receiver_sees_its_own_row_and_nothing_of_others(world: World, visit: Visit, plan_id: int) -> None:
    """Figures, reasons and names of the other units stand nowhere on a receiver's pages."""
    with transaction() as session:
        account_id = world.accounts["b1.viewer"]
        session.add(Grant(account_id=account_id, unit_id=world.units["A2"], role="viewer", valid_from=date(2020, 1, 1)))
        session.execute(
            db.update(Grant)
            .where(Grant.account_id == account_id, Grant.unit_id == world.units["B1"])
            .values(valid_to=today() - timedelta(days=1))
        )
    owner, first, second = visit("a.preparer"), visit("a1.viewer"), visit("b1.viewer")
    owner.open(f"/plans/{plan_id}")
    owner.follow(owner.send(f"/plans/{plan_id}/save", {field(world, "A2"): "83,21"}))
    round_id = ask(owner, plan_id)
    say(second, world, round_id, "A2", words(world, "61,23", "Bí mật của xã hai"))
    say(first, world, round_id, "A1", words(world, "72,34", "Riêng của xã một"))
    for browser, own, other in ((first, "A1", "A2"), (second, "A2", "A1")):
        secrets = {"A1": ("72,34", "Riêng của xã một", "Xã A1"), "A2": ("61,23", "83,21", "Bí mật của xã hai", "Xã A2")}
        for url in ("/", "/opinions/", f"/opinions/{round_id}/{world.units[own]}", f"/quotas/{world.units[own]}"):
            text = browser.open(url).root.raw
            assert not [secret for secret in secrets[other] if secret in text], (own, url)
        assert secrets[own][0] in browser.open(f"/opinions/{round_id}/{world.units[own]}").root.one("main").raw or (
            browser.page.field(f"p-{world.indicators['dossiers']}").get("value") == secrets[own][0]
        )
        for url in (
            f"/opinions/{round_id}/{world.units[other]}",
            f"/opinions/{round_id}/{world.units['A3']}",
            f"/plans/{plan_id}",
            f"/plans/{plan_id}/opinions",
            f"/plans/{plan_id}/opinions/units/{world.units[own]}",
            f"/opinions/{round_id + 1}/{world.units[own]}",
            f"/opinions/{round_id}/{world.units['B1']}",
        ):
            browser.open(url, expect=404)
        browser.act(f"/opinions/{round_id}/{world.units[other]}", words(world, "1", "x"), expect=404)
        browser.act(f"/plans/{plan_id}/opinions/close", expect=404)
    # the figure that the draft says now is not the receivers' to know: they see what they were asked about
    owner.open(f"/plans/{plan_id}")
    owner.follow(owner.send(f"/plans/{plan_id}/save", {field(world, "A1"): "88,88"}))
    assert "88,88" not in first.open(f"/opinions/{round_id}/{world.units['A1']}").root.raw


def test_the_other_district_finds_nothing_and_the_superior_only_reads(world: World, visit: Visit, plan_id: int) -> None:
    owner = visit("a.preparer")
    round_id = ask(owner, plan_id)
    index = f"/plans/{plan_id}/opinions"
    for login in ("b.preparer", "b1.viewer", "d1.viewer", "b.leader"):
        browser = visit(login)
        browser.open(index, expect=404)
        browser.open(f"/opinions/{round_id}/{world.units['A1']}", expect=404)
        browser.act(f"{index}/close", expect=404)
        browser.act(f"{index}/ask", {"until": "31/12/2026", "version": "2"}, expect=404)
    for login in ("p.approver", "a.leader"):
        browser = visit(login)
        page = browser.open(index)
        assert not page.can_send(f"{index}/close")
        browser.act(f"{index}/close", expect=403)
        browser.open(f"/opinions/{round_id}/{world.units['A1']}", expect=404)
    assert newest().closed_at is None


def test_a_role_that_ended_yesterday_says_nothing(world: World, visit: Visit, plan_id: int) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    url = f"/opinions/{round_id}/{world.units['A1']}"
    receiver.open(url)
    with transaction() as session:
        session.execute(
            db.update(Grant)
            .where(Grant.account_id == world.accounts["a1.viewer"])
            .values(valid_to=today() - timedelta(days=1))
        )
    receiver.send(url, added=words(world, "70", "Lý do"), expect=404)
    assert word(world, "A1") is None


def test_who_has_no_account_is_entered_with_the_source(world: World, visit: Visit, plan_id: int) -> None:
    owner = visit("a.preparer")
    ask(owner, plan_id)
    page = owner.open(f"/plans/{plan_id}/opinions")
    links = [link.get("href") for link in page.tagged("a")]
    without = f"/plans/{plan_id}/opinions/units/{world.units['A2']}"
    assert without in links
    assert f"/plans/{plan_id}/opinions/units/{world.units['A1']}" not in links
    owner.open(f"/plans/{plan_id}/opinions/units/{world.units['A1']}", expect=403)
    owner.open(without)
    page = owner.send(without, {"source": "  "}, added=words(world, "77", "Dân số đông"), expect=422).page
    assert page.field("source").has("aria-invalid")
    owner.follow(owner.send(without, {"source": "Công văn số 12"}, added=words(world, "77", "Dân số đông")))
    said = word(world, "A2")
    assert said is not None
    assert (said.proposed, said.reason) == (7700, "(Công văn số 12) Dân số đông")
    agreed = word(world, "A2", "services")
    assert agreed is not None
    assert agreed.reason == "(Công văn số 12)"


# -- what is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", ["", "hôm nay", "31/12/2099", "01/01/2020", "31/02/2026"])
def test_a_day_that_does_not_fit_asks_nobody(world: World, visit: Visit, plan_id: int, until: str) -> None:
    owner = visit("a.preparer")
    owner.open(f"/plans/{plan_id}/opinions")
    page = owner.send(f"/plans/{plan_id}/opinions/ask", {"until": until}, expect=422).page
    assert page.errors
    assert page.field("until").get("value") == until
    assert db.session.scalar(select(OpinionRound.id)) is None


@pytest.mark.parametrize(
    ("figure", "reason", "place"),
    [
        ("-5", "Lý do", "p"),
        ("100,01", "Lý do", "p"),
        ("tám mươi", "Lý do", "p"),
        ("70", "   ", "r"),
        ("70", "", "r"),
        ("70", "x" * 100_000, "r"),
    ],
)
def test_a_word_that_cannot_be_kept_is_shown_again(
    world: World, visit: Visit, plan_id: int, figure: str, reason: str, place: str
) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    say(receiver, world, round_id, "A1", words(world, figure, reason), expect=422)
    dossiers = world.indicators["dossiers"]
    assert receiver.page.field(f"{place}-{dossiers}").has("aria-invalid")
    assert receiver.page.field(f"p-{dossiers}").get("value") == figure
    assert db.session.scalar(select(Opinion.id)) is None  # not half of it


def test_agreeing_with_another_figure_and_saying_nothing_are_refused(world: World, visit: Visit, plan_id: int) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    dossiers = world.indicators["dossiers"]
    say(receiver, world, round_id, "A1", {f"s-{dossiers}": "agree", f"p-{dossiers}": "70"}, expect=422)
    say(receiver, world, round_id, "A1", {}, expect=422)
    say(receiver, world, round_id, "A1", {f"s-{dossiers}": "maybe"}, expect=422)
    assert db.session.scalar(select(Opinion.id)) is None


def test_nobody_agrees_with_a_figure_that_is_not_there(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    say(receiver, world, round_id, "A1", words(world, "", ""), expect=422)
    say(receiver, world, round_id, "A1", words(world, "66", "Đăng ký", services=""))
    said = word(world, "A1")
    assert said is not None
    assert said.proposed == 6600


def test_acts_sent_again_change_nothing(world: World, visit: Visit, plan_id: int) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    said = words(world, "70", "Lý do")
    say(receiver, world, round_id, "A1", said)
    events = db.session.scalars(select(Event).where(Event.action == "give_opinion")).all()
    say(receiver, world, round_id, "A1", said)
    assert db.session.scalars(select(Event).where(Event.action == "give_opinion")).all() == events
    owner.open(f"/plans/{plan_id}/opinions")
    page = owner.page
    owner.follow(owner.send(f"/plans/{plan_id}/opinions/close"))
    owner.send(f"/plans/{plan_id}/opinions/close", page=page, expect=409)
    receiver.act(f"/opinions/{round_id}/{world.units['A1']}", words(world, "60", "Lý do"), expect=409)
    opinion = word(world, "A1")
    assert opinion is not None
    assert opinion.proposed == 7000


def test_nothing_is_asked_or_said_once_the_plan_is_submitted(world: World, visit: Visit, plan_id: int) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    with transaction() as session:
        session.execute(db.update(Plan).where(Plan.id == plan_id).values(state="submitted", submitted_hash="0" * 64))
    receiver.act(f"/opinions/{round_id}/{world.units['A1']}", words(world, "60", "Lý do"), expect=409)
    page = owner.open(f"/plans/{plan_id}/opinions")
    assert not page.can_send(f"/plans/{plan_id}/opinions/close")
    owner.act(f"/plans/{plan_id}/opinions/close", expect=409)
    assert word(world, "A1") is None


def test_the_preparers_are_told_once_all_words_are_in(world: World, visit: Visit, plan_id: int) -> None:
    owner, receiver = visit("a.preparer"), visit("a1.viewer")
    round_id = ask(owner, plan_id)
    for unit in ("A0", "A2", "A3"):
        url = f"/plans/{plan_id}/opinions/units/{world.units[unit]}"
        owner.open(url)
        owner.follow(owner.send(url, {"source": "Họp ngày 05/03"}, added=words(world)))
    assert not told(NoticeKind.OPINIONS_IN)
    say(receiver, world, round_id, "A1", words(world))
    assert told(NoticeKind.OPINIONS_IN) == {world.accounts["a.preparer"]}


def test_statements_do_not_grow_with_the_receivers(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    add_communes(world, "B", 36)
    found = {}
    for district in "AB":
        login = f"{district.lower()}.preparer"
        plan_id = world.open(district, login)
        world.save(plan_id, 8000, login)
        owner, receiver = visit(login), visit(f"{district.lower()}1.viewer")
        owner.open(f"/plans/{plan_id}/opinions")
        with counted() as asking:
            owner.send(f"/plans/{plan_id}/opinions/ask", {"until": f"{today():%d/%m/%Y}"})
        unit = f"{district}1"
        say(receiver, world, newest().id, unit, words(world, "70", "Lý do"))
        with counted() as reading:
            owner.open(f"/plans/{plan_id}/opinions")
        with counted() as plan_page:
            owner.open(f"/plans/{plan_id}")
        with counted() as own_page:
            receiver.open(f"/opinions/{newest().id}/{world.units[unit]}")
        with counted() as tasks:
            receiver.open("/")
        found[district] = [len(sent) for sent in (asking, reading, plan_page, own_page, tasks)]
    assert found["A"] == found["B"]
