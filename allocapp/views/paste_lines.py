"""A preview's lists as lines of text, ready for the template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from flask_babel import gettext as _

from allocapp.files.table import Source
from allocapp.models.unit import Unit
from allocapp.services.paste import Change, Doubt, Preview
from allocapp.services.sheet import Cell, SheetIndicator
from allocapp.views.formatting import entered, localized
from allocapp.views.paste_words import (
    changed_by,
    columns_named,
    place,
    row_place,
    stored_text,
    tell_doubt,
    tell_fault,
    tell_matching,
    tell_note,
    tell_stray,
    written,
    written_then,
)


@dataclass(frozen=True)
class Origin:
    """Where a previewed table came from: a pasted block or a file with its name and, of a workbook, its sheets."""

    source: Source
    name: str = ""
    sheet: str = ""
    other_sheets: tuple[str, ...] = ()


@dataclass(frozen=True)
class ChangeLine:
    """A change: whose, of what, from, to, where it stands in the table, and what is worth knowing about it."""

    unit: Unit
    indicator: str
    before: str
    after: str
    place: str
    remarks: list[str]


@dataclass(frozen=True)
class DoubtView:
    """A doubt: the field that sets it aside, its words, and the changes it keeps back."""

    field: str
    text: str
    lines: list[ChangeLine]


@dataclass(frozen=True)
class RefusedLine:
    """What was not taken: where it stands, what stands there, whose it would be, and why not."""

    place: str
    text: str
    whose: str
    reason: str


@dataclass(frozen=True)
class MovedLine:
    """A cell that somebody changed meanwhile: what it held then, what it holds now, and who changed it."""

    unit: Unit
    indicator: str
    then: str
    now: str
    changed_by: str


@dataclass(frozen=True)
class PreviewLines:
    """Everything a preview says, list by list. ``fields`` are the edits by the names of the grid."""

    sure: list[ChangeLine] = field(default_factory=list)
    doubts: list[DoubtView] = field(default_factory=list)
    rejected: list[RefusedLine] = field(default_factory=list)
    strays: list[RefusedLine] = field(default_factory=list)
    other_names: list[RefusedLine] = field(default_factory=list)
    moved: list[MovedLine] = field(default_factory=list)
    unchanged: list[tuple[Unit, str]] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


def put_into_lines(preview: Preview, origin: Origin) -> PreviewLines:
    """The preview's lists in words."""
    return _Writer(preview, origin).write()


class _Writer:
    """Knows the names behind the ids."""

    def __init__(self, preview: Preview, origin: Origin) -> None:
        self.preview, self.origin = preview, origin
        self.rows = {row.unit.id: row for row in preview.sheet.rows}
        self.columns = {column.indicator.id: column for column in preview.sheet.indicators}
        self.names = {other.row.unit.id: other.source.text for other in preview.other_names}

    def write(self) -> PreviewLines:
        preview, source = self.preview, self.origin.source
        return PreviewLines(
            sure=[self._change(change) for change in preview.changes if not change.doubts],
            doubts=list(self._doubts()),
            rejected=[
                RefusedLine(
                    place(each.source, source),
                    stored_text(each.source),
                    f"{each.row.unit.name}, {_short(each.column)}",
                    tell_fault(each.fault),
                )
                for each in preview.rejections
            ],
            strays=[
                RefusedLine(row_place(stray.source, source), stray.text, "", tell_stray(stray, source))
                for stray in preview.strays
            ],
            other_names=[
                RefusedLine(place(each.source, source), each.source.text, each.row.unit.name, "")
                for each in preview.other_names
            ],
            moved=[self._moved(cell, then) for cell, then in preview.moved],
            unchanged=[(self.rows[cell.unit_id].unit, self._written(cell)) for cell in preview.unchanged],
            facts=[tell_matching(preview.matched_by), *columns_named(preview.places, preview.sheet, source)],
            fields={
                f"t-{unit_id}-{indicator_id}": entered(change.after.target, self.columns[indicator_id].rule.kind)
                for change in preview.changes
                for unit_id, indicator_id in [change.key]
            },
        )

    def _doubts(self) -> Iterable[DoubtView]:
        """A change with two doubts stands under the first of them and asks for both."""
        for doubt in self.preview.doubts:
            lines = [
                self._change(change)
                for change in self.preview.changes
                if doubt is next((each for each in Doubt if each in change.doubts), None)
            ]
            yield DoubtView(f"also_{doubt.value}", tell_doubt(doubt), lines)

    def _change(self, change: Change) -> ChangeLine:
        unit_id, indicator_id = change.key
        column = self.columns[indicator_id]
        return ChangeLine(
            unit=self.rows[unit_id].unit,
            indicator=_short(column),
            before=written(change.before, column.rule.kind),
            after=written(change.after, column.rule.kind),
            place=place(change.source, self.origin.source) if change.source else "",
            remarks=list(self._remarks(change)),
        )

    def _remarks(self, change: Change) -> Iterable[str]:
        for note in change.notes:
            kind = self.columns[change.key[1]].rule.kind
            yield tell_note(note, stored_text(change.source) if change.source else "", written(change.after, kind))
        hold = self.rows[change.key[0]].hold
        if Doubt.HELD in change.doubts and hold is not None:
            yield _("held by %(who)s: %(reason)s", who=hold.account.name, reason=hold.reason)
        if Doubt.CHANGED_SINCE in change.doubts and changed_by(change.before):
            yield _("changed since: %(who)s", who=changed_by(change.before))
        if change.key[0] in self.names:
            yield _("the name there is “%(name)s”", name=self.names[change.key[0]])

    def _moved(self, cell: Cell, then: str) -> MovedLine:
        column = self.columns[cell.indicator_id]
        kind = column.rule.kind
        return MovedLine(
            self.rows[cell.unit_id].unit,
            _short(column),
            written_then(then, kind),
            written(cell, kind),
            changed_by(cell),
        )

    def _written(self, cell: Cell) -> str:
        column = self.columns[cell.indicator_id]
        return f"{_short(column)}: {written(cell, column.rule.kind)}"


def _short(column: SheetIndicator) -> str:
    return localized(column.indicator, "short_name")
