"""Runs the migrations through the application's own engine, so that both see the same database in the same way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic import context
from flask import current_app
from sqlalchemy import Column, Connection, DateTime
from sqlalchemy.exc import IntegrityError

from allocapp.db import UtcDateTime


def render_own_type(kind: str, type_: object, autogen_context: object) -> str | bool:
    """Write our own types as the plain ones they store: a migration must not change when the application does."""
    if kind == "type" and isinstance(type_, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def compare_type(
    _context: object, _inspected: Column[object], _declared: Column[object], found: object, wanted: object
) -> bool | None:
    """A moment is stored as a plain date and time with zone, which is what reflection finds."""
    if isinstance(wanted, UtcDateTime):
        return not isinstance(found, DateTime)
    return None


@contextmanager
def _tables_may_be_made_anew(connection: Connection) -> Iterator[None]:
    """On SQLite a constraint changes by making its table anew, which foreign keys to its rows would forbid.

    They are off while migrating, as SQLite's own procedure for it asks; every reference is checked before the commit.
    Outside a transaction only: within one SQLite does not change the setting.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver = connection.connection.driver_connection
    assert driver is not None, "a connection in use has its driver's connection"
    driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        driver.execute("PRAGMA foreign_keys=ON")


def _check_references(connection: Connection) -> None:
    """Raise IntegrityError where a row refers to one that is not there."""
    if connection.dialect.name == "sqlite":
        dangling = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if dangling:
            raise IntegrityError("PRAGMA foreign_key_check", None, Exception(f"rows refer to nothing: {dangling[:5]}"))


def run() -> None:
    """Upgrade in one transaction a migration, on a connection of its own."""
    extension = current_app.extensions["migrate"]
    with extension.db.engine.connect() as connection, _tables_may_be_made_anew(connection):
        # on SQLite this begins BEGIN IMMEDIATE, so that two processes do not migrate at once
        writing = connection.execution_options(allocapp_writes=True)
        context.configure(
            connection=writing,
            target_metadata=extension.db.metadata,
            render_item=render_own_type,
            **(extension.configure_args | {"compare_type": compare_type}),
        )
        with context.begin_transaction():
            context.run_migrations()
            _check_references(writing)
        writing.commit()


run()
