"""The journal of the units that a person audits or administers."""

from __future__ import annotations

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from allocapp.clock import today
from allocapp.services.journal import list_events
from allocapp.views.visitor import signed_in_account

pages = Blueprint("journal", __name__)

LAST_PAGE = 100_000


@pages.get("/journal")
def index() -> ResponseReturnValue:
    """A page of the journal, newest first."""
    page = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    events, has_next = list_events(signed_in_account(), today=today(), page=page)
    return render_template("journal/index.html", events=events, page=page, has_next=has_next)
