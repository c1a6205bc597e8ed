"""A campaign's road: opened, its days set and extended, its settings, closed; who is reminded, and when."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from allocapp.clock import local_day
from allocapp.db import db, transaction
from allocapp.errors import (
    AllocappError,
    AlreadyReminded,
    AuthorityInUse,
    CampaignNotOpen,
    CampaignNotReady,
    DeadlinesRefused,
    Forbidden,
    NotFound,
    NothingToRemindOf,
    ReasonRequired,
    StaleVersion,
    TextTooLong,
    ThresholdsRefused,
    TransitionNotAllowed,
)
from allocapp.models.account import Account
from allocapp.models.campaign import Authority, Campaign, StageName
from allocapp.models.event import Event, Subject
from allocapp.models.notice import Notice, NoticeKind
from allocapp.rules.workflow import CampaignState
from allocapp.services.campaign_road import close_campaign, lacks_of, open_campaign, read_policy, set_policy
from allocapp.services.in_house import circulate_plan
from allocapp.services.reminder import remind_due, remind_unit, waiting_units
from allocapp.services.sheet import Entry, read_sheet
from allocapp.services.stage import days_stamp, due_day, extend_deadline, set_deadlines, stage_days
from tests.factories import NOW, World

ADMINISTRATOR = "p.administrator"
TODAY = local_day(NOW)
DAY = timedelta(days=1)
SUBMITTED_BY = date(2026, 3, 31)


def campaign_of(world: World) -> Campaign:
    return db.session.get_one(Campaign, world.campaign, populate_existing=True)


def put(world: World, state: CampaignState) -> None:
    with transaction():
        campaign_of(world).state = state


def set_days(world: World, days: Mapping[str, date | None], *, login: str = ADMINISTRATOR, seen: str = "") -> None:
    with transaction():
        wanted = {StageName(name): day for name, day in days.items()}
        stamp = seen or days_stamp(stage_days(campaign_of(world)))
        set_deadlines(world.campaign, wanted, seen=stamp, actor=world.account(login), now=NOW)


def extend(
    world: World,
    due: date,
    *,
    unit: str = "A",
    reason: str = "Mất điện",
    login: str = ADMINISTRATOR,
    now: datetime = NOW,
) -> None:
    with transaction():
        extend_deadline(
            world.campaign,
            StageName.PLANS_SUBMITTED,
            world.units[unit],
            due,
            reason=reason,
            actor=world.account(login),
            now=now,
        )


def told(kind: NoticeKind) -> list[str]:
    """The logins told, in order."""
    statement = select(Account.login).join(Notice, Notice.account_id == Account.id).where(Notice.kind == kind)
    return sorted(db.session.scalars(statement))


def remind(now: datetime) -> None:
    with transaction():
        remind_due(now=now)


def on(day: date) -> datetime:
    """Ten in the morning of that day, in the offices' time."""
    return NOW + (day - TODAY)


def close(world: World, login: str = ADMINISTRATOR) -> None:
    with transaction():
        close_campaign(world.campaign, actor=world.account(login), now=NOW)


def change(world: World, given: Mapping[str, object], *, login: str = ADMINISTRATOR) -> None:
    with transaction():
        before = read_policy(campaign_of(world))
        wanted = replace(before, **given)  # type: ignore[arg-type]  # by the names of its fields
        set_policy(world.campaign, wanted, seen=before.stamp, actor=world.account(login), now=NOW)


def click(world: World, unit: str, login: str = "p.approver", now: datetime = NOW) -> None:
    with transaction():
        remind_unit(world.units[unit], world.campaign, actor=world.account(login), now=now)


# -- opening and closing -------------------------------------------------------------------------------------------


def test_nothing_can_be_done_before_a_campaign_is_opened_and_its_preparers_are_told(world: World) -> None:
    put(world, CampaignState.PREPARING)
    with pytest.raises(CampaignNotOpen):
        world.open("A", "a.preparer")
    with transaction():
        open_campaign(world.campaign, actor=world.account(ADMINISTRATOR), now=NOW)
    assert told(NoticeKind.CAMPAIGN_OPENED) == ["a.preparer", "b.preparer", "p.preparer"]
    world.open("A", "a.preparer")
    event = db.session.scalars(select(Event).where(Event.subject == Subject.CAMPAIGN)).one()
    assert (event.action, event.from_state, event.to_state) == ("open", "preparing", "open")


def test_a_campaign_that_lacks_something_is_not_opened(world: World) -> None:
    put(world, CampaignState.PREPARING)
    with transaction():
        campaign = campaign_of(world)
        campaign.frozen_at = None
        campaign.period_from = campaign.period_to = TODAY - DAY
    assert [lack.value for lack in lacks_of(campaign_of(world), today=TODAY)] == ["expectations", "period_over"]
    with pytest.raises(CampaignNotReady), transaction():
        open_campaign(world.campaign, actor=world.account(ADMINISTRATOR), now=NOW)
    assert campaign_of(world).state is CampaignState.PREPARING


def test_a_closed_campaign_is_read_only_and_final(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    close(world)
    acts: list[Callable[[], object]] = [
        lambda: world.save(plan_id, 8000, "a.preparer"),
        lambda: world.open("B", "b.preparer"),
        lambda: set_days(world, {"plans_submitted": SUBMITTED_BY}),
        lambda: extend(world, SUBMITTED_BY),
        lambda: change(world, {"jump_rows": 7}),
    ]
    for act in acts:
        with pytest.raises(CampaignNotOpen):
            act()
    for again in (open_campaign, close_campaign):
        with pytest.raises(TransitionNotAllowed), transaction():
            again(world.campaign, actor=world.account(ADMINISTRATOR), now=NOW)
    remind(on(SUBMITTED_BY))
    assert told(NoticeKind.REMINDER) == []


@pytest.mark.parametrize("login", ["p.approver", "a.preparer", "p.auditor", "a1.viewer"])
def test_only_the_administrator_manages_a_campaign(world: World, login: str) -> None:
    acts: list[Callable[[], object]] = [
        lambda: close(world, login),
        lambda: set_days(world, {"plans_submitted": SUBMITTED_BY}, login=login),
        lambda: extend(world, SUBMITTED_BY, login=login),
        lambda: change(world, {"jump_rows": 7}, login=login),
    ]
    for act in acts:
        with pytest.raises(Forbidden):
            act()
    assert campaign_of(world).state is CampaignState.OPEN


def test_an_administrator_whose_role_ended_yesterday_manages_nothing(world: World) -> None:
    with transaction():
        world.account(ADMINISTRATOR).grants[0].valid_to = TODAY - DAY
    with pytest.raises(NotFound):
        close(world)


# -- deadlines -----------------------------------------------------------------------------------------------------


def test_deadlines_are_set_changed_and_taken_away(world: World) -> None:
    set_days(world, {"root_issues": TODAY, "plans_submitted": SUBMITTED_BY})
    assert stage_days(campaign_of(world)) == {
        StageName.ROOT_ISSUES: TODAY,
        StageName.PLANS_SUBMITTED: SUBMITTED_BY,
    }
    set_days(world, {"plans_submitted": SUBMITTED_BY + DAY})
    assert stage_days(campaign_of(world)) == {StageName.PLANS_SUBMITTED: SUBMITTED_BY + DAY}


@pytest.mark.parametrize(
    "days",
    [
        {"plans_submitted": TODAY - DAY},
        {"plans_submitted": date(2036, 1, 1)},
        {"plans_submitted": SUBMITTED_BY, "reviews_end": SUBMITTED_BY - DAY},
    ],
)
def test_days_that_make_no_sense_change_nothing(world: World, days: dict[str, date]) -> None:
    set_days(world, {"root_issues": TODAY})
    with pytest.raises(DeadlinesRefused):
        set_days(world, days)
    assert stage_days(campaign_of(world)) == {StageName.ROOT_ISSUES: TODAY}


def test_days_set_on_top_of_days_that_were_not_seen_are_refused(world: World) -> None:
    seen = days_stamp({})
    set_days(world, {"plans_submitted": SUBMITTED_BY})
    with pytest.raises(StaleVersion):
        set_days(world, {"plans_submitted": SUBMITTED_BY + DAY}, seen=seen)
    set_days(world, {"plans_submitted": SUBMITTED_BY}, seen=seen)  # sent twice: what is wanted stands there
    assert len(db.session.scalars(select(Event.id).where(Event.action == "set_deadlines")).all()) == 1


def test_an_extension_holds_for_its_unit_alone_and_its_preparer_is_told(world: World) -> None:
    set_days(world, {"plans_submitted": SUBMITTED_BY})
    extend(world, SUBMITTED_BY + 7 * DAY)
    campaign = campaign_of(world)
    assert due_day(campaign, StageName.PLANS_SUBMITTED, world.units["A"]) == SUBMITTED_BY + 7 * DAY
    assert due_day(campaign, StageName.PLANS_SUBMITTED, world.units["B"]) == SUBMITTED_BY
    assert told(NoticeKind.DEADLINE_EXTENDED) == ["a.preparer"]


def test_the_newest_extension_counts_unless_the_campaign_has_moved_beyond_it(world: World) -> None:
    set_days(world, {"plans_submitted": SUBMITTED_BY})
    extend(world, SUBMITTED_BY + 7 * DAY)
    extend(world, SUBMITTED_BY + 9 * DAY)
    assert due_day(campaign_of(world), StageName.PLANS_SUBMITTED, world.units["A"]) == SUBMITTED_BY + 9 * DAY
    set_days(world, {"plans_submitted": SUBMITTED_BY + 20 * DAY})
    assert due_day(campaign_of(world), StageName.PLANS_SUBMITTED, world.units["A"]) == SUBMITTED_BY + 20 * DAY


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"due": SUBMITTED_BY}, DeadlinesRefused),
        ({"due": TODAY - DAY}, DeadlinesRefused),
        ({"due": SUBMITTED_BY + DAY, "reason": "  \n "}, ReasonRequired),
        ({"due": SUBMITTED_BY + DAY, "reason": "x" * 100_000}, TextTooLong),
    ],
)
def test_an_extension_that_will_not_do(world: World, given: dict[str, str], error: type[AllocappError]) -> None:
    set_days(world, {"plans_submitted": SUBMITTED_BY})
    with pytest.raises(error):
        extend(world, **given)  # type: ignore[arg-type]  # one of them is the day
    assert due_day(campaign_of(world), StageName.PLANS_SUBMITTED, world.units["A"]) == SUBMITTED_BY


def test_a_stage_without_a_day_is_not_extended(world: World) -> None:
    with pytest.raises(DeadlinesRefused):
        extend(world, SUBMITTED_BY)


# -- settings ------------------------------------------------------------------------------------------------------


def test_settings_are_kept_and_make_one_event(world: World) -> None:
    change(world, {"authority": Authority.COPY, "jump_rows": 7, "remind_days": (10, 2)})
    change(world, {"authority": Authority.COPY, "jump_rows": 7, "remind_days": (10, 2)})
    policy = read_policy(campaign_of(world))
    assert (policy.authority, policy.jump_rows, policy.remind_days) == (Authority.COPY, 7, (10, 2))
    assert len(db.session.scalars(select(Event.id).where(Event.action == "settings")).all()) == 1


@pytest.mark.parametrize(
    "given",
    [{"jump_deviations": 0}, {"jump_rows": 1}, {"remind_days": (3, 3)}, {"remind_days": (0,)}, {"remind_days": (61,)}],
)
def test_settings_out_of_range_are_refused(world: World, given: dict[str, object]) -> None:
    before = read_policy(campaign_of(world))
    with pytest.raises(ThresholdsRefused):
        change(world, given)
    assert read_policy(campaign_of(world)) == before


def test_what_a_superiors_word_is_worth_stays_once_a_plan_was_submitted(world: World) -> None:
    world.submitted("P")
    with pytest.raises(AuthorityInUse):
        change(world, {"authority": Authority.OPINION})
    change(world, {"jump_rows": 9})
    assert read_policy(campaign_of(world)).authority is Authority.APPROVES


# -- reminding -----------------------------------------------------------------------------------------------------


def waiting(world: World, stage: StageName) -> list[str]:
    return [found.unit.code for found in waiting_units(campaign_of(world), stage)]


def test_who_is_waited_for_follows_from_the_plans(world: World) -> None:
    assert waiting(world, StageName.ROOT_ISSUES) == ["P"]
    world.issue_province()
    assert waiting(world, StageName.ROOT_ISSUES) == []
    assert waiting(world, StageName.PLANS_SUBMITTED) == ["A", "B"]
    world.submitted("A")
    assert waiting(world, StageName.PLANS_SUBMITTED) == ["B"]
    assert waiting(world, StageName.REVIEWS_END) == ["A"]


def test_reminders_come_once_before_the_day_and_then_those_above_are_told(world: World) -> None:
    world.issue_province()
    set_days(world, {"plans_submitted": SUBMITTED_BY})
    remind(on(SUBMITTED_BY - 8 * DAY))
    assert told(NoticeKind.REMINDER) == []
    for _twice in range(2):
        remind(on(SUBMITTED_BY - 7 * DAY))
    assert told(NoticeKind.REMINDER) == ["a.preparer", "b.preparer"]
    world.submitted("A")
    remind(on(SUBMITTED_BY - 3 * DAY))
    assert told(NoticeKind.REMINDER) == ["a.preparer", "b.preparer", "b.preparer"]
    assert told(NoticeKind.ESCALATION) == []
    for _twice in range(2):
        remind(on(SUBMITTED_BY + DAY))
    assert told(NoticeKind.ESCALATION) == ["b.leader", "b.preparer", "p.approver"]
    # the day has passed, and nothing has been decided by that
    assert waiting(world, StageName.PLANS_SUBMITTED) == ["B"]


def test_an_extended_unit_is_reminded_by_its_own_day(world: World) -> None:
    world.issue_province()
    set_days(world, {"plans_submitted": SUBMITTED_BY})
    extend(world, SUBMITTED_BY + 30 * DAY)
    remind(on(SUBMITTED_BY - DAY))
    assert told(NoticeKind.REMINDER) == ["b.preparer"]


def test_a_person_reminds_a_unit_once_a_day(world: World) -> None:
    world.issue_province()
    click(world, "A")
    assert told(NoticeKind.REMINDER) == ["a.preparer"]
    for login in ("p.approver", "p.coordinator"):
        with pytest.raises(AlreadyReminded):
            click(world, "A", login)
    click(world, "A", now=NOW + DAY)
    assert told(NoticeKind.REMINDER) == ["a.preparer", "a.preparer"]


def test_a_unit_that_has_done_its_part_is_not_reminded(world: World) -> None:
    world.issue_province()
    world.submitted("A")
    with pytest.raises(NothingToRemindOf):
        click(world, "A")


def test_nobody_reminds_whom_they_do_not_see_or_may_not(world: World) -> None:
    with pytest.raises(NotFound):
        click(world, "A", "b.preparer")
    with pytest.raises(Forbidden):
        click(world, "A", "a.leader")


def test_whoever_has_a_plan_at_an_internal_step_is_reminded_on_its_last_day_and_then_the_leaders(world: World) -> None:
    world.issue_province()
    world.set_steps("A", "a.clerk")
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 8000, "a.preparer")
    with transaction():
        sheet = read_sheet(world.plan(plan_id))
        entries = {key: Entry(cell.target) for key, cell in sheet.cells.items()}
        seen: dict[str, Any] = {"version": sheet.plan.version, "seen_hash": sheet.content_hash}
        circulate_plan(plan_id, entries, **seen, actor=world.account("a.preparer"), now=NOW)
    remind(NOW + 2 * DAY)
    assert told(NoticeKind.REMINDER) == []
    for _twice in range(2):
        remind(NOW + 3 * DAY)
    assert told(NoticeKind.REMINDER) == ["a.clerk"]
    remind(NOW + 4 * DAY)
    assert told(NoticeKind.ESCALATION) == ["a.clerk", "a.leader"]


def test_where_the_superior_only_receives_a_copy_the_units_own_people_are_reminded_of_the_review(world: World) -> None:
    world.issue_province()
    world.set_authority(Authority.COPY)
    set_days(world, {"reviews_end": SUBMITTED_BY})
    world.submitted("A")
    remind(on(SUBMITTED_BY))
    assert told(NoticeKind.REMINDER) == ["a.leader"]
