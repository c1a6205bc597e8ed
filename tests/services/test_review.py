"""The superior's side: who has a plan in review decides alone, remarks stay, the campaign says what a word is worth."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.errors import (
    CampaignNotOpen,
    ContentChanged,
    Forbidden,
    NotFound,
    OpinionBinds,
    ReasonRequired,
    ReviewedByOther,
    StaleVersion,
    SubmitterMayNotApprove,
    TextRequired,
    TextTooLong,
    TransitionNotAllowed,
    UnknownRow,
)
from allocapp.models.campaign import Authority, Campaign, Expectation
from allocapp.models.event import Event
from allocapp.models.notice import Notice, NoticeKind
from allocapp.models.plan import PlanComment
from allocapp.rules.workflow import CampaignState, DecisionState, PlanAction, PlanState
from allocapp.services.comment import comment_on_plan, tick_comment
from allocapp.services.lapse import lapsed_plans
from allocapp.services.plan import save_targets, withdraw_plan
from allocapp.services.review import (
    approve_plan,
    hand_back_plan,
    proceed_with_plan,
    reopen_plan,
    return_plan,
    take_over_review,
    take_plan_into_review,
)
from allocapp.services.sheet import read_sheet
from allocapp.services.submission import list_submissions
from allocapp.services.task import TaskKind, list_tasks
from allocapp.services.turn import plan_actions_for
from tests.factories import NOW, World

TODAY = NOW.date()
FIRST, SECOND = "p.approver", "p.leader"


@pytest.fixture
def submitted(world: World) -> int:
    """District A's plan, submitted; the province has two approvers."""
    world.issue_province(8000)
    world.grant(SECOND, "P", "approver")
    return world.submitted("A")


def act(world: World, service: Callable[..., object], plan_id: int, login: str, **given: object) -> None:
    """One step by its service, on the version of now."""
    with transaction():
        version = world.plan(plan_id).version
        service(plan_id, version=version, actor=world.account(login), now=NOW, **given)


def approve(world: World, plan_id: int, login: str, **given: object) -> None:
    act(world, approve_plan, plan_id, login, seen_hash=read_sheet(world.plan(plan_id)).content_hash, **given)


def proceed(world: World, plan_id: int, login: str, reason: str = "Đã rà soát") -> None:
    seen = read_sheet(world.plan(plan_id)).content_hash
    act(world, proceed_with_plan, plan_id, login, seen_hash=seen, reason=reason)


def send_back(world: World, plan_id: int, login: str, comments: Mapping[int, str] | None = None) -> None:
    act(world, return_plan, plan_id, login, reason="Chưa đạt", comments=comments or {})


def offered(world: World, plan_id: int, login: str) -> frozenset[PlanAction]:
    return plan_actions_for(world.plan(plan_id), world.account(login), TODAY)


def notices(kind: NoticeKind, plan_id: int) -> set[int]:
    told = select(Notice.account_id).where(Notice.kind == kind, Notice.plan_id == plan_id)
    return set(db.session.scalars(told))


# -- one reviewer ----------------------------------------------------------------------------------------------------


def test_who_has_a_plan_in_review_decides_alone(world: World, submitted: int) -> None:
    act(world, take_plan_into_review, submitted, FIRST)
    deciding = {PlanAction.APPROVE, PlanAction.RETURN, PlanAction.HAND_BACK}
    assert offered(world, submitted, FIRST) == deciding
    assert offered(world, submitted, SECOND) == {PlanAction.TAKE_OVER}
    attempts: list[Callable[[], None]] = [
        lambda: approve(world, submitted, SECOND),
        lambda: send_back(world, submitted, SECOND),
        lambda: act(world, hand_back_plan, submitted, SECOND),
        lambda: comment(world, submitted, SECOND, "Một ý"),
    ]
    for attempt in attempts:
        with pytest.raises(ReviewedByOther) as refused:
            attempt()
        assert refused.value.name == world.account(FIRST).name
    plan = world.plan(submitted)
    assert (plan.state, plan.reviewed_by_id) == (PlanState.IN_REVIEW, world.accounts[FIRST])

    act(world, take_over_review, submitted, SECOND)
    assert offered(world, submitted, SECOND) == deciding
    with pytest.raises(ReviewedByOther):
        approve(world, submitted, FIRST)
    with pytest.raises(TransitionNotAllowed):  # who has it has nothing to take over
        act(world, take_over_review, submitted, SECOND)
    approve(world, submitted, SECOND)
    told = select(Event.action).where(Event.subject == "plan", Event.subject_id == submitted).order_by(Event.id)
    assert db.session.scalars(told).all() == ["open", "submit", "review", "take_over", "approve"]


def test_a_reviewer_whose_role_ended_yesterday_leaves_the_plan_to_others(world: World, submitted: int) -> None:
    act(world, take_plan_into_review, submitted, FIRST)
    world.end_role(FIRST, TODAY - timedelta(days=1))
    with pytest.raises((Forbidden, NotFound)):
        approve(world, submitted, FIRST)
    act(world, take_over_review, submitted, SECOND)
    approve(world, submitted, SECOND)


def test_a_step_sent_again_changes_nothing(world: World, submitted: int) -> None:
    version = world.plan(submitted).version
    act(world, take_plan_into_review, submitted, FIRST)
    act(world, take_over_review, submitted, SECOND)
    events = len(db.session.scalars(select(Event.id)).all())
    for service in (take_plan_into_review, withdraw_plan):
        with pytest.raises((TransitionNotAllowed, Forbidden)):
            act(world, service, submitted, SECOND)
    with pytest.raises(StaleVersion), transaction():
        take_over_review(submitted, version=version, actor=world.account(FIRST), now=NOW)
    assert len(db.session.scalars(select(Event.id)).all()) == events


def test_people_are_told_once_of_each_step(world: World, submitted: int) -> None:
    assert notices(NoticeKind.PLAN_SUBMITTED, submitted) == {world.accounts[FIRST], world.accounts[SECOND]}
    send_back(world, submitted, FIRST)
    assert notices(NoticeKind.PLAN_RETURNED, submitted) == {world.accounts["a.preparer"]}
    world.submit(submitted, 8000, "a.preparer")
    approve(world, submitted, FIRST)
    assert notices(NoticeKind.PLAN_APPROVED, submitted) == {world.accounts["a.preparer"], world.accounts["a.clerk"]}


# -- remarks ---------------------------------------------------------------------------------------------------------


def comment(world: World, plan_id: int, login: str, text: str, unit: str | None = None) -> None:
    with transaction():
        remarks = {world.units[unit] if unit else None: text}
        comment_on_plan(plan_id, remarks=remarks, actor=world.account(login), now=NOW)


def tick(world: World, plan_id: int, comment_id: int, login: str, *, done: bool = True) -> None:
    with transaction():
        tick_comment(plan_id, comment_id, done=done, actor=world.account(login), now=NOW)


def remarks(plan_id: int) -> list[tuple[str, int, bool]]:
    db.session.rollback()
    found = db.session.scalars(select(PlanComment).where(PlanComment.plan_id == plan_id).order_by(PlanComment.id))
    return [(each.text, each.submission, each.done_at is not None) for each in found]


def test_remarks_stay_from_submission_to_submission_and_are_ticked_off(world: World, submitted: int) -> None:
    send_back(world, submitted, FIRST, {world.units["A1"]: "Nâng lên", world.units["A2"]: "  "})
    (first,) = db.session.scalars(select(PlanComment)).all()
    tick(world, submitted, first.id, "a.preparer")
    tick(world, submitted, first.id, "a.preparer")  # sent twice
    assert remarks(submitted) == [("Nâng lên", 1, True)]
    tick(world, submitted, first.id, "a.preparer", done=False)
    tick(world, submitted, first.id, "a.preparer")
    assert db.session.scalars(select(Event.action).where(Event.action == "tick_comment")).all() == ["tick_comment"] * 2
    world.submit(submitted, 8200, "a.preparer")
    act(world, take_plan_into_review, submitted, FIRST)
    comment(world, submitted, FIRST, "Vẫn thấp", "A1")
    comment(world, submitted, FIRST, "Vẫn thấp", "A1")  # sent twice
    comment(world, submitted, FIRST, "Nhìn chung đạt")
    comment(world, submitted, "p.coordinator", "Đã đọc")
    assert remarks(submitted) == [
        ("Nâng lên", 1, True),
        ("Vẫn thấp", 2, False),
        ("Nhìn chung đạt", 2, False),
        ("Đã đọc", 2, False),
    ]
    assert world.plan(submitted).state is PlanState.IN_REVIEW
    kept = list_submissions(world.plan(submitted))
    assert [each.number for each in kept] == [1, 2]
    assert kept[0].content_hash != kept[1].content_hash


@pytest.mark.parametrize(("text", "error"), [(" \n\t ", TextRequired), ("x" * 100_000, TextTooLong)])
def test_a_remark_says_something_that_can_be_kept(
    world: World, submitted: int, text: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        comment(world, submitted, FIRST, text, "A1")
    assert remarks(submitted) == []


def test_a_return_with_a_remark_too_long_keeps_nothing_of_it(world: World, submitted: int) -> None:
    long = {world.units["A1"]: "Ngắn", world.units["A2"]: "x" * 100_000}
    with pytest.raises(TextTooLong):
        send_back(world, submitted, FIRST, long)
    with pytest.raises(UnknownRow):
        send_back(world, submitted, FIRST, {world.units["B1"]: "Xã của huyện khác"})
    assert (world.plan(submitted).state, remarks(submitted)) == (PlanState.SUBMITTED, [])


def test_remarks_are_made_and_ticked_by_those_concerned_at_their_time(world: World, submitted: int) -> None:
    for login, error in (("a.preparer", Forbidden), ("a.viewer", NotFound), ("b.preparer", NotFound)):
        with pytest.raises(error):
            comment(world, submitted, login, "Một ý")
    comment(world, submitted, FIRST, "Một ý")
    (made,) = db.session.scalars(select(PlanComment)).all()
    with pytest.raises(TransitionNotAllowed):  # while it lies before the superior nothing is mended
        tick(world, submitted, made.id, "a.preparer")
    send_back(world, submitted, FIRST)
    with pytest.raises(TransitionNotAllowed):
        comment(world, submitted, FIRST, "Nữa")
    with pytest.raises(Forbidden):
        tick(world, submitted, made.id, FIRST)
    other = world.open("B", "b.preparer")
    with pytest.raises(NotFound):  # a remark of another plan
        tick(world, other, made.id, "b.preparer")
    with transaction() as session:
        session.get_one(Campaign, world.campaign).state = CampaignState.CLOSED
    with pytest.raises(CampaignNotOpen):
        tick(world, submitted, made.id, "a.preparer")


# -- what the superior's word is worth -------------------------------------------------------------------------------


def test_where_it_approves_nobody_goes_on_without(world: World, submitted: int) -> None:
    send_back(world, submitted, FIRST)
    assert PlanAction.PROCEED not in offered(world, submitted, "a.leader")
    with pytest.raises(OpinionBinds):
        proceed(world, submitted, "a.leader")


def test_where_it_gives_an_opinion_its_consent_prepares_the_decision(world: World, submitted: int) -> None:
    world.set_authority(Authority.OPINION)
    with pytest.raises(TextTooLong):
        approve(world, submitted, FIRST, opinion="x" * 100_000)
    approve(world, submitted, FIRST, opinion=" Thống nhất ")
    plan = world.plan(submitted)
    assert (plan.state, plan.opinion) == (PlanState.APPROVED, "Thống nhất")
    assert world.decision_on(submitted).state is DecisionState.PREPARED
    # what the unit answers for is reopened by the unit
    assert PlanAction.REOPEN in offered(world, submitted, "a.leader")
    with pytest.raises(Forbidden):
        act(world, reopen_plan, submitted, FIRST, reason="Lý do")
    act(world, reopen_plan, submitted, "a.leader", reason="Cần sửa")
    assert (world.plan(submitted).opinion, world.plan(submitted).return_reason) == ("", "Cần sửa")


def test_an_opinion_that_is_not_followed_stays_readable(world: World, submitted: int) -> None:
    world.set_authority(Authority.OPINION)
    send_back(world, submitted, FIRST)
    world.grant("a.preparer", "A", "leader")
    assert PlanAction.PROCEED in offered(world, submitted, "a.leader")
    assert PlanAction.PROCEED not in offered(world, submitted, "a.preparer")
    with pytest.raises(SubmitterMayNotApprove):
        proceed(world, submitted, "a.preparer")
    for login, error in ((FIRST, Forbidden), ("a.clerk", Forbidden), ("b.leader", NotFound)):
        with pytest.raises(error):
            proceed(world, submitted, login)
    for reason, refused in ((" \n ", ReasonRequired), ("x" * 100_000, TextTooLong)):
        with pytest.raises(refused):
            proceed(world, submitted, "a.leader", reason)
    proceed(world, submitted, "a.leader")
    plan = world.plan(submitted)
    assert (plan.state, plan.opinion, plan.approved_by_id) == (
        PlanState.APPROVED,
        "Chưa đạt",
        world.accounts["a.leader"],
    )
    assert plan.approved_hash == plan.submitted_hash
    told = db.session.scalars(select(Event).where(Event.action == "proceed")).one()
    assert (told.reason, told.from_state) == ("Đã rà soát", "returned")
    with pytest.raises(TransitionNotAllowed):  # sent twice
        proceed(world, submitted, "a.leader")


def test_the_unit_goes_on_with_what_was_submitted_only(world: World, submitted: int) -> None:
    world.set_authority(Authority.OPINION)
    send_back(world, submitted, FIRST)
    with transaction():
        preparer, version = world.account("a.preparer"), world.plan(submitted).version
        save_targets(submitted, world.entries(submitted, 8500), version=version, actor=preparer, now=NOW)
    assert PlanAction.PROCEED not in offered(world, submitted, "a.leader")
    with pytest.raises(ContentChanged):
        proceed(world, submitted, "a.leader")


def test_where_it_gets_a_copy_the_unit_decides_for_itself(world: World, submitted: int) -> None:
    world.set_authority(Authority.COPY)
    assert offered(world, submitted, FIRST) == frozenset()
    with pytest.raises(Forbidden):
        approve(world, submitted, FIRST)
    with pytest.raises(Forbidden):
        send_back(world, submitted, FIRST)
    with pytest.raises(Forbidden):
        approve(world, submitted, "a.preparer")
    world.grant("a.preparer", "A", "leader")
    assert PlanAction.APPROVE not in offered(world, submitted, "a.preparer")
    with pytest.raises(SubmitterMayNotApprove):
        approve(world, submitted, "a.preparer")
    kinds = [task.kind for task in list_tasks(world.account("a.leader"), today=TODAY)]
    assert TaskKind.REVIEW_PLAN in kinds
    act(world, take_plan_into_review, submitted, "a.leader")
    comment(world, submitted, "a.leader", "Cần xem lại", "A1")
    approve(world, submitted, "a.leader")
    assert world.plan(submitted).state is PlanState.APPROVED


@pytest.mark.parametrize("authority", Authority)
def test_a_root_is_its_own_superior_whatever_the_campaign_says(world: World, authority: Authority) -> None:
    world.set_authority(authority)
    plan_id = world.submitted("P")
    assert PlanAction.APPROVE in offered(world, plan_id, FIRST)
    assert PlanAction.APPROVE not in offered(world, plan_id, "p.leader")
    approve(world, plan_id, FIRST)


# -- an approval that lapsed -----------------------------------------------------------------------------------------


def test_an_approval_lapses_when_its_content_moves_and_shows(world: World, submitted: int) -> None:
    approve(world, submitted, FIRST)
    assert lapsed_plans([world.plan(submitted)]) == frozenset()
    with transaction() as session:
        session.execute(db.update(Expectation).values(weight=Expectation.weight + 1))
    assert lapsed_plans([world.plan(submitted)]) == {submitted}
    assert TaskKind.REOPEN_LAPSED_PLAN in [task.kind for task in list_tasks(world.account(FIRST), today=TODAY)]
    act(world, reopen_plan, submitted, FIRST, reason="Số liệu thay đổi")
    assert lapsed_plans([world.plan(submitted)]) == frozenset()
