"""Error pages: every failure in words, with a way on, and nothing typed lost where that can be helped."""

from __future__ import annotations

from flask import Flask, Response, current_app, g, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException, SecurityError

from allocapp.db import db
from allocapp.errors import AllocappError
from allocapp.views.guard import error_body, prefers_json
from allocapp.views.kept import keep_form, read_kept
from allocapp.views.messages import explain
from allocapp.views.statuses import Message, explain_host, explain_status
from allocapp.views.visitor import forget_visitor, session_owner


def register_error_pages(app: Flask) -> None:
    """A page for every domain error, every HTTP status, a failed CSRF check, and what nobody foresaw."""
    app.register_error_handler(AllocappError, show_domain_error)
    app.register_error_handler(CSRFError, show_form_expired)
    app.register_error_handler(OperationalError, show_database_trouble)
    app.register_error_handler(SecurityError, show_unknown_host)
    app.register_error_handler(HTTPException, show_http_error)


def show_domain_error(error: AllocappError) -> ResponseReturnValue:
    """A domain error that no view re-rendered its form for."""
    return _answer(explain(error))


def show_http_error(error: HTTPException) -> ResponseReturnValue:
    """Any HTTP error; 500 comes here too, already logged by Flask."""
    if error.response is not None:
        return error.response
    status = error.code or 500
    if status >= 500:
        _do_without_database()
    body, code = _answer(explain_status(status))
    kept_headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
    return body, code, kept_headers


def show_unknown_host(_error: SecurityError) -> ResponseReturnValue:
    """The request names a host that is not ours: plain words, for no address of a page can be built under it."""
    return Response(explain_host().text, status=400, mimetype="text/plain")


def show_database_trouble(error: OperationalError) -> ResponseReturnValue:
    """The database is busy or cannot be reached: for a while, so try again."""
    # not the error itself: its text holds the parameters of the statement
    current_app.logger.error("database trouble on %s: %s", request.path, error.orig)
    _do_without_database()
    return _answer(explain_status(503))


def show_form_expired(error: CSRFError) -> ResponseReturnValue:
    """The form's token is missing or belongs to another session: offer to send the same form again, with a new one."""
    if prefers_json():
        return jsonify(error_body(explain_status(400))), 400
    owner = session_owner()
    return render_template("errors/form_expired.html", kept=read_kept(keep_form(owner), owner)), 400


def _answer(message: Message) -> tuple[Response | str, int]:
    if prefers_json():
        return jsonify(error_body(message)), message.status
    return render_template("errors/error.html", message=message), message.status


def _do_without_database() -> None:
    """The page must come even where the database does not answer: nobody is asked who is signed in, nothing counted."""
    db.session.rollback()
    g.without_database = True
    if "_login_user" not in g or not current_user.is_authenticated:
        forget_visitor()
