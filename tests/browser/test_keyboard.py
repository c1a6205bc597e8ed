"""The allocation page without a mouse: keys as in a spreadsheet, and what has the focus is always to be seen."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Enter
from tests.browser.site import Plant, Site
from tests.browser.visitor import OFFICE, PHONE

CODE, PREFIX = "188", "locbinh"

# where the focused element lies if one of its corners shows something else: the sticky bar, the heading, or nothing
COVERED = """() => {
  const element = document.activeElement, box = element.getBoundingClientRect();
  const hidden = [box.left + 2, box.right - 2].some((x) => [box.top + 2, box.bottom - 2].some((y) => {
    const shown = document.elementFromPoint(x, y);
    return !shown || !element.contains(shown);
  }));
  return hidden ? `${element.tagName} ${element.id} ${Math.round(box.top)}–${Math.round(box.bottom)}` : "";
}"""


@pytest.fixture(scope="module")
def draft(site: Site) -> Plant:
    """A draft that nobody submits."""
    site.add_people(PREFIX, CODE)
    return site.draft(PREFIX, CODE)


def test_enter_and_arrows_move_in_the_column(enter: Enter, draft: Plant) -> None:
    page = enter(f"{PREFIX}.chuyenvien").go(f"/plans/{draft.plan}")
    first, second = cells_of(page)[:2]
    third, fourth = cells_of(page)[2:4]
    page.locator(f"#{first}").focus()
    for key, arrived in (
        ("Enter", third),
        ("ArrowUp", first),
        ("ArrowUp", first),
        ("ArrowDown", third),
        ("Shift+Enter", first),
        ("Tab", second),
        ("ArrowDown", fourth),
        ("Shift+Enter", second),
        ("Shift+Tab", first),
    ):
        page.keyboard.press(key)
        assert focused(page) == arrived, key


def test_typing_replaces_what_stands_there_and_escape_brings_it_back(enter: Enter, draft: Plant) -> None:
    page = enter(f"{PREFIX}.chuyenvien").go(f"/plans/{draft.plan}")
    first, _second, third = cells_of(page)[:3]
    page.locator(f"#{first}").focus()
    page.keyboard.type("70")
    page.keyboard.press("Enter")  # leaving the cell saves it
    expect(page.locator("#sheet-saved")).to_have_text(re.compile(r"\([0-9]{2}:[0-9]{2}.*\)"))
    page.keyboard.press("ArrowUp")
    page.keyboard.type("71,5")
    expect(page.locator(f"#{first}")).to_have_value("71,5")
    page.keyboard.press("Escape")
    expect(page.locator(f"#{first}")).to_have_value("70")
    expect(page.locator(f"#{third}")).to_have_value("")


def test_tab_goes_through_a_row_and_on_to_the_next(enter: Enter, draft: Plant) -> None:
    page = enter(f"{PREFIX}.chuyenvien").go(f"/plans/{draft.plan}")
    cells = cells_of(page)
    page.locator(f"#{cells[0]}").focus()
    met = [cells[0], *walk(page, ["Tab"] * 6)]
    assert met == [cells[0], cells[1], "SUMMARY", cells[2], cells[3], "SUMMARY", cells[4]]


def test_links_skip_the_menu_and_the_table(enter: Enter, draft: Plant) -> None:
    page = enter(f"{PREFIX}.chuyenvien").go(f"/plans/{draft.plan}")
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    page.keyboard.press("Tab")  # the link back to all plans
    page.keyboard.press("Tab")
    skip = page.locator("a[href='#sheet-actions']")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport(ratio=1)
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator("#sheet-actions button:visible").first).to_be_focused()


@pytest.mark.parametrize("size", [OFFICE, PHONE], ids=["office", "phone"])
def test_what_has_the_focus_is_never_hidden(enter: Enter, draft: Plant, size: tuple[int, int]) -> None:
    page = enter(f"{PREFIX}.chuyenvien", size=size).go(f"/plans/{draft.plan}")
    cells = cells_of(page)
    down = len(cells) // 2
    page.locator(f"#{cells[0]}").focus()
    page.keyboard.type("50")  # the bar now says what is still short
    expect(page.locator("#sheet-status")).to_contain_text(str(down - 1))
    hidden = covered(page, ["Enter"] * (down - 1))
    assert focused(page) == cells[-2]
    hidden += covered(page, ["ArrowUp"] * (down - 1))
    hidden += covered(page, ["Tab"] * (3 * down))
    hidden += covered(page, ["Shift+Tab"] * (3 * down))
    assert not hidden


def cells_of(page: Page) -> list[str]:
    """The ids of the targets' inputs, in the order of the page: row by row."""
    found: list[str] = page.locator("#sheet input[name^='t-']").evaluate_all("inputs => inputs.map(i => i.id)")
    return found


def focused(page: Page) -> str:
    """The id of what has the focus, or its tag where it has none."""
    return str(page.evaluate("document.activeElement.id || document.activeElement.tagName"))


def walk(page: Page, keys: Iterable[str]) -> list[str]:
    """Where each key leads."""
    met = []
    for key in keys:
        page.keyboard.press(key)
        met.append(focused(page))
    return met


def covered(page: Page, keys: Iterable[str]) -> list[str]:
    """Where the focus was hidden, wholly or in part, after one of the keys."""
    found = []
    for key in keys:
        page.keyboard.press(key)
        if where := page.evaluate(COVERED):
            found.append(f"{key}: {where}")
    return found
