"""A plan in its own house: sent round the unit's steps, agreed or sent back step by step, then submitted.

Every agreement is bound to the content that was sent round: if anything moves, nobody can agree to it any more and it
is not submitted; the preparer recalls it and sends it round anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from allocapp.access import Action
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import (
    ContentChanged,
    NoInternalSteps,
    StepOfOther,
    StepPersonUnable,
    StepsNotFinished,
    TransitionNotAllowed,
)
from allocapp.models.account import Account
from allocapp.models.notice import NoticeKind
from allocapp.models.plan import Plan
from allocapp.models.review import PlanStep
from allocapp.rules.workflow import PlanAction, PlanState
from allocapp.services.buffer import Explanation
from allocapp.services.cell import Edit
from allocapp.services.notice import notify, people_with
from allocapp.services.plan import complete_draft, require_complete, send_to_superior
from allocapp.services.road import load_for
from allocapp.services.sheet import Entry, Key, Sheet, read_sheet
from allocapp.services.step import able_people, may_take, newest_round, open_step, step_capacity, step_takers, steps_of
from allocapp.services.transition import checked_reason, move_plan


def circulate_plan(
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
    """Keep what was typed and send it through the unit's own steps, both or neither. It asks for all a submission does.

    Raises NoInternalSteps, StepPersonUnable when somebody named cannot take the step any more, and as submit_plan does.
    """
    plan = load_for(plan_id, PlanAction.CIRCULATE, actor, now, version=version)
    steps, today = steps_of(plan.unit), local_day(now)
    if not steps:
        raise NoInternalSteps
    able = {person.id for person in able_people(plan.unit, today)}
    if unable := tuple(dict.fromkeys(step.account.name for step in steps if step.account_id not in able)):
        raise StepPersonUnable(unable)
    sheet = complete_draft(
        plan, entries, version=version, seen_hash=seen_hash, edits=edits, explanation=explanation, actor=actor, now=now
    )
    require_complete(sheet, actor=actor, now=now)
    before = newest_round(plan)
    due = today
    for step in steps:
        due += timedelta(days=step.days)
        db.session.add(
            PlanStep(
                plan_id=plan.id,
                round=before[0].round + 1 if before else 1,
                position=step.position,
                name=step.name,
                account=step.account,
                content_hash=sheet.content_hash,
                asked_at=None,
                due=due,
            )
        )
    move_plan(plan, PlanAction.CIRCULATE, actor=actor, now=now)
    _ask_next(plan, actor=actor, now=now)
    return plan


def agree_to_plan(plan_id: int, *, version: int, seen_hash: str, opinion: str, actor: Account, now: datetime) -> Plan:
    """Agree at the step the plan is at, with an opinion or without; then it is the next one's turn.

    Raises StepOfOther, ContentChanged, TextTooLong, StaleVersion, TransitionNotAllowed, NotFound, Forbidden.
    """
    plan, step = _load_at_step(plan_id, PlanAction.AGREE, version, actor, now)
    opinion = checked_reason(PlanAction.AGREE, opinion)
    if not read_sheet(plan).content_hash == seen_hash == step.content_hash:
        raise ContentChanged
    _decide(plan, step, PlanAction.AGREE, opinion, actor=actor, now=now)
    later = [each for each in newest_round(plan) if each.position > step.position]
    for each in later:  # the next one has as many days as before, from today on
        if each.due and step.due:
            each.due += local_day(now) - step.due
    if later:
        _ask_next(plan, actor=actor, now=now)
    else:
        preparers = people_with(Action.SUBMIT_PLAN, plan.unit, today=local_day(now))
        key = f"steps_agreed:{plan.id}:{step.round}"
        notify(NoticeKind.STEPS_AGREED, preparers, key=key, now=now, but=actor, plan=plan)
    return plan


def send_plan_back(plan_id: int, *, version: int, reason: str, actor: Account, now: datetime) -> Plan:
    """Send the plan back to its preparer from the step it is at. Raises ReasonRequired, and as agree_to_plan does."""
    plan, step = _load_at_step(plan_id, PlanAction.SEND_BACK, version, actor, now)
    reason = checked_reason(PlanAction.SEND_BACK, reason)
    _decide(plan, step, PlanAction.SEND_BACK, reason, actor=actor, now=now)
    preparers = people_with(Action.EDIT_PLAN, plan.unit, today=local_day(now))
    words = {"step": step.name, "reason": reason}
    key = f"sent_back:{plan.id}:{step.round}"
    notify(NoticeKind.STEP_SENT_BACK, preparers, key=key, now=now, but=actor, plan=plan, words=words)
    return plan


def recall_plan(plan_id: int, *, version: int, actor: Account, now: datetime) -> Plan:
    """Take the plan back from the unit's own steps, agreed or not: it is a draft again."""
    plan = load_for(plan_id, PlanAction.RECALL, actor, now, version=version)
    return move_plan(plan, PlanAction.RECALL, actor=actor, now=now)


def submit_agreed_plan(plan_id: int, *, version: int, seen_hash: str, actor: Account, now: datetime) -> Plan:
    """Submit what everybody in the house has agreed to, exactly as it was sent round.

    Raises StepsNotFinished, ContentChanged, and as require_complete does.
    """
    plan = load_for(plan_id, PlanAction.SUBMIT, actor, now, version=version)
    steps = newest_round(plan)
    if plan.state is not PlanState.IN_HOUSE or not steps:
        raise TransitionNotAllowed(plan.state, PlanAction.SUBMIT)
    if waiting := next((step for step in steps if not step.agreed), None):
        raise StepsNotFinished(waiting.name)
    sheet = read_sheet(plan)
    if seen_hash != sheet.content_hash or has_moved(sheet, steps[-1]):
        raise ContentChanged
    require_complete(sheet, actor=actor, now=now)
    return send_to_superior(sheet, actor=actor, now=now)


def has_moved(sheet: Sheet, step: PlanStep) -> bool:
    """Whether the content is no longer what was sent round, so that agreements to it no longer count."""
    return sheet.content_hash != step.content_hash


def _load_at_step(
    plan_id: int, action: PlanAction, version: int, actor: Account, now: datetime
) -> tuple[Plan, PlanStep]:
    """Lock the plan and authorise the person whose step it is at."""
    plan = load_for(plan_id, action, actor, now, version=version)
    step = open_step(plan)
    if step is None:  # everybody has agreed: it is the preparer's turn
        raise TransitionNotAllowed(plan.state, action)
    if not may_take(step, plan.unit, actor, local_day(now)):
        raise StepOfOther(step.account.name)
    return plan, step


def _decide(plan: Plan, step: PlanStep, action: PlanAction, words: str, *, actor: Account, now: datetime) -> None:
    capacity = step_capacity(step, plan.unit, actor, local_day(now))
    step.agreed, step.opinion = action is PlanAction.AGREE, words
    step.decided_at, step.decided_by_id, step.capacity = now, actor.id, capacity
    move_plan(plan, action, actor=actor, now=now, reason=words, capacity=capacity)


def _ask_next(plan: Plan, *, actor: Account, now: datetime) -> None:
    """It is now the turn of the first step that nobody has decided on."""
    step = open_step(plan)
    assert step is not None, "a plan that goes round has a step to come"
    step.asked_at = now
    takers = step_takers(step, plan.unit, local_day(now))
    words = {"step": step.name, "due": step.due.isoformat() if step.due else ""}
    key = f"step_asked:{plan.id}:{step.round}:{step.position}"
    notify(NoticeKind.STEP_ASKED, takers, key=key, now=now, but=actor, plan=plan, words=words)
