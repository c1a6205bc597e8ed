"""An approver's inbox: what waits for a verdict, by deadline and by flags, and who has not sent anything yet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from sqlalchemy import select

from allocapp.access import Action, may_on_plan
from allocapp.db import db
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign, StageName
from allocapp.models.plan import Plan
from allocapp.rules.balance import Balance
from allocapp.rules.flag import Flag, FlagCode
from allocapp.rules.workflow import CampaignState, PlanAction, PlanState
from allocapp.services.flag import ORDER, flag_plan
from allocapp.services.reminder import Waiting, may_remind, waiting_units
from allocapp.services.sheet import check_sheet, read_sheet
from allocapp.services.stage import due_day
from allocapp.services.turn import plan_actions_for

_WAITING = (PlanState.SUBMITTED, PlanState.IN_REVIEW)


class Choice(StrEnum):
    """Which of the plans that wait are shown."""

    ALL = "all"
    CLEAN = "clean"
    FLAGGED = "flagged"
    LATE = "late"
    MINE = "mine"  # in review with the person


class Order(StrEnum):
    """In which order they are shown."""

    DEADLINE = "deadline"  # the nearest first, then the longest wait
    FLAGS = "flags"  # the most pressing kind first, then the most of them


@dataclass(frozen=True)
class Arrival:
    """A plan that waits for the person's verdict.

    ``due``: the last day of reviews for it. ``stands``: it is still what was submitted, and balanced. ``clean``: that,
    and nothing in it is flagged, so that it can be approved together with others.
    """

    plan: Plan
    due: date | None
    balances: tuple[Balance, ...]
    flags: tuple[Flag, ...]
    content_hash: str
    stands: bool
    may_approve: bool
    mine: bool

    @property
    def clean(self) -> bool:
        """Whether it may be approved without being opened."""
        return self.stands and self.may_approve and not self.flags

    def shown_under(self, choice: Choice, today: date) -> bool:
        """Whether it belongs to that choice."""
        return {
            Choice.ALL: True,
            Choice.CLEAN: self.clean,
            Choice.FLAGGED: bool(self.flags),
            Choice.LATE: bool(self.due and self.due < today) or any(flag.code is FlagCode.LATE for flag in self.flags),
            Choice.MINE: self.mine,
        }[choice]

    @property
    def flag_counts(self) -> Mapping[FlagCode, int]:
        """How often each flag stands in it, in the order of the flags."""
        counts: dict[FlagCode, int] = {}
        for flag in self.flags:
            counts[flag.code] = counts.get(flag.code, 0) + 1
        return counts


def list_inbox(account: Account, *, today: date, order: Order = Order.DEADLINE) -> list[Arrival]:
    """Every plan that waits for the account's verdict, in that order."""
    found = [_arrival(plan, account, today) for plan in _waiting_plans(account, today)]
    found.sort(key=lambda one: (one.due or date.max, one.plan.submitted_at, one.plan.id))
    if order is Order.FLAGS:
        # flags stand in the order of their kinds, so the first one is a plan's most pressing
        found.sort(key=lambda one: (ORDER[one.flags[0].code] if one.flags else len(ORDER), -len(one.flags)))
    return found


def list_absent(account: Account, *, today: date) -> list[tuple[Campaign, list[Waiting]]]:
    """By campaign: the units under the account that have not submitted their plan, whether begun or not."""
    found = []
    open_campaigns = select(Campaign).where(Campaign.state == CampaignState.OPEN)
    for campaign in db.session.scalars(open_campaigns.order_by(Campaign.period_from.desc(), Campaign.id)):
        waiting = [
            one
            for one in waiting_units(campaign, StageName.PLANS_SUBMITTED)
            if may_remind(account, one.unit, campaign, today)
        ]
        if waiting:
            found.append((campaign, waiting))
    return found


def _waiting_plans(account: Account, today: date) -> list[Plan]:
    statement = (
        select(Plan)
        .join(Campaign, Campaign.id == Plan.campaign_id)
        .where(Plan.state.in_(_WAITING), Campaign.state == CampaignState.OPEN)
        .order_by(Plan.id)
    )
    return [plan for plan in db.session.scalars(statement) if may_on_plan(account, Action.APPROVE_PLAN, plan, today)]


def _arrival(plan: Plan, account: Account, today: date) -> Arrival:
    sheet = read_sheet(plan)
    balances = check_sheet(sheet)
    balanced = sheet.assigned_known and all(balance.balanced for balance in balances)
    return Arrival(
        plan=plan,
        due=due_day(plan.campaign, StageName.REVIEWS_END, plan.unit_id),
        balances=balances,
        flags=flag_plan(sheet, balances, account, today=today),
        content_hash=sheet.content_hash,
        stands=balanced and sheet.content_hash == plan.submitted_hash,
        may_approve=PlanAction.APPROVE in plan_actions_for(plan, account, today),
        mine=plan.reviewed_by_id == account.id,
    )
