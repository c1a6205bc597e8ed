"""A budget's ceiling (a quantity, at most) and a share that must not be exceeded (a rate, at most): the whole job.

From the province's draft to what a commune reads of its targets, with the real files and signatures.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import pytest
from flask import Flask

from allocapp.db import db, transaction
from allocapp.documents.decision import render_decision
from allocapp.documents.demo_certificates import DemoSubject, make_demo_certificates
from allocapp.documents.roles import Role
from allocapp.documents.signing import seal_as_body, sign_as_person
from allocapp.documents.verdict import verify_document
from allocapp.errors import UnbalancedPlan
from allocapp.models.campaign import CampaignIndicator, Indicator
from allocapp.models.decision import SignerRole, SigningKey
from allocapp.rules.balance import Balance, Direction, Kind, ProblemCode, RollUp
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.annex import read_annex
from allocapp.services.decision import claim_signature, complete_render, complete_signature, read_file
from allocapp.services.plan import save_targets, submit_plan
from allocapp.services.quota import read_quotas
from allocapp.services.sheet import Entry, Key, check_sheet, read_sheet
from tests.documents.measure import joined, pages
from tests.factories import NOW, World
from tests.views.client import Client

PASSPHRASE = "only for tests"
BUDGET, LATE = "services", "dossiers"  # the world's two indicators, measured otherwise here
CEILING, SHARE = 1_200_000, 1000

# the typesetter leaves its colour profile to be closed by the garbage collector: nothing of ours to mend
pytestmark = pytest.mark.filterwarnings("ignore:unclosed file .*sRGB2014.icc:ResourceWarning")


@pytest.fixture(autouse=True)
def kinds(world: World) -> None:
    """The campaign assigns a ceiling of 1.200.000 and a share of at most 10% to its root."""
    names = {
        BUDGET: {"name": "Kinh phí chi thường xuyên", "short_name": "Kinh phí", "counted": "nghìn đồng",
                 "part": "nghìn đồng", "kind": Kind.QUANTITY},
        LATE: {"name": "Tỷ lệ hồ sơ trả kết quả quá hạn", "short_name": "Quá hạn", "counted": "hồ sơ",
               "part": "hồ sơ quá hạn", "kind": Kind.RATE},
    }  # fmt: skip
    with transaction() as session:
        for code, values in names.items():
            session.execute(
                db.update(Indicator)
                .where(Indicator.id == world.indicators[code])
                .values(rollup=RollUp.SUMS, direction=Direction.AT_MOST, **values)
            )
            session.execute(
                db.update(CampaignIndicator)
                .where(CampaignIndicator.indicator_id == world.indicators[code])
                .values(assigned_target=CEILING if code == BUDGET else SHARE)
            )


@pytest.fixture
def keys(world: World, tmp_path: Path) -> Path:
    """Signing keys of the province and of district A."""
    made = make_demo_certificates(
        tmp_path, [DemoSubject(code, world.unit(code).body_name, "Lãnh đạo ký") for code in "PA"], passphrase=PASSPHRASE
    )
    with transaction() as session:
        for code in "PA":
            for role in SignerRole:
                file = made.key_files[code, Role(role.value)].relative_to(tmp_path)
                session.add(SigningKey(unit_id=world.units[code], role=role, filename=str(file)))
    return tmp_path


Targets = Mapping[str, tuple[int, int]]
"""Budget and share, in hundredths of a per cent, by receiver."""

PROVINCE: Targets = {"D1": (100_000, 500), "D2": (100_000, 1500), "A": (600_000, 900), "B": (400_000, 1100)}
DISTRICT: Targets = {"A0": (150_000, 600), "A1": (200_000, 1200), "A2": (200_000, 1000), "A3": (50_000, 800)}


def entries(world: World, targets: Targets) -> dict[Key, Entry]:
    return {
        (world.units[unit], world.indicators[code]): Entry(values[position])
        for unit, values in targets.items()
        for position, code in enumerate((BUDGET, LATE))
    }


def submit(world: World, plan_id: int, targets: Targets, login: str) -> None:
    with transaction():
        plan = world.plan(plan_id)
        submit_plan(
            plan_id,
            entries(world, targets),
            version=plan.version,
            seen_hash=read_sheet(plan).content_hash,
            actor=world.account(login),
            now=NOW,
        )


def balances(world: World, plan_id: int, targets: Targets) -> tuple[Balance, ...]:
    return check_sheet(read_sheet(world.plan(plan_id)), entries(world, targets))


def issue(world: World, plan_id: int, unit: str, keys: Path) -> bytes:
    """Number, render, sign and seal the plan's decision; gives the sealed file."""
    login = unit.lower()
    decision_id = world.number(plan_id, f"{login}.clerk")
    decision = world.decision_on(plan_id)
    assert decision.snapshot is not None
    pdf = render_decision(json.loads(decision.snapshot))
    with transaction():
        complete_render(decision_id, pdf, now=NOW)
    for role, person, sign in (
        (SignerRole.PERSON, f"{login}.leader", sign_as_person),
        (SignerRole.BODY, f"{login}.clerk", seal_as_body),
    ):
        with transaction():
            claim = claim_signature(
                decision_id,
                role,
                version=world.decision_on(plan_id).version,
                keys=keys,
                actor=world.account(person),
                now=NOW,
            )
        signed = sign(claim.pdf, pkcs12=claim.pkcs12, passphrase=PASSPHRASE, signed_at=NOW)
        with transaction():
            complete_signature(claim, signed, actor=world.account(person), now=NOW)
    sealed = read_file(world.decision_on(plan_id))
    assert sealed is not None
    return sealed.content


def test_what_exceeds_a_ceiling_is_refused_and_by_how_much(world: World) -> None:
    plan_id = world.open("P", "p.preparer")
    budget, late = balances(world, plan_id, {**PROVINCE, "A": (600_001, 901)})
    assert (budget.balanced, budget.count) == (False, 1)
    assert budget.aggregate == Fraction(1_200_001)
    assert (budget.shortfall_points, budget.aggregate_hundredths) == (None, None)
    # (100·5 + 100·15 + 400·9,01 + 400·11) / 1000 = 10,004%, which is not 10% and is shown rounded up
    assert (late.balanced, late.aggregate_hundredths, late.shortfall_points, late.count) == (False, 1001, 1, 1)
    with pytest.raises(UnbalancedPlan) as caught:
        submit(world, plan_id, {**PROVINCE, "A": (600_001, 901)}, "p.preparer")
    assert len(caught.value.balances) == 2
    assert world.plan(plan_id).state is PlanState.DRAFT
    budget, late = balances(world, plan_id, {**PROVINCE, "A": (599_000, 900)})
    assert (budget.balanced, budget.count) == (True, 1000)
    assert (late.balanced, late.slack_points, late.count) == (True, 0, 0)


def test_a_ceiling_with_a_gap_in_it_is_none(world: World) -> None:
    plan_id = world.open("P", "p.preparer")
    typed = entries(world, PROVINCE) | {(world.units["D1"], world.indicators[BUDGET]): Entry(None, "Tự chủ")}
    budget, _late = check_sheet(read_sheet(world.plan(plan_id)), typed)
    assert [problem.code for problem in budget.problems] == [ProblemCode.NOT_ASSIGNED_WITH_WEIGHT]


def test_from_the_provinces_draft_to_the_communes_page(world: World, app: Flask, keys: Path) -> None:
    province = world.open("P", "p.preparer")
    with transaction():
        save_targets(province, entries(world, PROVINCE), version=1, actor=world.account("p.preparer"), now=NOW)
    submit(world, province, PROVINCE, "p.preparer")
    world.approve(province, "p.approver")
    issue(world, province, "P", keys)
    assert world.plan(province).state is PlanState.ISSUED

    district = world.open("A", "a.preparer")
    assert [column.assigned for column in read_sheet(world.plan(district)).indicators] == [600_000, 900]
    with pytest.raises(UnbalancedPlan):
        submit(world, district, {**DISTRICT, "A3": (50_001, 800)}, "a.preparer")
    submit(world, district, DISTRICT, "a.preparer")
    world.approve(district, "p.approver")
    sealed = issue(world, district, "A", keys)

    decision = world.decision_on(district)
    assert (decision.state, decision.plan.state) == (DecisionState.ISSUED, PlanState.ISSUED)
    kept = read_file(decision)
    assert kept is not None
    trusted = [(keys / "demo-ca.pem").read_bytes()]
    assert verify_document(sealed, trusted=trusted, expected_sha256=kept.sha256).authentic
    printed = " ".join(joined(page) for page in pages(sealed))
    for text in ("Kinh phí chi thường xuyên", "200.000", "12%", "8%", "50.000"):
        assert text in printed, text
    assert "200.000%" not in printed
    annex = read_annex(decision)
    assert annex is not None
    assert [kind for _name, kind in annex.indicators] == [Kind.QUANTITY, Kind.RATE]

    (quota,) = read_quotas(world.unit("A1"))
    assert [(line.cell.target, line.needed) for line in quota.lines] == [(200_000, 200_000), (1200, 12)]
    page = Client(app).sign_in("a1.viewer").open(f"/quotas/{world.units['A1']}")
    assert "200.000 nghìn đồng" in page.text
    assert "làm tròn xuống = 12 hồ sơ quá hạn" in page.text
    assert "200.000%" not in page.text
    assert "2.000%" not in page.text


def test_the_pages_count_a_quantity_and_take_no_rate_for_it(world: World, app: Flask) -> None:
    """Typed as people write counts, refused where it is none, and told in what is counted."""
    plan_id = world.open("P", "p.preparer")
    browser = Client(app).sign_in("p.preparer")
    page = browser.open(f"/plans/{plan_id}")
    fields = {
        f"t-{unit}-{indicator}": str(entry.target) if indicator == world.indicators[BUDGET] else "10"
        for (unit, indicator), entry in entries(world, PROVINCE).items()
    }
    over = f"t-{world.units['A']}-{world.indicators[BUDGET]}"
    answer = browser.send(f"/plans/{plan_id}/submit", {**fields, over: "600.005"}, expect=422, page=page)
    assert "vượt 5 nghìn đồng" in answer.page.text
    assert "1.200.005" in answer.page.text
    assert {cell.target for cell in read_sheet(world.plan(plan_id)).cells.values()} >= {600_005, 1000}
    for wrong in ("12,5", "600.00", "80%"):
        answer = browser.send(
            f"/plans/{plan_id}/save", {over: wrong}, expect=422, page=browser.open(f"/plans/{plan_id}")
        )
        assert "số nguyên" in answer.page.text
    browser.send(f"/plans/{plan_id}/submit", {over: "600.000"}, page=browser.open(f"/plans/{plan_id}"))
    assert world.plan(plan_id).state is PlanState.SUBMITTED
    review = Client(app).sign_in("p.approver").open(f"/plans/{plan_id}/review")
    assert "1.200.000" in review.text
