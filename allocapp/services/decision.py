"""A decision's road: prepared with the approval, numbered, rendered, signed by the person, sealed by the body.

Signing works outside any transaction: claim, sign, then complete what was claimed. A crash in between leaves the
decision unsigned, and it can be signed again once the claim has lapsed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Select, or_, select, update

from allocapp.access import READABLE_BELOW, Action, held_grants, load_decision, may_on_decision, units_reached
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import (
    ContentChanged,
    SignatureClaimed,
    SigningKeyMissing,
    StaleVersion,
    StoredFileDamaged,
    TransitionNotAllowed,
)
from allocapp.models.account import Account
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import (
    Decision,
    DecisionFile,
    RegisterEntry,
    SignerRole,
    SigningKey,
    Stage,
)
from allocapp.models.event import Subject
from allocapp.models.job import Job
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.content import canonical_json
from allocapp.rules.workflow import (
    DecisionAction,
    DecisionState,
    PlanState,
    decision_actions,
    next_decision_state,
)
from allocapp.services.issue import carry_out, lock_units
from allocapp.services.job import newest_job, request_job, retry_job
from allocapp.services.journal import record_event
from allocapp.services.register import take_number
from allocapp.services.road import require_open
from allocapp.services.sheet import Sheet, read_sheet
from allocapp.services.signer import delegates_key, may_sign, require_signer, signer_block
from allocapp.services.snapshot import Effect, build_snapshot, decision_in_force, decision_subject, effect_of
from allocapp.services.transition import DECISION_RIGHTS, checked_reason, move_decision

RENDER_JOB = "render_decision"
CLAIM = timedelta(minutes=2)

RIGHTS = DECISION_RIGHTS
# what each signature is put on, what it makes, and the step it is
SIGNATURES: Mapping[SignerRole, tuple[Stage, Stage, DecisionAction]] = {
    SignerRole.PERSON: (Stage.RENDERED, Stage.SIGNED, DecisionAction.SIGN),
    SignerRole.BODY: (Stage.SIGNED, Stage.SEALED, DecisionAction.SEAL),
}


@dataclass(frozen=True)
class Claim:
    """The right to put one signature on one file, until ``until``."""

    decision_id: int
    role: SignerRole
    pdf: bytes
    pkcs12: bytes
    until: datetime


def prepare_decision(plan: Plan, *, actor: Account, now: datetime) -> Decision:
    """Make the decision on an approved plan, for the clerk to number; a revision's names the one it changes."""
    effect = Effect()
    if plan.relation is not None and plan.based_on is not None:
        effect = Effect(plan.relation, decision_in_force(plan.based_on), plan.revision_reason)
    return make_decision(plan, effect, "prepare", actor=actor, now=now)


def make_decision(
    plan: Plan, effect: Effect, act: str, *, actor: Account, now: datetime, reason: str = "", capacity: str = ""
) -> Decision:
    """Make a decision with that effect on the plan, for the clerk to number. ``act`` is what the journal calls it."""
    decision = Decision(
        plan=plan,
        unit=plan.unit,
        state=DecisionState.PREPARED,
        version=1,
        kind=effect.kind,
        affects=effect.affected,
        revoke_reason=effect.reason if effect.kind is DecisionKind.REVOKE else "",
        created_at=now,
        subject=decision_subject(read_sheet(plan), effect),
    )
    db.session.add(decision)
    db.session.flush()  # its id is needed for the journal
    record_event(
        Subject.DECISION,
        decision.id,
        act,
        actor=actor,
        now=now,
        unit_id=decision.unit_id,
        to_state=decision.state.value,
        reason=reason,
        capacity=capacity,
    )
    return decision


def living_decision(plan: Plan) -> Decision | None:
    """The decision that puts the plan in force and is neither refused nor withdrawn; there is at most one."""
    return db.session.scalar(_living(plan))


def revoking_decision(plan: Plan) -> Decision | None:
    """The decision that revokes the plan, or is on its way to; there is at most one."""
    return db.session.scalar(_living(plan, revoking=True))


def withdraw_prepared_decision(
    plan: Plan, *, actor: Account, now: datetime, reason: str, revoking: bool = False
) -> Decision | None:
    """Take back the decision of a plan that is reopened, or the one that was to revoke it.

    None where there is none. Raises TransitionNotAllowed once it has a number.
    """
    locked = _living(plan, revoking=revoking).with_for_update(of=Decision).execution_options(populate_existing=True)
    decision = db.session.scalar(locked)
    if decision is not None:
        move_decision(decision, DecisionAction.WITHDRAW, actor=actor, now=now, reason=reason)
    return decision


def list_decisions(account: Account, *, today: date) -> Sequence[Decision]:
    """The decisions the account may read, newest first: those of units in its reach, and those in force above it."""
    reached = select(Unit.id).where(units_reached(account, Action.VIEW_DECISION, today))
    above = {unit_id for grant in held_grants(account, today) for unit_id in (*grant.unit.ancestor_ids, grant.unit_id)}
    readable = or_(
        Decision.unit_id.in_(reached),
        Decision.unit_id.in_(above) & Decision.state.in_(READABLE_BELOW),
    )
    return db.session.scalars(select(Decision).where(readable).order_by(Decision.id.desc())).all()


def number_decision(
    decision_id: int, *, version: int, dated: date, signer: int | None = None, actor: Account, now: datetime
) -> Decision:
    """Take the next number of the unit's register, freeze the snapshot, and ask for the PDF: all or nothing.

    ``signer`` is the delegation by which somebody else signs for the leader. Raises DateNotAllowed, DelegationOver,
    ContentChanged when the approval has lapsed because the content moved, StaleVersion, TransitionNotAllowed, NotFound,
    Forbidden.
    """
    decision = _load(decision_id, DecisionAction.NUMBER, actor, now, version=version)
    sheet = read_sheet(decision.plan)
    if _lapsed(decision, sheet):
        raise ContentChanged
    entry = take_number(decision, dated, actor=actor, now=now)
    effect = effect_of(decision)
    snapshot = build_snapshot(sheet, effect, number=entry.number, symbol=entry.symbol, dated=dated)
    snapshot["signer"] = signer_block(snapshot["signer"], decision.unit, signer, today=local_day(now))
    decision.number, decision.symbol, decision.dated = entry.number, entry.symbol, dated
    decision.subject = entry.subject = str(snapshot["subject"])
    decision.snapshot = canonical_json(snapshot)
    decision.snapshot_hash = hashlib.sha256(decision.snapshot.encode()).hexdigest()
    decision.numbered_at, decision.numbered_by = now, actor
    move_decision(decision, DecisionAction.NUMBER, actor=actor, now=now)
    request_job(RENDER_JOB, decision.id, cause="numbered", now=now)
    return decision


def refuse_decision(decision_id: int, *, version: int, reason: str, actor: Account, now: datetime) -> Decision:
    """Refuse a numbered decision before it is signed: its number is voided with the reason, a new one prepared.

    One that is signed can be refused only where the approval has lapsed since, so that it may not be sealed any more.
    """
    decision = _load(decision_id, DecisionAction.REFUSE, actor, now, version=version)
    if decision.state is DecisionState.SIGNED and not approval_lapsed(decision):
        raise TransitionNotAllowed(decision.state, DecisionAction.REFUSE)
    reason = checked_reason(DecisionAction.REFUSE, reason)
    if decision.claimed_until and decision.claimed_until > now:
        raise SignatureClaimed
    entry = db.session.scalars(select(RegisterEntry).where(RegisterEntry.decision_id == decision.id)).one()
    entry.voided_at, entry.void_reason = now, reason
    decision.void_reason = reason
    move_decision(decision, DecisionAction.REFUSE, actor=actor, now=now, reason=reason)
    db.session.flush()  # the refused one must stop being the plan's living decision before the next is made
    again = effect_of(decision)
    return make_decision(decision.plan, again, "prepare", actor=actor, now=now)


def approval_lapsed(decision: Decision) -> bool:
    """Whether what was approved has moved since, so that the decision must not be signed or sealed any more."""
    return _lapsed(decision, read_sheet(decision.plan))


def _lapsed(decision: Decision, sheet: Sheet) -> bool:
    # a revocation puts no figures in force
    return decision.kind is not DecisionKind.REVOKE and sheet.content_hash != decision.plan.approved_hash


def retry_render(decision_id: int, *, actor: Account, now: datetime) -> Decision:
    """Render again what failed to be rendered."""
    today = local_day(now)
    decision = load_decision(actor, decision_id, Action.RETRY_RENDER, today=today, lock=True)
    next_decision_state(decision.state, DecisionAction.RENDER)
    job = render_job(decision)
    if job is None:
        request_job(RENDER_JOB, decision.id, cause="retried", now=now)
    else:
        retry_job(job)
    record_event(Subject.DECISION, decision.id, "retry_render", actor=actor, now=now, unit_id=decision.unit_id)
    return decision


def frozen_snapshot(decision: Decision) -> str | None:
    """The snapshot a numbered decision is rendered from; None before. Raises StoredFileDamaged if its hash differs."""
    if decision.snapshot is None:
        return None
    if hashlib.sha256(decision.snapshot.encode()).hexdigest() != decision.snapshot_hash:
        raise StoredFileDamaged
    return decision.snapshot


def complete_render(decision_id: int, pdf: bytes, *, now: datetime) -> None:
    """Keep the rendered PDF. Nothing happens when it was rendered already, or refused in the meantime."""
    locked = select(Decision).where(Decision.id == decision_id).with_for_update(of=Decision)
    decision = db.session.scalar(locked.execution_options(populate_existing=True))
    if decision is None or decision.state is not DecisionState.NUMBERED:
        return
    _keep_file(decision, Stage.RENDERED, pdf, now)
    move_decision(decision, DecisionAction.RENDER, actor=None, now=now)


def claim_signature(
    decision_id: int, role: SignerRole, *, version: int, keys: Path, actor: Account, now: datetime
) -> Claim:
    """Claim the decision for one signature: two clicks or two people give one.

    ``keys`` is the folder of the signing keys. Raises SignatureClaimed, ContentChanged where the approval has lapsed,
    SigningKeyMissing, StaleVersion, StoredFileDamaged, TransitionNotAllowed, NotFound, Forbidden.
    """
    before, _, action = SIGNATURES[role]
    decision = _load(decision_id, action, actor, now, version=version)
    if decision.claimed_until and decision.claimed_until > now:
        raise SignatureClaimed
    if approval_lapsed(decision):
        raise ContentChanged
    if role is SignerRole.PERSON:
        require_signer(decision, actor, local_day(now))
    pkcs12 = _signing_key(decision, role, keys)
    decision.claimed_until = now + CLAIM
    found = read_file(decision, before)
    assert found is not None, "a decision in this state has its file"
    if hashlib.sha256(found.content).hexdigest() != found.sha256:
        raise StoredFileDamaged
    return Claim(decision.id, role, found.content, pkcs12, decision.claimed_until)


def complete_signature(claim: Claim, pdf: bytes, *, actor: Account, now: datetime) -> Decision:
    """Keep the signed file. The body's seal issues the decision and puts its plan in force.

    Raises SignatureClaimed when the claim lapsed and somebody else took it, ContentChanged when the approval lapsed.
    """
    _, after, action = SIGNATURES[claim.role]
    decision = _load(claim.decision_id, action, actor, now)
    if decision.claimed_until != claim.until:
        raise SignatureClaimed
    if approval_lapsed(decision):
        raise ContentChanged
    _keep_file(decision, after, pdf, now)
    decision.claimed_until = None
    move_decision(decision, action, actor=actor, now=now)
    if claim.role is SignerRole.PERSON:
        decision.signed_at, decision.signed_by = now, actor
    else:
        decision.sealed_at, decision.sealed_by = now, actor
        carry_out(decision, actor=actor, now=now)
    return decision


def release_signature(claim: Claim) -> None:
    """Give a claim up after a wrong passphrase or a failure, so that the signer can try again at once."""
    db.session.execute(
        update(Decision)
        .where(Decision.id == claim.decision_id, Decision.claimed_until == claim.until)
        .values(claimed_until=None)
    )


def decision_actions_for(decision: Decision, account: Account, today: date) -> frozenset[DecisionAction]:
    """What the account may do with the decision now: state and right together."""
    actions = {
        action
        for action in decision_actions(decision.state)
        if action in RIGHTS and may_on_decision(account, RIGHTS[action], decision, today)
    }
    if DecisionAction.SIGN in actions and not may_sign(decision, account, today):
        actions.discard(DecisionAction.SIGN)
    if actions and decision.state in (DecisionState.RENDERED, DecisionState.SIGNED):
        if approval_lapsed(decision):
            actions -= {DecisionAction.SIGN, DecisionAction.SEAL}  # it can only be refused
        elif decision.state is DecisionState.SIGNED:
            actions.discard(DecisionAction.REFUSE)
    return frozenset(actions)


def read_file(decision: Decision, stage: Stage | None = None) -> DecisionFile | None:
    """The decision's file at that stage, or at the furthest it has reached."""
    files = {
        file.stage: file
        for file in db.session.scalars(select(DecisionFile).where(DecisionFile.decision_id == decision.id))
    }
    for wanted in (stage,) if stage else (Stage.SEALED, Stage.SIGNED, Stage.RENDERED):
        if wanted in files:
            return files[wanted]
    return None


def render_job(decision: Decision) -> Job | None:
    """The job that renders the decision, with its state and, where it failed, the reason."""
    return newest_job(RENDER_JOB, decision.id)


def _living(plan: Plan, *, revoking: bool = False) -> Select[Decision]:
    ended = (DecisionState.VOIDED, DecisionState.WITHDRAWN)
    kind = Decision.kind == DecisionKind.REVOKE if revoking else Decision.kind != DecisionKind.REVOKE
    return select(Decision).where(Decision.plan_id == plan.id, Decision.state.not_in(ended), kind)


def _load(
    decision_id: int, action: DecisionAction, actor: Account, now: datetime, *, version: int | None = None
) -> Decision:
    _lock_before(decision_id, action)
    decision = load_decision(actor, decision_id, RIGHTS[action], today=local_day(now), lock=True)
    require_open(decision.plan.campaign)
    next_decision_state(decision.state, action)
    if version is not None and version != decision.version:
        raise StaleVersion(decision.version)
    return decision


def _lock_before(decision_id: int, action: DecisionAction) -> None:
    """Units, then the plans concerned from the oldest on, before the decision: so no two steps wait for each other."""
    plan = db.session.scalar(select(Plan).join(Decision, Decision.plan_id == Plan.id).where(Decision.id == decision_id))
    if plan is None:
        return
    lock_units(plan, with_superior=action is DecisionAction.SEAL)
    of_unit = (Plan.campaign_id == plan.campaign_id) & (Plan.unit_id == plan.unit_id)
    concerned = or_(Plan.id == plan.id, of_unit & (Plan.state == PlanState.ISSUED))
    locked = select(Plan).where(concerned).order_by(Plan.id).with_for_update(of=Plan)
    db.session.scalars(locked.execution_options(populate_existing=True)).all()


def _signing_key(decision: Decision, role: SignerRole, keys: Path) -> bytes:
    unit, own = decision.unit, delegates_key(decision) if role is SignerRole.PERSON else ""
    of_role = select(SigningKey.filename).where(SigningKey.unit_id == unit.id, SigningKey.role == role)
    name = own or db.session.scalar(of_role)
    if not name:
        raise SigningKeyMissing(unit.name, role.value)
    try:
        return (keys / name).read_bytes()
    except OSError:
        raise SigningKeyMissing(own or unit.name, role.value) from None


def _keep_file(decision: Decision, stage: Stage, pdf: bytes, now: datetime) -> None:
    db.session.add(
        DecisionFile(
            decision_id=decision.id,
            stage=stage,
            sha256=hashlib.sha256(pdf).hexdigest(),
            content=pdf,
            created_at=now,
        )
    )
