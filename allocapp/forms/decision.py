"""The decision pages' forms: a date, a password and a passphrase, a reason, a file. Shape only."""

from __future__ import annotations

import re
from datetime import date

from flask_babel import lazy_gettext as lazy
from flask_wtf.file import FileField
from wtforms import DateField, Field, PasswordField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange, Optional, ValidationError
from wtforms.widgets import TextInput

from allocapp.forms import Form, IdField
from allocapp.forms.plan import LARGEST_ID, ReasonForm, VersionForm, printable

# 05/06/2022 as people write it, 2022-06-05 as a browser's own date field sends it; ASCII digits only
_DAY = re.compile(r"(?P<day>[0-9]{1,2})[/.-](?P<month>[0-9]{1,2})[/.-](?P<year>[0-9]{4})")
_ISO_DAY = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")

LARGEST_UPLOAD = 20 * 1024 * 1024  # bytes

# at most what Argon2 and a key file should be made to chew on
LONGEST_SECRET = 256


def parse_day(text: str) -> date:
    """A day as typed, ``05/06/2022`` (dots and dashes do too), or ``2022-06-05``. Raises ValueError for other texts."""
    found = _ISO_DAY.fullmatch(text.strip()) or _DAY.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    return date(int(found["year"]), int(found["month"]), int(found["day"]))


class DayField(DateField):
    """A date, shown and typed as dd/MM/yyyy in every browser; what was typed is shown again."""

    widget = TextInput()

    def __init__(self, label: object, **options: object) -> None:
        super().__init__(label, format="%d/%m/%Y", **options)

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was sent."""
        if not valuelist:
            return
        try:
            self.data = parse_day(valuelist[0])
        except ValueError:
            raise ValueError(lazy("This is not a date. Write it as dd/mm/yyyy, such as 05/06/2022.")) from None


class NumberForm(VersionForm):
    """The date that the clerk takes the number for, and by which delegation somebody signs for the leader, if any."""

    dated = DayField(lazy("Date of the decision"), validators=[InputRequired(lazy("Enter the date of the decision."))])
    signer = IdField(validators=[Optional(), NumberRange(max=LARGEST_ID)])


class SignForm(VersionForm):
    """What a signature asks for, typed anew each time and kept nowhere."""

    password = PasswordField(
        lazy("Your sign-in password"),
        validators=[
            InputRequired(lazy("Enter the password you sign in with.")),
            Length(max=LONGEST_SECRET, message=lazy("The password is too long.")),
        ],
    )
    passphrase = PasswordField(
        lazy("Passphrase of the signing key"),
        validators=[
            InputRequired(lazy("Enter the passphrase of the signing key.")),
            Length(max=LONGEST_SECRET, message=lazy("The passphrase is too long.")),
        ],
    )


class RefuseForm(ReasonForm):
    """Why a decision is refused; the service judges an empty or too long reason."""

    reason = TextAreaField(lazy("Reason for the refusal"), filters=[lambda text: printable(text or "")])


class AcknowledgeForm(Form):
    """The unit that acknowledges."""

    unit_id = IdField(validators=[InputRequired(), NumberRange(min=1, max=LARGEST_ID)])


class UploadForm(Form):
    """A PDF to be verified. ``pdf`` holds its bytes after validation."""

    file = FileField(lazy("PDF file"))
    pdf: bytes = b""

    def validate_file(self, field: Field) -> None:
        """The file is there, not too large, and a PDF by its content, whatever it is called."""
        if not field.data or not field.data.filename:
            raise ValidationError(lazy("Choose the PDF file to verify."))
        content = field.data.stream.read(LARGEST_UPLOAD + 1)
        if not content:
            raise ValidationError(lazy("The file is empty. Choose the PDF file of the decision."))
        if len(content) > LARGEST_UPLOAD:
            raise ValidationError(
                lazy("The file is larger than 20 MB. No decision is: choose the file as it was downloaded.")
            )
        if not content.startswith(b"%PDF-"):
            raise ValidationError(
                lazy("This is not a PDF file. Choose the file as it was downloaded, not a scan or a copy.")
            )
        self.pdf = content
