"""What a person typed, kept over a session that ended meanwhile: signed, handed to the browser, sent again on request.

Only for requests that provably came from our own pages, and only for the person who typed it: neither another site's
form nor that of the person before at the same browser is ever offered for sending again.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import current_app, request
from itsdangerous import BadData, URLSafeTimedSerializer

KEPT_FOR = 24 * 60 * 60  # seconds: until the next working morning
LARGEST = 600_000  # characters of a signed form; the largest plan stays far below
# what is never kept: secrets, and what belongs to the session that has ended
LEFT_OUT = frozenset({"csrf_token", "password", "passphrase", "next", "kept"})
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class KeptForm:
    """A form as it was sent: where to, and its fields in their order. ``files`` names those that held a file.

    A file itself is never kept: its content would have to travel to the browser and back.
    """

    url: str
    fields: tuple[tuple[str, str], ...]
    files: tuple[str, ...] = ()


def from_own_page() -> bool | None:
    """Whether the browser says that our own page sent this; None where it says nothing."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return None if origin is None else urlsplit(origin).netloc == request.host


def keep_form(owner: int | None) -> str:
    """The request's form, signed, for the account ``owner`` (None: for nobody signed in).

    Empty where there is nothing to keep or no proof that it is ours.
    """
    if request.method in SAFE_METHODS or not from_own_page() or request.mimetype not in _FORM_TYPES:
        return ""
    fields = [(name, value) for name, value in request.form.items(multi=True) if name not in LEFT_OUT]
    if not fields:
        return ""
    signed = _serializer().dumps([owner, request.full_path.removesuffix("?"), fields, file_fields()])
    text = signed if isinstance(signed, str) else signed.decode()
    return text if len(text) <= LARGEST else ""


def file_fields() -> list[str]:
    """The names of the request's fields in which a file was chosen."""
    return list(dict.fromkeys(name for name, file in request.files.items(multi=True) if file.filename))


def read_kept(text: str, owner: int | None) -> KeptForm | None:
    """The form behind the signed text; None where it is not ours, too old, or somebody else's."""
    try:
        kept_for, url, fields, files = _serializer().loads(text, max_age=KEPT_FOR)
    except BadData:
        return None
    if kept_for != owner:
        return None
    return KeptForm(url, tuple((name, value) for name, value in fields), tuple(files))


def local_path(text: str | None) -> str | None:
    """``text`` if it is a path on this site, None otherwise: a sign-in never leads elsewhere."""
    if not text or not text.startswith("/") or text.startswith(("//", "/\\")):
        return None
    if any(ord(character) < 33 for character in text) or "\\" in text:
        return None
    parts = urlsplit(text)
    return None if parts.scheme or parts.netloc else text.removesuffix("?")


_FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")


def _serializer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt="kept-form-and-its-file-fields")
