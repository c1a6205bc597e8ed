"""The main steps by people whose browsers run no script: every button is a real one, and waiting is reloading."""

from __future__ import annotations

import re
from functools import partial

from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.browser.site import Site
from tests.browser.visitor import Visitor

DISTRICT, CODE, PREFIX = "Huyện Văn Lãng", "182", "vanlang"
PROVINCE = "Ủy ban nhân dân tỉnh Lạng Sơn"
RENDERED_MS = 45_000


def test_the_main_steps(site: Site, enter: Enter) -> None:
    site.add_people(PREFIX, CODE)
    come = partial(enter, javascript=False)
    preparer = come(f"{PREFIX}.chuyenvien", anew=True)
    plan_id = begin(preparer)
    first = fill_in(preparer, plan_id)
    check(preparer, first)
    save(preparer, first)
    submit(preparer, first)

    approver = come("tinh.duyet")
    approver.take_up("Review", DISTRICT)
    approver.press("Approve the plan")
    expect(approver.notice).to_have_text(site.say("Approved: the decision waits for its number."))

    number(come(f"{PREFIX}.vanthu"))
    sign(come(f"{PREFIX}.lanhdao"))


def begin(preparer: Visitor) -> int:
    """Open the draft from the task list."""
    row = preparer.task("Begin", DISTRICT)
    row.get_by_role("button", name=preparer.site.say("Begin"), exact=True).click()
    expect(preparer.page).to_have_url(re.compile(r"/plans/[0-9]+$"))
    return int(preparer.page.url.rpartition("/")[2])


def fill_in(preparer: Visitor, plan_id: int) -> tuple[str, str]:
    """Type targets that balance; the first dossier target's cell and what stands in it."""
    targets = preparer.site.balancing_targets(plan_id)
    for (unit_id, indicator_id), text in targets.items():
        preparer.page.locator(f"#t-{unit_id}-{indicator_id}").fill(text)
    last = max(indicator_id for _unit_id, indicator_id in targets)
    unit_id = next(unit_id for unit_id, indicator_id in targets if indicator_id == last)
    return f"t-{unit_id}-{last}", targets[unit_id, last]


def check(preparer: Visitor, first: tuple[str, str]) -> None:
    """The button that says what the sheet comes to, without saving."""
    page, (cell_id, _target) = preparer.page, first
    verdicts = page.locator(".sheet-status .verdict")
    preparer.press("Check")
    expect(page.locator("main .notice-quiet")).to_contain_text(preparer.site.say("Checked, not saved yet."))
    expect(verdicts.nth(1)).to_have_class(re.compile("verdict-good"))
    page.locator(f"#{cell_id}").fill("10")
    preparer.press("Check")
    expect(verdicts.nth(1)).to_contain_text(re.compile(r"thiếu .* điểm phần trăm ≈ [0-9.]+ hồ sơ"))
    page.locator(f"#{cell_id}").fill("NaN")
    with preparer.watch.expecting(422):
        preparer.press("Check")
    expect(page.locator(f"#{cell_id}")).to_have_attribute("aria-invalid", "true")
    expect(page.locator(f"#{cell_id}")).to_have_value("NaN")
    expect(preparer.mistakes.locator(f"a[href='#{cell_id}']")).to_be_visible()


def save(preparer: Visitor, first: tuple[str, str]) -> None:
    """An unbalanced draft is kept."""
    cell = preparer.page.locator(f"#{first[0]}")
    cell.fill("10")
    preparer.press("Save draft")
    expect(preparer.notice).to_be_visible()
    expect(cell).to_have_value("10")


def submit(preparer: Visitor, first: tuple[str, str]) -> None:
    """An unbalanced plan is not submitted; a balanced one is."""
    cell_id, target = first
    with preparer.watch.expecting(422):
        preparer.press("Submit to %(superior)s", superior=PROVINCE)
    expect(preparer.mistakes).to_contain_text(re.compile("thiếu .* điểm phần trăm"))
    preparer.mistakes.locator(f"a[href='#{cell_id}']").first.click()
    expect(preparer.page.locator(f"#{cell_id}")).to_be_focused()
    preparer.page.locator(f"#{cell_id}").fill(target)
    preparer.press("Submit to %(superior)s", superior=PROVINCE)
    expect(preparer.notice).to_have_text(preparer.site.say("Submitted to %(superior)s.", superior=PROVINCE))


def number(clerk: Visitor) -> None:
    """Take the number; the page reloads itself until the file is there."""
    clerk.take_up("Take the number", DISTRICT)
    clerk.press("Take the number")
    now = clerk.page.locator(".road-now .road-name")
    expect(now).to_have_text(clerk.site.say("Leader's signing"), timeout=RENDERED_MS)


def sign(leader: Visitor) -> None:
    """Sign the file."""
    leader.take_up("Read and sign", DISTRICT)
    leader.page.locator("#password").fill(leader.site.password_of(leader.login))
    leader.page.locator("#passphrase").fill(leader.site.passphrase)
    leader.press("Sign decision %(number)s", number="01/QĐ-UBND")
    expect(leader.notice).to_have_text(leader.site.say("Signed. The clerk now applies the body's seal."))
