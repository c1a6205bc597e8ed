"""Revising, giving up and revoking at the browser: what each page says, offers and refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from allocapp.db import db, transaction
from allocapp.errors import ReasonRequired, RevisionUnderWay, TextTooLong
from allocapp.jobs.cascade import recheck_below
from allocapp.jobs.decision import render
from allocapp.models.campaign import DecisionKind
from allocapp.models.job import Job
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.decision import read_file, render_job
from allocapp.services.revision import revise_plan
from allocapp.services.transition import REASON_LIMIT
from tests.factories import World
from tests.services.sealing import LATER, Sealing
from tests.views.client import Client, told
from tests.views.conftest import Visit
from tests.views.decision_case import Case, prepared_case
from tests.views.test_verification import upload


@pytest.fixture
def sealing(world: World, tmp_path: Path) -> Sealing:
    return Sealing(world, tmp_path)


@pytest.fixture
def province_id(sealing: Sealing) -> int:
    return sealing.in_force("P")


@pytest.fixture
def plan_id(sealing: Sealing, province_id: int) -> int:
    """District A's plan in force."""
    return sealing.in_force("A")


def text_of(client: Client) -> str:
    return " ".join(client.page.spoken())


def test_a_preparer_revises_and_is_told_what_happens(
    world: World, sealing: Sealing, plan_id: int, visit: Visit
) -> None:
    preparer = visit("a.preparer")
    preparer.open(f"/plans/{plan_id}")
    assert f"/plans/{plan_id}/revise" in preparer.page.links
    preparer.open(f"/plans/{plan_id}/revise")
    assert "01/QĐ-UBND" in text_of(preparer)
    answer = preparer.send(f"/plans/{plan_id}/revise", {"reason": "Số liệu mới"}, added={"relation": "amend"})
    new = int(answer.location.rsplit("/", 1)[1])
    assert (world.plan(new).revision, world.plan(new).relation) == (2, DecisionKind.AMEND)
    page = preparer.follow(answer)
    assert page.can_send(f"/plans/{new}/submit")
    assert f"/plans/{new}/discard" in page.links
    assert f"/plans/{plan_id}" in page.links, "the chain leads back to the plan in force"

    preparer.open(f"/plans/{plan_id}")
    assert f"/plans/{plan_id}/revise" not in preparer.page.links
    assert f"/plans/{new}" in preparer.page.links
    preparer.open(f"/plans/{plan_id}/revise")
    assert not preparer.page.can_send(f"/plans/{plan_id}/revise")
    assert f"/plans/{new}" in preparer.page.links


def test_a_second_revision_is_refused_with_a_link_to_the_first(
    database: Flask, sealing: Sealing, plan_id: int, visit: Visit
) -> None:
    preparer, colleague = visit("a.preparer"), visit("a.preparer")
    for client in (preparer, colleague):
        client.open(f"/plans/{plan_id}/revise")
    given, chosen = {"reason": "Số liệu mới"}, {"relation": "replace"}
    new = preparer.send(f"/plans/{plan_id}/revise", given, added=chosen).location
    colleague.send(f"/plans/{plan_id}/revise", given, added=chosen, expect=409)
    assert told(database, RevisionUnderWay(0, 2)).text in text_of(colleague)
    assert new in colleague.page.links


@pytest.mark.parametrize(
    ("reason", "relation"), [(" \n", "amend"), ("x" * 100_000, "amend"), ("Lý do", ""), ("Lý do", "revoke")]
)
def test_a_revision_without_a_fit_reason_or_relation_is_refused(
    database: Flask, sealing: Sealing, plan_id: int, visit: Visit, reason: str, relation: str
) -> None:
    preparer = visit("a.preparer")
    preparer.act(f"/plans/{plan_id}/revise", {"reason": reason, "relation": relation}, expect=422)
    assert sealing.states("A") == [(1, "issued")]
    if relation == "amend":
        error = TextTooLong(REASON_LIMIT) if reason.strip() else ReasonRequired()
        assert told(database, error).text in text_of(preparer)


def test_a_revision_is_given_up(world: World, sealing: Sealing, plan_id: int, visit: Visit) -> None:
    new = sealing.revise(plan_id)
    preparer = visit("a.preparer")
    preparer.open(f"/plans/{new}/discard")
    preparer.send(f"/plans/{new}/discard", {"reason": " "}, expect=422)
    assert world.plan(new).state is PlanState.DRAFT
    answer = preparer.send(f"/plans/{new}/discard", {"reason": "Không cần nữa"})
    assert answer.location == f"/plans/{plan_id}"
    assert f"/plans/{plan_id}/revise" in preparer.follow(answer).links
    preparer.open(f"/plans/{new}")
    assert not preparer.page.can_send(f"/plans/{new}/submit")
    preparer.open(f"/plans/{new}/discard")
    assert not preparer.page.can_send(f"/plans/{new}/discard")
    preparer.act(f"/plans/{new}/discard", {"reason": "x", "version": "3"}, expect=409)


def test_an_approver_has_a_plan_revoked_and_takes_it_back(
    world: World, sealing: Sealing, plan_id: int, visit: Visit
) -> None:
    approver = visit("p.approver")
    approver.open(f"/plans/{plan_id}")
    assert f"/plans/{plan_id}/revoke" in approver.page.links
    approver.open(f"/plans/{plan_id}/revoke")
    approver.send(f"/plans/{plan_id}/revoke", {"reason": ""}, expect=422)
    page = approver.follow(approver.send(f"/plans/{plan_id}/revoke", {"reason": "Giao trùng"}))
    assert "Giao trùng" in " ".join(page.spoken())
    decision = world.decision_on(plan_id)
    assert (decision.kind, decision.state) == (DecisionKind.REVOKE, DecisionState.PREPARED)
    preparer = visit("a.preparer")
    preparer.open(f"/plans/{plan_id}")
    assert f"/decisions/{decision.id}" in preparer.page.links
    assert f"/plans/{plan_id}/revise" not in preparer.page.links

    approver.open(f"/plans/{plan_id}/keep")
    approver.send(f"/plans/{plan_id}/keep", {"reason": "Nhầm"})
    assert world.decision_on(plan_id).state is DecisionState.WITHDRAWN
    approver.open(f"/plans/{plan_id}/keep")
    assert not approver.page.can_send(f"/plans/{plan_id}/keep")
    approver.act(f"/plans/{plan_id}/keep", {"reason": "x", "version": "1"}, expect=409)


@pytest.mark.parametrize("page", ["revise", "discard", "revoke", "keep"])
def test_the_pages_are_for_those_whose_act_it_is(sealing: Sealing, plan_id: int, visit: Visit, page: str) -> None:
    own = page in ("revise", "discard")
    for login, status in (
        ("a.preparer", 200 if own else 403), ("p.approver", 403 if own else 200), ("b.preparer", 404),
    ):  # fmt: skip
        client = visit(login)
        client.get(f"/plans/{plan_id}/{page}", expect=status)
        client.act(f"/plans/{plan_id}/{page}", {}, expect=422 if status == 200 else status)


def test_the_chain_is_read_from_either_end(world: World, sealing: Sealing, plan_id: int, visit: Visit) -> None:
    first = world.decision_on(plan_id).id
    new = sealing.revised(plan_id, {"A1": 9000}, DecisionKind.AMEND)
    second = sealing.put_in_force(new, LATER)
    third = sealing.issue(sealing.order_revocation(new), LATER)
    preparer = visit("a.preparer")
    for page, others in (
        (f"/plans/{plan_id}", {f"/plans/{new}", f"/decisions/{first}", f"/decisions/{second}", f"/decisions/{third}"}),
        (f"/plans/{new}", {f"/plans/{plan_id}", f"/decisions/{first}", f"/decisions/{second}", f"/decisions/{third}"}),
        (f"/decisions/{first}", {f"/decisions/{second}", f"/plans/{plan_id}", f"/plans/{new}"}),
        (f"/decisions/{second}", {f"/decisions/{first}", f"/decisions/{third}"}),
        (f"/decisions/{third}", {f"/decisions/{second}"}),
    ):
        assert others <= set(preparer.open(page).links), page
    preparer.open(f"/decisions/{first}")
    assert "được sửa đổi, bổ sung tại Quyết định số 02/QĐ-UBND" in text_of(preparer)
    preparer.open(f"/decisions/{second}")
    assert "sửa đổi, bổ sung Quyết định số 01/QĐ-UBND" in text_of(preparer)
    assert "bị bãi bỏ bằng Quyết định số 03/QĐ-UBND" in text_of(preparer)
    viewer = visit("a1.viewer")
    viewer.open(f"/quotas/{world.units['A1']}")
    assert f"/decisions/{third}" in viewer.page.links
    assert f"/decisions/{second}" not in viewer.page.links
    viewer.open(f"/decisions/{first}")
    assert f"/decisions/{second}" in viewer.page.links, "who received the old one is led to the new one"
    preparer.open(f"/plans/{plan_id}/others")
    preparer.open(f"/plans/{new}/compare/{plan_id}")
    assert "90%" in text_of(preparer)
    preparer.open("/plans/")
    preparer.open("/decisions/")


def test_a_plan_begun_anew_asks_for_a_reason_alone(world: World, sealing: Sealing, plan_id: int, visit: Visit) -> None:
    sealing.issue(sealing.order_revocation(plan_id), LATER)
    preparer = visit("a.preparer")
    preparer.open(f"/plans/{plan_id}/revise")
    answer = preparer.send(f"/plans/{plan_id}/revise", {"reason": "Giao lại"})
    new = world.plan(int(answer.location.rsplit("/", 1)[1]))
    assert (new.revision, new.relation) == (2, None)
    preparer.follow(answer)


def test_what_no_longer_balances_stands_on_both_pages_and_in_the_lists(
    world: World, sealing: Sealing, province_id: int, plan_id: int, visit: Visit
) -> None:
    revised = sealing.revised(province_id, {"A": 8500})
    sealing.put_in_force(revised, LATER)
    db.session.rollback()
    for job_id in db.session.scalars(db.select(Job.id).where(Job.name == "recheck_below")).all():
        recheck_below(job_id)
    preparer = visit("a.preparer")
    assert preparer.open(f"/plans/{plan_id}").root.all("p", id="out-of-balance")
    assert "Không còn bảo đảm chỉ tiêu chung" in text_of(preparer)
    preparer.open("/plans/")
    assert "không còn bảo đảm chỉ tiêu chung" in text_of(preparer)
    assert f"/plans/{plan_id}" in preparer.open("/").links
    assert "Điều chỉnh phương án: không còn bảo đảm chỉ tiêu chung" in text_of(preparer)
    superior = visit("p.preparer")
    assert f"/plans/{plan_id}" in superior.open(f"/plans/{revised}").links
    assert "1 đơn vị cấp dưới không còn bảo đảm chỉ tiêu chung" in text_of(superior)
    new = sealing.revise(plan_id)
    assert f"/plans/{new}" in superior.open(f"/plans/{revised}").links
    superior.open("/plans/")
    assert "lần 1 đang có hiệu lực" in text_of(superior)


# -- with real files -------------------------------------------------------------------------------------------------


@pytest.fixture
def case(database: Flask, world: World, visit: Visit) -> Iterator[Case]:
    with prepared_case(database, world, visit) as made:
        yield made


def issue(case: Case, plan_id: int) -> None:
    """The plan's newest decision numbered, rendered, signed and sealed as people do it."""
    case.plan_id = plan_id
    case.number()
    job = render_job(case.decision)
    assert job is not None
    render(job.id)
    case.sign(case.at("a.leader"))
    case.sign(case.at("a.clerk"), "seal")


def verify(client: Client, pdf: bytes) -> str:
    """What the page says of the file."""
    upload(client, pdf)
    return text_of(client)


def test_an_old_file_is_told_apart_from_a_forged_one(case: Case, world: World) -> None:
    issue(case, case.plan_id)
    old = case.content()
    first = case.plan_id
    reader = case.visit("a.preparer")
    with transaction():
        new = revise_plan(
            first, reason="Số liệu mới", relation=DecisionKind.REPLACE, actor=world.account("a.preparer"), now=LATER
        ).id
    world.submit(new, 8200, "a.preparer")
    world.approve(new, "p.approver")
    assert "đang có hiệu lực" in verify(reader, old), "until the new one is sealed"
    issue(case, new)
    said = verify(reader, old)
    assert "không còn hiệu lực: được thay thế bằng Quyết định số" in said
    found = read_file(case.decision)
    assert found is not None
    assert "không còn hiệu lực" not in verify(reader, found.content)
