"""The allocation page as staff use it: saved while typing and through a lost network, filled with blocks from a
spreadsheet, its rows found and put in order without changing what is saved.
"""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from allocapp.clock import now
from allocapp.db import db
from allocapp.models.plan import PlanTarget
from allocapp.services.hold import hold_row
from tests.browser.conftest import Enter
from tests.browser.site import Plant, Site, person
from tests.browser.visitor import Visitor

CODE, PREFIX = "188", "locbinh"
PREPARER = f"{PREFIX}.chuyenvien"
NO_TIMERS = "window.setTimeout = () => 0;"
KEPT = "%(n)s cells or reasons that you typed earlier were not saved yet and stand on the page again."
SILENT = "The check does not answer at this moment. What you type is kept on this page."
OFFLINE = "No connection. What you type is kept on this computer; targets are saved once the connection is back."


@pytest.fixture(scope="module")
def draft(site: Site) -> Plant:
    """A draft that nobody submits; its fourth row is held."""
    site.add_people(PREFIX, CODE)
    made = site.draft(PREFIX, CODE)
    with site.writing():
        rows = select(PlanTarget.unit_id).where(PlanTarget.plan_id == made.plan).order_by(PlanTarget.position)
        held = list(dict.fromkeys(db.session.scalars(rows)))[3]
        hold_row(made.plan, held, reason="Đã thống nhất với xã", actor=person(PREPARER), now=now())
    return made


@pytest.fixture
def preparer(enter: Enter, draft: Plant) -> Visitor:
    """The preparer, on the plan's page."""
    visitor = enter(PREPARER)
    visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visitor.page.on("dialog", lambda dialog: dialog.accept())
    visitor.go(f"/plans/{draft.plan}")
    return visitor


# -- saved while typing ----------------------------------------------------------------------------------------------


def test_ctrl_s_saves_at_once(site: Site, preparer: Visitor, draft: Plant) -> None:
    page = preparer.page
    page.add_init_script(NO_TIMERS)  # what is saved now, the keys have saved
    page.reload()
    first = cells_of(page)[0]
    cell(page, first).fill("61,25")
    expect(page.locator("#sheet-saved")).to_have_text(site.say("%(n)s cells or reasons are not saved yet.", n=1))
    page.keyboard.press("Control+s")
    expect(around(page, first)).to_have_attribute("data-state", "saved")
    assert stored(site, draft)[first] == 6125


def test_what_is_typed_without_a_network_is_saved_once_it_is_back(site: Site, preparer: Visitor, draft: Plant) -> None:
    page, before = preparer.page, stored(site, draft)
    first, _other, third = cells_of(page)[:3]
    said = page.locator(".sheet-notice[data-name=offline]")
    with preparer.watch.offline():
        cell(page, first).fill("62,5")
        cell(page, third).fill("63,5")
        expect(said).to_have_text(site.say(OFFLINE))
        expect(page.locator("#sheet-status")).to_have_text(site.say(SILENT))
        expect(around(page, third)).to_have_attribute("data-state", "failed")
        expect(page.locator("#sheet-saved")).to_have_text(site.say("%(n)s cells or reasons are not saved yet.", n=2))
        assert stored(site, draft) == before
    expect(around(page, third)).to_have_attribute("data-state", "saved")
    expect(said).to_have_count(0)
    expect(page.locator("#sheet-status .verdict")).to_have_count(2)
    assert stored(site, draft) == before | {first: 6250, third: 6350}


def test_what_was_typed_without_a_network_outlives_the_page(site: Site, preparer: Visitor, draft: Plant) -> None:
    page, first = preparer.page, cells_of(preparer.page)[0]
    with preparer.watch.offline():
        cell(page, first).fill("64,5")
        expect(around(page, first)).to_have_attribute("data-state", "failed")
        page.close()  # only left, it could still save while the browser puts it aside
    page = preparer.context.new_page()
    page.goto(f"/plans/{draft.plan}")
    expect(cell(page, first)).to_have_value("64,5")
    expect(page.locator(".sheet-notice[data-name=kept]")).to_have_text(site.say(KEPT, n=1))
    expect(around(page, first)).to_have_attribute("data-state", "saved")
    assert stored(site, draft)[first] == 6450


def test_a_button_pressed_without_a_network_keeps_the_page(site: Site, preparer: Visitor, draft: Plant) -> None:
    page = preparer.page
    reason = page.locator("input[name^='h-']").first
    page.locator(".note summary").first.click()
    with preparer.watch.offline():
        reason.fill("Chờ thống nhất")
        preparer.press("Save draft")
        expect(page.locator(".sheet-notice[data-name=offline]")).to_have_text(site.say(OFFLINE))
        expect(reason).to_have_value("Chờ thống nhất")
    preparer.press("Save draft")
    expect(preparer.notice).to_be_visible()


def test_reasons_outlive_the_page_until_they_are_used(site: Site, preparer: Visitor, draft: Plant) -> None:
    """Why a row is held is sent by its own button alone; leaving the page asks, and coming back finds it."""
    page = preparer.page
    reason = page.locator("input[name^='h-']").nth(1)
    page.locator(".note summary").nth(1).click()
    reason.fill("Chờ thống nhất với xã")
    expect(page.locator("#sheet-saved")).to_have_text(site.say("%(n)s cells or reasons are not saved yet.", n=1))
    assert asked_on_leaving(page)
    page.close()
    page = preparer.context.new_page()
    page.goto(f"/plans/{draft.plan}")
    reason = page.locator("input[name^='h-']").nth(1)
    expect(page.locator(".sheet-notice[data-name=kept]")).to_have_text(site.say(KEPT, n=1))
    expect(reason).to_be_visible()  # its fold is open
    expect(reason).to_have_value("Chờ thống nhất với xã")
    held = reason.get_attribute("name") or ""
    reason.press("Enter")  # presses the row's own button
    expect(page.locator(f"button[value='release-{held[2:]}']")).to_have_count(1)
    expect(page.locator(f"input[name='{held}']")).to_have_count(0)
    expect(page.locator(".sheet-notice")).to_have_count(0)
    assert not asked_on_leaving(page)
    page.locator(".note summary").nth(1).click()
    page.locator(f"button[value='release-{held[2:]}']").click()
    expect(reason).to_have_value("")  # and nothing of it comes back


# -- found and put in order ------------------------------------------------------------------------------------------


def test_filter_and_sort_do_as_the_server_does_and_change_nothing(site: Site, preparer: Visitor, draft: Plant) -> None:
    page = preparer.page
    cells = cells_of(page)
    for name, text in zip(cells[0:8:2], ("71", "9,5", "80", "71"), strict=True):
        cell(page, name).fill(text)
    page.keyboard.press("Control+s")
    expect(around(page, cells[6])).to_have_attribute("data-state", "saved")
    before, official = stored(site, draft), seen_rows(page)
    page.locator(".find summary").click()
    page.locator("label[for=show-0]").click()
    for order in ("target", "baseline", "weight", "gap"):
        page.locator("#find-order").select_option(order)
        page.wait_for_timeout(300)
        sorted_here = seen_rows(page)
        page.reload()  # the address says the same to the server
        assert seen_rows(page) == sorted_here != official, order
    page.locator("#find-order").select_option("")
    page.locator("#find-only").select_option("held")
    expect(page.locator("tr.r:visible")).to_have_count(1)
    page.locator("#find-only").select_option("")
    page.locator("#find-q").fill("BO PHAN")
    expect(page.locator("tr.r:visible")).to_have_count(1)
    expect(page.locator("#find-count")).to_have_text(site.say("%(n)s of %(m)s rows shown.", n=1, m=len(official)))
    page.keyboard.press("Enter")  # finds, and sends nothing
    expect(page.locator("#sheet-saved")).to_have_text("")
    shown = page.locator("tr.r:visible input[name^='t-']:visible")
    changed = str(shown.get_attribute("id"))
    shown.fill("77,5")
    preparer.press("Save draft")
    expect(preparer.notice).to_be_visible()
    assert stored(site, draft) == before | {changed: 7750}


# -- a block from a spreadsheet --------------------------------------------------------------------------------------


def test_a_pasted_block_is_looked_at_then_taken_back_or_kept(site: Site, preparer: Visitor, draft: Plant) -> None:
    page, before = preparer.page, stored(site, draft)
    cells = cells_of(page)[:4]
    said = [cell(page, name).input_value() for name in cells]
    paste(page, cells[0], "41\t42\r\n43,5\t44%\r\n")
    expect(notice(page)).to_contain_text(site.say("%(n)s cells pasted, %(m)s refused.", n=4, m=0))
    assert [cell(page, name).input_value() for name in cells] == ["41", "42", "43,5", "44%"]
    page.wait_for_timeout(2000)  # longer than anything that is typed waits to be saved
    assert stored(site, draft) == before
    page.keyboard.press("Escape")
    expect(notice(page)).to_have_count(0)
    assert [cell(page, name).input_value() for name in cells] == said

    paste(page, cells[0], "41\t42\n43,5\t44%")
    page.get_by_role("button", name=site.say("Take the pasting back")).click()
    assert [cell(page, name).input_value() for name in cells] == said
    paste(page, cells[0], "45\t46\n47,5\t48%")
    page.get_by_role("button", name=site.say("Keep what was pasted")).click()
    expect(around(page, cells[3])).to_have_attribute("data-state", "saved")
    assert stored(site, draft) == before | dict(zip(cells, (4500, 4600, 4750, 4800), strict=True))


def test_long_counts_are_no_codes(site: Site, preparer: Visitor, draft: Plant) -> None:
    page, cells = preparer.page, cells_of(preparer.page)
    codes = page.locator("tr.r .name small").all_inner_texts()
    named = site.say("What you pasted names units. The page for pasting finds the row of each.")
    paste(page, cells[0], "12000\t15000\n13000\t16000")
    expect(notice(page)).to_contain_text(named)  # no rate is as long
    page.evaluate("document.querySelectorAll(\"input[name^='t-']\").forEach(input => { input.inputMode = 'numeric' })")
    paste(page, cells[0], "12000\t15000\n13000\t16000")
    expect(notice(page)).to_contain_text(site.say("%(n)s cells pasted, %(m)s refused.", n=4, m=0))
    page.keyboard.press("Escape")
    paste(page, cells[0], f"{codes[1]}\t15000\n{codes[2]}\t16000")
    expect(notice(page)).to_contain_text(named)


def test_what_cannot_be_pasted_is_named(site: Site, preparer: Visitor, draft: Plant) -> None:
    page, cells, before = preparer.page, cells_of(preparer.page), stored(site, draft)
    rows = page.locator("tr.r .name").evaluate_all("names => names.map(name => name.firstChild.data.trim())")
    first, second = page.locator("tr.r").first.locator("[data-i]").evaluate_all("c => c.map(c => c.dataset.i)")
    paste(page, cells[5], "51\t52\n53\t54")  # the third row's second column: one to the right of it is none
    outside, held = site.say("outside the table"), site.say("held")
    assert refused(page) == [
        f"{rows[2]}: “52” ({outside})",
        f"{rows[3]}, {second}: “53” ({held})",
        f"{rows[3]}: “54” ({outside})",
    ]
    expect(cell(page, cells[5])).to_have_value("51")
    page.keyboard.press("Escape")

    paste(page, cells[-2], "12/3\t1e3\n55\t")
    assert refused(page) == [
        f"{rows[-1]}, {first}: “12/3” ({site.say('not a number')})",
        f"{rows[-1]}, {second}: “1e3” ({site.say('not a number')})",
        f"{site.say('line %(n)s', n=2)}: “55” ({outside})",
    ]
    page.get_by_role("button", name=site.say("Take the pasting back")).click()

    codes = page.locator("tr.r .name small").all_inner_texts()
    paste(page, cells[1], f"{codes[4]}\t51\n{codes[0]}\t52")
    expect(notice(page)).to_contain_text(
        site.say("What you pasted names units. The page for pasting finds the row of each.")
    )
    page.get_by_role("button", name=site.say("Open the page for pasting")).click()
    expect(page).to_have_url(re.compile(f"/plans/{draft.plan}/paste"))
    for row in (rows[4], rows[0]):
        expect(page.get_by_role("row").filter(has_text=row)).to_contain_text(second)
    assert stored(site, draft) == before


def asked_on_leaving(page: Page) -> bool:
    """Whether the browser would ask before the page is left."""
    refused: bool = page.evaluate("() => !dispatchEvent(new Event('beforeunload', { cancelable: true }))")
    return refused


def cells_of(page: Page) -> list[str]:
    """The ids of the targets' inputs, in the order of the page: row by row."""
    found: list[str] = page.locator("#sheet input[name^='t-']").evaluate_all("inputs => inputs.map(i => i.id)")
    return found


def cell(page: Page, name: str) -> Locator:
    """The input with this id."""
    return page.locator(f"#{name}")


def around(page: Page, name: str) -> Locator:
    """The table cell of this input, which shows how far it is from being saved."""
    return page.locator(f"td:has(> #{name})")


def seen_rows(page: Page) -> list[str]:
    """The names of the receivers to be seen, from top to bottom."""
    return page.locator("tr.r:visible .name").all_inner_texts()


def notice(page: Page) -> Locator:
    """What is said of the block that was pasted."""
    return page.locator(".sheet-notice[data-name=paste]")


def refused(page: Page) -> list[str]:
    """The pasted cells that were refused, each as it is named."""
    return notice(page).locator(".refused").inner_text().split("\n")


def paste(page: Page, name: str, text: str) -> None:
    """Put the text on the clipboard and paste it with the keys into this cell."""
    page.evaluate("text => navigator.clipboard.writeText(text)", text)
    cell(page, name).focus()
    page.keyboard.press("Control+v")


def stored(site: Site, draft: Plant) -> dict[str, int | None]:
    """The targets in the database by the id of their inputs."""

    def read() -> dict[str, int | None]:
        found = select(PlanTarget).where(PlanTarget.plan_id == draft.plan)
        return {f"t-{row.unit_id}-{row.indicator_id}": row.target for row in db.session.scalars(found)}

    return site.reading(read)
