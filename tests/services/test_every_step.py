"""Every state × every action: what the workflow's tables allow happens, everything else changes nothing.

The person asking always has the right, so that the state alone decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.errors import TransitionNotAllowed
from allocapp.models.campaign import Authority
from allocapp.models.decision import Decision, DecisionFile, SignerRole, SigningKey, Stage
from allocapp.models.event import Event
from allocapp.models.plan import Plan
from allocapp.rules.workflow import (
    DECISION_TRANSITIONS,
    PLAN_TRANSITIONS,
    DecisionAction,
    DecisionState,
    PlanAction,
    PlanState,
)
from allocapp.services.decision import (
    RIGHTS as DECISION_RIGHTS,
)
from allocapp.services.decision import (
    claim_signature,
    complete_signature,
    decision_actions_for,
    number_decision,
    refuse_decision,
)
from allocapp.services.in_house import (
    agree_to_plan,
    circulate_plan,
    recall_plan,
    send_plan_back,
    submit_agreed_plan,
)
from allocapp.services.plan import save_targets, submit_plan, withdraw_plan
from allocapp.services.review import (
    approve_plan,
    hand_back_plan,
    proceed_with_plan,
    reopen_plan,
    return_plan,
    take_over_review,
    take_plan_into_review,
)
from allocapp.services.revision import discard_revision
from allocapp.services.road import RIGHTS
from allocapp.services.sheet import read_sheet
from allocapp.services.turn import plan_actions_for
from tests.factories import NOW, World

PREPARER, APPROVER = "a.preparer", "p.approver"
LEADER, SECOND_APPROVER = "a.leader", "p.leader"
PLAN_ACTORS = {
    PlanAction.SAVE: PREPARER,
    PlanAction.CIRCULATE: PREPARER,
    PlanAction.AGREE: LEADER,
    PlanAction.SEND_BACK: LEADER,
    PlanAction.RECALL: PREPARER,
    PlanAction.SUBMIT: PREPARER,
    PlanAction.WITHDRAW: PREPARER,
    PlanAction.REVIEW: APPROVER,
    PlanAction.HAND_BACK: APPROVER,
    PlanAction.TAKE_OVER: SECOND_APPROVER,
    PlanAction.RETURN: APPROVER,
    PlanAction.APPROVE: APPROVER,
    PlanAction.PROCEED: LEADER,
    PlanAction.REOPEN: APPROVER,
    PlanAction.DISCARD: PREPARER,
}
IN_HOUSE = {PlanAction.CIRCULATE, PlanAction.AGREE, PlanAction.SEND_BACK, PlanAction.RECALL}
DECISION_ACTORS = {
    DecisionAction.NUMBER: "a.clerk",
    DecisionAction.SIGN: "a.leader",
    DecisionAction.SEAL: "a.clerk",
    DecisionAction.REFUSE: "a.leader",
}


def test_every_action_a_person_may_take_is_walked() -> None:
    assert set(PLAN_ACTORS) == set(RIGHTS)
    assert set(DECISION_ACTORS) == set(DECISION_RIGHTS)


def act_on_plan(world: World, plan_id: int, action: PlanAction) -> None:
    actor = world.account(PLAN_ACTORS[action])
    plan = world.plan(plan_id)
    version, seen = plan.version, read_sheet(plan).content_hash
    entries = world.entries(plan_id, 8000)

    def submit() -> None:
        if plan.state is PlanState.IN_HOUSE:
            submit_agreed_plan(plan_id, version=version, seen_hash=seen, actor=actor, now=NOW)
        else:
            submit_plan(plan_id, entries, version=version, seen_hash=seen, actor=actor, now=NOW)

    acts: dict[PlanAction, Callable[[], object]] = {
        PlanAction.SAVE: lambda: save_targets(plan_id, entries, version=version, actor=actor, now=NOW),
        PlanAction.CIRCULATE: lambda: circulate_plan(
            plan_id, entries, version=version, seen_hash=seen, actor=actor, now=NOW
        ),
        PlanAction.AGREE: lambda: agree_to_plan(
            plan_id, version=version, seen_hash=seen, opinion="", actor=actor, now=NOW
        ),
        PlanAction.SEND_BACK: lambda: send_plan_back(plan_id, version=version, reason="Lý do", actor=actor, now=NOW),
        PlanAction.RECALL: lambda: recall_plan(plan_id, version=version, actor=actor, now=NOW),
        PlanAction.SUBMIT: submit,
        PlanAction.WITHDRAW: lambda: withdraw_plan(plan_id, version=version, actor=actor, now=NOW),
        PlanAction.REVIEW: lambda: take_plan_into_review(plan_id, version=version, actor=actor, now=NOW),
        PlanAction.HAND_BACK: lambda: hand_back_plan(plan_id, version=version, actor=actor, now=NOW),
        PlanAction.RETURN: lambda: return_plan(
            plan_id, version=version, reason="Lý do", comments={}, actor=actor, now=NOW
        ),
        PlanAction.APPROVE: lambda: approve_plan(plan_id, version=version, seen_hash=seen, actor=actor, now=NOW),
        PlanAction.TAKE_OVER: lambda: take_over_review(plan_id, version=version, actor=actor, now=NOW),
        PlanAction.PROCEED: lambda: proceed_with_plan(
            plan_id, version=version, seen_hash=seen, reason="Lý do", actor=actor, now=NOW
        ),
        PlanAction.REOPEN: lambda: reopen_plan(plan_id, version=version, reason="Lý do", actor=actor, now=NOW),
        PlanAction.DISCARD: lambda: discard_revision(plan_id, version=version, reason="Lý do", actor=actor, now=NOW),
    }
    acts[action]()


def plan_in(world: World, state: PlanState) -> int:
    """District A's plan, brought into the state by the services where a road of persons leads there."""
    plan_id = world.open("A", PREPARER)
    roads = {
        PlanState.DRAFT: [],
        PlanState.IN_HOUSE: [PlanAction.CIRCULATE],
        PlanState.SUBMITTED: [PlanAction.SUBMIT],
        PlanState.IN_REVIEW: [PlanAction.SUBMIT, PlanAction.REVIEW],
        PlanState.RETURNED: [PlanAction.SUBMIT, PlanAction.RETURN],
    }
    for action in roads.get(state, [PlanAction.SUBMIT, PlanAction.APPROVE]):
        with transaction():
            act_on_plan(world, plan_id, action)
    with transaction():
        plan = world.plan(plan_id)
        if plan.state is not state:  # issued, superseded and revoked come with decisions
            plan.state = state
        if state is PlanState.DISCARDED:
            become_revision(plan)
    return plan_id


def become_revision(plan: Plan) -> None:
    """Only a revision can be given up."""
    plan.revision, plan.based_on_id, plan.revision_reason = 2, plan.id, "Lý do"


def prepare(world: World, plan_id: int, state: PlanState, action: PlanAction) -> None:
    """What else the action asks for, so that the state alone decides: steps, an agreement, an opinion that is asked."""
    if action in IN_HOUSE and state is not PlanState.IN_HOUSE:
        world.set_steps("A", LEADER)
    if action is PlanAction.SUBMIT and state is PlanState.IN_HOUSE:
        with transaction():
            act_on_plan(world, plan_id, PlanAction.AGREE)
    if action is PlanAction.PROCEED:
        world.set_authority(Authority.OPINION)
    if action is PlanAction.DISCARD:
        with transaction():
            become_revision(world.plan(plan_id))


@pytest.mark.parametrize("action", PLAN_ACTORS)
@pytest.mark.parametrize("state", PlanState)
def test_plan(world: World, state: PlanState, action: PlanAction) -> None:
    world.issue_province(8000)
    world.grant(SECOND_APPROVER, "P", "approver")
    if state is PlanState.IN_HOUSE:
        world.set_steps("A", LEADER)
    plan_id = plan_in(world, state)
    prepare(world, plan_id, state, action)
    before = world.plan(plan_id).version
    events = len(db.session.scalars(select(Event.id)).all())
    allowed = PLAN_TRANSITIONS.get((state, action))
    offered = plan_actions_for(world.plan(plan_id), world.account(PLAN_ACTORS[action]), NOW.date())
    assert (action in offered) == (allowed is not None)
    if allowed is None:
        with pytest.raises(TransitionNotAllowed), transaction():
            act_on_plan(world, plan_id, action)
        assert (world.plan(plan_id).state, world.plan(plan_id).version) == (state, before)
        assert len(db.session.scalars(select(Event.id)).all()) == events
    else:
        with transaction():
            act_on_plan(world, plan_id, action)
        assert world.plan(plan_id).state is allowed


def act_on_decision(world: World, decision_id: int, action: DecisionAction, keys: Path) -> None:
    actor = world.account(DECISION_ACTORS[action])
    decision = db.session.get_one(Decision, decision_id, populate_existing=True)
    version = decision.version

    def put(role: SignerRole) -> None:
        claim = claim_signature(decision_id, role, version=version, keys=keys, actor=actor, now=NOW)
        complete_signature(claim, b"signed", actor=actor, now=NOW)

    acts: dict[DecisionAction, Callable[[], object]] = {
        DecisionAction.NUMBER: lambda: number_decision(
            decision_id, version=version, dated=NOW.date(), actor=actor, now=NOW
        ),
        DecisionAction.SIGN: lambda: put(SignerRole.PERSON),
        DecisionAction.SEAL: lambda: put(SignerRole.BODY),
        DecisionAction.REFUSE: lambda: refuse_decision(
            decision_id, version=version, reason="Lý do", actor=actor, now=NOW
        ),
    }
    acts[action]()


@pytest.mark.parametrize("action", DECISION_ACTORS)
@pytest.mark.parametrize("state", DecisionState)
def test_decision(world: World, tmp_path: Path, state: DecisionState, action: DecisionAction) -> None:
    world.issue_province(8000)
    plan_id = plan_in(world, PlanState.APPROVED)
    (tmp_path / "key.p12").write_bytes(b"key")
    with transaction() as session:
        decision = session.scalars(select(Decision).where(Decision.plan_id == plan_id)).one()
        decision_id = decision.id
        for role in SignerRole:
            session.add(SigningKey(unit_id=world.units["A"], role=role, filename="key.p12"))
    if state is not DecisionState.PREPARED:
        with transaction():
            act_on_decision(world, decision_id, DecisionAction.NUMBER, tmp_path)
        with transaction() as session:
            decision = session.get_one(Decision, decision_id)
            decision.state, decision.void_reason = state, "Lý do" if state is DecisionState.VOIDED else ""
            for stage in (Stage.RENDERED, Stage.SIGNED):
                if (stage is Stage.SIGNED and state is DecisionState.SIGNED) or state is DecisionState.RENDERED:
                    session.add(
                        DecisionFile(
                            decision_id=decision_id,
                            stage=stage,
                            sha256=hashlib.sha256(b"pdf").hexdigest(),
                            content=b"pdf",
                            created_at=NOW,
                        )
                    )
                    break
    if (state, action) == (DecisionState.SIGNED, DecisionAction.REFUSE):  # possible only once the approval has lapsed
        with transaction():
            world.plan(plan_id).approved_hash = "0" * 64
    allowed = DECISION_TRANSITIONS.get((state, action))
    decision = db.session.get_one(Decision, decision_id, populate_existing=True)
    offered = decision_actions_for(decision, world.account(DECISION_ACTORS[action]), NOW.date())
    assert (action in offered) == (allowed is not None)
    if allowed is None:
        with pytest.raises(TransitionNotAllowed), transaction():
            act_on_decision(world, decision_id, action, tmp_path)
        assert db.session.get_one(Decision, decision_id, populate_existing=True).state is state
    else:
        with transaction():
            act_on_decision(world, decision_id, action, tmp_path)
        assert db.session.get_one(Decision, decision_id, populate_existing=True).state is allowed
