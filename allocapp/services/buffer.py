"""Deliberate over-assignment: how far a plan goes beyond the assigned target, against the campaign's ceiling for it.

A plan may go beyond the ceiling, but not silently: it then carries a reason, which both levels read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from allocapp.errors import BufferUnexplained, StaleVersion, TextTooLong
from allocapp.models.account import Account
from allocapp.models.campaign import Indicator
from allocapp.models.plan import Plan
from allocapp.rules.balance import Balance
from allocapp.rules.flag import exceeds_ceiling
from allocapp.rules.workflow import PlanAction
from allocapp.services.road import load_for
from allocapp.services.sheet import Sheet

REASON_LIMIT: Final = 2000


@dataclass(frozen=True)
class Explanation:
    """What a person typed as the plan's reason, and the reason that stood there when their page was made."""

    text: str
    seen: str


def is_over_assigned(balance: Balance) -> bool:
    """Whether the aggregate goes beyond the assigned target, on its good side."""
    return balance.difference is not None and balance.difference > 0


def beyond_ceiling(sheet: Sheet, balances: Sequence[Balance]) -> tuple[Indicator, ...]:
    """The indicators for which more is assigned than the campaign allows."""
    columns = sheet.plan.campaign.indicators
    return tuple(
        column.indicator
        for column, balance in zip(columns, balances, strict=True)
        if exceeds_ceiling(balance, column.buffer_ceiling)
    )


def unexplained(sheet: Sheet, balances: Sequence[Balance]) -> tuple[Indicator, ...]:
    """The same, where the plan gives no reason for it."""
    return () if sheet.plan.buffer_reason else beyond_ceiling(sheet, balances)


def require_explanation(sheet: Sheet, balances: Sequence[Balance]) -> None:
    """What a submission asks for. Raises BufferUnexplained."""
    if indicators := unexplained(sheet, balances):
        raise BufferUnexplained(tuple(indicator.short_name for indicator in indicators))


def explain_buffer(plan_id: int, explanation: Explanation, *, actor: Account, now: datetime) -> Plan:
    """Keep the reason with a draft. Raises as write_explanation does, TransitionNotAllowed, NotFound, Forbidden."""
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    write_explanation(plan, explanation, actor=actor, now=now)
    return plan


def write_explanation(plan: Plan, explanation: Explanation, *, actor: Account, now: datetime) -> None:
    """Write the reason where the person changed it; one left as it was never undoes somebody else's.

    Raises TextTooLong, and StaleVersion when somebody else changed it to another text meanwhile.
    """
    text = explanation.text.strip()
    if len(text) > REASON_LIMIT:
        raise TextTooLong(REASON_LIMIT)
    if text in (plan.buffer_reason, explanation.seen):
        return
    if explanation.seen != plan.buffer_reason:
        raise StaleVersion(plan.version)
    plan.buffer_reason = text
    plan.version += 1
    plan.changed_at, plan.changed_by = now, actor
