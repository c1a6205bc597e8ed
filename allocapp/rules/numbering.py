"""Number, symbol and date of an administrative document.

Source: Decree 30/2020/ND-CP, Appendix I: the series of a body restarts at 01 on 1 January; numbers below 10 are
padded with a zero, and so are days below 10 and the months 1 and 2, no other month.
"""

from __future__ import annotations

from datetime import date

from allocapp.errors import DateNotAllowed


def format_symbol(number: int, symbol: str) -> str:
    """Number and symbol as printed: 5, `QĐ-UBND` -> `05/QĐ-UBND`."""
    return f"{number:02d}/{symbol}"


def next_number(last: int) -> int:
    """The number after `last` in one body's series of one year; `last` is 0 where none was taken.

    A voided number stays taken: numbers are neither used twice nor left out.
    """
    return last + 1


def format_document_date(day: date) -> str:
    """The date as printed: `ngày 05 tháng 6 năm 2022`."""
    month = f"{day.month:02d}" if day.month <= 2 else f"{day.month}"
    return f"ngày {day.day:02d} tháng {month} năm {day.year}"


def check_document_date(day: date, not_before: date | None, today: date) -> None:
    """A document is dated on or after what it rests on (`not_before`, if anything), and never in the future.

    Raises:
        DateNotAllowed: the day lies outside.
    """
    if day > today or (not_before is not None and day < not_before):
        raise DateNotAllowed(day, not_before, today)
