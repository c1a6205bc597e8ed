"""The language of a page: the account's, or what a visitor without one chose; Vietnamese first."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, current_app, request
from flask_babel import Babel
from flask_login import current_user

LANGUAGES: Final = ("vi", "en")
COOKIE: Final = "allocapp-language"
KEPT_FOR: Final = 365 * 24 * 60 * 60


def init_language(app: Flask) -> None:
    """Let Flask-Babel ask here for the language of each request."""
    Babel(app, locale_selector=page_language)


def page_language() -> str:
    """`vi` or `en`."""
    chosen = current_user.language if current_user.is_authenticated else request.cookies.get(COOKIE)
    return chosen if chosen in LANGUAGES else LANGUAGES[0]


def remember_language(response: Response, code: str) -> None:
    """Keep a visitor's choice in the browser, for the sign-in page."""
    response.set_cookie(
        COOKIE,
        code,
        max_age=KEPT_FOR,
        httponly=True,
        samesite="Lax",
        secure=bool(current_app.config["SESSION_COOKIE_SECURE"]),
    )
