"""Forms: they check the shape of what was sent; what it means is the rules' affair."""

from __future__ import annotations

import unicodedata

from flask_wtf import FlaskForm


class Form(FlaskForm):
    """The base of every form: with a CSRF token."""


def clean_text(text: str | None) -> str:
    """A filter for text fields: NFC, because accents come in two encodings, and without blanks around it."""
    return unicodedata.normalize("NFC", text or "").strip()
