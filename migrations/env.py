"""Runs the migrations through the application's own engine, so that both see the same database in the same way."""

from __future__ import annotations

from alembic import context
from flask import current_app
from sqlalchemy import Column, DateTime

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


def run() -> None:
    """Upgrade in one transaction a migration, on a connection of its own."""
    extension = current_app.extensions["migrate"]
    with extension.db.engine.connect() as connection:
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
        writing.commit()


run()
