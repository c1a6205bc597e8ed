"""Two windows on one plan, impatient fingers, the back button, a session that ends while somebody types: nothing is
lost, nothing is done twice.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect
from sqlalchemy import select

from allocapp.db import db
from allocapp.models.decision import RegisterEntry
from allocapp.models.event import Event, Subject
from allocapp.rules.workflow import DecisionState, PlanState
from tests.browser.conftest import Enter
from tests.browser.site import Plant, Site, decision_of, plan_of
from tests.browser.visitor import Visitor

CODE, PREFIX, COLLEAGUE = "184", "vanquan", "vanquan2"
HURRIED_CODE, HURRIED = "189", "dinhlap"
PROVINCE = "Ủy ban nhân dân tỉnh Lạng Sơn"
RENDERED_MS = 45_000


@pytest.fixture(scope="module")
def draft(site: Site) -> Plant:
    """A draft that nobody submits."""
    site.add_people(PREFIX, CODE)
    site.add_people(COLLEAGUE, CODE)
    return site.filled(PREFIX, CODE)


def test_two_windows_on_one_cell_show_both_values(enter: Enter, draft: Plant) -> None:
    first, other = enter(f"{PREFIX}.chuyenvien"), enter(f"{PREFIX}.chuyenvien")
    mine, theirs = first.go(f"/plans/{draft.plan}"), other.go(f"/plans/{draft.plan}")
    both, only_theirs, only_mine = cells_of(mine)[:3]
    cell(theirs, both).fill("91")
    cell(theirs, only_theirs).fill("92")
    other.press("Save draft")
    expect(other.notice).to_be_visible()

    cell(mine, both).fill("93")
    cell(mine, only_mine).fill("94")
    clash = cell(mine, both).locator("xpath=..").locator(".clash")
    expect(clash).to_contain_text("91%")  # saved while typing, and refused for this cell alone
    expect(cell(mine, both)).to_have_value("93")
    clash.get_by_label(first.site.say("keep mine")).click()
    expect(clash).to_have_count(0)
    first.press("Save draft")
    expect(first.notice).to_be_visible()
    theirs.reload()
    assert values_in(theirs, [both, only_theirs, only_mine]) == ["93", "92", "94"]


def test_a_form_from_a_stale_page_shows_both_values(enter: Enter, draft: Plant) -> None:
    """Without JavaScript: one form, sent whole."""
    first, other = (enter(f"{PREFIX}.chuyenvien", javascript=False) for _window in range(2))
    mine, theirs = first.go(f"/plans/{draft.plan}"), other.go(f"/plans/{draft.plan}")
    both, only_theirs, only_mine = cells_of(mine)[3:6]
    cell(theirs, both).fill("81")
    cell(theirs, only_theirs).fill("82")
    other.press("Save draft")
    expect(other.notice).to_be_visible()

    cell(mine, both).fill("83")
    cell(mine, only_mine).fill("84")
    with first.watch.expecting(409):
        first.press("Save draft")
    assert values_in(mine, [both, only_theirs, only_mine]) == ["83", "82", "84"]
    expect(cell(mine, both).locator("xpath=..")).to_contain_text("81%")
    with first.watch.expecting(409):
        first.press("Save draft")  # no number was chosen
    first.mistakes.locator(f"a[href='#{both}']").click()
    expect(cell(mine, both)).to_be_focused()
    cell(mine, both).locator("xpath=..").get_by_label(first.site.say("keep mine")).check()
    first.press("Save draft")
    expect(first.notice).to_be_visible()
    theirs.reload()
    assert values_in(theirs, [both, only_theirs, only_mine]) == ["83", "82", "84"]


def test_the_back_button_after_saving_brings_back_what_was_saved(enter: Enter, draft: Plant) -> None:
    visitor = enter(f"{PREFIX}.chuyenvien")
    page = visitor.go(f"/plans/{draft.plan}")
    last = cells_of(page)[-1]
    value = "61" if cell(page, last).input_value() != "61" else "62"
    cell(page, last).fill(value)
    visitor.press("Save draft")
    expect(visitor.notice).to_be_visible()
    page.locator(".page-back a").click()
    page.go_back()
    expect(cell(page, last)).to_have_value(value)
    page.go_back()
    expect(cell(page, last)).to_have_value(value)
    cell(page, last).fill("63")
    visitor.press("Save draft")
    expect(visitor.notice).to_be_visible()
    expect(cell(page, last)).to_have_value("63")


def test_the_page_asks_before_it_is_left_with_unsaved_targets(enter: Enter, draft: Plant) -> None:
    visitor = enter(f"{PREFIX}.chuyenvien")
    page = visitor.go(f"/plans/{draft.plan}")
    asked: list[str] = []

    def stay(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    first = cells_of(page)[0]
    cell(page, first).fill("88,5")
    page.get_by_role("navigation").get_by_role("link", name=visitor.site.say("My tasks")).click(no_wait_after=True)
    expect(cell(page, first)).to_have_value("88,5")
    assert asked == ["beforeunload"]


def test_a_form_sent_after_the_session_ended_is_sent_again(site: Site, enter: Enter, draft: Plant) -> None:
    visitor = enter(f"{COLLEAGUE}.chuyenvien", anew=True)
    page = visitor.go(f"/plans/{draft.plan}")
    first, second = cells_of(page)[:2]
    site.end_sessions(visitor.login)
    with visitor.watch.expecting(401):
        cell(page, first).fill("87,5")
        cell(page, second).fill("47,5")
        visitor.press("Save draft")
        expect(page.get_by_label(site.say("Password"))).to_be_visible()
    visitor.fill_sign_in(visitor.login)
    expect(page.get_by_role("heading", level=1)).to_have_text(site.say("You are signed in again"))
    visitor.press("Send it again")
    expect(visitor.notice).to_be_visible()
    expect(page).to_have_url(f"{site.url}/plans/{draft.plan}")
    assert values_in(page, [first, second]) == ["87,5", "47,5"]


def test_what_is_typed_after_signing_out_elsewhere_comes_back(site: Site, enter: Enter, draft: Plant) -> None:
    visitor = enter(f"{COLLEAGUE}.chuyenvien", anew=True)
    page = visitor.go(f"/plans/{draft.plan}")
    first, second = cells_of(page)[:2]
    other = visitor.context.new_page()
    other.goto("/")
    other.get_by_role("button", name=site.say("Sign out")).click()
    expect(other).to_have_url(f"{site.url}/sign-in")

    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    with visitor.watch.expecting(401):
        cell(page, first).fill("86,5")
        cell(page, second).fill("46,5")
        ended = site.say("Your session has ended or you are not signed in.")
        expect(page.locator("#notices")).to_contain_text(ended)
        page.locator("#notices a").click()
        expect(page.get_by_label(site.say("Password"))).to_be_visible()
    assert asked == []  # everything typed is kept on this computer, so nothing is lost by leaving
    visitor.fill_sign_in(visitor.login)
    expect(page).to_have_url(f"{site.url}/plans/{draft.plan}")
    expect(cell(page, first)).to_have_value("86,5")
    expect(cell(page, second)).to_have_value("46,5")
    visitor.press("Save draft")
    expect(visitor.notice).to_be_visible()
    page.reload()
    assert values_in(page, [first, second]) == ["86,5", "46,5"]


def test_double_clicks_do_everything_once(site: Site, enter: Enter) -> None:
    site.add_people(HURRIED, HURRIED_CODE)
    made = site.filled(HURRIED, HURRIED_CODE)
    preparer = enter(f"{HURRIED}.chuyenvien")
    preparer.go(f"/plans/{made.plan}")
    preparer.press_twice("Submit to %(superior)s", superior=PROVINCE)
    expect(preparer.notice).to_have_text(site.say("Submitted to %(superior)s.", superior=PROVINCE))
    assert site.reading(lambda: plan_of(made).state) is PlanState.SUBMITTED

    made = site.approve(made)
    clerk = enter(f"{HURRIED}.vanthu")
    clerk.go(f"/decisions/{made.decision}")
    clerk.press_twice("Take the number")
    expect(clerk.page.get_by_role("heading", level=1)).to_contain_text("01/QĐ-UBND")
    now = clerk.page.locator(".road-now .road-name")
    expect(now).to_have_text(site.say("Leader's signing"), timeout=RENDERED_MS)
    assert site.reading(lambda: numbers_of(made)) == [1]

    leader = enter(f"{HURRIED}.lanhdao")
    sign_twice(leader, made, "Sign decision %(number)s")
    assert site.reading(lambda: decision_of(made).state) is DecisionState.SIGNED
    sign_twice(clerk, made, "Seal and issue decision %(number)s")
    assert site.reading(lambda: decision_of(made).state) is DecisionState.ISSUED
    steps = site.reading(lambda: steps_of(made))
    assert steps == ["prepare", "number", "render", "sign", "seal"]


def sign_twice(signer: Visitor, made: Plant, button: str) -> None:
    """Type the secrets and double-click."""
    signer.go(f"/decisions/{made.decision}")
    signer.page.locator("#password").fill(signer.site.password_of(signer.login))
    signer.page.locator("#passphrase").fill(signer.site.passphrase)
    signer.press_twice(button, number="01/QĐ-UBND")
    expect(signer.notice).to_be_visible()
    expect(signer.mistakes).to_have_count(0)


def cells_of(page: Page) -> list[str]:
    """The ids of the targets' inputs, in the order of the page."""
    found: list[str] = page.locator("#sheet input[name^='t-']").evaluate_all("inputs => inputs.map(i => i.id)")
    return found


def cell(page: Page, name: str) -> Locator:
    """The input with this id."""
    return page.locator(f"#{name}")


def values_in(page: Page, names: list[str]) -> list[str]:
    """What stands in these inputs."""
    return [cell(page, name).input_value() for name in names]


def numbers_of(made: Plant) -> list[int]:
    """The numbers taken for the decision."""
    taken = select(RegisterEntry.number).where(RegisterEntry.decision_id == made.decision)
    return list(db.session.scalars(taken))


def steps_of(made: Plant) -> list[str]:
    """What the journal says was done with the decision."""
    told = select(Event.action).where(Event.subject == Subject.DECISION, Event.subject_id == made.decision)
    return list(db.session.scalars(told.order_by(Event.id)))
