"""The stages of a campaign: by which day each should be over, and later days for single units."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from allocapp.access import Action, load_campaign
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import CampaignNotOpen, DeadlinesRefused, NotFound, ReasonRequired, StaleVersion, TextTooLong
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign, CampaignStage, StageExtension, StageName
from allocapp.models.event import Subject
from allocapp.models.notice import NoticeKind
from allocapp.models.unit import Unit
from allocapp.rules.content import content_hash
from allocapp.rules.deadline import check_extension, check_stage_days
from allocapp.rules.workflow import CampaignState
from allocapp.services.journal import record_event
from allocapp.services.notice import notify, people_with
from allocapp.services.road import require_open
from allocapp.services.transition import REASON_LIMIT
from allocapp.services.unit import units_of

Days = Mapping[StageName, date]


def stage_days(campaign: Campaign) -> dict[StageName, date]:
    """The days that the campaign has set, in the order of the stages."""
    rows = db.session.execute(
        select(CampaignStage.name, CampaignStage.due).where(CampaignStage.campaign_id == campaign.id)
    )
    found = dict(rows.all())
    return {name: found[name] for name in StageName if name in found}


def days_stamp(days: Days) -> str:
    """What a form carries to show which days it was made from."""
    return content_hash({name.value: day.isoformat() for name, day in days.items()})


def due_days(campaign: Campaign, stage: StageName, unit_ids: Collection[int]) -> dict[int, date]:
    """The stage's day for each of the units, with the extensions granted; empty where the stage has none."""
    general = db.session.scalar(
        select(CampaignStage.due).where(CampaignStage.campaign_id == campaign.id, CampaignStage.name == stage)
    )
    if general is None:
        return {}
    rows = db.session.execute(
        select(StageExtension.unit_id, StageExtension.due)
        .where(StageExtension.campaign_id == campaign.id, StageExtension.name == stage)
        .order_by(StageExtension.id)  # the newest one counts
    )
    granted = dict(rows.all())
    # a day that the campaign has moved beyond an extension since then holds for the extended unit too
    return {unit_id: max(general, granted.get(unit_id, general)) for unit_id in unit_ids}


def due_day(campaign: Campaign, stage: StageName, unit_id: int) -> date | None:
    """The stage's day for one unit, if it has one."""
    return due_days(campaign, stage, (unit_id,)).get(unit_id)


def extensions(campaign: Campaign) -> Sequence[StageExtension]:
    """Every extension granted in the campaign, newest first."""
    return db.session.scalars(
        select(StageExtension)
        .where(StageExtension.campaign_id == campaign.id)
        .options(joinedload(StageExtension.unit), joinedload(StageExtension.account))
        .order_by(StageExtension.id.desc())
    ).all()


def set_deadlines(
    campaign_id: int, days: Mapping[StageName, date | None], *, seen: str, actor: Account, now: datetime
) -> Campaign:
    """Set the days of the stages; None takes a stage's day away. ``seen`` is the stamp of the days that were seen.

    Raises DeadlinesRefused, StaleVersion, CampaignNotOpen for a closed campaign, NotFound, Forbidden.
    """
    today = local_day(now)
    campaign = load_campaign(actor, campaign_id, Action.MANAGE_CAMPAIGN, today=today, lock=True)
    if campaign.state is CampaignState.CLOSED:
        raise CampaignNotOpen(campaign.state.value)
    before = stage_days(campaign)
    wanted = {name: days.get(name) for name in StageName}
    if {name: day for name, day in wanted.items() if day} == before:
        return campaign
    if seen != days_stamp(before):
        raise StaleVersion(0)
    ordered = [(name.value, day) for name, day in wanted.items()]
    stood = {name.value: day for name, day in before.items()}
    if problems := tuple(check_stage_days(ordered, before=stood, today=today)):
        raise DeadlinesRefused(problems)
    stored = {
        stage.name: stage
        for stage in db.session.scalars(select(CampaignStage).where(CampaignStage.campaign_id == campaign.id))
    }
    for name, day in wanted.items():
        if day is None and name in stored:
            db.session.delete(stored[name])
        elif day is not None and name in stored:
            stored[name].due = day
        elif day is not None:
            db.session.add(CampaignStage(campaign_id=campaign.id, name=name, due=day))
    db.session.flush()  # what is read after this in the same transaction reads the new days
    told = "; ".join(f"{name.value}: {day:%d/%m/%Y}" for name, day in wanted.items() if day)
    record_event(
        Subject.CAMPAIGN,
        campaign.id,
        "set_deadlines",
        actor=actor,
        now=now,
        unit_id=campaign.root_id,
        reason=told,
    )
    return campaign


def extend_deadline(
    campaign_id: int,
    stage: StageName,
    unit_id: int,
    due: date,
    *,
    reason: str,
    actor: Account,
    now: datetime,
) -> StageExtension:
    """Give one unit a later day for a stage, with the reason; its people are told.

    Raises DeadlinesRefused, ReasonRequired, TextTooLong, CampaignNotOpen, NotFound (also for a unit that is not in the
    campaign), Forbidden.
    """
    today, reason = local_day(now), reason.strip()
    campaign = load_campaign(actor, campaign_id, Action.MANAGE_CAMPAIGN, today=today, lock=True)
    require_open(campaign)
    unit = _require_extension(campaign, stage, unit_id, due=due, reason=reason, today=today)
    granted = StageExtension(
        campaign_id=campaign.id, name=stage, unit_id=unit.id, due=due, reason=reason, account_id=actor.id, at=now
    )
    db.session.add(granted)
    record_event(
        Subject.CAMPAIGN,
        campaign.id,
        "extend",
        actor=actor,
        now=now,
        unit_id=unit.id,
        reason=f"{stage.value}, {due:%d/%m/%Y}: {reason}",
    )
    _tell_of_extension(campaign, granted, unit, actor=actor, now=now)
    return granted


def _require_extension(
    campaign: Campaign, stage: StageName, unit_id: int, *, due: date, reason: str, today: date
) -> Unit:
    """The unit, where it may have that day for that reason; raises as extend_deadline does."""
    unit = db.session.scalar(select(Unit).where(Unit.id == unit_id, units_of(campaign)))
    if unit is None:
        raise NotFound
    if not reason:
        raise ReasonRequired
    if len(reason) > REASON_LIMIT:
        raise TextTooLong(REASON_LIMIT)
    if problem := check_extension(stage.value, due, current=due_day(campaign, stage, unit.id), today=today):
        raise DeadlinesRefused((problem,))
    return unit


def _tell_of_extension(
    campaign: Campaign, granted: StageExtension, unit: Unit, *, actor: Account, now: datetime
) -> None:
    notify(
        NoticeKind.DEADLINE_EXTENDED,
        people_with(Action.EDIT_PLAN, unit, today=local_day(now), campaign=campaign),
        key=f"extended:{campaign.id}:{granted.name.value}:{unit.id}:{granted.due.isoformat()}",
        now=now,
        but=actor,
        unit=unit,
        campaign=campaign,
        words={"stage": granted.name.value, "due": granted.due.isoformat(), "reason": granted.reason},
    )
