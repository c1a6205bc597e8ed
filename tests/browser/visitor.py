"""A person at a browser of their own. Whatever goes wrong in it is noted, and the test that caused it fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    StorageState,
    WebError,
    expect,
)

from tests.browser.site import Site

OFFICE: Final = (1366, 768)
PHONE: Final = (360, 800)
PATIENCE_MS: Final = 10_000

# Chrome says this of every answer above 399; the answers themselves are judged, see ``Watch.expecting``
_TOLD_TWICE: Final = "Failed to load resource: the server responded with a status of"
_NO_NETWORK: Final = "net::ERR_INTERNET_DISCONNECTED"


class Watch:
    """Notes what goes wrong in a browser: exceptions, console errors, refused content, failed or refused requests."""

    def __init__(self, context: BrowserContext) -> None:
        self.wrong: list[str] = []
        self._context = context
        self._expected: int | None = None
        self._met = False
        self._hurried = False
        self._cut_off = False
        context.on("console", self._heard)
        context.on("weberror", self._broke)
        context.on("requestfailed", self._failed)
        context.on("response", self._answered)

    @contextmanager
    def expecting(self, status: int) -> Iterator[None]:
        """Refusals with this status are what the block is about: one must come, and none is a fault."""
        self._expected, self._met = status, False
        yield
        for _turn in range(PATIENCE_MS // 50):
            if self._met:
                break
            self._context.pages[0].wait_for_timeout(50)
        self._expected = None
        assert self._met, f"no answer had the status {status}"

    @contextmanager
    def letting_go(self) -> Iterator[None]:
        """In the block a request may be replaced by the next one."""
        self._hurried = True
        yield
        self._hurried = False

    @contextmanager
    def offline(self) -> Iterator[None]:
        """In the block there is no network; that requests find none is no fault."""
        self._cut_off = True
        self._context.set_offline(True)
        yield
        self._context.set_offline(False)
        self._cut_off = False

    def _heard(self, message: ConsoleMessage) -> None:
        if self._cut_off and _NO_NETWORK in message.text:
            return
        if message.type in ("error", "warning") and not message.text.startswith(_TOLD_TWICE):
            self.wrong.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _broke(self, error: WebError) -> None:
        self.wrong.append(f"exception: {error.error}")

    def _failed(self, request: Request) -> None:
        # let go, not failed: what a page that was left had still asked for, a live check that a newer one replaces,
        # a file that becomes a download, the first of two clicks
        if self._cut_off and request.failure == _NO_NETWORK:
            return
        meant = self._hurried or request.resource_type != "document" or request.url.endswith("/file")
        if not (meant and request.failure == "net::ERR_ABORTED"):
            self.wrong.append(f"failed: {request.method} {request.url}: {request.failure}")

    def _answered(self, response: Response) -> None:
        if response.status == self._expected:
            self._met = True
        elif response.status >= 400:
            self.wrong.append(f"{response.status}: {response.request.method} {response.url}")


class Visitor:
    """A browser window with its own cookies; ``page`` is its first tab."""

    def __init__(
        self,
        browser: Browser,
        site: Site,
        *,
        size: tuple[int, int] = OFFICE,
        javascript: bool = True,
        session: StorageState | None = None,
    ) -> None:
        self.site = site
        self.context = browser.new_context(
            base_url=site.url,
            viewport={"width": size[0], "height": size[1]},
            locale="vi-VN",
            timezone_id="Asia/Ho_Chi_Minh",
            java_script_enabled=javascript,
            has_touch=size == PHONE,
            is_mobile=size == PHONE,
            storage_state=session,
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.watch = Watch(self.context)
        self.page: Page = self.context.new_page()
        self.login = ""

    def sign_in(self, login: str) -> Visitor:
        """Sign in through the form and land on the task list."""
        self.login = login
        self.page.goto("/sign-in")
        self.fill_sign_in(login)
        expect(self.page.get_by_role("heading", level=1)).to_have_text(self.site.say("My tasks"))
        return self

    def fill_sign_in(self, login: str, page: Page | None = None) -> None:
        """Fill in and send the form that stands on the page."""
        here = page or self.page
        here.get_by_label(self.site.say("Account name")).fill(login)
        here.get_by_label(self.site.say("Password")).fill(self.site.password_of(login))
        self.press("Sign in", here)

    def go(self, path: str) -> Page:
        """Go to a page of the site."""
        self.page.goto(path)
        return self.page

    def press(self, message: str, page: Page | None = None, **values: object) -> None:
        """Press the button that says this, in the page's content."""
        self.button(message, page, **values).click()

    def press_twice(self, message: str, **values: object) -> None:
        """Double-click the button that says this. The second request replaces the first, which is let go."""
        with self.watch.letting_go():
            self.button(message, None, **values).dblclick()
            self.page.wait_for_load_state()

    def button(self, message: str, page: Page | None = None, **values: object) -> Locator:
        """The button that says this, in the page's content. Messages are given in English, buttons say Vietnamese."""
        said = self.site.say(message, **values)
        return (page or self.page).get_by_role("main").get_by_role("button", name=said, exact=True)

    def link(self, message: str, within: Locator | None = None, **values: object) -> Locator:
        """The link that says this, in the page's content or a part of it."""
        place = within or self.page.get_by_role("main")
        return place.get_by_role("link", name=self.site.say(message, **values), exact=True)

    def task(self, message: str, about: str) -> Locator:
        """The line of the task list about this unit whose next step is called so."""
        rows = self.page.get_by_role("main").get_by_role("row")
        return rows.filter(has_text=about).filter(has_text=self.site.say(message))

    def take_up(self, message: str, about: str) -> None:
        """Go to the task list and follow the link of the first such task about this unit."""
        self.go("/")
        self.link(message, self.task(message, about).first).click()

    @property
    def notice(self) -> Locator:
        """What the page says after a step that was taken."""
        return self.page.locator("main .notice[role=status]:not(.sheet-notice)")

    @property
    def mistakes(self) -> Locator:
        """The error summary on top of the page."""
        return self.page.get_by_role("alert")

    def close(self) -> None:
        """Close the window; what went wrong in it is kept."""
        self.context.close()
