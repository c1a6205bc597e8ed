"""Two people at the same moment, where plans take each other's place: one winner each, one plan in force at most."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision, SignerRole
from allocapp.models.event import Event
from allocapp.services.decision import claim_signature, complete_signature
from allocapp.services.revision import discard_revision
from allocapp.services.revocation import order_revocation
from tests.factories import World
from tests.services.sealing import LATER, Sealing
from tests.services.test_concurrency import AT_ONCE, race


@pytest.fixture
def sealing(world: World, tmp_path: Path) -> Sealing:
    return Sealing(world, tmp_path)


@pytest.fixture
def province_id(sealing: Sealing) -> int:
    return sealing.in_force("P")


@pytest.fixture
def plan_id(sealing: Sealing, province_id: int) -> int:
    return sealing.in_force("A")


def order(sealing: Sealing, plan_id: int) -> None:
    with transaction():
        actor, version = sealing.world.account("p.approver"), sealing.world.plan(plan_id).version
        order_revocation(plan_id, version=version, reason="Giao trùng", actor=actor, now=LATER)


def ready_to_seal(sealing: Sealing, plan_id: int) -> int:
    """The approved plan's decision, signed by the person; gives its id."""
    decision_id = sealing.world.decision_on(plan_id).id
    sealing.number(decision_id, LATER)
    sealing.sign(decision_id, SignerRole.PERSON, LATER)
    return decision_id


def test_a_plan_is_revised_once(sealing: Sealing, plan_id: int, database: Flask) -> None:
    outcome = race(database, *[lambda: sealing.revise(plan_id)] * AT_ONCE)
    assert outcome == {"done": 1, "RevisionUnderWay": AT_ONCE - 1}
    assert sealing.states("A") == [(1, "issued"), (2, "draft")]


def test_a_plan_is_either_revised_or_revoked(sealing: Sealing, plan_id: int, database: Flask) -> None:
    acts = [lambda: sealing.revise(plan_id), lambda: order(sealing, plan_id)] * 3
    outcome = race(database, *acts)
    assert outcome["done"] == 1
    assert set(outcome) - {"done"} in ({"RevisionUnderWay"}, {"RevocationUnderWay"})
    orders = db.session.scalars(select(Decision).where(Decision.kind == DecisionKind.REVOKE)).all()
    assert len(sealing.states("A")) + len(orders) == 2


def test_a_revocation_is_ordered_once(sealing: Sealing, plan_id: int, database: Flask) -> None:
    outcome = race(database, *[lambda: order(sealing, plan_id)] * AT_ONCE)
    assert outcome == {"done": 1, "RevocationUnderWay": AT_ONCE - 1}


def test_a_revision_is_sealed_once_and_begins_none_before(sealing: Sealing, plan_id: int, database: Flask) -> None:
    """Sealing twice, while somebody revises the plan that it takes out of force."""
    revision = sealing.revised(plan_id, {"A1": 9000})
    decision_id = ready_to_seal(sealing, revision)
    clerk, version = "a.clerk", sealing.decision(decision_id).version
    with transaction():
        given: dict[str, Any] = {"version": version, "keys": sealing.keys}
        claim = claim_signature(decision_id, SignerRole.BODY, **given, actor=sealing.world.account(clerk), now=LATER)

    def seal() -> None:
        with transaction():
            complete_signature(claim, b"sealed", actor=sealing.world.account(clerk), now=LATER)

    outcome = race(database, seal, seal, lambda: sealing.revise(plan_id), seal, lambda: sealing.revise(plan_id))
    # who seals too late finds it issued; who revises finds the revision on its way, or the plan out of force
    assert outcome["done"] == 1
    assert sum(outcome.values()) == 5
    assert set(outcome) <= {"done", "TransitionNotAllowed", "RevisionUnderWay"}
    assert sealing.states("A") == [(1, "superseded"), (2, "issued")]
    assert len(db.session.scalars(select(Event).where(Event.action == "supersede")).all()) == 1


def test_a_subordinates_seal_and_its_superiors_never_leave_an_unbalanced_plan_issued_unnoticed(
    sealing: Sealing, province_id: int, database: Flask
) -> None:
    """Either the district is sealed first and found by the check, or it comes too late and is not sealed at all."""
    ours = ready_to_seal(sealing, sealing.world.approved("A"))
    theirs = ready_to_seal(sealing, sealing.revised(province_id, {"A": 8500}))
    outcome = race(
        database,
        lambda: sealing.sign(ours, SignerRole.BODY, LATER),
        lambda: sealing.sign(theirs, SignerRole.BODY, LATER),
    )
    assert sealing.states("P") == [(1, "superseded"), (2, "issued")]
    order_of = {
        subject_id: number
        for number, subject_id in enumerate(
            db.session.scalars(select(Event.subject_id).where(Event.action == "seal").order_by(Event.id))
        )
    }
    if outcome == {"done": 2}:
        assert order_of[ours] < order_of[theirs]
    else:
        assert outcome == {"done": 1, "ContentChanged": 1}
        assert sealing.states("A") == [(1, "approved")]


def test_a_revision_is_discarded_once(sealing: Sealing, plan_id: int, database: Flask) -> None:
    revision = sealing.revise(plan_id)

    def discard() -> None:
        with transaction():
            actor = sealing.world.account("a.preparer")
            discard_revision(revision, version=1, reason="Nhầm", actor=actor, now=LATER)

    outcome = race(database, *[discard] * AT_ONCE)
    assert outcome == {"done": 1, "TransitionNotAllowed": AT_ONCE - 1}
