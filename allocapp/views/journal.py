"""The journal of the units that a person audits or administers: to look through, to filter, to take along."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms.fields.choices import SelectChoice

from allocapp.clock import now, today
from allocapp.errors import JournalTooLong
from allocapp.files.listing import write_list
from allocapp.forms.journal import JournalForm, given_filters
from allocapp.services.journal_search import Search, export_events, search_events
from allocapp.views.journal_words import action_choices, list_columns, list_row, subject_choices
from allocapp.views.messages import Mistake, explain, mistakes_of
from allocapp.views.visitor import signed_in_account

pages = Blueprint("journal", __name__, url_prefix="/journal")

LAST_PAGE = 100_000
WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pages.get("")
def index() -> ResponseReturnValue:
    """A page of the journal, newest first, of what is looked for."""
    form = _form()
    return _page(form) if form.validate() else _page(form, mistakes=mistakes_of(form), status=422)


@pages.get("/export")
def export() -> ResponseReturnValue:
    """All that is looked for, as a workbook."""
    form = _form()
    if not form.validate():
        return _page(form, mistakes=mistakes_of(form), status=422)
    try:
        events = export_events(signed_in_account(), form.search, today=today())
    except JournalTooLong as error:
        message = explain(error)
        return _page(form, mistakes=[Mistake(f"{message.text} {message.next_step}")], status=message.status)
    content = write_list(_("Journal"), list_columns(), (list_row(event, about) for event, about in events))
    name = f"journal-{now():%Y%m%d-%H%M%S}.xlsx"
    response = Response(content, mimetype=WORKBOOK)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _form() -> JournalForm:
    form = JournalForm(request.args)
    form.subject.choices = [SelectChoice("", _("everything")), *(SelectChoice(*choice) for choice in subject_choices())]
    form.action.choices = [SelectChoice("", _("every act")), *(SelectChoice(*choice) for choice in action_choices())]
    return form


def _page(form: JournalForm, *, mistakes: Sequence[Mistake] = (), status: int = 200) -> ResponseReturnValue:
    page = min(max(request.args.get("page", 1, type=int), 1), LAST_PAGE)
    search = Search() if mistakes else form.search
    shown = render_template(
        "journal/index.html",
        form=form,
        found=search_events(signed_in_account(), search, today=today(), page=page),
        page=page,
        filters=given_filters(request.args),
        mistakes=list(mistakes),
    )
    return shown, status
