"""The campaign page's forms: days of stages, a later day for one unit, what the campaign asks of plans. Shape only.

Fields of the settings: ``ceiling-<indicator id>``, ``below_baseline-<indicator id>``, ``below_last-<indicator id>``, in
percentage points for a rate and as a count for a quantity; ``jump_deviations`` such as ``2`` or ``2,5``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from flask_babel import lazy_gettext as lazy
from werkzeug.datastructures import MultiDict
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, NumberRange, Optional, Regexp

from allocapp.errors import AllocappError
from allocapp.forms import Form, IdField
from allocapp.forms.decision import DayField, parse_day
from allocapp.forms.plan import LARGEST_ID, printable
from allocapp.models.campaign import Authority, StageName
from allocapp.rules.balance import Kind
from allocapp.rules.percent import parse_count, parse_percent
from allocapp.services.campaign_road import IndicatorPolicy, Policy

_DAYS = re.compile(r"[0-9]{1,3}")
FIGURES = ("ceiling", "below_baseline", "below_last")


class SeenForm(Form):
    """A form that carries the stamp of what it was made from."""

    seen = StringField(validators=[InputRequired(), Regexp(r"[0-9a-f]{64}\Z")])


class RemindForm(Form):
    """One click that reminds a unit."""

    unit_id = IdField(validators=[InputRequired(), NumberRange(min=1, max=LARGEST_ID)])


class ExtendForm(Form):
    """A later day for one unit and stage, with the reason."""

    stage = SelectField(lazy("Stage"), choices=[SelectChoice(name.value) for name in StageName])
    unit_id = SelectField(lazy("Unit"), coerce=int, validate_choice=False)
    due = DayField(lazy("New last day"), validators=[InputRequired(lazy("Enter the new last day."))])
    reason = TextAreaField(
        lazy("Reason"), validators=[Optional()], filters=[lambda text: printable(text or "").strip()]
    )


class CloseForm(Form):
    """Closing is final: the person types the campaign's code."""

    code = StringField(lazy("Code of the campaign"), filters=[lambda text: printable(text or "").strip()])


@dataclass(frozen=True)
class TypedDays:
    """The days as typed, and as read: a name is missing in ``days`` where its text is no day."""

    texts: Mapping[StageName, str]
    days: Mapping[StageName, date | None]

    @property
    def unreadable(self) -> tuple[StageName, ...]:
        """The stages whose text is no day."""
        return tuple(name for name in self.texts if name not in self.days)


def read_days(form: MultiDict[str, str]) -> TypedDays:
    """Fields ``day-<stage>``; an empty one takes the stage's day away."""
    texts = {name: printable(form.get(f"day-{name.value}", "")).strip() for name in StageName}
    days: dict[StageName, date | None] = {}
    for name, text in texts.items():
        try:
            days[name] = parse_day(text) if text else None
        except ValueError:
            continue
    return TypedDays(texts, days)


@dataclass(frozen=True)
class TypedPolicy:
    """The settings as typed, by field; ``policy`` None where one of ``unreadable`` cannot be read."""

    texts: Mapping[str, str]
    unreadable: tuple[str, ...]
    policy: Policy | None


def read_policy_form(form: MultiDict[str, str], kinds: Mapping[int, Kind]) -> TypedPolicy:
    """The settings as they came back, for the campaign's indicators by id."""
    names = [f"{figure}-{indicator_id}" for indicator_id in kinds for figure in FIGURES]
    names += ["authority", "jump_deviations", "jump_rows", "remind_days"]
    texts = {name: printable(form.get(name, "")).strip() for name in names}
    read: dict[str, int | None] = {}
    unreadable = []
    for indicator_id, kind in kinds.items():
        for figure in FIGURES:
            name = f"{figure}-{indicator_id}"
            try:
                read[name] = _figure(texts[name], kind)
            except AllocappError:
                unreadable.append(name)
    try:
        read["jump_deviations"] = parse_percent(texts["jump_deviations"])
    except AllocappError:
        unreadable.append("jump_deviations")
    days = [part for part in re.split(r"[,;\s]+", texts["remind_days"]) if part]
    if not all(_DAYS.fullmatch(part) for part in days):
        unreadable.append("remind_days")
    if not _DAYS.fullmatch(texts["jump_rows"]):
        unreadable.append("jump_rows")
    if texts["authority"] not in set(Authority):
        unreadable.append("authority")
    if unreadable:
        return TypedPolicy(texts, tuple(unreadable), None)
    policy = Policy(
        authority=Authority(texts["authority"]),
        jump_deviations=read["jump_deviations"] or 0,
        jump_rows=int(texts["jump_rows"]),
        remind_days=tuple(int(part) for part in days),
        indicators={
            indicator_id: IndicatorPolicy(
                read[f"ceiling-{indicator_id}"],
                read[f"below_baseline-{indicator_id}"] or 0,
                read[f"below_last-{indicator_id}"] or 0,
            )
            for indicator_id in kinds
        },
    )
    return TypedPolicy(texts, (), policy)


def _figure(text: str, kind: Kind) -> int | None:
    if not text:
        return None
    return parse_percent(text) if kind is Kind.RATE else parse_count(text)
