"""The forms of opinions: asking until a day, a receiver's words on its figures, and the answers to them. Shape only.

Fields of a receiver's words, by indicator id: ``s-…`` agree or propose, ``p-…`` the figure proposed, ``r-…`` why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flask_babel import lazy_gettext as lazy
from werkzeug.datastructures import MultiDict
from wtforms import StringField, TextAreaField
from wtforms.validators import InputRequired, Optional, Regexp

from allocapp.errors import AgreedAndProposed, AllocappError
from allocapp.forms import Form
from allocapp.forms.decision import DayField
from allocapp.forms.plan import VersionForm, printable
from allocapp.rules.balance import Kind
from allocapp.rules.percent import parse_count, parse_percent
from allocapp.services.asked import Word

_BLANKS = " \u00a0"


class AskForm(VersionForm):
    """Ask the receivers until the end of a day, on the version of the draft that the person looked at."""

    until = DayField(lazy("Ask until the end of"), validators=[InputRequired(lazy("Enter the day."))])


class AnswerForm(Form):
    """An answer to a receiver's figure, bound to what the person saw."""

    seen = StringField(validators=[InputRequired(), Regexp(r"[0-9a-f]{64}\Z")])
    text = TextAreaField(validators=[Optional()], filters=[lambda text: printable(text or "")])


class SourceForm(Form):
    """Where an opinion came from that is entered for somebody else."""

    source = StringField(validators=[Optional()], filters=[lambda text: " ".join(printable(text or "").split())])


@dataclass(frozen=True)
class TypedWord:
    """A word as typed and as read: None in ``word`` where nothing was said, or where it cannot be read."""

    choice: str = ""
    figure: str = ""
    reason: str = ""
    word: Word | None = None
    fault: AllocappError | None = None


def read_words(form: MultiDict[str, str], kinds: Mapping[int, Kind]) -> dict[int, TypedWord]:
    """The words on each indicator as they came back. A figure that was typed is proposed, also unticked."""
    return {indicator_id: _read_word(form, indicator_id, kind) for indicator_id, kind in kinds.items()}


def read_figure(text: str, kind: Kind) -> int:
    """A figure as its indicator counts it. Raises InvalidPercent, PercentOutOfRange, InvalidCount."""
    return parse_percent(text) if kind is Kind.RATE else parse_count(text)


def _read_word(form: MultiDict[str, str], indicator_id: int, kind: Kind) -> TypedWord:
    choice = form.get(f"s-{indicator_id}", "")
    choice = choice if choice in ("agree", "propose") else ""
    figure, reason = printable(form.get(f"p-{indicator_id}", "")), printable(form.get(f"r-{indicator_id}", ""))
    typed = TypedWord(choice, figure, reason)
    written = bool(figure.strip(_BLANKS))
    if not choice and not written and not reason:
        return typed
    try:
        if choice == "agree" and written:
            raise AgreedAndProposed
        proposed = None if choice == "agree" else read_figure(figure, kind)
    except AllocappError as fault:
        return TypedWord(choice, figure, reason, None, fault)
    return TypedWord(choice, figure, reason, Word(proposed, reason))
