"""The flags of a plan: what the rules find unusual in it, from everything that is known about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from allocapp.clock import local_day
from allocapp.models.account import Account
from allocapp.models.campaign import CampaignIndicator, StageName
from allocapp.models.plan import Plan, Verdict
from allocapp.rules.balance import Balance, Kind
from allocapp.rules.flag import Flag, FlagCode, Standing, Thresholds, flag_indicator
from allocapp.rules.percent import HUNDRED_PERCENT
from allocapp.services.comparison import Before, read_last_year
from allocapp.services.sheet import Cell, Sheet
from allocapp.services.stage import due_day
from allocapp.services.submission import first_submitted_at

ORDER = {code: place for place, code in enumerate(FlagCode)}


def flag_plan(sheet: Sheet, balances: Sequence[Balance], account: Account, *, today: date) -> tuple[Flag, ...]:
    """Every flag of the plan, most pressing kind first, then in the order of its indicators and rows."""
    last = read_last_year(sheet.plan, account, today=today)
    found = [*_flags_of_plan(sheet, today)]
    for place, (column, balance) in enumerate(zip(sheet.plan.campaign.indicators, balances, strict=True)):
        rows = [_standing(row.cells[place], column, _last_target(last, row.unit.code, column)) for row in sheet.rows]
        found += flag_indicator(column.indicator_id, rows, balance, _thresholds(sheet.plan, column))
    return tuple(sorted(found, key=lambda flag: ORDER[flag.code]))


def _flags_of_plan(sheet: Sheet, today: date) -> list[Flag]:
    plan, found = sheet.plan, []
    if plan.out_of_balance_at is not None:
        found.append(Flag(FlagCode.OUT_OF_BALANCE))
    remarks = [*sheet.comments, *(remark for row in sheet.rows for remark in row.comments)]
    waiting = sum(remark.done_at is None for remark in remarks)
    if waiting:
        found.append(Flag(FlagCode.REMARKS_OPEN, figure=waiting))
    due = due_day(plan.campaign, StageName.PLANS_SUBMITTED, plan.unit_id)
    first = first_submitted_at(plan)
    arrived = local_day(first) if first else today
    if due is not None and plan.revision == 1 and arrived > due:
        found.append(Flag(FlagCode.LATE, figure=(arrived - due).days))
    return found


def _standing(cell: Cell, column: CampaignIndicator, last: int | None) -> Standing:
    proposed = cell.proposal is not None and cell.proposal.verdict is Verdict.OPEN
    return Standing(cell.unit_id, cell.target, _baseline(cell, column), last, proposed)


def _baseline(cell: Cell, column: CampaignIndicator) -> Fraction | None:
    """Last year's figure in the target's own unit, exact: a rate where something was handled, a quantity's count."""
    if column.indicator.kind is Kind.QUANTITY:
        return Fraction(cell.baseline_numerator)
    if not cell.baseline_denominator:
        return None
    return Fraction(cell.baseline_numerator * HUNDRED_PERCENT, cell.baseline_denominator)


def _last_target(last: Before | None, unit_code: str, column: CampaignIndicator) -> int | None:
    if last is None:
        return None
    entry = last.entries.get((unit_code, column.indicator.code, column.indicator.kind.value))
    return entry.target if entry else None


def _thresholds(plan: Plan, column: CampaignIndicator) -> Thresholds:
    return Thresholds(
        below_baseline=column.below_baseline,
        below_last=column.below_last,
        ceiling=column.buffer_ceiling,
        jump_deviations=plan.campaign.jump_deviations,
        jump_rows=plan.campaign.jump_rows,
    )
