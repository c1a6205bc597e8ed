"""A plan in its own house: the steps as data, one person's turn after the other, bound to the content sent round."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.errors import (
    CampaignNotOpen,
    ContentChanged,
    Forbidden,
    InternalStepsMissing,
    NoInternalSteps,
    NotFound,
    ReasonRequired,
    StaleVersion,
    StepOfOther,
    StepPersonUnable,
    StepsNotFinished,
    StepsRefused,
    TextTooLong,
    TransitionNotAllowed,
    UnbalancedPlan,
)
from allocapp.models.account import Capacity, Delegation, Grant
from allocapp.models.campaign import Campaign, Expectation
from allocapp.models.event import Event
from allocapp.models.notice import Notice, NoticeKind
from allocapp.models.plan import Plan
from allocapp.models.review import InternalStep, PlanStep, PlanSubmission
from allocapp.rules.workflow import CampaignState, PlanAction, PlanState
from allocapp.services.in_house import (
    agree_to_plan,
    circulate_plan,
    recall_plan,
    send_plan_back,
    submit_agreed_plan,
)
from allocapp.services.plan import save_targets, submit_plan
from allocapp.services.sheet import read_sheet
from allocapp.services.step import (
    StepFault,
    StepSetting,
    list_units,
    newest_round,
    open_step,
    set_steps,
    stamp_of_steps,
    steps_of,
)
from allocapp.services.task import TaskKind, list_tasks
from allocapp.services.turn import plan_actions_for
from tests.factories import NOW, World

TODAY = NOW.date()


def seen(world: World, plan_id: int) -> dict[str, object]:
    plan = world.plan(plan_id)
    return {"version": plan.version, "seen_hash": read_sheet(plan).content_hash}


def circulate(world: World, plan_id: int, *, login: str = "a.preparer", target: int = 8000) -> None:
    with transaction():
        entries, given = world.entries(plan_id, target), seen(world, plan_id)
        circulate_plan(plan_id, entries, **given, actor=world.account(login), now=NOW)  # type: ignore[arg-type]


def agree(world: World, plan_id: int, login: str, opinion: str = "", *, days: int = 0) -> None:
    with transaction():
        actor, now = world.account(login), NOW + timedelta(days=days)
        agree_to_plan(plan_id, **seen(world, plan_id), opinion=opinion, actor=actor, now=now)  # type: ignore[arg-type]


def send_back(world: World, plan_id: int, login: str, reason: str) -> None:
    with transaction():
        version = world.plan(plan_id).version
        send_plan_back(plan_id, version=version, reason=reason, actor=world.account(login), now=NOW)


def recall(world: World, plan_id: int, login: str = "a.preparer") -> None:
    with transaction():
        recall_plan(plan_id, version=world.plan(plan_id).version, actor=world.account(login), now=NOW)


def submit_agreed(world: World, plan_id: int, login: str = "a.preparer") -> None:
    with transaction():
        submit_agreed_plan(plan_id, **seen(world, plan_id), actor=world.account(login), now=NOW)  # type: ignore[arg-type]


@pytest.fixture
def draft(world: World) -> int:
    """District A's draft, whose plans go to its clerk first and then to its leader."""
    world.issue_province(8000)
    world.set_steps("A", "a.clerk", "a.leader")
    return world.open("A", "a.preparer")


def notices(kind: NoticeKind) -> set[int]:
    return set(db.session.scalars(select(Notice.account_id).where(Notice.kind == kind)))


def test_a_plan_goes_from_person_to_person_and_is_submitted_after_the_last(world: World, draft: int) -> None:
    circulate(world, draft)
    first, second = newest_round(world.plan(draft))
    assert (first.round, first.due, second.asked_at) == (1, TODAY + timedelta(days=3), None)
    assert world.plan(draft).state is PlanState.IN_HOUSE
    assert notices(NoticeKind.STEP_ASKED) == {world.accounts["a.clerk"]}

    agree(world, draft, "a.clerk", "Đúng thể thức", days=2)
    first, second = newest_round(world.plan(draft))
    assert (first.agreed, first.opinion, first.decided_by_id) == (True, "Đúng thể thức", world.accounts["a.clerk"])
    # three days from the day on which it became their turn
    assert (second.asked_at, second.due) == (NOW + timedelta(days=2), TODAY + timedelta(days=5))
    with pytest.raises(StepsNotFinished) as refused:
        submit_agreed(world, draft)
    assert refused.value.step == second.name

    agree(world, draft, "a.leader")
    assert notices(NoticeKind.STEPS_AGREED) == {world.accounts["a.preparer"]}
    submit_agreed(world, draft)
    plan = world.plan(draft)
    assert (plan.state, plan.submitted_by_id) == (PlanState.SUBMITTED, world.accounts["a.preparer"])
    assert plan.submitted_hash == first.content_hash == read_sheet(plan).content_hash
    assert notices(NoticeKind.PLAN_SUBMITTED) == {world.accounts["p.approver"]}
    world.approve(draft, "p.approver")
    of_plan = select(Event.action).where(Event.subject_id == draft, Event.subject == "plan").order_by(Event.id)
    told = db.session.scalars(of_plan).all()
    assert [action for action in told if action != "open"] == ["circulate", "agree", "agree", "submit", "approve"]


def test_each_submission_is_kept_as_it_was(world: World, draft: int) -> None:
    circulate(world, draft)
    agree(world, draft, "a.clerk")
    agree(world, draft, "a.leader")
    submit_agreed(world, draft)
    (kept,) = db.session.scalars(select(PlanSubmission).where(PlanSubmission.plan_id == draft)).all()
    cell = f"{world.units['A1']}-{world.indicators['dossiers']}"
    assert (kept.number, kept.cells[cell], kept.opinions) == (1, [8000, "", 100], [])
    assert kept.content_hash == world.plan(draft).submitted_hash


def test_nobody_submits_past_the_house(world: World, draft: int) -> None:
    with pytest.raises(InternalStepsMissing) as refused:
        world.submit(draft, 8000, "a.preparer")
    assert refused.value.number == 2
    assert world.plan(draft).state is PlanState.DRAFT
    assert PlanAction.SUBMIT not in plan_actions_for(world.plan(draft), world.account("a.preparer"), TODAY)
    circulate(world, draft)
    # a page that was open before: what goes round is submitted as it is, or not at all
    plan = world.plan(draft)
    with pytest.raises(TransitionNotAllowed), transaction():
        submit_plan(
            draft,
            world.entries(draft, 9000),
            version=plan.version,
            seen_hash=read_sheet(plan).content_hash,
            actor=world.account("a.preparer"),
            now=NOW,
        )
    with pytest.raises(TransitionNotAllowed), transaction():
        save_targets(
            draft, world.entries(draft, 9000), version=plan.version, actor=world.account("a.preparer"), now=NOW
        )


def test_a_unit_without_steps_submits_at_once(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("B", "b.preparer")
    with pytest.raises(NoInternalSteps):
        circulate(world, plan_id, login="b.preparer")
    world.submit(plan_id, 8000, "b.preparer")


def test_what_goes_round_is_complete(world: World, draft: int) -> None:
    with pytest.raises(UnbalancedPlan):
        circulate(world, draft, target=7000)
    assert (world.plan(draft).state, newest_round(world.plan(draft))) == (PlanState.DRAFT, [])


def test_only_the_person_whose_turn_it_is_answers(world: World, draft: int) -> None:
    circulate(world, draft)
    for login, error in (
        ("a.leader", StepOfOther),  # not yet
        ("a.preparer", StepOfOther),
        ("p.approver", Forbidden),
        ("b.clerk", NotFound),
    ):
        with pytest.raises(error):
            agree(world, draft, login)
        with pytest.raises(error):
            send_back(world, draft, login, "Lý do")
    assert newest_round(world.plan(draft))[0].agreed is None
    offered = {
        login: plan_actions_for(world.plan(draft), world.account(login), TODAY) & {PlanAction.AGREE, PlanAction.RECALL}
        for login in ("a.clerk", "a.leader", "a.preparer")
    }
    assert offered == {"a.clerk": {PlanAction.AGREE}, "a.leader": set(), "a.preparer": {PlanAction.RECALL}}


def test_the_task_list_names_whose_turn_it_is(world: World, draft: int) -> None:
    def kinds(login: str) -> list[TaskKind]:
        tasks = list_tasks(world.account(login), today=TODAY)
        return [task.kind for task in tasks if task.plan is not None and task.plan.id == draft]

    circulate(world, draft)
    assert (kinds("a.clerk"), kinds("a.leader"), kinds("a.preparer")) == ([TaskKind.TAKE_STEP], [], [])
    (task,) = [task for task in list_tasks(world.account("a.clerk"), today=TODAY) if task.kind is TaskKind.TAKE_STEP]
    assert task.due == TODAY + timedelta(days=3)
    agree(world, draft, "a.clerk")
    agree(world, draft, "a.leader")
    assert kinds("a.preparer") == [TaskKind.SUBMIT_AGREED_PLAN]
    recall(world, draft)
    circulate(world, draft)
    send_back(world, draft, "a.clerk", "Sai thể thức")
    assert kinds("a.preparer") == [TaskKind.COMPLETE_SENT_BACK_PLAN]


def test_a_plan_sent_back_is_a_draft_again_and_its_opinion_stays(world: World, draft: int) -> None:
    circulate(world, draft)
    send_back(world, draft, "a.clerk", "  Thiếu căn cứ ")
    assert world.plan(draft).state is PlanState.DRAFT
    assert newest_round(world.plan(draft))[0].opinion == "Thiếu căn cứ"
    assert notices(NoticeKind.STEP_SENT_BACK) == {world.accounts["a.preparer"]}
    circulate(world, draft)
    assert [step.round for step in newest_round(world.plan(draft))] == [2, 2]
    first = select(PlanStep).where(PlanStep.plan_id == draft, PlanStep.round == 1).order_by(PlanStep.position)
    rounds = db.session.scalars(first).all()
    assert [step.agreed for step in rounds] == [False, None]


@pytest.mark.parametrize(("reason", "error"), [(" \n ", ReasonRequired), ("x" * 100_000, TextTooLong)])
def test_a_plan_is_sent_back_with_a_reason_that_can_be_read(
    world: World, draft: int, reason: str, error: type[Exception]
) -> None:
    circulate(world, draft)
    with pytest.raises(error):
        send_back(world, draft, "a.clerk", reason)
    assert world.plan(draft).state is PlanState.IN_HOUSE
    assert newest_round(world.plan(draft))[0].agreed is None
    with pytest.raises(TextTooLong):
        agree(world, draft, "a.clerk", "x" * 100_000)


def test_an_answer_is_not_given_twice(world: World, draft: int) -> None:
    circulate(world, draft)
    old = seen(world, draft)
    agree(world, draft, "a.clerk")
    clerk = world.account("a.clerk")
    with pytest.raises(StaleVersion), transaction():
        agree_to_plan(draft, **old, opinion="", actor=clerk, now=NOW)  # type: ignore[arg-type]
    with pytest.raises(StepOfOther):  # on the page of now: it is the leader's turn
        agree(world, draft, "a.clerk")
    agree(world, draft, "a.leader")
    with pytest.raises(TransitionNotAllowed):  # everybody has agreed
        agree(world, draft, "a.leader")
    with pytest.raises(TransitionNotAllowed):
        circulate(world, draft)
    submit_agreed(world, draft)
    with pytest.raises(TransitionNotAllowed):
        submit_agreed(world, draft)
    assert len(db.session.scalars(select(PlanSubmission.id)).all()) == 2  # the province's, and this one


def move_weight(world: World) -> None:
    with transaction() as session:
        of_commune = (Expectation.unit_id == world.units["A1"]) & (
            Expectation.indicator_id == world.indicators["dossiers"]
        )
        session.execute(db.update(Expectation).where(of_commune).values(weight=101))


def test_agreements_count_for_the_content_that_was_sent_round(world: World, draft: int) -> None:
    circulate(world, draft)
    agree(world, draft, "a.clerk")
    move_weight(world)
    with pytest.raises(ContentChanged):
        agree(world, draft, "a.leader")
    recall(world, draft)
    circulate(world, draft)
    agree(world, draft, "a.clerk")
    agree(world, draft, "a.leader")
    with transaction() as session:
        session.execute(db.update(Expectation).values(weight=Expectation.weight * 2))
    with pytest.raises(ContentChanged):
        submit_agreed(world, draft)
    assert world.plan(draft).state is PlanState.IN_HOUSE


def test_a_person_who_is_gone_takes_no_step(world: World, draft: int) -> None:
    """The role of the person asked ended yesterday: the plan is recalled, and somebody else is named."""
    circulate(world, draft)
    world.end_role("a.clerk", TODAY - timedelta(days=1))
    with pytest.raises((Forbidden, NotFound)):
        agree(world, draft, "a.clerk")
    recall(world, draft)
    with pytest.raises(StepPersonUnable) as refused:
        circulate(world, draft)
    assert refused.value.people == (world.account("a.clerk").name,)
    world.set_steps("A", "a.leader")
    circulate(world, draft)
    agree(world, draft, "a.leader")
    submit_agreed(world, draft)


def test_somebody_with_another_role_left_does_not_take_a_step_named_for_the_role_that_ended(
    world: World, draft: int
) -> None:
    circulate(world, draft)
    with transaction() as session:
        held = Grant.account_id == world.accounts["a.clerk"]
        session.execute(db.update(Grant).where(held).values(unit_id=world.units["P"]))
    with pytest.raises(Forbidden):
        agree(world, draft, "a.clerk")


def lend(world: World, owner: str, to: str) -> None:
    with transaction() as session:
        grant = session.scalars(select(Grant).where(Grant.account_id == world.accounts[owner])).one()
        session.add(
            Delegation(
                grant_id=grant.id,
                account_id=world.accounts[to],
                capacity=Capacity.BY_AUTHORISATION,
                title="PHÓ CHỦ TỊCH",
                reason="Đi công tác",
                valid_from=TODAY,
                valid_to=TODAY + timedelta(days=7),
                created_at=NOW,
            )
        )


def test_a_delegate_takes_the_step_in_the_place_of_its_person(world: World, draft: int) -> None:
    world.set_steps("A", "a.leader")
    lend(world, "a.leader", "a.viewer")
    circulate(world, draft)
    assert notices(NoticeKind.STEP_ASKED) == {world.accounts["a.leader"], world.accounts["a.viewer"]}
    agree(world, draft, "a.viewer")
    (step,) = newest_round(world.plan(draft))
    assert (step.account_id, step.decided_by_id) == (world.accounts["a.leader"], world.accounts["a.viewer"])
    assert step.capacity.startswith("TUQ. PHÓ CHỦ TỊCH")
    told = db.session.scalars(select(Event).where(Event.action == "agree")).one()
    assert told.capacity == step.capacity


def test_a_closed_campaign_lets_nothing_go_round(world: World, draft: int) -> None:
    circulate(world, draft)
    with transaction() as session:
        session.get_one(Campaign, world.campaign).state = CampaignState.CLOSED
    acts: list[Callable[[], None]] = [
        lambda: agree(world, draft, "a.clerk"),
        lambda: send_back(world, draft, "a.clerk", "Lý do"),
        lambda: recall(world, draft),
        lambda: submit_agreed(world, draft),
    ]
    for act in acts:
        with pytest.raises(CampaignNotOpen):
            act()
    for login in ("a.clerk", "a.preparer", "p.approver"):
        assert plan_actions_for(world.plan(draft), world.account(login), TODAY) == frozenset()


# -- the steps as data -----------------------------------------------------------------------------------------------


def settle(world: World, settings: list[StepSetting], login: str = "a.leader", stamp: str = "") -> None:
    with transaction():
        before = stamp or stamp_of_steps(steps_of(world.unit("A")))
        set_steps(world.units["A"], settings, seen=before, actor=world.account(login), now=NOW)


def stored(world: World) -> list[tuple[str, int, int]]:
    db.session.rollback()
    return [(step.name, step.account_id, step.days) for step in steps_of(world.unit("A"))]


def test_steps_are_set_by_the_leader_and_the_administrator(world: World) -> None:
    clerk = StepSetting("  Văn phòng:   thể thức ", world.accounts["a.clerk"], 2)
    settle(world, [clerk])
    assert stored(world) == [("Văn phòng: thể thức", world.accounts["a.clerk"], 2)]
    settle(world, [StepSetting("Lãnh đạo", world.accounts["a.leader"], 1), clerk], "p.administrator")
    assert [days for _name, _person, days in stored(world)] == [1, 2]
    for login, error in (("a.preparer", Forbidden), ("p.approver", Forbidden), ("b.leader", NotFound)):
        with pytest.raises(error):
            settle(world, [], login)
    settle(world, [])
    assert stored(world) == []
    told = db.session.scalars(select(Event).where(Event.action == "set_steps").order_by(Event.id)).all()
    assert [event.unit_id for event in told] == [world.units["A"]] * 3
    assert "1. Lãnh đạo" in told[1].reason
    assert {unit.code for unit, _ in list_units(world.account("p.administrator"), today=TODAY)} == {"P", "A", "B"}
    assert [unit.code for unit, _ in list_units(world.account("a.leader"), today=TODAY)] == ["A"]


@pytest.mark.parametrize(
    ("name", "login", "days", "fault"),
    [
        ("  ", "a.clerk", 3, StepFault.NAME_MISSING),
        ("x" * 201, "a.clerk", 3, StepFault.NAME_LONG),
        ("Bước", None, 3, StepFault.PERSON_MISSING),
        ("Bước", "b.clerk", 3, StepFault.PERSON_UNABLE),
        ("Bước", "a.viewer", 3, StepFault.PERSON_UNABLE),
        ("Bước", "a.clerk", 0, StepFault.DAYS),
        ("Bước", "a.clerk", 61, StepFault.DAYS),
        ("Bước", "a.clerk", None, StepFault.DAYS),
    ],
)
def test_a_step_that_nobody_could_take_is_refused(
    world: World, name: str, login: str | None, days: int | None, fault: StepFault
) -> None:
    good = StepSetting("Lãnh đạo", world.accounts["a.leader"], 1)
    with pytest.raises(StepsRefused) as refused:
        settle(world, [good, StepSetting(name, world.accounts[login] if login else None, days)])
    assert refused.value.faults == ((2, fault),)
    assert stored(world) == []


def test_a_person_whose_role_ended_yesterday_is_not_named(world: World) -> None:
    world.end_role("a.clerk", TODAY - timedelta(days=1))
    with pytest.raises(StepsRefused):
        settle(world, [StepSetting("Bước", world.accounts["a.clerk"], 3)])
    assert db.session.scalars(select(InternalStep)).all() == []


def test_there_are_three_steps_at_most_and_nobody_writes_over_anothers(world: World) -> None:
    step = StepSetting("Bước", world.accounts["a.clerk"], 3)
    with pytest.raises(StepsRefused):
        settle(world, [step] * 4)
    empty = stamp_of_steps([])
    settle(world, [step], stamp=empty)
    settle(world, [step], stamp=empty)  # sent twice
    assert len(db.session.scalars(select(Event).where(Event.action == "set_steps")).all()) == 1
    with pytest.raises(ContentChanged):
        settle(world, [step, step], stamp=empty)
    assert len(stored(world)) == 1


def test_a_plan_under_way_keeps_the_steps_it_was_sent_round_with(world: World, draft: int) -> None:
    circulate(world, draft)
    settle(world, [])
    step = open_step(world.plan(draft))
    assert step is not None
    assert step.account_id == world.accounts["a.clerk"]
    agree(world, draft, "a.clerk")
    agree(world, draft, "a.leader")
    submit_agreed(world, draft)


def test_the_root_goes_round_its_own_house_too(world: World) -> None:
    world.set_steps("P", "p.leader")
    plan_id = world.open("P", "p.preparer")
    circulate(world, plan_id, login="p.preparer")
    agree(world, plan_id, "p.leader")
    submit_agreed(world, plan_id, "p.preparer")
    world.approve(plan_id, "p.approver")
    assert db.session.get_one(Plan, plan_id).state is PlanState.APPROVED
