"""The requests for adjustment that a unit was sent, and the answers of who prepares its plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, load_plan
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, Forbidden, NotFound, ReasonRequired
from allocapp.forms.adjustment import AcceptForm, ReplyForm
from allocapp.models.campaign import DecisionKind
from allocapp.models.plan import Plan
from allocapp.services import adjustment as adjustments
from allocapp.services.opinion import TEXT_LIMIT
from allocapp.views.messages import Mistake, explain
from allocapp.views.opinion_words import lay_out_requests
from allocapp.views.visitor import signed_in_account

PLAN = "/<int(max=2147483647):plan_id>/adjustments"
ONE = f"{PLAN}/<int(max=2147483647):request_id>"

pages = Blueprint("adjustment_answer", __name__, url_prefix="/plans")


@pages.get(PLAN)
def index(plan_id: int) -> ResponseReturnValue:
    """Every request to the plan's unit in the campaign, open ones first."""
    return _index(_load(plan_id))


@pages.post(f"{ONE}/answer")
def answer(plan_id: int, request_id: int) -> ResponseReturnValue:
    """Say why a request is not followed."""
    _load(plan_id, Action.EDIT_PLAN)
    text = ReplyForm().text.data or ""
    try:
        with transaction():
            adjustments.answer_adjustment(plan_id, request_id, text=text, actor=signed_in_account(), now=now())
    except AllocappError as error:
        return _refused(plan_id, request_id, text, error)
    flash(_("Answered: the receiver sees the answer."))
    return redirect(url_for("adjustment_answer.index", plan_id=plan_id), 303)


@pages.post(f"{ONE}/accept")
def accept(plan_id: int, request_id: int) -> ResponseReturnValue:
    """Write the figure into a revision, and go there."""
    _load(plan_id, Action.EDIT_PLAN)
    form = AcceptForm()
    if not form.validate():
        raise NotFound
    text, relation = form.text.data or "", DecisionKind(form.relation.data)
    try:
        with transaction():
            revision = adjustments.accept_adjustment(
                plan_id, request_id, text=text, relation=relation, actor=signed_in_account(), now=now()
            )
            revision_id = revision.id
    except AllocappError as error:
        return _refused(plan_id, request_id, text, error)
    flash(_("Accepted: the figure stands in this revision. The plan in force stays so until the revision is issued."))
    return redirect(url_for("plan.show", plan_id=revision_id), 303)


def _load(plan_id: int, action: Action = Action.VIEW_PLAN) -> Plan:
    return load_plan(signed_in_account(), plan_id, action, today=today())


def _refused(plan_id: int, request_id: int, text: str, error: AllocappError) -> ResponseReturnValue:
    if isinstance(error, NotFound | Forbidden):
        raise error
    message = explain(error)
    told = f"{message.text} {message.next_step}"
    if isinstance(error, ReasonRequired):
        told = _("An answer needs words: why is the request not followed?")
    field_id = f"text-{request_id}" if message.status == 422 else ""
    mistakes = [Mistake(told, field_id)]
    return _index(_load(plan_id), {request_id: text}, mistakes=mistakes, status=message.status)


def _index(
    plan: Plan, typed: Mapping[int, str] | None = None, *, mistakes: Sequence[Mistake] = (), status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "adjustment/index.html",
        plan=plan,
        requests=lay_out_requests(adjustments.list_requests(plan)),
        answering=adjustments.may_answer(plan, signed_in_account(), today()),
        typed=typed or {},
        limit=TEXT_LIMIT,
        errors={mistake.field_id: mistake.text for mistake in mistakes},
        mistakes=list(mistakes),
    )
    return page, status
