"""Who is told, once for each occasion, and how each of them wants to hear of it."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

from flask import Flask

from allocapp.access import Action
from allocapp.db import db, transaction
from allocapp.models.account import Account, Capacity, Delegation
from allocapp.models.campaign import Campaign
from allocapp.models.notice import Mailing, MailState, Notice, NoticeChoice, NoticeKind
from allocapp.services.notice import DIGEST_AT, next_digest, notify, people_with
from tests.factories import NOW, World

TODAY = NOW.date()


def told(kind: NoticeKind = NoticeKind.PLAN_SUBMITTED) -> Sequence[Notice]:
    """What everybody was told, as stored."""
    statement = db.select(Notice).where(Notice.kind == kind).order_by(Notice.account_id, Notice.id)
    return db.session.scalars(statement.execution_options(populate_existing=True)).all()


def give_address(world: World, *logins: str) -> None:
    with transaction():
        for login in logins:
            world.account(login).email = f"{login}@example.vn"


def test_everybody_is_told_once_but_not_the_one_who_acted(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    for _ in range(2):
        with transaction():
            people = [world.account(login) for login in ("p.approver", "p.leader", "p.approver", "a.preparer")]
            actor = world.account("a.preparer")
            notify(
                NoticeKind.PLAN_SUBMITTED, people, key="submitted:1", now=NOW, but=actor, plan=world.plan(plan_id),
                words={"number": 1},
            )  # fmt: skip
    assert [notice.account.login for notice in told()] == ["p.approver", "p.leader"]
    assert {(notice.plan_id, notice.unit_id, notice.campaign_id) for notice in told()} == {
        (plan_id, world.units["A"], world.campaign)
    }
    assert [notice.words for notice in told()] == [{"number": 1}] * 2
    assert {notice.mail for notice in told()} == {MailState.NONE}  # nobody gave an address


def test_another_occasion_is_told_again_and_nobody_is_no_error(world: World) -> None:
    for key in ("submitted:1", "submitted:2"):
        with transaction():
            notify(NoticeKind.PLAN_SUBMITTED, [world.account("p.approver")], key=key, now=NOW)
            notify(NoticeKind.PLAN_SUBMITTED, [], key=key, now=NOW)
    assert [notice.key for notice in told()] == ["submitted:1", "submitted:2"]


def test_what_is_rolled_back_was_told_to_nobody(world: World) -> None:
    try:
        with transaction():
            notify(NoticeKind.PLAN_SUBMITTED, [world.account("p.approver")], key="submitted:1", now=NOW)
            raise ZeroDivisionError
    except ZeroDivisionError:
        pass
    assert told() == []


def test_two_who_tell_the_same_at_once_tell_it_once(database: Flask, world: World) -> None:
    """As two schedulers' reminders do: neither fails, and each person has one."""
    barrier = threading.Barrier(2)
    failures: list[Exception] = []

    def tell(logins: list[str]) -> None:
        with database.app_context():
            barrier.wait()
            try:
                with transaction():
                    people = [world.account(login) for login in logins]
                    notify(NoticeKind.REMINDER, people, key="reminder:7", now=NOW)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test must see it
                failures.append(error)
            db.session.remove()

    logins = ["a.preparer", "b.preparer", "p.preparer"]
    threads = [threading.Thread(target=tell, args=(order,)) for order in (logins, logins[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(told(NoticeKind.REMINDER)) == 3


def test_who_is_switched_off_is_not_told(world: World) -> None:
    with transaction():
        world.account("p.approver").active = False
    with transaction():
        notify(NoticeKind.PLAN_SUBMITTED, [world.account("p.approver")], key="submitted:1", now=NOW)
    assert told() == []


def test_each_hears_of_it_as_they_chose(world: World) -> None:
    logins = ["a.preparer", "b.preparer", "p.preparer", "p.leader"]
    give_address(world, *logins[:3])
    with transaction() as session:
        for login, mailing in (("b.preparer", Mailing.DAILY), ("p.preparer", Mailing.NEVER)):
            session.add(NoticeChoice(account_id=world.accounts[login], kind=NoticeKind.PLAN_RETURNED, mailing=mailing))
    with transaction():
        notify(NoticeKind.PLAN_RETURNED, [world.account(login) for login in logins], key="returned:1", now=NOW)
    found = {notice.account.login: (notice.mail, notice.mail_after) for notice in told(NoticeKind.PLAN_RETURNED)}
    assert found == {
        "a.preparer": (MailState.WAITING, NOW),
        "b.preparer": (MailState.FOR_DIGEST, next_digest(NOW)),
        "p.preparer": (MailState.NONE, None),
        "p.leader": (MailState.NONE, None),
    }


def test_the_digest_goes_out_at_its_hour_on_the_offices_clock() -> None:
    assert DIGEST_AT.hour == 7
    seven = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # 07:00 in Viet Nam
    assert next_digest(seven - timedelta(seconds=1)) == seven
    assert next_digest(seven) == seven + timedelta(days=1)


def logins_with(world: World, action: Action, unit: str, **options: Campaign) -> list[str]:
    return [person.login for person in people_with(action, world.unit(unit), today=TODAY, **options)]


def test_people_with_a_right_are_those_whom_access_lets_do_it(world: World) -> None:
    assert logins_with(world, Action.SUBMIT_PLAN, "A") == ["a.preparer"]
    assert logins_with(world, Action.APPROVE_PLAN, "A") == ["p.approver"]
    assert logins_with(world, Action.APPROVE_PLAN, "P") == []
    campaign = db.session.get(Campaign, world.campaign)
    assert campaign is not None
    assert logins_with(world, Action.APPROVE_PLAN, "P", campaign=campaign) == ["p.approver"]
    assert "b.preparer" not in logins_with(world, Action.VIEW_PLAN, "A")


def test_a_delegate_is_told_while_the_delegation_lasts(world: World) -> None:
    with transaction() as session:
        session.add(
            Delegation(
                grant_id=world.account("p.approver").grants[0].id, account_id=world.accounts["p.coordinator"],
                capacity=Capacity.FOR_HEAD, title="Phó Giám đốc", reason="Đi công tác", valid_from=TODAY,
                valid_to=TODAY, created_at=NOW, ended_at=None,
            )
        )  # fmt: skip
    assert set(logins_with(world, Action.APPROVE_PLAN, "A")) == {"p.approver", "p.coordinator"}
    after = people_with(Action.APPROVE_PLAN, world.unit("A"), today=TODAY + timedelta(days=1))
    assert [person.login for person in after] == ["p.approver"]


def test_a_role_that_ended_and_an_account_switched_off_are_left_out(world: World) -> None:
    with transaction():
        world.account("p.approver").grants[0].valid_to = date(2026, 3, 1)
        world.account("a.preparer").active = False
    assert logins_with(world, Action.APPROVE_PLAN, "A") == []
    assert logins_with(world, Action.SUBMIT_PLAN, "A") == []
    assert db.session.scalar(db.select(db.func.count()).select_from(Account))
