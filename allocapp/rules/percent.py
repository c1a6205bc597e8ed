"""Rates and counts as people write them, kept as exact integers.

A rate is an int of hundredths of a per cent: 8000 is 80%, 7965 is 79,65%. A share is a `Fraction` of 1.
Nothing here is ever a float: 79,996% must not become 80% anywhere.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

from allocapp.errors import InvalidCount, InvalidPercent, PercentOutOfRange

HUNDRED_PERCENT: Final = 10_000

# The largest count accepted: it fits a 32-bit column, and no unit of the country has as many dossiers.
MAX_COUNT: Final = 999_999_999

# `[0-9]` and not `\d`: the latter also takes Arabic and full-width digits.
_PERCENT: Final = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]{1,2}))?")
# A grouped number starts with 1-9, so that an English `0.125` is refused instead of read as 125.
_COUNT: Final = re.compile(r"[0-9]{1,9}|[1-9][0-9]{0,2}(?:\.[0-9]{3}){1,2}")

# What a person types or pastes around a number: spaces and no-break spaces. A line break is no space.
_BLANKS: Final = " \u00a0"


def parse_percent(text: str) -> int:
    """Read a rate typed by a person; both `12,5` and `12.5` are 1250.

    At most two decimals, one trailing per cent sign, spaces and no-break spaces around the number.

    Raises:
        InvalidPercent: not such a number (also `NaN`, `1e3`, `-1`, `1.234,5`, other digits, a line break).
        PercentOutOfRange: a number above 100.
    """
    number = text.strip(_BLANKS).removesuffix("%").rstrip(_BLANKS)
    found = _PERCENT.fullmatch(number)
    if found is None:
        raise InvalidPercent(text)
    whole, decimals = found.groups(default="")
    rate = int(whole) * 100 + int(decimals.ljust(2, "0"))
    if rate > HUNDRED_PERCENT:
        raise PercentOutOfRange(text)
    return rate


def parse_count(text: str) -> int:
    """Read a whole number typed by a person: `1234` or, with dots between groups of three, `1.234`.

    Raises:
        InvalidCount: anything else, also `1.23`, `0.125`, `1,234`, `-1` and numbers above `MAX_COUNT`.
    """
    number = text.strip(_BLANKS)
    if _COUNT.fullmatch(number) is None:
        raise InvalidCount(text)
    return int(number.replace(".", ""))


def floor_hundredths(x: Fraction) -> int:
    """The share `x` in hundredths of a per cent, rounded down: 4/5 -> 8000, 79,996% -> 7999."""
    return x.numerator * HUNDRED_PERCENT // x.denominator


def ceil_hundredths(x: Fraction) -> int:
    """The share `x` in hundredths of a per cent, rounded up: 4/5 -> 8000, 79,991% -> 8000."""
    return -(-x.numerator * HUNDRED_PERCENT // x.denominator)


def format_percent(h: int, mark: str = ",") -> str:
    """A rate for the screen, without space or idle zeros: 7960 -> `79,6%`, 8000 -> `80%`."""
    return format_points(h, mark) + "%"


def format_points(h: int, mark: str = ",") -> str:
    """Hundredths as percentage points without a sign of unit: 40 -> `0,4`, 100 -> `1`, -5 -> `-0,05`."""
    whole, decimals = divmod(abs(h), 100)
    tail = f"{decimals:02d}".rstrip("0")
    sign = "-" if h < 0 else ""
    return f"{sign}{whole}{mark}{tail}" if tail else f"{sign}{whole}"


def format_count(n: int, group: str = ".") -> str:
    """A count with its groups of three: 1234 -> `1.234`."""
    return f"{n:,}".replace(",", group)
