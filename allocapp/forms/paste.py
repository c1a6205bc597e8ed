"""The forms for pasting and for files: a block of text, a file by its content, and the edits of a preview.

A preview carries its edits as hidden fields of the grid's own names, ``t-<unit id>-<indicator id>``. Beside them the
field ``seen`` tells for each what its cell held when it was shown and why it is in doubt, if it is:
``12-3=8000 12-4= 13-3=x!held!other_name``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from flask_babel import lazy_gettext as lazy
from flask_wtf.file import FileField
from werkzeug.datastructures import MultiDict
from wtforms import BooleanField, Field, SelectField, StringField, TextAreaField
from wtforms.validators import Length, Optional, StopValidation

from allocapp.files.table import Source
from allocapp.files.upload import LARGEST_UPLOAD
from allocapp.forms import Form
from allocapp.forms.plan import TypedSheet, VersionForm, printable, read_cells
from allocapp.rules.balance import Kind
from allocapp.services.paste import Change, Doubt, MatchedBy
from allocapp.services.sheet import Key
from allocapp.services.template import held_text

LONGEST_TEXT: Final = 300_000  # characters of a pasted block
LONGEST_NAME: Final = 200  # characters of a file's name

_SEEN: Final = re.compile(r"([1-9][0-9]{0,8})-([1-9][0-9]{0,8})=([0-9]{1,10}|x|)((?:![a-z_]{1,20}){0,5})")


def _indicator_field(field_id: str) -> SelectField:
    return SelectField(lazy("One column of figures is for"), id=field_id, validate_choice=True, default="")


class TableForm(Form):
    """What both forms ask: which indicator a single column of figures belongs to; empty where headings say it."""

    indicator: SelectField

    def offer(self, choices: list[tuple[str, str]]) -> None:
        """The indicators by id, the first choice being none."""
        self.indicator.choices = choices

    @property
    def wanted(self) -> int | None:
        """The position of the indicator chosen."""
        offered = [value for value, _label in self.indicator.choices if value]
        return offered.index(self.indicator.data) if self.indicator.data else None


class PasteForm(TableForm):
    """A block of cells copied from a spreadsheet."""

    text = TextAreaField(lazy("Cells copied from Excel"))
    indicator = _indicator_field("indicator")

    def validate_text(self, field: Field) -> None:
        """There is something, and not too much."""
        if not (field.data or "").strip():
            raise StopValidation(lazy("Paste the cells that you copied."))
        if len(field.data) > LONGEST_TEXT:
            raise StopValidation(lazy("This is too much for one plan. Copy only the rows of this plan's receivers."))


class TableUploadForm(TableForm):
    """An XLSX or CSV file. ``content`` holds its bytes, one more than allowed where it is too large."""

    file = FileField(lazy("XLSX or CSV file"))
    indicator = _indicator_field("file-indicator")
    content: bytes = b""

    def validate_file(self, field: Field) -> None:
        """A file was chosen; what it is, its content tells."""
        if not field.data or not field.data.filename:
            raise StopValidation(lazy("Choose the file to bring in."))
        self.content = field.data.stream.read(LARGEST_UPLOAD + 1)

    @property
    def name(self) -> str:
        """What the file is called, without folders, fit to be shown and kept."""
        name = re.split(r"[\\/]", printable(self.file.data.filename))[-1]
        return " ".join(name.split())[:LONGEST_NAME]


class ApplyForm(VersionForm):
    """Consent to what a preview showed: its version, where the table came from, and which doubts do not count."""

    source = SelectField(choices=[source.value for source in Source])
    matched_by = SelectField(choices=[by.value for by in MatchedBy])
    name = StringField(validators=[Optional(), Length(max=LONGEST_NAME)], filters=[lambda text: printable(text or "")])
    also_held = BooleanField()
    also_changed_since = BooleanField()
    also_other_name = BooleanField()

    @property
    def also(self) -> frozenset[Doubt]:
        """The doubts that the person sets aside."""
        return frozenset(doubt for doubt in Doubt if self[f"also_{doubt.value}"].data)


@dataclass(frozen=True)
class SentEdits:
    """The edits of a preview as they came back: what was typed, what each cell held then, and the doubts about it."""

    typed: TypedSheet
    seen: Mapping[Key, str]
    doubts: Mapping[Key, frozenset[Doubt]]

    @property
    def whole(self) -> bool:
        """Whether every edit can be read and tells what its cell held."""
        return bool(self.typed.cells) and not self.typed.faults and self.seen.keys() == self.typed.cells.keys()


def pack_seen(changes: Iterable[Change]) -> str:
    """The field ``seen`` of a preview."""
    return " ".join(
        f"{change.key[0]}-{change.key[1]}={held_text(change.before)}"
        + "".join(f"!{doubt.value}" for doubt in Doubt if doubt in change.doubts)
        for change in changes
    )


def read_edits(form: MultiDict[str, str], kinds: Mapping[int, Kind]) -> SentEdits:
    """The edits of a preview. ``kinds`` tells by indicator id how a target is to be read."""
    seen: dict[Key, str] = {}
    doubts: dict[Key, frozenset[Doubt]] = {}
    for part in form.get("seen", "").split():
        if found := _SEEN.fullmatch(part):
            key = (int(found[1]), int(found[2]))
            seen[key] = found[3]
            doubts[key] = frozenset(Doubt(name) for name in found[4].split("!") if name in set(Doubt))
    return SentEdits(read_cells(form, kinds), seen, doubts)
