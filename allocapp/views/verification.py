"""The verification of a file: is this PDF a decision in force, as it was signed and sealed?"""

from __future__ import annotations

from flask import render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from werkzeug.exceptions import RequestEntityTooLarge

from allocapp.access import Action, may_on_decision
from allocapp.clock import today
from allocapp.errors import VerificationBusy
from allocapp.forms.decision import LARGEST_UPLOAD, UploadForm
from allocapp.services.verification import verify_file
from allocapp.views.decision_page import trusted_roots
from allocapp.views.failures import show_http_error
from allocapp.views.messages import Mistake, explain, mistakes_of
from allocapp.views.verdict_words import speak
from allocapp.views.visitor import signed_in_account

ENDPOINT = "decision.verify"
# what a browser puts around the file
_ENVELOPE = 64 * 1024


def allow_upload(endpoint: str | None, _values: object) -> None:
    """Let the verification page alone take a file's size; called before the form is read for its CSRF token."""
    if endpoint == ENDPOINT and current_user.is_authenticated:
        request.max_content_length = LARGEST_UPLOAD + _ENVELOPE


def verify() -> ResponseReturnValue:
    """The upload form, and the verdict on the file sent."""
    if request.method == "GET":
        return _page(UploadForm(formdata=None))
    form = UploadForm()
    if not form.validate():
        return _page(form, mistakes=mistakes_of(form), status=422)
    try:
        found = verify_file(form.pdf, trusted=trusted_roots())
    except VerificationBusy as error:
        busy = explain(error)
        return _page(form, mistakes=[Mistake(f"{busy.text} {busy.next_step}", "file")], status=busy.status)
    readable = found.decision is not None and may_on_decision(
        signed_in_account(), Action.VIEW_DECISION, found.decision, today()
    )
    return _page(form, found=found, spoken=speak(found), readable=readable, name=form.file.data.filename)


def refuse_size(error: RequestEntityTooLarge) -> ResponseReturnValue:
    """Too much was sent; for the upload that has its own limit, the page says which."""
    if request.endpoint != ENDPOINT or not current_user.is_authenticated:
        return show_http_error(error)
    text = _("The file is larger than 20 MB. No decision is: choose the file as it was downloaded.")
    return _page(UploadForm(formdata=None), mistakes=[Mistake(text, "file")], status=413)


def _page(form: UploadForm, *, status: int = 200, **shown: object) -> ResponseReturnValue:
    context = {"found": None, "spoken": None, "readable": False, "name": "", "mistakes": [], **shown}
    return render_template("decision/verify.html", form=form, **context), status
