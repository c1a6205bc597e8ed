"""Whether the receivers' weights add up to their unit's own: a forecast that two levels state differently is seen."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from allocapp.db import db
from allocapp.models.campaign import Expectation
from allocapp.rules.balance import RollUp
from allocapp.services.sheet import Sheet


@dataclass(frozen=True)
class WeightsApart:
    """The receivers' weights together, and the weight frozen for the unit itself, where the two differ."""

    receivers: int
    unit: int


def compare_weights(sheet: Sheet) -> dict[int, WeightsApart]:
    """By indicator id, where they do not add up. Sums alone: service sets overlap and need not add up.

    The receivers' weights are the binding ones, so that an accepted proposal is seen to depart from the forecast. A
    unit for which nothing is frozen has nothing to compare with.
    """
    plan = sheet.plan
    own: dict[int, int] = {
        row.indicator_id: row.weight
        for row in db.session.execute(
            select(Expectation.indicator_id, Expectation.weight).where(
                Expectation.campaign_id == plan.campaign_id, Expectation.unit_id == plan.unit_id
            )
        )
    }
    return weights_apart(sheet, own)


def weights_apart(sheet: Sheet, own: dict[int, int]) -> dict[int, WeightsApart]:
    """``compare_weights`` for known weights of the unit, by indicator id."""
    apart = {}
    for position, column in enumerate(sheet.indicators):
        indicator_id = column.indicator.id
        if column.rule.rollup is not RollUp.SUMS or indicator_id not in own:
            continue
        together = sum(row.cells[position].weight for row in sheet.rows)
        if together != own[indicator_id]:
            apart[indicator_id] = WeightsApart(together, own[indicator_id])
    return apart
