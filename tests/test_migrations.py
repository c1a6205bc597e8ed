"""The migrations on a database that is in use: rows that refer to each other stay, and the new columns are filled."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask_migrate import downgrade, upgrade
from sqlalchemy import inspect, text

from allocapp.db import db
from tests.conftest import BACKENDS, empty_postgres, make_app
from tests.factories import make_world


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_database_full_of_rows_goes_back_to_0002_and_up_again(
    backend: str, request: pytest.FixtureRequest, redis_url: str, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path / 'used.sqlite'}"
    if backend == "postgresql":
        url = empty_postgres(request.getfixturevalue("postgres_url"), "allocapp_used")
    app = make_app(url, redis_url, tmp_path)
    with app.app_context():
        world = make_world()
        world.issue_province()
        plan_id = world.approved("A")
        cells = db.session.execute(text("SELECT count(*) FROM plan_target")).scalar_one()
        db.session.remove()

        downgrade(revision="0002")
        assert "buffer_reason" not in {column["name"] for column in inspect(db.engine).get_columns("plan")}
        upgrade()

        assert world.plan(plan_id).buffer_reason == ""
        assert db.session.execute(text("SELECT count(*) FROM plan")).scalar_one() == 2
        assert db.session.execute(text("SELECT count(*) FROM plan_target")).scalar_one() == cells
        db.session.remove()
        db.engine.dispose()
