"""Decisions: the list, one decision's page and file, every step of its road, the register of numbers."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from types import MappingProxyType
from typing import Final

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from allocapp.access import ALLOWED, Action, load_decision, require
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import (
    AllocappError,
    CertificateNotValid,
    DateNotAllowed,
    Forbidden,
    NotFound,
    ReasonRequired,
    StaleVersion,
    TextTooLong,
    TooManyAttempts,
    TransitionNotAllowed,
    WrongPassphrase,
    WrongPassword,
)
from allocapp.forms.decision import AcknowledgeForm, NumberForm, RefuseForm, SignForm
from allocapp.forms.plan import VersionForm
from allocapp.models.decision import Decision, SignerRole
from allocapp.rules.workflow import next_decision_state
from allocapp.services import decision as decisions
from allocapp.services.acknowledgement import acknowledge_decision
from allocapp.services.register import list_registers, read_register
from allocapp.views import verification
from allocapp.views.decision_list import section_of, sort_lines
from allocapp.views.decision_page import decision_page
from allocapp.views.formatting import decision_name, symbol
from allocapp.views.messages import Mistake, explain, mistakes_of
from allocapp.views.signing import put_signature
from allocapp.views.visitor import signed_in_account

pages = Blueprint("decision", __name__, url_prefix="/decisions")
pages.add_url_rule("/verify", "verify", verification.verify, methods=["GET", "POST"])
pages.url_value_preprocessor(verification.allow_upload)
pages.register_error_handler(RequestEntityTooLarge, verification.refuse_size)

# ids are 32-bit columns: a larger one names nothing
DECISION: Final = "/<int(max=2147483647):decision_id>"

# the field that an error is about
FIELDS: Final[Mapping[type[AllocappError], str]] = MappingProxyType(
    {
        DateNotAllowed: "dated",
        WrongPassword: "password",
        TooManyAttempts: "password",
        WrongPassphrase: "passphrase",
        CertificateNotValid: "passphrase",
        ReasonRequired: "reason",
        TextTooLong: "reason",
    }
)


@pages.get("/")
def index() -> ResponseReturnValue:
    """The decisions the person may read: what waits for them first, then by how far each has come."""
    lines = sort_lines(signed_in_account())
    sections = [(section, list(members)) for section, members in groupby(lines, key=section_of)]
    readers = {role for role, allowed in ALLOWED.items() if Action.VIEW_DECISION in allowed}
    return render_template("decision/index.html", sections=sections, reads_registers=bool(current_user.roles & readers))


@pages.get("/register")
def register() -> ResponseReturnValue:
    """A unit's register of numbers of one year, the voided ones with their reason."""
    account = signed_in_account()
    require(account, Action.VIEW_DECISION, today())
    registers = list_registers(account, today=today())
    unit_id, year = request.args.get("unit", type=int), request.args.get("year", type=int)
    chosen = [(unit.id, kept) for unit, kept in registers if unit_id in (None, unit.id) and year in (None, kept)]
    if not chosen and (unit_id, year) != (None, None):
        raise NotFound
    shown = read_register(account, *chosen[0], today=today()) if chosen else None
    return render_template("decision/register.html", registers=registers, register=shown)


@pages.get(DECISION)
def show(decision_id: int) -> ResponseReturnValue:
    """One decision: what it says, how far it has come, and what the reader may do."""
    return decision_page(_load(decision_id))


@pages.get(f"{DECISION}/file")
def file(decision_id: int) -> ResponseReturnValue:
    """The decision's PDF as it was made last: to keep, or with ``?inline=1`` to read."""
    decision = _load(decision_id)
    found = decisions.read_file(decision)
    if found is None:
        mistake = Mistake(_("There is no file yet: it is made once the number is taken."))
        return decision_page(decision, mistakes=[mistake], status=404)
    place = "inline" if "inline" in request.args else "attachment"
    response = Response(found.content, mimetype="application/pdf")
    name = f"{symbol(decision).replace('/', '-').replace('Đ', 'D')}-{found.stage.value}.pdf"
    response.headers.set("Content-Disposition", place, filename=name)
    return response


@pages.post(f"{DECISION}/number")
def number(decision_id: int) -> ResponseReturnValue:
    """Take the next number of the register for the date given, which freezes what the document says."""
    decision = _load(decision_id, Action.NUMBER_DECISION)
    form = NumberForm()
    if not form.validate():
        return _unread(decision, form)
    try:
        with transaction():
            given = {"version": form.version.data, "dated": form.dated.data, "signer": form.signer.data}
            numbered = decisions.number_decision(decision_id, **given, actor=signed_in_account(), now=now())
            done = _("%(decision)s: number taken, its file is being made.", decision=decision_name(numbered))
    except AllocappError as error:
        return _refused(decision_id, form, error)
    return _done(decision_id, done)


@pages.post(f"{DECISION}/retry")
def retry(decision_id: int) -> ResponseReturnValue:
    """Have a file made again that could not be made."""
    _load(decision_id, Action.RETRY_RENDER)
    try:
        with transaction():
            decisions.retry_render(decision_id, actor=signed_in_account(), now=now())
    except AllocappError as error:
        return _refused(decision_id, None, error)
    return _done(decision_id, _("The file is being made again."))


@pages.post(f"{DECISION}/sign")
def sign(decision_id: int) -> ResponseReturnValue:
    """The leader's signature."""
    _load(decision_id, Action.SIGN_DECISION)
    return _put(decision_id, SignerRole.PERSON, _("Signed. The clerk now applies the body's seal."))


@pages.post(f"{DECISION}/seal")
def seal(decision_id: int) -> ResponseReturnValue:
    """The body's seal, which issues the decision."""
    _load(decision_id, Action.SEAL_DECISION)
    return _put(decision_id, SignerRole.BODY, _("Sealed and issued: the decision is in force."))


@pages.post(f"{DECISION}/refuse")
def refuse(decision_id: int) -> ResponseReturnValue:
    """Refuse the decision before it is signed: its number is voided with the reason, a new one is prepared."""
    decision = _load(decision_id, Action.REFUSE_DECISION)
    form = RefuseForm()
    if not form.validate():
        return _unread(decision, form)
    voided = symbol(decision)
    try:
        with transaction():
            given = {"version": form.version.data, "reason": form.reason.data}
            new = decisions.refuse_decision(decision_id, **given, actor=signed_in_account(), now=now())
            new_id = new.id
    except AllocappError as error:
        return _refused(decision_id, form, error)
    return _done(new_id, _("Refused: number %(number)s is voided. A new decision waits for its number.", number=voided))


@pages.post(f"{DECISION}/acknowledge")
def acknowledge(decision_id: int) -> ResponseReturnValue:
    """A receiver's word that the decision has arrived; then back to the page it was given on."""
    _load(decision_id)
    form = AcknowledgeForm()
    if not form.validate():
        raise NotFound
    with transaction():
        acknowledge_decision(decision_id, form.unit_id.data, actor=signed_in_account(), now=now())
    done = _("Receipt acknowledged.")
    if request.form.get("back") == "decision":
        return _done(decision_id, done)
    flash(done)
    return redirect(url_for("quota.show", unit_id=form.unit_id.data), 303)


def _load(decision_id: int, action: Action = Action.VIEW_DECISION) -> Decision:
    return load_decision(signed_in_account(), decision_id, action, today=today())


def _done(decision_id: int, text: str) -> ResponseReturnValue:
    flash(text)
    return redirect(url_for("decision.show", decision_id=decision_id), 303)


def _put(decision_id: int, role: SignerRole, done: str) -> ResponseReturnValue:
    form, decision = SignForm(), _load(decision_id)
    try:
        # first of all: who comes too late has no form to mend
        next_decision_state(decision.state, decisions.SIGNATURES[role][2])
        if not form.validate():
            return _unread(decision, form)
        secrets = {"password": form.password.data, "passphrase": form.passphrase.data}
        put_signature(decision_id, role, version=form.version.data, **secrets, actor=signed_in_account())
    except AllocappError as error:
        return _refused(decision_id, form, error)
    return _done(decision_id, done)


def _unread(decision: Decision, form: VersionForm) -> ResponseReturnValue:
    """The form lacks something, or came without what only our own pages write into it."""
    damaged = _("The form did not arrive whole, so nothing was done. Look at the page and send it again.")
    own = ("version", "signer")
    mistakes = [Mistake(damaged)] if any(form[name].errors for name in own if name in form) else mistakes_of(form)
    return decision_page(decision, form=form, mistakes=mistakes, status=422)


def _refused(decision_id: int, form: VersionForm | None, error: AllocappError) -> ResponseReturnValue:
    """The service refused: the page as it stands now, with the reason, at its field where it has one."""
    if isinstance(error, NotFound | Forbidden):
        raise error
    decision = _load(decision_id)
    if isinstance(error, TransitionNotAllowed | StaleVersion) and _did_already(decision, form):
        return _done(decision_id, _("This was done already: a second click changes nothing."))
    message = explain(error)
    name = FIELDS.get(type(error), "")
    if form is not None and name in form:
        form[name].errors = [message.text]
    mistakes = [Mistake(f"{message.text} {message.next_step}", name)]
    return decision_page(decision, form=form, mistakes=mistakes, status=message.status)


def _did_already(decision: Decision, form: VersionForm | None) -> bool:
    """Whether the same person has done this very thing already: a second click, or a form sent again."""
    account = signed_in_account()
    if isinstance(form, NumberForm):
        return (decision.numbered_by_id, decision.dated) == (account.id, form.dated.data)
    if isinstance(form, RefuseForm):
        return bool(decision.void_reason) and decision.void_reason == form.reason.data
    done_by = {"decision.sign": decision.signed_by_id, "decision.seal": decision.sealed_by_id}
    return done_by.get(request.endpoint or "") == account.id
