"""What waits for a person: derived from the state of plans and decisions, never stored, so that it cannot be stale."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from allocapp.access import Action, held_grants, may_at_unit
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign
from allocapp.models.decision import Decision
from allocapp.models.job import JobState
from allocapp.models.opinion import OpinionRound
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.workflow import DecisionAction, DecisionState, PlanAction, PlanState
from allocapp.services.adjustment import open_requests
from allocapp.services.asked import list_asked
from allocapp.services.decision import decision_actions_for, list_decisions, render_job
from allocapp.services.lapse import lapsed_plans
from allocapp.services.overview import PlanLine, list_plans
from allocapp.services.proposal import waiting_proposals
from allocapp.services.quota import read_quotas
from allocapp.services.step import open_step, sent_back
from allocapp.services.turn import plan_actions_for


class TaskKind(StrEnum):
    """What is to be done next."""

    COMPLETE_RETURNED_PLAN = "complete_returned_plan"
    COMPLETE_SENT_BACK_PLAN = "complete_sent_back_plan"
    REOPEN_LAPSED_PLAN = "reopen_lapsed_plan"
    TAKE_STEP = "take_step"
    SUBMIT_AGREED_PLAN = "submit_agreed_plan"
    REVIEW_PLAN = "review_plan"
    CONTINUE_REVIEW = "continue_review"
    DECIDE_PROPOSALS = "decide_proposals"
    NUMBER_DECISION = "number_decision"
    RENDER_FAILED = "render_failed"
    WAIT_FOR_RENDER = "wait_for_render"
    SIGN_DECISION = "sign_decision"
    SEAL_DECISION = "seal_decision"
    GIVE_OPINION = "give_opinion"
    ANSWER_ADJUSTMENT = "answer_adjustment"
    REVISE_PLAN = "revise_plan"
    FILL_PLAN = "fill_plan"
    OPEN_PLAN = "open_plan"
    ACKNOWLEDGE_DECISION = "acknowledge_decision"


@dataclass(frozen=True)
class Task:
    """One thing that waits for the person. ``blocked``: it cannot be finished before the superior's decision."""

    kind: TaskKind
    unit: Unit
    campaign: Campaign
    since: datetime | None
    plan: Plan | None = None
    decision: Decision | None = None
    blocked: bool = False
    asked: OpinionRound | None = None
    due: date | None = None


def list_tasks(account: Account, *, today: date) -> list[Task]:
    """Everything that waits for the account, most pressing kind first, oldest first within a kind."""
    order = {kind: place for place, kind in enumerate(TaskKind)}
    tasks = [*_plan_tasks(account, today), *_decision_tasks(account, today), *_acknowledgement_tasks(account, today)]
    tasks += _opinion_tasks(account, today)
    return sorted(tasks, key=lambda task: (order[task.kind], task.since.timestamp() if task.since else 0))


def _plan_tasks(account: Account, today: date) -> Iterator[Task]:
    lines = list_plans(account, today=today)
    waiting = waiting_proposals([line.plan for line in lines if line.plan], account, today=today)
    editable = [line.unit for line in lines if may_at_unit(account, Action.EDIT_PLAN, line.unit, today)]
    requests = open_requests({unit.id for unit in editable})
    for line in lines:
        if line.plan is not None and (found := requests.get((line.campaign.id, line.unit.id))):
            yield Task(TaskKind.ANSWER_ADJUSTMENT, line.unit, line.campaign, found[1], plan=line.plan)
        if line.plan is not None and line.plan.id in waiting:
            yield Task(TaskKind.DECIDE_PROPOSALS, line.unit, line.campaign, waiting[line.plan.id], plan=line.plan)
        kind = _plan_task(line, account, today)
        if kind is not None:
            yield Task(
                kind=kind,
                unit=line.unit,
                campaign=line.campaign,
                since=(line.plan.out_of_balance_at or line.plan.changed_at) if line.plan else None,
                plan=line.plan,
                blocked=not line.superior_known,
                due=_due(kind, line.plan),
            )


def _due(kind: TaskKind, plan: Plan | None) -> date | None:
    """The day until which an internal step is to be taken."""
    step = open_step(plan) if plan and kind is TaskKind.TAKE_STEP else None
    return step.due if step else None


def _plan_task(line: PlanLine, account: Account, today: date) -> TaskKind | None:
    plan = line.plan
    if plan is None:
        return TaskKind.OPEN_PLAN if line.can_open else None
    if plan.state is PlanState.ISSUED and plan.out_of_balance_at is not None:
        return TaskKind.REVISE_PLAN if may_at_unit(account, Action.OPEN_PLAN, line.unit, today) else None
    return _road_task(plan, plan_actions_for(plan, account, today))


def _road_task(plan: Plan, actions: Collection[PlanAction]) -> TaskKind | None:
    if plan.state is PlanState.IN_HOUSE:
        taking = TaskKind.TAKE_STEP if PlanAction.AGREE in actions else None
        return TaskKind.SUBMIT_AGREED_PLAN if PlanAction.SUBMIT in actions else taking
    if PlanAction.SUBMIT in actions or PlanAction.CIRCULATE in actions:
        return _drafting_task(plan)
    if PlanAction.APPROVE in actions:
        return TaskKind.CONTINUE_REVIEW if plan.state is PlanState.IN_REVIEW else TaskKind.REVIEW_PLAN
    return TaskKind.REOPEN_LAPSED_PLAN if PlanAction.REOPEN in actions and lapsed_plans([plan]) else None


def _drafting_task(plan: Plan) -> TaskKind:
    if plan.state is PlanState.RETURNED:
        return TaskKind.COMPLETE_RETURNED_PLAN
    return TaskKind.COMPLETE_SENT_BACK_PLAN if sent_back(plan) else TaskKind.FILL_PLAN


def _opinion_tasks(account: Account, today: date) -> Iterator[Task]:
    for line in list_asked(account, today=today):
        if line.open and not line.complete:
            asked = line.round
            campaign = line.plan.campaign
            yield Task(TaskKind.GIVE_OPINION, line.unit, campaign, asked.opened_at, plan=line.plan, asked=asked)


def _decision_tasks(account: Account, today: date) -> Iterator[Task]:
    for decision in list_decisions(account, today=today):
        kind = _decision_task(decision, account, today)
        if kind is not None:
            yield Task(
                kind=kind,
                unit=decision.unit,
                campaign=decision.plan.campaign,
                since=decision.signed_at or decision.numbered_at or decision.created_at,
                plan=decision.plan,
                decision=decision,
            )


def _decision_task(decision: Decision, account: Account, today: date) -> TaskKind | None:
    actions = decision_actions_for(decision, account, today)
    if decision.state is DecisionState.NUMBERED and may_at_unit(account, Action.RETRY_RENDER, decision.unit, today):
        job = render_job(decision)
        failed = job is None or job.state is JobState.FAILED
        return TaskKind.RENDER_FAILED if failed else TaskKind.WAIT_FOR_RENDER
    for action, kind in (
        (DecisionAction.NUMBER, TaskKind.NUMBER_DECISION),
        (DecisionAction.SIGN, TaskKind.SIGN_DECISION),
        (DecisionAction.SEAL, TaskKind.SEAL_DECISION),
    ):
        if action in actions:
            return kind
    return None


def _acknowledgement_tasks(account: Account, today: date) -> Iterator[Task]:
    units = {
        grant.unit_id: grant.unit
        for grant in held_grants(account, today)
        if may_at_unit(account, Action.ACKNOWLEDGE, grant.unit, today)
    }
    for unit in units.values():
        for quota in read_quotas(unit):
            for above in quota.decisions:
                if above.acknowledged is None:
                    yield Task(
                        kind=TaskKind.ACKNOWLEDGE_DECISION,
                        unit=unit,
                        campaign=quota.campaign,
                        since=above.decision.sealed_at,
                        plan=above.decision.plan,
                        decision=above.decision,
                    )
