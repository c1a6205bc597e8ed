"""One Chromium and one installation for the whole folder, and a fresh browser window for each person of a test."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from tests.browser.site import Plant, Site
from tests.browser.visitor import OFFICE, PATIENCE_MS, Visitor
from tests.servers import wait_until

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SWITCHES = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
)
SOON = 15.0  # seconds in which nothing may be left


class Enter(Protocol):
    """Open a browser window; with ``login``, signed in.

    The first time a person signs in through the form; later windows share that session, unless ``anew``.
    """

    def __call__(
        self, login: str = "", *, size: tuple[int, int] = OFFICE, javascript: bool = True, anew: bool = False
    ) -> Visitor: ...


@dataclass(frozen=True)
class Interrupted:
    """A decision whose file was being made when the workers were killed, and the clerk who waits for it."""

    made: Plant
    clerk: Visitor


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of this folder, so that they can be chosen or left out."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Not for the whole session: while Playwright's loop runs in this thread no other test could run one, and signing does.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, without a window."""
    executable = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if executable is None:
        pytest.skip(f"needs Chromium: none of {', '.join(CHROMIUMS)} is installed")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(SWITCHES))
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The real thing with its demonstration, as ``make run`` starts it; it ends without a trace."""
    made = Site(tmp_path_factory.mktemp("site") / "instance")
    supervisor = made.start(made.command("--end-with-parent"))
    wait_until(lambda: made.status("/healthz") == 200, SOON, "not healthy")
    yield made
    made.close()
    supervisor.send_signal(signal.SIGTERM)
    assert supervisor.wait(SOON) == 0
    assert made.processes() == set()
    assert "Traceback" not in made.output, made.output


@pytest.fixture(scope="package")
def sessions() -> dict[str, StorageState]:
    """The session of everybody who has signed in, by login."""
    return {}


@pytest.fixture
def enter(chromium: Browser, site: Site, sessions: dict[str, StorageState]) -> Iterator[Enter]:
    """People come in, each at a browser of their own; nothing may go wrong in any of them."""
    present: list[Visitor] = []

    def open_window(
        login: str = "", *, size: tuple[int, int] = OFFICE, javascript: bool = True, anew: bool = False
    ) -> Visitor:
        known = None if anew else sessions.get(login)
        visitor = Visitor(chromium, site, size=size, javascript=javascript, session=known)
        present.append(visitor)
        visitor.login = login
        if login and known is None:
            visitor.sign_in(login)
        if login and known is None and not anew:
            sessions[login] = visitor.context.storage_state()
        return visitor

    yield open_window
    for visitor in present:
        visitor.close()
    wrong = [f"{visitor.login or 'nobody'}: {text}" for visitor in present for text in visitor.watch.wrong]
    assert not wrong, "\n".join(wrong)


@pytest.fixture(scope="package", autouse=True)
def interrupted(request: pytest.FixtureRequest) -> Iterator[Interrupted | None]:
    """Kill the workers while one makes a decision's file, where ``test_worker.py`` will ask what became of it."""
    if not any(item.path.name == "test_worker.py" for item in request.session.items):
        yield None
        return
    site: Site = request.getfixturevalue("site")
    site.add_people("trangdinh", "180")
    made = site.approved("trangdinh", "180")
    clerk = Visitor(request.getfixturevalue("chromium"), site).sign_in("trangdinh.vanthu")
    clerk.go(f"/decisions/{made.decision}")
    clerk.button("Take the number").click(no_wait_after=True)
    site.kill_workers_while_rendering(made)
    # the page says that it waits, and goes on doing so by itself
    expect(clerk.page.locator(".making progress")).to_be_visible()
    expect(clerk.page.locator(".road-now .road-name")).to_have_text(site.say("Making of the file"))
    yield Interrupted(made, clerk)
    clerk.close()
