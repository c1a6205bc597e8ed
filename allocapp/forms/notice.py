"""The forms on notifications: what was read, and which kinds are e-mailed where."""

from __future__ import annotations

from flask_babel import lazy_gettext as lazy
from wtforms import Field, StringField
from wtforms.validators import AnyOf, InputRequired, NumberRange, ValidationError

from allocapp.config import MAIL_ADDRESS
from allocapp.forms import Form, IdField, clean_text
from allocapp.forms.plan import LARGEST_ID
from allocapp.models.notice import Mailing, NoticeKind


class ReadForm(Form):
    """The newest notification that the person saw."""

    newest = IdField(validators=[InputRequired(), NumberRange(min=1, max=LARGEST_ID)])


class ChoicesForm(Form):
    """Where e-mails go, and for each kind of notification whether and when one is sent. An empty address: nowhere."""

    email = StringField(lazy("E-mail address"), filters=[clean_text])

    def validate_email(self, field: Field) -> None:
        """Empty, or one plain address."""
        if field.data and not MAIL_ADDRESS.match(field.data):
            raise ValidationError(lazy("This is not an e-mail address. Write it as ten@donvi.vn, without blanks."))

    @property
    def choices(self) -> dict[NoticeKind, Mailing]:
        """What was chosen for the kinds that were sent, once the form is valid."""
        return {kind: Mailing(self[kind.value].data) for kind in NoticeKind if self[kind.value].data}


for _kind in NoticeKind:
    _chosen = AnyOf(["", *Mailing], message=lazy("Choose one of the ways listed."))
    setattr(ChoicesForm, _kind.value, StringField(filters=[clean_text], validators=[_chosen]))
