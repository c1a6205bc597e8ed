"""What the paste pages say: why a table or a cell is not taken, what is in doubt, what was changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import gettext as _
from flask_babel import ngettext

from allocapp.files.table import MOST_ROWS, CellKind, FileCell, Refusal, Source, column_letters
from allocapp.rules.balance import Kind
from allocapp.services.paste import Doubt, MatchedBy, Mismatch, MismatchFault, Stray, StrayFault
from allocapp.services.paste_columns import ColumnFault, Unclear
from allocapp.services.paste_values import ValueFault, ValueNote
from allocapp.services.sheet import Cell, Entry, Sheet
from allocapp.services.template import NOT_ASSIGNED, IndicatorWords, TemplateWords
from allocapp.views.formatting import count, decimal_mark, localized, moment, period, target


@dataclass(frozen=True)
class Told:
    """What is wrong, and what to do next; ``field`` where it is not the text or file itself that is to be mended."""

    text: str
    next_step: str
    field: str = ""


def place(cell: FileCell, source: Source) -> str:
    """Where a cell stands: `D7` in a file, line and column in a pasted block, which knows no letters."""
    if source is not Source.TEXT:
        return cell.reference
    return _("line %(row)d, column %(column)d", row=cell.row, column=cell.column)


def row_place(cell: FileCell, source: Source) -> str:
    """Where a row stands."""
    if source is Source.TEXT:
        return _("line %(row)d", row=cell.row)
    return _("row %(row)d (%(cell)s)", row=cell.row, cell=cell.reference)


def tell_refusal(refusal: Refusal, name: str = "") -> Told:
    """Why nothing of a file called ``name``, or of a block, can be read."""
    save_again = _("Open it in Excel and save it as an Excel workbook (.xlsx), or copy the cells and paste them here.")
    if refusal in (Refusal.ENCODING, Refusal.CELL_TOO_LONG) and _is_called_workbook(name):
        return _misnamed()
    told = {
        Refusal.EMPTY: Told(
            _("There is nothing in it."), _("Choose a file, or copy cells, with codes and targets in them.")
        ),
        Refusal.TOO_LARGE: Told(
            _("The file is too large: at most 5 MB are read."),
            _("Leave only the sheet with the targets in it, without pictures, then try again."),
        ),
        Refusal.TOO_MANY_ROWS: Told(
            _("There are more than %(rows)s rows in it.", rows=count(MOST_ROWS)),
            _("Leave only the rows of this plan's receivers, then try again."),
        ),
        Refusal.BLOWN_UP: Told(
            _("Unpacked, the file is many times larger than any table of targets, so it was not opened."),
            _("Copy the cells into a new workbook and bring that in, or paste them here."),
        ),
        Refusal.TOOK_TOO_LONG: Told(
            _("Reading the file took too long, so it was given up."),
            _("Copy the cells into a new workbook and bring that in, or paste them here."),
        ),
        Refusal.ENCRYPTED: Told(
            _("The file is protected by a password, so it cannot be read."),
            _("Open it in Excel, take the password off and save it, or copy the cells and paste them here."),
        ),
        Refusal.OLD_EXCEL: Told(_("This is a file of an old Excel (.xls), which is not read."), save_again),
        Refusal.BINARY_EXCEL: Told(_("This is a binary Excel workbook (.xlsb), which is not read."), save_again),
        Refusal.OPEN_DOCUMENT: Told(_("This is an OpenDocument file (.ods), which is not read."), save_again),
        Refusal.NOT_A_TABLE: Told(_("This is neither an Excel workbook (.xlsx) nor a CSV file."), save_again),
        Refusal.NOT_READABLE: Told(_("The file is damaged, or it is no Excel workbook."), save_again),
        Refusal.CELL_TOO_LONG: Told(
            _("One cell of it is far too long for a code, a name or a target: nothing separates its columns."),
            _("Copy the cells in Excel itself, so that they come with their columns, and paste them here."),
        ),
        Refusal.ENCODING: Told(
            _("The letters of this file cannot be read: it is not in Unicode."),
            _("In Excel, save it as “CSV UTF-8” or as an Excel workbook (.xlsx)."),
        ),
    }
    return told[refusal]


def tell_unclear(unclear: Unclear, sheet: Sheet, source: Source, name: str = "") -> Told:
    """Why the columns of a file called ``name``, or of a block, cannot be told apart."""
    indicators = len(sheet.indicators)
    headed = _("Head each column of targets with the name of its indicator, or use the template of this plan.")
    if unclear.fault is ColumnFault.NO_TARGETS:
        if source is Source.CSV and _is_called_workbook(name):
            return _misnamed()
        return Told(_("No column of figures was found."), _("Copy the column of targets too, best with the codes."))
    if unclear.fault is ColumnFault.WHICH_INDICATOR:
        return Told(
            _("There is one column of figures, and the plan has %(num)d indicators.", num=indicators),
            _("Choose which indicator the column is for."),
            field="indicator",
        )
    if unclear.fault is ColumnFault.TWICE:
        places = ", ".join(place(cell, source) for cell in unclear.places)
        return Told(_("Several columns seem to be for the same indicator: %(places)s.", places=places), headed)
    found = ngettext("%(num)d column of figures was found", "%(num)d columns of figures were found", unclear.columns)
    asked = ngettext("the plan has %(num)d indicator", "the plan has %(num)d indicators", indicators)
    return Told(_("%(found)s, but %(asked)s.", found=found, asked=asked), headed)


def _is_called_workbook(name: str) -> bool:
    return name.lower().endswith((".xlsx", ".xlsm"))


def _misnamed() -> Told:
    """A file that is read by what it is, which is not what its name says."""
    return Told(
        _("This is no Excel workbook, though its name says so, and as a text it holds no column of figures."),
        _(
            "Open the right file in Excel and save it as an Excel workbook (.xlsx), or copy the cells and paste them "
            "here."
        ),
    )


def tell_mismatch(mismatch: Mismatch, sheet: Sheet) -> Told:
    """Why the table does not fit the plan."""
    stamp = mismatch.stamp
    if mismatch.fault is MismatchFault.OTHER_PLAN and stamp is not None:
        return Told(
            _(
                "This template was made for another plan: unit %(unit)s, campaign %(campaign)s, revision %(revision)d. "
                "Nothing of it was taken.",
                unit=stamp.unit,
                campaign=stamp.campaign,
                revision=stamp.revision,
            ),
            _("Download the template of this plan and copy the targets into it."),
        )
    if mismatch.fault is MismatchFault.STAMP_DAMAGED:
        return Told(
            _("The mark that says which plan this template belongs to is damaged."),
            _("Download the template again and copy the targets into it, or paste the cells here."),
        )
    rows = ngettext("%(num)d row with figures", "%(num)d rows with figures", mismatch.rows)
    receivers = ngettext("%(num)d receiver", "%(num)d receivers", len(sheet.rows))
    return Told(
        _(
            "There are no codes in it, and %(rows)s do not fit %(receivers)s of the plan: it cannot be told which "
            "figure is whose.",
            rows=rows,
            receivers=receivers,
        ),
        _("Copy the column of codes as well, or exactly one row for each receiver in the order of the plan."),
    )


def tell_fault(fault: ValueFault) -> str:
    """Why a cell is not taken as a target."""
    return {
        ValueFault.NOT_A_RATE: _("no rate: write a number from 0 to 100, such as 79.6"),
        ValueFault.NOT_A_COUNT: _("no whole number"),
        ValueFault.ABOVE_HUNDRED: _("above 100%"),
        ValueFault.BELOW_ZERO: _("below zero"),
        ValueFault.TOO_LARGE: _("too large a number"),
        ValueFault.TOO_MANY_DECIMALS: _("more than two decimals; it is not rounded for you"),
        ValueFault.NOT_WHOLE: _("no whole number; it is not rounded for you"),
        ValueFault.RATE_FOR_QUANTITY: _("a percentage, where a quantity is assigned"),
        ValueFault.DATE: _("Excel has made a date of it: format the cell as a number and type it again"),
        ValueFault.BOOLEAN: _("TRUE or FALSE is no target"),
        ValueFault.ERROR: _("an error of Excel"),
        ValueFault.UNCALCULATED: _("a formula whose result is not stored: open the file in Excel and save it"),
        ValueFault.MERGED: _("part of a merged cell: split it and enter a target in each row"),
    }[fault]


def stored_text(cell: FileCell) -> str:
    """What a cell holds, as it is read here: a workbook keeps its numbers with a point, whatever Excel shows."""
    if cell.kind in (CellKind.NUMBER, CellKind.PERCENT):
        return cell.text.replace(".", decimal_mark())
    return cell.text


def tell_note(note: ValueNote, stored: str, shown: str) -> str:
    """How a cell was read: what it stores, and the target that it was taken for."""
    return {
        ValueNote.PERCENT_FORMAT: _("formatted as a percentage: %(stored)s is %(shown)s", stored=stored, shown=shown),
        ValueNote.FORMULA: _("the result of a formula"),
        ValueNote.SMALL: _("at most 1%: look whether that is meant"),
    }[note]


def tell_stray(stray: Stray, source: Source) -> str:
    """Why a row belongs to no receiver."""
    if stray.fault is StrayFault.DUPLICATE_CODE:
        others = ", ".join(place(cell, source) for cell in stray.others)
        return _("the same code stands in %(places)s too; leave one of them", places=others)
    text = {
        StrayFault.UNKNOWN_CODE: _("no receiver of this plan has this code"),
        StrayFault.NO_CODE: _("the row has no code"),
        StrayFault.MERGED_CODE: _("the code is part of a merged cell: split it and write the code in each row"),
    }[stray.fault]
    if stray.namesake:
        return _("%(reason)s; one has this name, but names repeat and decide nothing", reason=text)
    return text


def tell_doubt(doubt: Doubt) -> str:
    """What a person says yes to by taking changes in doubt."""
    return {
        Doubt.HELD: _("Also change rows that are held"),
        Doubt.CHANGED_SINCE: _("Also replace figures that somebody changed since"),
        Doubt.OTHER_NAME: _("Also take rows whose name is another one"),
    }[doubt]


def tell_matching(by: MatchedBy) -> str:
    """How the rows found their receivers."""
    if by is MatchedBy.CODES:
        return _("matched by code")
    return _("matched by the order of the rows")


def written(cell: Cell | Entry, kind: Kind) -> str:
    """What a cell holds, in words."""
    if cell.target is not None:
        return target(cell.target, kind)
    return _("not assigned: %(reason)s", reason=cell.excuse) if cell.excuse else _("empty")


def written_then(text: str, kind: Kind) -> str:
    """What a stamp says that a cell held."""
    if text == NOT_ASSIGNED:
        return _("not assigned")
    return target(int(text), kind) if text else _("empty")


def changed_by(cell: Cell) -> str:
    """Who changed a cell last, and when; empty where nobody is known."""
    if cell.changed_by is None or cell.changed_at is None:
        return ""
    return _("%(who)s, %(moment)s", who=cell.changed_by.name, moment=moment(cell.changed_at))


def columns_named(places: Mapping[int, int], sheet: Sheet, source: Source) -> list[str]:
    """Which column was read for which indicator."""
    return [
        _(
            "%(indicator)s: column %(column)s",
            indicator=localized(sheet.indicators[position].indicator, "short_name"),
            column=column if source is Source.TEXT else column_letters(column),
        )
        for position, column in sorted(places.items())
    ]


def table_facts(inputs: Mapping[str, object]) -> list[str]:
    """The inputs of a change by paste or file, for the explanation of a plan's numbers."""
    facts = []
    if inputs.get("name"):
        facts.append(_("file %(name)s", name=inputs["name"]))
    if inputs.get("matched_by") in set(MatchedBy):
        facts.append(tell_matching(MatchedBy(str(inputs["matched_by"]))))
    also = inputs.get("also")
    facts += [tell_doubt(Doubt(doubt)) for doubt in also if doubt in set(Doubt)] if isinstance(also, list) else []
    return facts


def template_words(sheet: Sheet) -> TemplateWords:
    """Every text of the plan's template."""
    plan, campaign = sheet.plan, sheet.plan.campaign
    hint = _(
        "Fill in the yellow columns only, then bring the file in on the plan's page. An empty cell changes nothing. "
        "Made from version %(version)d, %(moment)s.",
        version=plan.version,
        moment=moment(plan.changed_at),
    )
    if campaign.sample:
        sample = _("Expected numbers and last year are sample figures.")
        hint = f"{hint} {sample}"
    return TemplateWords(
        title=_("Plan of targets: %(unit)s", unit=plan.unit.name) + f" – {period(campaign)}",
        hint=hint,
        sheet_name=_("Targets"),
        refusal=_("Write a number from 0 to 100 with at most two decimals; for a quantity a whole number."),
        code=_("Code"),
        name=_("Receiver"),
        note=_("Notes"),
        indicators=tuple(_indicator_words(sheet, position) for position in range(len(sheet.indicators))),
        notes={row.unit.id: _notes(sheet, position) for position, row in enumerate(sheet.rows)},
    )


def _indicator_words(sheet: Sheet, position: int) -> IndicatorWords:
    column = sheet.indicators[position]
    short = localized(column.indicator, "short_name")
    rate = column.rule.kind is Kind.RATE
    last_year = _("Last year, %") if rate else _("Last year")
    expected = _("Expected %(counted)s", counted=localized(column.indicator, "counted"))
    aim = _("Target, %") if rate else _("Target")
    return IndicatorWords(f"{short}: {last_year}", f"{short}: {expected}", f"{short}: {aim}")


def _notes(sheet: Sheet, position: int) -> str:
    """Why a row is held or a receiver not assigned, for who fills the template in."""
    row = sheet.rows[position]
    notes = [_("held: %(reason)s", reason=row.hold.reason)] if row.hold else []
    for cell, column in zip(row.cells, sheet.indicators, strict=True):
        if cell.excuse:
            name = localized(column.indicator, "short_name")
            notes.append(_("%(indicator)s not assigned: %(reason)s", indicator=name, reason=cell.excuse))
    return "; ".join(notes)
