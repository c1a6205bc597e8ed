"""Every main page on an office screen and on a phone: it fits, it can be tapped, and it meets WCAG 2.2 AA.

The demonstration's own plans and decisions are looked at and left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect
from sqlalchemy import select

from allocapp.db import db
from allocapp.models.decision import Decision
from allocapp.models.plan import Plan
from tests.browser.conftest import Enter
from tests.browser.site import Site, unit_named
from tests.browser.visitor import OFFICE, PHONE

SIZES = pytest.mark.parametrize("size", [OFFICE, PHONE], ids=["office", "phone"])
PROVINCE, CITY, RETURNED, DRAFT, SUBMITTED, TO_SIGN = "20", "178", "187", "185", "186", "183"
SMALLEST_TARGET = 24  # CSS pixels, WCAG 2.2 (2.5.8)

AXE_OPTIONS: Final = {
    "resultTypes": ["violations"],
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]},
    "rules": {"target-size": {"enabled": True}},
}

# what is wider than the window, and controls that are too small to tap; links within a sentence may be
TOO_WIDE = "() => document.scrollingElement.scrollWidth - document.documentElement.clientWidth"
TOO_SMALL = """(smallest) => [...document.querySelectorAll(
  "button, .btn, input:not([type=hidden]), select, textarea, summary, nav a, .skip:focus"
)].filter((control) => control.checkVisibility({ visibilityProperty: true })).map((control) => {
  // a press on the words beside a box or a button of a group is one on it
  const pressed = ["checkbox", "radio"].includes(control.type) ? control.labels[0] ?? control : control;
  const box = pressed.getBoundingClientRect();
  return box.width < smallest || box.height < smallest
    ? `${control.tagName} ${control.id || control.textContent.trim()} ${box.width}×${box.height}` : "";
}).filter(Boolean)"""


@dataclass(frozen=True)
class Shown:
    """A page: who looks at it, and where it is."""

    login: str
    find: Callable[[], str]
    status: int = 200


def plan_at(code: str, further: str = "") -> Callable[[], str]:
    """The address of a unit's plan."""
    return lambda: f"/plans/{db.session.scalars(select(Plan.id).where(Plan.unit == unit_named(code))).one()}{further}"


def decision_at(code: str) -> Callable[[], str]:
    """The address of a unit's decision."""
    found = select(Decision.id)
    return lambda: f"/decisions/{db.session.scalars(found.where(Decision.unit == unit_named(code))).one()}"


def at(path: str) -> Callable[[], str]:
    """The same address in every installation."""
    return lambda: path


PAGES = {
    "sign-in": Shown("", at("/sign-in")),
    "tasks": Shown("tinh.duyet", at("/")),
    "no tasks": Shown("tinh.phoihop", at("/")),
    "plans": Shown("tinh.duyet", at("/plans/")),
    "plan, edit": Shown("bacson.chuyenvien", plan_at(DRAFT)),
    "plan, returned": Shown("chilang.chuyenvien", plan_at(RETURNED)),
    "plan, read": Shown("tinh.phoihop", plan_at(PROVINCE)),
    "review": Shown("tinh.duyet", plan_at(SUBMITTED, "/review")),
    "decisions": Shown("tinh.vanthu", at("/decisions/")),
    "decision, to sign": Shown("caoloc.lanhdao", decision_at(TO_SIGN)),
    "decision, issued": Shown("thanhpho.vanthu", decision_at(CITY)),
    "register": Shown("tinh.vanthu", at("/decisions/register")),
    "quotas": Shown("tinh.phoihop", at("/quotas/")),
    "quota": Shown("hoangvanthu.xem", at("/quotas/")),
    "journal": Shown("tinh.kiemtra", at("/journal")),
    "notifications": Shown("chilang.chuyenvien", at("/notices/")),
    "what is e-mailed": Shown("chilang.chuyenvien", at("/notices/choices")),
    "verify": Shown("snv.xem", at("/decisions/verify")),
    "nothing": Shown("snv.xem", at("/nothing/here"), 404),
}


@SIZES
@pytest.mark.parametrize("name", PAGES)
def test_a_page_fits_and_is_accessible(site: Site, enter: Enter, name: str, size: tuple[int, int]) -> None:
    shown = PAGES[name]
    visitor = enter(shown.login, size=size)
    path = site.reading(shown.find)
    if shown.status == 200:
        visitor.go(path)
    else:
        with visitor.watch.expecting(shown.status):
            visitor.go(path)
    look_at(visitor.page)


@SIZES
def test_a_page_with_mistakes_is_accessible(site: Site, enter: Enter, size: tuple[int, int]) -> None:
    visitor = enter("bacson.chuyenvien", size=size)
    page = visitor.go(site.reading(plan_at(DRAFT)))
    first = page.locator("#sheet input[name^='t-']").first
    first.fill("101")
    expect(first).to_have_attribute("aria-invalid", "true")
    look_at(page)
    with visitor.watch.expecting(422):
        visitor.press("Save draft")
    expect(visitor.mistakes).to_be_focused()
    expect(first).to_have_value("101")
    look_at(page)


@SIZES
def test_the_verdict_on_a_file_is_accessible(site: Site, enter: Enter, size: tuple[int, int]) -> None:
    visitor = enter("thanhpho.vanthu", size=size)
    page = visitor.go(site.reading(decision_at(CITY)))
    with page.expect_download() as download:
        visitor.link("Download the PDF").click()
    visitor.go("/decisions/verify")
    page.locator("#file").set_input_files(download.value.path())
    visitor.press("Verify")
    expect(page.locator(".verdict")).to_have_class(re.compile("verdict-good"))
    look_at(page)


@pytest.mark.parametrize("login", sorted({shown.login for shown in PAGES.values()}))
def test_pages_fit_in_english_and_on_the_narrowest_screen(site: Site, enter: Enter, login: str) -> None:
    """320 pixels are also what is left of an office screen at four times its size (WCAG 2.2, 1.4.10)."""
    visitor = enter(login, size=PHONE)
    paths = [site.reading(shown.find) for shown in PAGES.values() if (shown.login, shown.status) == (login, 200)]
    page = visitor.go(paths[0])
    wide = []
    for language, switch, then in (("vi", "English", "en"), ("en", "Tiếng Việt", "vi")):
        for path in paths:
            visitor.go(path)
            expect(page.locator("html")).to_have_attribute("lang", language)
            for width in (PHONE[0], 320):
                page.set_viewport_size({"width": width, "height": PHONE[1]})
                if page.evaluate(TOO_WIDE) > 0:
                    wide.append(f"{path} in {language} at {width}")
        page.get_by_role("button", name=switch).click()
        expect(page.locator("html")).to_have_attribute("lang", then)
    assert not wide


def look_at(page: Page) -> None:
    """Nothing sticks out of the window, nothing is too small to tap, and axe finds no violation."""
    assert page.evaluate(TOO_WIDE) <= 0
    assert page.evaluate(TOO_SMALL, SMALLEST_TARGET) == []
    found = Axe().run(page, options=AXE_OPTIONS)
    assert found.violations_count == 0, found.generate_report()
