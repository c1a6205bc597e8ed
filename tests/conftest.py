"""One application on each database, real servers, and a small world with an owner, a superior and a stranger.

Every test commits for real and its rows are deleted afterwards: ``transaction()`` begins by ending the reading
transaction (BEGIN IMMEDIATE on SQLite), which a savepoint around the test would quietly turn into something else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import create_engine, text

from allocapp import create_app
from allocapp.config import load_config
from allocapp.db import db
from tests.factories import World, make_world
from tests.servers import postgres, valkey

BACKENDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL for the whole run."""
    with postgres() as url:
        yield url


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real Valkey for the whole run."""
    with valkey() as url:
        yield url


@pytest.fixture(scope="session", params=BACKENDS)
def app(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Flask]:
    """The application on a migrated, empty database of each kind."""
    instance = tmp_path_factory.mktemp(f"instance-{request.param}")
    if request.param == "sqlite":
        url = f"sqlite:///{instance / 'test.sqlite'}"
    else:
        url = empty_postgres(request.getfixturevalue("postgres_url"), "allocapp_test")
    app = make_app(url, redis_url, instance)
    yield app
    with app.app_context():
        db.engine.dispose()


def make_app(database_url: str, redis_url: str, instance: Path) -> Flask:
    """The application with its settings given as a technician would give them, on a migrated database."""
    app = create_app(
        load_config(
            {
                "DATABASE_URL": database_url,
                "REDIS_URL": redis_url,
                "ALLOCAPP_INSTANCE": str(instance),
                "SECRET_KEY": "only for tests, never elsewhere",
            }
        )
    )
    with app.app_context():
        upgrade()
    return app


def empty_postgres(server_url: str, name: str) -> str:
    """A new, empty database on the server; its address."""
    engine = create_engine(server_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}"'))
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return server_url.replace("/postgres?", f"/{name}?")


@pytest.fixture
def database(app: Flask) -> Iterator[Flask]:
    """The application inside its context, on a database that is empty before and after the test."""
    with app.app_context():
        try:
            yield app
        finally:
            db.session.remove()
            empty_tables()


def empty_tables() -> None:
    """Delete every row, dependants first."""
    with db.engine.connect().execution_options(allocapp_writes=True) as connection:
        # the tree of units points at itself: its rows go in one statement, checked at its end
        for table in reversed(db.metadata.sorted_tables):
            connection.execute(table.delete())
        connection.commit()


@pytest.fixture
def world(database: Flask) -> World:
    """A province with departments and two districts, a campaign with two indicators, and its people."""
    return make_world()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests of one database together, so that each application is made once."""
    if os.environ.get("PYTEST_XDIST_WORKER"):
        return
    items.sort(key=lambda item: "postgresql" in item.name)
