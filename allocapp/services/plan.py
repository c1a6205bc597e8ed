"""A plan's road: opened, filled in, submitted, reviewed, returned or approved. One service for one intention.

Each one locks the plan's row, then checks right, version and source state, changes, and writes an event: all in the
caller's transaction, or nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import delete, select

from allocapp.access import Action, may_at_unit, may_on_plan
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import (
    ContentChanged,
    Forbidden,
    MayNotAllocate,
    NotFound,
    NotInSuperiorPlan,
    PlanExists,
    ReceiversChanged,
    StaleVersion,
    SubmitterMayNotApprove,
    SuperiorNotIssued,
    TextTooLong,
    UnbalancedPlan,
    UnknownRow,
)
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign
from allocapp.models.event import Subject
from allocapp.models.plan import ExpectationProposal, Plan, PlanComment, PlanHold, PlanMilestone, PlanTarget
from allocapp.models.unit import Unit
from allocapp.rules.balance import Balance
from allocapp.rules.workflow import (
    DecisionAction,
    PlanAction,
    PlanState,
    decision_actions,
    plan_actions,
)
from allocapp.services.buffer import Explanation, beyond_ceiling, require_explanation, write_explanation
from allocapp.services.cell import Edit, clashing_cells, write_all_cells
from allocapp.services.decision import living_decision, prepare_decision, withdraw_prepared_decision
from allocapp.services.journal import record_event
from allocapp.services.milestone import require_milestones
from allocapp.services.road import RIGHTS, load_for
from allocapp.services.sheet import Entry, Key, Sheet, check_sheet, read_sheet
from allocapp.services.transition import checked_reason, move_plan
from allocapp.services.unit import receivers_of

COMMENT_LIMIT = 1000


def open_plan(unit_id: int, campaign_id: int, *, actor: Account, now: datetime) -> Plan:
    """Begin the unit's plan in the campaign: a draft with one row for each receiver and indicator.

    Raises NotFound, Forbidden, PlanExists, MayNotAllocate.
    """
    today = local_day(now)
    unit, campaign = db.session.get(Unit, unit_id), db.session.get(Campaign, campaign_id)
    if unit is None or campaign is None or not may_at_unit(actor, Action.VIEW_PLAN, unit, today):
        raise NotFound
    if not may_at_unit(actor, Action.OPEN_PLAN, unit, today):
        raise Forbidden(Action.OPEN_PLAN)
    # the unit's row is locked so that two people who begin at once do not both find nothing
    db.session.execute(select(Unit.id).where(Unit.id == unit_id).with_for_update())
    if db.session.scalar(select(Plan.id).where(Plan.campaign_id == campaign_id, Plan.unit_id == unit_id)):
        raise PlanExists
    receivers = receivers_of(unit, campaign)
    if not (unit.may_allocate and receivers and unit.path.startswith(campaign.root.path)):
        raise MayNotAllocate(unit.name)
    plan = Plan(
        campaign=campaign,
        unit=unit,
        revision=1,
        version=1,
        state=PlanState.DRAFT,
        created_at=now,
        changed_at=now,
        changed_by=actor,
    )
    db.session.add(plan)
    db.session.flush()  # the plan's id is needed for its rows and its event
    _add_rows(plan, receivers)
    record_event(Subject.PLAN, plan.id, "open", actor=actor, now=now, unit_id=unit.id, to_state=PlanState.DRAFT.value)
    return plan


def _add_rows(plan: Plan, receivers: Sequence[Unit]) -> None:
    db.session.add_all(
        PlanTarget(
            plan_id=plan.id,
            unit_id=receiver.id,
            indicator_id=column.indicator_id,
            position=position,
            target=None,
            excuse="",
        )
        for position, receiver in enumerate(receivers)
        for column in plan.campaign.indicators
    )


def save_targets(plan_id: int, entries: Mapping[Key, Entry], *, version: int, actor: Account, now: datetime) -> Plan:
    """Keep what was typed, balanced or not. Every cell of the plan must be there and no other.

    A form sent twice finds its own values stored and changes nothing. Raises StaleVersion when somebody else's change
    came in between, MissingRow, UnknownRow, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    write_all_cells(plan, entries, version=version, actor=actor, now=now)
    return plan


def submit_plan(
    plan_id: int,
    entries: Mapping[Key, Entry],
    *,
    version: int,
    seen_hash: str,
    edits: Mapping[Key, Edit] | None = None,
    explanation: Explanation | None = None,
    actor: Account,
    now: datetime,
) -> Plan:
    """Keep what was typed and submit it to the superior, both or neither. It must balance.

    ``seen_hash`` is the content hash of the sheet the person typed on: if weights, T or anything else moved under the
    typing, nothing is submitted. ``edits`` are the cells that the person changed, each with the version it builds on,
    where these are known: one that somebody else changed meanwhile is left for the person to choose. ``explanation``
    is the reason for assigning more than the campaign allows, where the person was asked for it; the journal keeps it.

    Raises ContentChanged, MilestonesRefused, BufferUnexplained, and as require_balance, write_explanation and
    save_targets do.
    """
    plan = load_for(plan_id, PlanAction.SUBMIT, actor, now, version=version)
    if read_sheet(plan).content_hash != seen_hash:
        raise ContentChanged
    if clashing_cells(plan, edits or {}):
        raise StaleVersion(plan.version)
    write_all_cells(plan, entries, version=version, actor=actor, now=now)
    if explanation is not None:
        write_explanation(plan, explanation, actor=actor, now=now)
    sheet = read_sheet(plan)
    balances = require_balance(sheet)
    require_milestones(sheet)
    require_explanation(sheet, balances)
    reason = plan.buffer_reason if beyond_ceiling(sheet, balances) else ""
    move_plan(plan, PlanAction.SUBMIT, actor=actor, now=now, reason=reason)
    plan.submitted_at, plan.submitted_by, plan.submitted_hash = now, actor, sheet.content_hash
    plan.return_reason = ""
    return plan


def withdraw_plan(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Take a submission back before anybody reviews it."""
    plan = load_for(plan_id, PlanAction.WITHDRAW, actor, now, version=version)
    return move_plan(plan, PlanAction.WITHDRAW, actor=actor, now=now)


def take_plan_into_review(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Begin a review: from now on the preparer can no longer withdraw, and all see who has it."""
    plan = load_for(plan_id, PlanAction.REVIEW, actor, now, version=version)
    plan.reviewed_by = actor
    return move_plan(plan, PlanAction.REVIEW, actor=actor, now=now)


def hand_back_plan(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Give a review up, so that another approver can take it."""
    plan = load_for(plan_id, PlanAction.HAND_BACK, actor, now, version=version)
    plan.reviewed_by = None
    return move_plan(plan, PlanAction.HAND_BACK, actor=actor, now=now)


def return_plan(
    plan_id: int, *, version: int, reason: str, comments: Mapping[int, str], actor: Account, now: datetime
) -> Plan:
    """Return a submission to be mended: a reason for the whole, remarks by receiver's unit id.

    Raises ReasonRequired, TextTooLong, UnknownRow, StaleVersion, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.RETURN, actor, now, version=version)
    reason = checked_reason(PlanAction.RETURN, reason)
    remarks = {unit_id: text.strip() for unit_id, text in comments.items() if text.strip()}
    if any(len(text) > COMMENT_LIMIT for text in remarks.values()):
        raise TextTooLong(COMMENT_LIMIT)
    rows = set(db.session.scalars(select(PlanTarget.unit_id).where(PlanTarget.plan_id == plan.id)))
    if strangers := tuple((unit_id, 0) for unit_id in remarks if unit_id not in rows):
        raise UnknownRow(strangers)
    # the remarks of an earlier round were dealt with by submitting again; the journal keeps that round's reason
    db.session.execute(delete(PlanComment).where(PlanComment.plan_id == plan.id))
    db.session.add_all(
        PlanComment(plan_id=plan.id, unit_id=unit_id, account_id=actor.id, text=text, created_at=now)
        for unit_id, text in remarks.items()
    )
    plan.return_reason = reason
    plan.reviewed_by = None
    return move_plan(plan, PlanAction.RETURN, actor=actor, now=now, reason=reason)


def approve_plan(plan_id: int, *, version: int, seen_hash: str, actor: Account, now: datetime) -> Plan:
    """Approve exactly what was submitted and seen, and prepare its decision.

    Raises SubmitterMayNotApprove, ContentChanged when anything moved since, UnbalancedPlan, SuperiorNotIssued,
    StaleVersion, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.APPROVE, actor, now, version=version)
    if plan.submitted_by_id == actor.id:
        raise SubmitterMayNotApprove
    sheet = read_sheet(plan)
    if not (sheet.content_hash == seen_hash == plan.submitted_hash):
        raise ContentChanged
    require_balance(sheet)
    plan.approved_at, plan.approved_by, plan.approved_hash = now, actor, sheet.content_hash
    plan.reviewed_by = None
    move_plan(plan, PlanAction.APPROVE, actor=actor, now=now)
    prepare_decision(plan, actor=actor, now=now)
    return plan


def reopen_plan(plan_id: int, *, version: int, reason: str, actor: Account, now: datetime) -> Plan:
    """Send an approved plan back before its decision has a number. Raises ReasonRequired and as return_plan does."""
    plan = load_for(plan_id, PlanAction.REOPEN, actor, now, version=version)
    reason = checked_reason(PlanAction.REOPEN, reason)
    withdraw_prepared_decision(plan, actor=actor, now=now, reason=reason)
    plan.approved_at = plan.approved_by = plan.approved_hash = None
    plan.return_reason = reason
    return move_plan(plan, PlanAction.REOPEN, actor=actor, now=now, reason=reason)


def require_balance(sheet: Sheet) -> tuple[Balance, ...]:
    """What a submission and an approval both ask for: T is known, the rows are the receivers, all is balanced.

    Gives the balances. Raises SuperiorNotIssued, NotInSuperiorPlan, ReceiversChanged, UnbalancedPlan.
    """
    if not sheet.assigned_known:
        parent = sheet.plan.unit.parent
        name = parent.name if parent else sheet.plan.unit.name
        raise SuperiorNotIssued(name) if sheet.superior is None else NotInSuperiorPlan(name)
    missing, gone = changed_receivers(sheet)
    if missing or gone:
        raise ReceiversChanged(tuple(unit.name for unit in missing), tuple(unit.name for unit in gone))
    balances = check_sheet(sheet)
    if not all(balance.balanced for balance in balances):
        raise UnbalancedPlan(balances)
    return balances


def changed_receivers(sheet: Sheet) -> tuple[list[Unit], list[Unit]]:
    """The unit's receivers that have no row, and the rows' units that are no receivers (any more)."""
    receivers = receivers_of(sheet.plan.unit, sheet.plan.campaign)
    rows = [row.unit for row in sheet.rows]
    known, today = {unit.id for unit in rows}, {unit.id for unit in receivers}
    return [unit for unit in receivers if unit.id not in known], [unit for unit in rows if unit.id not in today]


def update_receivers(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Give a draft a row for each receiver that has none, and take away the rows of units that are none any more.

    Raises StaleVersion, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now, version=version)
    missing, gone = changed_receivers(read_sheet(plan))
    for table in (PlanTarget, PlanHold, PlanMilestone, ExpectationProposal, PlanComment):
        # what stands on such a row goes with it
        of_gone = (table.plan_id == plan.id) & table.unit_id.in_([unit.id for unit in gone])
        db.session.execute(delete(table).where(of_gone))
    _add_rows(plan, missing)
    plan.version += 1
    plan.changed_at, plan.changed_by = now, actor
    record_event(Subject.PLAN, plan.id, "update_receivers", actor=actor, now=now, unit_id=plan.unit_id)
    return plan


def plan_actions_for(plan: Plan, account: Account, today: date) -> frozenset[PlanAction]:
    """What the account may do with the plan now: state, right, the two-person rule, and the decision's state."""
    actions = {
        action
        for action in plan_actions(plan.state)
        if action in RIGHTS and may_on_plan(account, RIGHTS[action], plan, today)
    }
    if plan.submitted_by_id == account.id:
        actions.discard(PlanAction.APPROVE)
    if PlanAction.REOPEN in actions:
        decision = living_decision(plan)
        if decision is not None and DecisionAction.WITHDRAW not in decision_actions(decision.state):
            actions.discard(PlanAction.REOPEN)
    return frozenset(actions)
