"""What in a plan deserves an approver's look: flags, with thresholds that the campaign sets. A flag forbids nothing.

Exact throughout: the standard deviation is never drawn as a root, its square is compared with the square of the jump.

Source: design, sections 3 and 4 (what a superior weighs before it approves).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Final

from allocapp.rules.balance import Balance, Direction, Kind
from allocapp.rules.percent import HUNDRED_PERCENT

HUNDREDTHS: Final = 100


class FlagCode(StrEnum):
    """What is unusual. In the order in which an approver should look at them."""

    OUT_OF_BALANCE = "out_of_balance"  # the superior's later decision moved T
    PROPOSED = "proposed"  # another weight or service set waits for a verdict
    BELOW_BASELINE = "below_baseline"
    BELOW_LAST = "below_last"
    JUMP = "jump"
    FLOOR_BELOW = "floor_below"  # distinct services: what is guaranteed does not reach T
    BEYOND_BUFFER = "beyond_buffer"
    ALL_IDENTICAL = "all_identical"
    REMARKS_OPEN = "remarks_open"  # of an earlier return, not ticked off
    LATE = "late"


@dataclass(frozen=True)
class Flag:
    """One finding: on the row of ``key`` (a unit), or on the whole indicator, or on the whole plan (both None).

    ``figure`` is what makes it one, in the target's own unit (hundredths of a per cent, or a count): how far below, how
    far beyond, the jump; days for LATE, their number for REMARKS_OPEN.
    """

    code: FlagCode
    indicator: int | None = None
    key: int | None = None
    figure: int | None = None


@dataclass(frozen=True)
class Standing:
    """One receiver's target beside what it had: in hundredths of a per cent, or counts.

    ``baseline`` is exact (last year's rate); None where nothing was handled. ``last`` is last year's target.
    ``proposed``: another weight or set waits for a verdict.
    """

    key: int
    target: int | None
    baseline: Fraction | None
    last: int | None
    proposed: bool = False


@dataclass(frozen=True)
class Thresholds:
    """What the campaign calls unusual, for one indicator.

    ``below_baseline``, ``below_last``: how far a target may lie on the wrong side unflagged, in its own unit.
    ``ceiling``: how far the aggregate may deliberately go beyond T (hundredths of a point, a count; None: at will).
    ``jump_deviations``: in hundredths of a standard deviation; ``jump_rows``: from so many rows on.
    """

    below_baseline: int = 0
    below_last: int = 0
    ceiling: int | None = None
    jump_deviations: int = 200
    jump_rows: int = 5


def flag_indicator(
    indicator: int, rows: Sequence[Standing], balance: Balance, thresholds: Thresholds
) -> Iterator[Flag]:
    """Every flag on one indicator of a plan; rows without a target say nothing."""
    rule = balance.rule
    for row in rows:
        if row.proposed:
            yield Flag(FlagCode.PROPOSED, indicator, row.key)
        if row.target is None:
            continue
        if row.baseline is not None:
            behind = _behind(rule.direction, row.target, row.baseline)
            if behind > thresholds.below_baseline:
                shown = abs(_shown_jump(row.target, row.baseline))
                yield Flag(FlagCode.BELOW_BASELINE, indicator, row.key, max(shown, 1))
        if row.last is not None:
            behind = _behind(rule.direction, row.target, Fraction(row.last))
            if behind > thresholds.below_last:
                yield Flag(FlagCode.BELOW_LAST, indicator, row.key, _whole(behind))
    by_key = {row.key: row for row in rows}
    for key, _jump in unusual_jumps(rows, thresholds):
        row = by_key[key]
        assert row.target is not None, "a jump leads to a target"
        assert row.baseline is not None, "and comes from a baseline"
        yield Flag(FlagCode.JUMP, indicator, key, _shown_jump(row.target, row.baseline))
    if balance.floor_below:
        yield Flag(FlagCode.FLOOR_BELOW, indicator)
    if exceeds_ceiling(balance, thresholds.ceiling):
        assert balance.difference is not None, "what exceeds a ceiling differs"
        unit = 1 if rule.kind is Kind.QUANTITY else HUNDRED_PERCENT
        yield Flag(FlagCode.BEYOND_BUFFER, indicator, figure=_whole(balance.difference * unit))
    targets = [row.target for row in rows if row.target is not None]
    if len(targets) > 1 and len(set(targets)) == 1:
        yield Flag(FlagCode.ALL_IDENTICAL, indicator, figure=targets[0])


def unusual_jumps(rows: Sequence[Standing], thresholds: Thresholds) -> list[tuple[int, Fraction]]:
    """The rows whose jump from baseline to target lies beyond the plan's mean jump by more than the stated deviations.

    The plan's rows are all there are, so the deviation is that of a whole population. Of n values none can lie further
    from their mean than √(n − 1) deviations: with two deviations a row can stand out from the sixth row on.
    """
    jumps = [
        (row.key, row.target - row.baseline) for row in rows if row.target is not None and row.baseline is not None
    ]
    if len(jumps) < max(thresholds.jump_rows, 2):
        return []
    mean = sum((jump for _, jump in jumps), Fraction(0)) / len(jumps)
    variance = sum(((jump - mean) ** 2 for _, jump in jumps), Fraction(0)) / len(jumps)
    limit = Fraction(thresholds.jump_deviations, HUNDREDTHS) ** 2 * variance
    return [(key, jump) for key, jump in jumps if (jump - mean) ** 2 > limit]


def exceeds_ceiling(balance: Balance, ceiling: int | None) -> bool:
    """Whether the aggregate goes further beyond T than the campaign allows.

    ``ceiling`` is hundredths of a percentage point for a rate, a count for a quantity; None: there is no ceiling.
    """
    if balance.difference is None or ceiling is None:
        return False
    limit = Fraction(ceiling) if balance.rule.kind is Kind.QUANTITY else Fraction(ceiling, HUNDRED_PERCENT)
    return balance.difference > limit


def _behind(direction: Direction, target: int, other: Fraction) -> Fraction:
    """How far the target lies on the wrong side of the other figure; negative where it lies on the right one."""
    return other - target if direction is Direction.AT_LEAST else target - other


def _shown_jump(target: int, baseline: Fraction) -> int:
    """The jump as it can be read off the page, where the baseline stands rounded down."""
    return target - math.floor(baseline)


def _whole(amount: Fraction) -> int:
    """Rounded up: what is flagged is never shown as nothing."""
    return -(-amount.numerator // amount.denominator)
