"""A campaign's road: prepared, opened, closed for good; and what it asks of plans, which is set on the way.

Opening lets units begin their plans; closing makes everything in it read-only. Neither happens by itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select

from allocapp.access import Action, held_grants, load_campaign
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import AuthorityInUse, CampaignNotOpen, CampaignNotReady, StaleVersion, ThresholdsRefused
from allocapp.models.account import Account
from allocapp.models.campaign import Authority, Campaign, CampaignIndicator
from allocapp.models.event import Subject
from allocapp.models.notice import NoticeKind
from allocapp.models.plan import Plan
from allocapp.rules.balance import Kind
from allocapp.rules.content import content_hash
from allocapp.rules.percent import HUNDRED_PERCENT
from allocapp.rules.workflow import CampaignAction, CampaignState, PlanState, next_campaign_state
from allocapp.services.journal import record_event
from allocapp.services.notice import notify, people_with
from allocapp.services.unit import allocating_units, receivers_of

MOST_REMINDERS: Final = 5
LONGEST_NOTICE: Final = 60  # days before a deadline
LARGEST_COUNT: Final = 2**31 - 1


class Lack(StrEnum):
    """What a campaign lacks before it can be opened."""

    INDICATORS = "indicators"
    EXPECTATIONS = "expectations"  # weights and baselines are not frozen
    RECEIVERS = "receivers"
    PERIOD_OVER = "period_over"


@dataclass(frozen=True)
class IndicatorPolicy:
    """What the campaign calls unusual for one indicator, in the target's own unit; ``ceiling`` None: no limit."""

    ceiling: int | None
    below_baseline: int
    below_last: int


@dataclass(frozen=True)
class Policy:
    """What a campaign asks of its plans: whose word counts, when a jump is unusual, when people are reminded."""

    authority: Authority
    jump_deviations: int
    jump_rows: int
    remind_days: tuple[int, ...]
    indicators: Mapping[int, IndicatorPolicy]

    @property
    def stamp(self) -> str:
        """What a form carries to show which policy it was made from."""
        return content_hash(
            [
                self.authority.value,
                self.jump_deviations,
                self.jump_rows,
                list(self.remind_days),
                [
                    [key, one.ceiling, one.below_baseline, one.below_last]
                    for key, one in sorted(self.indicators.items())
                ],
            ]
        )


def list_campaigns(account: Account, *, today: date) -> list[Campaign]:
    """The campaigns in whose tree the account holds a role, newest period first."""
    grants = held_grants(account, today)
    campaigns = db.session.scalars(select(Campaign).order_by(Campaign.period_from.desc(), Campaign.id))
    return [found for found in campaigns if any(grant.unit.is_within(found.root) for grant in grants)]


def read_policy(campaign: Campaign) -> Policy:
    """The campaign's policy as it is stored."""
    return Policy(
        authority=campaign.authority,
        jump_deviations=campaign.jump_deviations,
        jump_rows=campaign.jump_rows,
        remind_days=tuple(campaign.remind_days),
        indicators={
            column.indicator_id: IndicatorPolicy(column.buffer_ceiling, column.below_baseline, column.below_last)
            for column in campaign.indicators
        },
    )


def lacks_of(campaign: Campaign, *, today: date) -> tuple[Lack, ...]:
    """What keeps the campaign from being opened."""
    found = {
        Lack.INDICATORS: not campaign.indicators,
        Lack.EXPECTATIONS: campaign.frozen_at is None,
        Lack.RECEIVERS: not receivers_of(campaign.root, campaign),
        Lack.PERIOD_OVER: campaign.period_to < today,
    }
    return tuple(lack for lack, there in found.items() if there)


def open_campaign(campaign_id: int, *, actor: Account, now: datetime) -> Campaign:
    """Open the campaign: from now on units may begin their plans; their preparers are told.

    Raises CampaignNotReady, TransitionNotAllowed, NotFound, Forbidden.
    """
    today = local_day(now)
    campaign = load_campaign(actor, campaign_id, Action.MANAGE_CAMPAIGN, today=today, lock=True)
    state = next_campaign_state(campaign.state, CampaignAction.OPEN)
    if lacks := lacks_of(campaign, today=today):
        raise CampaignNotReady(tuple(lack.value for lack in lacks))
    return _move(campaign, state, CampaignAction.OPEN, NoticeKind.CAMPAIGN_OPENED, actor=actor, now=now)


def close_campaign(campaign_id: int, *, actor: Account, now: datetime) -> Campaign:
    """Close the campaign for good: everything in it can be read and nothing changed.

    Raises TransitionNotAllowed, NotFound, Forbidden.
    """
    campaign = load_campaign(actor, campaign_id, Action.MANAGE_CAMPAIGN, today=local_day(now), lock=True)
    state = next_campaign_state(campaign.state, CampaignAction.CLOSE)
    return _move(campaign, state, CampaignAction.CLOSE, NoticeKind.CAMPAIGN_CLOSED, actor=actor, now=now)


def _move(
    campaign: Campaign,
    state: CampaignState,
    action: CampaignAction,
    kind: NoticeKind,
    *,
    actor: Account,
    now: datetime,
) -> Campaign:
    before, campaign.state = campaign.state, state
    record_event(
        Subject.CAMPAIGN,
        campaign.id,
        action.value,
        actor=actor,
        now=now,
        unit_id=campaign.root_id,
        from_state=before.value,
        to_state=state.value,
    )
    for unit in allocating_units(campaign):
        people = people_with(Action.EDIT_PLAN, unit, today=local_day(now), campaign=campaign)
        key = f"{kind.value}:{campaign.id}:{unit.id}"
        notify(kind, people, key=key, now=now, but=actor, unit=unit, campaign=campaign)
    return campaign


def unfinished_plans(campaign: Campaign) -> Sequence[Plan]:
    """Plans on their way: closing the campaign leaves them as they are, for good."""
    ended = (PlanState.ISSUED, PlanState.SUPERSEDED, PlanState.REVOKED, PlanState.DISCARDED)
    statement = select(Plan).where(Plan.campaign_id == campaign.id, Plan.state.not_in(ended)).order_by(Plan.id)
    return db.session.scalars(statement).all()


def set_policy(campaign_id: int, policy: Policy, *, seen: str, actor: Account, now: datetime) -> Campaign:
    """Set what the campaign asks of its plans. ``seen`` is the stamp of the policy that was seen.

    Raises ThresholdsRefused, AuthorityInUse once a plan was submitted, StaleVersion, CampaignNotOpen for a closed
    campaign, NotFound, Forbidden.
    """
    campaign = load_campaign(actor, campaign_id, Action.MANAGE_CAMPAIGN, today=local_day(now), lock=True)
    if campaign.state is CampaignState.CLOSED:
        raise CampaignNotOpen(campaign.state.value)
    before = read_policy(campaign)
    if policy == before:
        return campaign
    if seen != before.stamp:
        raise StaleVersion(0)
    if wrong := tuple(_out_of_range(policy, campaign)):
        raise ThresholdsRefused(wrong)
    if policy.authority is not before.authority and _submitted(campaign):
        raise AuthorityInUse
    campaign.authority = policy.authority
    campaign.jump_deviations, campaign.jump_rows = policy.jump_deviations, policy.jump_rows
    campaign.remind_days = list(policy.remind_days)
    for column in campaign.indicators:
        wanted = policy.indicators[column.indicator_id]
        column.buffer_ceiling = wanted.ceiling
        column.below_baseline, column.below_last = wanted.below_baseline, wanted.below_last
    record_event(Subject.CAMPAIGN, campaign.id, "settings", actor=actor, now=now, unit_id=campaign.root_id)
    return campaign


def _submitted(campaign: Campaign) -> bool:
    statement = select(Plan.id).where(Plan.campaign_id == campaign.id, Plan.submitted_at.is_not(None)).limit(1)
    return db.session.scalar(statement) is not None


def _out_of_range(policy: Policy, campaign: Campaign) -> list[str]:
    """The names of the fields whose values make no sense."""
    wrong = []
    if not 1 <= policy.jump_deviations <= 1000:
        wrong.append("jump_deviations")
    if not 2 <= policy.jump_rows <= 1000:
        wrong.append("jump_rows")
    days = policy.remind_days
    if len(days) > MOST_REMINDERS or len(set(days)) < len(days) or not all(1 <= day <= LONGEST_NOTICE for day in days):
        wrong.append("remind_days")
    for column in campaign.indicators:
        wrong += _out_of_range_for(column, policy.indicators[column.indicator_id])
    return wrong


def _out_of_range_for(column: CampaignIndicator, policy: IndicatorPolicy) -> list[str]:
    most = HUNDRED_PERCENT if column.indicator.kind is Kind.RATE else LARGEST_COUNT
    figures = {
        "ceiling": policy.ceiling or 0,
        "below_baseline": policy.below_baseline,
        "below_last": policy.below_last,
    }
    return [f"{name}-{column.indicator_id}" for name, figure in figures.items() if not 0 <= figure <= most]
