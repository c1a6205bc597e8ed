"""What must not be there in production: accounts whose passwords are shown, keys that anybody may sign with."""

from __future__ import annotations

from sqlalchemy import inspect, select
from sqlalchemy.exc import OperationalError

from allocapp.db import db
from allocapp.errors import ConfigurationError
from allocapp.models.account import Account
from allocapp.models.decision import SigningKey


def demo_traces() -> list[str]:
    """What of the demonstration is in the database: logins of its accounts, file names of its signing keys.

    Empty too where the tables do not exist yet. Raises OperationalError where the database does not answer.
    """
    tables = inspect(db.engine).get_table_names()
    traces: list[str] = []
    if Account.__tablename__ in tables:
        traces += db.session.scalars(select(Account.login).where(Account.demo).order_by(Account.login))
    if SigningKey.__tablename__ in tables:
        traces += db.session.scalars(select(SigningKey.filename).where(SigningKey.demo).order_by(SigningKey.filename))
    return traces


def refuse_demo(*, production: bool) -> None:
    """Keep production from starting on a database with demo accounts or demo keys; anything else may start.

    Raises ConfigurationError, also where the database cannot be asked: not knowing is no leave to start.
    """
    if not production:
        return
    try:
        traces = demo_traces()
    except OperationalError:
        raise ConfigurationError("DATABASE_URL", "names a database that does not answer") from None
    if traces:
        shown = ", ".join(traces[:3]) + (" …" if len(traces) > 3 else "")
        raise ConfigurationError(
            "DATABASE_URL", f"names a database with demo accounts or demo signing keys ({shown}), refused in production"
        )
