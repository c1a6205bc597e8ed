"""An XLSX file read into a table of plain cells, by a child process with limits: see `workbook_child`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from allocapp.confinement import BrokeOff, Limits, TookTooLong, ask
from allocapp.files.table import CellKind, FileCell, FileTable, Refusal, Source

LIMITS: Final = Limits(seconds=15, cpu_seconds=10, memory=400 * 1024 * 1024)
_CHILD: Final = Path(__file__).with_name("workbook_child.py")


def read_workbook(content: bytes, limits: Limits = LIMITS) -> FileTable | Refusal:
    """The first sheet that shows anything, or why it cannot be read. Never raises for what the file contains."""
    try:
        answer = json.loads(ask(_CHILD, content, limits))
        return Refusal(answer["refused"]) if "refused" in answer else _table(answer)
    except TookTooLong:
        return Refusal.TOOK_TOO_LONG
    except (BrokeOff, ValueError, KeyError, TypeError):
        return Refusal.NOT_READABLE


def _table(answer: dict[str, Any]) -> FileTable:
    rows = tuple(
        tuple(FileCell(row, column, CellKind(kind), text, formula) for row, column, kind, text, formula in cells)
        for cells in answer["rows"]
    )
    return FileTable(
        source=Source.WORKBOOK,
        rows=rows,
        last_row=rows[-1][0].row,
        stamp=answer["stamp"],
        sheet=answer["sheet"],
        other_sheets=tuple(answer["others"]),
    )
