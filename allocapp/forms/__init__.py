"""Forms: they check the shape of what was sent; what it means is the rules' affair."""

from __future__ import annotations

import re
import unicodedata

from flask_wtf import FlaskForm
from wtforms import IntegerField

# ten digits hold every id and version; int() alone would also take other scripts' digits, blanks and a thousand digits
_ID = re.compile(r"[0-9]{1,10}")


class Form(FlaskForm):
    """The base of every form: with a CSRF token."""


class IdField(IntegerField):
    """An id or a version, which only our own pages write: plain digits, or nothing."""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Read what was sent."""
        if valuelist and not _ID.fullmatch(valuelist[0]):
            raise ValueError(self.gettext("Not a valid integer value."))
        super().process_formdata(valuelist)


def clean_text(text: str | None) -> str:
    """A filter for text fields: NFC, because accents come in two encodings, and without blanks around it.

    U+0000 is left out: PostgreSQL refuses every text with it, even in a question.
    """
    return unicodedata.normalize("NFC", text or "").replace("\x00", "").strip()
