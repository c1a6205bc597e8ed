"""Signing in and out, and the language of the pages."""

from __future__ import annotations

from itertools import groupby

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from allocapp.clock import now
from allocapp.config import Config
from allocapp.db import transaction
from allocapp.forms.auth import SignInForm
from allocapp.services import account
from allocapp.services.demo import read_demo_access
from allocapp.views.kept import local_path, read_kept
from allocapp.views.language import remember_language
from allocapp.views.messages import Mistake, mistakes_of
from allocapp.views.visitor import begin_session, end_session

pages = Blueprint("auth", __name__)


@pages.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    """The sign-in page. Who signs in goes on where they were; who is signed in already does so too."""
    if current_user.is_authenticated:
        return redirect(local_path(request.values.get("next")) or url_for("home.tasks"))
    if request.method == "GET":
        asked = {name: request.args.get(name, "") for name in ("login", "next")}
        return _show(SignInForm(formdata=None, data=asked), [], 200)
    form = SignInForm()
    if not form.validate():
        return _show(form, mistakes_of(form), 422)
    token, attempt = _try_password(form.login.data, form.password.data)
    if token is None:
        form.login.errors = [_refusal(attempt)]
        return _show(form, mistakes_of(form), 429 if attempt.locked else 401)
    begin_session(token)
    return _go_on(form)


@pages.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session, on the server too."""
    with transaction():
        account.sign_out(current_user.token, address=request.remote_addr or "", now=now())
    end_session()
    flash(_("You are signed out."))
    return redirect(url_for("auth.sign_in"))


@pages.post("/language/<any(vi,en):code>")
def language(code: str) -> ResponseReturnValue:
    """Change the language and stay on the page."""
    if current_user.is_authenticated:
        account_id = current_user.account.id
        with transaction():
            account.choose_language(account_id, code)
    response = make_response(redirect(local_path(request.form.get("next")) or url_for("home.tasks")))
    remember_language(response, code)
    return response


def _show(form: SignInForm, mistakes: list[Mistake], status: int) -> ResponseReturnValue:
    page = render_template("auth/sign_in.html", form=form, mistakes=mistakes, notice="", demo=_demo())
    return page, status


def _try_password(login: str, password: str) -> tuple[str | None, account.Attempt]:
    """Count the attempt, look at the password outside any transaction, admit or note the failure."""
    address = request.remote_addr or ""
    with transaction():
        attempt = account.begin_attempt(login, address=address, now=now())
    if attempt.locked:
        return None, attempt
    right = account.is_right(attempt, password)
    with transaction():
        if right:
            return account.admit(attempt, address=address, now=now()), attempt
        account.note_failed_attempt(attempt, "sign_in_failed", address=address, now=now())
    return None, attempt


def _refusal(attempt: account.Attempt) -> str:
    """One answer whether or not the account exists; the wait is told once there were too many attempts."""
    if attempt.locked:
        return _("Too many attempts. Wait 15 minutes, then try again.")
    return _("Account name or password is wrong. Check both and try again.")


def _go_on(form: SignInForm) -> ResponseReturnValue:
    """Back to where the person was: a form that was under way is shown for sending again."""
    kept = read_kept(form.kept.data or "", current_user.account.id)
    if kept is not None:
        return render_template("auth/send_again.html", kept=kept)
    return redirect(local_path(form.next.data) or url_for("home.tasks"))


def _demo() -> dict[str, object]:
    """In demo mode alone: the accounts by unit, with passwords, and the passphrase of the demonstration's keys."""
    config: Config = current_app.config["ALLOCAPP"]
    access = read_demo_access(config.instance) if config.demo else None
    if access is None:
        return {}
    by_unit = [(unit, list(accounts)) for unit, accounts in groupby(access.accounts, key=lambda account: account.unit)]
    return {"units": by_unit, "signing_passphrase": access.signing_passphrase}
