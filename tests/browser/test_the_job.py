"""Steps 1–7 of the job by the people of one district and its superior: from the first target to the acknowledged
decision, with everything that is expected to be refused on the way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, expect

from allocapp.models.account import Role
from allocapp.rules.content import canonical_json
from allocapp.views.formatting import action_name
from tests.browser.conftest import Enter
from tests.browser.site import Site, unit_named
from tests.browser.visitor import Visitor

DISTRICT, CODE, PREFIX = "Huyện Bình Gia", "181", "binhgia"
COMMUNE, COMMUNE_CODE = "Xã Quý Hòa", "06076"
PROVINCE = "Ủy ban nhân dân tỉnh Lạng Sơn"
BODY = "Ủy ban nhân dân huyện Bình Gia"
REASON = "Mức giao cho xã Quý Hòa chưa tương xứng với kết quả năm trước."
REMARK = "Đề nghị giao cao hơn 0,5 điểm phần trăm."
RENDERED_MS = 45_000


def test_the_job(site: Site, enter: Enter, tmp_path: Path) -> None:
    site.add_people(PREFIX, CODE)
    site.add_people("quyhoa", COMMUNE_CODE, {"xem": Role.VIEWER})
    preparer, approver = enter(f"{PREFIX}.chuyenvien", anew=True), enter("tinh.duyet")

    plan_id = begin(preparer)
    targets = type_targets(preparer, plan_id)
    live_check_follows(preparer, targets)
    refused_while_unbalanced(preparer, targets)
    submit(preparer, targets)

    returned(approver, plan_id)
    mended(preparer, plan_id, targets)
    approved(approver)

    clerk, leader = enter(f"{PREFIX}.vanthu"), enter(f"{PREFIX}.lanhdao")
    decision_path = numbered(clerk)
    signed(leader)
    sealed(clerk)
    verified(clerk, decision_path, tmp_path)

    received(enter("quyhoa.xem"))
    journalled(enter("tinh.kiemtra"))
    hidden_from_strangers(enter("chilang.chuyenvien"), plan_id, decision_path)


def begin(preparer: Visitor) -> int:
    """Steps 1 and 3: the task list offers to begin, and the assigned targets stand on top of the sheet."""
    row = preparer.task("Begin", DISTRICT)
    row.get_by_role("button", name=preparer.site.say("Begin"), exact=True).click()
    expect(preparer.page).to_have_url(re.compile(r"/plans/[0-9]+$"))
    assigned = preparer.page.locator(".assigned-target dd")
    expect(assigned).to_have_count(2)
    for shown in assigned.all_inner_texts():
        assert re.fullmatch(r"[0-9]+(,[0-9]{1,2})?%", shown.strip())
    return int(preparer.page.url.rpartition("/")[2])


def type_targets(preparer: Visitor, plan_id: int) -> dict[str, str]:
    """Targets that balance, by the id of their cells, typed into the sheet."""
    found = preparer.site.balancing_targets(plan_id)
    targets = {f"t-{unit_id}-{indicator_id}": text for (unit_id, indicator_id), text in found.items()}
    inputs = preparer.page.locator("#sheet input[name^='t-']")
    expect(inputs).to_have_count(len(targets))
    for cell, text in targets.items():
        preparer.page.locator(f"#{cell}").fill(text)
    return targets


def live_check_follows(preparer: Visitor, targets: Mapping[str, str]) -> None:
    """While typing, the server says what the sheet comes to: met, then short in percentage points and in dossiers."""
    page, said = preparer.page, preparer.page.locator("#sheet-status .verdict")
    expect(said.nth(0)).to_have_class(re.compile("verdict-good"))
    expect(said.nth(1)).to_have_class(re.compile("verdict-good"))
    cell_id = dossier_cells(targets)[0]
    cell = page.locator(f"#{cell_id}")
    cell.click()
    cell.press_sequentially("12.5")
    expect(said.nth(1)).to_have_class(re.compile("verdict-bad"))
    expect(said.nth(1)).to_contain_text(re.compile(r"thiếu [0-9]+(,[0-9]+)? điểm phần trăm ≈ [0-9.]+ hồ sơ"))
    expect(cell.locator("xpath=../following-sibling::td[1]")).to_have_class(re.compile("below"))
    cell.fill("1e3")
    expect(cell).to_have_attribute("aria-invalid", "true")
    expect(page.locator(f"#e-{cell_id.removeprefix('t-')}")).not_to_be_empty()


def refused_while_unbalanced(preparer: Visitor, targets: Mapping[str, str]) -> None:
    """What is no number, or falls short, is refused: summary in focus, links to cells, everything typed still there."""
    page, cell_id = preparer.page, dossier_cells(targets)[0]
    with preparer.watch.expecting(422):
        send(preparer)
    expect(preparer.mistakes).to_be_focused()
    assert page.title().startswith(preparer.site.say("Error: "))
    assert typed_in(page) == {**targets, cell_id: "1e3"}
    follow_mistake(preparer, cell_id)

    page.locator(f"#{cell_id}").fill("12,5")
    with preparer.watch.expecting(422):
        send(preparer)
    expect(preparer.mistakes).to_be_focused()
    expect(preparer.mistakes).to_contain_text(re.compile(r"thiếu .* điểm phần trăm ≈ [0-9.]+ hồ sơ"))
    assert typed_in(page) == {**targets, cell_id: "12,5"}
    follow_mistake(preparer, cell_id)


def submit(preparer: Visitor, targets: Mapping[str, str]) -> None:
    """Balanced, the plan goes to the superior and can no longer be typed into."""
    cell_id = dossier_cells(targets)[0]
    preparer.page.locator(f"#{cell_id}").fill(targets[cell_id])
    send(preparer)
    expect(preparer.notice).to_have_text(preparer.site.say("Submitted to %(superior)s.", superior=PROVINCE))
    expect(preparer.page.locator("#sheet")).to_have_count(0)


def returned(approver: Visitor, plan_id: int) -> None:
    """Step 4: taken into review, and returned; without a reason it is not, and the remark stays."""
    commune = commune_id(approver.site)
    approver.take_up("Review", DISTRICT)
    approver.press("Take into review")
    expect(approver.notice).to_have_text(approver.site.say("You are reviewing this plan now."))
    approver.page.locator(f"#c-{commune}").fill(REMARK)
    with approver.watch.expecting(422):
        approver.press("Return for completion")
    expect(approver.mistakes).to_be_focused()
    expect(approver.page.locator("#reason-error")).not_to_be_empty()
    expect(approver.page.locator(f"#c-{commune}")).to_have_value(REMARK)
    approver.page.locator("#reason").fill(REASON)
    approver.press("Return for completion")
    expect(approver.notice).to_have_text(approver.site.say("Returned for completion."))
    expect(approver.page).to_have_url(re.compile(f"/plans/{plan_id}$"))


def mended(preparer: Visitor, plan_id: int, targets: Mapping[str, str]) -> None:
    """The district sees both the reason and the remark, mends the row and submits again."""
    commune = commune_id(preparer.site)
    preparer.take_up("See the reasons", DISTRICT)
    expect(preparer.page.locator("[aria-labelledby=returned-title]")).to_contain_text(REASON)
    remarks = preparer.page.locator("[aria-labelledby=remarks-title]")
    expect(remarks).to_contain_text(REMARK)
    expect(preparer.page.locator("tr.remark")).to_contain_text(REMARK)
    remarks.get_by_role("link", name=COMMUNE).click()
    expect(preparer.page.locator(f"#u{commune}")).to_be_in_viewport()
    cell_id = next(cell for cell in dossier_cells(targets) if cell.startswith(f"t-{commune}-"))
    cell = preparer.page.locator(f"#{cell_id}")
    expect(cell).to_have_value(targets[cell_id])
    cell.fill("80,5")
    preparer.press("Save draft")
    expect(preparer.notice).to_be_visible()
    expect(cell).to_have_value("80,5")
    send(preparer)
    expect(preparer.notice).to_have_text(preparer.site.say("Submitted to %(superior)s.", superior=PROVINCE))


def approved(approver: Visitor) -> None:
    """The approver sees it again and approves."""
    approver.take_up("Review", DISTRICT)
    approver.press("Approve the plan")
    expect(approver.notice).to_have_text(approver.site.say("Approved: the decision waits for its number."))


def numbered(clerk: Visitor) -> str:
    """Step 5: number and date from the register; then a worker makes the file, and the page shows how far it is."""
    clerk.take_up("Take the number", DISTRICT)
    clerk.press("Take the number")
    expect(clerk.page.get_by_role("heading", level=1)).to_contain_text("01/QĐ-UBND")
    now = clerk.page.locator(".road-now .road-name")
    expect(now).to_have_text(clerk.site.say("Leader's signing"), timeout=RENDERED_MS)
    return clerk.page.url.removeprefix(clerk.site.url).partition("?")[0]


def signed(leader: Visitor) -> None:
    """A wrong passphrase is said to be wrong at its field and typed again; the right one signs."""
    leader.take_up("Read and sign", DISTRICT)
    with leader.watch.expecting(422):
        give_secrets(leader, "Sign decision %(number)s", "not the passphrase")
    expect(leader.mistakes).to_be_focused()
    expect(leader.page.locator("#passphrase-error")).not_to_be_empty()
    expect(leader.page.locator("#passphrase")).to_have_value("")
    give_secrets(leader, "Sign decision %(number)s", leader.site.passphrase)
    expect(leader.notice).to_have_text(leader.site.say("Signed. The clerk now applies the body's seal."))


def sealed(clerk: Visitor) -> None:
    """The clerk's seal issues the decision."""
    clerk.take_up("Apply the seal", DISTRICT)
    give_secrets(clerk, "Seal and issue decision %(number)s", clerk.site.passphrase)
    expect(clerk.notice).to_have_text(clerk.site.say("Sealed and issued: the decision is in force."))
    expect(clerk.page.locator(".verdict")).to_have_class(re.compile("verdict-good"))


def verified(clerk: Visitor, decision_path: str, folder: Path) -> None:
    """The file is genuine on the page and on the command line; with one bit changed it is not."""
    clerk.go(decision_path)
    with clerk.page.expect_download() as download:
        clerk.link("Download the PDF").click()
    genuine, changed = folder / "decision.pdf", folder / "changed.pdf"
    download.value.save_as(genuine)
    content = bytearray(genuine.read_bytes())
    assert content.startswith(b"%PDF-1.7")
    content[len(content) // 2] ^= 1
    changed.write_bytes(content)
    for file, status, verdict in ((genuine, 0, "verdict-good"), (changed, 1, "verdict-bad")):
        clerk.go("/decisions/verify")
        clerk.page.locator("#file").set_input_files(file)
        clerk.press("Verify")
        expect(clerk.page.locator(".verdict")).to_have_class(re.compile(verdict))
        ended = clerk.site.verify(file)
        assert ended.returncode == status, ended.stdout + ended.stderr


def received(viewer: Visitor) -> None:
    """Step 6: the commune sees its targets in words and both decisions, and acknowledges them."""
    viewer.take_up("Read and acknowledge", COMMUNE)
    words = viewer.page.locator(".sentence")
    expect(words).to_contain_text("80,5%")
    expect(words).to_contain_text(re.compile(r"tức là ít nhất [0-9.]+ hồ sơ trực tuyến trên [0-9.]+ hồ sơ dự kiến"))
    decisions = viewer.page.locator(".decision-list > li")
    expect(decisions).to_have_count(2)
    expect(decisions.nth(0)).to_contain_text(PROVINCE)
    expect(decisions.nth(1)).to_contain_text(BODY)
    for line in (decisions.nth(0), decisions.nth(1)):
        line.get_by_role("button", name=viewer.site.say("Acknowledge receipt")).click()
        expect(viewer.notice).to_have_text(viewer.site.say("Receipt acknowledged."))
        expect(line.locator(".tag-good")).to_be_visible()
    for line in (decisions.nth(0), decisions.nth(1)):
        with viewer.page.expect_download() as download:
            line.get_by_role("link", name=viewer.site.say("Download the signed file (PDF)")).click()
        assert Path(download.value.path()).read_bytes().startswith(b"%PDF-")
    viewer.go("/")
    expect(viewer.task("Read and acknowledge", COMMUNE)).to_have_count(0)


def journalled(auditor: Visitor) -> None:
    """Step 7: every step stands in the journal: who, when, what, from, to, why."""
    lines = journal_of(auditor, DISTRICT)
    done = [line["what"] for line in reversed(lines)]
    road = ["open", "submit", "review", "return", "submit", "approve"]
    issued = ["prepare", "number", "render", "sign", "seal", "issue"]
    site = auditor.site
    expected = site.speak(
        lambda: [
            *(action_name(action, "plan") for action in road),
            *(action_name(action, "plan" if action == "issue" else "decision") for action in issued),
        ]
    )
    steps = [what for what in done if what in expected]
    assert steps == expected, canonical_json(done)
    why = next(line for line in lines if line["why"])
    assert why["why"] == REASON
    assert all(line["when"] and line["who"] for line in lines)


def hidden_from_strangers(stranger: Visitor, plan_id: int, decision_path: str) -> None:
    """Another district finds nothing: not the plan, not the decision, not its file."""
    for path in (f"/plans/{plan_id}", f"/plans/{plan_id}/review", decision_path, f"{decision_path}/file"):
        with stranger.watch.expecting(404):
            stranger.go(path)
        expect(stranger.page.get_by_role("heading", level=1)).to_have_text(stranger.site.say("There is nothing here"))


def commune_id(site: Site) -> int:
    """The id of the commune whose row is talked about."""
    return site.reading(lambda: unit_named(COMMUNE_CODE).id)


def dossier_cells(targets: Mapping[str, str]) -> list[str]:
    """The cells of the second indicator, which counts dossiers, in the order of the sheet."""
    last = max(int(cell.rpartition("-")[2]) for cell in targets)
    return [cell for cell in targets if cell.endswith(f"-{last}")]


def typed_in(page: Page) -> dict[str, str]:
    """What stands in every cell."""
    found: dict[str, str] = page.locator("#sheet input[name^='t-']").evaluate_all(
        "inputs => Object.fromEntries(inputs.map(input => [input.id, input.value]))"
    )
    return found


def send(preparer: Visitor) -> None:
    """Press the button that submits the plan."""
    preparer.press("Submit to %(superior)s", superior=PROVINCE)


def follow_mistake(visitor: Visitor, cell_id: str) -> None:
    """The error summary leads to the cell, which then has the focus."""
    visitor.mistakes.locator(f"a[href='#{cell_id}']").first.click()
    expect(visitor.page.locator(f"#{cell_id}")).to_be_focused()


def give_secrets(signer: Visitor, button: str, passphrase: str) -> None:
    """Type password and passphrase, and press the button."""
    signer.page.locator("#password").fill(signer.site.password_of(signer.login))
    signer.page.locator("#passphrase").fill(passphrase)
    signer.press(button, number="01/QĐ-UBND")


def journal_of(auditor: Visitor, unit: str) -> list[dict[str, str]]:
    """The lines of the journal about the unit, newest first, from all its pages."""
    columns = ("when", "what", "who", "unit", "from", "to", "why")
    lines: list[dict[str, str]] = []
    auditor.go("/journal")
    while True:
        rows = auditor.page.locator("main tbody tr").evaluate_all(
            "rows => rows.map(row => [...row.cells].map(cell => cell.firstChild?.textContent.trim() ?? ''))"
        )
        lines += [line for row in rows if (line := dict(zip(columns, row, strict=False)))["unit"] == unit]
        older = auditor.link("Older")
        if not older.count():
            return lines
        older.click()
