"""The approver's inbox: what waits, filtered and counted; several clean plans approved at once; who is absent."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy

from allocapp.access import Action, require
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError
from allocapp.forms import Form
from allocapp.forms.inbox import Ticked, read_ticked
from allocapp.services.inbox import Choice, Order, list_absent, list_inbox
from allocapp.services.review import approve_plan
from allocapp.views.campaign_words import time_left
from allocapp.views.messages import Mistake, explain
from allocapp.views.visitor import signed_in_account

pages = Blueprint("inbox", __name__, url_prefix="/inbox")

CHOICES = {
    Choice.ALL: lazy("All"),
    Choice.CLEAN: lazy("Nothing unusual"),
    Choice.FLAGGED: lazy("Flagged"),
    Choice.LATE: lazy("Late"),
    Choice.MINE: lazy("In review with me"),
}


ORDERS = {Order.DEADLINE: lazy("nearest deadline"), Order.FLAGS: lazy("most pressing flags")}


@dataclass(frozen=True)
class Result:
    """What became of one plan that was ticked."""

    name: str
    plan_id: int
    done: bool
    text: str


@pages.get("/")
def index() -> ResponseReturnValue:
    """What waits for the person's verdict: an approver's, or a leader's where the unit decides alone."""
    require(signed_in_account(), Action.PROCEED_PLAN, today())
    return _page()


@pages.post("/approve")
def approve() -> ResponseReturnValue:
    """Approve what was ticked, each plan in a transaction of its own, and say what became of each."""
    require(signed_in_account(), Action.PROCEED_PLAN, today())
    ticked = read_ticked(request.form)
    if not Form().validate() or not ticked:
        return _page(mistakes=[Mistake(_("Tick the plans to approve first. Nothing was done."))], status=422)
    names = {one.plan.id: one.plan.unit.name for one in list_inbox(signed_in_account(), today=today())}
    # a plan that is not, or no longer, in this inbox is not named: it may be none of this person's affairs
    return _page(results=[_approve(one, names.get(one.plan_id, _("A plan that waits here no more"))) for one in ticked])


def _approve(ticked: Ticked, name: str) -> Result:
    try:
        with transaction():
            approve_plan(
                ticked.plan_id,
                version=ticked.version,
                seen_hash=ticked.seen_hash,
                actor=signed_in_account(),
                now=now(),
            )
    except AllocappError as error:
        message = explain(error)
        return Result(name, ticked.plan_id, False, f"{message.text} {message.next_step}")
    return Result(name, ticked.plan_id, True, _("Approved: the decision waits for its number."))


def _page(
    *, results: list[Result] | None = None, mistakes: list[Mistake] | None = None, status: int = 200
) -> ResponseReturnValue:
    account, day = signed_in_account(), today()
    order = Order.FLAGS if request.args.get("order") == Order.FLAGS else Order.DEADLINE
    arrivals = list_inbox(account, today=day, order=order)
    wanted = request.args.get("show", "")
    choice = Choice(wanted) if wanted in set(Choice) else Choice.ALL
    shown = [one for one in arrivals if one.shown_under(choice, day)]
    page = render_template(
        "inbox/index.html",
        choices=[(one, CHOICES[one], sum(arrival.shown_under(one, day) for arrival in arrivals)) for one in Choice],
        choice=choice,
        order=order,
        orders=ORDERS,
        arrivals=[(one, time_left(one.due, day) if one.due else "") for one in shown],
        absent=[
            (campaign, [(one, time_left(one.due, day) if one.due else "") for one in waiting])
            for campaign, waiting in list_absent(account, today=day)
        ],
        tickable=any(one.clean for one in shown),
        today=day,
        results=results or [],
        mistakes=mistakes or [],
    )
    return page, status
