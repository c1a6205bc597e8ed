"""A plan's template: what a preparer fills in outside, and the mark by which the file is known when it comes back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs, urlencode

from allocapp.files.template import ColumnKind, Template, TemplateColumn
from allocapp.files.text import STAMP_MARK
from allocapp.rules.balance import Kind
from allocapp.rules.content import content_hash
from allocapp.services.sheet import Cell, Key, Sheet, SheetIndicator, SheetRow

# a receiver without target and one that is not assigned: what the stamp keeps of them
NOTHING_YET: Final = ""
NOT_ASSIGNED: Final = "x"


@dataclass(frozen=True)
class Stamp:
    """Which plan a template was made from, at which version, and what its cells held then.

    ``cells`` are the targets row by row in the sheet's order: a number, ``x`` for one that is not assigned, or nothing;
    ``receivers`` tells whether that order still holds.
    """

    plan_id: int
    unit: str
    campaign: str
    revision: int
    version: int
    indicators: tuple[str, ...]
    receivers: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class IndicatorWords:
    """The headings of one indicator's three columns."""

    baseline: str
    weight: str
    target: str


@dataclass(frozen=True)
class TemplateWords:
    """Every text of a template, in the page's language; indicators in the sheet's order, notes by unit id."""

    title: str
    hint: str
    sheet_name: str
    refusal: str
    code: str
    name: str
    note: str
    indicators: tuple[IndicatorWords, ...]
    notes: Mapping[int, str]


def make_template(sheet: Sheet, words: TemplateWords) -> Template:
    """The plan as it is stored now: code, name, and for each indicator baseline, weight and the target to fill in."""
    columns = [
        TemplateColumn(words.code, ColumnKind.TEXT, 12),
        TemplateColumn(words.name, ColumnKind.TEXT, 34),
    ]
    for column, texts in zip(sheet.indicators, words.indicators, strict=True):
        kind = ColumnKind.RATE if column.rule.kind is Kind.RATE else ColumnKind.COUNT
        columns += [
            TemplateColumn(texts.baseline, kind, 14),
            TemplateColumn(texts.weight, ColumnKind.COUNT, 14),
            TemplateColumn(f"{texts.target} {bracketed(column)}", kind, 18, filled_in=True),
        ]
    columns.append(TemplateColumn(words.note, ColumnKind.TEXT, 44))
    return Template(
        title=words.title,
        hint=words.hint,
        sheet_name=words.sheet_name,
        refusal=words.refusal,
        columns=tuple(columns),
        rows=tuple(_row(row, sheet.indicators, words) for row in sheet.rows),
        stamp=write_stamp(stamp_of(sheet)),
    )


def bracketed(column: SheetIndicator) -> str:
    """The mark in the heading of a target column by which it is found again: ``[dossiers]``."""
    return f"[{column.indicator.code}]"


def stamp_of(sheet: Sheet) -> Stamp:
    """The stamp of a template made from the sheet now."""
    plan = sheet.plan
    return Stamp(
        plan_id=plan.id,
        unit=plan.unit.code,
        campaign=plan.campaign.code,
        revision=plan.revision,
        version=plan.version,
        indicators=tuple(column.indicator.code for column in sheet.indicators),
        receivers=_receivers(sheet),
        cells=tuple(held_text(cell) for cell in sheet.cells.values()),
    )


def write_stamp(stamp: Stamp) -> str:
    """The stamp as one line of text."""
    fields = {
        "plan": stamp.plan_id,
        "unit": stamp.unit,
        "campaign": stamp.campaign,
        "revision": stamp.revision,
        "version": stamp.version,
        "indicators": ",".join(stamp.indicators),
        "receivers": stamp.receivers,
        "cells": ",".join(stamp.cells),
    }
    return STAMP_MARK + urlencode(fields, safe=",")


def read_stamp(text: str) -> Stamp | None:
    """What ``write_stamp`` wrote; None where the text is not whole."""
    try:
        found = parse_qs(text.removeprefix(STAMP_MARK), keep_blank_values=True, max_num_fields=20)
        return Stamp(
            plan_id=_number(found["plan"]),
            unit=found["unit"][0],
            campaign=found["campaign"][0],
            revision=_number(found["revision"]),
            version=_number(found["version"]),
            indicators=tuple(found["indicators"][0].split(",")),
            receivers=found["receivers"][0],
            cells=tuple(_held(text) for text in found["cells"][0].split(",")),
        )
    except (KeyError, ValueError):
        return None


def is_template_of(stamp: Stamp, sheet: Sheet) -> bool:
    """Whether the template was made from this plan: its id alone could be another database's."""
    own = stamp_of(sheet)
    return (
        (stamp.plan_id, stamp.unit, stamp.campaign, stamp.revision, stamp.indicators)
        == (own.plan_id, own.unit, own.campaign, own.revision, own.indicators)
        and stamp.version <= own.version
    )  # fmt: skip


def cells_then(stamp: Stamp, sheet: Sheet) -> dict[Key, str]:
    """What each cell held when the template was made; nothing where the receivers are no longer the same."""
    if stamp.receivers != _receivers(sheet) or len(stamp.cells) != len(sheet.cells):
        return {}
    return dict(zip(sheet.cells, stamp.cells, strict=True))


def held_text(cell: Cell) -> str:
    """What a cell holds, as the stamp keeps it."""
    if cell.target is not None:
        return str(cell.target)
    return NOT_ASSIGNED if cell.excuse else NOTHING_YET


def _receivers(sheet: Sheet) -> str:
    return content_hash([row.unit.code for row in sheet.rows])[:16]


def _row(row: SheetRow, columns: Sequence[SheetIndicator], words: TemplateWords) -> tuple[str | int | None, ...]:
    values: list[str | int | None] = [row.unit.code, row.unit.name]
    for cell, column in zip(row.cells, columns, strict=True):
        rate = column.rule.kind is Kind.RATE
        values += [cell.baseline if rate else cell.baseline_numerator, cell.weight, cell.target]
    return (*values, words.notes.get(row.unit.id, ""))


def _held(text: str) -> str:
    return text if text in (NOTHING_YET, NOT_ASSIGNED) else str(_number([text]))


def _number(values: Sequence[str]) -> int:
    text = values[0]
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise ValueError(text)
    return int(text)
