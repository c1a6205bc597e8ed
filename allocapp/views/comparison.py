"""The unit's other plans: compared side by side, and their targets copied into a draft after a preview."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from allocapp.access import Action, load_plan
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, Forbidden, NotFound
from allocapp.forms.comparison import CopyForm
from allocapp.models.plan import Plan
from allocapp.rules.balance import Direction, Kind
from allocapp.rules.workflow import PlanAction
from allocapp.services.comparison import (
    Pair,
    PairRow,
    compare_plans,
    copy_targets,
    list_comparable,
    load_comparable,
    preview_copy,
)
from allocapp.services.sheet import Entry, SheetIndicator, check_sheet
from allocapp.services.turn import plan_actions_for
from allocapp.views.formatting import NOTHING, localized, signed_count, signed_points, target
from allocapp.views.messages import Mistake, explain
from allocapp.views.plan_words import judge_sheet
from allocapp.views.visitor import signed_in_account

PLAN = "/<int(max=2147483647):plan_id>"
OTHER = "<int(max=2147483647):other_id>"

pages = Blueprint("comparison", __name__, url_prefix="/plans")


@dataclass(frozen=True, slots=True)
class PairView:
    """One receiver's target for one indicator in both plans, in words. ``worse``: it moved to the easier side."""

    before: str
    after: str
    difference: str
    changed: bool
    worse: bool


@dataclass(frozen=True, slots=True)
class PairRowView:
    """A receiver; ``note`` says whether it is new or gone."""

    name: str
    code: str
    note: str
    pairs: list[PairView]


@dataclass(frozen=True, slots=True)
class CopiedCell:
    """A cell that copying would change."""

    unit: str
    code: str
    indicator: str
    before: str
    after: str
    difference: str


@pages.get(f"{PLAN}/others")
def index(plan_id: int) -> ResponseReturnValue:
    """The unit's plans of other campaigns and its other revisions: to compare, or to copy from."""
    plan, account = _load(plan_id), signed_in_account()
    return render_template(
        "comparison/index.html",
        plan=plan,
        others=list_comparable(plan, account, today=today()),
        editable=_editable(plan),
    )


@pages.get(f"{PLAN}/compare/{OTHER}")
def show(plan_id: int, other_id: int) -> ResponseReturnValue:
    """Both plans side by side, the earlier one first; changed rows on top, unchanged ones folded."""
    plan = _load(plan_id)
    other = load_comparable(plan, other_id, signed_in_account(), today=today())
    before, after = sorted((plan, other), key=_age)
    found = compare_plans(before, after)
    judged = [judge_sheet(sheet, check_sheet(sheet)) for sheet in (found.before, found.after)]
    return render_template(
        "comparison/show.html",
        plan=plan,
        before=before,
        after=after,
        indicators=found.indicators,
        judged=judged,
        changed=[_row(row, found.indicators) for row in found.changed],
        unchanged=[_row(row, found.indicators) for row in found.unchanged],
    )


@pages.get(f"{PLAN}/copy/{OTHER}")
def preview(plan_id: int, other_id: int) -> ResponseReturnValue:
    """What copying would change, cell by cell. Nothing is written."""
    return _preview(_load(plan_id, Action.EDIT_PLAN), other_id)


@pages.post(f"{PLAN}/copy/{OTHER}")
def copy(plan_id: int, other_id: int) -> ResponseReturnValue:
    """Copy exactly what the preview showed."""
    plan, form = _load(plan_id, Action.EDIT_PLAN), CopyForm()
    if not form.validate():
        raise NotFound
    try:
        with transaction():
            change = copy_targets(
                plan_id,
                other_id,
                version=form.version.data,
                seen=form.seen_hash.data,
                actor=signed_in_account(),
                now=now(),
            )
            number = len(change.after)
    except (NotFound, Forbidden):
        raise
    except AllocappError as error:
        message = explain(error)
        mistakes = [Mistake(message.text), Mistake(message.next_step)]
        return _preview(_load(plan.id, Action.EDIT_PLAN), other_id, mistakes, message.status)
    flash(ngettext("%(num)d target was copied.", "%(num)d targets were copied.", number))
    return redirect(url_for("plan.show", plan_id=plan_id), 303)


def _load(plan_id: int, action: Action = Action.VIEW_PLAN) -> Plan:
    return load_plan(signed_in_account(), plan_id, action, today=today())


def _editable(plan: Plan) -> bool:
    return PlanAction.SAVE in plan_actions_for(plan, signed_in_account(), today())


def _age(plan: Plan) -> tuple[object, ...]:
    return plan.campaign.period_from, plan.campaign_id, plan.revision


def _preview(plan: Plan, other_id: int, mistakes: Sequence[Mistake] = (), status: int = 200) -> ResponseReturnValue:
    source = load_comparable(plan, other_id, signed_in_account(), today=today())
    found = preview_copy(plan, source)
    sheet = found.sheet
    columns = {column.indicator.id: column for column in sheet.indicators}
    units = {row.unit.id: row.unit for row in sheet.rows}
    cells = [
        _copied(units[unit_id].name, units[unit_id].code, columns[indicator_id], found.before[key], entry)
        for key, entry in found.entries.items()
        for unit_id, indicator_id in (key,)
    ]
    page = render_template(
        "comparison/copy.html",
        plan=plan,
        source=source,
        found=found,
        cells=cells,
        now_judged=judge_sheet(sheet, check_sheet(sheet)),
        then_judged=judge_sheet(sheet, check_sheet(sheet, found.entries)),
        editable=_editable(plan),
        mistakes=list(mistakes),
    )
    return page, status


def _copied(unit: str, code: str, column: SheetIndicator, before: Entry, after: Entry) -> CopiedCell:
    pair = _pair(Pair(before, after), column)
    name = localized(column.indicator, "short_name")
    return CopiedCell(unit, code, name, pair.before, pair.after, pair.difference)


def _row(row: PairRow, indicators: Sequence[SheetIndicator]) -> PairRowView:
    note = ""
    if row.before is None:
        note = _("new: not in the earlier plan")
    elif row.after is None:
        note = _("gone: no longer in the later plan")
    pairs = [_pair(pair, column) for pair, column in zip(row.pairs, indicators, strict=True)]
    return PairRowView(row.unit.name, row.unit.code, note, pairs)


def _pair(pair: Pair, column: SheetIndicator) -> PairView:
    kind = column.rule.kind
    moved = pair.difference
    easier = moved is not None and (moved < 0) == (column.rule.direction is Direction.AT_LEAST) and moved != 0
    difference = NOTHING
    if moved is not None:
        difference = signed_points(moved) if kind is Kind.RATE else signed_count(moved)
    return PairView(
        before=_shown(pair.before, kind),
        after=_shown(pair.after, kind),
        difference=difference,
        changed=pair.changed,
        worse=easier,
    )


def _shown(entry: Entry | None, kind: Kind) -> str:
    if entry is None:
        return NOTHING
    if entry.target is not None:
        return target(entry.target, kind)
    return _("not assigned: %(reason)s", reason=entry.excuse) if entry.excuse else NOTHING
