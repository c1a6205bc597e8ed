"""The database before the application runs: reachable, not from the future, and migrated by one host at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from flask import current_app
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

CONNECT_TIMEOUT = 5  # seconds
MIGRATION_LOCK = 0x616C6C6F63  # any number, the same on every host


class UnreachableDatabase(Exception):
    """Nothing that can be used answers there. ``address`` is without the password."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(address, reason)
        self.address = address
        self.reason = reason


class NewerDatabase(Exception):
    """The database has a revision that this program's migrations do not know."""

    def __init__(self, revision: str) -> None:
        super().__init__(revision)
        self.revision = revision


def check_database(url: URL) -> None:
    """Raises UnreachableDatabase or NewerDatabase where the application could not work with the database at ``url``.

    Needs the app's context, for its migrations.
    """
    options = {"connect_timeout": CONNECT_TIMEOUT} if url.get_backend_name() == "postgresql" else {}
    engine = create_engine(url, connect_args=options)
    try:
        with engine.connect() as connection:
            revisions = MigrationContext.configure(connection).get_current_heads()
    except SQLAlchemyError as error:
        raise UnreachableDatabase(_address(url), _reason(error)) from error
    finally:
        engine.dispose()
    scripts = ScriptDirectory.from_config(current_app.extensions["migrate"].migrate.get_config())
    for revision in revisions:
        try:
            scripts.get_revision(revision)
        except (CommandError, RevisionError):
            raise NewerDatabase(revision) from None


@contextmanager
def migrating(engine: Engine) -> Iterator[None]:
    """Only one host at a time: the next one waits and then finds the work done.

    PostgreSQL only; a SQLite database belongs to one instance folder, which one run holds.
    """
    if engine.dialect.name != "postgresql":
        yield
        return
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
        try:
            yield
        finally:
            connection.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": MIGRATION_LOCK})


def _address(url: URL) -> str:
    return url.render_as_string(hide_password=True)


def _reason(error: SQLAlchemyError) -> str:
    """The driver's own first line, without SQLAlchemy's wrapping."""
    cause = error.orig if isinstance(error, DBAPIError) and error.orig else error
    lines = [line.strip() for line in str(cause).splitlines() if line.strip()]
    return lines[0] if lines else type(cause).__name__
