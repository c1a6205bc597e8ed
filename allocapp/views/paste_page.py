"""The two pages of pasting: the one that asks for cells or a file, and the preview of what they change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from flask import render_template
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.clock import today
from allocapp.files.table import Source
from allocapp.forms.paste import PasteForm, TableForm, TableUploadForm, pack_seen
from allocapp.models.plan import Plan
from allocapp.rules.workflow import PlanAction
from allocapp.services.paste import Doubt, Preview
from allocapp.services.sheet import Sheet, check_sheet
from allocapp.services.turn import plan_actions_for
from allocapp.views.formatting import localized, moment
from allocapp.views.messages import Mistake
from allocapp.views.paste_lines import Origin, put_into_lines
from allocapp.views.plan_words import judge_sheet, why_not_edited
from allocapp.views.visitor import signed_in_account

F = TypeVar("F", bound=TableForm)


def ask_page(
    sheet: Sheet,
    *,
    paste: PasteForm | None = None,
    upload: TableUploadForm | None = None,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    """The page that asks for cells or a file and offers the template; what was pasted stays where it is wrong."""
    page = render_template(
        "paste/index.html",
        sheet=sheet,
        plan=sheet.plan,
        paste=paste or offer(PasteForm(formdata=None), sheet),
        upload=upload or offer(TableUploadForm(formdata=None), sheet),
        barred=barred(sheet.plan),
        mistakes=mistakes,
    )
    return page, status


def preview_page(
    preview: Preview,
    origin: Origin,
    *,
    paste: PasteForm | None = None,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    """What the table would change, in lists, and what it comes to; nothing is written before the person says so.

    ``paste`` is the form with the pasted text, to be mended and previewed again.
    """
    sheet = preview.sheet
    page = render_template(
        "paste/preview.html",
        sheet=sheet,
        plan=sheet.plan,
        preview=preview,
        origin=origin,
        lines=put_into_lines(preview, origin),
        seen=pack_seen(preview.changes),
        verdicts=judge_sheet(sheet, preview.balances()),
        verdicts_with_all=judge_sheet(sheet, preview.balances(tuple(Doubt))) if preview.doubts else [],
        verdicts_now=judge_sheet(sheet, check_sheet(sheet)),
        barred=barred(sheet.plan),
        newer=_newer(preview),
        paste=paste,
        upload=offer(TableUploadForm(formdata=None), sheet) if origin.source is not Source.TEXT else None,
        mistakes=mistakes,
    )
    return page, status


def barred(plan: Plan) -> str:
    """Why the plan's targets cannot be changed in its state; empty where they can."""
    editable = PlanAction.SAVE in plan_actions_for(plan, signed_in_account(), today())
    return "" if editable else why_not_edited(plan)


def offer(form: F, sheet: Sheet) -> F:
    """The form with the plan's indicators to choose from."""
    choices = [(str(column.indicator.id), localized(column.indicator, "name")) for column in sheet.indicators]
    form.offer([("", _("as the headings say, or in the order of the plan")), *choices])
    return form


def _newer(preview: Preview) -> str:
    """That the plan has moved since the template was made; empty where it has not."""
    if preview.made_from is None:
        return ""
    plan = preview.sheet.plan
    return _(
        "The template was made from version %(old)d; meanwhile %(who)s changed the plan on %(moment)s, which is now "
        "version %(new)d. Figures that you did not touch keep what is stored now.",
        old=preview.made_from,
        who=plan.changed_by.name if plan.changed_by else _("the system"),
        moment=moment(plan.changed_at),
        new=plan.version,
    )
