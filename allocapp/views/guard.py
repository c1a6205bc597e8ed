"""What every request goes through: where it comes from, who sends it, and the headers of the answer.

Source: OWASP ASVS 5.0 (V3 web frontend security, V7 sessions); the settings of the security reference.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Final

from flask import Flask, Response, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user

from allocapp.clock import now
from allocapp.config import Config
from allocapp.db import transaction
from allocapp.forms.auth import SignInForm
from allocapp.services.account import note_seen, seen_is_old
from allocapp.views.kept import SAFE_METHODS, file_fields, from_own_page, keep_form
from allocapp.views.statuses import Message, explain_other_site, explain_status
from allocapp.views.visitor import session_owner

OPEN_TO_ALL: Final = frozenset({"auth.sign_in", "auth.language", "health.healthz", "static", "bootstrap.static"})
"""The only endpoints that answer without sign-in."""

_STATIC: Final = frozenset({"static", "bootstrap.static"})
_UNATTENDED: Final = _STATIC | {"health.healthz"}  # nobody need be looked up for these

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}


def guard_requests(app: Flask) -> None:
    """Put the checks before every request, in this order, and the headers after it."""
    app.before_request(refuse_other_sites)
    app.before_request(require_sign_in)
    app.before_request(note_presence)
    app.after_request(add_headers)


def refuse_other_sites() -> ResponseReturnValue | None:
    """A change of state must come from our own pages: beside the CSRF token, the browser's own word for it."""
    if request.method in SAFE_METHODS or from_own_page() is not False:
        return None
    return render_template("errors/error.html", message=explain_other_site()), 403


def require_sign_in() -> ResponseReturnValue | None:
    """Every endpoint asks for sign-in, except those on the one list. An unknown address says 404 to everybody."""
    if request.endpoint is None or request.endpoint in OPEN_TO_ALL or current_user.is_authenticated:
        return None
    if prefers_json():
        return jsonify(error_body(explain_status(401))), 401
    if request.method in SAFE_METHODS:
        return redirect(url_for("auth.sign_in", next=request.full_path.removesuffix("?")))
    return _sign_in_again()


def _sign_in_again() -> ResponseReturnValue:
    """A form arrived after its session ended: sign in first, then send what was typed."""
    owner = session_owner()
    kept = "" if owner is None else keep_form(owner)
    form = SignInForm(formdata=None, data={"kept": kept})
    notice = _("Your session has ended. Sign in again: what you typed is kept.") if kept else ""
    if kept and file_fields():
        notice += " " + _("Only the file that you chose is not: choose it again after signing in.")
    return render_template("auth/sign_in.html", form=form, notice=notice, demo={}), 401


def note_presence() -> None:
    """Extend the session, at most once a minute; a page that only reloads itself extends nothing."""
    if request.endpoint in _UNATTENDED or "refresh" in request.args or not current_user.is_authenticated:
        return
    moment = now()
    if seen_is_old(current_user.sign_in, now=moment):
        sign_in_id = current_user.sign_in.id
        with transaction():
            note_seen(sign_in_id, now=moment)


def add_headers(response: Response) -> Response:
    """Headers of every answer; pages are never kept by a browser or a proxy on the way."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint not in _STATIC:
        response.headers["Cache-Control"] = "no-store"
    config: Config = current_app.config["ALLOCAPP"]
    if config.production:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    return response


def prefers_json() -> bool:
    """Whether the caller asked for JSON rather than for a page."""
    best = request.accept_mimetypes.best_match(["text/html", "application/json"], default="text/html")
    return best == "application/json"


def error_body(message: Message) -> dict[str, object]:
    """A message as JSON, for the scripts on our pages."""
    return asdict(message)
