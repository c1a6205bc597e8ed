"""A receiver's requests to have a target in force adjusted: asked for from its page of targets, and withdrawn."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, load_unit
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, Forbidden, NotFound, ReasonRequired, TextTooLong
from allocapp.forms.adjustment import AdjustmentForm
from allocapp.forms.opinion import read_figure
from allocapp.services import adjustment as adjustments
from allocapp.services.opinion import TEXT_LIMIT
from allocapp.views.messages import Mistake, explain
from allocapp.views.opinion_words import figure_words
from allocapp.views.visitor import signed_in_account

UNIT = "/<int(max=2147483647):unit_id>/adjustments"
TARGET = f"{UNIT}/<int(max=2147483647):plan_id>/<int(max=2147483647):indicator_id>"

pages = Blueprint("adjustment", __name__, url_prefix="/quotas")


@pages.get(TARGET)
def edit(unit_id: int, plan_id: int, indicator_id: int) -> ResponseReturnValue:
    """Which target to ask for instead of the one in force, and why."""
    return _edit((plan_id, unit_id, indicator_id))


@pages.post(TARGET)
def ask(unit_id: int, plan_id: int, indicator_id: int) -> ResponseReturnValue:
    """Send the request to the unit that assigned the target."""
    place, form = (plan_id, unit_id, indicator_id), AdjustmentForm()
    _plan, _unit, indicator, _entry = adjustments.target_of(*place, signed_in_account(), now=now())
    try:
        proposed, reason = read_figure(form.proposed.data or "", indicator.kind), form.reason.data or ""
        with transaction():
            adjustments.ask_adjustment(*place, proposed=proposed, reason=reason, actor=signed_in_account(), now=now())
    except (NotFound, Forbidden):
        raise
    except AllocappError as error:
        return _refused(place, form, error)
    flash(_("The request was sent. You see here what becomes of it; it can be withdrawn while nobody has answered it."))
    return redirect(url_for("quota.show", unit_id=unit_id), 303)


@pages.post(f"{UNIT}/<int(max=2147483647):request_id>/withdraw")
def withdraw(unit_id: int, request_id: int) -> ResponseReturnValue:
    """Take a request back."""
    load_unit(signed_in_account(), unit_id, Action.ASK_ADJUSTMENT, today=today())
    with transaction():
        adjustments.withdraw_adjustment(request_id, actor=signed_in_account(), now=now())
    flash(_("The request was withdrawn."))
    return redirect(url_for("quota.show", unit_id=unit_id), 303)


def _refused(place: tuple[int, int, int], form: AdjustmentForm, error: AllocappError) -> ResponseReturnValue:
    message = explain(error)
    text = f"{message.text} {message.next_step}"
    if isinstance(error, ReasonRequired):
        text = _("A request needs its reason.")
    field_id = "reason" if isinstance(error, ReasonRequired | TextTooLong) else "proposed"
    return _edit(place, form, mistakes=[Mistake(text, field_id)], status=message.status)


def _edit(
    place: tuple[int, int, int],
    form: AdjustmentForm | None = None,
    *,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    plan, unit, indicator, entry = adjustments.target_of(*place, signed_in_account(), now=now())
    page = render_template(
        "adjustment/edit.html",
        plan=plan,
        unit=unit,
        indicator=indicator,
        in_force=figure_words((entry.target, entry.excuse), indicator.kind),
        form=form or AdjustmentForm(formdata=None),
        limit=TEXT_LIMIT,
        errors={mistake.field_id: mistake.text for mistake in mistakes},
        mistakes=list(mistakes),
    )
    return page, status
