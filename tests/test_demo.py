"""The demonstration: real units and targets, sample figures that are the same everywhere, and a plan at every stage."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import func, select

from allocapp import create_app
from allocapp.cli.demo import describe_access, load_demo_if_empty
from allocapp.cli.demo_stages import NOT_IN_ANNEX
from allocapp.cli.demo_texts import DISTRICT, PROVINCE, TEXTS
from allocapp.config import ROOT, Config, load_config
from allocapp.db import db, transaction
from allocapp.errors import ConfigurationError, PlanExists
from allocapp.models.account import Account, Grant, Role
from allocapp.models.campaign import Campaign, Expectation, Indicator
from allocapp.models.decision import Decision, Stage
from allocapp.models.event import Event
from allocapp.models.job import Job, JobState
from allocapp.models.plan import Plan
from allocapp.models.results import Count, Measure, ReportingPeriod, Service
from allocapp.models.unit import Unit
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.account import begin_attempt, is_right
from allocapp.services.campaign import freeze_expectations
from allocapp.services.decision import read_file
from allocapp.services.demo import DemoAccess, read_demo_access
from allocapp.services.safety import demo_traces, refuse_demo
from allocapp.services.sheet import check_sheet, read_sheet
from allocapp.services.snapshot import build_snapshot
from allocapp.services.unit import receivers_of
from allocapp.services.verification import read_trusted_roots, verify_file
from tests.conftest import empty_postgres
from tests.servers import wait_until

NOW = datetime(2026, 1, 5, 3, tzinfo=UTC)

# WeasyPrint leaves its colour profile open
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*sRGB2014.icc:ResourceWarning")


def settings(instance: Path, **changes: object) -> Config:
    environment = {"ALLOCAPP_INSTANCE": str(instance), "REDIS_URL": f"unix://{instance / 'none.sock'}"}
    return replace(load_config(environment), **changes)  # type: ignore[arg-type]  # any field may be changed


def migrated(config: Config) -> Flask:
    app = create_app(config)
    with app.app_context():
        upgrade()
    return app


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def loaded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The demonstration, loaded once for the tests that only look at it."""
    config = settings(tmp_path_factory.mktemp(f"demo-{request.param}"))
    if request.param == "postgresql":
        # outside tests the demonstration never stands beside a database that somebody named
        config = replace(config, database_url=empty_postgres(request.getfixturevalue("postgres_url"), "allocapp_demo"))
    app = migrated(config)
    assert load_demo_if_empty(app) is not None
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def demo(loaded: Flask) -> Iterator[Flask]:
    """The application of the demonstration, inside its context."""
    with loaded.app_context():
        yield loaded


def unit(code: str) -> Unit:
    return db.session.scalars(select(Unit).where(Unit.code == code)).one()


def plan_of(code: str) -> Plan | None:
    return db.session.scalar(select(Plan).where(Plan.unit_id == unit(code).id))


def decision_of(code: str) -> Decision | None:
    return db.session.scalar(select(Decision).where(Decision.unit_id == unit(code).id))


def totals(*kinds: str) -> dict[str, tuple[int, int]]:
    """Dossiers a year, and those online, by code of the unit."""
    sums: dict[str, dict[str, int]] = defaultdict(dict)
    statement = (
        select(Unit.code, Measure.code, func.sum(Count.number))
        .join(Unit, Unit.id == Count.unit_id)
        .join(Measure, Measure.id == Count.measure_id)
        .where(Unit.kind_code.in_(kinds))
        .group_by(Unit.code, Measure.code)
    )
    for code, measure, number in db.session.execute(statement):
        sums[code][measure] = number
    return {code: (found["received"], found["received_online"]) for code, found in sums.items()}


def test_units_are_the_official_ones_in_their_order(demo: Flask) -> None:
    kinds = Counter(db.session.scalars(select(Unit.kind_code)))
    assert kinds == {
        "province": 1,
        "department": 20,
        "city": 1,
        "district": 10,
        "office": 11,
        "ward": 5,
        "township": 14,
        "commune": 181,
    }
    campaign = db.session.scalars(select(Campaign)).one()
    codes = [receiver.code for receiver in receivers_of(unit("20"), campaign)]
    assert codes[:3] == ["VPUBND", "SNV", "STP"]
    assert codes[20:] == ["178", *(str(code) for code in range(180, 190))]
    below = receivers_of(unit("181"), campaign)
    assert below[0].name == "Bộ phận Một cửa huyện Bình Gia"
    # a township stands where the official list has it, between communes
    assert [receiver.code for receiver in below[1:]] == sorted(receiver.code for receiver in below[1:])
    bac_son = unit("185")
    assert (bac_son.body_name, bac_son.place, bac_son.symbol, bac_son.may_allocate) == (
        "Ủy ban nhân dân huyện Bắc Sơn",
        "Bắc Sơn",
        "QĐ-UBND",
        True,
    )
    assert not unit("SNV").may_allocate
    assert unit("06325").path == f"{unit('20').id}/{bac_son.id}/{unit('06325').id}/"


def test_receivers_are_those_valid_in_the_campaigns_period(demo: Flask) -> None:
    campaign = Campaign(period_from=date(2019, 1, 1), period_to=date(2019, 12, 31))
    assert receivers_of(unit("185"), campaign) == []
    campaign = Campaign(period_from=date(2019, 1, 1), period_to=date(2020, 1, 1))
    assert len(receivers_of(unit("185"), campaign)) == 19


def test_last_years_figures_are_the_same_on_every_machine(demo: Flask) -> None:
    found = totals("office", "ward", "township", "commune")
    assert sum(received for received, _ in found.values()) == 299_652
    assert sum(online for _, online in found.values()) == 90_888
    assert found["05971"] == (4_000, 3_096)
    assert db.session.scalar(select(func.count()).select_from(Count)) == 182_114


def test_last_years_figures_have_the_shape_of_real_ones(demo: Flask) -> None:
    communes = totals("ward", "township", "commune")
    assert min(communes.values())[0] == 60
    assert max(communes.values())[0] == max(totals("ward").values())[0] == 4_000
    assert min(totals("ward").values()) > max(totals("township").values()) > max(totals("commune").values())
    for received, online in (communes | totals("office")).values():
        assert 5 * received <= 100 * online <= 85 * received
    districts = {code: expected(code, "dossiers") for code in ("178", *map(str, range(180, 190)))}
    assert all(20 <= 100 * e.baseline_numerator // e.baseline_denominator <= 45 for e in districts.values())
    sampled = set(db.session.scalars(select(Service.sample)))
    assert sampled == {True}
    names = db.session.scalars(select(ReportingPeriod.name).order_by(ReportingPeriod.starts_on)).all()
    assert (names[0], names[-1], len(names)) == ("01/2021", "12/2021", 12)


def expected(code: str, indicator: str) -> Expectation:
    return db.session.scalars(
        select(Expectation)
        .join(Indicator, Indicator.id == Expectation.indicator_id)
        .where(Expectation.unit_id == unit(code).id, Indicator.code == indicator)
    ).one()


@pytest.mark.parametrize("code", ["20", "185", "185-MC", "06325", "SNV", "VPUBND"])
def test_what_is_frozen_is_the_whole_subtrees(demo: Flask, code: str) -> None:
    below = select(Unit.id).where(Unit.path.startswith(unit(code).path))
    positive: dict[str, set[int]] = defaultdict(set)
    sums: Counter[str] = Counter()
    rows = select(Measure.code, Count.service_id, Count.number).join(Measure, Measure.id == Count.measure_id)
    for measure, service_id, number in db.session.execute(rows.where(Count.unit_id.in_(below))):
        sums[measure] += number
        if number:
            positive[measure].add(service_id)
    dossiers, services = expected(code, "dossiers"), expected(code, "services")
    assert (dossiers.weight, dossiers.baseline_denominator) == (sums["received"], sums["received"])
    assert dossiers.baseline_numerator == sums["received_online"]
    assert dossiers.services == []
    assert services.services == sorted(positive["received"])
    assert services.weight == services.baseline_denominator == len(positive["received"])
    assert services.baseline_numerator == len(positive["received_online"])


def test_every_unit_has_its_expectations_and_they_no_longer_move(demo: Flask) -> None:
    units = db.session.scalar(select(func.count()).select_from(Unit)) or 0
    assert db.session.scalar(select(func.count()).select_from(Expectation)) == 2 * units
    campaign = db.session.scalars(select(Campaign)).one()
    assert campaign.frozen_at is not None
    assert campaign.frozen_from == "01/01/2021 – 31/12/2021"
    with pytest.raises(PlanExists), transaction():
        freeze_expectations(campaign, source_from=date(2021, 1, 1), source_to=date(2021, 12, 31), now=NOW)


def test_a_plan_stands_at_every_stage(demo: Flask) -> None:
    found = {code: plan for code in map(str, (20, 178, *range(180, 190))) if (plan := plan_of(code))}
    assert {code: plan.state for code, plan in found.items()} == {
        "20": PlanState.ISSUED,
        "178": PlanState.ISSUED,
        "183": PlanState.APPROVED,
        "186": PlanState.SUBMITTED,
        "187": PlanState.RETURNED,
        "185": PlanState.DRAFT,
    }
    sheets = {code: read_sheet(plan) for code, plan in found.items()}
    for code in ("178", "183", "186", "187"):
        assert all(balance.balanced for balance in check_sheet(sheets[code]))
    assert not any(balance.balanced for balance in check_sheet(sheets["185"]))
    drafted = [cell.target for cell in sheets["185"].cells.values()]
    assert None in drafted
    assert any(drafted)
    remarks = [comment for row in sheets["187"].rows for comment in row.comments]
    assert len(remarks) == 3
    assert found["187"].return_reason
    assert len({cell.target for cell in sheets["178"].cells.values()}) > 5


def test_the_provinces_targets_are_those_of_the_annex(demo: Flask) -> None:
    plan = plan_of("20")
    assert plan is not None
    by_code = {row.unit.code: [(cell.target, cell.excuse) for cell in row.cells] for row in read_sheet(plan).rows}
    assert by_code["SNV"] == [(8000, ""), (8000, "")]
    assert by_code["STTTT"] == [(8000, ""), (9000, "")]
    assert by_code["189"] == [(8000, ""), (5000, "")]
    excused = {code for code, cells in by_code.items() if cells == [(None, NOT_IN_ANNEX)] * 2}
    assert excused == {"VPUBND", "SNgV", "TTT", "BDT", "BQLKKTCK"}
    sheet = read_sheet(plan)
    assert all(column.assigned is None and column.assigned_known for column in sheet.indicators)


@pytest.mark.parametrize("code", ["20", "178"])
def test_issued_decisions_are_authentic(demo: Flask, code: str) -> None:
    config: Config = demo.config["ALLOCAPP"]
    decision = decision_of(code)
    assert decision is not None
    assert (decision.state, decision.number) == (DecisionState.ISSUED, 1)
    assert decision.dated is not None
    assert decision.dated.year == 2022
    file = read_file(decision)
    assert file is not None
    assert file.stage is Stage.SEALED
    assert verify_file(file.content, trusted=read_trusted_roots(config.keys, demo=True)).authentic


@pytest.mark.parametrize(
    ("code", "together", "absent"),
    [
        ("20", "Ủy ban nhân dân các huyện, thành phố", "thị trấn"),
        ("178", "Ủy ban nhân dân các phường, xã", "thị trấn"),
        ("185", "Ủy ban nhân dân các xã, thị trấn", "phường"),
    ],
)
def test_a_decision_names_the_kinds_of_units_that_exist(demo: Flask, code: str, together: str, absent: str) -> None:
    plan = plan_of(code)
    assert plan is not None
    snapshot = build_snapshot(read_sheet(plan), number=1, symbol="QĐ-UBND", dated=date(2022, 7, 1))
    annex = snapshot["annex"]
    assert isinstance(annex, dict)
    assert annex["groups"][-1]["name"] == together
    assert f"; {together} trên địa bàn" in str(snapshot["subject"])
    articles = json.dumps(snapshot["articles"], ensure_ascii=False)
    assert articles.count(together) >= 3
    for text in (str(snapshot["subject"]), articles, *(group["name"] for group in annex["groups"])):
        assert absent not in text


def test_documents_speak_in_their_own_words() -> None:
    """Laws and decisions are cited; nothing else of the decision of 2022 is repeated, nor a proposal never made."""
    texts = " ".join(json.dumps(text, ensure_ascii=False) for text in TEXTS.values())
    for foreign in ("1145", "TTr", "Thủ trưởng các ban, ngành", "có liên quan chịu trách nhiệm", "khó khăn, vướng mắc"):
        assert foreign not in texts
    assert PROVINCE["authority"] == "CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH"
    assert DISTRICT["authority"] == "CHỦ TỊCH ỦY BAN NHÂN DÂN {UNIT}"


def test_one_decision_waits_for_its_signature(demo: Flask) -> None:
    decision = decision_of("183")
    assert decision is not None
    assert decision.state is DecisionState.RENDERED
    assert decision_of("185") is None
    # what was rendered while loading is done; that the plans below be checked again is left to the workers
    jobs = {(job.name, job.state) for job in db.session.scalars(select(Job))}
    assert jobs == {("render_decision", JobState.DONE), ("recheck_below", JobState.WAITING)}
    moments = db.session.scalars(select(Event.at).order_by(Event.id)).all()
    assert moments == sorted(moments)
    assert len(moments) > 25


def test_every_role_has_an_account(demo: Flask) -> None:
    config: Config = demo.config["ALLOCAPP"]
    access = read_demo_access(config.instance)
    assert access is not None
    roles: dict[str, set[Role]] = defaultdict(set)
    for grant in db.session.scalars(select(Grant)):
        roles[grant.unit.code].add(grant.role)
        assert grant.account.demo
    assert roles["20"] == set(Role)
    district = {Role.PREPARER, Role.LEADER, Role.CLERK, Role.DATA_OFFICER, Role.VIEWER}
    assert roles["178"] == roles["185"] == district
    assert [roles[code] for code in ("05971", "06328", "SNV")] == [{Role.VIEWER}] * 3
    assert {account.login for account in access.accounts} == set(db.session.scalars(select(Account.login)))
    for told in access.accounts[:2]:
        account = db.session.scalars(select(Account).where(Account.login == told.login)).one()
        attempt = begin_attempt(account.login, address="", now=account.created_at)
        assert is_right(attempt, told.password)
    assert len({account.password for account in access.accounts}) == len(access.accounts)
    assert stat.S_IMODE((config.instance / "demo_accounts.json").stat().st_mode) == 0o600
    for text in (access.accounts[0].password, access.signing_passphrase):
        assert text in describe_access(access)


def test_a_second_load_changes_nothing(demo: Flask) -> None:
    config: Config = demo.config["ALLOCAPP"]
    before = read_demo_access(config.instance)
    assert load_demo_if_empty(demo) is None
    assert read_demo_access(config.instance) == before
    assert db.session.scalar(select(func.count()).select_from(Campaign)) == 1
    result = demo.test_cli_runner().invoke(args=["demo", "load"])
    assert (result.exit_code, len(result.output.splitlines())) == (0, 1)


def test_production_refuses_the_demonstration(demo: Flask) -> None:
    assert {"tinh.duyet", "20-body.p12"} <= set(demo_traces())
    refuse_demo(production=False)
    with pytest.raises(ConfigurationError):
        refuse_demo(production=True)
    config: Config = demo.config["ALLOCAPP"]
    with pytest.raises(ConfigurationError, match="demo accounts"):
        create_app(replace(config, production=True))


def test_production_starts_on_a_database_without_it(tmp_path: Path) -> None:
    app = create_app(settings(tmp_path))
    with app.app_context():
        refuse_demo(production=True)
        upgrade()
        refuse_demo(production=True)
    create_app(settings(tmp_path, production=True))
    unreachable = create_app(settings(tmp_path, database_url=f"sqlite:///{tmp_path / 'nowhere' / 'x.sqlite'}"))
    with unreachable.app_context(), pytest.raises(ConfigurationError):
        refuse_demo(production=True)


def test_the_command_says_in_one_line_why_it_loads_nothing(tmp_path: Path) -> None:
    for app, words in (
        (create_app(settings(tmp_path, demo=False)), "DATABASE_URL"),
        (create_app(settings(tmp_path)), "db upgrade"),
    ):
        assert load_demo_if_empty(create_app(settings(tmp_path, demo=False))) is None
        result = app.test_cli_runner().invoke(args=["demo", "load"])
        assert result.exit_code == 1
        assert words in result.output
        assert len(result.output.splitlines()) == 1


def test_a_load_killed_half_way_leaves_nothing_and_the_next_is_whole(tmp_path: Path) -> None:
    app = migrated(settings(tmp_path))
    environment = {**os.environ, "ALLOCAPP_INSTANCE": str(tmp_path), "DATABASE_URL": "", "ALLOCAPP_ENV": ""}
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "demo", "load"]
    last_key = tmp_path / "keys" / "189-body.p12"
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL) as loading:
        wait_until(last_key.exists, 20, "the demonstration's keys")
        loading.send_signal(signal.SIGKILL)
    assert loading.returncode == -signal.SIGKILL
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Unit)) == 0
        db.session.remove()
    told, key = read_demo_access(tmp_path), last_key.read_bytes()
    access = load_demo_if_empty(app)
    assert isinstance(access, DemoAccess)
    assert told is not None
    assert (access.signing_passphrase, last_key.read_bytes()) == (told.signing_passphrase, key)
    assert access.accounts[0].password != told.accounts[0].password
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Plan)) == 6
        db.session.remove()
        db.engine.dispose()
