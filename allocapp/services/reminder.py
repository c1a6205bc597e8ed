"""Deadlines remind, then escalate: who has not done their part of a stage, and who is told of it.

A scheduled job calls ``remind_due``; running it twice tells nobody twice, because each occasion has a key. A person
reminds a unit with one click. Nothing is approved because a day has passed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import exists, select

from allocapp.access import Action, acting_capacity, may_at_unit, plan_right
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import AlreadyReminded, Forbidden, NotFound, NothingToRemindOf
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign, StageName
from allocapp.models.event import Subject
from allocapp.models.notice import Notice, NoticeKind
from allocapp.models.opinion import Opinion, OpinionRound
from allocapp.models.plan import Plan, PlanTarget
from allocapp.models.unit import Unit, UnitKind
from allocapp.rules.deadline import Telling, what_to_tell
from allocapp.rules.workflow import CampaignState, PlanState
from allocapp.services.journal import record_event
from allocapp.services.notice import notify, people_with
from allocapp.services.road import require_open
from allocapp.services.stage import due_days
from allocapp.services.step import open_step
from allocapp.services.unit import allocating_units

# before a plan leaves its unit, and while the superior has it
_WITH_UNIT: Final = (PlanState.DRAFT, PlanState.IN_HOUSE, PlanState.RETURNED)
_WITH_SUPERIOR: Final = (PlanState.SUBMITTED, PlanState.IN_REVIEW)
# whose part it is: the people who may do this at the unit that is waited for
_PART: Final = MappingProxyType(
    {
        StageName.ROOT_ISSUES: Action.EDIT_PLAN,
        StageName.UNITS_ANSWER: Action.GIVE_OPINION,
        StageName.PLANS_SUBMITTED: Action.EDIT_PLAN,
        StageName.REVIEWS_END: Action.APPROVE_PLAN,
    }
)


@dataclass(frozen=True)
class Waiting:
    """A unit whose part of a stage is not done, with its newest plan, if it has one, and its own last day.

    For REVIEWS_END the plan is the unit's, and it is its superior that is waited for.
    """

    stage: StageName
    unit: Unit
    plan: Plan | None
    due: date | None


def waiting_units(campaign: Campaign, stage: StageName) -> list[Waiting]:
    """The units whose part of the stage is not done, superiors first, then in official order."""
    found = list(_waiting(campaign, stage))
    days = due_days(campaign, stage, [unit.id for unit, _ in found])
    return [Waiting(stage, unit, plan, days.get(unit.id)) for unit, plan in found]


def _waiting(campaign: Campaign, stage: StageName) -> Iterator[tuple[Unit, Plan | None]]:
    if stage is StageName.PERIOD_ENDS:
        return  # nobody's part: the period ends by itself
    if stage is StageName.UNITS_ANSWER:
        for unit in _silent_receivers(campaign):
            yield unit, None
        return
    newest = {
        plan.unit_id: plan
        for plan in db.session.scalars(select(Plan).where(Plan.campaign_id == campaign.id).order_by(Plan.revision))
    }
    for unit in allocating_units(campaign):
        plan = newest.get(unit.id)
        at_root = unit.id == campaign.root_id
        if stage is StageName.ROOT_ISSUES:
            open_ = at_root and (plan is None or (plan.revision == 1 and plan.issued_at is None))
        elif stage is StageName.PLANS_SUBMITTED:
            open_ = not at_root and (plan is None or plan.state in _WITH_UNIT)
        else:
            open_ = not at_root and plan is not None and plan.state in _WITH_SUPERIOR
        if open_:
            yield unit, plan


def _silent_receivers(campaign: Campaign) -> Sequence[Unit]:
    """Receivers that were asked for their opinions in a round still open, and have said nothing."""
    said = exists().where(Opinion.round_id == OpinionRound.id, Opinion.unit_id == Unit.id)
    return db.session.scalars(
        select(Unit)
        .join(UnitKind)
        .join(PlanTarget, PlanTarget.unit_id == Unit.id)
        .join(Plan, Plan.id == PlanTarget.plan_id)
        .join(OpinionRound, OpinionRound.plan_id == Plan.id)
        .where(Plan.campaign_id == campaign.id, OpinionRound.closed_at.is_(None), ~said)
        .order_by(UnitKind.position, Unit.position, Unit.id)
        .distinct()
        .add_columns(UnitKind.position)  # PostgreSQL orders distinct rows by what they show
    ).all()


def remind_due(*, now: datetime) -> int:
    """Tell everybody whose part is due soon, and those above where it is overdue; how many units that concerned."""
    told = 0
    for campaign in db.session.scalars(select(Campaign).where(Campaign.state == CampaignState.OPEN)):
        for stage in _PART:
            for waiting in waiting_units(campaign, stage):
                told += _tell(campaign, waiting, now)
        told += sum(_tell_of_step(plan, now) for plan in _in_house(campaign))
    return told


def _in_house(campaign: Campaign) -> Sequence[Plan]:
    statement = select(Plan).where(Plan.campaign_id == campaign.id, Plan.state == PlanState.IN_HOUSE)
    return db.session.scalars(statement.order_by(Plan.id)).all()


def _tell_of_step(plan: Plan, now: datetime) -> int:
    """Remind whoever has the plan at an internal step; when the step's day has passed, the unit's leaders are told."""
    step, today = open_step(plan), local_day(now)
    if step is None or step.due is None:
        return 0
    telling, occasion = what_to_tell(step.due, today, ())
    if telling is Telling.NOTHING:
        return 0
    kind, people = NoticeKind.REMINDER, [step.account]
    if telling is Telling.ESCALATE:
        kind = NoticeKind.ESCALATION
        people += people_with(Action.SIGN_DECISION, plan.unit, today=today, campaign=plan.campaign)
    key = f"{kind.value}:step:{step.id}:{step.due.isoformat()}:{occasion}"
    words = {"step": step.name, "due": step.due.isoformat(), "days": abs(occasion)}
    notify(kind, people, key=key, now=now, plan=plan, words=words)
    return 1


def _tell(campaign: Campaign, waiting: Waiting, now: datetime) -> int:
    today = local_day(now)
    if waiting.due is None:
        return 0
    telling, occasion = what_to_tell(waiting.due, today, campaign.remind_days)
    if telling is Telling.NOTHING:
        return 0
    people = _part_of(waiting, campaign, today)
    kind = NoticeKind.REMINDER
    if telling is Telling.ESCALATE:
        kind = NoticeKind.ESCALATION
        people = [*people, *_those_above(waiting, campaign, today)]
    key = f"{kind.value}:{campaign.id}:{waiting.stage.value}:{waiting.unit.id}:{waiting.due.isoformat()}:{occasion}"
    notify(
        kind,
        people,
        key=key,
        now=now,
        plan=waiting.plan,
        unit=waiting.unit,
        campaign=campaign,
        words={"stage": waiting.stage.value, "due": waiting.due.isoformat(), "days": abs(occasion)},
    )
    return 1


def _part_of(waiting: Waiting, campaign: Campaign, today: date) -> list[Account]:
    """The people whose turn it is."""
    action = _PART[waiting.stage]
    if waiting.plan is not None:
        # where the superior only receives a copy, it is the unit itself that is to approve
        action = plan_right(action, waiting.plan)
    return people_with(action, waiting.unit, today=today, campaign=campaign)


def _those_above(waiting: Waiting, campaign: Campaign, today: date) -> list[Account]:
    """Who is told when a day has passed: the unit's own leaders, and the superior's approvers."""
    leaders = people_with(Action.SIGN_DECISION, waiting.unit, today=today, campaign=campaign)
    return [*leaders, *people_with(Action.APPROVE_PLAN, waiting.unit, today=today, campaign=campaign)]


def may_remind(account: Account, unit: Unit, campaign: Campaign, today: date) -> bool:
    """Whether the account may remind the unit."""
    return may_at_unit(account, Action.REMIND, unit, today, root_id=campaign.root_id)


def remind_unit(unit_id: int, campaign_id: int, *, actor: Account, now: datetime) -> list[Waiting]:
    """Remind the unit of everything that waits for it in the campaign: at most once a day, whoever does it.

    Raises NothingToRemindOf, AlreadyReminded, CampaignNotOpen, NotFound, Forbidden.
    """
    today = local_day(now)
    unit, campaign = db.session.get(Unit, unit_id), db.session.get(Campaign, campaign_id)
    if unit is None or campaign is None or not may_at_unit(actor, Action.VIEW_PLAN, unit, today):
        raise NotFound
    if not may_remind(actor, unit, campaign, today):
        raise Forbidden(Action.REMIND)
    require_open(campaign)
    # the unit's row is locked, so that two people who click at once do not both find nothing
    db.session.execute(select(Unit.id).where(Unit.id == unit_id).with_for_update())
    waiting = [
        found
        for stage in (StageName.ROOT_ISSUES, StageName.UNITS_ANSWER, StageName.PLANS_SUBMITTED)
        for found in waiting_units(campaign, stage)
        if found.unit.id == unit_id
    ]
    if not waiting:
        raise NothingToRemindOf
    keys = {found: f"reminded:{campaign.id}:{found.stage.value}:{unit_id}:{today.isoformat()}" for found in waiting}
    if db.session.scalar(select(Notice.id).where(Notice.key.in_(keys.values())).limit(1)):
        raise AlreadyReminded
    for found, key in keys.items():
        words = {"stage": found.stage.value, "due": found.due.isoformat() if found.due else "", "by": actor.name}
        people = _part_of(found, campaign, today)
        notify(
            NoticeKind.REMINDER,
            people,
            key=key,
            now=now,
            but=actor,
            plan=found.plan,
            unit=unit,
            campaign=campaign,
            words=words,
        )
    capacity = acting_capacity(actor, Action.REMIND, unit, today, root_id=campaign.root_id)
    record_event(Subject.CAMPAIGN, campaign.id, "remind", actor=actor, now=now, unit_id=unit_id, capacity=capacity)
    return waiting


def last_reminded(campaign: Campaign, unit_ids: Sequence[int]) -> dict[int, datetime]:
    """When each of the units was last reminded by a person or by the calendar."""
    rows = db.session.execute(
        select(Notice.unit_id, Notice.at)
        .where(
            Notice.campaign_id == campaign.id,
            Notice.unit_id.in_(unit_ids),
            Notice.kind.in_((NoticeKind.REMINDER, NoticeKind.ESCALATION)),
        )
        .order_by(Notice.at)
    )
    return {unit_id: at for unit_id, at in rows if unit_id is not None}
