"""The forms of revising, giving a revision up, revoking and taking the order back. Shape only."""

from __future__ import annotations

from flask_babel import lazy_gettext as lazy
from wtforms import RadioField, SelectChoice, TextAreaField
from wtforms.validators import InputRequired, Optional

from allocapp.forms import Form
from allocapp.forms.plan import ReasonForm, printable
from allocapp.models.campaign import DecisionKind


class ReviseForm(Form):
    """What the revision's decision will do to the one in force, and why."""

    relation = RadioField(
        lazy("What its decision will do"),
        choices=[
            SelectChoice(DecisionKind.AMEND.value, lazy("Amend the decision in force: some targets change")),
            SelectChoice(DecisionKind.REPLACE.value, lazy("Replace the decision in force as a whole")),
        ],
        validators=[InputRequired(lazy("Choose what the new decision does to the one in force."))],
    )
    reason = TextAreaField(lazy("Reason for the revision"), filters=[lambda text: printable(text or "")])


class BeginAnewForm(ReviseForm):
    """A plan begun anew after it was revoked: there is nothing to amend or replace."""

    relation = RadioField(choices=[], validators=[Optional()], validate_choice=False)


class DiscardForm(ReasonForm):
    """Why a revision is given up."""

    reason = TextAreaField(lazy("Reason for giving it up"), filters=[lambda text: printable(text or "")])


class RevokeForm(ReasonForm):
    """Why a plan in force is to be revoked; the decision prints it."""

    reason = TextAreaField(
        lazy("Reason for revoking, as the decision prints it"), filters=[lambda text: printable(text or "")]
    )


class WithdrawOrderForm(ReasonForm):
    """Why the order to revoke is taken back."""

    reason = TextAreaField(lazy("Reason for taking the order back"), filters=[lambda text: printable(text or "")])
