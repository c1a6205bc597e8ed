"""Milestones (lộ trình) as a matrix: receivers by quarters, one indicator at a time. No JavaScript needed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, load_plan, may_on_plan
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, Forbidden, MilestonesRefused, NotFound, StaleVersion
from allocapp.forms.milestone import MilestoneForm, TypedMilestone, TypedRoads, read_roads
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.milestone import MilestoneProblem
from allocapp.rules.workflow import PlanAction
from allocapp.services.milestone import Road, check_roads, milestone_days, propose_road, set_milestones
from allocapp.services.sheet import Cell, Sheet, SheetIndicator, read_sheet
from allocapp.services.turn import plan_actions_for
from allocapp.views.formatting import day, entered, percent, target
from allocapp.views.messages import Mistake, explain
from allocapp.views.plan_words import why_not_edited
from allocapp.views.proposal_words import milestone_text
from allocapp.views.visitor import signed_in_account

PLAN = "/<int(max=2147483647):plan_id>/milestones"
MATRIX = f"{PLAN}/<int(max=2147483647):indicator_id>"
# an error summary that lists everything is read by nobody
MOST_MISTAKES = 10

pages = Blueprint("milestone", __name__, url_prefix="/plans")


@dataclass(frozen=True)
class MilestoneCell:
    """One input: its name, what stands in it, what is wrong, and what is stored where that is something else."""

    name: str
    label: str
    text: str
    error: str
    other: str


@dataclass(frozen=True)
class MilestoneRow:
    """A receiver with last year's figure, its milestones, and the target they lead to."""

    unit: Unit
    baseline: str
    target: str
    has_target: bool
    cells: list[MilestoneCell]


@pages.get(PLAN)
def index(plan_id: int) -> ResponseReturnValue:
    """To the first indicator's matrix."""
    plan = _load(plan_id)
    first = plan.campaign.indicators[0].indicator_id
    return redirect(url_for("milestone.show", plan_id=plan_id, indicator_id=first))


@pages.get(MATRIX)
def show(plan_id: int, indicator_id: int) -> ResponseReturnValue:
    """The matrix of one indicator, to fill in or to read."""
    return _page(_load(plan_id), indicator_id)


@pages.post(f"{MATRIX}/fill")
def fill(plan_id: int, indicator_id: int) -> ResponseReturnValue:
    """Even steps from last year to the target for every row that is still empty. Nothing is saved."""
    plan = _load(plan_id, Action.EDIT_PLAN)
    sheet = read_sheet(plan)
    place, column = _column(sheet, indicator_id)
    typed = _typed(plan, column)
    started = {unit_id for (unit_id, _due), cell in typed.cells.items() if cell.text}
    cells, filled = dict(typed.cells), 0
    for row in sheet.rows:
        if row.unit.id in started:
            continue
        road = propose_road(sheet, column, row.cells[place])
        filled += bool(road)
        for due, value in road.items():
            cells[row.unit.id, due] = TypedMilestone(entered(value, column.rule.kind), value)
    notice = _("Filled in for %(number)d rows, not saved yet: look through them, then save.", number=filled)
    return _page(plan, indicator_id, typed=TypedRoads(cells), notice=notice)


@pages.post(MATRIX)
def save(plan_id: int, indicator_id: int) -> ResponseReturnValue:
    """Keep the matrix, whole or not at all."""
    plan, form = _load(plan_id, Action.EDIT_PLAN), MilestoneForm()
    sheet = read_sheet(plan)
    _place, column = _column(sheet, indicator_id)
    typed = _typed(plan, column)
    if not form.validate() or typed.faults:
        return _page(plan, indicator_id, typed=typed, status=422)
    try:
        with transaction():
            set_milestones(
                plan_id, indicator_id, typed.roads, version=form.version.data, actor=signed_in_account(), now=now()
            )
    except (NotFound, Forbidden):
        raise
    except AllocappError as error:
        message = explain(error)
        told = [] if isinstance(error, MilestonesRefused) else [Mistake(f"{message.text} {message.next_step}")]
        stale = isinstance(error, StaleVersion)
        return _page(_load(plan_id), indicator_id, typed=typed, mistakes=told, stale=stale, status=message.status)
    flash(_("Milestones saved."))
    return redirect(url_for("milestone.show", plan_id=plan_id, indicator_id=indicator_id), 303)


def _load(plan_id: int, action: Action = Action.VIEW_PLAN) -> Plan:
    return load_plan(signed_in_account(), plan_id, action, today=today())


def _column(sheet: Sheet, indicator_id: int) -> tuple[int, SheetIndicator]:
    for place, column in enumerate(sheet.indicators):
        if column.indicator.id == indicator_id:
            return place, column
    raise NotFound


def _typed(plan: Plan, column: SheetIndicator) -> TypedRoads:
    return read_roads(request.form, column.rule.kind, milestone_days(plan))


def _page(
    plan: Plan,
    indicator_id: int,
    *,
    typed: TypedRoads | None = None,
    mistakes: Sequence[Mistake] = (),
    notice: str = "",
    stale: bool = False,
    status: int = 200,
) -> ResponseReturnValue:
    sheet, account = read_sheet(plan), signed_in_account()
    place, column = _column(sheet, indicator_id)
    editable = PlanAction.SAVE in plan_actions_for(plan, account, today())
    stored = {row.unit.id: dict(row.cells[place].milestones) for row in sheet.rows}
    wrong = check_roads(sheet, column, stored | (typed.roads if typed else {}))
    given: dict[str, Any] = {"days": milestone_days(plan), "typed": typed, "wrong": wrong, "stale": stale}
    groups = [
        (kind, [_row(row.unit, row.cells[place], column, **given) for row in rows]) for kind, rows in sheet.groups
    ]
    faults = _fault_mistakes(rows=[row for _kind, rows in groups for row in rows])
    page = render_template(
        "milestone/show.html",
        plan=plan,
        column=column,
        columns=sheet.indicators,
        days=milestone_days(plan),
        groups=groups,
        editable=editable,
        why_not=why_not_edited(plan) if not editable and may_on_plan(account, Action.EDIT_PLAN, plan, today()) else "",
        notice=notice,
        mistakes=[*mistakes, *faults],
    )
    return page, status


def _row(
    unit: Unit,
    cell: Cell,
    column: SheetIndicator,
    *,
    days: Sequence[date],
    typed: TypedRoads | None,
    wrong: Mapping[int, list[MilestoneProblem]],
    stale: bool,
) -> MilestoneRow:
    kind = column.rule.kind
    problems = {problem.due or days[0]: problem.code for problem in wrong.get(unit.id, [])} if days else {}
    stored: Road = dict(cell.milestones)
    cells = []
    for due in days:
        shown = typed.cells.get((unit.id, due)) if typed else None
        text = entered(stored.get(due), kind) if shown is None else shown.text
        error = explain(shown.fault).text if shown and shown.fault else ""
        if not error and due in problems:
            error = milestone_text(problems[due])
        differs = stale and shown is not None and shown.value != stored.get(due)
        other = _("stored by the other person: %(value)s", value=target(stored.get(due), kind)) if differs else ""
        label = _("%(unit)s, by %(day)s", unit=unit.name, day=day(due))
        cells.append(MilestoneCell(f"m-{unit.id}-{due:%Y%m%d}", label, text, error, other))
    return MilestoneRow(
        unit=unit,
        baseline=percent(cell.baseline) if kind == "rate" else "",
        target=target(cell.target, kind),
        has_target=cell.target is not None,
        cells=cells,
    )


def _fault_mistakes(rows: Sequence[MilestoneRow]) -> list[Mistake]:
    """One line for each milestone that is wrong, linking to it; the rest are counted."""
    found = [
        Mistake(_("%(cell)s: %(message)s", cell=cell.label, message=cell.error), cell.name)
        for row in rows
        for cell in row.cells
        if cell.error
    ]
    if len(found) <= MOST_MISTAKES:
        return found
    rest = Mistake(_("and %(num)d more cells", num=len(found) - MOST_MISTAKES), found[MOST_MISTAKES].field_id)
    return [*found[:MOST_MISTAKES], rest]
