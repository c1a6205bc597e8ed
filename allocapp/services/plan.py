"""A plan on its unit's side: opened, filled in, submitted, withdrawn. One service for one intention.

Each one locks the plan's row, then checks right, version and source state, changes, and writes an event: all in the
caller's transaction, or nothing of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select

from allocapp.access import Action, may_at_unit, plan_right
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import (
    ContentChanged,
    Forbidden,
    InternalStepsMissing,
    MayNotAllocate,
    NotFound,
    NotInSuperiorPlan,
    PlanExists,
    ReceiversChanged,
    StaleVersion,
    SuperiorNotIssued,
    UnbalancedPlan,
)
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign
from allocapp.models.event import Subject
from allocapp.models.notice import NoticeKind
from allocapp.models.plan import ExpectationProposal, Plan, PlanComment, PlanHold, PlanMilestone, PlanTarget
from allocapp.models.unit import Unit
from allocapp.rules.balance import Balance
from allocapp.rules.workflow import PlanAction, PlanState, next_plan_state
from allocapp.services.buffer import Explanation, beyond_ceiling, require_explanation, write_explanation
from allocapp.services.cell import Edit, clashing_cells, write_all_cells
from allocapp.services.journal import record_event
from allocapp.services.milestone import require_milestones
from allocapp.services.notice import notify, people_with
from allocapp.services.opinion import require_opinions_settled
from allocapp.services.road import load_for, require_open
from allocapp.services.sheet import Entry, Key, Sheet, check_sheet, read_sheet
from allocapp.services.step import steps_of
from allocapp.services.submission import write_submission
from allocapp.services.transition import move_plan
from allocapp.services.unit import receivers_of


def open_plan(unit_id: int, campaign_id: int, *, actor: Account, now: datetime) -> Plan:
    """Begin the unit's plan in the campaign: a draft with one row for each receiver and indicator.

    Raises NotFound, Forbidden, CampaignNotOpen, PlanExists, MayNotAllocate.
    """
    today = local_day(now)
    unit, campaign = db.session.get(Unit, unit_id), db.session.get(Campaign, campaign_id)
    if unit is None or campaign is None or not may_at_unit(actor, Action.VIEW_PLAN, unit, today):
        raise NotFound
    if not may_at_unit(actor, Action.OPEN_PLAN, unit, today):
        raise Forbidden(Action.OPEN_PLAN)
    require_open(campaign)
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

    Raises InternalStepsMissing where the unit has steps of its own, and as complete_draft and require_complete do.
    """
    plan = load_for(plan_id, PlanAction.SUBMIT, actor, now, version=version)
    next_plan_state(plan.state, PlanAction.SAVE)  # what the house agrees to is submitted as it is
    if number := len(steps_of(plan.unit)):
        raise InternalStepsMissing(number)
    sheet = complete_draft(
        plan, entries, version=version, seen_hash=seen_hash, edits=edits, explanation=explanation, actor=actor, now=now
    )
    require_complete(sheet, actor=actor, now=now)
    return send_to_superior(sheet, actor=actor, now=now)


def complete_draft(
    plan: Plan,
    entries: Mapping[Key, Entry],
    *,
    version: int,
    seen_hash: str,
    edits: Mapping[Key, Edit] | None,
    explanation: Explanation | None,
    actor: Account,
    now: datetime,
) -> Sheet:
    """Keep what was typed before a draft is sent on, on the content that the person saw; gives the sheet as it is then.

    Raises ContentChanged, and as save_targets and write_explanation do.
    """
    if read_sheet(plan).content_hash != seen_hash:
        raise ContentChanged
    if clashing_cells(plan, edits or {}):
        raise StaleVersion(plan.version)
    write_all_cells(plan, entries, version=version, actor=actor, now=now)
    if explanation is not None:
        write_explanation(plan, explanation, actor=actor, now=now)
    return read_sheet(plan)


def require_complete(sheet: Sheet, *, actor: Account, now: datetime) -> None:
    """What leaving the draft asks for: balanced, milestones that lead to their targets, explained, opinions answered.

    Raises MilestonesRefused, BufferUnexplained, OpinionsOpen, OpinionsUnanswered, and as require_balance does.
    """
    balances = require_balance(sheet)
    require_milestones(sheet)
    require_explanation(sheet, balances)
    require_opinions_settled(sheet.plan, actor=actor, now=now)


def send_to_superior(sheet: Sheet, *, actor: Account, now: datetime) -> Plan:
    """Submit a complete plan: its content is kept, and those who decide on it are told."""
    plan = sheet.plan
    reason = plan.buffer_reason if beyond_ceiling(sheet, check_sheet(sheet)) else ""
    move_plan(plan, PlanAction.SUBMIT, actor=actor, now=now, reason=reason)
    plan.submitted_at, plan.submitted_by, plan.submitted_hash = now, actor, sheet.content_hash
    plan.return_reason = plan.opinion = ""
    submission = write_submission(sheet, actor=actor, now=now)
    key = f"submitted:{plan.id}:{submission.number}"
    notify(NoticeKind.PLAN_SUBMITTED, deciding_people(plan, now), key=key, now=now, but=actor, plan=plan)
    return plan


def withdraw_plan(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Take a submission back before anybody reviews it."""
    plan = load_for(plan_id, PlanAction.WITHDRAW, actor, now, version=version)
    move_plan(plan, PlanAction.WITHDRAW, actor=actor, now=now)
    key = f"withdrawn:{plan.id}:{plan.version}"
    notify(NoticeKind.PLAN_WITHDRAWN, deciding_people(plan, now), key=key, now=now, but=actor, plan=plan)
    return plan


def deciding_people(plan: Plan, now: datetime) -> list[Account]:
    """Who reviews the plan: people of the superior, of the root itself, or of the unit where it decides alone."""
    right = plan_right(Action.REVIEW_PLAN, plan)
    return people_with(right, plan.unit, today=local_day(now), campaign=plan.campaign)


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
