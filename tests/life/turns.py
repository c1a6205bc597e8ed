"""Two requests whose statements run one at a time, in an order that the test chooses.

Each request runs in a thread on a connection of its own, and waits before every statement and before its commit until
it is let go on. One that waits for a lock in the database counts as blocked until the other has ended.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from threading import Condition, Thread, local
from time import monotonic
from typing import Any

from flask import Flask
from sqlalchemy import Connection, create_engine, event, text

from allocapp.db import db
from allocapp.errors import AllocappError

PATIENCE = 20.0
_LOOK_EVERY = 0.002
_of_thread = local()


class Place(StrEnum):
    """Where a request is."""

    WAITING = "waiting"  # before its next statement, for its turn
    RUNNING = "running"  # in a statement, or between two
    BLOCKED = "blocked"  # in a statement that waits for the other's lock
    ENDED = "ended"


class Request:
    """One request in a thread of its own."""

    def __init__(self, app: Flask, perform: Callable[[], object]) -> None:
        self.place, self.outcome = Place.RUNNING, ""
        self.statement = ""
        self.statements: list[str] = []
        self.backend, self.writing = 0, False
        self._changed, self._may_go = Condition(), False
        self._thread = Thread(target=self._run, args=(app, perform), daemon=True)

    def _run(self, app: Flask, perform: Callable[[], object]) -> None:
        _of_thread.request = self
        with app.app_context():
            try:
                perform()
                self.outcome = "done"
            except AllocappError as refusal:
                self.outcome = type(refusal).__name__
            except Exception as failure:  # noqa: BLE001 - shown as an outcome that no order of two requests has
                self.outcome = f"FAILED {failure!r}"
            finally:
                db.session.remove()
        with self._changed:
            self.place, self.writing = Place.ENDED, False
            self._changed.notify_all()

    def pause(self, connection: Connection, statement: str) -> None:
        """Called in the request's thread before each statement: waits for its turn."""
        # on SQLite: from the beginning of a transaction that writes to its end
        self.writing = (self.writing or self.statement == "BEGIN IMMEDIATE") and self.statement != "COMMIT"
        self.statement = statement
        if connection.dialect.name == "postgresql":
            driver: Any = connection.connection.dbapi_connection
            self.backend = driver.info.backend_pid
        with self._changed:
            self.place = Place.WAITING
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._may_go, PATIENCE), "nobody lets the request go on"
            self._may_go = False
            self.place = Place.RUNNING

    def start(self, blocked: Callable[[Request], bool]) -> None:
        """Run up to the first statement."""
        self._thread.start()
        self.settle(blocked)

    def step(self, blocked: Callable[[Request], bool]) -> None:
        """Run the statement it waits before, and up to the next one."""
        with self._changed:
            assert self.place is Place.WAITING, self.place
            self._may_go, self.place = True, Place.RUNNING
            self.statements.append(self.statement)
            self._changed.notify_all()
        self.settle(blocked)

    def settle(self, blocked: Callable[[Request], bool]) -> None:
        """Wait until it waits for its turn, is blocked, or has ended."""
        patience = monotonic() + PATIENCE
        with self._changed:
            if self.place is Place.BLOCKED:
                self.place = Place.RUNNING
            while self.place is Place.RUNNING:
                if not self._changed.wait(_LOOK_EVERY) and blocked(self):
                    self.place = Place.BLOCKED
                assert monotonic() < patience, f"stuck in {self.statement}"

    def finish(self, blocked: Callable[[Request], bool]) -> None:
        """Run to its end, or to where it is blocked."""
        self.settle(blocked)
        while self.place is Place.WAITING:
            self.step(blocked)

    def join(self) -> None:
        """The thread has ended."""
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


class Turns:
    """Runs two requests in chosen orders of their statements."""

    def __init__(self, app: Flask) -> None:
        self._app = app
        self._watching = create_engine(db.engine.url, isolation_level="AUTOCOMMIT")
        self._is_postgres = db.engine.dialect.name == "postgresql"
        self._look = self._watching.connect() if self._is_postgres else None
        self.pair: tuple[Request, ...] = ()
        self.ran: list[str] = []
        self.was_blocked = False

    def close(self) -> None:
        """Give up what was opened to look at the locks."""
        if self._look is not None:
            self._look.close()
        self._watching.dispose()

    def blocked(self, request: Request) -> bool:
        """Whether it waits for a lock that the other holds."""
        if self._look is not None:
            pid = {"pid": request.backend}
            return bool(self._look.scalar(text("SELECT cardinality(pg_blocking_pids(:pid)) > 0"), pid))
        # on SQLite whoever writes has begun so, and anybody else who would write waits for the end of it
        others = (other for other in self.pair if other is not request)
        return request.statement == "BEGIN IMMEDIATE" and any(other.writing for other in others)

    def moments(self, length: int) -> Iterator[int]:
        """After how many of ``length`` statements of the one the other comes, told while pairs are run.

        After every one, until the other was blocked: from there on only after those that lock or write, because nothing
        else changes what the other meets. On SQLite at three moments: begun, in the middle, before the commit.
        """
        if not self._is_postgres:
            yield from sorted({1, length // 2, length - 1})
            return
        for statements in range(length + 1):
            if statements and self.was_blocked and _only_reads(self.ran[statements - 1]):
                continue
            yield statements

    def length(self, request: Callable[[], None]) -> int:
        """How many statements it has, alone."""
        self.run((request, lambda: None), None)
        self.was_blocked = False
        return len(self.ran)

    def run(self, forms: tuple[Callable[[], None], Callable[[], None]], statements: int | None) -> tuple[str, str]:
        """The first runs so many statements (None: all), then the second to its end or its block, then the rest.

        Gives what each of them got.
        """
        first, second = forms
        ahead, behind = self.pair = Request(self._app, first), Request(self._app, second)
        ahead.start(self.blocked)
        while ahead.place is Place.WAITING and (statements is None or len(ahead.statements) < statements):
            ahead.step(self.blocked)
        behind.start(self.blocked)
        behind.finish(self.blocked)
        self.was_blocked = self.was_blocked or behind.place is Place.BLOCKED
        patience = monotonic() + PATIENCE
        while any(request.place is not Place.ENDED for request in self.pair):
            behind.finish(self.blocked)
            ahead.finish(self.blocked)
            assert monotonic() < patience, "each waits for the other"
        for request in self.pair:
            request.join()
        self.ran = ahead.statements
        return ahead.outcome, behind.outcome


def _only_reads(statement: str) -> bool:
    return statement.startswith("SELECT") and " FOR " not in statement


@contextmanager
def statement_by_statement(app: Flask) -> Iterator[Turns]:
    """While it lasts, requests that were started as such wait before each statement and each commit."""
    engine = db.engine

    def before_statement(connection: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        if (request := getattr(_of_thread, "request", None)) is not None:
            request.pause(connection, statement)

    def before_commit(connection: Connection) -> None:
        if (request := getattr(_of_thread, "request", None)) is not None:
            request.pause(connection, "COMMIT")

    event.listen(engine, "before_cursor_execute", before_statement)
    event.listen(engine, "commit", before_commit)
    turns = Turns(app)
    try:
        yield turns
    finally:
        event.remove(engine, "before_cursor_execute", before_statement)
        event.remove(engine, "commit", before_commit)
        turns.close()
