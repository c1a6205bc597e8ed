"""Deliberate over-assignment: how far a plan goes beyond the assigned target, against the campaign's ceiling for it."""

from __future__ import annotations

from fractions import Fraction

from allocapp.rules.balance import Balance, Kind
from allocapp.rules.percent import HUNDRED_PERCENT


def is_over_assigned(balance: Balance) -> bool:
    """Whether the aggregate goes beyond the assigned target, on its good side."""
    return balance.difference is not None and balance.difference > 0


def exceeds_ceiling(balance: Balance, ceiling: int | None) -> bool:
    """Whether it goes further than the campaign allows.

    ``ceiling`` is hundredths of a percentage point for a rate, a count for a quantity; None: there is no ceiling.
    """
    if balance.difference is None or ceiling is None:
        return False
    limit = Fraction(ceiling) if balance.rule.kind is Kind.QUANTITY else Fraction(ceiling, HUNDRED_PERCENT)
    return balance.difference > limit
