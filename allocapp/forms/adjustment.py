"""The forms of requests for adjustment: the figure asked for and why, and the answer. Shape only."""

from __future__ import annotations

from wtforms import RadioField, StringField, TextAreaField
from wtforms.validators import AnyOf, InputRequired, Optional

from allocapp.forms import Form
from allocapp.forms.plan import printable
from allocapp.models.campaign import DecisionKind


class AdjustmentForm(Form):
    """The figure that a receiver asks for, and why."""

    proposed = StringField(validators=[Optional()], filters=[lambda text: printable(text or "")])
    reason = TextAreaField(validators=[Optional()], filters=[lambda text: printable(text or "")])


class ReplyForm(Form):
    """What is answered to a request."""

    text = TextAreaField(validators=[Optional()], filters=[lambda text: printable(text or "")])


class AcceptForm(ReplyForm):
    """An acceptance: what the revision's decision does to the one in force."""

    relation = RadioField(
        choices=[DecisionKind.AMEND.value, DecisionKind.REPLACE.value],
        validators=[InputRequired(), AnyOf([DecisionKind.AMEND.value, DecisionKind.REPLACE.value])],
        validate_choice=False,
    )
