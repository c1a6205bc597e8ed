"""What an auditor looks for in the journal. Shape only. It is sent as an address, so that it can be kept and paged."""

from __future__ import annotations

from flask_babel import lazy_gettext as lazy
from werkzeug.datastructures import MultiDict
from wtforms import SelectField, StringField
from wtforms.validators import Length, Optional

from allocapp.forms import Form
from allocapp.forms.decision import DayField
from allocapp.forms.plan import printable
from allocapp.models.event import Subject
from allocapp.services.journal_search import Search

LONGEST = 200
NOT_ON_THE_LIST = lazy("Choose from the list.")
NAMES = ("first_day", "last_day", "unit", "person", "subject", "action")


class JournalForm(Form):
    """The filters. Nothing is changed by it, so it needs no token."""

    class Meta:
        """Sent by GET."""

        csrf = False

    first_day = DayField(lazy("From"), validators=[Optional()])
    last_day = DayField(lazy("To"), validators=[Optional()])
    unit = StringField(lazy("Unit"), validators=[Length(max=LONGEST)], filters=[lambda text: printable(text or "")])
    person = StringField(lazy("Person"), validators=[Length(max=LONGEST)], filters=[lambda text: printable(text or "")])
    subject = SelectField(lazy("About"), default="", invalid_choice_message=NOT_ON_THE_LIST)
    action = SelectField(lazy("What"), default="", invalid_choice_message=NOT_ON_THE_LIST)

    @property
    def search(self) -> Search:
        """What is looked for; the form has been checked."""
        about, _dot, action = (self.action.data or "").partition(".")
        subject = self.subject.data or about
        return Search(
            first_day=self.first_day.data,
            last_day=self.last_day.data,
            unit=self.unit.data or "",
            person=self.person.data or "",
            subject=Subject(subject) if subject else None,
            action=action if about in ("", subject) else "-",
        )


def given_filters(arguments: MultiDict[str, str]) -> dict[str, str]:
    """The filters that an address holds, for the address of another page of the same list."""
    return {name: arguments[name] for name in NAMES if arguments.get(name)}
