"""A person at a browser: signs in through the form, fills in what stands on the page, sends it with its token.

Every answer is looked at, whatever the test is about: the headers, and every page's HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextvars import Context
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Flask, has_app_context
from flask_babel import force_locale, gettext
from werkzeug.test import TestResponse

from allocapp.db import db
from allocapp.errors import AllocappError
from allocapp.views.messages import explain
from allocapp.views.statuses import Message
from tests.factories import PASSWORD
from tests.views.catalogue import english_in
from tests.views.markup import Page

# written out once more, so that a weaker header is noticed
HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; frame-ancestors 'none'; form-action 'self'; base-uri 'none'; object-src 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
FORM: Final = "application/x-www-form-urlencoded"
# what browsers say of a request that one of our own pages made
OWN_PAGE: Final = {"Sec-Fetch-Site": "same-origin", "Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """What came back."""

    response: TestResponse

    @property
    def status(self) -> int:
        """The status code."""
        return self.response.status_code

    @property
    def location(self) -> str:
        """Where it sends the browser on to, as a path on this site."""
        parts = urlsplit(self.response.headers.get("Location", ""))
        assert not parts.scheme, f"leads to another site: {parts.geturl()}"
        assert not parts.netloc, f"leads to another site: {parts.geturl()}"
        return parts._replace(scheme="", netloc="").geturl()

    @property
    def is_page(self) -> bool:
        """Whether it is a whole page in HTML; a redirect's few words are none."""
        return self.response.mimetype == "text/html" and not 300 <= self.status < 400 and bool(self.response.data)

    @cached_property
    def page(self) -> Page:
        """The page."""
        assert self.is_page, f"no page but {self.response.mimetype}, {self.status}"
        return Page(self.response.text)

    @property
    def json(self) -> Any:
        """What it says as JSON."""
        return self.response.json


class Client:
    """One browser with its cookies. ``page`` is the page it shows; ``language`` what every page must be written in."""

    def __init__(self, app: Flask, *, address: str = "192.0.2.7") -> None:
        self.app = app
        self.browser = app.test_client()
        self.address = address
        self.language = "vi"
        self.shown: Page | None = None
        self.own_token = ""

    @property
    def page(self) -> Page:
        """The page that the browser shows."""
        assert self.shown is not None, "no page was opened"
        return self.shown

    def sign_in(self, login: str, password: str = PASSWORD) -> Client:
        """Sign in on the page for it; lands on the list of tasks."""
        self.open("/sign-in")
        return self.sign_in_here(login, password)

    def sign_in_here(self, login: str, password: str = PASSWORD) -> Client:
        """Sign in on the sign-in page that is shown."""
        answer = self.send("/sign-in", {"login": login, "password": password}, expect=302)
        assert answer.location == "/"
        self.own_token = self.follow(answer).form("/sign-out").fields["csrf_token"]
        return self

    def open(self, url: str, *, expect: int = 200) -> Page:
        """Go to an address and see a page."""
        self.get(url, expect=expect)
        return self.page

    def get(self, url: str, *, expect: int | None = None, **options: Any) -> Answer:
        """Ask for an address, whatever comes."""
        return self.ask("GET", url, expect=expect, **options)

    def follow(self, answer: Answer) -> Page:
        """Go where the answer leads."""
        return self.open(answer.location)

    def send(
        self,
        url: str,
        changes: Mapping[str, str] | None = None,
        *,
        expect: int | None = 303,
        without: Collection[str] = (),
        added: Mapping[str, str] | None = None,
        page: Page | None = None,
    ) -> Answer:
        """Send the page's form that leads to ``url``, with some fields filled in.

        Only fields of the form can be filled in. ``without`` and ``added`` tamper with it. ``page``: an older page than
        the one shown, as in another window.
        """
        fields = (page or self.page).form(url).fields
        for name, value in (changes or {}).items():
            assert name in fields, f"the form has no field {name}"
            fields[name] = value
        for name in without:
            del fields[name]
        return self.post(url, fields | dict(added or {}), expect=expect)

    def post(self, url: str, fields: Mapping[str, str], *, expect: int | None = None, **options: Any) -> Answer:
        """Send fields as they are given, with no form behind them."""
        return self.post_bytes(url, urlencode(list(fields.items())).encode(), expect=expect, **options)

    def post_bytes(self, url: str, body: bytes, *, expect: int | None = None, **options: Any) -> Answer:
        """Send a form's bytes as they are given, as no browser would."""
        return self.ask("POST", url, data=body, content_type=FORM, expect=expect, **options)

    def act(self, url: str, fields: Mapping[str, str] | None = None, *, expect: int | None = None) -> Answer:
        """Send fields with the token that the person was given, whether or not a page offers a form for it."""
        return self.post(url, {"csrf_token": self.own_token, **(fields or {})}, expect=expect)

    def token(self) -> str:
        """The token that the person was given on signing in."""
        return self.own_token

    def ask(
        self,
        method: str,
        url: str,
        *,
        expect: int | None = None,
        headers: Mapping[str, str | None] | None = None,
        **given: Any,
    ) -> Answer:
        """One request, outside any context of the test's own, as it would reach a server. A header None is left out."""
        sent = {name: value for name, value in {**OWN_PAGE, **(headers or {})}.items() if value is not None}

        def go() -> TestResponse:
            return self.browser.open(
                url, method=method, headers=sent, environ_base={"REMOTE_ADDR": self.address}, **given
            )

        answer = Answer(Context().run(go))
        if has_app_context():
            db.session.rollback()  # what the test reads from now on is what is stored now
        self._look_at(answer, f"{method} {url}")
        if expect is not None:
            assert answer.status == expect, f"{method} {url}: {answer.status}, not {expect}{_reason(answer)}"
        if answer.is_page:
            self.shown = answer.page
        return answer

    def _look_at(self, answer: Answer, asked: str) -> None:
        assert answer.status != 500, f"{asked}: the server failed"
        for name, value in HEADERS.items():
            if name != "Cache-Control" or "/static/" not in asked:
                assert answer.response.headers.get(name) == value, f"{asked}: {name} is not {value}"
        if not answer.is_page:
            return
        assert answer.response.content_type == "text/html; charset=utf-8"
        faults = answer.page.all_faults(self.language)
        if self.language == "vi":
            faults += [f"English on a Vietnamese page: {text!r}" for text in english_in(answer.page.spoken())]
        assert not faults, f"{asked} ({answer.status}): {faults[:8]}"


def _reason(answer: Answer) -> str:
    return f" ({answer.page.heading}: {answer.page.errors})" if answer.is_page else ""


def spoken_by(app: Flask, language: str, speak: Callable[[], T]) -> T:
    """What ``speak`` says in that language."""

    def go() -> T:
        with app.test_request_context(), force_locale(language):
            return speak()

    return Context().run(go)


def told(app: Flask, error: AllocappError) -> Message:
    """The Vietnamese words for an error, which are not the English ones."""
    message: Message = spoken_by(app, "vi", lambda: explain(error))
    assert message != spoken_by(app, "en", lambda: explain(error)), f"{error!r} is not told in Vietnamese"
    return message


def vietnamese(app: Flask, text: str, **values: object) -> str:
    """The catalogue's Vietnamese for an English text, which must be there."""
    found: str = spoken_by(app, "vi", lambda: gettext(text, **values))
    assert found != spoken_by(app, "en", lambda: gettext(text, **values)), f"not translated: {text}"
    return found
