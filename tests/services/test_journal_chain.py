"""The journal's chain: linked once and in order, and whatever is done to it past the application is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, text

from allocapp.clock import local_day
from allocapp.db import db, transaction
from allocapp.jobs import journal as jobs
from allocapp.models.event import EventLink, JournalHead, Subject
from allocapp.models.notice import Notice, NoticeKind
from allocapp.rules.journal import Fault
from allocapp.services.journal import record_event
from allocapp.services.journal_chain import Head, chain_events, head_line, read_heads, verify_chain, write_head
from tests.factories import NOW, World
from tests.services.test_concurrency import race

NUMBER = 9


def add_event(world: World, number: int = 0) -> int:
    with transaction() as session:
        event = record_event(
            Subject.UNIT, number, "set_steps", actor=world.account("p.leader"), now=NOW + timedelta(seconds=number),
            unit_id=world.units["A"], reason=f"lý do {number}",
        )  # fmt: skip
        session.flush()  # its id is given back
        return event.id


def chain(limit: int = 1000, now: datetime = NOW) -> int:
    with transaction():
        return chain_events(now=now, limit=limit)


def sql(statement: str, **values: object) -> None:
    """What somebody does who can write to the database, past the application."""
    with transaction() as session:
        session.execute(text(statement), values)


@pytest.fixture
def events(world: World) -> list[int]:
    """Nine events, chained; their ids."""
    ids = [add_event(world, number) for number in range(NUMBER)]
    assert chain() == NUMBER
    return ids


@pytest.fixture
def heads(database: Flask) -> Iterator[Path]:
    """The file of heads of this installation; gone afterwards."""
    path: Path = database.config["ALLOCAPP"].journal_heads
    path.unlink(missing_ok=True)
    yield path
    path.unlink(missing_ok=True)


def test_an_empty_journal_is_whole(world: World) -> None:
    found = verify_chain()
    assert (found.verified, found.waiting, found.broken) == (0, 0, None)


def test_what_is_chained_verifies_and_what_waits_is_counted(world: World, events: list[int]) -> None:
    add_event(world, NUMBER)
    found = verify_chain()
    assert (found.verified, found.waiting, found.broken) == (NUMBER, 1, None)
    assert chain() == 1
    assert chain() == 0
    assert verify_chain().verified == NUMBER + 1


def test_linking_goes_on_where_the_last_run_stopped(world: World) -> None:
    ids = [add_event(world, number) for number in range(5)]
    assert [chain(limit=2) for _ in range(4)] == [2, 2, 1, 0]
    links = db.session.execute(select(EventLink.position, EventLink.event_id).order_by(EventLink.position)).all()
    assert [tuple(link) for link in links] == list(enumerate(ids, start=1))
    assert verify_chain().broken is None


def test_two_jobs_at_once_link_each_event_once(world: World, database: Flask) -> None:
    for number in range(NUMBER):
        add_event(world, number)
    assert race(database, *[jobs.chain_events] * 4) == {"done": 4}
    assert (verify_chain().verified, verify_chain().broken) == (NUMBER, None)


def test_linking_and_writing_at_once_lose_nothing(world: World, database: Flask) -> None:
    acts: list[Callable[[], object]] = [lambda: add_event(world), jobs.chain_events] * 6
    assert race(database, *acts) == {"done": 12}
    jobs.chain_events()
    assert (verify_chain().verified, verify_chain().waiting, verify_chain().broken) == (6, 0, None)


def test_an_event_still_being_written_is_waited_for(world: World, database: Flask) -> None:
    """On PostgreSQL ids are given before the commit: the smaller one may be committed after the larger."""
    if db.engine.dialect.name != "postgresql":
        assert db.engine.dialect.name == "sqlite"  # one writer at a time: the question does not arise
        return
    slow = db.engine.connect()
    slow.execute(
        text("INSERT INTO event (at, subject, action, from_state, to_state, reason, address, capacity)"
             " VALUES (now(), 'unit', 'slow', '', '', '', '', '')")
    )  # fmt: skip
    add_event(world)
    with pytest.raises(Exception, match="lock timeout"):
        chain_with_little_patience()
    slow.commit()
    slow.close()
    assert chain() == 2
    assert verify_chain().broken is None


def chain_with_little_patience() -> None:
    with transaction() as session:
        session.execute(text("SET LOCAL lock_timeout = '200ms'"))
        session.execute(text("LOCK TABLE event IN SHARE ROW EXCLUSIVE MODE"))


# what is done to the fifth of nine events, or to its link, and where it shows
TAMPERED: dict[str, tuple[str, Fault, int]] = {
    "the reason": ("UPDATE event SET reason = 'khác' WHERE id = :id", Fault.CHANGED, 5),
    "a blank": ("UPDATE event SET reason = reason || ' ' WHERE id = :id", Fault.CHANGED, 5),
    "who": ("UPDATE event SET account_id = NULL WHERE id = :id", Fault.CHANGED, 5),
    "when": ("UPDATE event SET at = '2020-01-01 00:00:00.000000' WHERE id = :id", Fault.CHANGED, 5),
    "what": ("UPDATE event SET action = 'approve' WHERE id = :id", Fault.CHANGED, 5),
    "of what": ("UPDATE event SET subject_id = 1000 WHERE id = :id", Fault.CHANGED, 5),
    "of which kind": ("UPDATE event SET subject = 'plan' WHERE id = :id", Fault.CHANGED, 5),
    "in which unit": ("UPDATE event SET unit_id = NULL WHERE id = :id", Fault.CHANGED, 5),
    "from which state": ("UPDATE event SET from_state = 'draft' WHERE id = :id", Fault.CHANGED, 5),
    "to which state": ("UPDATE event SET to_state = 'issued' WHERE id = :id", Fault.CHANGED, 5),
    "from where": ("UPDATE event SET address = '::1' WHERE id = :id", Fault.CHANGED, 5),
    "in whose place": ("UPDATE event SET capacity = 'KT.' WHERE id = :id", Fault.CHANGED, 5),
    "the event gone": ("DELETE FROM event WHERE id = :id", Fault.DELETED, 5),
    "the event elsewhere": ("UPDATE event SET id = id + 1000000 WHERE id = :id", Fault.DELETED, 5),
    "the link gone": ("DELETE FROM event_link WHERE event_id = :id", Fault.UNLINKED, 5),
    "the link's hash": ("UPDATE event_link SET hash = reverse_hash WHERE event_id = :id", Fault.CHANGED, 5),
    "the first link gone": ("DELETE FROM event_link WHERE position = 1", Fault.UNLINKED, 1),
    "the first event gone": ("DELETE FROM event WHERE id = (SELECT min(id) FROM event)", Fault.DELETED, 1),
    "the last event": ("UPDATE event SET reason = '' WHERE id = (SELECT max(id) FROM event)", Fault.CHANGED, 9),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_an_edit_or_a_deletion_is_named_where_it_was_done(events: list[int], what: str) -> None:
    statement, fault, position = TAMPERED[what]
    values: dict[str, object] = {"id": events[4]} if ":id" in statement else {}
    sql(statement.replace("reverse_hash", f"'{'f' * 64}'"), **values)
    found = verify_chain()
    assert found.broken is not None
    assert (found.broken.fault, found.broken.position, found.verified) == (fault, position, position - 1)
    chain()  # the next run of the job mends nothing
    assert verify_chain().broken == found.broken


def test_the_first_of_two_edits_is_named(events: list[int]) -> None:
    sql("UPDATE event SET reason = 'khác' WHERE id IN (:one, :other)", one=events[7], other=events[2])
    broken = verify_chain().broken
    assert broken is not None
    assert (broken.position, broken.event_id) == (3, events[2])


INSERT = (
    "INSERT INTO event (id, at, subject, action, from_state, to_state, reason, address, capacity)"
    " VALUES (:id, '2026-03-02 03:00:04.000000', 'unit', 'set_steps', '', '', '', '', '')"
)


def test_an_event_put_in_between(events: list[int]) -> None:
    """Into a gap that was made for it: ids and links of all that follow are moved on by one."""
    for table, column in (("event", "id"), ("event_link", "event_id"), ("event_link", "position")):
        start = events[4] if column != "position" else 5
        # one by one from the end, because every number is unique
        highest = (events[-1] if column != "position" else NUMBER) + 1
        for number in range(highest - 1, start - 1, -1):
            sql(f"UPDATE {table} SET {column} = {number + 1} WHERE {column} = {number}")
    sql(INSERT, id=events[4])
    assert verify_chain().broken is not None
    sql(
        "INSERT INTO event_link (position, event_id, hash, chained_at) VALUES (5, :id, :hash, '2026-03-02 03:00:04')",
        id=events[4], hash="a" * 64,
    )  # fmt: skip
    broken = verify_chain().broken
    assert broken is not None
    assert (broken.fault, broken.position, broken.event_id) == (Fault.CHANGED, 5, events[4])


def test_an_event_put_before_the_first_is_never_chained(events: list[int]) -> None:
    sql(INSERT, id=0)
    for _ in range(2):
        broken = verify_chain().broken
        assert broken is not None
        assert (broken.fault, broken.position, broken.event_id) == (Fault.INSERTED, 1, 0)
        assert chain() == 0


def test_an_event_put_into_a_gap_is_never_chained(world: World, events: list[int]) -> None:
    """A rolled back transaction leaves a gap in PostgreSQL's ids; made by hand here."""
    sql("UPDATE event SET id = id + 100 WHERE id = :id", id=add_event(world, NUMBER))
    assert chain() == 1
    sql(INSERT, id=events[-1] + 50)
    found = verify_chain()
    assert found.broken is not None
    assert (found.broken.fault, found.broken.position) == (Fault.INSERTED, NUMBER + 1)
    assert (found.verified, chain()) == (NUMBER, 0)


def test_two_events_that_changed_places(events: list[int]) -> None:
    for number, other in ((events[3], 1000), (events[4], events[3]), (1000, events[4])):
        sql("UPDATE event SET id = :other WHERE id = :number", number=number, other=other)
    broken = verify_chain().broken
    assert broken is not None
    assert (broken.fault, broken.position) == (Fault.CHANGED, 4)


def test_two_links_that_changed_places(events: list[int]) -> None:
    for number, other in ((4, 1000), (5, 4), (1000, 5)):
        sql("UPDATE event_link SET position = :other WHERE position = :number", number=number, other=other)
    broken = verify_chain().broken
    assert broken is not None
    assert (broken.position, broken.event_id) == (4, events[4])
    assert broken.fault is Fault.CHANGED


def test_a_value_that_no_event_can_hold_is_named(events: list[int]) -> None:
    never = "infinity" if db.engine.dialect.name == "postgresql" else "hôm qua"
    sql("UPDATE event SET at = :never WHERE id = :id", never=never, id=events[4])
    broken = verify_chain().broken
    assert broken is not None
    assert (broken.fault, broken.position) == (Fault.CHANGED, 5)


# -- the end of the chain ---------------------------------------------------------------------------------------------


def cut(events: list[int]) -> None:
    """The last three events gone with their links: what is left is a whole chain."""
    sql("DELETE FROM event_link WHERE event_id >= :id", id=events[6])
    sql("DELETE FROM event WHERE id >= :id", id=events[6])


def test_a_tail_cut_off_shows_by_a_head_noted_outside(events: list[int]) -> None:
    head = verify_chain().head
    cut(events)
    assert verify_chain().broken is None, "nothing inside can tell"
    for noted in (Head(head), Head(head, NUMBER)):
        broken = verify_chain([noted]).broken
        assert broken is not None
        assert broken.fault is Fault.CUT
    early = verify_chain().head
    assert verify_chain([Head(early), Head(early, 6)]).broken is None
    assert verify_chain([Head(early, 5)]).broken is not None


def test_a_tail_cut_off_shows_by_the_head_in_the_database(events: list[int]) -> None:
    with transaction():
        write_head(now=NOW)
    cut(events)
    broken = verify_chain().broken
    assert broken is not None
    assert (broken.fault, broken.position) == (Fault.CUT, NUMBER)


def test_a_chain_made_anew_shows(events: list[int]) -> None:
    head = verify_chain().head
    sql("UPDATE event SET reason = 'khác' WHERE id = :id", id=events[4])
    sql("DELETE FROM event_link")
    chain()
    assert verify_chain().broken is None
    assert verify_chain([Head(head, NUMBER)]).broken is not None


def test_the_head_is_noted_once_a_day_and_auditors_are_told(world: World, events: list[int]) -> None:
    def note(now: datetime) -> tuple[int, str]:
        with transaction():
            head = write_head(now=now)
            assert head is not None
            return head.position, head.hash

    first = note(NOW)
    add_event(world, NUMBER)
    chain()
    assert note(NOW + timedelta(hours=2)) == first
    assert note(NOW + timedelta(days=1)) == (NUMBER + 1, verify_chain().head)
    told = db.session.scalars(select(Notice).where(Notice.kind == NoticeKind.JOURNAL_HEAD).order_by(Notice.id)).all()
    assert [(notice.account_id, notice.words["hash"]) for notice in told] == [
        (world.accounts["p.auditor"], first[1]),
        (world.accounts["p.auditor"], verify_chain().head),
    ]


def test_there_is_no_head_before_there_is_a_chain(world: World) -> None:
    add_event(world)
    with transaction():
        assert write_head(now=NOW) is None
    assert db.session.scalar(select(func.count()).select_from(JournalHead)) == 0


def test_the_job_keeps_the_head_outside_once(world: World, database: Flask, heads: Path) -> None:
    add_event(world)
    assert race(database, *[jobs.write_head] * 3) == {"done": 3}
    head = db.session.scalars(select(JournalHead)).one()
    assert heads.read_text() == head_line(head) + "\n"
    assert head.day == local_day(datetime.now(UTC))
    assert heads.stat().st_mode & 0o077 == 0
    jobs.write_head()
    assert heads.read_text().count("\n") == 1
    heads.unlink()  # the folder was away: the next run makes up for it
    jobs.write_head()
    assert read_heads(heads.read_text().splitlines()) == [Head(head.hash, head.position)]


def test_heads_are_read_from_a_file_a_mail_or_by_themselves() -> None:
    one, other = "0123456789abcdef" * 4, "f" * 64
    text_of_mail = f"Đầu chuỗi nhật ký\r\n2026-03-02 12 {one}\n\n> {other.upper()}"
    assert read_heads(text_of_mail.splitlines()) == [Head(one, 12), Head(other)]
    assert read_heads(["", "abc", "g" * 64]) == []


# -- the command ------------------------------------------------------------------------------------------------------


def run(database: Flask, *arguments: str) -> Result:
    db.session.remove()
    return database.test_cli_runner().invoke(args=["journal", "verify", "--language", "en", *arguments])


def test_the_command_says_what_holds_and_what_does_not(
    world: World, database: Flask, events: list[int], heads: Path, tmp_path: Path
) -> None:
    add_event(world)
    good = run(database)
    assert good.exit_code == 0, good.output
    assert "9 events verified, 1 not chained yet" in good.output
    head = verify_chain().head
    kept = tmp_path / "heads.txt"
    kept.write_text(f"2026-03-02 9 {head}\n")
    assert [run(database, "--head", given).exit_code for given in (head, str(kept))] == [0, 0]
    cut(events)
    assert run(database).exit_code == 0
    for given in (head, str(kept)):
        lost = run(database, "--head", given)
        assert lost.exit_code == 1
        assert "BROKEN" in lost.output
    assert run(database, "--head", "nonsense").exit_code == 2
    sql("UPDATE event SET reason = '' WHERE id = :id", id=events[1])
    bad = run(database)
    assert (bad.exit_code, f"BROKEN at link 2, event {events[1]}" in bad.output) == (1, True)


def test_the_command_looks_into_the_file_of_heads_by_itself(
    database: Flask, world: World, events: list[int], heads: Path
) -> None:
    jobs.write_head()
    sql("DELETE FROM journal_head")
    assert run(database).exit_code == 0
    cut(events)
    assert run(database).exit_code == 1
