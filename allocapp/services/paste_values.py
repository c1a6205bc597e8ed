"""A cell of somebody's table as a target: exact, or refused with the reason. Nothing is rounded and nothing guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final

from allocapp.errors import InvalidCount, InvalidPercent, PercentOutOfRange
from allocapp.files.table import CellKind, FileCell
from allocapp.rules.balance import Kind
from allocapp.rules.percent import HUNDRED_PERCENT, MAX_COUNT, parse_count, parse_percent

# what people write where there is nothing
DASHES: Final = frozenset({"-", "–", "—", "−"})

_MORE_DECIMALS: Final = re.compile(r"[0-9]{1,3}[.,][0-9]{3,}")
_FIGURE: Final = re.compile(r"[-−]?[0-9][0-9.,\u00a0 ]*%?")
_BELOW_ZERO: Final = re.compile(r"[-−–][0-9][0-9.,]*")
# how Excel writes its errors where a cell is copied as text
_ERROR: Final = re.compile(r"#(?:N/A|DIV/0!|REF!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|[#]+)")
_BLANKS: Final = " \u00a0"


class ValueFault(StrEnum):
    """Why a cell is not taken as a target."""

    NOT_A_RATE = "not_a_rate"
    NOT_A_COUNT = "not_a_count"
    ABOVE_HUNDRED = "above_hundred"
    BELOW_ZERO = "below_zero"
    TOO_LARGE = "too_large"
    TOO_MANY_DECIMALS = "too_many_decimals"
    NOT_WHOLE = "not_whole"
    RATE_FOR_QUANTITY = "rate_for_quantity"  # a percentage where things are counted
    DATE = "date"
    BOOLEAN = "boolean"
    ERROR = "error"
    UNCALCULATED = "uncalculated"
    MERGED = "merged"


class ValueNote(StrEnum):
    """What is worth knowing about how a cell was read."""

    PERCENT_FORMAT = "percent_format"  # 0.8 shown as 80% is 80%
    FORMULA = "formula"  # the result that a formula had when the file was saved
    SMALL = "small"  # at most 1%: perhaps a share was meant


@dataclass(frozen=True)
class ReadValue:
    """A target in its own unit (hundredths of a per cent, or a count), and how it was read."""

    target: int
    notes: tuple[ValueNote, ...] = ()


_KIND_FAULTS: Final = {
    CellKind.DATE: ValueFault.DATE,
    CellKind.BOOLEAN: ValueFault.BOOLEAN,
    CellKind.ERROR: ValueFault.ERROR,
    CellKind.UNCALCULATED: ValueFault.UNCALCULATED,
    CellKind.MERGED: ValueFault.MERGED,
}


def is_blank(cell: FileCell | None) -> bool:
    """Whether the cell says nothing about a target: empty, or a dash."""
    return cell is None or cell.kind is CellKind.EMPTY or (cell.kind is CellKind.TEXT and cell.text in DASHES)


def looks_like_value(cell: FileCell) -> bool:
    """Whether the cell is a figure, or was meant as one: it belongs to a column of figures."""
    if cell.kind is not CellKind.TEXT:
        return cell.kind is not CellKind.MERGED
    return cell.text in DASHES or bool(_FIGURE.fullmatch(cell.text) or _ERROR.fullmatch(cell.text))


def read_value(cell: FileCell, kind: Kind) -> ReadValue | ValueFault:
    """The target that the cell holds. The cell is not blank."""
    if cell.kind in _KIND_FAULTS:
        return _KIND_FAULTS[cell.kind]
    if cell.kind is CellKind.TEXT and _ERROR.fullmatch(cell.text):
        return ValueFault.ERROR
    found = _read_text(cell.text, kind) if cell.kind is CellKind.TEXT else _read_number(cell, kind)
    if isinstance(found, ValueFault):
        return found
    notes = []
    if cell.formula:
        notes.append(ValueNote.FORMULA)
    if cell.kind is CellKind.PERCENT:
        notes.append(ValueNote.PERCENT_FORMAT)
    elif kind is Kind.RATE and 0 < found <= HUNDRED_PERCENT // 100 and not cell.text.endswith("%"):
        notes.append(ValueNote.SMALL)
    return ReadValue(found, tuple(notes))


def _read_text(text: str, kind: Kind) -> int | ValueFault:
    bare = text.strip(_BLANKS).removesuffix("%").rstrip(_BLANKS)
    if _BELOW_ZERO.fullmatch(bare):
        return ValueFault.BELOW_ZERO
    if kind is Kind.QUANTITY and text.endswith("%"):
        return ValueFault.RATE_FOR_QUANTITY
    try:
        return parse_percent(text) if kind is Kind.RATE else parse_count(text)
    except PercentOutOfRange:
        return ValueFault.ABOVE_HUNDRED
    except InvalidCount:
        return ValueFault.NOT_A_COUNT
    except InvalidPercent:
        return ValueFault.TOO_MANY_DECIMALS if _MORE_DECIMALS.fullmatch(bare) else ValueFault.NOT_A_RATE


def _read_number(cell: FileCell, kind: Kind) -> int | ValueFault:
    """A real number of a workbook, as exact decimal digits. 79.6 is 7960 hundredths, 79.654 is none."""
    try:
        number = Decimal(cell.text)
    except InvalidOperation:
        return ValueFault.ERROR
    if not number.is_finite():
        return ValueFault.ERROR
    if number < 0:
        return ValueFault.BELOW_ZERO
    return _whole(number, cell.kind) if kind is Kind.QUANTITY else _hundredths(number, cell.kind)


def _hundredths(number: Decimal, kind: CellKind) -> int | ValueFault:
    hundredths = number.scaleb(4 if kind is CellKind.PERCENT else 2)
    if hundredths > HUNDRED_PERCENT:
        return ValueFault.ABOVE_HUNDRED
    return int(hundredths) if hundredths == hundredths.to_integral_value() else ValueFault.TOO_MANY_DECIMALS


def _whole(number: Decimal, kind: CellKind) -> int | ValueFault:
    if kind is CellKind.PERCENT:
        return ValueFault.RATE_FOR_QUANTITY
    if number > MAX_COUNT:
        return ValueFault.TOO_LARGE
    return int(number) if number == number.to_integral_value() else ValueFault.NOT_WHOLE
