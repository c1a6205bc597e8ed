"""Methods: try a formula, apply it, take it back; explain every number."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.datastructures import MultiDict

from allocapp.access import Action, load_plan
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, ContentChanged, HeldRow, NotFound, StaleVersion
from allocapp.forms.method import ApplyForm, MethodForm, acts_for, steps_for
from allocapp.models.plan import Plan
from allocapp.rules.workflow import PlanAction
from allocapp.services.change import last_change, list_changes, revert_last_change, units_in
from allocapp.services.method import Trial, apply_method, find_lowest, try_method
from allocapp.services.sheet import Sheet, SheetIndicator, read_sheet
from allocapp.services.turn import plan_actions_for
from allocapp.views.guard import prefers_json
from allocapp.views.messages import Mistake, explain, mistakes_of
from allocapp.views.method_words import (
    act_choices,
    assumed_words,
    explain_change,
    lowest_words,
    obstacle_words,
    parameter_words,
    step_choices,
)
from allocapp.views.plan_words import judge_sheet
from allocapp.views.visitor import signed_in_account

pages = Blueprint("method", __name__, url_prefix="/plans/<int(max=2147483647):plan_id>")


@pages.get("/methods")
def index(plan_id: int) -> ResponseReturnValue:
    """Choose a formula; with one chosen, what it would do to every row. Nothing is written."""
    plan = _load(plan_id, Action.EDIT_PLAN)
    sheet = read_sheet(plan)
    form, column = _form(sheet, request.args)
    if "act" not in request.args:
        return _page(sheet, column, form)
    if not form.validate():
        return _page(sheet, column, form, mistakes=mistakes_of(form), status=422)
    try:
        trial = try_method(plan, form.choice)
    except AllocappError as error:
        message = explain(error)
        mistakes = [Mistake(message.text, "aim"), Mistake(message.next_step, "aim")]
        return _page(sheet, column, form, mistakes=mistakes, status=message.status)
    return _page(trial.sheet, column, form, trial=trial)


@pages.post("/methods/apply")
def apply(plan_id: int) -> ResponseReturnValue:
    """Do what was tried; the formula stands in the address, the version it was tried on in the form."""
    plan = _load(plan_id, Action.EDIT_PLAN)
    form, _column = _form(read_sheet(plan), request.args)
    seen = ApplyForm()
    if not form.validate() or not seen.validate():
        return redirect(_with_formula("method.index", plan_id), 303)
    given = {"version": seen.version.data, "stamp": seen.stamp.data or ""}
    try:
        with transaction():
            change = apply_method(plan_id, form.choice, **given, actor=signed_in_account(), now=now())
            cells = len(change.after)
    except (ContentChanged, StaleVersion, HeldRow):
        flash(_("The plan has moved since this was tried. Look at what it would do now, then apply it."), "warning")
        return redirect(_with_formula("method.index", plan_id), 303)
    flash(
        ngettext(
            "Applied: %(num)d cell changed. It can be taken back.",
            "Applied: %(num)d cells changed. It can be taken back.",
            cells,
        )
    )
    return redirect(url_for("plan.show", plan_id=plan_id), 303)


@pages.post("/methods/revert")
def revert(plan_id: int) -> ResponseReturnValue:
    """Take back what was applied last."""
    _load(plan_id, Action.EDIT_PLAN)
    seen = ApplyForm()
    if not seen.validate():
        raise NotFound
    with transaction():
        done = revert_last_change(plan_id, version=seen.version.data, actor=signed_in_account(), now=now())
    flash(
        ngettext("Taken back: %(num)d cell is as it was.", "Taken back: %(num)d cells are as they were.", done.restored)
    )
    if done.kept:
        kept = ngettext(
            "%(num)d cell was changed since and keeps its newer value.",
            "%(num)d cells were changed since and keep their newer values.",
            done.kept,
        )
        flash(kept, "warning")
    return redirect(url_for("plan.show", plan_id=plan_id), 303)


@pages.get("/changes")
def changes(plan_id: int) -> ResponseReturnValue:
    """What was applied to the plan, newest first: the explanation of its numbers."""
    plan = _load(plan_id)
    sheet = read_sheet(plan)
    last, applied = last_change(plan), list_changes(plan)
    units = units_in(applied)
    editable = PlanAction.SAVE in plan_actions_for(plan, signed_in_account(), today())
    return render_template(
        "method/changes.html",
        plan=plan,
        changes=[explain_change(change, sheet, units) for change in applied],
        revertible=last.id if last and editable else None,
    )


@pages.get("/rows/<int(max=2147483647):unit_id>/lowest")
def lowest(plan_id: int, unit_id: int) -> ResponseReturnValue:
    """How far one receiver's targets may go if all others stay as they are stored."""
    plan = _load(plan_id)
    sheet = read_sheet(plan)
    words = lowest_words(sheet, find_lowest(plan, unit_id))
    if prefers_json():
        return jsonify(texts=words)
    row = next(row for row in sheet.rows if row.unit.id == unit_id)
    return render_template("method/lowest.html", plan=plan, row=row, words=words)


def _load(plan_id: int, action: Action = Action.VIEW_PLAN) -> Plan:
    return load_plan(signed_in_account(), plan_id, action, today=today())


def _with_formula(endpoint: str, plan_id: int) -> str:
    """The address of a page with the formula that this request brought."""
    return f"{url_for(endpoint, plan_id=plan_id)}?{request.query_string.decode('ascii', 'replace')}"


def _page(
    sheet: Sheet,
    column: SheetIndicator,
    form: MethodForm,
    *,
    trial: Trial | None = None,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    page = render_template(
        "method/index.html",
        sheet=sheet,
        plan=sheet.plan,
        column=column,
        form=form,
        trial=trial,
        before=judge_sheet(sheet, trial.before)[trial.position] if trial else None,
        after=judge_sheet(sheet, trial.after)[trial.position] if trial else None,
        obstacles=obstacle_words(trial) if trial else [],
        parameter=parameter_words(trial) if trial else "",
        assumed=assumed_words(trial) if trial else "",
        onward=_with_formula("method.apply", sheet.plan.id),
        mistakes=mistakes,
    )
    return page, status


def _form(sheet: Sheet, sent: MultiDict[str, str]) -> tuple[MethodForm, SheetIndicator]:
    """The form for the indicator that was asked for, or for the first one. Raises NotFound for one not in the plan."""
    by_id = {str(column.indicator.id): column for column in sheet.indicators}
    asked = sent.get("indicator") or next(iter(by_id))
    if asked not in by_id:
        raise NotFound
    column = by_id[asked]
    form = MethodForm(sent if "act" in sent else None, indicator=column.indicator.id)
    form.offer(
        column.rule, act_choices(acts_for(column.rule), column.rule), step_choices(steps_for(column.rule), column.rule)
    )
    return form, column
