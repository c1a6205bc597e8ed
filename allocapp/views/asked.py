"""A receiver's own pages: what it is asked about a draft, and its word on each of its figures. Never others' rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.clock import now, today
from allocapp.db import transaction
from allocapp.errors import (
    AllocappError,
    Forbidden,
    NotFound,
    NothingToAgreeWith,
    ReasonRequired,
    SourceRequired,
    TextTooLong,
)
from allocapp.forms.opinion import TypedWord, read_words
from allocapp.services.asked import Asked, Word, give_opinions, list_asked, load_asked
from allocapp.services.opinion import TEXT_LIMIT
from allocapp.views.formatting import entered, localized
from allocapp.views.messages import Mistake, explain
from allocapp.views.opinion_words import answer_name, figure_words
from allocapp.views.visitor import signed_in_account

ONE = "/<int(max=2147483647):round_id>/<int(max=2147483647):unit_id>"

pages = Blueprint("asked", __name__, url_prefix="/opinions")


@pages.get("/")
def index() -> ResponseReturnValue:
    """Every draft that the person's units were asked about, newest first."""
    return render_template("asked/index.html", rounds=list_asked(signed_in_account(), today=today()))


@pages.get(ONE)
def show(round_id: int, unit_id: int) -> ResponseReturnValue:
    """What the unit is asked, and what it has said so far."""
    return _page(load_asked(signed_in_account(), round_id, unit_id, now=now()))


@pages.post(ONE)
def give(round_id: int, unit_id: int) -> ResponseReturnValue:
    """Keep the unit's words; they can be changed until the round is over."""
    asked = load_asked(signed_in_account(), round_id, unit_id, now=now())
    typed = words_sent(asked)
    if mistakes := faults_of(typed):
        return _page(asked, typed, mistakes=mistakes, status=422)
    try:
        with transaction():
            give_opinions(round_id, unit_id, spoken(typed), actor=signed_in_account(), now=now())
    except AllocappError as error:
        return _refused(round_id, unit_id, typed, error)
    flash(_("Your opinion is registered. You can change it until the asking ends."))
    return redirect(url_for("asked.show", round_id=round_id, unit_id=unit_id), 303)


def words_sent(asked: Asked) -> dict[int, TypedWord]:
    """The words of the form that was sent."""
    kinds = {figure.indicator.id: figure.indicator.kind for figure in asked.figures}
    return read_words(request.form, kinds)


def spoken(typed: Mapping[int, TypedWord]) -> dict[int, Word]:
    """The words that were said."""
    return {indicator_id: words.word for indicator_id, words in typed.items() if words.word is not None}


def faults_of(typed: Mapping[int, TypedWord]) -> list[Mistake]:
    """What cannot be read; and that nothing was said at all."""
    faults = [
        Mistake(f"{(message := explain(words.fault)).text} {message.next_step}", f"p-{indicator_id}")
        for indicator_id, words in typed.items()
        if words.fault is not None
    ]
    if not faults and not spoken(typed):
        return [Mistake(_("Nothing was chosen. Agree with a figure, or register the one that you propose."))]
    return faults


def refusal(typed: Mapping[int, TypedWord], error: AllocappError) -> Mistake:
    """What was refused, at its field."""
    if isinstance(error, NotFound | Forbidden):
        raise error
    message = explain(error)
    if isinstance(error, ReasonRequired):
        lacking = (
            n for n, words in typed.items() if words.word and words.word.proposed is not None and not words.reason
        )
        return Mistake(_("A figure that you propose needs its reason."), f"r-{next(lacking, 0)}")
    place = ""
    if isinstance(error, TextTooLong):
        long = (number for number, words in typed.items() if len(words.reason) > error.limit)
        place = f"r-{next(long, next(iter(typed), 0))}"
    elif isinstance(error, SourceRequired):
        place = "source"
    elif isinstance(error, NothingToAgreeWith):
        place = f"p-{next((number for number, words in typed.items() if words.choice == 'agree'), 0)}"
    return Mistake(f"{message.text} {message.next_step}", place)


def asked_page(
    asked: Asked,
    typed: Mapping[int, TypedWord] | None = None,
    *,
    action: str,
    back: tuple[str, str],
    source: str | None = None,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    """The page of one receiver; ``source`` is a text where the preparer enters the words for it."""
    page = render_template(
        "asked/show.html",
        asked=asked,
        plan=asked.plan,
        unit=asked.unit,
        lines=[_line(asked, position, typed) for position in range(len(asked.figures))],
        action=action,
        back=back,
        source=source,
        limit=TEXT_LIMIT,
        errors={mistake.field_id: mistake.text for mistake in mistakes},
        mistakes=list(mistakes),
    )
    return page, status


def _page(
    asked: Asked,
    typed: Mapping[int, TypedWord] | None = None,
    *,
    mistakes: Sequence[Mistake] = (),
    status: int = 200,
) -> ResponseReturnValue:
    return asked_page(
        asked,
        typed,
        action=url_for("asked.give", round_id=asked.round.id, unit_id=asked.unit.id),
        back=(url_for("asked.index"), _("All drafts you were asked about")),
        mistakes=mistakes,
        status=status,
    )


def _refused(round_id: int, unit_id: int, typed: Mapping[int, TypedWord], error: AllocappError) -> ResponseReturnValue:
    mistake = refusal(typed, error)
    asked = load_asked(signed_in_account(), round_id, unit_id, now=now())
    return _page(asked, typed, mistakes=[mistake], status=explain(error).status)


def _line(asked: Asked, position: int, typed: Mapping[int, TypedWord] | None) -> dict[str, object]:
    """One figure as the page shows it: what was asked, what stands in the inputs, and the answer once it is over."""
    figure = asked.figures[position]
    indicator, word = figure.indicator, figure.word
    stored = TypedWord()
    if word is not None:
        choice = "agree" if word.proposed is None else "propose"
        stored = TypedWord(choice, entered(word.proposed, indicator.kind), word.reason)
    return {
        "figure": figure,
        "indicator": indicator,
        "name": localized(indicator, "name"),
        "asked": figure_words((figure.entry.target, figure.entry.excuse), indicator.kind),
        "blank": figure.entry.target is None and not figure.entry.excuse,
        "typed": typed.get(indicator.id, stored) if typed is not None else stored,
        "word": word,
        "answer": answer_name(word.answer.value) if word is not None and word.answer and not asked.open else "",
    }
