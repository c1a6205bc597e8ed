"""The bell, the list behind it, and the choice of what is e-mailed: each person's own, and nobody else's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from allocapp.config import MailServer
from allocapp.db import db, transaction
from allocapp.models.account import Account
from allocapp.models.notice import Mailing, MailState, Notice, NoticeChoice, NoticeKind
from allocapp.services.notice import notify
from allocapp.services.notice_reading import PAGE, count_unread
from allocapp.views.notice_words import WORDS, public_address
from tests.factories import NOW, World
from tests.views.client import Client
from tests.views.conftest import Visit
from tests.views.markup import Page
from tests.views.test_statements import counted

LIST, CHOICES = "/notices/", "/notices/choices"
REASON = "Tỷ lệ 79,6% của Xã A1 là thấp, đề nghị xem lại"

EVERY_WORD: dict[str, object] = {
    "stage": "reviews_end", "due": "2026-03-05", "by": "Người duyệt", "step": "Văn phòng", "role": "approver",
    "capacity": "TUQ. Trưởng phòng", "from": "2026-03-01", "to": "2026-03-09", "state": "accepted",
    "until": "2026-03-04", "day": "2026-03-02", "position": 7, "hash": "ab" * 32, "reason": "Lý do\nhai dòng",
}  # fmt: skip


@pytest.fixture
def told(world: World) -> int:
    """A returned plan that a.preparer was told of, among others; gives the plan's id."""
    plan_id = world.open("A", "a.preparer")
    with transaction():
        people = [world.account("a.preparer"), world.account("b.preparer")]
        notify(
            NoticeKind.PLAN_RETURNED, people, key="returned:1", now=NOW, plan=world.plan(plan_id),
            words={"reason": REASON, "due": "2026-03-05"},
        )  # fmt: skip
    return plan_id


def tell(world: World, login: str, *keys: str) -> None:
    with transaction():
        for key in keys:
            notify(NoticeKind.REMINDER, [world.account(login)], key=key, now=NOW, unit=world.unit("A"))


def notice_of(world: World, login: str) -> Notice:
    statement = db.select(Notice).where(Notice.account_id == world.accounts[login]).order_by(Notice.id.desc()).limit(1)
    return db.session.scalars(statement.execution_options(populate_existing=True)).one()


def shown(page: Page) -> int:
    return len(page.body.one("ol", class_="notices").all("h2"))


def bell(client: Client) -> str:
    return client.page.body.one("a", class_="bell").text


def test_the_bell_counts_what_is_unread_in_one_statement(world: World, visit: Visit, told: int) -> None:
    client = visit("a.preparer")
    client.open("/journal", expect=403)
    assert bell(client) == "Thông báo 1 chưa đọc"
    with counted() as sent:
        client.open(LIST)
    assert len([statement for statement in sent if "count(" in statement and "notice" in statement]) == 1
    other = visit("p.leader")
    other.open("/")
    assert bell(other) == "Thông báo"


def test_the_error_page_comes_without_the_bells_number(world: World, visit: Visit, told: int) -> None:
    """The database answered who it is and fails then: the page that says so must not ask it once more."""
    client = visit("a.preparer")
    asked: list[str] = []

    def fail(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if "FROM notice" in statement:
            asked.append(statement)
            raise OperationalError(statement, {}, ConnectionError("gone"))

    event.listen(db.engine, "before_cursor_execute", fail)
    try:
        client.open(LIST, expect=503)
    finally:
        event.remove(db.engine, "before_cursor_execute", fail)
    assert len(asked) == 1
    assert bell(client) == "Thông báo"


def test_the_list_says_what_happened_why_and_where_to_go_on(world: World, visit: Visit, told: int) -> None:
    client = visit("a.preparer")
    spoken = client.open(LIST).text
    for said in ("Phương án của Huyện A được trả lại để hoàn thiện", REASON, "Hạn: 05/03/2026", "Chưa đọc"):
        assert said in spoken
    answer = client.send(f"/notices/{notice_of(world, 'a.preparer').id}/open")
    assert answer.location == f"/plans/{told}"
    client.follow(answer)
    assert bell(client) == "Thông báo"
    page = client.open(LIST)
    assert "Chưa đọc" not in page.text
    assert f"/plans/{told}" in page.links


def test_the_text_for_a_chat_bears_the_address_but_no_reason(world: World, visit: Visit, told: int) -> None:
    page = visit("a.preparer").open(LIST)
    area = page.body.one("textarea")
    assert area.has("readonly")
    assert area.raw.splitlines()[-1].endswith(f"http://127.0.0.1:8000/plans/{told}")
    assert "79,6" not in area.raw


def test_one_is_marked_as_read_and_all_that_were_seen(world: World, visit: Visit, told: int) -> None:
    client = visit("a.preparer")
    tell(world, "a.preparer", "one", "two")
    client.open(LIST)
    client.send(f"/notices/{notice_of(world, 'a.preparer').id}/read")
    assert count_unread(world.accounts["a.preparer"]) == 2
    client.open(LIST)
    tell(world, "a.preparer", "while the page was open")
    client.send("/notices/read")
    assert count_unread(world.accounts["a.preparer"]) == 1
    assert count_unread(world.accounts["b.preparer"]) == 1


def test_another_persons_notification_is_not_there(world: World, visit: Visit, told: int) -> None:
    own = notice_of(world, "a.preparer").id
    client = visit("p.approver")
    assert REASON not in client.open(LIST).text
    for act in ("read", "open"):
        client.act(f"/notices/{own}/{act}", expect=404)
        client.act(f"/notices/999999/{act}", expect=404)
    client.act("/notices/read", {"newest": str(own)}, expect=303)
    assert count_unread(world.accounts["a.preparer"]) == 1


@pytest.mark.parametrize("newest", ["", "0", "-1", "abc", "1" * 11, "99999999999999999999"])
def test_nothing_is_read_without_saying_up_to_where(world: World, visit: Visit, told: int, newest: str) -> None:
    visit("a.preparer").act("/notices/read", {"newest": newest}, expect=404)
    assert count_unread(world.accounts["a.preparer"]) == 1


def test_a_long_list_has_pages_and_an_empty_one_says_so(world: World, visit: Visit) -> None:
    client = visit("a.preparer")
    assert "Trang này không có thông báo" in client.open(LIST).text
    tell(world, "a.preparer", *(str(number) for number in range(PAGE + 1)))
    assert shown(client.open(LIST)) == PAGE
    assert shown(client.open(f"{LIST}?page=2")) == 1
    with counted() as many:
        client.open(LIST)
    with counted() as few:
        client.open(f"{LIST}?page=2")
    assert len(many) == len(few)


@pytest.mark.parametrize("kind", NoticeKind)
@pytest.mark.parametrize("words", [{}, EVERY_WORD], ids=["no words", "every word"])
def test_every_kind_is_told_and_leads_somewhere(
    world: World, visit: Visit, kind: NoticeKind, words: dict[str, object]
) -> None:
    assert set(WORDS) == set(NoticeKind)
    plan_id = world.open("A", "a.preparer")
    with transaction():
        plan = world.plan(plan_id) if words else None
        people = [world.account("p.auditor"), world.account("p.approver")]
        notify(kind, people, key="1", now=NOW, plan=plan, words=words)
    client = visit("p.auditor" if kind is NoticeKind.JOURNAL_HEAD else "p.approver")
    client.open(LIST)
    own = notice_of(world, "p.auditor" if kind is NoticeKind.JOURNAL_HEAD else "p.approver")
    client.follow(client.send(f"/notices/{own.id}/open"))


def test_what_somebody_wrote_stays_text(world: World, visit: Visit) -> None:
    evil = "</textarea><script>alert(1)</script>"
    with transaction():
        world.unit("A").name = f"Huyện {evil}"
        words = {"reason": evil, "by": evil}
        notify(NoticeKind.REMINDER, [world.account("a.preparer")], key="1", now=NOW, unit=world.unit("A"), words=words)
    page = visit("a.preparer").open(LIST)
    assert not page.tagged("script")
    assert evil in page.body.one("textarea").raw


# -- choices ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def mails(database: Flask) -> Iterator[None]:
    """An installation with a mail server."""
    config = database.config["ALLOCAPP"]
    address = MailServer("127.0.0.1", 1, "none", "chitieu@example.vn", "", "")
    database.config["ALLOCAPP"] = dataclasses.replace(config, mail=address)
    yield
    database.config["ALLOCAPP"] = config


def test_without_a_mail_server_the_choices_say_so(visit: Visit) -> None:
    assert "chưa có máy chủ thư" in visit("a.preparer").open(CHOICES).text


def test_choices_are_kept_and_hold_for_what_comes(world: World, visit: Visit, mails: None) -> None:
    client = visit("a.preparer")
    page = client.open(CHOICES)
    assert "chưa có máy chủ thư" not in page.text
    fields = page.form(CHOICES).fields
    assert fields["email"] == "" and fields["plan_returned"] == "now" and fields["plan_withdrawn"] == "daily"
    client.send(CHOICES, {"email": " a@example.vn ", "plan_returned": "daily", "reminder": "never"})
    fields = client.open(CHOICES).form(CHOICES).fields
    assert (fields["email"], fields["plan_returned"], fields["reminder"]) == ("a@example.vn", "daily", "never")
    tell(world, "a.preparer", "one")
    assert notice_of(world, "a.preparer").mail is MailState.NONE
    client.send(CHOICES, {"plan_returned": "now", "reminder": "now"})
    tell(world, "a.preparer", "two")
    assert notice_of(world, "a.preparer").mail is MailState.WAITING


def test_the_journals_head_is_offered_to_those_who_read_the_journal(visit: Visit) -> None:
    assert "journal_head" not in visit("a.preparer").open(CHOICES).form(CHOICES).fields
    assert "journal_head" in visit("p.auditor").open(CHOICES).form(CHOICES).fields


def test_what_waited_is_not_mailed_once_it_is_not_wanted(world: World, visit: Visit) -> None:
    client = visit("a.preparer")
    client.open(CHOICES)
    client.send(CHOICES, {"email": "a@example.vn", "reminder": "daily"})
    tell(world, "a.preparer", "one")
    assert notice_of(world, "a.preparer").mail is MailState.FOR_DIGEST
    client.open(CHOICES)
    client.send(CHOICES, {"reminder": "never"})
    assert notice_of(world, "a.preparer").mail is MailState.NONE


@pytest.mark.parametrize(
    "email", ["a", "a@b", "a@b.vn, c@d.vn", "a@b.vn\r\nBcc: c@d.vn", "<a@b.vn>", "x" * 300 + "@b.vn"]
)
def test_what_is_no_address_is_told_at_its_field_and_shown_again(world: World, visit: Visit, email: str) -> None:
    client = visit("a.preparer")
    client.open(CHOICES)
    answer = client.send(CHOICES, {"email": email, "reminder": "never"}, expect=422)
    assert "Đây không phải địa chỉ thư điện tử" in answer.page.text
    assert answer.page.form(CHOICES).fields["reminder"] == "never"
    stored = db.session.get_one(Account, world.accounts["a.preparer"], populate_existing=True)
    assert stored.email == ""
    assert not db.session.scalars(db.select(NoticeChoice)).all()


def test_another_way_of_being_told_does_not_exist(world: World, visit: Visit) -> None:
    client = visit("a.preparer")
    client.open(CHOICES)
    client.send(CHOICES, {"reminder": "by fax"}, expect=422)
    client.act(CHOICES, {"email": "", "reminder": Mailing.NEVER.value}, expect=303)
    (stored,) = db.session.scalars(db.select(NoticeChoice)).all()
    assert (stored.kind, stored.mailing) == (NoticeKind.REMINDER, Mailing.NEVER)


def test_addresses_for_other_places_begin_with_the_public_one(database: Flask) -> None:
    config = database.config["ALLOCAPP"]
    for public in ("https://chitieu.example.vn", "https://example.vn/chi-tieu"):
        database.config["ALLOCAPP"] = dataclasses.replace(config, public_url=public)
        assert public_address("plan.show", plan_id=7) == f"{public}/plans/7"
    database.config["ALLOCAPP"] = config
