"""The session, the naming convention, one way to write: ``with transaction():``, and what runs after a commit.

A request reads in a plain (deferred) transaction. Whoever writes opens ``transaction()``, which on SQLite is a
``BEGIN IMMEDIATE``: the driver's default loses concurrent read-modify-writes without an error. What was read before is
read again inside, so that no decision rests on a stale row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Dialect, Engine, Enum, MetaData, TypeDecorator, event
from sqlalchemy.orm import DeclarativeBase, Session, registry

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
BUSY_TIMEOUT_MS = 10_000


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored in UTC and always with its zone in Python. A moment without a zone is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def stored_as(choices: type[StrEnum], name: str) -> Enum:
    """Column type for a StrEnum: its values as text under a CHECK, the same on both databases."""
    return Enum(
        choices,
        native_enum=False,
        create_constraint=True,
        name=name,
        length=32,
        values_callable=lambda members: [member.value for member in members],
    )


class Base(DeclarativeBase):
    """Every table's base: explicit constraint names, moments in UTC."""

    registry = registry(metadata=MetaData(naming_convention=NAMING), type_annotation_map={datetime: UtcDateTime})


db = SQLAlchemy(model_class=Base)

# Flask-SQLAlchemy builds the base at run time, where a type checker cannot follow it.
if TYPE_CHECKING:
    Model = Base
else:
    Model = db.Model


def init_database(app: Flask) -> None:
    """Bind the database to the app and prepare every SQLite connection it opens."""
    if app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        options: dict[str, object] = {"connect_args": {"timeout": BUSY_TIMEOUT_MS / 1000}}
    else:
        options = {"pool_pre_ping": True}
    # a failed statement is logged without its values: what people typed stays out of the log
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options | {"hide_parameters": True}
    db.init_app(app)
    with app.app_context():
        prepare_engine(db.engine)


def prepare_engine(engine: Engine) -> None:
    """On SQLite: WAL, foreign keys, and transactions begun by us, not by the driver."""
    if engine.dialect.name != "sqlite":
        return

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _: object) -> None:
        connection.isolation_level = None
        for pragma in (
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "foreign_keys=ON",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("allocapp_writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@contextmanager
def transaction() -> Iterator[Session]:
    """One unit of writing: commits at the end, leaves nothing behind on an error.

    Services are called inside it and never commit. Transactions do not nest.
    """
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("transaction() does not nest")
    session.rollback()  # ends the reading transaction: its rows are read again under this one
    session.info["writing"] = True
    session.info["after_commit"] = []
    try:
        session.connection(execution_options={"allocapp_writes": True})
        yield session
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info["writing"] = False
        hooks: list[Callable[[], None]] = session.info.pop("after_commit")
    for hook in hooks:
        hook()


def after_commit(hook: Callable[[], None]) -> None:
    """Run ``hook`` once the current transaction has been committed; never if it is rolled back."""
    db.session().info["after_commit"].append(hook)
