"""Plans made in memory, for laying tables against them without a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from allocapp.files.table import FileTable, Refusal
from allocapp.files.text import read_text
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign, Indicator
from allocapp.models.plan import Plan, PlanHold
from allocapp.models.unit import Unit, UnitKind
from allocapp.rules.balance import Direction, IndicatorRule, Kind, RollUp
from allocapp.services.paste import Mismatch, Preview, preview_table
from allocapp.services.paste_columns import Unclear
from allocapp.services.sheet import Cell, Key, Sheet, SheetIndicator, SheetRow

NOW = datetime(2022, 6, 12, 3, 5, tzinfo=UTC)
UNITS = (
    ("178-MC", "Bộ phận Một cửa thành phố Lạng Sơn"),
    ("05971", "Phường Hoàng Văn Thụ"),
    ("05974", "Phường Tam Thanh"),
    ("05977", "Xã Tân Liên"),
)
INDICATORS = (("services", "Dịch vụ", Kind.RATE), ("dossiers", "Hồ sơ", Kind.RATE))


def sheet_of(
    units: Sequence[tuple[str, str]] = UNITS,
    indicators: Sequence[tuple[str, str, Kind]] = INDICATORS,
    *,
    targets: Mapping[Key, int | None] | None = None,
    version: int = 7,
    held: Sequence[int] = (),
) -> Sheet:
    """A plan whose units have the ids 1, 2 … and whose indicators 1, 2 …; every target 80 unless told otherwise."""
    unit = Unit(id=900, code="178", name="Thành phố Lạng Sơn", kind=UnitKind(code="city", name="Thành phố"))
    campaign = Campaign(id=1, code="2022", name="Năm 2022", name_en="2022", sample=False)
    plan = Plan(id=12, unit=unit, campaign=campaign, revision=1, version=version, changed_at=NOW)
    columns = tuple(_column(number, *each) for number, each in enumerate(indicators, start=1))
    given = dict(targets or {})
    rows = []
    for number, (code, name) in enumerate(units, start=1):
        cells = tuple(_cell(number, place, given.get((number, place), 8000)) for place in range(1, len(columns) + 1))
        hold = _hold(number) if number in held else None
        rows.append(SheetRow(number, Unit(id=number, code=code, name=name), cells, (), hold))
    return Sheet(plan, columns, tuple(rows), (), None)


def moved(sheet: Sheet, targets: Mapping[Key, int | None]) -> Sheet:
    """The same plan one version later, with other targets that somebody entered."""
    who = Account(id=2, name="Chuyên viên thứ hai")
    rows = tuple(
        replace(
            row,
            cells=tuple(
                replace(cell, target=targets[key], excuse="", changed_at=NOW, changed_by=who)
                if (key := (cell.unit_id, cell.indicator_id)) in targets
                else cell
                for cell in row.cells
            ),
        )
        for row in sheet.rows
    )
    old = sheet.plan
    plan = Plan(id=12, unit=old.unit, campaign=old.campaign, revision=1, version=old.version + 1, changed_at=NOW)
    return replace(sheet, plan=plan, rows=rows)


def excused(sheet: Sheet, key: Key, reason: str) -> Sheet:
    """The plan with a cell that is not assigned."""
    rows = tuple(
        replace(
            row,
            cells=tuple(
                replace(cell, target=None, excuse=reason) if (cell.unit_id, cell.indicator_id) == key else cell
                for cell in row.cells
            ),
        )
        for row in sheet.rows
    )
    return replace(sheet, rows=rows)


def table_of(text: str) -> FileTable:
    """A pasted block."""
    found = read_text(text)
    assert not isinstance(found, Refusal), found
    return found


def previewed(sheet: Sheet, table: FileTable | str, wanted: int | None = None) -> Preview:
    """The preview of a table that fits."""
    found = preview_table(sheet, table_of(table) if isinstance(table, str) else table, wanted)
    assert isinstance(found, Preview), found
    return found


def unfit(sheet: Sheet, table: FileTable | str, wanted: int | None = None) -> Mismatch | Unclear:
    """Why a table does not fit."""
    found = preview_table(sheet, table_of(table) if isinstance(table, str) else table, wanted)
    assert not isinstance(found, Preview), found.changes
    return found


def edits(preview: Preview) -> dict[Key, int | None]:
    """What would change, doubts or not."""
    return {change.key: change.after.target for change in preview.changes}


def _column(number: int, code: str, name: str, kind: Kind) -> SheetIndicator:
    indicator = Indicator(
        id=number, code=code, version=1, name=f"Tỷ lệ {name.lower()}", name_en=f"Rate of {code}", short_name=name,
        short_name_en=code.capitalize(), counted="hồ sơ", counted_en="dossiers", part="hồ sơ", part_en="dossiers",
    )  # fmt: skip
    return SheetIndicator(indicator, IndicatorRule(kind, RollUp.SUMS, Direction.AT_LEAST), 8000, True)


def _cell(unit_id: int, indicator_id: int, target: int | None) -> Cell:
    return Cell(
        unit_id=unit_id, indicator_id=indicator_id, target=target, excuse="", weight=100, baseline_numerator=25,
        baseline_denominator=100, services=frozenset(), changed_at=NOW,
    )  # fmt: skip


def _hold(unit_id: int) -> PlanHold:
    owner = Account(id=3, name="Chuyên viên thứ ba")
    return PlanHold(plan_id=12, unit_id=unit_id, account=owner, reason="chờ thống nhất", held_at=NOW)
