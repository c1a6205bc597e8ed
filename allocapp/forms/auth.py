"""The form on the sign-in page."""

from __future__ import annotations

from flask_babel import lazy_gettext as lazy
from wtforms import HiddenField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from allocapp.forms import Form, clean_text


class SignInForm(Form):
    """Account name and password; ``next`` is where to go on, ``kept`` a form that the session's end interrupted."""

    login = StringField(
        lazy("Account name"),
        filters=[clean_text],
        validators=[
            InputRequired(lazy("Enter your account name.")),
            Length(max=64, message=lazy("The account name is too long.")),
        ],
    )
    # at most what Argon2 should be made to chew on
    password = PasswordField(
        lazy("Password"),
        validators=[
            InputRequired(lazy("Enter your password.")),
            Length(max=256, message=lazy("The password is too long.")),
        ],
    )
    next = HiddenField()
    kept = HiddenField()
