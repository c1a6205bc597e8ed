"""Saving a sheet: the whole form by its button, or the changed cells alone while somebody types.

Both go the same way: only what the person changed is written, each cell on the version that the page was made from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import flash, render_template
from flask_babel import gettext as _

from allocapp.clock import now
from allocapp.db import transaction
from allocapp.errors import MissingRow
from allocapp.forms.plan import RowAct, SheetForm, Tick, TypedSheet, changed_cells, pack_cell, unpack_cells
from allocapp.models.plan import Plan
from allocapp.services.buffer import explain_buffer
from allocapp.services.cell import Edit, Saved, save_cells
from allocapp.services.comment import tick_comment
from allocapp.services.hold import hold_row, release_row
from allocapp.services.sheet import Cell, Key, Sheet, read_sheet
from allocapp.views.formatting import entered, moment
from allocapp.views.plan_grid import RowView, Typing, changed_by, clash_of, lay_out_rows, live_cells
from allocapp.views.plan_page import verdicts_of
from allocapp.views.plan_words import autosave_notices
from allocapp.views.visitor import signed_in_account


@dataclass(frozen=True)
class Autosaved:
    """What an autosave comes to: the sheet as it is now, what was written, and what the page does not show yet."""

    sheet: Sheet
    saved: Saved
    fresh: Mapping[Key, Cell]
    moved: bool


def save_sheet(plan: Plan, form: SheetForm, typed: TypedSheet) -> Saved:
    """Save what the person changed on the form, which must hold every cell of the plan.

    Raises as save_cells and explain_buffer do.
    """
    keys = keys_of(plan)
    if missing := tuple(key for key in keys if key not in typed.cells):
        raise MissingRow(missing)
    edits = changed_cells(typed, unpack_cells(form.base.data or "", keys))
    plan_id, actor, at = plan.id, signed_in_account(), now()
    with transaction():
        saved = save_cells(plan_id, edits, actor=actor, now=at)
        if typed.explanation is None:
            return saved
        return replace(saved, plan_version=explain_buffer(plan_id, typed.explanation, actor=actor, now=at).version)


def act_on_remark(plan_id: int, tick: Tick) -> None:
    """Tick a remark off, or open it again."""
    with transaction():
        tick_comment(plan_id, tick.comment_id, done=tick.done, actor=signed_in_account(), now=now())


def act_on_row(plan_id: int, act: RowAct) -> None:
    """Hold a row with its reason, or release it, and say so."""
    with transaction():
        if act.hold:
            hold_row(plan_id, act.unit_id, reason=act.reason, actor=signed_in_account(), now=now())
        else:
            release_row(plan_id, act.unit_id, actor=signed_in_account(), now=now())
    if act.hold:
        flash(_("The row is held: no method changes it until it is released."))
    else:
        flash(_("The row is released."))


def autosave(plan: Plan, form: SheetForm, typed: TypedSheet) -> Autosaved:
    """Save the readable ones of the cells that came. Raises as save_cells does."""
    plan_id, keys = plan.id, keys_of(plan)
    seen = unpack_cells(form.base.data or "", keys)
    with transaction():
        saved = save_cells(plan_id, changed_cells(typed, seen), actor=signed_in_account(), now=now())
    sheet = read_sheet(plan)
    written = saved.versions.keys() | saved.conflicts.keys()
    fresh = {
        key: cell
        for key, cell in sheet.cells.items()
        if key not in written and key in seen and seen[key].base_version != cell.version
    }
    return Autosaved(sheet, saved, fresh, moved=_as_seen(sheet, seen).content_hash != form.seen_hash.data)


def autosave_answer(form: SheetForm, typed: TypedSheet, done: Autosaved) -> dict[str, object]:
    """What the page puts in place after an autosave.

    A new content hash is given only where the page then shows everything that it stands for: other people's cells come
    with the answer; where anything else moved, the page keeps its old hash, and a submission says so.
    """
    sheet = done.sheet
    open_cells = {key: cell for key, cell in typed.cells.items() if key in done.saved.conflicts or cell.fault}
    typing = Typing(TypedSheet(open_cells))
    keys = typed.cells.keys() | done.fresh.keys()
    columns = {column.indicator.id: column for column in sheet.indicators}
    return {
        "version": sheet.plan.version,
        "seen_hash": form.seen_hash.data if done.moved else sheet.content_hash,
        "moved": done.moved,
        "at": moment(now())[-5:],
        "saved": {_name(key): pack_cell(sheet.cells[key]) for key in done.saved.versions},
        "fresh": {
            _name(key): [
                entered(cell.target, columns[key[1]].rule.kind),
                cell.excuse,
                pack_cell(cell),
                _("changed by %(by)s", by=changed_by(cell)),
            ]
            for key, cell in done.fresh.items()
        },
        "conflicts": {
            _name(key): render_template("plan/_clash.html", clash=clash_of(cell, columns[key[1]]))
            for key, cell in done.saved.conflicts.items()
        },
        "notices": autosave_notices(clashed=len(done.saved.conflicts), fresh=len(done.fresh), moved=done.moved),
        **live_answer(sheet, typing, lay_out_rows(sheet, typing, keys), newer=""),
    }


def live_answer(sheet: Sheet, typing: Typing, rows: list[RowView], *, newer: str) -> dict[str, object]:
    """Every text of the page that depends on what is typed, for the rows that were asked about."""
    verdicts = verdicts_of(sheet, typing)
    return {
        "status": render_template("plan/_status.html", verdicts=verdicts, newer=newer),
        "figures": render_template("plan/_figures.html", sheet=sheet, verdicts=verdicts),
        "cells": live_cells(rows),
        "flags": {str(row.unit.id): row.flags for row in rows},
    }


def keys_of(plan: Plan) -> list[Key]:
    """The plan's cells in the sheet's order. A base that was made from other rows is not read: see ``unpack_cells``."""
    return list(read_sheet(plan).cells)


def _as_seen(sheet: Sheet, seen: Mapping[Key, Edit]) -> Sheet:
    """The sheet with the targets that the page was made from, to tell whether anything else moved."""
    rows = tuple(
        replace(
            row, cells=tuple(_cell_as_seen(cell, seen.get((cell.unit_id, cell.indicator_id))) for cell in row.cells)
        )
        for row in sheet.rows
    )
    return replace(sheet, rows=rows)


def _cell_as_seen(cell: Cell, seen: Edit | None) -> Cell:
    if seen is None or (seen.entry.target, seen.entry.excuse) == (cell.target, cell.excuse):
        return cell
    return replace(cell, target=seen.entry.target, excuse=seen.entry.excuse)


def _name(key: Key) -> str:
    return f"{key[0]}-{key[1]}"
