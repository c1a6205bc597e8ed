"""Pasting from Excel and bringing files in: the template out, a preview of every change, and applying it."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge
from wtforms import Field

from allocapp.access import Action, load_plan
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, HeldRow, StaleVersion
from allocapp.files.table import FileTable, Refusal, Source
from allocapp.files.template import Template, write_csv, write_workbook
from allocapp.files.text import read_text
from allocapp.files.upload import LARGEST_UPLOAD, read_upload
from allocapp.forms.paste import ApplyForm, PasteForm, SentEdits, TableUploadForm, read_edits
from allocapp.models.plan import Plan
from allocapp.rules.workflow import PlanAction, next_plan_state
from allocapp.services.paste import MatchedBy, Mismatch, Preview, preview_edits, preview_table
from allocapp.services.paste_apply import apply_table
from allocapp.services.paste_columns import Unclear
from allocapp.services.sheet import Entry, Key, Sheet, read_sheet
from allocapp.services.template import make_template
from allocapp.views.failures import show_http_error
from allocapp.views.formatting import moment
from allocapp.views.messages import Mistake, explain, mistakes_of
from allocapp.views.paste_lines import Origin
from allocapp.views.paste_page import ask_page, offer, preview_page
from allocapp.views.paste_words import Told, tell_mismatch, tell_refusal, tell_unclear, template_words
from allocapp.views.visitor import signed_in_account

pages = Blueprint("paste", __name__, url_prefix="/plans/<int(max=2147483647):plan_id>")

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# what a browser puts around the file
_ENVELOPE = 64 * 1024


@pages.url_value_preprocessor
def allow_upload(endpoint: str | None, _values: object) -> None:
    """Let the upload alone take a file's size; called before the form is read for its CSRF token."""
    if endpoint == "paste.upload" and current_user.is_authenticated:
        request.max_content_length = LARGEST_UPLOAD + _ENVELOPE


@pages.errorhandler(RequestEntityTooLarge)
def refuse_size(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Too much was sent: the page says how much it takes."""
    if not current_user.is_authenticated or request.view_args is None:
        return show_http_error(error)
    sheet = read_sheet(_load(request.view_args["plan_id"], Action.EDIT_PLAN))
    if request.endpoint == "paste.upload":
        form = offer(TableUploadForm(formdata=None), sheet)
        return ask_page(sheet, upload=form, mistakes=_put_at(form.file, tell_refusal(Refusal.TOO_LARGE)), status=413)
    text = _("This is too much for one plan. Copy only the rows of this plan's receivers.")
    return ask_page(sheet, mistakes=[Mistake(text, "text")], status=413)


@pages.get("/paste")
def ask(plan_id: int) -> ResponseReturnValue:
    """A box for cells from Excel, the template to download, and a file to bring in."""
    return ask_page(read_sheet(_load(plan_id, Action.EDIT_PLAN)))


@pages.get("/template.xlsx")
def template_workbook(plan_id: int) -> ResponseReturnValue:
    """The plan's template as an Excel workbook."""
    return _download(plan_id, write_workbook, "xlsx", WORKBOOK)


@pages.get("/template.csv")
def template_csv(plan_id: int) -> ResponseReturnValue:
    """The plan's template as CSV."""
    return _download(plan_id, write_csv, "csv", "text/csv; charset=utf-8")


@pages.post("/paste")
def paste(plan_id: int) -> ResponseReturnValue:
    """What the pasted cells would change. Nothing is written."""
    sheet = _open_sheet(plan_id)
    form = offer(PasteForm(), sheet)
    if not form.validate():
        return ask_page(sheet, paste=form, mistakes=mistakes_of(form), status=422)
    found = _look_at(sheet, read_text(form.text.data), form.wanted)
    if isinstance(found, Told):
        return ask_page(sheet, paste=form, mistakes=_put_at(form[found.field or "text"], found), status=422)
    return preview_page(*found, paste=form)


@pages.post("/upload")
def upload(plan_id: int) -> ResponseReturnValue:
    """What the file would change. Nothing is written, and the file is not kept."""
    sheet = _open_sheet(plan_id)
    form = offer(TableUploadForm(), sheet)
    if not form.validate():
        return ask_page(sheet, upload=form, mistakes=mistakes_of(form), status=422)
    found = _look_at(sheet, read_upload(form.content), form.wanted, form.name)
    if isinstance(found, Told):
        return ask_page(sheet, upload=form, mistakes=_put_at(form[found.field or "file"], found), status=422)
    return preview_page(*found)


@pages.post("/paste/apply")
def apply(plan_id: int) -> ResponseReturnValue:
    """Write what the preview showed, on the version it showed."""
    sheet = _open_sheet(plan_id)
    form = ApplyForm()
    sent = read_edits(request.form, {column.indicator.id: column.rule.kind for column in sheet.indicators})
    if not form.validate() or not sent.whole:
        text = _("The form did not arrive whole, so nothing was done. Look at the page and send it again.")
        return ask_page(sheet, mistakes=[Mistake(text)], status=422)
    entries = _consented(sent, form)
    if not entries:
        text = _("Nothing was applied: all changes are in doubt. Tick what shall be taken all the same.")
        return _again(sheet, form, sent, [Mistake(text)], 422)
    try:
        with transaction():
            change = apply_table(
                plan_id,
                entries,
                source=Source(form.source.data),
                name=form.name.data or "",
                matched_by=MatchedBy(form.matched_by.data),
                also=form.also,
                version=form.version.data,
                actor=signed_in_account(),
                now=now(),
            )
            cells = len(change.after)
    except (StaleVersion, HeldRow) as error:
        return _overtaken(plan_id, form, sent, error)
    return _done(plan_id, cells)


def _load(plan_id: int, action: Action = Action.VIEW_PLAN) -> Plan:
    return load_plan(signed_in_account(), plan_id, action, today=today())


def _open_sheet(plan_id: int) -> Sheet:
    """The plan's sheet, if its targets can be changed now. Raises TransitionNotAllowed where they cannot."""
    plan = _load(plan_id, Action.EDIT_PLAN)
    next_plan_state(plan.state, PlanAction.SAVE)
    return read_sheet(plan)


def _download(plan_id: int, write: Callable[[Template], bytes], ending: str, mimetype: str) -> Response:
    sheet = read_sheet(_load(plan_id, Action.EDIT_PLAN))
    plan = sheet.plan
    response = Response(write(make_template(sheet, template_words(sheet))), mimetype=mimetype)
    name = f"{plan.campaign.code}-{plan.unit.code}-v{plan.version}.{ending}"
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


def _look_at(
    sheet: Sheet, table: FileTable | Refusal, wanted: int | None, name: str = ""
) -> tuple[Preview, Origin] | Told:
    """The preview of the table and where it came from, or why there is none."""
    if isinstance(table, Refusal):
        return tell_refusal(table, name)
    found = preview_table(sheet, table, wanted)
    if isinstance(found, Unclear):
        return tell_unclear(found, sheet, table.source, name)
    if isinstance(found, Mismatch):
        return tell_mismatch(found, sheet)
    return found, Origin(table.source, name, table.sheet, table.other_sheets)


def _put_at(field: Field, told: Told) -> list[Mistake]:
    """What is wrong, at its field and as lines of the error summary."""
    field.errors = [told.text]
    return [Mistake(told.text, field.id), Mistake(told.next_step, field.id)]


def _consented(sent: SentEdits, form: ApplyForm) -> dict[Key, Entry]:
    """The edits without doubts, and those whose doubts the person set aside."""
    return {key: entry for key, entry in sent.typed.entries.items() if sent.doubts[key] <= form.also}


def _overtaken(plan_id: int, form: ApplyForm, sent: SentEdits, error: AllocappError) -> ResponseReturnValue:
    """Somebody was faster: what the same edits would change now, to be consented to anew."""
    sheet = read_sheet(_load(plan_id, Action.EDIT_PLAN))
    message = explain(error)
    mistakes = [Mistake(message.text)]
    if isinstance(error, StaleVersion):
        mistakes.append(Mistake(_meanwhile(sheet.plan)))
    return _again(sheet, form, sent, mistakes, message.status)


def _meanwhile(plan: Plan) -> str:
    return _(
        "%(who)s changed the plan on %(moment)s (now version %(version)d). Nothing was applied: below is what your "
        "figures would change now.",
        who=plan.changed_by.name if plan.changed_by else _("the system"),
        moment=moment(plan.changed_at),
        version=plan.version,
    )


def _again(sheet: Sheet, form: ApplyForm, sent: SentEdits, mistakes: list[Mistake], status: int) -> ResponseReturnValue:
    by = MatchedBy(form.matched_by.data)
    preview = preview_edits(sheet, sent.typed.entries, seen=sent.seen, doubts=sent.doubts, matched_by=by)
    if not preview.changes:
        # a second click, or somebody else entered the very same figures
        return _done(sheet.plan.id, 0)
    origin = Origin(Source(form.source.data), form.name.data or "")
    return preview_page(preview, origin, mistakes=mistakes, status=status)


def _done(plan_id: int, cells: int) -> ResponseReturnValue:
    if cells:
        flash(
            ngettext(
                "Applied: %(num)d cell changed. It can be taken back.",
                "Applied: %(num)d cells changed. It can be taken back.",
                cells,
            )
        )
    else:
        flash(_("These figures are stored already: nothing was changed."))
    return redirect(url_for("plan.show", plan_id=plan_id), 303)
