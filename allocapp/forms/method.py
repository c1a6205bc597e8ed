"""The forms of the methods page: which formula, and what it must keep to."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import lazy_gettext as lazy
from wtforms import BooleanField, RadioField, SelectField, StringField
from wtforms.fields import Field
from wtforms.validators import InputRequired, NumberRange, Optional, StopValidation

from allocapp.errors import AllocappError
from allocapp.forms import Form, IdField, clean_text
from allocapp.forms.plan import LARGEST_ID, VersionForm
from allocapp.rules.balance import Direction, IndicatorRule, Kind
from allocapp.rules.methods import Method, methods_for
from allocapp.rules.percent import parse_count, parse_percent
from allocapp.rules.receivers import STEPS
from allocapp.rules.trim import TrimOrder
from allocapp.services.method import Choice, Limits

_AIMS = {
    (Kind.RATE, Direction.AT_LEAST): lazy("Overall rate to reach"),
    (Kind.RATE, Direction.AT_MOST): lazy("Overall rate not to exceed"),
    (Kind.QUANTITY, Direction.AT_LEAST): lazy("Total to reach"),
    (Kind.QUANTITY, Direction.AT_MOST): lazy("Total not to exceed"),
}


class MethodForm(Form):
    """A formula and its limits. Sent by GET to try it, by POST to apply what was tried."""

    class Meta:
        # trying changes nothing; applying is checked by the page's own CSRF check
        csrf = False

    indicator = IdField(validators=[InputRequired(), NumberRange(min=1, max=LARGEST_ID)])
    act = RadioField(lazy("What to do"), validators=[InputRequired(lazy("Choose a method."))])
    step = SelectField(lazy("Step"), coerce=int)
    aim = StringField(validators=[Optional()], filters=[clean_text])
    floor = StringField(lazy("No receiver below"), validators=[Optional()], filters=[clean_text])
    ceiling = StringField(lazy("No receiver above"), validators=[Optional()], filters=[clean_text])
    past_baseline = BooleanField(lazy("May go below last year's result"))

    def offer(self, rule: IndicatorRule, acts: list[tuple[str, str]], steps: list[tuple[int, str]]) -> None:
        """Offer what makes sense for the indicator, in the page's words."""
        self.rule = rule
        self.aim.label.text = _AIMS[rule.kind, rule.direction]
        if rule.direction is Direction.AT_MOST:
            self.past_baseline.label.text = lazy("May go above last year's result")
        self.act.choices = acts
        self.step.choices = steps

    def validate_aim(self, field: Field) -> None:
        """A rate or a count, as the indicator asks for."""
        self._read(field)

    validate_floor = validate_aim
    validate_ceiling = validate_aim

    @property
    def choice(self) -> Choice:
        """What was chosen; call it on a valid form only."""
        return Choice(
            indicator_id=self.indicator.data,
            act=_act(self.act.data),
            limits=Limits(
                step=self.step.data,
                floor=self._read(self.floor),
                ceiling=self._read(self.ceiling),
                past_baseline=self.past_baseline.data,
            ),
            aim=self._read(self.aim),
        )

    def _read(self, field: Field) -> int | None:
        parse: Callable[[str], int] = parse_percent if self.rule.kind is Kind.RATE else parse_count
        if not field.data:
            return None
        try:
            return parse(field.data)
        except AllocappError:
            wanted = (
                lazy("Write a number from 0 to 100 with at most two decimals, such as 80 or 79.6.")
                if self.rule.kind is Kind.RATE
                else lazy("Write a whole number such as 1234.")
            )
            raise StopValidation(str(wanted)) from None


class ApplyForm(VersionForm):
    """The version of the plan that the formula was tried on, and the stamp of what it would do."""

    stamp = StringField(validators=[Optional()])


def acts_for(rule: IndicatorRule) -> list[Method | TrimOrder]:
    """Everything that can be done to the rows of an indicator."""
    return [*methods_for(rule), *TrimOrder]


def steps_for(rule: IndicatorRule) -> tuple[int, ...]:
    """The steps offered: percentage points in hundredths, or counts."""
    return STEPS if rule.kind is Kind.RATE else (1, 10, 100, 1000)


def _act(value: str) -> Method | TrimOrder:
    return Method(value) if value in set(Method) else TrimOrder(value)
