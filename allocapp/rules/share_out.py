"""A total shared out by weight, in whole units, so that the parts are exactly the total.

Source: design, section 3, "Apportioning methods"; the method of the largest remainder.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Part:
    """One taker: its weight, not negative, and the least and the most it may have, whole numbers, least <= most."""

    weight: int
    least: int
    most: int


def share_out(total: int, parts: Sequence[Part]) -> tuple[list[int], Fraction]:
    """What each part gets, and λ, the count for each one of weight.

    A part's due is λ · weight, clamped between its least and its most, with the λ at which the dues are the total.
    Each gets its due rounded down; what is left goes, one each, to the largest remainders, of equal ones to the first
    in order. A part at its least or most gets just that, so the rounding never breaks through.

    Where the total lies below all that the parts must have, λ is 0 and each has its least; where it lies above all
    that they may have, or only parts without weight could take more, it is not reached.
    """
    level = _level(total, parts)
    gets: list[int] = []
    remainders: list[tuple[int, int]] = []
    for index, part in enumerate(parts):
        whole, rest = divmod(level.numerator * part.weight, level.denominator)
        gets.append(min(max(whole, part.least), part.most))
        if rest and part.least <= whole < part.most:
            remainders.append((-rest, index))
    left = max(total - sum(gets), 0)
    for _, index in sorted(remainders)[:left]:
        gets[index] += 1
    return gets, level


def _level(total: int, parts: Sequence[Part]) -> Fraction:
    """The λ at which the dues are the total, else the nearest at which some due still changes."""
    # Between two of these λ the dues grow evenly.
    bends = sorted({Fraction(bound, part.weight) for part in parts if part.weight for bound in (part.least, part.most)})
    low, high = Fraction(0), Fraction(0)
    first, last = 0, len(bends)
    while first < last:  # the first bend at which the dues are the total or more
        middle = (first + last) // 2
        if _dues(bends[middle], parts) < total:
            first = middle + 1
        else:
            last = middle
    if first > 0:
        low = bends[first - 1]
    if first == len(bends) or total <= _dues(low, parts):
        return low
    high = bends[first]
    begins, ends = _dues(low, parts), _dues(high, parts)
    return low + (high - low) * (total - begins) / (ends - begins)


def _dues(level: Fraction, parts: Sequence[Part]) -> Fraction:
    p, q = level.numerator, level.denominator
    return Fraction(sum(min(max(part.weight * p, part.least * q), part.most * q) for part in parts), q)
