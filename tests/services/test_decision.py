"""A decision's road: numbers, snapshot, files, two signatures, refusal."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.errors import (
    AllocappError,
    ContentChanged,
    DateNotAllowed,
    Forbidden,
    NotAReceiver,
    NotFound,
    ReasonRequired,
    SignatureClaimed,
    SigningKeyMissing,
    StaleVersion,
    TransitionNotAllowed,
)
from allocapp.models.campaign import Expectation
from allocapp.models.decision import Decision, RegisterEntry, SignerRole, SigningKey, Stage
from allocapp.models.event import Event
from allocapp.models.job import Job, JobState
from allocapp.rules.content import content_hash
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.acknowledgement import acknowledge_decision
from allocapp.services.decision import (
    CLAIM,
    Claim,
    claim_signature,
    complete_render,
    complete_signature,
    number_decision,
    read_file,
    refuse_decision,
    release_signature,
    retry_render,
)
from allocapp.services.job import claim_job, fail_job, finish_job, lost_jobs
from allocapp.services.review import reopen_plan
from tests.factories import NOW, World

TODAY = NOW.date()


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    (tmp_path / "key.p12").write_bytes(b"key")
    return tmp_path


@pytest.fixture
def decision_id(world: World) -> int:
    """District A's decision, prepared by the approval, with signing keys set up."""
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    world.submit(plan_id, 8000, "a.preparer")
    world.approve(plan_id, "p.approver")
    with transaction() as session:
        for role in SignerRole:
            session.add(SigningKey(unit_id=world.units["A"], role=role, filename="key.p12"))
    return db.session.scalars(select(Decision.id).where(Decision.plan_id == plan_id)).one()


def reload(decision_id: int) -> Decision:
    found = db.session.get(Decision, decision_id, populate_existing=True)
    assert found is not None
    return found


def number(world: World, decision_id: int, login: str = "a.clerk", dated: date = TODAY) -> None:
    with transaction():
        number_decision(
            decision_id, version=reload(decision_id).version, dated=dated, actor=world.account(login), now=NOW
        )


def sign(world: World, decision_id: int, role: SignerRole, login: str, keys: Path) -> None:
    with transaction():
        claim = claim_signature(
            decision_id,
            role,
            version=reload(decision_id).version,
            keys=keys,
            actor=world.account(login),
            now=NOW,
        )
    with transaction():
        complete_signature(claim, claim.pdf + role.value.encode(), actor=world.account(login), now=NOW)


def issue(world: World, decision_id: int, keys: Path) -> None:
    number(world, decision_id)
    with transaction():
        complete_render(decision_id, b"pdf ", now=NOW)
    sign(world, decision_id, SignerRole.PERSON, "a.leader", keys)
    sign(world, decision_id, SignerRole.BODY, "a.clerk", keys)


def test_the_number_freezes_the_snapshot_and_asks_for_the_pdf(world: World, decision_id: int) -> None:
    number(world, decision_id)
    decision = reload(decision_id)
    assert (decision.state, decision.number, decision.symbol) == (DecisionState.NUMBERED, 1, "QĐ-UBND")
    assert decision.snapshot is not None
    snapshot = json.loads(decision.snapshot)
    assert decision.snapshot_hash == content_hash(snapshot)
    assert snapshot["subject"] == ("Giao chỉ tiêu năm 2026 cho Bộ phận Một cửa cấp huyện; Ủy ban nhân dân các xã")
    assert snapshot["issuer"]["body"] == ["ỦY BAN NHÂN DÂN", "HUYỆN A"]
    assert [[row["code"] for row in group["rows"]] for group in snapshot["annex"]["groups"]] == [
        ["A0"],
        ["A1", "A2", "A3"],
    ]
    assert {target for g in snapshot["annex"]["groups"] for row in g["rows"] for target in row["targets"]} == {8000}
    job = db.session.scalars(select(Job)).one()
    assert (job.name, job.subject_id, job.state) == ("render_decision", decision_id, JobState.WAITING)


def test_the_whole_road_puts_the_plan_in_force(world: World, decision_id: int, keys: Path) -> None:
    issue(world, decision_id, keys)
    decision = reload(decision_id)
    assert decision.state is DecisionState.ISSUED
    assert decision.plan.state is PlanState.ISSUED
    furthest = read_file(decision)
    assert furthest is not None
    assert (furthest.stage, furthest.content) == (Stage.SEALED, b"pdf personbody")
    rendered = read_file(decision, Stage.RENDERED)
    assert rendered is not None
    assert rendered.content == b"pdf "
    actions = db.session.scalars(select(Event.action).where(Event.unit_id == world.units["A"]).order_by(Event.id)).all()
    assert actions == ["open", "submit", "approve", "prepare", "number", "render", "sign", "seal", "issue"]


@pytest.mark.parametrize("days", [1, -1])
def test_a_decision_is_dated_between_approval_and_today(world: World, decision_id: int, days: int) -> None:
    with pytest.raises(DateNotAllowed):
        number(world, decision_id, dated=TODAY + timedelta(days=days))
    assert db.session.scalars(select(RegisterEntry)).all() == []
    assert reload(decision_id).state is DecisionState.PREPARED


def test_the_approval_lapses_when_the_content_moves(world: World, decision_id: int) -> None:
    with transaction() as session:
        session.execute(db.update(Expectation).where(Expectation.unit_id == world.units["A1"]).values(weight=5))
    with pytest.raises(ContentChanged):
        number(world, decision_id)
    assert db.session.scalars(select(RegisterEntry)).all() == []


def test_a_refusal_voids_the_number_and_prepares_the_next(world: World, decision_id: int) -> None:
    number(world, decision_id)
    with pytest.raises(ReasonRequired), transaction():
        refuse_decision(decision_id, version=2, reason=" ", actor=world.account("a.leader"), now=NOW)
    with transaction():
        anew = refuse_decision(decision_id, version=2, reason="Sai căn cứ", actor=world.account("a.leader"), now=NOW).id
    assert reload(decision_id).state is DecisionState.VOIDED
    number(world, anew)
    entries = db.session.execute(
        select(RegisterEntry.number, RegisterEntry.void_reason).order_by(RegisterEntry.number)
    ).all()
    assert [tuple(entry) for entry in entries] == [(1, "Sai căn cứ"), (2, "")]


def test_a_render_that_comes_late_or_twice_changes_nothing(world: World, decision_id: int) -> None:
    number(world, decision_id)
    for content in (b"first", b"second"):
        with transaction():
            complete_render(decision_id, content, now=NOW)
    found = read_file(reload(decision_id))
    assert found is not None
    assert found.content == b"first"
    with transaction():
        refuse_decision(decision_id, version=3, reason="Sai", actor=world.account("a.leader"), now=NOW)
    with transaction():
        complete_render(decision_id, b"late", now=NOW)
    assert reload(decision_id).state is DecisionState.VOIDED


def test_two_people_signing_give_one_signature(world: World, decision_id: int, keys: Path) -> None:
    number(world, decision_id)
    with transaction():
        complete_render(decision_id, b"pdf ", now=NOW)

    def claim(at: timedelta = timedelta(0)) -> Claim:
        with transaction():
            return claim_signature(
                decision_id,
                SignerRole.PERSON,
                version=3,
                keys=keys,
                actor=world.account("a.leader"),
                now=NOW + at,
            )

    first = claim()
    with pytest.raises(SignatureClaimed):
        claim()
    with transaction():
        release_signature(first)  # a wrong passphrase: at once again
    second = claim()
    third = claim(CLAIM + timedelta(seconds=1))  # the second's process died; its claim lapsed
    with pytest.raises(SignatureClaimed), transaction():
        complete_signature(second, b"late", actor=world.account("a.leader"), now=NOW)
    with transaction():
        complete_signature(third, b"good", actor=world.account("a.leader"), now=NOW)
    with pytest.raises(TransitionNotAllowed), transaction():
        complete_signature(third, b"again", actor=world.account("a.leader"), now=NOW)
    found = read_file(reload(decision_id))
    assert found is not None
    assert found.content == b"good"


def test_signing_needs_its_key_its_turn_and_the_version_seen(world: World, decision_id: int, keys: Path) -> None:
    number(world, decision_id)
    with transaction():
        complete_render(decision_id, b"pdf ", now=NOW)
    with pytest.raises(TransitionNotAllowed):
        sign(world, decision_id, SignerRole.BODY, "a.clerk", keys)  # the seal comes after the person
    with pytest.raises(StaleVersion), transaction():
        claim_signature(decision_id, SignerRole.PERSON, version=1, keys=keys, actor=world.account("a.leader"), now=NOW)
    (keys / "key.p12").unlink()
    with pytest.raises(SigningKeyMissing):
        sign(world, decision_id, SignerRole.PERSON, "a.leader", keys)


@pytest.mark.parametrize(
    ("login", "error"),
    [("b.clerk", NotFound), ("a1.viewer", NotFound), ("a.preparer", Forbidden), ("p.clerk", Forbidden)],
)
def test_others_neither_number_nor_sign(
    world: World, decision_id: int, keys: Path, login: str, error: type[AllocappError]
) -> None:
    with pytest.raises(error):
        number(world, decision_id, login)
    number(world, decision_id)
    with transaction():
        complete_render(decision_id, b"pdf ", now=NOW)
    with pytest.raises(error):
        sign(world, decision_id, SignerRole.PERSON, login, keys)


def test_a_numbered_decision_keeps_its_plan_from_being_reopened(world: World, decision_id: int) -> None:
    plan_id = reload(decision_id).plan_id
    number(world, decision_id)
    with pytest.raises(TransitionNotAllowed), transaction():
        reopen_plan(
            plan_id, version=world.plan(plan_id).version, reason="Sót", actor=world.account("p.approver"), now=NOW
        )
    assert world.plan(plan_id).state is PlanState.APPROVED


def test_receivers_acknowledge_once_strangers_never(world: World, decision_id: int, keys: Path) -> None:
    commune = world.units["A1"]
    with pytest.raises(NotFound), transaction():  # not in force yet
        acknowledge_decision(decision_id, commune, actor=world.account("a1.viewer"), now=NOW)
    issue(world, decision_id, keys)
    ids = set()
    for _ in range(2):
        with transaction():
            given = acknowledge_decision(decision_id, commune, actor=world.account("a1.viewer"), now=NOW)
            db.session.flush()  # its id is compared
            ids.add(given.id)
    assert len(ids) == 1
    with pytest.raises(NotFound), transaction():
        acknowledge_decision(decision_id, world.units["B1"], actor=world.account("b1.viewer"), now=NOW)
    with pytest.raises(NotAReceiver), transaction():
        acknowledge_decision(decision_id, world.units["A"], actor=world.account("a.clerk"), now=NOW)


def test_a_failed_job_says_why_and_can_be_retried(world: World, decision_id: int) -> None:
    number(world, decision_id)
    job_id = db.session.scalars(select(Job.id)).one()
    with transaction():
        assert claim_job(job_id, now=NOW) is not None
    with transaction():
        assert claim_job(job_id, now=NOW) is None  # another worker has it
        fail_job(job_id, 1, "FontMissing", now=NOW)
    with transaction():
        retry_render(decision_id, actor=world.account("a.clerk"), now=NOW)
    with transaction():
        job = claim_job(job_id, now=NOW)
        assert job is not None
        assert (job.attempts, job.error) == (1, "")
        finish_job(job_id, 1, now=NOW)
    with transaction():
        assert claim_job(job_id, now=NOW + timedelta(days=1)) is None


def test_the_sweep_finds_what_the_queue_or_a_dead_worker_lost(world: World, decision_id: int) -> None:
    number(world, decision_id)
    assert lost_jobs(now=NOW) == []
    assert [job.subject_id for job in lost_jobs(now=NOW + timedelta(minutes=1))] == [decision_id]
    with transaction():
        claim_job(db.session.scalars(select(Job.id)).one(), now=NOW)
    assert lost_jobs(now=NOW + timedelta(minutes=1)) == []
    assert len(lost_jobs(now=NOW + timedelta(minutes=6))) == 1
