"""The form that delegates a role. Shape only; who may delegate what to whom is the service's affair."""

from __future__ import annotations

from flask_babel import lazy_gettext as lazy
from wtforms import SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Optional

from allocapp.forms import Form
from allocapp.forms.decision import DayField
from allocapp.forms.plan import printable
from allocapp.models.account import Capacity

CAPACITIES = [
    SelectChoice(Capacity.FOR_HEAD.value, lazy("KT. (a deputy for the head)")),
    SelectChoice(Capacity.BY_ORDER.value, lazy("TL. (by the head's order)")),
    SelectChoice(Capacity.BY_AUTHORISATION.value, lazy("TUQ. (authorised by the head)")),
]
NOT_ON_THE_LIST = lazy("Choose from the list.")


def _number(text: object) -> int:
    """An id as our own pages write it, 0 where nobody is chosen; -1, which is on no list, for anything else."""
    written = str(text or "0")
    return int(written) if written.isascii() and written.isdigit() and len(written) <= 10 else -1


class DelegationForm(Form):
    """Who acts in one's place, in which capacity and under which title, why, and from when to when."""

    account_id = SelectField(
        lazy("Who acts for you"),
        coerce=_number,
        validators=[InputRequired(lazy("Choose the person."))],
        invalid_choice_message=NOT_ON_THE_LIST,
    )
    capacity = SelectField(
        lazy("Capacity"), choices=CAPACITIES, validators=[InputRequired()], invalid_choice_message=NOT_ON_THE_LIST
    )
    title = StringField(
        lazy("Title under the capacity"), validators=[Optional()], filters=[lambda text: printable(text or "")]
    )
    reason = TextAreaField(lazy("Reason"), validators=[Optional()], filters=[lambda text: printable(text or "")])
    valid_from = DayField(lazy("First day"), validators=[InputRequired(lazy("Enter the first day."))])
    valid_to = DayField(lazy("Last day"), validators=[InputRequired(lazy("Enter the last day."))])
