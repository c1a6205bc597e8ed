"""A receiver asks to have a target in force adjusted: withdrawn, answered, or accepted into a revision.

A request belongs to the unit that gave the target, whatever revision of its plan is in force by then: one that nobody
has answered does not lapse when the plan is superseded.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from allocapp.access import Action, load_plan, may_at_unit, may_on_plan
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import (
    AdjustmentAlreadyAsked,
    AdjustmentSettled,
    Forbidden,
    NotFound,
    NothingProposed,
    RevisionUnderWay,
    TransitionNotAllowed,
)
from allocapp.models.account import Account
from allocapp.models.campaign import DecisionKind, Indicator
from allocapp.models.event import Subject
from allocapp.models.notice import NoticeKind
from allocapp.models.opinion import AdjustmentRequest, RequestState
from allocapp.models.plan import Plan, PlanTarget
from allocapp.models.unit import Unit
from allocapp.rules.workflow import PlanAction, PlanState, plan_actions
from allocapp.services.cell import stored_cells, write_cells
from allocapp.services.issue import lock_units
from allocapp.services.journal import record_event
from allocapp.services.notice import notify, people_with
from allocapp.services.opinion import checked_text, require_figure, written
from allocapp.services.revision import SETTLED, revise_plan
from allocapp.services.road import require_open
from allocapp.services.sheet import Entry, plan_in_force


@dataclass(frozen=True)
class RequestLine:
    """A request with its indicator, what the plan it was made to says, and what stands in force now."""

    request: AdjustmentRequest
    indicator: Indicator
    plan: Plan
    asked_of: Entry
    in_force: Entry | None
    revision: Plan | None


def ask_adjustment(
    plan_id: int, unit_id: int, indicator_id: int, *, proposed: int, reason: str, actor: Account, now: datetime
) -> AdjustmentRequest:
    """Ask the unit above for another target than the one in force, with the reason.

    The same request sent twice is one. Raises NothingProposed, AdjustmentAlreadyAsked, ReasonRequired, TextTooLong,
    PercentOutOfRange, InvalidCount, CampaignNotOpen, TransitionNotAllowed when the plan is no longer in force,
    NotFound, Forbidden.
    """
    plan, unit, cell = _load_target(plan_id, unit_id, indicator_id, actor, now)
    require_open(plan.campaign)
    if plan.state is not PlanState.ISSUED:
        raise TransitionNotAllowed(plan.state, "ask_adjustment")
    require_figure(_indicator(plan, indicator_id), proposed)
    reason = checked_text(reason, required=True)
    if proposed == cell.target:
        raise NothingProposed
    open_one = _open_request(plan, unit.id, indicator_id)
    if open_one is not None:
        if (open_one.proposed, open_one.reason) == (proposed, reason):
            return open_one
        raise AdjustmentAlreadyAsked
    request = AdjustmentRequest(
        plan_id=plan.id,
        unit=unit,
        indicator_id=indicator_id,
        proposed=proposed,
        reason=reason,
        account=actor,
        at=now,
        state=RequestState.OPEN,
        answer="",
    )
    db.session.add(request)
    db.session.flush()  # its id is the occasion's name
    told = f"{_told(request, _indicator(plan, indicator_id))}. {reason}"
    record_event(Subject.PLAN, plan.id, "ask_adjustment", actor=actor, now=now, unit_id=plan.unit_id, reason=told)
    people = people_with(Action.EDIT_PLAN, plan.unit, today=local_day(now), campaign=plan.campaign)
    notify(
        NoticeKind.ADJUSTMENT_ASKED, people, key=f"adjustment:{request.id}", now=now, but=actor, plan=plan, unit=unit
    )
    return request


def withdraw_adjustment(request_id: int, *, actor: Account, now: datetime) -> AdjustmentRequest:
    """Take a request back while nobody has answered it. Raises AdjustmentSettled, CampaignNotOpen, NotFound."""
    found = db.session.get(AdjustmentRequest, request_id)
    if found is None or not may_at_unit(actor, Action.ASK_ADJUSTMENT, found.unit, local_day(now)):
        raise NotFound
    plan, request = _lock(found)
    require_open(plan.campaign)
    _require_pending(request)
    request.state = RequestState.WITHDRAWN
    told = _told(request, _indicator(plan, request.indicator_id))
    record_event(Subject.PLAN, plan.id, "withdraw_adjustment", actor=actor, now=now, unit_id=plan.unit_id, reason=told)
    return request


def answer_adjustment(plan_id: int, request_id: int, *, text: str, actor: Account, now: datetime) -> AdjustmentRequest:
    """Answer a request that is not followed, with the reason.

    Raises ReasonRequired, TextTooLong, AdjustmentSettled, CampaignNotOpen, NotFound, Forbidden.
    """
    plan, request = _load_request(plan_id, request_id, actor, now)
    text = checked_text(text, required=True)
    request.state, request.answer = RequestState.ANSWERED, text
    request.answered_by, request.answered_at = actor, now
    told = f"{_told(request, _indicator(plan, request.indicator_id))}. {text}"
    record_event(Subject.PLAN, plan.id, "answer_adjustment", actor=actor, now=now, unit_id=plan.unit_id, reason=told)
    _tell_receiver(request, plan, actor=actor, now=now)
    return request


def accept_adjustment(
    plan_id: int, request_id: int, *, text: str, relation: DecisionKind, actor: Account, now: datetime
) -> Plan:
    """Accept a request: its figure is written into the revision that is a draft, or into one opened for it.

    ``text`` is the answer and, for a revision opened here, its reason; without it the request's own reason is.
    ``relation`` is what that revision's decision does to the one in force. Raises RevisionUnderWay where a revision has
    left the draft, AdjustmentSettled, TextTooLong, CampaignNotOpen, NotFound, Forbidden, and as revise_plan does.
    """
    plan, request = _load_request(plan_id, request_id, actor, now, lock_unit=True)
    text = checked_text(text, required=False)
    indicator = _indicator(plan, request.indicator_id)
    told = _told(request, indicator)
    revision = _revision_for(plan, text or f"{told}. {request.reason}", relation, actor=actor, now=now)
    db.session.flush()  # a revision opened just now has its cells in the database
    cells, key = stored_cells(revision), (request.unit_id, request.indicator_id)
    if key not in cells:
        raise NotFound  # the unit is no receiver any more
    if Entry(cells[key].target, cells[key].excuse) != Entry(request.proposed):
        write_cells(revision, cells, {key: Entry(request.proposed)}, actor=actor, now=now)
    request.state, request.answer, request.revision_id = RequestState.ACCEPTED, text, revision.id
    request.answered_by, request.answered_at = actor, now
    told = f"{told}. {text}" if text else told
    record_event(Subject.PLAN, plan.id, "accept_adjustment", actor=actor, now=now, unit_id=plan.unit_id, reason=told)
    _tell_receiver(request, plan, actor=actor, now=now)
    return revision


def target_of(
    plan_id: int, unit_id: int, indicator_id: int, account: Account, *, now: datetime
) -> tuple[Plan, Unit, Indicator, Entry]:
    """The target in force that somebody wants to have adjusted. Raises NotFound, Forbidden, TransitionNotAllowed."""
    plan, unit, cell = _load_target(plan_id, unit_id, indicator_id, account, now, lock=False)
    if plan.state is not PlanState.ISSUED:
        raise TransitionNotAllowed(plan.state, "ask_adjustment")
    return plan, unit, _indicator(plan, indicator_id), Entry(cell.target, cell.excuse)


def list_requests(plan: Plan) -> list[RequestLine]:
    """Every request to the unit in the campaign, whatever revision it was made to: open ones first, then newest first.

    In a number of statements that does not depend on the number of requests.
    """
    statement = (
        select(AdjustmentRequest)
        .join(Plan, Plan.id == AdjustmentRequest.plan_id)
        .where(Plan.campaign_id == plan.campaign_id, Plan.unit_id == plan.unit_id)
    )
    lines = _lines(db.session.scalars(statement.options(*_PEOPLE).order_by(AdjustmentRequest.id.desc())).all())
    return sorted(lines, key=lambda line: line.request.state is not RequestState.OPEN)


def list_requests_of(unit: Unit) -> list[RequestLine]:
    """Every request that the unit made, newest first."""
    statement = select(AdjustmentRequest).where(AdjustmentRequest.unit_id == unit.id)
    return _lines(db.session.scalars(statement.options(*_PEOPLE).order_by(AdjustmentRequest.id.desc())).all())


def open_requests(unit_ids: Collection[int]) -> dict[tuple[int, int], tuple[int, datetime]]:
    """How many requests wait for an answer and since when, by (campaign id, id of the unit asked)."""
    statement = (
        select(Plan.campaign_id, Plan.unit_id, func.count(), func.min(AdjustmentRequest.at))
        .join(Plan, Plan.id == AdjustmentRequest.plan_id)
        .where(AdjustmentRequest.state == RequestState.OPEN, Plan.unit_id.in_(unit_ids))
        .group_by(Plan.campaign_id, Plan.unit_id)
    )
    return {(campaign, unit): (number, since) for campaign, unit, number, since in db.session.execute(statement)}


def count_open_requests(plan: Plan) -> int:
    """How many requests to the plan's unit wait for an answer in its campaign; none before anything was in force."""
    if plan.revision == 1 and plan.issued_at is None:
        return 0
    return open_requests((plan.unit_id,)).get((plan.campaign_id, plan.unit_id), (0, None))[0]


def may_answer(plan: Plan, account: Account, today: date) -> bool:
    """Whether the account answers requests to the plan's unit."""
    return may_on_plan(account, Action.EDIT_PLAN, plan, today)


_PEOPLE = (joinedload(AdjustmentRequest.account), joinedload(AdjustmentRequest.answered_by))


def _load_target(
    plan_id: int, unit_id: int, indicator_id: int, actor: Account, now: datetime, *, lock: bool = True
) -> tuple[Plan, Unit, PlanTarget]:
    """The plan (locked), the receiver and its cell, for who may ask for the receiver; NotFound to strangers."""
    unit = db.session.get(Unit, unit_id)
    if unit is None or not may_at_unit(actor, Action.VIEW_QUOTA, unit, local_day(now)):
        raise NotFound
    if not may_at_unit(actor, Action.ASK_ADJUSTMENT, unit, local_day(now)):
        raise Forbidden(Action.ASK_ADJUSTMENT)
    statement = select(Plan).where(Plan.id == plan_id, Plan.state.in_(SETTLED))
    if lock:
        statement = statement.with_for_update(of=Plan).execution_options(populate_existing=True)
    plan = db.session.scalar(statement)
    cell = db.session.scalar(
        select(PlanTarget).where(
            PlanTarget.plan_id == plan_id, PlanTarget.unit_id == unit_id, PlanTarget.indicator_id == indicator_id
        )
    )
    if plan is None or cell is None:
        raise NotFound
    return plan, unit, cell


def _load_request(
    plan_id: int, request_id: int, actor: Account, now: datetime, *, lock_unit: bool = False
) -> tuple[Plan, AdjustmentRequest]:
    """The plan that a request was made to (locked) and the pending request, for who prepares the unit's plans.

    ``lock_unit`` holds the unit's row before: where a revision may be opened, as everywhere one is.
    """
    plan = load_plan(actor, plan_id, Action.EDIT_PLAN, today=local_day(now))
    if lock_unit:
        lock_units(plan, with_superior=False)
    found = db.session.get(AdjustmentRequest, request_id)
    if found is None:
        raise NotFound
    asked, request = _lock(found)
    if (asked.campaign_id, asked.unit_id) != (plan.campaign_id, plan.unit_id):
        raise NotFound
    require_open(asked.campaign)
    _require_pending(request)
    return asked, request


def _lock(found: AdjustmentRequest) -> tuple[Plan, AdjustmentRequest]:
    """Hold the request's plan, then read the request as it is now."""
    statement = select(Plan).where(Plan.id == found.plan_id).with_for_update(of=Plan)
    plan = db.session.scalars(statement.execution_options(populate_existing=True)).one()
    db.session.refresh(found)
    return plan, found


def _require_pending(request: AdjustmentRequest) -> None:
    if request.state is not RequestState.OPEN:
        raise AdjustmentSettled(request.state.value)


def _revision_for(plan: Plan, reason: str, relation: DecisionKind, *, actor: Account, now: datetime) -> Plan:
    """The revision that takes the figure: the one that is a draft already, else a new one of the plan in force."""
    on_its_way = db.session.scalar(
        select(Plan)
        .where(Plan.campaign_id == plan.campaign_id, Plan.unit_id == plan.unit_id, Plan.state.not_in(SETTLED))
        .with_for_update(of=Plan)
        .execution_options(populate_existing=True)
    )
    if on_its_way is not None:
        if PlanAction.SAVE not in plan_actions(on_its_way.state):
            raise RevisionUnderWay(on_its_way.id, on_its_way.revision)
        return on_its_way
    in_force = plan_in_force(plan.campaign_id, plan.unit_id)
    if in_force is None:
        raise TransitionNotAllowed(plan.state, "revise")
    return revise_plan(in_force.id, reason=reason, relation=relation, actor=actor, now=now)


def _open_request(plan: Plan, unit_id: int, indicator_id: int) -> AdjustmentRequest | None:
    """The unit's open request for the target, to whatever revision it was made."""
    return db.session.scalar(
        select(AdjustmentRequest)
        .join(Plan, Plan.id == AdjustmentRequest.plan_id)
        .where(
            Plan.campaign_id == plan.campaign_id,
            Plan.unit_id == plan.unit_id,
            AdjustmentRequest.unit_id == unit_id,
            AdjustmentRequest.indicator_id == indicator_id,
            AdjustmentRequest.state == RequestState.OPEN,
        )
        .limit(1)
    )


def _tell_receiver(request: AdjustmentRequest, plan: Plan, *, actor: Account, now: datetime) -> None:
    people = people_with(Action.ASK_ADJUSTMENT, request.unit, today=local_day(now), campaign=plan.campaign)
    notify(
        NoticeKind.ADJUSTMENT_ANSWERED,
        people,
        key=f"adjustment_answered:{request.id}",
        now=now,
        but=actor,
        unit=request.unit,
        campaign=plan.campaign,
        words={"state": request.state.value},
    )


def _lines(requests: Sequence[AdjustmentRequest]) -> list[RequestLine]:
    """The requests with what they are about, in a fixed number of statements."""
    ids = {request.plan_id for request in requests} | {one.revision_id for one in requests if one.revision_id}
    if not ids:
        return []
    plans = {plan.id: plan for plan in db.session.scalars(select(Plan).where(Plan.id.in_(ids)))}
    in_force = {
        (plan.campaign_id, plan.unit_id): plan.id
        for plan in db.session.scalars(
            select(Plan).where(
                Plan.state == PlanState.ISSUED,
                Plan.campaign_id.in_({plan.campaign_id for plan in plans.values()}),
                Plan.unit_id.in_({plan.unit_id for plan in plans.values()}),
            )
        )
    }
    cells = {
        (cell.plan_id, cell.unit_id, cell.indicator_id): Entry(cell.target, cell.excuse)
        for cell in db.session.scalars(
            select(PlanTarget).where(
                PlanTarget.plan_id.in_(ids | set(in_force.values())),
                PlanTarget.unit_id.in_({request.unit_id for request in requests}),
            )
        )
    }
    lines = []
    for request in requests:
        plan = plans[request.plan_id]
        key = (request.unit_id, request.indicator_id)
        standing = in_force.get((plan.campaign_id, plan.unit_id))
        lines.append(
            RequestLine(
                request=request,
                indicator=_indicator(plan, request.indicator_id),
                plan=plan,
                asked_of=cells.get((plan.id, *key), Entry(None)),
                in_force=cells.get((standing, *key)) if standing else None,
                revision=plans.get(request.revision_id) if request.revision_id else None,
            )
        )
    return lines


def _indicator(plan: Plan, indicator_id: int) -> Indicator:
    return next(column.indicator for column in plan.campaign.indicators if column.indicator_id == indicator_id)


def _told(request: AdjustmentRequest, indicator: Indicator) -> str:
    """A request as the journal keeps it, in numbers."""
    return f"{request.unit.name} · {indicator.short_name}: {written(indicator, request.proposed)}"
