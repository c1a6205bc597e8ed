"""The steps that a unit's plans go through before they are submitted: who sets them up, and how."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, require
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, Forbidden, NotFound, StepsRefused
from allocapp.forms.step import StepsForm, TypedStep, read_steps
from allocapp.models.unit import Unit
from allocapp.services.step import (
    MOST_DAYS,
    MOST_STEPS,
    NAME_LIMIT,
    StepFault,
    able_people,
    list_units,
    load_unit_for_steps,
    set_steps,
    stamp_of_steps,
    steps_of,
)
from allocapp.views.messages import Mistake, explain
from allocapp.views.road_messages import step_fault
from allocapp.views.visitor import signed_in_account

pages = Blueprint("step", __name__, url_prefix="/steps")
UNIT = "/<int(max=2147483647):unit_id>"
FIELDS = {StepFault.PERSON_MISSING: "person", StepFault.PERSON_UNABLE: "person", StepFault.DAYS: "days"}


@pages.get("/")
def index() -> ResponseReturnValue:
    """The units whose steps the person may set."""
    account = signed_in_account()
    require(account, Action.MANAGE_STEPS, today())
    return render_template("step/index.html", units=list_units(account, today=today()))


@pages.get(UNIT)
def edit(unit_id: int) -> ResponseReturnValue:
    """The unit's steps, to be changed."""
    unit = load_unit_for_steps(signed_in_account(), unit_id, today=today())
    return _page(unit)


@pages.post(UNIT)
def save(unit_id: int) -> ResponseReturnValue:
    """Keep the lines that are filled in as the unit's steps, in their order."""
    unit = load_unit_for_steps(signed_in_account(), unit_id, today=today())
    form, typed = StepsForm(), read_steps(request.form)
    filled = [line for line in typed if not line.empty]
    if not form.validate():
        return _page(unit, typed, [Mistake(_("The form did not arrive whole, so nothing was done. Send it again."))])
    try:
        with transaction():
            settings = [line.setting for line in filled]
            set_steps(unit_id, settings, seen=form.seen.data, actor=signed_in_account(), now=now())
    except (NotFound, Forbidden):
        raise
    except StepsRefused as error:
        lines = [(filled[min(position, len(filled)) - 1].line, StepFault(code)) for position, code in error.faults]
        mistakes = [Mistake(step_fault(code), f"{FIELDS.get(code, 'name')}-{line}") for line, code in lines]
        return _page(_again(unit_id), typed, mistakes)
    except AllocappError as error:
        message = explain(error)
        return _page(_again(unit_id), typed, [Mistake(message.text), Mistake(message.next_step)], message.status)
    flash(_("The steps are saved. They hold for every plan that is sent round from now on."))
    return redirect(url_for("step.edit", unit_id=unit_id), 303)


def _again(unit_id: int) -> Unit:
    return load_unit_for_steps(signed_in_account(), unit_id, today=today())


def _page(
    unit: Unit, typed: Sequence[TypedStep] = (), mistakes: Sequence[Mistake] = (), status: int = 422
) -> ResponseReturnValue:
    steps = steps_of(unit)
    stored = [TypedStep(step.position, step.name, str(step.account_id), str(step.days)) for step in steps]
    missing = [TypedStep(line) for line in range(len(stored) + 1, MOST_STEPS + 1)]
    page = render_template(
        "step/edit.html",
        unit=unit,
        lines=typed or [*stored, *missing],
        people=able_people(unit, today()),
        named={step.account for step in steps},
        seen=stamp_of_steps(steps),
        mistakes=mistakes,
        limit=NAME_LIMIT,
        most_days=MOST_DAYS,
    )
    return page, status if mistakes else 200
