"""A database as it stands, kept in memory and put back: one prepared world serves many runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, delete, insert, select

from allocapp.db import db

Row = dict[str, Any]
Rows = dict[tuple[Any, ...], Row]


class Stored:
    """Every row of every table, taken once."""

    def __init__(self) -> None:
        db.session.remove()
        self._tables = db.metadata.sorted_tables
        with db.engine.connect() as connection:
            self._rows = {table: _read(connection, table) for table in self._tables}

    def put_back(self) -> None:
        """The same rows and no others. Ids go on from where they were.

        Only what differs is written: rows come and go, and a table with a changed row is written anew, with all that
        refers to it.
        """
        db.session.remove()
        with db.engine.connect().execution_options(allocapp_writes=True) as connection:
            now = {table: _read(connection, table) for table in self._tables}
            anew: set[Table] = set()
            for table in self._tables:
                stored = self._rows[table]
                changed = any(stored.get(key, row) != row for key, row in now[table].items())
                if changed or any(key.column.table in anew for key in table.foreign_keys):
                    anew.add(table)
            for table in reversed(self._tables):
                gone = [_named(table, key) for key in reversed(now[table]) if key not in self._rows[table]]
                if table in anew:
                    connection.execute(delete(table))
                elif gone:
                    connection.execute(delete(table).where(_key(table)), gone)
            for table in self._tables:
                missing = [row for key, row in self._rows[table].items() if table in anew or key not in now[table]]
                if missing:
                    connection.execute(insert(table), missing)
            connection.commit()


def _read(connection: Connection, table: Table) -> Rows:
    # in the order of their ids: a row that points at one of its own table comes after it
    found = connection.execute(select(table).order_by(*table.primary_key)).mappings()
    names = [column.name for column in table.primary_key]
    return {tuple(row[name] for name in names): dict(row) for row in found}


def _key(table: Table) -> Any:
    return and_(*(column == bindparam(f"key_{column.name}") for column in table.primary_key))


def _named(table: Table, key: tuple[Any, ...]) -> Mapping[str, Any]:
    return {f"key_{column.name}": value for column, value in zip(table.primary_key, key, strict=True)}
