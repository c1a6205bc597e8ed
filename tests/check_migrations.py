"""make check: the migrations, run from an empty database, give exactly the tables that the models describe.

On SQLite and on PostgreSQL. Alembic compares tables, columns and indexes; it does not see CHECK constraints, so what
both roads make is also read back and compared piece by piece.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from flask_migrate import check, upgrade
from sqlalchemy import Connection, TextClause, create_engine, inspect, text

from allocapp import create_app
from allocapp.config import load_config
from allocapp.db import db
from tests.servers import postgres

Pieces = frozenset[str]


def main() -> int:
    """Compare on both databases; 1 where anything differs."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        server = stack.enter_context(postgres())
        failed = differs("SQLite", f"sqlite:///{folder}/migrated.sqlite", f"sqlite:///{folder}/models.sqlite", folder)
        with create_engine(server, isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("CREATE DATABASE models"))
        failed |= differs("PostgreSQL", server, server.replace("/postgres?", "/models?"), folder)
    return int(failed)


def differs(name: str, migrated: str, from_models: str, folder: Path) -> bool:
    """Whether the two roads lead to different tables; says where."""
    app = create_app(load_config({"DATABASE_URL": migrated, "ALLOCAPP_INSTANCE": str(folder)}))
    with app.app_context():
        upgrade()
        check()  # says what it found and ends with status 1
        with db.engine.connect() as connection:
            by_migrations = pieces(connection)
    engine = create_engine(from_models)
    with engine.begin() as connection:
        db.metadata.create_all(connection)
        by_models = pieces(connection)
    for piece in sorted(by_models - by_migrations):
        print(f"{name}: in the models, not in the migrations: {piece}")
    for piece in sorted(by_migrations - by_models):
        print(f"{name}: in the migrations, not in the models: {piece}")
    if by_models == by_migrations:
        print(f"{name}: migrations equal models ({len(by_models)} pieces compared)")
    return by_models != by_migrations


def pieces(connection: Connection) -> Pieces:
    """Every column and constraint as one line of text."""
    found = inspect(connection)
    lines = set()
    for table in found.get_table_names():
        if table == "alembic_version":
            continue
        for column in found.get_columns(table):
            described = (column["name"], str(column["type"]), column["nullable"], column["default"])
            lines.add(f"{table} column {described}")
        lines.add(f"{table} primary key {found.get_pk_constraint(table)}")
        for kind, parts in (
            ("check", found.get_check_constraints(table)),
            ("unique", found.get_unique_constraints(table)),
            ("foreign key", found.get_foreign_keys(table)),
            ("index", found.get_indexes(table)),
        ):
            lines.update(f"{table} {kind} {_readable(part)}" for part in parts)
    return frozenset(lines)


def _readable(part: object) -> object:
    """The same with SQL expressions as their text, so that equal ones compare equal."""
    if isinstance(part, Mapping):
        return {name: _readable(value) for name, value in part.items()}
    return str(part) if isinstance(part, TextClause) else part


if __name__ == "__main__":
    sys.exit(main())
