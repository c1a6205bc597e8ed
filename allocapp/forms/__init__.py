"""Forms: they check the shape of what was sent; what it means is the rules' affair."""

from __future__ import annotations

import re
import unicodedata

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import IntegerField

# ten digits hold every id and version; int() alone would also take other scripts' digits, blanks and a thousand digits
_ID = re.compile(r"[0-9]{1,10}")


class _Words:
    """What WTForms says of its own accord, which it cannot say in Vietnamese: a value that the page did not offer."""

    def gettext(self, text: str) -> str:
        """The words for a value that no field of ours takes; only a form that was tampered with meets them."""
        if text in _NOT_OFFERED:
            return str(_("This is none of the values offered. Open the page again and choose one."))
        return text

    def ngettext(self, singular: str, plural: str, n: int) -> str:
        """Nothing of ours is counted by WTForms."""
        return singular if n == 1 else plural


_NOT_OFFERED = frozenset(
    {"Not a valid choice.", "Invalid Choice: could not coerce.", "Not a valid integer value.", "Not a valid choice"}
)


class Form(FlaskForm):
    """The base of every form: with a CSRF token."""

    class Meta:
        """The words of fields that say something by themselves."""

        def get_translations(self, form: FlaskForm) -> _Words:
            """For every form the same."""
            return _Words()


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
