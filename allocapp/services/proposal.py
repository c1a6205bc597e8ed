"""Proposed weights and service sets: a preparer asks with a reason, the approver decides, only then they bind.

A plan has to balance under the weights that bind, so a proposal never helps a plan through by itself.

When a proposal is decided on:

- while the plan is a draft or returned, because the preparer asks beforehand: an accepted one binds at once, and
  whoever is typing finds the content changed under their hands when they submit;
- while the plan is submitted or in review: the submission is bound to its content hash. A decision that moves a binding
  weight is taken only on exactly what was submitted, must leave the plan balanced, and binds the submission to the new
  hash. Nothing else can slip in, because the hash before was the submitted one; and the plan's version moves on, so
  that nobody approves from a page that shows the old weights.

Afterwards it can no longer be decided on. A proposal that is still open when the plan is approved does not bind.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from sqlalchemy import select

from allocapp.access import Action, acting_on_plan, capacity_on_plan, load_plan, may_on_plan
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import (
    ContentChanged,
    NotFound,
    NothingProposed,
    ProposalSettled,
    ProposerMayNotDecide,
    ReasonRequired,
    StaleVersion,
    TextTooLong,
    TransitionNotAllowed,
    UnknownRow,
    UnknownServices,
)
from allocapp.models.account import Account
from allocapp.models.campaign import Expectation, Indicator
from allocapp.models.event import Subject
from allocapp.models.plan import ExpectationProposal, Plan, Verdict
from allocapp.models.results import Service
from allocapp.models.unit import Unit
from allocapp.rules.balance import Kind, RollUp
from allocapp.rules.content import content_hash
from allocapp.rules.percent import format_count
from allocapp.rules.weights import weight_gap
from allocapp.rules.workflow import PlanAction, PlanState, plan_actions
from allocapp.services.journal import record_event
from allocapp.services.plan import require_balance
from allocapp.services.road import load_for, require_open, require_reviewer
from allocapp.services.sheet import Cell, Sheet, read_cells, read_sheet

REASON_LIMIT: Final = 1000
ACTIONS: Final = ("propose", "withdraw_proposal", "accept_proposal", "refuse_proposal")
"""What the journal calls the acts of this module."""

# the national short form of a service's code, `1.004194`, of the longer `1.004194.000.00.00.H37`
_SHORT_CODE: Final = re.compile(r"([0-9]+\.[0-9]+)(?:\..*)?")


@dataclass(frozen=True)
class WeightGap:
    """An indicator whose receivers' binding weights do not add up to the unit's own; ``gap`` > 0: they are too many."""

    indicator: Indicator
    own: int
    children: int
    gap: int


def propose_expectation(
    plan_id: int,
    unit_id: int,
    indicator_id: int,
    *,
    weight: int | None = None,
    services: Collection[str] | None = None,
    reason: str,
    actor: Account,
    now: datetime,
) -> ExpectationProposal:
    """Ask for another weight (a sum) or service set (distinct services, by code) for a receiver, with a reason.

    One that was not accepted is replaced. Raises ReasonRequired, TextTooLong, UnknownServices, NothingProposed,
    ProposalSettled, UnknownRow, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    cell, indicator = _cell(plan, unit_id, indicator_id)
    reason = _checked(reason)
    listed = _service_ids(services) if services is not None else []
    given = services is not None if indicator.rollup is RollUp.DISTINCT else weight is not None
    if indicator.kind is not Kind.RATE or not given:
        raise NotFound  # a quantity has no weights, and neither kind takes what belongs to the other
    size = len(listed) if indicator.rollup is RollUp.DISTINCT else weight or 0
    if (size, frozenset(listed)) == (cell.weight, cell.services):
        raise NothingProposed
    proposal = cell.proposal
    if proposal is None:
        proposal = ExpectationProposal(plan_id=plan.id, unit_id=unit_id, indicator_id=indicator_id)
        db.session.add(proposal)
    elif proposal.verdict is Verdict.ACCEPTED:
        raise ProposalSettled
    elif proposal.verdict is Verdict.OPEN and (proposal.weight, proposal.services, proposal.reason) == (
        size,
        listed,
        reason,
    ):
        return proposal  # the form sent twice
    proposal.weight, proposal.services, proposal.reason = size, listed, reason
    proposal.proposed_by, proposal.proposed_at = actor, now
    proposal.verdict, proposal.decided_by, proposal.decided_at = Verdict.OPEN, None, None
    record_event(
        Subject.PLAN,
        plan.id,
        "propose",
        actor=actor,
        now=now,
        unit_id=plan.unit_id,
        reason=f"{_told(cell, indicator, size, listed)}. {reason}",
    )
    return proposal


def withdraw_proposal(plan_id: int, proposal_id: int, *, actor: Account, now: datetime) -> None:
    """Take back a proposal that was not accepted. Raises ProposalSettled, NotFound and as propose_expectation does."""
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    proposal = _proposal(plan, proposal_id)
    if proposal.verdict is Verdict.ACCEPTED:
        raise ProposalSettled
    cell, indicator = _cell(plan, proposal.unit_id, proposal.indicator_id)
    told = _told(cell, indicator, proposal.weight, proposal.services)
    db.session.delete(proposal)
    record_event(Subject.PLAN, plan.id, "withdraw_proposal", actor=actor, now=now, unit_id=plan.unit_id, reason=told)


def accept_proposal(plan_id: int, proposal_id: int, *, seen: str, actor: Account, now: datetime) -> Plan:
    """Let a proposal bind. ``seen`` is the ``stamp`` of the proposal as the approver saw it.

    Raises ProposerMayNotDecide, ContentChanged when the proposal was changed meanwhile or the plan is no longer what
    was submitted, StaleVersion when it is decided on already, UnbalancedPlan when a submitted plan would no longer
    balance, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan, proposal = _load_for_verdict(plan_id, proposal_id, "accept_proposal", seen=seen, actor=actor, now=now)
    if proposal.verdict is not Verdict.OPEN:
        raise StaleVersion(plan.version)
    cell, indicator = _cell(plan, proposal.unit_id, proposal.indicator_id)
    told = _told(cell, indicator, proposal.weight, proposal.services)
    _rule_on(plan, proposal, Verdict.ACCEPTED, actor, now)
    record_event(
        Subject.PLAN,
        plan.id,
        "accept_proposal",
        actor=actor,
        now=now,
        unit_id=plan.unit_id,
        reason=told,
        capacity=_capacity(plan, actor, now),
    )
    return plan


def refuse_proposal(plan_id: int, proposal_id: int, *, seen: str, reason: str, actor: Account, now: datetime) -> Plan:
    """Refuse a proposal, or take an acceptance back, with a reason: the frozen weight binds.

    Raises ReasonRequired, TextTooLong, and as accept_proposal does.
    """
    plan, proposal = _load_for_verdict(plan_id, proposal_id, "refuse_proposal", seen=seen, actor=actor, now=now)
    if proposal.verdict is Verdict.REFUSED:
        raise StaleVersion(plan.version)
    reason = _checked(reason)
    cell, indicator = _cell(plan, proposal.unit_id, proposal.indicator_id)
    told = _told(_frozen(cell), indicator, proposal.weight, proposal.services)
    _rule_on(plan, proposal, Verdict.REFUSED, actor, now)
    record_event(
        Subject.PLAN,
        plan.id,
        "refuse_proposal",
        actor=actor,
        now=now,
        unit_id=plan.unit_id,
        reason=f"{told}. {reason}",
        capacity=_capacity(plan, actor, now),
    )
    return plan


def may_decide(plan: Plan, proposal: ExpectationProposal, account: Account, now: datetime) -> bool:
    """Whether the account may accept or refuse the proposal now: right, state, and the two-person rule."""
    return _may_decide_on(plan, proposal, account, local_day(now))


def waiting_proposals(plans: Iterable[Plan], account: Account, *, today: date) -> Mapping[int, datetime]:
    """The plans with proposals that the account may decide on, by id, and since when the oldest of them waits.

    One statement, whatever the number of plans.
    """
    by_id = {plan.id: plan for plan in plans if _decidable(plan.state)}
    statement = (
        select(ExpectationProposal)
        .where(ExpectationProposal.plan_id.in_(by_id), ExpectationProposal.verdict == Verdict.OPEN)
        .order_by(ExpectationProposal.proposed_at.desc())
    )
    return {
        proposal.plan_id: proposal.proposed_at
        for proposal in db.session.scalars(statement)
        if _may_decide_on(by_id[proposal.plan_id], proposal, account, today)
    }


def stamp(proposal: ExpectationProposal) -> str:
    """What a verdict is bound to: the proposal as it was shown. It changes with every new wording and verdict."""
    return content_hash(
        {
            "weight": proposal.weight,
            "services": sorted(proposal.services),
            "reason": proposal.reason,
            "at": proposal.proposed_at.isoformat(),
            "verdict": proposal.verdict.value,
        }
    )


def as_frozen(sheet: Sheet) -> Sheet:
    """The sheet under the campaign's frozen weights alone, whatever was accepted."""
    return replace(
        sheet,
        rows=tuple(replace(row, cells=tuple(_frozen(cell) for cell in row.cells)) for row in sheet.rows),
    )


def weight_gaps(sheet: Sheet) -> tuple[WeightGap, ...]:
    """The indicators whose receivers' weights do not add up to those of the plan's unit. Sums of rates only.

    The unit's own weight is the one its superior's plan in force binds it to (a proposal accepted there), else the
    frozen one; a unit without an expectation is not compared.
    """
    own = _own_weights(sheet)
    gaps = []
    for position, column in enumerate(sheet.indicators):
        weight = own.get(column.indicator.id)
        if weight is None or column.rule.kind is not Kind.RATE or column.rule.rollup is not RollUp.SUMS:
            continue
        children = [row.cells[position].weight for row in sheet.rows]
        if gap := weight_gap(weight, children):
            gaps.append(WeightGap(column.indicator, weight, sum(children), gap))
    return tuple(gaps)


def services_by_id(ids: Iterable[int]) -> Mapping[int, Service]:
    """The services of these ids, by id, in the order of their codes."""
    wanted = sorted(set(ids))
    found = db.session.scalars(select(Service).where(Service.id.in_(wanted)).order_by(Service.code))
    return {service.id: service for service in found}


def _frozen(cell: Cell) -> Cell:
    return replace(cell, weight=cell.frozen_weight, services=cell.frozen_services)


def _own_weights(sheet: Sheet) -> dict[int, int]:
    plan = sheet.plan
    frozen = select(Expectation.indicator_id, Expectation.weight).where(
        Expectation.campaign_id == plan.campaign_id, Expectation.unit_id == plan.unit_id
    )
    weights = dict(db.session.execute(frozen).all())
    if sheet.superior is not None:
        accepted = select(ExpectationProposal.indicator_id, ExpectationProposal.weight).where(
            ExpectationProposal.plan_id == sheet.superior.id,
            ExpectationProposal.unit_id == plan.unit_id,
            ExpectationProposal.verdict == Verdict.ACCEPTED,
        )
        weights |= dict(db.session.execute(accepted).all())
    return weights


def _load_for_verdict(
    plan_id: int, proposal_id: int, action: str, *, seen: str, actor: Account, now: datetime
) -> tuple[Plan, ExpectationProposal]:
    """Lock the plan, authorise the approver, and check that the proposal is the one they saw."""
    plan = load_plan(actor, plan_id, Action.APPROVE_PLAN, today=local_day(now), lock=True)
    require_open(plan.campaign)
    if not _decidable(plan.state):
        raise TransitionNotAllowed(plan.state, action)
    require_reviewer(plan, actor)
    proposal = _proposal(plan, proposal_id)
    if _concerned(plan, proposal, actor, local_day(now)):
        raise ProposerMayNotDecide
    if stamp(proposal) != seen:
        raise ContentChanged
    return plan, proposal


def _decidable(state: PlanState) -> bool:
    """Until the plan is approved: where it could still be submitted or approved."""
    return bool({PlanAction.SUBMIT, PlanAction.APPROVE} & plan_actions(state))


def _may_decide_on(plan: Plan, proposal: ExpectationProposal, account: Account, today: date) -> bool:
    return (
        _decidable(plan.state)
        and may_on_plan(account, Action.APPROVE_PLAN, plan, today)
        and not _concerned(plan, proposal, account, today)
    )


def _concerned(plan: Plan, proposal: ExpectationProposal, account: Account, today: date) -> bool:
    """Whether the account, or whose place it takes, stands on the asking side: proposed, or submitted for review."""
    under_review = PlanAction.APPROVE in plan_actions(plan.state)
    lent = acting_on_plan(account, Action.APPROVE_PLAN, plan, today)
    deciding = {account.id, lent.grant.account_id if lent else account.id}
    return proposal.proposed_by_id in deciding or (under_review and plan.submitted_by_id in deciding)


def _capacity(plan: Plan, actor: Account, now: datetime) -> str:
    return capacity_on_plan(actor, Action.APPROVE_PLAN, plan, local_day(now))


def _rule_on(plan: Plan, proposal: ExpectationProposal, verdict: Verdict, actor: Account, now: datetime) -> None:
    """Write the verdict; where it moves a binding weight under review, bind the submission to the new content."""
    moves = Verdict.ACCEPTED in (verdict, proposal.verdict)
    under_review = PlanAction.APPROVE in plan_actions(plan.state)
    if moves and under_review and read_sheet(plan).content_hash != plan.submitted_hash:
        raise ContentChanged
    proposal.verdict, proposal.decided_by, proposal.decided_at = verdict, actor, now
    if not moves:
        return
    plan.version += 1
    plan.changed_at, plan.changed_by = now, actor
    if not under_review:
        return
    db.session.flush()  # the sheet is read from the database
    sheet = read_sheet(plan)
    require_balance(sheet)
    plan.submitted_hash = sheet.content_hash


def _cell(plan: Plan, unit_id: int, indicator_id: int) -> tuple[Cell, Indicator]:
    cell = read_cells(plan, unit_id).get((unit_id, indicator_id))
    if cell is None:
        raise UnknownRow(((unit_id, indicator_id),))
    return cell, next(column.indicator for column in plan.campaign.indicators if column.indicator_id == indicator_id)


def _proposal(plan: Plan, proposal_id: int) -> ExpectationProposal:
    found = db.session.get(ExpectationProposal, proposal_id)
    if found is None or found.plan_id != plan.id:
        raise NotFound
    return found


def _checked(reason: str) -> str:
    reason = reason.strip()
    if not reason:
        raise ReasonRequired
    if len(reason) > REASON_LIMIT:
        raise TextTooLong(REASON_LIMIT)
    return reason


def _service_ids(codes: Collection[str]) -> list[int]:
    """The ids of the services of these codes, whole or in the national short form. Raises UnknownServices."""
    wanted = list(dict.fromkeys(code.strip() for code in codes if code.strip()))
    if not wanted:
        return []
    known = _catalogue()
    if unknown := [code for code in wanted if code not in known]:
        raise UnknownServices(", ".join(unknown))
    return sorted({known[code] for code in wanted})


def _catalogue() -> dict[str, int]:
    """Ids by code; by the short form too, where only one service has it."""
    rows: Sequence[tuple[str, int]] = [
        (code, service_id) for code, service_id in db.session.execute(select(Service.code, Service.id))
    ]
    short: dict[str, set[int]] = {}
    for code, service_id in rows:
        if found := _SHORT_CODE.fullmatch(code):
            short.setdefault(found[1], set()).add(service_id)
    return {code: ids.pop() for code, ids in short.items() if len(ids) == 1} | dict(rows)


def _told(cell: Cell, indicator: Indicator, weight: int, services: Collection[int]) -> str:
    """What the journal keeps of it, in numbers: the proposal's row itself may be replaced later."""
    unit = db.session.get(Unit, cell.unit_id)
    name = unit.name if unit else str(cell.unit_id)
    told = f"{name} · {indicator.short_name}: {format_count(cell.weight)} → {format_count(weight)}"
    if indicator.rollup is not RollUp.DISTINCT:
        return told
    proposed = set(services)
    added, removed = len(proposed - cell.services), len(cell.services - proposed)
    return f"{told} (+{added}, \N{MINUS SIGN}{removed})"
