"""What the review page says beside the table: what is unusual in the plan, and what changed since it was last seen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask_babel import gettext as _

from allocapp.clock import today
from allocapp.models.account import Account
from allocapp.models.unit import Unit
from allocapp.rules.balance import Kind
from allocapp.rules.flag import Flag, FlagCode
from allocapp.services.difference import Change, Difference, changes_since_last_seen
from allocapp.services.flag import flag_plan
from allocapp.services.sheet import Entry, Sheet, check_sheet
from allocapp.services.unit import units_by_id
from allocapp.views.flag_words import flag_name, flag_text
from allocapp.views.formatting import NOTHING, count, localized, moment, target

# more of one kind are counted, and found in the table by its filter
MOST_NAMED = 12


@dataclass(frozen=True)
class FlagLine:
    """One kind of flag: what it is called, and each finding with the row it stands on (None: the whole)."""

    code: FlagCode
    name: str
    findings: Sequence[tuple[Unit | None, str, str]]
    more: int


@dataclass(frozen=True)
class ChangeLine:
    """A cell that changed: whose, of which indicator, from what to what."""

    unit: Unit
    indicator: str
    before: str
    after: str
    weights: str


@dataclass(frozen=True)
class ReviewNotes:
    """``since`` is empty where everything is new."""

    flags: Sequence[FlagLine]
    since: str
    changes: Sequence[ChangeLine]
    changed: frozenset[int]
    flagged: frozenset[int]


def review_notes(sheet: Sheet, account: Account) -> ReviewNotes:
    """Everything that is to be said beside the table."""
    flags = flag_plan(sheet, check_sheet(sheet), account, today=today())
    difference = changes_since_last_seen(sheet)
    return ReviewNotes(
        flags=_flag_lines(sheet, flags),
        since=_since(difference) if difference else "",
        changes=_change_lines(sheet, difference.changes) if difference else [],
        changed=difference.units if difference else frozenset(),
        flagged=frozenset(flag.key for flag in flags if flag.key is not None),
    )


def _flag_lines(sheet: Sheet, flags: Sequence[Flag]) -> list[FlagLine]:
    units = {row.unit.id: row.unit for row in sheet.rows}
    columns = {column.indicator.id: column.indicator for column in sheet.indicators}
    by_code: dict[FlagCode, list[tuple[Unit | None, str, str]]] = {}
    for flag in flags:
        indicator = columns.get(flag.indicator or 0)
        name = localized(indicator, "short_name") if indicator else ""
        text = flag_text(flag, indicator.kind if indicator else None)
        by_code.setdefault(flag.code, []).append((units.get(flag.key or 0), name, text))
    return [
        FlagLine(code, flag_name(code), found[:MOST_NAMED], max(len(found) - MOST_NAMED, 0))
        for code, found in by_code.items()
    ]


def _since(difference: Difference) -> str:
    if difference.submission is not None:
        return _(
            "Changed since the submission before, by %(who)s on %(moment)s",
            who=difference.submission.account.name,
            moment=moment(difference.submission.at),
        )
    assert difference.revision is not None, "a difference is one to something"
    return _("Changed since revision %(number)d, which is in force", number=difference.revision.revision)


def _change_lines(sheet: Sheet, changes: Sequence[Change]) -> list[ChangeLine]:
    units = units_by_id({change.key[0] for change in changes})
    columns = {column.indicator.id: column.indicator for column in sheet.indicators}
    lines = []
    for change in changes:
        unit_id, indicator_id = change.key
        indicator = columns[indicator_id]
        before, after = _shown(change.before, indicator.kind), _shown(change.after, indicator.kind)
        lines.append(
            ChangeLine(units[unit_id], localized(indicator, "short_name"), before, after, _weights(change.weights))
        )
    return lines


def _shown(entry: Entry | None, kind: Kind) -> str:
    if entry is None:
        return NOTHING
    return _("not assigned (%(reason)s)", reason=entry.excuse) if entry.excuse else target(entry.target, kind)


def _weights(weights: tuple[int, int] | None) -> str:
    if weights is None:
        return ""
    return _("expected: %(before)s → %(after)s", before=count(weights[0]), after=count(weights[1]))
