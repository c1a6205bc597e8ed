"""The plan pages' forms: the grid of cells, read strictly, and the few fields beside it.

Shape only: whether a text is a number, and which cells came back. Whether the numbers will do is the rules' affair.
Whatever was typed is handed back as it was typed, so that a page can show it again.

Fields of the grid: ``t-<unit id>-<indicator id>`` holds the target, ``x-<unit id>-<indicator id>`` the reason why none
is assigned. A cell is there when its ``t-`` field is.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from werkzeug.datastructures import MultiDict
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, NumberRange, Optional, Regexp

from allocapp.errors import AllocappError, TargetWithExcuse, TextTooLong
from allocapp.forms import Form, IdField, clean_text
from allocapp.rules.balance import Kind
from allocapp.rules.percent import parse_count, parse_percent
from allocapp.services.cell import EXCUSE_LIMIT
from allocapp.services.sheet import Cell, Entry, Key

# what a 32-bit column takes: a larger id or version names nothing
LARGEST_ID = 2**31 - 1

_CELL_NAME = re.compile(r"t-([1-9][0-9]{0,8})-([1-9][0-9]{0,8})")
_COMMENT_NAME = re.compile(r"c-([1-9][0-9]{0,8})")
_PACKED = re.compile(r"[0-9]{0,10}|x[!-~]+")
_BLANKS = " \u00a0"


def _id_field() -> IdField:
    return IdField(validators=[InputRequired(), NumberRange(min=1, max=LARGEST_ID)])


class OpenForm(Form):
    """Begin the plan of a unit in a campaign."""

    unit_id = _id_field()
    campaign_id = _id_field()


class VersionForm(Form):
    """A step of the workflow: the version of the plan that the person looked at."""

    version = _id_field()


class ReasonForm(VersionForm):
    """A step that needs a reason; the service refuses an empty or too long one."""

    reason = TextAreaField(validators=[Optional()], filters=[lambda text: printable(text or "")])


class SeenForm(VersionForm):
    """A step bound to what the person saw: the content hash of the sheet."""

    seen_hash = StringField(validators=[InputRequired(), Regexp(r"[0-9a-f]{64}\Z")])


class SheetForm(SeenForm):
    """The grid's own fields. ``base`` is what was stored in each cell when the page was made, see ``pack_cells``."""

    base = StringField(validators=[Optional()])


@dataclass(frozen=True)
class TypedCell:
    """A cell as typed, and as read: ``entry`` where it can be read, ``fault`` where it cannot."""

    target: str
    excuse: str
    entry: Entry | None
    fault: AllocappError | None = None


@dataclass(frozen=True)
class TypedSheet:
    """Every cell that came back with the form."""

    cells: Mapping[Key, TypedCell]

    @property
    def faults(self) -> dict[Key, AllocappError]:
        """The cells that cannot be read, and why, in the order of the form."""
        return {key: cell.fault for key, cell in self.cells.items() if cell.fault is not None}

    @property
    def entries(self) -> dict[Key, Entry]:
        """What the readable cells hold."""
        return {key: cell.entry for key, cell in self.cells.items() if cell.entry is not None}

    def checkable(self, known: Iterable[Key]) -> dict[Key, Entry]:
        """The cells of ``known`` for a check that saves nothing: one that cannot be read counts as empty."""
        return {key: self.cells[key].entry or Entry(None) for key in known if key in self.cells}


@dataclass(frozen=True)
class Merged:
    """What a person typed, laid over what somebody else stored meanwhile.

    ``typed`` keeps the person's own changes; ``taken`` are cells the person had not touched, which now show what is
    stored; ``clashes`` are cells that both changed, differently.
    """

    typed: TypedSheet
    taken: frozenset[Key]
    clashes: frozenset[Key]


def read_cells(form: MultiDict[str, str], kinds: Mapping[int, Kind]) -> TypedSheet:
    """Every cell of the form, in its order. ``kinds`` tells by indicator id how a target is to be read.

    A field that came twice is read as one text of both, which is no number. Cells of an unknown indicator hold nothing:
    the service refuses them by their key.
    """
    cells: dict[Key, TypedCell] = {}
    for name in form:
        if found := _CELL_NAME.fullmatch(name):
            key = (int(found[1]), int(found[2]))
            target = " ".join(form.getlist(name))
            cells[key] = _read_cell(key, target, form.get(f"x{name[1:]}", ""), kinds.get(key[1]))
    return TypedSheet(cells)


def read_comments(form: MultiDict[str, str]) -> dict[int, str]:
    """The reviewer's remarks by receiver's unit id (fields ``c-<unit id>``), empty ones left out."""
    found = {int(match[1]): printable(text) for name, text in form.items() if (match := _COMMENT_NAME.fullmatch(name))}
    return {unit_id: text for unit_id, text in found.items() if text}


def printable(text: str) -> str:
    """A text as it may be kept: clean, line ends as ``\\n``, and no control characters; a tab is a blank."""
    lines = clean_text(text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(sign for sign in lines if sign == "\n" or unicodedata.category(sign) != "Cc")


def pack_cells(cells: Iterable[Cell]) -> str:
    """What is stored in each cell, in the sheet's order, as one short text for a hidden field.

    A number is a target, ``x`` and a quoted text an excuse, nothing a cell without either: ``8000,,xno%20services``.
    """
    return ",".join(
        f"x{quote(cell.excuse, safe='')}" if cell.excuse else "" if cell.target is None else str(cell.target)
        for cell in cells
    )


def merge_cells(typed: TypedSheet, base: str, stored: Mapping[Key, Cell]) -> Merged:
    """Tell the person's own changes from what somebody else stored since the page was made.

    ``base`` is the page's ``pack_cells``; ``stored`` are the cells as they are now, in the sheet's order. Without a
    readable base every difference counts as the person's own change, and so as a clash.
    """
    before = _unpack_cells(base, stored)
    cells: dict[Key, TypedCell] = {}
    taken: set[Key] = set()
    clashes: set[Key] = set()
    for key, cell in typed.cells.items():
        now = Entry(stored[key].target, stored[key].excuse) if key in stored else None
        if now is None or cell.entry == now:
            cells[key] = cell
        elif key in before and cell.entry == before[key]:
            taken.add(key)
        else:
            cells[key] = cell
            if before.get(key) != now:
                clashes.add(key)
    return Merged(replace(typed, cells=cells), frozenset(taken), frozenset(clashes))


def _read_cell(key: Key, target: str, excuse: str, kind: Kind | None) -> TypedCell:
    kept = " ".join(printable(excuse).split())
    try:
        if kind is None or not target.strip(_BLANKS):
            number = None
        else:
            number = parse_percent(target) if kind is Kind.RATE else parse_count(target)
        if number is not None and kept:
            raise TargetWithExcuse((key,))
        if len(kept) > EXCUSE_LIMIT:
            raise TextTooLong(EXCUSE_LIMIT)
    except AllocappError as fault:
        return TypedCell(target, excuse, None, fault)
    return TypedCell(target, excuse, Entry(number, kept))


def _unpack_cells(base: str, stored: Mapping[Key, Cell]) -> dict[Key, Entry]:
    """What ``pack_cells`` wrote; nothing where the text does not fit the sheet."""
    values = base.split(",")
    if len(values) != len(stored) or not all(_PACKED.fullmatch(value) for value in values):
        return {}
    return {
        key: Entry(None, unquote(value[1:])) if value[:1] == "x" else Entry(int(value) if value else None)
        for key, value in zip(stored, values, strict=True)
    }
