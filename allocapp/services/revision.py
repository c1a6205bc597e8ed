"""Revising a plan that has been issued: a copy runs the same road, and the old one stays in force until then.

A revision that nobody wants any more is discarded while its preparer has it; whatever was issued stays for good.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, literal, select, update

from allocapp.access import READABLE_BELOW, Action, load_plan
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import (
    ReasonRequired,
    RevisionUnderWay,
    RevocationUnderWay,
    TextTooLong,
    TransitionNotAllowed,
)
from allocapp.models.account import Account
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision
from allocapp.models.event import Subject
from allocapp.models.opinion import AdjustmentRequest, OpinionRound, RequestState
from allocapp.models.plan import ExpectationProposal, Plan, PlanHold, PlanMilestone, PlanTarget, Verdict
from allocapp.rules.workflow import DecisionState, PlanAction, PlanState
from allocapp.services.decision import revoking_decision
from allocapp.services.issue import lock_units
from allocapp.services.journal import record_event
from allocapp.services.road import load_for, require_open
from allocapp.services.transition import REASON_LIMIT, checked_reason, move_plan

RELATIONS = (DecisionKind.AMEND, DecisionKind.REPLACE)
# on no way any more: in force, or over
SETTLED = (PlanState.ISSUED, PlanState.SUPERSEDED, PlanState.REVOKED, PlanState.DISCARDED)

# what a revision begins with, column by column; a cell's own history begins anew
_COPIED: Sequence[tuple[type[PlanTarget | PlanHold | PlanMilestone | ExpectationProposal], tuple[str, ...]]] = (
    (PlanTarget, ("unit_id", "indicator_id", "position", "target", "excuse")),
    (PlanHold, ("unit_id", "account_id", "reason", "held_at")),
    (PlanMilestone, ("unit_id", "indicator_id", "due", "target")),
    (
        ExpectationProposal,
        (
            "unit_id", "indicator_id", "weight", "services", "reason", "proposed_by_id", "proposed_at", "verdict",
            "decided_by_id", "decided_at",
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Revision:
    """One revision of a unit's plan: the decision that put it in force or is to, and the one that revokes it."""

    plan: Plan
    decision: Decision | None
    revoked_by: Decision | None


def revise_plan(plan_id: int, *, reason: str, relation: DecisionKind | None, actor: Account, now: datetime) -> Plan:
    """Begin the next revision of a plan in force: a draft with its targets, excuses, holds, milestones and accepted
    proposals. ``relation`` is what its decision will do to the one in force: amend or replace it.

    A plan that was revoked is begun anew in the same way; its decision then assigns, whatever ``relation`` says. Raises
    ReasonRequired, TextTooLong, RevisionUnderWay, RevocationUnderWay, TransitionNotAllowed, CampaignNotOpen, NotFound,
    Forbidden.
    """
    today = local_day(now)
    lock_units(load_plan(actor, plan_id, Action.OPEN_PLAN, today=today), with_superior=False)
    plan = load_plan(actor, plan_id, Action.OPEN_PLAN, today=today, lock=True)
    require_open(plan.campaign)
    _require_free(plan)
    reason = _checked(reason)
    if plan.state is PlanState.ISSUED and relation not in RELATIONS:
        raise ValueError(f"a revision of a plan in force amends or replaces: {relation}")
    revision = _copy_plan(plan, reason, relation if plan.state is PlanState.ISSUED else None, actor, now)
    record_event(
        Subject.PLAN,
        revision.id,
        "revise",
        actor=actor,
        now=now,
        unit_id=plan.unit_id,
        to_state=revision.state.value,
        reason=reason,
    )
    return revision


def discard_revision(plan_id: int, *, version: int, reason: str, actor: Account, now: datetime) -> Plan:
    """Give up a revision that its preparer has; it stays readable, and the plan in force stays what it is.

    Raises ReasonRequired, TransitionNotAllowed also for a plan that is no revision, and as load_for does.
    """
    plan = load_for(plan_id, PlanAction.DISCARD, actor, now, version=version)
    if plan.revision == 1:
        raise TransitionNotAllowed(plan.state, PlanAction.DISCARD)
    reason = checked_reason(PlanAction.DISCARD, reason)
    # nobody is asked about it any more
    still_asked = (OpinionRound.plan_id == plan.id) & OpinionRound.closed_at.is_(None)
    db.session.execute(update(OpinionRound).where(still_asked).values(closed_at=now))
    _reopen_requests(plan)
    return move_plan(plan, PlanAction.DISCARD, actor=actor, now=now, reason=reason)


def revision_on_its_way(plan: Plan) -> Plan | None:
    """The revision of the unit's plan that is neither in force nor over; there is at most one."""
    of_unit = (Plan.campaign_id == plan.campaign_id) & (Plan.unit_id == plan.unit_id)
    return db.session.scalar(select(Plan).where(of_unit, Plan.state.not_in(SETTLED)))


def may_be_revised(plan: Plan) -> bool:
    """Whether the plan is the one in force, or the last one and revoked, so that the next can begin as its copy."""
    if plan.state is PlanState.ISSUED:
        return True
    of_unit = (Plan.campaign_id == plan.campaign_id) & (Plan.unit_id == plan.unit_id)
    later = select(Plan.id).where(of_unit, Plan.revision > plan.revision, Plan.state != PlanState.DISCARDED)
    return plan.state is PlanState.REVOKED and db.session.scalar(later.limit(1)) is None


def read_chain(plan: Plan) -> list[Revision]:
    """Every revision of the unit's plan in the campaign, from the first on, with its decisions; two statements."""
    of_unit = (Plan.campaign_id == plan.campaign_id) & (Plan.unit_id == plan.unit_id)
    plans = db.session.scalars(select(Plan).where(of_unit).order_by(Plan.revision)).all()
    ended = (DecisionState.VOIDED, DecisionState.WITHDRAWN)
    decisions = db.session.scalars(
        select(Decision).where(Decision.plan_id.in_([one.id for one in plans]), Decision.state.not_in(ended))
    ).all()
    putting = {found.plan_id: found for found in decisions if found.kind is not DecisionKind.REVOKE}
    revoking = {found.plan_id: found for found in decisions if found.kind is DecisionKind.REVOKE}
    return [Revision(one, putting.get(one.id), revoking.get(one.id)) for one in plans]


def affected_by(decision: Decision) -> Sequence[Decision]:
    """The decisions issued since that amend, replace or revoke this one, oldest first.

    What amends an amendment amends the first one too, and what replaces or revokes the last one replaces them all.
    """
    found: list[Decision] = []
    changed = [decision.id]
    while changed:
        later = db.session.scalars(
            select(Decision)
            .where(Decision.affects_id.in_(changed), Decision.state.in_(READABLE_BELOW))
            .order_by(Decision.id)
        ).all()
        found += later
        changed = [one.id for one in later if one.kind is DecisionKind.AMEND]
    return found


def _reopen_requests(revision: Plan) -> None:
    """Requests for adjustment that were accepted into it wait again: the newest of each, where none is open since."""
    accepted = db.session.scalars(
        select(AdjustmentRequest)
        .where(AdjustmentRequest.revision_id == revision.id, AdjustmentRequest.state == RequestState.ACCEPTED)
        .order_by(AdjustmentRequest.id)
    ).all()
    if not accepted:
        return
    waiting = select(AdjustmentRequest.unit_id, AdjustmentRequest.indicator_id).join(
        Plan, Plan.id == AdjustmentRequest.plan_id
    )
    of_unit = (Plan.campaign_id == revision.campaign_id) & (Plan.unit_id == revision.unit_id)
    found = db.session.execute(waiting.where(of_unit, AdjustmentRequest.state == RequestState.OPEN))
    still_open = {(unit_id, indicator_id) for unit_id, indicator_id in found}
    for key, request in {(one.unit_id, one.indicator_id): one for one in accepted}.items():
        if key not in still_open:
            request.state, request.answer, request.revision_id = RequestState.OPEN, "", None
            request.answered_by, request.answered_at = None, None


def _require_free(plan: Plan) -> None:
    """Nothing else is on its way to take the plan's place. Raises RevisionUnderWay and as revise_plan does."""
    other = revision_on_its_way(plan)
    if other is not None:
        raise RevisionUnderWay(other.id, other.revision)
    if not may_be_revised(plan):
        raise TransitionNotAllowed(plan.state, "revise")
    revoking = revoking_decision(plan) if plan.state is PlanState.ISSUED else None
    if revoking is not None:
        raise RevocationUnderWay(revoking.id)


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise ReasonRequired
    if len(reason) > REASON_LIMIT:
        raise TextTooLong(REASON_LIMIT)
    return reason


def _copy_plan(plan: Plan, reason: str, relation: DecisionKind | None, actor: Account, now: datetime) -> Plan:
    of_unit = (Plan.campaign_id == plan.campaign_id) & (Plan.unit_id == plan.unit_id)
    last = db.session.scalars(select(func.max(Plan.revision)).where(of_unit)).one()
    revision = Plan(
        campaign=plan.campaign,
        unit=plan.unit,
        revision=last + 1,
        version=1,
        state=PlanState.DRAFT,
        created_at=now,
        changed_at=now,
        changed_by=actor,
        buffer_reason=plan.buffer_reason,
        based_on=plan,
        revision_reason=reason,
        relation=relation,
    )
    db.session.add(revision)
    db.session.flush()  # its id is given to its rows
    for table, names in _COPIED:
        own = {"plan_id": literal(revision.id)} | ({"version": literal(1)} if table is PlanTarget else {})
        rows = select(*own.values(), *(getattr(table, name) for name in names)).where(table.plan_id == plan.id)
        if table is ExpectationProposal:
            rows = rows.where(ExpectationProposal.verdict == Verdict.ACCEPTED)
        db.session.execute(insert(table).from_select([*own, *names], rows))
    return revision
