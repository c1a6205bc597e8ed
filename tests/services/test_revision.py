"""Revising a plan in force: a copy runs the same road and takes its place; revoking it; giving a revision up."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.errors import (
    CampaignNotOpen,
    ContentChanged,
    Forbidden,
    NotFound,
    ReasonRequired,
    RevisionUnderWay,
    RevocationUnderWay,
    StaleVersion,
    TextTooLong,
    TransitionNotAllowed,
)
from allocapp.models.campaign import Campaign, DecisionKind, DocumentText
from allocapp.models.decision import Decision, SignerRole
from allocapp.models.event import Event
from allocapp.models.job import Job
from allocapp.models.notice import Notice, NoticeKind
from allocapp.models.plan import ExpectationProposal, PlanHold, PlanMilestone, PlanTarget, Verdict
from allocapp.rules.workflow import CampaignState, DecisionAction, DecisionState, PlanState
from allocapp.services.comparison import compare_plans, list_comparable, preview_copy, read_before
from allocapp.services.decision import decision_actions_for, living_decision, refuse_decision, revoking_decision
from allocapp.services.plan import withdraw_plan
from allocapp.services.quota import read_quotas
from allocapp.services.review import reopen_plan
from allocapp.services.revision import affected_by, discard_revision, may_be_revised, read_chain, revise_plan
from allocapp.services.revocation import order_revocation, withdraw_revocation
from allocapp.services.sheet import read_sheet
from allocapp.services.verification import is_in_force
from tests.factories import NOW, World
from tests.services.sealing import LATER, Sealing


@pytest.fixture
def sealing(world: World, tmp_path: Path) -> Sealing:
    return Sealing(world, tmp_path)


@pytest.fixture
def province_id(sealing: Sealing) -> int:
    """The province's plan in force."""
    return sealing.in_force("P")


@pytest.fixture
def plan_id(sealing: Sealing, province_id: int) -> int:
    """District A's plan in force under the province's."""
    return sealing.in_force("A")


def targets(plan_id: int) -> set[tuple[int, int, int | None, str]]:
    rows = db.session.scalars(select(PlanTarget).where(PlanTarget.plan_id == plan_id))
    return {(row.unit_id, row.indicator_id, row.target, row.excuse) for row in rows}


def test_a_revision_begins_as_a_copy_and_the_old_plan_stays_in_force(
    world: World, sealing: Sealing, plan_id: int
) -> None:
    with transaction() as session:
        key = {"plan_id": plan_id, "unit_id": world.units["A1"]}
        person = {"account_id": world.accounts["a.preparer"]}
        session.add(PlanHold(**key, **person, reason="Đã thống nhất", held_at=NOW))
        session.add(PlanMilestone(**key, indicator_id=world.indicators["dossiers"], due=date(2026, 6, 30), target=7000))
        for code, verdict in (("A1", Verdict.ACCEPTED), ("A2", Verdict.REFUSED), ("A3", Verdict.OPEN)):
            session.add(
                ExpectationProposal(
                    plan_id=plan_id, unit_id=world.units[code], indicator_id=world.indicators["dossiers"], weight=90,
                    reason="Sáp nhập", proposed_by_id=world.accounts["a.preparer"], proposed_at=NOW, verdict=verdict,
                    decided_by_id=world.accounts["p.approver"], decided_at=NOW,
                )
            )  # fmt: skip
    before = world.plan(plan_id).version
    revision = world.plan(sealing.revise(plan_id, DecisionKind.AMEND))

    assert (revision.revision, revision.state, revision.version) == (2, PlanState.DRAFT, 1)
    assert (revision.based_on_id, revision.relation) == (plan_id, DecisionKind.AMEND)
    assert revision.revision_reason == "Số liệu mới"
    assert targets(revision.id) == targets(plan_id)
    old, new = read_sheet(world.plan(plan_id)), read_sheet(revision)
    assert {key: cell.milestones for key, cell in new.cells.items()} == {
        key: cell.milestones for key, cell in old.cells.items()
    }
    assert [row.hold.reason for row in new.rows if row.hold] == ["Đã thống nhất"]
    assert {(p.unit_id, p.verdict, p.weight) for p in db.session.scalars(
        select(ExpectationProposal).where(ExpectationProposal.plan_id == revision.id)
    )} == {(world.units["A1"], Verdict.ACCEPTED, 90)}  # fmt: skip
    assert {cell.version for cell in new.cells.values()} == {1}
    assert {cell.changed_by for cell in new.cells.values()} == {None}
    assert sealing.states("A") == [(1, "issued"), (2, "draft")]
    assert world.plan(plan_id).version == before, "an issued plan is not touched"
    told = db.session.scalars(select(Event).where(Event.action == "revise")).one()
    assert (told.subject_id, told.reason, told.to_state) == (revision.id, "Số liệu mới", "draft")


@pytest.mark.parametrize(("reason", "error"), [(" \n ", ReasonRequired), ("x" * 100_000, TextTooLong)])
def test_a_revision_needs_a_reason(world: World, plan_id: int, reason: str, error: type[Exception]) -> None:
    given: dict[str, Any] = {"reason": reason, "relation": DecisionKind.AMEND, "actor": world.account("a.preparer")}
    with pytest.raises(error), transaction():
        revise_plan(plan_id, **given, now=NOW)
    assert len(read_chain(world.plan(plan_id))) == 1


@pytest.mark.parametrize(
    ("login", "error"), [("b.preparer", NotFound), ("p.approver", Forbidden), ("a.leader", Forbidden)]
)
def test_only_the_units_preparer_revises(world: World, plan_id: int, login: str, error: type[Exception]) -> None:
    with pytest.raises(error), transaction():
        revise_plan(plan_id, reason="x", relation=DecisionKind.AMEND, actor=world.account(login), now=NOW)


def test_nothing_but_the_plan_in_force_is_revised_and_once_at_a_time(
    world: World, sealing: Sealing, plan_id: int
) -> None:
    draft = world.open("B", "b.preparer")
    with pytest.raises(RevisionUnderWay) as first:
        sealing.revise(draft)
    assert first.value.plan_id == draft
    revision = sealing.revise(plan_id)
    with pytest.raises(RevisionUnderWay) as second:
        sealing.revise(plan_id)
    assert (second.value.plan_id, second.value.revision) == (revision, 2)
    sealing.submit(revision, {"A1": 9000})
    world.approve(revision, "p.approver")
    sealing.put_in_force(revision, LATER)
    with pytest.raises(TransitionNotAllowed):
        sealing.revise(plan_id)
    assert not may_be_revised(world.plan(plan_id))
    assert sealing.revise(revision)
    assert sealing.states("A") == [(1, "superseded"), (2, "issued"), (3, "draft")]


def test_the_seal_takes_the_old_plan_out_of_force_and_the_new_one_in(
    world: World, sealing: Sealing, plan_id: int
) -> None:
    revision = sealing.revised(plan_id, {"A1": 9000}, DecisionKind.REPLACE)
    first, second = living_decision(world.plan(plan_id)), living_decision(world.plan(revision))
    assert first is not None
    assert second is not None
    assert (second.kind, second.affects_id) == (DecisionKind.REPLACE, first.id)
    assert sealing.states("A") == [(1, "issued"), (2, "approved")]
    sealing.number(second.id, LATER)
    sealing.sign(second.id, SignerRole.PERSON, LATER)
    assert sealing.states("A") == [(1, "issued"), (2, "approved")], "nothing but the seal changes what is in force"
    before = targets(plan_id)
    sealing.sign(second.id, SignerRole.BODY, LATER)
    assert sealing.states("A") == [(1, "superseded"), (2, "issued")]
    assert targets(plan_id) == before, "what was issued is never edited"
    assert [found.id for found in affected_by(sealing.decision(first.id))] == [second.id]
    assert not is_in_force(sealing.decision(first.id))
    assert is_in_force(sealing.decision(second.id))
    assert [(link.plan.revision, link.decision and link.decision.id) for link in read_chain(world.plan(revision))] == [
        (1, first.id), (2, second.id),
    ]  # fmt: skip
    events = db.session.execute(
        select(Event.subject_id, Event.action).where(Event.action.in_(("supersede", "issue"))).order_by(Event.id)
    ).all()
    assert [tuple(event) for event in events][-2:] == [(plan_id, "supersede"), (revision, "issue")]
    jobs = db.session.scalars(select(Job.subject_id).where(Job.name == "recheck_below")).all()
    assert revision in jobs


def snapshot_of(sealing: Sealing, plan_id: int, now: object = LATER) -> dict[str, object]:
    decision_id = sealing.world.decision_on(plan_id).id
    sealing.number(decision_id, LATER)
    text = sealing.decision(decision_id).snapshot
    assert text is not None
    snapshot: dict[str, object] = json.loads(text)
    return snapshot


def articles(snapshot: dict[str, object]) -> list[str]:
    found = snapshot["articles"]
    assert isinstance(found, list)
    return [article["text"] for article in found]


AFFECTED = "Quyết định số 01/QĐ-UBND ngày 02 tháng 3 năm 2026"
OF_A = f"{AFFECTED} của Ủy ban nhân dân huyện A"


def test_a_decision_that_replaces_says_which_one(sealing: Sealing, plan_id: int) -> None:
    snapshot = snapshot_of(sealing, sealing.revised(plan_id, {"A1": 9000}, DecisionKind.REPLACE))
    assert snapshot["subject"] == "Giao chỉ tiêu năm 2026 cho Bộ phận Một cửa cấp huyện; Ủy ban nhân dân các xã"
    _, replaces, last = articles(snapshot)
    assert replaces.lower().startswith(f"quyết định này thay thế {OF_A}".lower())
    assert last == "Thi hành"
    assert snapshot["recipients"] == ["Như Điều 3"]
    assert snapshot["bases"][-1].lower().startswith(f"căn cứ {OF_A}".lower())  # type: ignore[index]
    assert "notes" not in snapshot["annex"]  # type: ignore[operator]


def test_a_decision_that_amends_marks_what_it_changes(world: World, sealing: Sealing, plan_id: int) -> None:
    snapshot = snapshot_of(sealing, sealing.revised(plan_id, {"A1": 9000}, DecisionKind.AMEND))
    assert str(snapshot["subject"]).startswith("Sửa đổi, bổ sung một số chỉ tiêu giao tại Quyết định số 01/QĐ-UBND")
    assert len(articles(snapshot)) == 3
    assert f"thay thế Phụ lục kèm theo {AFFECTED}" in articles(snapshot)[0]
    annex = snapshot["annex"]
    assert isinstance(annex, dict)
    rows = {row["code"]: row for group in annex["groups"] for row in group["rows"]}
    assert rows["A1"]["changed"] == [True, True]
    assert [code for code, row in rows.items() if "changed" in row] == ["A1"]
    assert annex["notes"] == [f"(*) Chỉ tiêu được sửa đổi, bổ sung so với {AFFECTED}"]


def test_what_was_amended_is_replaced_and_revoked_as_a_whole(world: World, sealing: Sealing, plan_id: int) -> None:
    """An amended decision goes on beside the one that amends it: both are named, so that neither is left in force."""
    second = sealing.revised(plan_id, {"A1": 9000}, DecisionKind.AMEND)
    amending = sealing.put_in_force(second, LATER)
    first = world.decision_on(plan_id).id
    amended = "Quyết định số 02/QĐ-UBND ngày 03 tháng 3 năm 2026"

    third = sealing.revised(second, {"A2": 9000}, DecisionKind.AMEND)
    again = snapshot_of(sealing, third)
    assert f"{OF_A} (đã được sửa đổi, bổ sung tại {amended})" in articles(again)[0]
    assert articles(again)[0].endswith(f"thay thế Phụ lục kèm theo {amended}")
    annex = again["annex"]
    assert isinstance(annex, dict)
    assert annex["notes"] == [f"(*) Chỉ tiêu được sửa đổi, bổ sung so với {amended}"]
    decision_id = world.decision_on(third).id
    for role in SignerRole:
        sealing.sign(decision_id, role, LATER)

    revoking = sealing.issue(sealing.order_revocation(third), LATER)
    snapshot = json.loads(sealing.decision(revoking).snapshot or "")
    latest = "Quyết định số 03/QĐ-UBND ngày 03 tháng 3 năm 2026"
    assert snapshot["subject"] == f"Bãi bỏ {AFFECTED}, {amended} và {latest} của Ủy ban nhân dân huyện A"
    since = {one: [later.id for later in affected_by(sealing.decision(one))] for one in (first, amending, decision_id)}
    assert since == {
        first: [amending, decision_id, revoking], amending: [decision_id, revoking], decision_id: [revoking],
    }  # fmt: skip


def test_the_campaigns_own_words_for_a_kind_come_first(world: World, sealing: Sealing, plan_id: int) -> None:
    with transaction() as session:
        own = session.scalars(select(DocumentText).where(DocumentText.unit_kind_code == "district")).one()
        session.add(
            DocumentText(
                campaign_id=own.campaign_id, unit_kind_code="district", decision_kind=DecisionKind.AMEND,
                subject="Điều chỉnh theo {affected_decision}", authority=own.authority, bases=["Căn cứ Luật"],
                proposal="", articles=[{"text": "Lý do: {reason}", "clauses": []}], recipients=["Như Điều 1"],
                archive="Lưu: VT", signer_lines=["CHỦ TỊCH"], signer_name="(Mẫu)", annex_title="CHỈ TIÊU",
            )
        )  # fmt: skip
    snapshot = snapshot_of(sealing, sealing.revised(plan_id, {}, DecisionKind.AMEND))
    assert snapshot["subject"] == f"Điều chỉnh theo {OF_A}"
    assert articles(snapshot) == ["Lý do: Số liệu mới"]


def test_a_refused_decision_of_a_revision_is_made_again_as_it_was(sealing: Sealing, plan_id: int) -> None:
    revision = sealing.revised(plan_id, {"A1": 9000}, DecisionKind.AMEND)
    refused = sealing.world.decision_on(revision)
    sealing.number(refused.id, LATER)
    with transaction():
        given: dict[str, Any] = {"version": sealing.decision(refused.id).version, "reason": "Sai thể thức"}
        again = refuse_decision(refused.id, **given, actor=sealing.world.account("a.leader"), now=LATER)
        assert (again.kind, again.affects_id, again.subject) == (
            DecisionKind.AMEND,
            refused.affects_id,
            refused.subject,
        )
    sealing.put_in_force(revision, LATER)
    assert sealing.states("A") == [(1, "superseded"), (2, "issued")]


def test_two_revisions_stand_side_by_side_and_are_copied_from(world: World, sealing: Sealing, plan_id: int) -> None:
    revision = sealing.revised(plan_id, {"A1": 9000, "A2": 8100})
    day, account = LATER.date(), world.account("a.preparer")
    first, second = world.plan(plan_id), world.plan(revision)
    assert [other.id for other in list_comparable(second, account, today=day)] == [plan_id]
    found = compare_plans(first, second)
    assert {row.unit.code: [pair.difference for pair in row.pairs] for row in found.changed} == {
        "A1": [1000, 1000], "A2": [100, 100],
    }  # fmt: skip
    before = read_before(second, account, today=day)
    assert before is not None
    assert before.plan.id == plan_id
    copied = preview_copy(second, first)
    assert {(key, entry.target) for key, entry in copied.entries.items()} == {
        ((world.units[code], indicator), 8000) for code in ("A1", "A2") for indicator in world.indicators.values()
    }
    sealing.put_in_force(revision, LATER)
    third = world.plan(sealing.revise(revision))
    before = read_before(third, account, today=day)
    assert before is not None
    assert before.plan.id == revision, "what was in force before is the newest of them"
    with transaction():
        discard_revision(third.id, version=1, reason="Nhầm", actor=world.account("a.preparer"), now=LATER)
    fourth = world.plan(sealing.revise(revision))
    before = read_before(fourth, account, today=day)
    assert before is not None
    assert (fourth.revision, before.plan.id) == (4, revision), "a discarded draft was never in force"


def test_a_revision_is_given_up_from_wherever_it_is(world: World, sealing: Sealing, plan_id: int) -> None:
    def discard(revision: int, reason: str = "Không còn cần") -> None:
        with transaction():
            given: dict[str, Any] = {"version": world.plan(revision).version, "reason": reason}
            discard_revision(revision, **given, actor=world.account("a.preparer"), now=LATER)

    revision = sealing.revise(plan_id)
    with pytest.raises(ReasonRequired):
        discard(revision, " ")
    sealing.submit(revision, {"A1": 9000})
    with pytest.raises(TransitionNotAllowed):
        discard(revision)
    with transaction():
        version = world.plan(revision).version
        withdraw_plan(revision, version=version, actor=world.account("a.preparer"), now=LATER)
    discard(revision)
    assert sealing.states("A") == [(1, "issued"), (2, "discarded")]
    assert len(targets(revision)) == 8, "its rows stay readable"
    with pytest.raises(TransitionNotAllowed):
        discard(revision)
    another = sealing.revised(plan_id, {"A1": 9000})
    with transaction():
        given: dict[str, Any] = {"version": world.plan(another).version, "reason": "Tạm dừng"}
        reopen_plan(another, **given, actor=world.account("p.approver"), now=LATER)
    discard(another)
    assert sealing.states("A") == [(1, "issued"), (2, "discarded"), (3, "discarded")]
    with pytest.raises(TransitionNotAllowed):
        discard(plan_id)


def test_a_first_plan_cannot_be_discarded(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    with pytest.raises(TransitionNotAllowed), transaction():
        discard_revision(plan_id, version=1, reason="x", actor=world.account("a.preparer"), now=NOW)


def test_a_plan_is_revoked_by_a_decision_and_by_nothing_before_it(world: World, sealing: Sealing, plan_id: int) -> None:
    decision_id = sealing.order_revocation(plan_id)
    first = living_decision(world.plan(plan_id))
    assert first is not None
    decision = sealing.decision(decision_id)
    assert (decision.kind, decision.affects_id, decision.unit_id) == (DecisionKind.REVOKE, first.id, world.units["A"])
    sealing.number(decision_id, LATER)
    sealing.sign(decision_id, SignerRole.PERSON, LATER)
    assert sealing.states("A") == [(1, "issued")]
    assert is_in_force(sealing.decision(first.id))
    sealing.sign(decision_id, SignerRole.BODY, LATER)
    assert sealing.states("A") == [(1, "revoked")]
    assert not is_in_force(sealing.decision(first.id))
    assert is_in_force(sealing.decision(decision_id)), "the decision that revokes is itself in force"
    assert [found.id for found in affected_by(sealing.decision(first.id))] == [decision_id]
    (link,) = read_chain(world.plan(plan_id))
    assert (link.decision and link.decision.id, link.revoked_by and link.revoked_by.id) == (first.id, decision_id)
    told = db.session.scalars(select(Event).where(Event.action == "revoke")).one()
    assert (told.subject_id, told.reason) == (plan_id, "Giao trùng")
    snapshot = json.loads(sealing.decision(decision_id).snapshot or "")
    assert snapshot["annex"] is None
    assert snapshot["subject"] == f"Bãi bỏ {OF_A}"
    assert articles(snapshot)[0].endswith("\nLý do bãi bỏ: Giao trùng")
    (quota,) = read_quotas(world.unit("A1"))
    assert quota.lines == (), "targets in force only"
    assert quota.revoked_by is not None
    assert [above.decision.id for above in quota.decisions if above.decision.unit_id == world.units["A"]] == [
        decision_id
    ]


def test_after_a_revocation_the_unit_begins_anew(world: World, sealing: Sealing, plan_id: int) -> None:
    sealing.issue(sealing.order_revocation(plan_id), LATER)
    revision = sealing.revised(plan_id, {"A1": 9000}, None)
    decision = world.decision_on(revision)
    assert (decision.kind, decision.affects_id) == (DecisionKind.ASSIGN, None)
    sealing.put_in_force(revision, LATER)
    assert sealing.states("A") == [(1, "revoked"), (2, "issued")]
    (quota,) = read_quotas(world.unit("A1"))
    assert (len(quota.lines), quota.revoked_by, quota.left_out) == (2, None, False)
    assert not may_be_revised(world.plan(plan_id))
    with pytest.raises(TransitionNotAllowed):
        sealing.revise(plan_id, None)


def test_a_superiors_revoked_decision_does_not_keep_a_unit_from_revoking_its_own(
    sealing: Sealing, province_id: int, plan_id: int
) -> None:
    with transaction() as session:
        text = session.scalars(select(DocumentText).where(DocumentText.unit_kind_code == "district")).one()
        text.bases = ["Căn cứ Luật số 01", "Căn cứ {superior_decision} {superior_subject}"]
    revised = sealing.revised(province_id, {}, DecisionKind.AMEND)
    sealing.put_in_force(revised, LATER)
    sealing.issue(sealing.order_revocation(revised), LATER)
    decision_id = sealing.issue(sealing.order_revocation(plan_id), LATER)
    assert sealing.states("A") == [(1, "revoked")]
    snapshot = json.loads(sealing.decision(decision_id).snapshot or "")
    assert snapshot["bases"][:-1] == ["Căn cứ Luật số 01"]


def test_a_revision_and_a_revocation_exclude_each_other(world: World, sealing: Sealing, plan_id: int) -> None:
    revision = sealing.revise(plan_id)
    with pytest.raises(RevisionUnderWay):
        sealing.order_revocation(plan_id)
    with transaction():
        discard_revision(revision, version=1, reason="Bãi bỏ", actor=world.account("a.preparer"), now=NOW)
    decision_id = sealing.order_revocation(plan_id)
    for act in (sealing.revise, sealing.order_revocation):
        with pytest.raises(RevocationUnderWay) as caught:
            act(plan_id)
        assert caught.value.decision_id == decision_id
    with pytest.raises(ReasonRequired), transaction():
        withdraw_revocation(plan_id, reason="", actor=world.account("p.approver"), now=NOW)
    with transaction():
        withdraw_revocation(plan_id, reason="Nhầm", actor=world.account("p.approver"), now=NOW)
    assert sealing.decision(decision_id).state is DecisionState.WITHDRAWN
    assert revoking_decision(world.plan(plan_id)) is None
    assert sealing.revise(plan_id)


def test_an_order_to_revoke_is_taken_back_only_before_its_number(world: World, sealing: Sealing, plan_id: int) -> None:
    def withdraw() -> None:
        with transaction():
            withdraw_revocation(plan_id, reason="Nhầm", actor=world.account("p.approver"), now=LATER)

    with pytest.raises(TransitionNotAllowed):
        withdraw()
    numbered = sealing.order_revocation(plan_id)
    sealing.number(numbered, LATER)
    with pytest.raises(TransitionNotAllowed):
        withdraw()
    with transaction():
        given: dict[str, Any] = {"version": sealing.decision(numbered).version, "reason": "Chưa đủ căn cứ"}
        again = refuse_decision(numbered, **given, actor=world.account("a.leader"), now=LATER)
        assert (again.kind, again.revoke_reason) == (DecisionKind.REVOKE, "Giao trùng")
    withdraw()
    assert sealing.states("A") == [(1, "issued")]


@pytest.mark.parametrize(
    ("login", "error"), [("b.leader", NotFound), ("a.leader", Forbidden), ("a.preparer", Forbidden)]
)
def test_only_the_approver_orders_a_revocation(world: World, plan_id: int, login: str, error: type[Exception]) -> None:
    with pytest.raises(error), transaction():
        order_revocation(plan_id, version=9, reason="x", actor=world.account(login), now=NOW)


def test_an_order_to_revoke_needs_a_reason_and_the_version_seen(world: World, plan_id: int) -> None:
    version = world.plan(plan_id).version
    wrong: list[tuple[dict[str, Any], type[Exception]]] = [
        ({"reason": " "}, ReasonRequired),
        ({"version": version - 1}, StaleVersion),
    ]
    for given, error in wrong:
        asked: dict[str, Any] = {"version": version, "reason": "x", "actor": world.account("p.approver")} | given
        with pytest.raises(error), transaction():
            order_revocation(plan_id, **asked, now=NOW)
    assert db.session.scalars(select(Decision).where(Decision.kind == DecisionKind.REVOKE)).all() == []


def test_a_lapsed_approval_is_neither_signed_nor_sealed_and_may_be_refused(
    world: World, sealing: Sealing, province_id: int, plan_id: int
) -> None:
    """Between number and seal the superior's decision moved T: what was approved is no longer what holds."""
    decision_id = world.decision_on(sealing.revised(plan_id, {"A1": 9000})).id
    sealing.number(decision_id, LATER)
    sealing.sign(decision_id, SignerRole.PERSON, LATER)
    clerk = world.account("a.clerk")
    assert decision_actions_for(sealing.decision(decision_id), clerk, LATER.date()) == {DecisionAction.SEAL}
    refusing: dict[str, Any] = {"reason": "Chưa đúng", "actor": world.account("a.clerk"), "now": LATER}
    with pytest.raises(TransitionNotAllowed), transaction():
        refuse_decision(decision_id, version=sealing.decision(decision_id).version, **refusing)
    sealing.put_in_force(sealing.revised(province_id, {"A": 8500}), LATER)
    with pytest.raises(ContentChanged):
        sealing.sign(decision_id, SignerRole.BODY, LATER)
    assert sealing.states("A") == [(1, "issued"), (2, "approved")]
    clerk = world.account("a.clerk")
    assert decision_actions_for(sealing.decision(decision_id), clerk, LATER.date()) == {DecisionAction.REFUSE}
    refusing["actor"] = world.account("a.clerk")
    with transaction():
        refuse_decision(decision_id, version=sealing.decision(decision_id).version, **refusing)
    assert sealing.decision(decision_id).state is DecisionState.VOIDED


def test_nothing_is_revised_or_revoked_in_a_closed_campaign(world: World, sealing: Sealing, plan_id: int) -> None:
    with transaction() as session:
        session.execute(db.update(Campaign).values(state=CampaignState.CLOSED))
    for act in (sealing.revise, sealing.order_revocation):
        with pytest.raises(CampaignNotOpen):
            act(plan_id)


def test_those_concerned_are_told_once_what_was_issued_and_what_no_longer_holds(
    world: World, sealing: Sealing, plan_id: int
) -> None:
    def told(kind: NoticeKind) -> set[tuple[str, int | None]]:
        people = {account_id: login for login, account_id in world.accounts.items()}
        notices = db.session.scalars(select(Notice).where(Notice.kind == kind, Notice.plan_id == plan_id)).all()
        return {(people[notice.account_id], notice.decision_id) for notice in notices}

    first = world.decision_on(plan_id).id
    concerned = {(login, first) for login in ("a.preparer", "p.approver", "a1.viewer")}
    assert told(NoticeKind.DECISION_ISSUED) == concerned
    sealing.issue(sealing.order_revocation(plan_id), LATER)
    assert told(NoticeKind.DECISION_REVOKED) == concerned, "the decision named is the one that no longer holds"
