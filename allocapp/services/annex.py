"""The figures a decision assigns, as its annex prints them: what the clerk numbers and the leader signs."""

from __future__ import annotations

import json
from dataclasses import dataclass

from allocapp.documents.roads import Roads, lay_roads
from allocapp.documents.snapshot import read_snapshot
from allocapp.errors import InvalidSnapshot
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision
from allocapp.rules.balance import Kind
from allocapp.services.sheet import Sheet, read_sheet


@dataclass(frozen=True)
class AnnexCell:
    """A target (hundredths of a per cent, or a count), or the reason why none is assigned."""

    target: int | None
    reason: str


@dataclass(frozen=True)
class AnnexRow:
    """A receiver; its cells follow the order of the indicators."""

    name: str
    cells: tuple[AnnexCell, ...]


@dataclass(frozen=True)
class Annex:
    """The annex's table. ``frozen``: taken from the snapshot, so that it is what the file prints.

    ``roads``: its second table, the milestones on the way to the targets; None where there are none.
    """

    frozen: bool
    indicators: tuple[tuple[str, Kind], ...]
    groups: tuple[tuple[str, tuple[AnnexRow, ...]], ...]
    roads: Roads | None = None

    @property
    def receivers(self) -> int:
        """How many rows it has."""
        return sum(len(rows) for _, rows in self.groups)


def read_annex(decision: Decision) -> Annex | None:
    """The figures: from the snapshot once the number is taken, before that from the approved sheet.

    None for a decision that revokes, which assigns nothing. Raises InvalidSnapshot where it cannot be printed.
    """
    if decision.kind is DecisionKind.REVOKE:
        return None
    if decision.snapshot is None:
        return _from_sheet(read_sheet(decision.plan))
    printed = read_snapshot(json.loads(decision.snapshot)).annex
    if printed is None:
        raise InvalidSnapshot("annex", "an annex")
    return Annex(
        frozen=True,
        indicators=tuple((indicator.name, Kind(indicator.kind.value)) for indicator in printed.indicators),
        groups=tuple(
            (
                group.name,
                tuple(
                    AnnexRow(
                        row.name,
                        tuple(
                            AnnexCell(target, reason or "")
                            for target, reason in zip(row.targets, row.reasons, strict=True)
                        ),
                    )
                    for row in group.rows
                ),
            )
            for group in printed.groups
        ),
        roads=lay_roads([(row.name, row.targets, row.milestones) for group in printed.groups for row in group.rows]),
    )


def _from_sheet(sheet: Sheet) -> Annex:
    return Annex(
        frozen=False,
        indicators=tuple((column.indicator.name, column.indicator.kind) for column in sheet.indicators),
        groups=tuple(
            (
                kind.group_name,
                tuple(
                    AnnexRow(row.unit.body_name, tuple(AnnexCell(cell.target, cell.excuse) for cell in row.cells))
                    for row in rows
                ),
            )
            for kind, rows in sheet.groups
        ),
        roads=lay_roads(
            [
                (row.unit.body_name, [cell.target for cell in row.cells], [cell.milestones for cell in row.cells])
                for row in sheet.rows
            ]
        ),
    )
