"""The installation that the browser tests visit, and ways to bring a district's plan to where a test begins.

What a test is about it does in the browser; what only has to be there before, it asks the services for.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TypeVar

from flask import Flask
from flask_babel import force_locale, gettext
from sqlalchemy import select

from allocapp import create_app
from allocapp.cli.demo_stages import closed_gaps
from allocapp.cli.serve import with_reachable_socket
from allocapp.clock import now
from allocapp.config import ROOT, load_config
from allocapp.db import db, transaction
from allocapp.models.account import Account, Grant, Role, SignIn
from allocapp.models.campaign import Campaign
from allocapp.models.decision import Decision
from allocapp.models.job import JobState
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.percent import format_points
from allocapp.services.account import hash_password
from allocapp.services.decision import render_job
from allocapp.services.plan import open_plan, save_targets, submit_plan
from allocapp.services.review import approve_plan
from allocapp.services.sheet import Key, Sheet, read_sheet
from tests.servers import wait_until
from tests.test_serve import Installation

# what somebody who is added to the demonstration signs in with
PASSWORD = "phương án giao chỉ tiêu 2022"
DISTRICT_ROLES = {"chuyenvien": Role.PREPARER, "lanhdao": Role.LEADER, "vanthu": Role.CLERK}

T = TypeVar("T")


@dataclass(frozen=True)
class Plant:
    """A plan and its decision by id, as addresses name them; ``decision`` is 0 where none is prepared."""

    plan: int
    decision: int = 0


class Site(Installation):
    """An installation with the demonstration loaded."""

    def __init__(self, instance: Path) -> None:
        super().__init__(instance, DEMO="1")

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def told(self) -> Mapping[str, str]:
        """The passwords of the demonstration's accounts, by login."""
        return {entry["login"]: entry["password"] for entry in self._demo["accounts"]}

    @property
    def passphrase(self) -> str:
        """What opens the demonstration's signing keys."""
        return str(self._demo["signing_passphrase"])

    def password_of(self, login: str) -> str:
        """What the person signs in with."""
        return self.told.get(login, PASSWORD)

    def add_people(self, prefix: str, unit_code: str, roles: Mapping[str, Role] = DISTRICT_ROLES) -> None:
        """Add accounts ``prefix.<name>`` with their roles at the unit; those that exist stay as they are."""
        with self.writing():
            unit = unit_named(unit_code)
            known = set(db.session.scalars(select(Account.login)))
            for suffix, role in roles.items():
                if f"{prefix}.{suffix}" not in known:
                    db.session.add(_account(f"{prefix}.{suffix}", unit, role))

    def end_sessions(self, login: str) -> None:
        """End every session of the person on the server, as time does."""
        with self.writing():
            for found in db.session.scalars(select(SignIn).where(SignIn.account == person(login))):
                found.ended_at = now()

    def verify(self, file: Path) -> subprocess.CompletedProcess[str]:
        """What ``flask decisions verify`` says of a file."""
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "decisions", "verify", str(file)]
        return subprocess.run(
            command, cwd=ROOT, env=self.environ, text=True, capture_output=True, timeout=60, check=False
        )

    def opened(self, prefix: str, unit_code: str) -> Plant:
        """A draft of the district, its rows empty."""
        with self.writing():
            campaign = db.session.scalars(select(Campaign)).one()
            unit = unit_named(unit_code)
            plan = open_plan(unit.id, campaign.id, actor=person(f"{prefix}.chuyenvien"), now=now())
            return Plant(plan.id)

    def draft(self, prefix: str, unit_code: str) -> Plant:
        """The district's draft, opened where nobody has opened one yet."""
        found = self.reading(lambda: db.session.scalar(select(Plan.id).where(Plan.unit == unit_named(unit_code))))
        return Plant(found) if found else self.opened(prefix, unit_code)

    def filled(self, prefix: str, unit_code: str) -> Plant:
        """A draft whose targets balance."""
        made = self.opened(prefix, unit_code)
        with self.writing():
            plan = plan_of(made)
            entries = closed_gaps(read_sheet(plan))
            save_targets(plan.id, entries, version=plan.version, actor=person(f"{prefix}.chuyenvien"), now=now())
        return made

    def submitted(self, prefix: str, unit_code: str) -> Plant:
        """A plan that waits for the approver."""
        made = self.filled(prefix, unit_code)
        with self.writing():
            plan = plan_of(made)
            sheet = read_sheet(plan)
            submit_plan(
                plan.id,
                closed_gaps(sheet),
                version=plan.version,
                seen_hash=sheet.content_hash,
                actor=person(f"{prefix}.chuyenvien"),
                now=now(),
            )
        return made

    def approved(self, prefix: str, unit_code: str) -> Plant:
        """A plan whose decision waits for its number."""
        return self.approve(self.submitted(prefix, unit_code))

    def approve(self, made: Plant) -> Plant:
        """Approve a submitted plan as the province's approver would."""
        with self.writing():
            plan = plan_of(made)
            seen = read_sheet(plan).content_hash
            approve_plan(plan.id, version=plan.version, seen_hash=seen, actor=person("tinh.duyet"), now=now())
            decision = db.session.scalars(select(Decision).where(Decision.plan_id == plan.id)).one()
            return Plant(plan.id, decision.id)

    def kill_workers_while_rendering(self, made: Plant) -> None:
        """Kill both workers as soon as one of them has begun to make the decision's file."""
        workers = [self.pid_of(f"worker-{number}") for number in (1, 2)]
        wait_until(lambda: self.reading(lambda: is_rendering(made)), 30, "no worker took the job")
        for pid in workers:
            os.kill(pid, signal.SIGKILL)
        assert self.reading(lambda: is_rendering(made)), "the file was made before its worker could be killed"

    def reading(self, ask: Callable[[], T]) -> T:
        """What ``ask`` finds in the database now."""
        with self._app.app_context():
            return ask()

    def balancing_targets(self, plan_id: int) -> dict[Key, str]:
        """Targets that balance, as a person would type them."""
        return self.reading(lambda: _typed(read_sheet(plan_of(Plant(plan_id)))))

    def say(self, message: str, **values: object) -> str:
        """The message as pages say it, in Vietnamese. A message that no catalogue holds is a mistake of the test."""
        said = self.speak(lambda: gettext(message, **values))
        assert said != message, f"not in the catalogue: {message!r}"
        return said

    def speak(self, words: Callable[[], T]) -> T:
        """What a function of ours says in Vietnamese."""
        with self._app.test_request_context(), force_locale("vi"):
            return words()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """One transaction in the site's database, beside whatever the site itself does."""
        with self._app.app_context(), transaction():
            yield

    def close(self) -> None:
        """Let go of the database."""
        with self._app.app_context():
            db.engine.dispose()

    @cached_property
    def _app(self) -> Flask:
        return create_app(with_reachable_socket(load_config(self.environ)))

    @cached_property
    def _demo(self) -> dict[str, list[dict[str, str]]]:
        found: dict[str, list[dict[str, str]]] = json.loads((self.instance / "demo_accounts.json").read_text("utf-8"))
        return found


def unit_named(code: str) -> Unit:
    """The unit with this code."""
    return db.session.scalars(select(Unit).where(Unit.code == code)).one()


def person(login: str) -> Account:
    """The account with this login."""
    return db.session.scalars(select(Account).where(Account.login == login)).one()


def plan_of(made: Plant) -> Plan:
    """The plan as it is now."""
    return db.session.get_one(Plan, made.plan)


def decision_of(made: Plant) -> Decision:
    """The decision as it is now."""
    return db.session.get_one(Decision, made.decision)


def is_rendering(made: Plant) -> bool:
    """Whether a worker is making the decision's file."""
    job = render_job(decision_of(made))
    return job is not None and job.state is JobState.RUNNING


def _account(login: str, unit: Unit, role: Role) -> Account:
    return Account(
        login=login,
        name=f"{role.value} {unit.name}",
        password_hash=hash_password(PASSWORD),
        demo=True,
        created_at=now(),
        grants=[Grant(unit=unit, role=role, valid_from=date(2022, 1, 1))],
    )


def _typed(sheet: Sheet) -> dict[Key, str]:
    return {key: format_points(entry.target or 0) for key, entry in closed_gaps(sheet).items()}
