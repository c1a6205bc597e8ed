"""The plan pages' forms: the grid of cells, read strictly, and the few fields beside it.

Shape only: whether a text is a number, and which cells came back. Whether the numbers will do is the rules' affair.
Whatever was typed is handed back as it was typed, so that a page can show it again.

Fields of the grid: ``t-<unit id>-<indicator id>`` holds the target, ``x-<unit id>-<indicator id>`` the reason why none
is assigned, ``p-<unit id>-<indicator id>`` whose value is taken where two people changed the cell: ``open`` as the page
sends it, and after it ``mine`` or ``theirs`` once chosen. A cell is there when its ``t-`` field is.
``h-<unit id>`` holds the reason for holding a receiver's row.
``row`` names what a button does besides saving. ``buffer_reason`` holds the reason for assigning more than the campaign
allows, ``buffer_seen`` the one that the page was made from.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote

from werkzeug.datastructures import MultiDict
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, NumberRange, Optional, Regexp

from allocapp.errors import AllocappError, TargetWithExcuse, TextTooLong
from allocapp.forms import Form, IdField, clean_text
from allocapp.rules.balance import Kind
from allocapp.rules.percent import format_points, parse_count, parse_percent
from allocapp.services.buffer import Explanation
from allocapp.services.cell import EXCUSE_LIMIT, Edit
from allocapp.services.sheet import Cell, Entry, Key

# what a 32-bit column takes: a larger id or version names nothing
LARGEST_ID = 2**31 - 1

_CELL_NAME = re.compile(r"t-([1-9][0-9]{0,8})-([1-9][0-9]{0,8})")
_COMMENT_NAME = re.compile(r"c-([1-9][0-9]{0,8})")
_PACKED = re.compile(r"([0-9]{0,10}|x[!-)+-~]+)(?:\*([0-9]{1,9}))?")
_TICK = re.compile(r"(tick|untick)-([1-9][0-9]{0,8})")
_ROW_ACT = re.compile(r"(hold|release)-([1-9][0-9]{0,8})")
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


class OpinionForm(ReasonForm):
    """A step that takes an opinion; the service refuses one that is too long."""

    opinion = TextAreaField(validators=[Optional()], filters=[lambda text: printable(text or "")])


class SeenForm(VersionForm):
    """A step bound to what the person saw: the content hash of the sheet."""

    seen_hash = StringField(validators=[InputRequired(), Regexp(r"[0-9a-f]{64}\Z")])


class SheetForm(SeenForm):
    """The grid's own fields. ``base`` is what the page was made from, cell by cell, see ``pack_cells``."""

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
    """Every cell that came back with the form. ``yielded``: those in which the other person's value is taken.

    ``undecided``: those that two people changed, and nobody has chosen yet; typing another number is no choice.
    ``explanation``: the reason for assigning more than the campaign allows; None where the form did not ask for it.
    """

    cells: Mapping[Key, TypedCell]
    yielded: frozenset[Key] = frozenset()
    undecided: frozenset[Key] = frozenset()
    explanation: Explanation | None = None

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
class RowAct:
    """A row to be held, with the reason, or to be released."""

    unit_id: int
    hold: bool
    reason: str


@dataclass(frozen=True)
class Tick:
    """A remark that was dealt with, or is to be open again."""

    comment_id: int
    done: bool


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
    yielded: set[Key] = set()
    undecided: set[Key] = set()
    for name in form:
        if found := _CELL_NAME.fullmatch(name):
            key = (int(found[1]), int(found[2]))
            target = " ".join(form.getlist(name))
            cells[key] = _read_cell(key, target, form.get(f"x{name[1:]}", ""), kinds.get(key[1]))
            chosen = set(form.getlist(f"p{name[1:]}"))
            if "theirs" in chosen:
                yielded.add(key)
            elif chosen == {"open"}:
                undecided.add(key)
    return TypedSheet(cells, frozenset(yielded), frozenset(undecided), _read_explanation(form))


def read_row_act(form: MultiDict[str, str]) -> RowAct | None:
    """What the pressed button does with a row besides saving: field ``row`` is ``hold-<unit id>`` or ``release-…``."""
    found = _ROW_ACT.fullmatch(form.get("row", ""))
    if found is None:
        return None
    return RowAct(int(found[2]), found[1] == "hold", " ".join(printable(form.get(f"h-{found[2]}", "")).split()))


def read_tick(form: MultiDict[str, str]) -> Tick | None:
    """The remark that the pressed button ticks off besides saving: field ``row`` is ``tick-<id>`` or ``untick-…``."""
    found = _TICK.fullmatch(form.get("row", ""))
    return Tick(int(found[2]), found[1] == "tick") if found else None


def read_comments(form: MultiDict[str, str]) -> dict[int, str]:
    """The reviewer's remarks by receiver's unit id (fields ``c-<unit id>``), empty ones left out."""
    found = {int(match[1]): printable(text) for name, text in form.items() if (match := _COMMENT_NAME.fullmatch(name))}
    return {unit_id: text for unit_id, text in found.items() if text}


def printable(text: str) -> str:
    """A text as it may be kept: clean, line ends as ``\\n``, and no control characters; a tab is a blank."""
    lines = clean_text(text).replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(sign for sign in lines if sign == "\n" or unicodedata.category(sign) != "Cc")


def pack_cells(cells: Iterable[Cell]) -> str:
    """What is stored in each cell and its version, in the sheet's order, as one short text for a hidden field.

    A number is a target, ``x`` and a quoted text an excuse, nothing a cell without either; ``*`` goes before a version
    other than the first: ``8000*3,,xno%20services*2``.
    """
    return ",".join(map(pack_cell, cells))


def pack_cell(cell: Cell) -> str:
    """One cell as ``pack_cells`` writes it."""
    held = f"x{quote(cell.excuse, safe='')}" if cell.excuse else "" if cell.target is None else str(cell.target)
    return held if cell.version == 1 else f"{held}*{cell.version}"


def unpack_cells(base: str, keys: Collection[Key]) -> dict[Key, Edit]:
    """What ``pack_cells`` wrote: what each cell held when the page was made, and its version.

    Nothing where the text does not fit the sheet: every value then counts as typed on a version that nobody has.
    """
    values = [_PACKED.fullmatch(value) for value in base.split(",")]
    if len(values) != len(keys):
        return {}
    return {
        key: Edit(_packed_entry(found[1]), int(found[2] or 1))
        for key, found in zip(keys, values, strict=True)
        if found is not None
    }


def settle(typed: TypedSheet, seen: Mapping[Key, Edit], kinds: Mapping[int, Kind]) -> TypedSheet:
    """Where the person takes the other's value, the one that stood beside the cell when the page was made.

    Where that is not known any more, nothing is decided.
    """
    cells = dict(typed.cells)
    for key in typed.yielded & seen.keys():
        entry = seen[key].entry
        cells[key] = TypedCell(_as_typed(entry.target, kinds.get(key[1])), entry.excuse, entry)
    undecided = typed.undecided | (typed.yielded - seen.keys())
    return replace(typed, cells=cells, yielded=frozenset(), undecided=undecided)


def changed_cells(typed: TypedSheet, seen: Mapping[Key, Edit]) -> dict[Key, Edit]:
    """The person's own changes, each with the version it builds on; 0, which no cell has, where that is not known.

    It is not known either where two people changed a cell and nobody has chosen: so the cell clashes again.
    """
    seen = _decided(typed, seen)
    return {
        key: Edit(entry, seen[key].base_version if key in seen else 0)
        for key, entry in typed.entries.items()
        if key not in seen or seen[key].entry != entry
    }


def merge_cells(typed: TypedSheet, seen: Mapping[Key, Edit], stored: Mapping[Key, Cell]) -> Merged:
    """Tell the person's own changes from what somebody else stored since the page was made.

    ``seen`` is what the page was made from. A cell that is not in it counts as the person's own change.
    """
    seen = _decided(typed, seen)
    cells: dict[Key, TypedCell] = {}
    taken: set[Key] = set()
    clashes: set[Key] = set()
    for key, cell in typed.cells.items():
        now = Entry(stored[key].target, stored[key].excuse) if key in stored else None
        before = seen.get(key)
        if now is None or cell.entry == now:
            cells[key] = cell
        elif before is not None and cell.entry == before.entry:
            taken.add(key)
        else:
            cells[key] = cell
            if before is None or before.base_version != stored[key].version:
                clashes.add(key)
    return Merged(replace(typed, cells=cells), frozenset(taken), frozenset(clashes))


def _decided(typed: TypedSheet, seen: Mapping[Key, Edit]) -> dict[Key, Edit]:
    return {key: edit for key, edit in seen.items() if key not in typed.undecided}


def _as_typed(target: int | None, kind: Kind | None) -> str:
    if target is None:
        return ""
    return format_points(target) if kind is Kind.RATE else str(target)


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


def _read_explanation(form: MultiDict[str, str]) -> Explanation | None:
    if "buffer_reason" not in form:
        return None
    return Explanation(printable(form["buffer_reason"]).strip(), printable(form.get("buffer_seen", "")).strip())


def _packed_entry(text: str) -> Entry:
    if text[:1] == "x":
        return Entry(None, unquote(text[1:]))
    return Entry(int(text) if text else None)
