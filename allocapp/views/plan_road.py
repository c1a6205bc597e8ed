"""The steps of a plan's road, one button each: the service decides, a refusal shows the page again with what was typed.

They belong to the plan's pages and share their addresses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, load_plan
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, Forbidden, NotFound, ReasonRequired, TextRequired, TextTooLong
from allocapp.forms.plan import OpinionForm, ReasonForm, SeenForm, VersionForm, printable, read_comments
from allocapp.models.plan import Plan
from allocapp.services import in_house
from allocapp.services import plan as plans
from allocapp.services import review as reviews
from allocapp.services.comment import comment_on_plan
from allocapp.views.authority_words import decider_of, review_words
from allocapp.views.messages import Mistake, explain
from allocapp.views.plan import PLAN, damaged, pages
from allocapp.views.plan_mistakes import what_next
from allocapp.views.plan_page import Remarks, review_page, step_page
from allocapp.views.visitor import signed_in_account


@pages.post(f"{PLAN}/receivers")
def receivers(plan_id: int) -> ResponseReturnValue:
    """Bring the rows of a draft in line with the unit's receivers of today."""
    return _step(plan_id, plans.update_receivers, _("The list of receivers is up to date."))


@pages.get(f"{PLAN}/step")
def step(plan_id: int) -> ResponseReturnValue:
    """The page of the person whose internal step the plan is at; everybody else sees the plan's page."""
    return step_page(_load(plan_id))


@pages.post(f"{PLAN}/agree")
def agree(plan_id: int) -> ResponseReturnValue:
    """Agree at the internal step the plan is at; bound to what was seen."""
    given = {"seen_hash": _seen_hash(), "opinion": _remarks().opinion}
    return _step(plan_id, in_house.agree_to_plan, _("You have agreed."), again=step_page, **given)


@pages.post(f"{PLAN}/send-back")
def send_back(plan_id: int) -> ResponseReturnValue:
    """Send the plan back to its preparer from the internal step it is at."""
    done = _("Sent back to the preparer.")
    return _step(plan_id, in_house.send_plan_back, done, again=step_page, reason=_remarks().opinion)


@pages.post(f"{PLAN}/recall")
def recall(plan_id: int) -> ResponseReturnValue:
    """Take the plan back from the unit's own steps."""
    return _step(plan_id, in_house.recall_plan, _("Recalled: the plan is a draft again."))


@pages.post(f"{PLAN}/submit-agreed")
def submit_agreed(plan_id: int) -> ResponseReturnValue:
    """Submit what everybody in the unit has agreed to."""
    done = _("Submitted to %(superior)s.", superior=decider_of(_load(plan_id)))
    return _step(plan_id, in_house.submit_agreed_plan, done, seen_hash=_seen_hash())


@pages.post(f"{PLAN}/withdraw")
def withdraw(plan_id: int) -> ResponseReturnValue:
    """Take a submission back before anybody reviews it."""
    return _step(plan_id, plans.withdraw_plan, _("Withdrawn: the plan is a draft again."))


@pages.get(f"{PLAN}/review")
def review(plan_id: int) -> ResponseReturnValue:
    """The approver's page; a plan that waits for no review shows its own page, which says where it stands."""
    return review_page(_load(plan_id, Action.REVIEW_PLAN))


@pages.post(f"{PLAN}/take")
def take(plan_id: int) -> ResponseReturnValue:
    """Begin the review, visibly to everybody."""
    return _step(plan_id, reviews.take_plan_into_review, _("You are reviewing this plan now."), onward="plan.review")


@pages.post(f"{PLAN}/take-over")
def take_over(plan_id: int) -> ResponseReturnValue:
    """Take the review over from whoever has it."""
    return _step(plan_id, reviews.take_over_review, _("You are reviewing this plan now."), onward="plan.review")


@pages.post(f"{PLAN}/hand-back")
def hand_back(plan_id: int) -> ResponseReturnValue:
    """Give the review up for another approver."""
    if stopped := _unsent_remarks(plan_id):
        return stopped
    return _step(plan_id, reviews.hand_back_plan, _("Handed back: another approver can take it."))


@pages.post(f"{PLAN}/comment")
def comment(plan_id: int) -> ResponseReturnValue:
    """Keep remarks without returning the plan."""
    remarks = _remarks()
    onward = "plan.review" if "reason" in request.form else "plan.show"
    done = _("The remarks are kept; the unit sees them.")
    return _step(plan_id, _comment, done, onward=onward, remarks=remarks.all_comments)


@pages.post(f"{PLAN}/return")
def return_(plan_id: int) -> ResponseReturnValue:
    """Send the plan back to be completed, with a reason and remarks on rows."""
    remarks = _remarks()
    done = review_words(_load(plan_id)).returned
    return _step(plan_id, reviews.return_plan, done, reason=remarks.reason, comments=remarks.all_comments)


@pages.post(f"{PLAN}/approve")
def approve(plan_id: int) -> ResponseReturnValue:
    """Approve exactly what was seen; its decision then waits for a number."""
    if stopped := _unsent_remarks(plan_id):
        return stopped
    form = SeenForm()
    if not form.validate():
        return damaged(_load(plan_id, Action.APPROVE_PLAN))
    given = {"seen_hash": form.seen_hash.data, "opinion": _remarks().opinion}
    return _step(plan_id, reviews.approve_plan, review_words(_load(plan_id)).approved, **given)


@pages.post(f"{PLAN}/proceed")
def proceed(plan_id: int) -> ResponseReturnValue:
    """Go on although the superior's opinion is not followed, with the reason."""
    done = _("The unit goes on: the decision waits for its number.")
    return _step(
        plan_id, reviews.proceed_with_plan, done, seen_hash=_seen_hash(), reason=printable(_typed("proceed_reason"))
    )


@pages.post(f"{PLAN}/reopen")
def reopen(plan_id: int) -> ResponseReturnValue:
    """Send an approved plan back before its decision is numbered."""
    return _step(plan_id, reviews.reopen_plan, _("Reopened: the unit completes it."), reason=_remarks().reason)


def _load(plan_id: int, action: Action = Action.VIEW_PLAN) -> Plan:
    return load_plan(signed_in_account(), plan_id, action, today=today())


def _comment(plan_id: int, *, version: int, **given: Any) -> Plan:
    """A remark moves nothing, so it does not ask for the newest version."""
    return comment_on_plan(plan_id, **given)


def _typed(name: str) -> str:
    return request.form.get(name, "")


def _seen_hash() -> str:
    """What the person saw; nothing where it did not come, which is no content's hash."""
    return _typed("seen_hash")


def _remarks() -> Remarks:
    return Remarks(
        reason=ReasonForm().reason.data or "",
        comments=read_comments(request.form),
        whole=printable(_typed("whole")),
        opinion=OpinionForm().opinion.data or "",
        proceed_reason=printable(_typed("proceed_reason")),
    )


def _unsent_remarks(plan_id: int) -> ResponseReturnValue | None:
    """A reason or remarks are not dropped silently by a button that does not send them."""
    remarks = _remarks()
    if not remarks.reason and not remarks.all_comments:
        return None
    text = _(
        "You typed a reason or remarks, which this step does not send. Keep the remarks first, clear them, or return "
        "the plan."
    )
    field = "reason" if remarks.reason else remarks.first_field
    plan = _load(plan_id, Action.REVIEW_PLAN)
    return review_page(plan, remarks=remarks, mistakes=[Mistake(text, field)], status=422)


def _step(
    plan_id: int,
    service: Callable[..., Plan],
    done: str,
    *,
    onward: str = "plan.show",
    again: Callable[..., ResponseReturnValue] = review_page,
    **given: Any,
) -> ResponseReturnValue:
    """One step of the workflow: the service decides; a refusal shows the page again with what was typed."""
    _load(plan_id)
    form = VersionForm()
    if not form.validate():
        return damaged(_load(plan_id))
    try:
        with transaction():
            service(plan_id, version=form.version.data, actor=signed_in_account(), now=now(), **given)
    except (NotFound, Forbidden):
        raise
    except AllocappError as error:
        message, remarks, plan = explain(error), _remarks(), _load(plan_id)
        field = _field_of(error, remarks)
        mistakes = [Mistake(message.text, field), Mistake(what_next(error, plan), field)]
        return again(plan, remarks=remarks, mistakes=mistakes, status=message.status)
    flash(done)
    return redirect(url_for(onward, plan_id=plan_id), 303)


def _field_of(error: AllocappError, remarks: Remarks) -> str:
    """The field that a refused text stands in; empty where the refusal is about something else."""
    if isinstance(error, TextTooLong):
        return remarks.longer_than(error.limit)
    if isinstance(error, ReasonRequired):
        return next((name for name in ("reason", "proceed_reason", "opinion") if name in request.form), "")
    return "whole" if isinstance(error, TextRequired) else ""
