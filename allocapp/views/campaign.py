"""Campaigns: their stages and days, who has not done their part, and what the administrator sets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, load_campaign
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, DeadlinesRefused, Forbidden, NotFound, ThresholdsRefused
from allocapp.forms import Form
from allocapp.forms.campaign import (
    CloseForm,
    ExtendForm,
    RemindForm,
    SeenForm,
    TypedDays,
    TypedPolicy,
    read_days,
    read_policy_form,
)
from allocapp.models.campaign import Campaign, StageName
from allocapp.services.campaign_road import close_campaign, list_campaigns, open_campaign, set_policy
from allocapp.services.reminder import remind_unit
from allocapp.services.stage import extend_deadline, set_deadlines
from allocapp.views.campaign_page import campaign_page
from allocapp.views.campaign_words import THRESHOLD_NAMES, deadline_problem, stage_name
from allocapp.views.messages import Mistake, explain, mistakes_of
from allocapp.views.visitor import signed_in_account

pages = Blueprint("campaign", __name__, url_prefix="/campaigns")

CAMPAIGN = "/<int(max=2147483647):campaign_id>"


@pages.get("/")
def index() -> ResponseReturnValue:
    """The campaigns that the person has to do with."""
    return render_template("campaign/index.html", campaigns=list_campaigns(signed_in_account(), today=today()))


@pages.get(CAMPAIGN)
def show(campaign_id: int) -> ResponseReturnValue:
    """Stages, deadlines, who is waited for; for the administrator the settings as well."""
    return campaign_page(_load(campaign_id))


@pages.post(f"{CAMPAIGN}/open")
def open_(campaign_id: int) -> ResponseReturnValue:
    """Open the campaign."""
    return _act(campaign_id, _("The campaign is open: units may begin their plans."), open_campaign)


@pages.post(f"{CAMPAIGN}/close")
def close(campaign_id: int) -> ResponseReturnValue:
    """Close the campaign for good, once its code has been typed."""
    campaign, form = _load(campaign_id, Action.MANAGE_CAMPAIGN), CloseForm()
    if not form.validate() or form.code.data != campaign.code:
        text = _("Type the code %(code)s to close the campaign. Nothing was done.", code=campaign.code)
        return campaign_page(campaign, mistakes=[Mistake(text, "code")], status=422)
    return _act(campaign_id, _("The campaign is closed: everything in it can only be read."), close_campaign)


@pages.post(f"{CAMPAIGN}/deadlines")
def deadlines(campaign_id: int) -> ResponseReturnValue:
    """Set the days of the stages."""
    campaign, form, typed = _load(campaign_id, Action.MANAGE_CAMPAIGN), SeenForm(), read_days(request.form)
    if not form.validate() or typed.unreadable:
        wrong = [
            Mistake(_("%(stage)s: this is not a date. Write it as dd/mm/yyyy.", stage=stage_name(name)), f"day-{name}")
            for name in typed.unreadable
        ]
        return campaign_page(campaign, days=typed, mistakes=wrong or _cut(), status=422)
    given: dict[str, Any] = {"days": typed.days, "seen": form.seen.data}
    return _act(campaign_id, _("The deadlines are set."), set_deadlines, given, days=typed)


@pages.post(f"{CAMPAIGN}/extend")
def extend(campaign_id: int) -> ResponseReturnValue:
    """Give one unit a later day."""
    campaign, form = _load(campaign_id, Action.MANAGE_CAMPAIGN), ExtendForm()
    if not form.validate():
        return campaign_page(campaign, extend_form=form, mistakes=mistakes_of(form), status=422)
    given = {
        "stage": StageName(form.stage.data),
        "unit_id": form.unit_id.data,
        "due": form.due.data,
        "reason": form.reason.data,
    }
    return _act(campaign_id, _("The deadline is extended; the unit is told."), extend_deadline, given, extend_form=form)


@pages.post(f"{CAMPAIGN}/settings")
def settings(campaign_id: int) -> ResponseReturnValue:
    """Set what the campaign asks of its plans."""
    campaign, form = _load(campaign_id, Action.MANAGE_CAMPAIGN), SeenForm()
    kinds = {column.indicator_id: column.indicator.kind for column in campaign.indicators}
    typed = read_policy_form(request.form, kinds)
    if not form.validate() or typed.policy is None:
        wrong = _unreadable_settings(typed.unreadable)
        return campaign_page(campaign, policy=typed, mistakes=wrong or _cut(), status=422)
    given = {"policy": typed.policy, "seen": form.seen.data}
    return _act(campaign_id, _("The settings are kept."), set_policy, given, policy=typed)


@pages.post(f"{CAMPAIGN}/remind")
def remind(campaign_id: int) -> ResponseReturnValue:
    """Remind one unit of what waits for it."""
    form = RemindForm()
    if not form.validate():
        raise NotFound
    _load(campaign_id)

    def act(campaign_id: int, **given: Any) -> object:
        return remind_unit(form.unit_id.data, campaign_id, **given)

    return _act(campaign_id, _("The unit is reminded."), act)


def _load(campaign_id: int, action: Action | None = None) -> Campaign:
    return load_campaign(signed_in_account(), campaign_id, action, today=today())


def _act(
    campaign_id: int,
    done: str,
    service: Callable[..., object],
    given: dict[str, Any] | None = None,
    *,
    days: TypedDays | None = None,
    policy: TypedPolicy | None = None,
    extend_form: ExtendForm | None = None,
) -> ResponseReturnValue:
    """One act on the campaign: the service decides; a refusal shows the page again with what was typed."""
    if given is None and not Form().validate():
        return campaign_page(_load(campaign_id), mistakes=_cut(), status=422)
    try:
        with transaction():
            service(campaign_id, **(given or {}), actor=signed_in_account(), now=now())
    except (NotFound, Forbidden):
        raise
    except AllocappError as error:
        typed: dict[str, Any] = {"days": days, "policy": policy, "extend_form": extend_form}
        message = explain(error)
        return campaign_page(_load(campaign_id), **typed, mistakes=_mistakes(error), status=message.status)
    flash(done)
    return redirect(url_for("campaign.show", campaign_id=campaign_id), 303)


def _mistakes(error: AllocappError) -> list[Mistake]:
    if isinstance(error, DeadlinesRefused):
        field = "due" if "day-" not in "".join(request.form) else "day-{}"
        return [
            Mistake(f"{stage_name(problem.stage)}: {deadline_problem(problem)}", field.format(problem.stage))
            for problem in error.problems
        ]
    message = explain(error)
    field_id = error.names[0] if isinstance(error, ThresholdsRefused) else ""
    return [Mistake(f"{message.text} {message.next_step}", field_id)]


def _unreadable_settings(names: Sequence[str]) -> list[Mistake]:
    told = {name: THRESHOLD_NAMES.get(name.partition("-")[0], _("Authority")) for name in names}
    return [Mistake(_("%(field)s: this cannot be read.", field=field), name) for name, field in told.items()]


def _cut() -> list[Mistake]:
    return [Mistake(_("The form did not arrive whole, so nothing was done. Look at the page and send it again."))]
