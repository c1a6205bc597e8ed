"""Plans: the list, the allocation page with its live check, the review, and every step of the road."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from operator import attrgetter

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, load_plan
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import (
    AllocappError,
    BufferUnexplained,
    ContentChanged,
    Forbidden,
    NotFound,
    OpinionsOpen,
    OpinionsUnanswered,
    StaleVersion,
    SuperiorNotIssued,
    TransitionNotAllowed,
    UnbalancedPlan,
)
from allocapp.forms.plan import (
    OpenForm,
    SheetForm,
    TypedSheet,
    changed_cells,
    read_cells,
    read_row_act,
    read_tick,
    settle,
    unpack_cells,
)
from allocapp.models.plan import Plan
from allocapp.rules.workflow import PlanAction, plan_actions
from allocapp.services import plan as plans
from allocapp.services.in_house import circulate_plan
from allocapp.services.lapse import lapsed_plans
from allocapp.services.overview import PlanLine, list_plans
from allocapp.services.revision import read_chain
from allocapp.services.sheet import read_sheet
from allocapp.views.authority_words import decider_of
from allocapp.views.formatting import moment
from allocapp.views.guard import error_body
from allocapp.views.messages import Mistake, explain
from allocapp.views.plan_choice import asked
from allocapp.views.plan_grid import Typing, lay_out_rows
from allocapp.views.plan_mistakes import what_next
from allocapp.views.plan_page import (
    Stamp,
    clashing_page,
    conflict_page,
    plan_page,
    unbalanced_page,
)
from allocapp.views.plan_save import (
    act_on_remark,
    act_on_row,
    autosave,
    autosave_answer,
    keys_of,
    live_answer,
    save_sheet,
)
from allocapp.views.plan_words import next_step
from allocapp.views.statuses import explain_status
from allocapp.views.story_words import tell_story
from allocapp.views.visitor import signed_in_account

pages = Blueprint("plan", __name__, url_prefix="/plans")

# an id that no 32-bit column holds names nothing: 404 before the database is asked
PLAN = "/<int(max=2147483647):plan_id>"


@pages.get("/")
def index() -> ResponseReturnValue:
    """Every unit that passes targets on, by campaign: where its plan stands and whose turn it is."""
    lines = list_plans(signed_in_account(), today=today())
    lapsed = lapsed_plans(line.plan for line in lines if line.plan)
    campaigns = [
        (campaign, [(line, _step_of(line, lapsed)) for line in of_campaign])
        for campaign, of_campaign in groupby(lines, key=attrgetter("campaign"))
    ]
    return render_template("plan/index.html", campaigns=campaigns)


@pages.post("/open")
def open_() -> ResponseReturnValue:
    """Begin a unit's plan and go to its allocation page."""
    form = OpenForm()
    if not form.validate():
        raise NotFound
    with transaction():
        plan = plans.open_plan(form.unit_id.data, form.campaign_id.data, actor=signed_in_account(), now=now())
        plan_id = plan.id
    return redirect(url_for("plan.show", plan_id=plan_id), 303)


@pages.get(PLAN)
def show(plan_id: int) -> ResponseReturnValue:
    """The allocation page, or the same to read."""
    return plan_page(_load(plan_id))


@pages.post(PLAN)
def check_on_page(plan_id: int) -> ResponseReturnValue:
    """The check without JavaScript: the same page with what was typed and what it comes to. Nothing is saved.

    A row's or a remark's own button comes here too, as it has no address of its own: it saves, and does its act.
    """
    if read_row_act(request.form) or read_tick(request.form):
        return save(plan_id)
    plan = _load(plan_id, Action.EDIT_PLAN)
    form = SheetForm()
    typed = _typed(plan, form)
    if not form.validate():
        return damaged(plan, typed)
    notice = _("Checked, not saved yet.")
    status = 422 if typed.faults else 200
    return plan_page(plan, typing=Typing(typed), stamp=_stamp(form), notice=notice, status=status)


@pages.post(f"{PLAN}/check")
def check(plan_id: int) -> ResponseReturnValue:
    """The live check: every text of the page that depends on the cells that came. Nothing is saved."""
    plan, form = _load(plan_id, Action.EDIT_PLAN), SheetForm()
    sheet, typing = read_sheet(plan), Typing(_typed(plan, form))
    newer = moment(plan.changed_at) if form.validate() and form.version.data != plan.version else ""
    rows = lay_out_rows(sheet, typing, typing.sheet.cells.keys())
    return jsonify(live_answer(sheet, typing, rows, newer=newer))


@pages.post(f"{PLAN}/cells")
def cells(plan_id: int) -> ResponseReturnValue:
    """Autosave: keep the cells that came, each on the version the page was made from; the others stay as they are."""
    plan, form = _load(plan_id, Action.EDIT_PLAN), SheetForm()
    if not form.validate():
        return jsonify(error_body(explain_status(422))), 422
    typed = _typed(plan, form)
    return jsonify(autosave_answer(form, typed, autosave(plan, form, typed)))


@pages.get(f"{PLAN}/columns.css")
def columns(plan_id: int) -> ResponseReturnValue:
    """The rules that show one indicator at a time, for a plan with more indicators than plan.css has rules for."""
    count = len(_load(plan_id).campaign.indicators)
    return Response(render_template("plan/columns.css", count=count), mimetype="text/css")


@pages.post(f"{PLAN}/save")
def save(plan_id: int) -> ResponseReturnValue:
    """Keep what was typed, balanced or not; where a row's or a remark's button was pressed, do what it says as well."""
    plan = _load(plan_id, Action.EDIT_PLAN)
    form, act, tick = SheetForm(), read_row_act(request.form), read_tick(request.form)
    typed = _typed(plan, form)
    if not form.validate() or typed.faults:
        return _unreadable(plan, form, typed)
    try:
        saved = save_sheet(plan, form, typed)
        if not saved.conflicts and act is not None:
            act_on_row(plan_id, act)
        if not saved.conflicts and tick is not None:
            act_on_remark(plan_id, tick)
    except AllocappError as error:
        return _refused(plan_id, form, typed, error)
    if saved.conflicts:
        return clashing_page(_load(plan_id), form, typed, saved.conflicts)
    flash(_("Saved as a draft (version %(version)d).", version=saved.plan_version))
    return redirect(url_for("plan.show", plan_id=plan_id, **asked(request.form, _load(plan_id))), 303)


@pages.post(f"{PLAN}/submit")
def submit(plan_id: int) -> ResponseReturnValue:
    """Keep what was typed and submit it; where it may not be submitted, it is kept as a draft and the page says why."""
    plan = _load(plan_id, Action.SUBMIT_PLAN)
    return _send_on(plan, plans.submit_plan, _("Submitted to %(superior)s.", superior=decider_of(plan)))


@pages.post(f"{PLAN}/circulate")
def circulate(plan_id: int) -> ResponseReturnValue:
    """Keep what was typed and send it through the unit's own steps; as for a submission where it may not be sent."""
    plan = _load(plan_id, Action.SUBMIT_PLAN)
    return _send_on(plan, circulate_plan, _("Sent through the unit's own steps."))


@pages.get(f"{PLAN}/journal")
def journal(plan_id: int) -> ResponseReturnValue:
    """The story of the plan and its decisions."""
    plan = _load(plan_id)
    story, chain = tell_story(plan, read_sheet(plan)), [revision.plan for revision in read_chain(plan)]
    return render_template("plan/journal.html", plan=plan, story=story, chain=chain)


def _step_of(line: PlanLine, lapsed: frozenset[int]) -> str:
    is_lapsed = line.plan is not None and line.plan.id in lapsed
    return next_step(line.unit, line.plan, line.superior_known, lapsed=is_lapsed)


def _load(plan_id: int, action: Action = Action.VIEW_PLAN) -> Plan:
    return load_plan(signed_in_account(), plan_id, action, today=today())


def _typed(plan: Plan, form: SheetForm) -> TypedSheet:
    """What was typed, with the other person's value in the cells where it was chosen."""
    kinds = {column.indicator_id: column.indicator.kind for column in plan.campaign.indicators}
    typed = read_cells(request.form, kinds)
    return settle(typed, unpack_cells(form.base.data or "", keys_of(plan)), kinds) if typed.yielded else typed


def _stamp(form: SheetForm) -> Stamp:
    return Stamp(form.version.data, form.seen_hash.data, form.base.data or "")


def _send_on(plan: Plan, service: Callable[..., Plan], done: str) -> ResponseReturnValue:
    """Keep what was typed and send the plan on, both or neither; a plan that is not complete is kept as a draft."""
    plan_id, form = plan.id, SheetForm()
    typed = _typed(plan, form)
    if not form.validate() or typed.faults:
        return _unreadable(plan, form, typed)
    given = {
        "version": form.version.data,
        "seen_hash": form.seen_hash.data,
        "edits": changed_cells(typed, unpack_cells(form.base.data or "", keys_of(plan))),
        "explanation": typed.explanation,
    }
    try:
        with transaction():
            service(plan_id, typed.entries, **given, actor=signed_in_account(), now=now())
    except (UnbalancedPlan, SuperiorNotIssued, BufferUnexplained, OpinionsOpen, OpinionsUnanswered) as error:
        return _kept_as_draft(plan_id, form, typed, error)
    except AllocappError as error:
        return _refused(plan_id, form, typed, error)
    flash(done)
    return redirect(url_for("plan.show", plan_id=plan_id), 303)


def _kept_as_draft(plan_id: int, form: SheetForm, typed: TypedSheet, why: AllocappError) -> ResponseReturnValue:
    try:
        saved = save_sheet(_load(plan_id), form, typed)
    except AllocappError as error:
        return _refused(plan_id, form, typed, error)
    if saved.conflicts:
        return clashing_page(_load(plan_id), form, typed, saved.conflicts)
    return unbalanced_page(_load(plan_id), why)


def _unreadable(plan: Plan, form: SheetForm, typed: TypedSheet) -> ResponseReturnValue:
    """Nothing is saved of a form with a cell that is no number; everything typed stays."""
    if form.errors:
        return damaged(plan, typed)
    if PlanAction.SAVE not in plan_actions(plan.state):
        return _refused(plan.id, form, typed, TransitionNotAllowed(plan.state, PlanAction.SAVE))
    mistakes = [Mistake(_("Nothing was saved: some cells cannot be read. What you typed is still in them."))]
    return plan_page(plan, typing=Typing(typed), stamp=_stamp(form), mistakes=mistakes, status=422)


def damaged(plan: Plan, typed: TypedSheet | None = None) -> ResponseReturnValue:
    """The form came without its version or hash: cut on the way, or not made by our page."""
    mistakes = [Mistake(_("The form did not arrive whole, so nothing was done. Look at the page and send it again."))]
    return plan_page(plan, typing=Typing(typed) if typed else None, mistakes=mistakes, status=422)


def _refused(plan_id: int, form: SheetForm, typed: TypedSheet, error: AllocappError) -> ResponseReturnValue:
    if isinstance(error, NotFound | Forbidden):
        raise error
    plan = _load(plan_id)
    if isinstance(error, StaleVersion | ContentChanged):
        return conflict_page(plan, form, typed, error)
    message = explain(error)
    mistakes = [Mistake(message.text), Mistake(what_next(error, plan))]
    return plan_page(plan, typing=Typing(typed), stamp=_stamp(form), mistakes=mistakes, status=message.status)
