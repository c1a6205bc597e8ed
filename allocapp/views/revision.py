"""Revising a plan in force, giving the revision up, having a plan revoked: each on a page that says what happens."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, load_plan
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, Forbidden, NotFound, ReasonRequired, TextTooLong
from allocapp.forms import Form
from allocapp.forms.revision import BeginAnewForm, DiscardForm, ReviseForm, RevokeForm, WithdrawOrderForm
from allocapp.models.campaign import DecisionKind
from allocapp.models.plan import Plan
from allocapp.rules.workflow import PlanState
from allocapp.services import revision as revisions
from allocapp.services import revocation as revocations
from allocapp.services.transition import REASON_LIMIT
from allocapp.views.messages import Mistake, explain, mistakes_of
from allocapp.views.revision_box import revision_box
from allocapp.views.visitor import signed_in_account

PLAN = "/<int(max=2147483647):plan_id>"

pages = Blueprint("revision", __name__, url_prefix="/plans")


@pages.get(f"{PLAN}/revise")
def ask(plan_id: int) -> ResponseReturnValue:
    """What revising means, with the form for it."""
    plan = _load(plan_id, Action.OPEN_PLAN)
    return _page("revision/revise.html", plan, _revise_form(plan, fresh=True))


@pages.post(f"{PLAN}/revise")
def revise(plan_id: int) -> ResponseReturnValue:
    """Begin the revision and go to it."""
    plan = _load(plan_id, Action.OPEN_PLAN)
    form = _revise_form(plan)
    if not form.validate():
        return _page("revision/revise.html", plan, form, mistakes_of(form), 422)
    relation = DecisionKind(form.relation.data) if form.relation.data else None
    try:
        with transaction():
            given = {"reason": form.reason.data, "actor": signed_in_account(), "now": now()}
            new_id = revisions.revise_plan(plan_id, relation=relation, **given).id
    except AllocappError as error:
        return _refused("revision/revise.html", plan_id, form, error)
    flash(_("The revision is begun as a draft. The plan in force stays in force until its decision is issued."))
    return redirect(url_for("plan.show", plan_id=new_id), 303)


@pages.get(f"{PLAN}/discard")
def ask_discard(plan_id: int) -> ResponseReturnValue:
    """What giving a revision up means, with the form for it."""
    plan = _load(plan_id, Action.EDIT_PLAN)
    return _page("revision/discard.html", plan, DiscardForm(formdata=None))


@pages.post(f"{PLAN}/discard")
def discard(plan_id: int) -> ResponseReturnValue:
    """Give the revision up and go back to the plan in force."""
    plan, form = _load(plan_id, Action.EDIT_PLAN), DiscardForm()
    if not form.validate():
        return _page("revision/discard.html", plan, form, [_damaged()], 422)
    try:
        with transaction():
            given = {"reason": form.reason.data, "actor": signed_in_account(), "now": now()}
            revisions.discard_revision(plan_id, version=form.version.data, **given)
    except AllocappError as error:
        return _refused("revision/discard.html", plan_id, form, error)
    flash(_("The revision was given up. The plan in force did not change."))
    return redirect(url_for("plan.show", plan_id=plan.based_on_id), 303)


@pages.get(f"{PLAN}/revoke")
def ask_revoke(plan_id: int) -> ResponseReturnValue:
    """What revoking means, with the form for it."""
    plan = _load(plan_id, Action.REVOKE_PLAN)
    return _page("revision/revoke.html", plan, RevokeForm(formdata=None))


@pages.post(f"{PLAN}/revoke")
def revoke(plan_id: int) -> ResponseReturnValue:
    """Order the revocation and go to the decision that carries it out."""
    plan, form = _load(plan_id, Action.REVOKE_PLAN), RevokeForm()
    if not form.validate():
        return _page("revision/revoke.html", plan, form, [_damaged()], 422)
    try:
        with transaction():
            given = {"reason": form.reason.data, "actor": signed_in_account(), "now": now()}
            decision_id = revocations.order_revocation(plan_id, version=form.version.data, **given).id
    except AllocappError as error:
        return _refused("revision/revoke.html", plan_id, form, error)
    flash(_("Ordered: the decision that revokes the plan waits for its number. Until it is issued, nothing changes."))
    return redirect(url_for("decision.show", decision_id=decision_id), 303)


@pages.get(f"{PLAN}/keep")
def ask_keep(plan_id: int) -> ResponseReturnValue:
    """What taking the order to revoke back means, with the form for it."""
    plan = _load(plan_id, Action.REVOKE_PLAN)
    return _page("revision/keep.html", plan, WithdrawOrderForm(formdata=None))


@pages.post(f"{PLAN}/keep")
def keep(plan_id: int) -> ResponseReturnValue:
    """Take the order to revoke back: the plan stays in force."""
    plan, form = _load(plan_id, Action.REVOKE_PLAN), WithdrawOrderForm()
    if not form.validate():
        return _page("revision/keep.html", plan, form, [_damaged()], 422)
    try:
        with transaction():
            given = {"reason": form.reason.data, "actor": signed_in_account(), "now": now()}
            revocations.withdraw_revocation(plan_id, **given)
    except AllocappError as error:
        return _refused("revision/keep.html", plan_id, form, error)
    flash(_("The order was taken back: the plan stays in force."))
    return redirect(url_for("plan.show", plan_id=plan_id), 303)


def _load(plan_id: int, action: Action) -> Plan:
    return load_plan(signed_in_account(), plan_id, action, today=today())


def _revise_form(plan: Plan, *, fresh: bool = False) -> ReviseForm:
    kind = BeginAnewForm if plan.state is PlanState.REVOKED else ReviseForm
    return kind(formdata=None) if fresh else kind()


def _damaged() -> Mistake:
    return Mistake(_("The form did not arrive whole, so nothing was done. Look at the page and send it again."))


def _page(
    template: str, plan: Plan, form: Form, mistakes: list[Mistake] | None = None, status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        template, plan=plan, form=form, box=revision_box(plan), mistakes=mistakes or [], reason_limit=REASON_LIMIT
    )
    return page, status


def _refused(template: str, plan_id: int, form: Form, error: AllocappError) -> ResponseReturnValue:
    """The page as it stands now, with what was typed and why nothing was done."""
    if isinstance(error, NotFound | Forbidden):
        raise error
    message, field = explain(error), ""
    if isinstance(error, ReasonRequired | TextTooLong):
        form["reason"].errors = [message.text]
        field = "reason"
    plan = load_plan(signed_in_account(), plan_id, today=today())
    return _page(template, plan, form, [Mistake(f"{message.text} {message.next_step}", field)], message.status)
