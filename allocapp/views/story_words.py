"""A plan's story in words: what happened, who did it, and which cells it changed, before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from allocapp.models.event import Event
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.balance import IndicatorRule
from allocapp.services.change import units_in
from allocapp.services.sheet import Entry, Sheet
from allocapp.services.story import Chapter, Difference, read_story, units_told
from allocapp.views.formatting import action_name, count, localized, target
from allocapp.views.journal_words import who_acted
from allocapp.views.method_words import explain_change


@dataclass(frozen=True)
class Told:
    """A moment of the story in words. ``cells``: receiver, indicator, before, after; ``summary`` says what they are."""

    at: datetime
    event: Event | None
    title: str
    who: str
    facts: tuple[str, ...]
    summary: str
    cells: tuple[tuple[str, str, str, str], ...]


def tell_story(plan: Plan, sheet: Sheet) -> list[Told]:
    """The plan's story in words, oldest first."""
    chapters = read_story(plan)
    units = {**units_told(chapters), **units_in(chapter.change for chapter in chapters if chapter.change)}
    return [_told(chapter, sheet, units) for chapter in chapters]


def _told(chapter: Chapter, sheet: Sheet, units: Mapping[int, Unit]) -> Told:
    if chapter.change is not None:
        return _told_change(chapter, sheet, units)
    assert chapter.event is not None, "a chapter is an event or a change"
    changed = chapter.differences
    summary = "" if changed is None else _summary(changed, first=chapter.submission is None or _is_first(chapter))
    return Told(
        at=chapter.at,
        event=chapter.event,
        title=action_name(chapter.event.action, chapter.event.subject),
        who=who_acted(chapter.event),
        facts=(),
        summary=summary,
        cells=tuple(_cell(found, sheet, units) for found in changed or ()),
    )


def _told_change(chapter: Chapter, sheet: Sheet, units: Mapping[int, Unit]) -> Told:
    change = chapter.change
    assert change is not None, "it is a change that is told"
    view = explain_change(change, sheet, units)
    person = change.reverted_by if chapter.reverted else change.account
    title = _("Taken back: %(change)s", change=view.title) if chapter.reverted else view.title
    cells = (
        [(unit, name, after, before) for unit, name, before, after in view.cells] if chapter.reverted else view.cells
    )
    return Told(
        at=chapter.at,
        event=None,
        title=title,
        who=person.name if person else "",
        facts=() if chapter.reverted else (*((view.indicator,) if view.indicator else ()), *view.facts),
        summary=ngettext("%(num)d cell", "%(num)d cells", len(cells)),
        cells=tuple(cells),
    )


def _is_first(chapter: Chapter) -> bool:
    return chapter.submission is not None and chapter.submission.number == 1


def _summary(changed: Sequence[Difference], *, first: bool) -> str:
    if not changed:
        return _("nothing changed against the revision before") if first else _("nothing changed since the last time")
    number = len(changed)
    if first:
        return ngettext(
            "%(num)d cell differs from the revision before", "%(num)d cells differ from the revision before", number
        )
    return ngettext("%(num)d cell changed since the last time", "%(num)d cells changed since the last time", number)


def _cell(found: Difference, sheet: Sheet, units: Mapping[int, Unit]) -> tuple[str, str, str, str]:
    column = next((column for column in sheet.indicators if column.indicator.id == found.indicator_id), None)
    name = localized(column.indicator, "short_name") if column else ""
    rule = column.rule if column else None
    before, after = _entry(found.before, rule), _entry(found.after, rule)
    if found.weights is not None:
        before = _("%(value)s (expected: %(number)s)", value=before, number=count(found.weights[0]))
        after = _("%(value)s (expected: %(number)s)", value=after, number=count(found.weights[1]))
    unit = units.get(found.unit_id)
    return (unit.name if unit else "", name, before, after)


def _entry(entry: Entry | None, rule: IndicatorRule | None) -> str:
    if entry is None:
        return _("no such row")
    if entry.target is None:
        return _("not assigned: %(reason)s", reason=entry.excuse) if entry.excuse else _("empty")
    return target(entry.target, rule.kind) if rule else str(entry.target)
