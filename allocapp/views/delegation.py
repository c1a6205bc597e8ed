"""Delegation: lending one's role as approver or leader to a named person, and who lent what to whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import (
    AllocappError,
    DelegateInactive,
    DelegateOutside,
    DelegationDates,
    DelegationOverlaps,
    DelegationToOneself,
    DelegationToSubmitter,
    Forbidden,
    NotFound,
    ReasonRequired,
    TitleRequired,
)
from allocapp.forms import Form
from allocapp.forms.delegation import DelegationForm
from allocapp.models.account import Account, Capacity, Grant
from allocapp.services import delegation as delegations
from allocapp.views.messages import Mistake, explain, mistakes_of
from allocapp.views.visitor import signed_in_account

pages = Blueprint("delegation", __name__, url_prefix="/delegations")

GRANT: Final = "/roles/<int(max=2147483647):grant_id>"

# the field that an error is about
FIELDS: Final[Mapping[type[AllocappError], str]] = MappingProxyType(
    {
        DelegateInactive: "account_id",
        DelegateOutside: "account_id",
        DelegationToOneself: "account_id",
        DelegationToSubmitter: "account_id",
        DelegationDates: "valid_from",
        DelegationOverlaps: "valid_from",
        ReasonRequired: "reason",
        TitleRequired: "title",
    }
)


@pages.get("/")
def index() -> ResponseReturnValue:
    """The roles that one may delegate, and who delegated what to whom."""
    return _index()


@pages.get(GRANT)
def new(grant_id: int) -> ResponseReturnValue:
    """The form for one of one's own roles."""
    grant = _own(grant_id)
    return _form(grant, _filled_in(grant, DelegationForm(formdata=None, data={"valid_from": today()})))


@pages.post(GRANT)
def lend(grant_id: int) -> ResponseReturnValue:
    """Delegate the role."""
    grant = _own(grant_id)
    form = _filled_in(grant, DelegationForm())
    if not form.validate():
        return _form(grant, form, mistakes=mistakes_of(form), status=422)
    given = {name: form[name].data for name in ("title", "reason", "valid_from", "valid_to")}
    given["capacity"] = Capacity(form.capacity.data)
    try:
        with transaction():
            made = delegations.delegate_role(
                grant_id, form.account_id.data, **given, actor=signed_in_account(), now=now()
            )
            done = _("Delegated to %(name)s, who has been told.", name=made.account.name)
    except (NotFound, Forbidden):
        raise
    except AllocappError as error:
        return _refused(grant_id, form, error)
    flash(done)
    return redirect(url_for("delegation.index"), 303)


@pages.post("/<int(max=2147483647):delegation_id>/end")
def end(delegation_id: int) -> ResponseReturnValue:
    """Take the role back."""
    if not Form().validate():
        raise NotFound
    try:
        with transaction():
            delegations.end_delegation(delegation_id, actor=signed_in_account(), now=now())
    except (NotFound, Forbidden):
        raise
    except AllocappError as error:
        message = explain(error)
        return _index(mistakes=[Mistake(f"{message.text} {message.next_step}")], status=message.status)
    flash(_("The delegation has ended."))
    return redirect(url_for("delegation.index"), 303)


def _own(grant_id: int) -> Grant:
    """One of the signed-in person's roles that can be delegated today."""
    for grant in delegations.lendable_grants(signed_in_account(), today()):
        if grant.id == grant_id:
            return grant
    raise NotFound


def _filled_in(grant: Grant, form: DelegationForm) -> DelegationForm:
    people: Sequence[Account] = delegations.possible_delegates(grant, today())
    form.account_id.choices = [
        SelectChoice("", _("Choose…")),
        *(SelectChoice(person.id, person.name) for person in people),
    ]
    return form


def _refused(grant_id: int, form: DelegationForm, error: AllocappError) -> ResponseReturnValue:
    message, name = explain(error), FIELDS.get(type(error), "")
    if name:
        form[name].errors = [message.text]
    grant = _own(grant_id)
    mistakes = [Mistake(f"{message.text} {message.next_step}", name)]
    return _form(grant, _filled_in(grant, form), mistakes=mistakes, status=message.status)


def _form(
    grant: Grant, form: DelegationForm, *, mistakes: Sequence[Mistake] = (), status: int = 200
) -> ResponseReturnValue:
    page = render_template(
        "delegation/new.html",
        grant=grant,
        form=form,
        limits={"title": delegations.TITLE_LIMIT, "reason": delegations.REASON_LIMIT},
        mistakes=list(mistakes),
    )
    return page, status


def _index(*, mistakes: Sequence[Mistake] = (), status: int = 200) -> ResponseReturnValue:
    account, day = signed_in_account(), today()
    page = render_template(
        "delegation/index.html",
        grants=delegations.lendable_grants(account, day),
        delegations=delegations.list_delegations(account, today=day),
        account=account,
        today=day,
        mistakes=list(mistakes),
    )
    return page, status
