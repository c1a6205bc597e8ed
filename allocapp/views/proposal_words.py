"""What the pages say of proposed weights and of milestones: aggregates side by side, differences, faults in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from allocapp.models.account import Account
from allocapp.models.campaign import Indicator
from allocapp.models.plan import ExpectationProposal, Verdict
from allocapp.models.results import Service
from allocapp.models.unit import Unit
from allocapp.rules.balance import RollUp
from allocapp.rules.milestone import MilestoneCode
from allocapp.services.proposal import WeightGap, as_frozen, may_decide, services_by_id, stamp, weight_gaps
from allocapp.services.sheet import Cell, Sheet, check_sheet
from allocapp.views.formatting import count, localized, signed_count
from allocapp.views.plan_words import Verdict as Judgement
from allocapp.views.plan_words import judge_sheet

VERDICT_TONES: Mapping[Verdict, str] = {Verdict.OPEN: "attention", Verdict.ACCEPTED: "good", Verdict.REFUSED: "over"}


@dataclass(frozen=True)
class Standpoint:
    """The verdict on every indicator under one set of weights. ``binding``: the one that decides."""

    title: str
    binding: bool
    judgements: list[Judgement]
    gaps: list[str]


@dataclass(frozen=True)
class ProposalView:
    """A proposal as the page shows it. ``added`` and ``removed`` are services, for service sets only."""

    proposal: ExpectationProposal
    unit: Unit
    indicator: Indicator
    frozen: str
    proposed: str
    difference: str
    added: list[Service]
    removed: list[Service]
    verdict: str
    tone: str
    seen: str
    decidable: bool


def standpoints(sheet: Sheet) -> list[Standpoint]:
    """The aggregates side by side: under the weights that bind, and as if every open proposal were accepted.

    Where an accepted proposal binds, the frozen weights are shown besides. Only the binding one without any proposal.
    """
    has_accepted = any(cell.proposal and cell.proposal.verdict is Verdict.ACCEPTED for cell in sheet.cells.values())
    title = (
        _("Under the weights that bind (accepted proposals included)") if has_accepted else _("Under frozen weights")
    )
    found = [_standpoint(title, sheet, binding=True)]
    if sheet.open_proposals:
        found.append(_standpoint(_("If every open proposal were accepted"), sheet.with_proposals()))
    if has_accepted:
        found.append(_standpoint(_("Under frozen weights alone, for comparison"), as_frozen(sheet)))
    return found


def gap_texts(sheet: Sheet) -> list[str]:
    """What is worth a flag: receivers' weights that do not add up to the unit's own."""
    return [_gap_text(gap, sheet.plan.unit) for gap in weight_gaps(sheet)]


def list_proposals(sheet: Sheet, account: Account, now: datetime) -> list[ProposalView]:
    """Every proposal of the plan, open ones first, in the order of the sheet."""
    cells = [
        (row.unit, column.indicator, cell, cell.proposal)
        for row in sheet.rows
        for cell, column in zip(row.cells, sheet.indicators, strict=True)
        if cell.proposal is not None
    ]
    wanted = {service for _u, _i, cell, proposal in cells for service in (*cell.frozen_services, *proposal.services)}
    services = services_by_id(wanted)
    found = [
        _proposal_view(sheet, unit, indicator, cell, services=services, account=account, now=now)
        for unit, indicator, cell, _proposal in cells
    ]
    return sorted(found, key=lambda view: view.proposal.verdict is not Verdict.OPEN)


def verdict_name(verdict: Verdict) -> str:
    """What became of a proposal, in words."""
    return {
        Verdict.OPEN: _("Waits for the approver"),
        Verdict.ACCEPTED: _("Accepted, binds"),
        Verdict.REFUSED: _("Refused"),
    }[verdict]


def milestone_text(code: MilestoneCode) -> str:
    """What is wrong with a milestone, and what to do."""
    return {
        MilestoneCode.NO_TARGET: _("the row has no target yet, so it cannot have milestones"),
        MilestoneCode.OUT_OF_RANGE: _("a rate lies between 0 and 100"),
        MilestoneCode.NOT_A_QUARTER: _("this is no end of a quarter within the period"),
        MilestoneCode.BACKWARDS: _("it falls behind the milestone before it"),
        MilestoneCode.BEYOND_TARGET: _("it goes beyond the target of the row"),
        MilestoneCode.NOT_THE_TARGET: _("on the last day of the period it has to be the target"),
    }[code]


def _standpoint(title: str, sheet: Sheet, *, binding: bool = False) -> Standpoint:
    return Standpoint(title, binding, judge_sheet(sheet, check_sheet(sheet)), gap_texts(sheet))


def _gap_text(gap: WeightGap, unit: Unit) -> str:
    values = {
        "indicator": localized(gap.indicator, "short_name"),
        "children": count(gap.children),
        "own": count(gap.own),
        "gap": count(abs(gap.gap)),
        "counted": localized(gap.indicator, "counted"),
        "unit": unit.name,
    }
    if gap.gap > 0:
        return _(
            "%(indicator)s: the receivers' weights add up to %(children)s %(counted)s, %(gap)s more than the %(own)s "
            "of %(unit)s.",
            **values,
        )
    return _(
        "%(indicator)s: the receivers' weights add up to %(children)s %(counted)s, %(gap)s fewer than the %(own)s "
        "of %(unit)s.",
        **values,
    )


def _proposal_view(
    sheet: Sheet,
    unit: Unit,
    indicator: Indicator,
    cell: Cell,
    *,
    services: Mapping[int, Service],
    account: Account,
    now: datetime,
) -> ProposalView:
    proposal = cell.proposal
    assert proposal is not None, "only cells with a proposal are shown"
    wanted = set(proposal.services)
    distinct = indicator.rollup is RollUp.DISTINCT
    added = [service for key, service in services.items() if distinct and key in wanted - cell.frozen_services]
    removed = [service for key, service in services.items() if distinct and key in cell.frozen_services - wanted]
    return ProposalView(
        proposal=proposal,
        unit=unit,
        indicator=indicator,
        frozen=count(cell.frozen_weight),
        proposed=count(proposal.weight),
        difference=f"{signed_count(len(added))}, {signed_count(-len(removed))}"
        if distinct
        else signed_count(proposal.weight - cell.frozen_weight),
        added=added,
        removed=removed,
        verdict=verdict_name(proposal.verdict),
        tone=VERDICT_TONES[proposal.verdict],
        seen=stamp(proposal),
        decidable=may_decide(sheet.plan, proposal, account, now),
    )
