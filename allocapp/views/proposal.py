"""Proposed weights and service sets: asked for with a reason, decided on, with the aggregates side by side."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, load_plan, may_on_plan
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import (
    AllocappError,
    Forbidden,
    InvalidCount,
    NotFound,
    ReasonRequired,
    TextTooLong,
    UnknownServices,
)
from allocapp.forms.proposal import ProposalForm, VerdictForm
from allocapp.models.plan import Plan, Verdict
from allocapp.rules.balance import Kind, RollUp
from allocapp.rules.workflow import PlanAction
from allocapp.services import proposal as proposals
from allocapp.services.journal import plan_story
from allocapp.services.sheet import Cell, SheetIndicator, SheetRow, read_sheet
from allocapp.services.turn import plan_actions_for
from allocapp.views.authority_words import superior_of
from allocapp.views.formatting import count
from allocapp.views.messages import Mistake, explain
from allocapp.views.plan_words import why_not_edited
from allocapp.views.proposal_words import list_proposals, standpoints
from allocapp.views.visitor import signed_in_account

PLAN = "/<int(max=2147483647):plan_id>"
ROW = f"{PLAN}/proposals/<int(max=2147483647):unit_id>/<int(max=2147483647):indicator_id>"
ONE = f"{PLAN}/proposals/<int(max=2147483647):proposal_id>"

pages = Blueprint("proposal", __name__, url_prefix="/plans")


@pages.get(f"{PLAN}/proposals")
def index(plan_id: int) -> ResponseReturnValue:
    """Every proposal of the plan, and what the aggregates are with and without them."""
    return _index(_load(plan_id))


@pages.get(ROW)
def edit(plan_id: int, unit_id: int, indicator_id: int) -> ResponseReturnValue:
    """Another weight or service set for one receiver."""
    return _edit(_load(plan_id, Action.EDIT_PLAN), unit_id, indicator_id)


@pages.post(ROW)
def propose(plan_id: int, unit_id: int, indicator_id: int) -> ResponseReturnValue:
    """Keep the proposal; the approver is asked."""
    plan, form = _load(plan_id, Action.EDIT_PLAN), ProposalForm()
    _row, _cell, column = _place(plan, unit_id, indicator_id)
    distinct = column.rule.rollup is RollUp.DISTINCT
    try:
        given = {"services": form.codes} if distinct else {"weight": form.read_weight()}
        with transaction():
            proposals.propose_expectation(
                plan_id,
                unit_id,
                indicator_id,
                reason=form.reason.data or "",
                actor=signed_in_account(),
                now=now(),
                **given,
            )
    except (NotFound, Forbidden):
        raise
    except AllocappError as error:
        return _not_proposed((plan_id, unit_id, indicator_id), form, error, distinct=distinct)
    flash(_("Proposed. It counts once %(superior)s accepts it.", superior=superior_of(_load(plan_id).unit)))
    return redirect(url_for("proposal.index", plan_id=plan_id), 303)


@pages.post(f"{ONE}/withdraw")
def withdraw(plan_id: int, proposal_id: int) -> ResponseReturnValue:
    """Take a proposal back."""
    _load(plan_id, Action.EDIT_PLAN)
    with transaction():
        proposals.withdraw_proposal(plan_id, proposal_id, actor=signed_in_account(), now=now())
    flash(_("The proposal was withdrawn."))
    return redirect(url_for("proposal.index", plan_id=plan_id), 303)


@pages.post(f"{ONE}/accept")
def accept(plan_id: int, proposal_id: int) -> ResponseReturnValue:
    """Let the proposal bind."""
    _load(plan_id, Action.APPROVE_PLAN)
    form = VerdictForm()
    if not form.validate():
        raise NotFound
    try:
        with transaction():
            proposals.accept_proposal(plan_id, proposal_id, seen=form.seen.data, actor=signed_in_account(), now=now())
    except AllocappError as error:
        return _refused(plan_id, proposal_id, form, error)
    flash(_("Accepted: this weight binds from now on. Look at the aggregate before you approve."))
    return redirect(url_for("proposal.index", plan_id=plan_id), 303)


@pages.post(f"{ONE}/refuse")
def refuse(plan_id: int, proposal_id: int) -> ResponseReturnValue:
    """Refuse the proposal, or take its acceptance back, with a reason."""
    _load(plan_id, Action.APPROVE_PLAN)
    form = VerdictForm()
    if not form.validate():
        raise NotFound
    reason = form.reason.data or ""
    try:
        with transaction():
            proposals.refuse_proposal(
                plan_id, proposal_id, seen=form.seen.data, reason=reason, actor=signed_in_account(), now=now()
            )
    except AllocappError as error:
        return _refused(plan_id, proposal_id, form, error)
    flash(_("Refused: the frozen weight counts."))
    return redirect(url_for("proposal.index", plan_id=plan_id), 303)


def _load(plan_id: int, action: Action = Action.VIEW_PLAN) -> Plan:
    return load_plan(signed_in_account(), plan_id, action, today=today())


def _refused(plan_id: int, proposal_id: int, form: VerdictForm, error: AllocappError) -> ResponseReturnValue:
    """The page again, with the reason that was typed."""
    if isinstance(error, NotFound | Forbidden):
        raise error
    message = explain(error)
    field = f"reason-{proposal_id}" if isinstance(error, ReasonRequired | TextTooLong) else ""
    needed = _("A refusal needs its reason.")
    text = needed if isinstance(error, ReasonRequired) else f"{message.text} {message.next_step}"
    mistakes = [Mistake(text, field)]
    return _index(_load(plan_id), {proposal_id: form.reason.data or ""}, mistakes, message.status)


def _index(
    plan: Plan,
    reasons: dict[int, str] | None = None,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    sheet, account = read_sheet(plan), signed_in_account()
    editable = PlanAction.SAVE in plan_actions_for(plan, account, today())
    barred = not editable and may_on_plan(account, Action.EDIT_PLAN, plan, today())
    page = render_template(
        "proposal/index.html",
        plan=plan,
        sheet=sheet,
        standpoints=standpoints(sheet),
        proposals=list_proposals(sheet, account, now()),
        columns=[(place, column) for place, column in enumerate(sheet.indicators) if column.rule.kind is Kind.RATE],
        editable=editable,
        why_not=why_not_edited(plan) if barred else "",
        superior=superior_of(plan.unit),
        events=[event for event in plan_story(plan) if event.action in proposals.ACTIONS],
        reasons=reasons or {},
        limit=proposals.REASON_LIMIT,
        mistakes=list(mistakes),
    )
    return page, status


def _not_proposed(
    place: tuple[int, int, int], form: ProposalForm, error: AllocappError, *, distinct: bool
) -> ResponseReturnValue:
    """The form again, with what was typed. ``place``: ids of plan, unit and indicator."""
    plan_id, unit_id, indicator_id = place
    message = explain(error)
    text = _("A proposal needs its reason.") if isinstance(error, ReasonRequired) else message.text
    hint = "" if isinstance(error, ReasonRequired) else message.next_step
    mistakes = [Mistake(f"{text} {hint}".strip(), _field_of(error, distinct=distinct))]
    plan = _load(plan_id, Action.EDIT_PLAN)
    return _edit(plan, unit_id, indicator_id, form, mistakes=mistakes, status=message.status)


def _edit(
    plan: Plan,
    unit_id: int,
    indicator_id: int,
    form: ProposalForm | None = None,
    *,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    row, cell, column = _place(plan, unit_id, indicator_id)
    if PlanAction.SAVE not in plan_actions_for(plan, signed_in_account(), today()):
        return _index(plan, mistakes=mistakes or [Mistake(why_not_edited(plan))], status=409)
    distinct = column.rule.rollup is RollUp.DISTINCT
    proposal = cell.proposal
    chosen = proposal.services if proposal else cell.services
    services = proposals.services_by_id([*cell.frozen_services, *chosen])
    if form is None:
        form = ProposalForm(formdata=None)
        form.weight.data = count(proposal.weight if proposal else cell.weight)
        form.services.data = "\n".join(service.code for key, service in services.items() if key in set(chosen))
        form.reason.data = proposal.reason if proposal else ""
    page = render_template(
        "proposal/edit.html",
        plan=plan,
        row=row,
        cell=cell,
        column=column,
        distinct=distinct,
        form=form,
        settled=proposal is not None and proposal.verdict is Verdict.ACCEPTED,
        expected=[service for key, service in services.items() if key in cell.frozen_services],
        superior=superior_of(plan.unit),
        limit=proposals.REASON_LIMIT,
        errors={mistake.field_id: mistake.text for mistake in mistakes},
        mistakes=list(mistakes),
    )
    return page, status


def _place(plan: Plan, unit_id: int, indicator_id: int) -> tuple[SheetRow, Cell, SheetIndicator]:
    """The receiver's row, cell and indicator; only rates have weights. Raises NotFound."""
    sheet = read_sheet(plan)
    for row in sheet.rows:
        for cell, column in zip(row.cells, sheet.indicators, strict=True):
            if (cell.unit_id, cell.indicator_id) == (unit_id, indicator_id) and column.rule.kind is Kind.RATE:
                return row, cell, column
    raise NotFound


def _field_of(error: AllocappError, *, distinct: bool) -> str:
    """The field that a refused value stands in."""
    if isinstance(error, UnknownServices):
        return "services"
    if isinstance(error, InvalidCount):
        return "weight"
    if isinstance(error, ReasonRequired | TextTooLong):
        return "reason"
    return "services" if distinct else "weight"
