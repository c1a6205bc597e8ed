"""Asking the receivers first: the preparer's page with what they said, the answers to it, and the summary."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, load_plan, may_on_plan
from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import AllocappError, Forbidden, NotFound, OpinionDateNotAllowed, ReasonRequired, TextTooLong
from allocapp.forms.opinion import AnswerForm, AskForm, SourceForm, TypedWord
from allocapp.models.opinion import Answer
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.workflow import PlanAction
from allocapp.services import opinion as opinions
from allocapp.services.asked import give_opinions, load_asked_on_behalf, silent_without_account
from allocapp.services.turn import plan_actions_for
from allocapp.views.asked import asked_page, faults_of, refusal, spoken, words_sent
from allocapp.views.formatting import day
from allocapp.views.messages import Mistake, explain, mistakes_of
from allocapp.views.opinion_words import figure_words, lay_out_opinions
from allocapp.views.plan_words import why_not_edited
from allocapp.views.visitor import signed_in_account

PLAN = "/<int(max=2147483647):plan_id>/opinions"
ONE = f"{PLAN}/<int(max=2147483647):opinion_id>"
UNIT = f"{PLAN}/units/<int(max=2147483647):unit_id>"

pages = Blueprint("opinion", __name__, url_prefix="/plans")


@pages.get(PLAN)
def index(plan_id: int) -> ResponseReturnValue:
    """Whether receivers are being asked, what they said, and the summary with its answers."""
    return _index(_load(plan_id))


@pages.post(f"{PLAN}/ask")
def ask(plan_id: int) -> ResponseReturnValue:
    """Send the draft to its receivers."""
    plan, form = _load(plan_id, Action.EDIT_PLAN), AskForm()
    if not form.validate():
        return _index(plan, form, mistakes=mistakes_of(form), status=422)
    try:
        with transaction():
            opinions.ask_opinions(
                plan_id, until=form.until.data, version=form.version.data, actor=signed_in_account(), now=now()
            )
    except AllocappError as error:
        return _refused(plan_id, error, "until", form)
    flash(_("The receivers are asked until the end of %(day)s.", day=day(form.until.data)))
    return redirect(url_for("opinion.index", plan_id=plan_id), 303)


@pages.post(f"{PLAN}/close")
def close(plan_id: int) -> ResponseReturnValue:
    """End the asking before its day."""
    _load(plan_id, Action.EDIT_PLAN)
    try:
        with transaction():
            opinions.close_opinions(plan_id, actor=signed_in_account(), now=now())
    except AllocappError as error:
        return _refused(plan_id, error)
    flash(_("The asking has ended. Answer what the receivers propose, then submit."))
    return redirect(url_for("opinion.index", plan_id=plan_id), 303)


@pages.post(f"{ONE}/take-up")
def take_up(plan_id: int, opinion_id: int) -> ResponseReturnValue:
    """Write the receiver's figure into the plan."""
    return _answer(plan_id, opinion_id, Answer.TAKEN_UP, _("Taken up: the figure stands in the plan."))


@pages.post(f"{ONE}/explain")
def explain_(plan_id: int, opinion_id: int) -> ResponseReturnValue:
    """Explain why the receiver's figure is not taken up."""
    return _answer(plan_id, opinion_id, Answer.EXPLAINED, _("The explanation is kept with the summary."))


@pages.get(UNIT)
def enter(plan_id: int, unit_id: int) -> ResponseReturnValue:
    """The word of a receiver that nobody speaks for here."""
    return _entry(plan_id, unit_id)


@pages.post(UNIT)
def entered(plan_id: int, unit_id: int) -> ResponseReturnValue:
    """Keep that word, with where it came from."""
    asked = load_asked_on_behalf(signed_in_account(), plan_id, unit_id, now=now())
    form, typed = SourceForm(), words_sent(asked)
    source = form.source.data or ""
    if mistakes := faults_of(typed):
        return _entry(plan_id, unit_id, typed, source, mistakes=mistakes, status=422)
    try:
        with transaction():
            give_opinions(asked.round.id, unit_id, spoken(typed), source=source, actor=signed_in_account(), now=now())
    except AllocappError as error:
        mistake = refusal(typed, error)
        return _entry(plan_id, unit_id, typed, source, mistakes=[mistake], status=explain(error).status)
    flash(_("The opinion is registered, with where it came from."))
    return redirect(url_for("opinion.index", plan_id=plan_id), 303)


def _load(plan_id: int, action: Action = Action.VIEW_PLAN) -> Plan:
    return load_plan(signed_in_account(), plan_id, action, today=today())


def _answer(plan_id: int, opinion_id: int, answer: Answer, done: str) -> ResponseReturnValue:
    _load(plan_id, Action.EDIT_PLAN)
    form = AnswerForm()
    if not form.validate():
        raise NotFound
    given = {"answer": answer, "text": form.text.data or "", "seen": form.seen.data}
    try:
        with transaction():
            opinions.answer_opinion(plan_id, opinion_id, **given, actor=signed_in_account(), now=now())
    except AllocappError as error:
        typed = {opinion_id: form.text.data or ""}
        return _refused(plan_id, error, f"text-{opinion_id}", typed=typed)
    flash(done)
    return redirect(url_for("opinion.index", plan_id=plan_id, _anchor="to-answer"), 303)


def _refused(
    plan_id: int,
    error: AllocappError,
    field_id: str = "",
    form: AskForm | None = None,
    typed: Mapping[int, str] | None = None,
) -> ResponseReturnValue:
    if isinstance(error, NotFound | Forbidden):
        raise error
    message = explain(error)
    text = f"{message.text} {message.next_step}"
    if isinstance(error, ReasonRequired):
        text = _("An explanation needs words: why is the figure not taken up?")
    elif not isinstance(error, TextTooLong | OpinionDateNotAllowed):
        field_id = ""
    return _index(_load(plan_id), form, typed, mistakes=[Mistake(text, field_id)], status=message.status)


def _index(
    plan: Plan,
    form: AskForm | None = None,
    typed: Mapping[int, str] | None = None,
    *,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    found, account = opinions.read_opinions(plan), signed_in_account()
    newest = found.newest
    editable = PlanAction.SAVE in plan_actions_for(plan, account, today())
    barred = not editable and may_on_plan(account, Action.EDIT_PLAN, plan, today())
    asking = newest is not None and opinions.is_open(newest, today())
    if form is None:
        form = AskForm(formdata=None, until=opinions.usual_day(plan, today()))
    unspoken = silent_without_account([line.unit.id for line in found.lines], today()) if editable and asking else ()
    page = render_template(
        "opinion/index.html",
        plan=plan,
        rounds=found.rounds,
        newest=newest,
        asking=asking,
        editable=editable,
        why_not=why_not_edited(plan) if barred else "",
        form=form,
        dissents=[(line, *_figures(line)) for line in found.lines if line.dissent] if editable else [],
        left=len(found.unsettled),
        unspoken=_units(found, unspoken),
        opinions=lay_out_opinions(opinions.sum_up(found)),
        typed=typed or {},
        limit=opinions.TEXT_LIMIT,
        errors={mistake.field_id: mistake.text for mistake in mistakes},
        mistakes=list(mistakes),
    )
    return page, status


def _figures(line: opinions.OpinionLine) -> tuple[str, str]:
    """What was asked and what stands in the plan now, in words."""
    kind = line.indicator.kind
    asked = figure_words((line.asked.target, line.asked.excuse), kind)
    return asked, figure_words((line.current.target, line.current.excuse) if line.current else None, kind)


def _units(found: opinions.Opinions, ids: Collection[int]) -> list[Unit]:
    """Those of the units, each once, in the order of the sheet."""
    return list({line.unit.id: line.unit for line in found.lines if line.unit.id in ids}.values())


def _entry(
    plan_id: int,
    unit_id: int,
    typed: Mapping[int, TypedWord] | None = None,
    source: str = "",
    *,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    asked = load_asked_on_behalf(signed_in_account(), plan_id, unit_id, now=now())
    return asked_page(
        asked,
        typed,
        action=url_for("opinion.entered", plan_id=plan_id, unit_id=unit_id),
        back=(url_for("opinion.index", plan_id=plan_id), _("Opinions of the receivers")),
        source=source,
        mistakes=mistakes,
        status=status,
    )
