"""Who sees what and who may do what: every page and every act by role and place, written out by hand.

A dot below is 200 for a page and 303 for an act. 404: it is out of the person's sight. 403: it is seen, not allowed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import pytest
from flask import Flask

from allocapp.clock import today
from allocapp.db import db, transaction
from allocapp.models.account import Account, Grant, Role
from allocapp.models.decision import Decision
from allocapp.models.plan import Plan
from allocapp.rules.workflow import PlanState
from tests.factories import NOW, PASSWORD_HASH, SINCE, World
from tests.views.client import Answer, Client
from tests.views.conftest import Visit

# the owner, the superior, and strangers near and far
PEOPLE = (
    "a.preparer", "p.approver", "p.preparer", "b.preparer", "a1.viewer", "d1.viewer", "p.coordinator", "p.auditor",
    "p.administrator", "a.leader", "a.clerk", "a.viewer", "a.data_officer", "b.clerk", "p.clerk",
)  # fmt: skip

# district A's plan is approved and its decision prepared, B's plan is a draft, the province's decision is in force
PAGES = """
                         a.prep p.appr p.prep b.prep a1.view d1.view p.coord p.audit p.admin a.lead a.clerk a.view a.data b.clerk p.clerk
/                          .      .      .      .      .       .       .       .       .      .       .      .      .       .      .
/plans/                    .      .      .      .      .       .       .       .       .      .       .      .      .       .      .
/plans/{plan_a}            .      .      .     404    404     404      .       .      404     .       .     404    404     404      .
/plans/{plan_a}/journal    .      .      .     404    404     404      .       .      404     .       .     404    404     404      .
/plans/{plan_a}/review    403     .     403    404    404     404     403     403     404    403     403    404    404     404     403
/plans/{plan_b}           404     .      .      .     404     404      .       .      404    404     404    404    404      .      .
/plans/{plan_b}/journal   404     .      .      .     404     404      .       .      404    404     404    404    404      .      .
/plans/{plan_p}           404     .      .     404    404     404      .       .      404    404     404    404    404     404      .
/plans/{plan_p}/review    404     .     403    404    404     404     403     403     404    404     404    404    404     404     403
/steps/                   403    403    403    403    403     403     403     403      .      .     403    403    403     403     403
/steps/{A}                403    403    403    404    404     404     403     403      .      .     403    404    404     404     403
/steps/{B}                404    403    403    403    404     404     403     403      .     404    404    404    404     403     403
/plans/{plan_a}/step       .      .      .     404    404     404      .       .      404     .       .     404    404     404      .
/decisions/                .      .      .      .      .       .       .       .       .      .       .      .      .       .      .
/decisions/register        .      .      .      .     403     403      .       .      403     .       .     403    403      .      .
/decisions/verify          .      .      .      .      .       .       .       .       .      .       .      .      .       .      .
/decisions/{decision_a}    .      .      .     404    404     404      .       .      404     .       .     404    404     404      .
/decisions/{decision_p}    .      .      .      .      .       .       .       .       .      .       .      .      .       .      .
/quotas/{P}               404     .      .     404    404     404      .       .      404    404     404    404    404     404      .
/quotas/{D1}              404     .      .     404    404      .       .       .      404    404     404    404    404     404      .
/quotas/{A}                .      .      .     404    404     404      .       .      404     .       .      .      .      404      .
/quotas/{A1}               .      .      .     404     .      404      .       .      404     .       .     404     .      404      .
/quotas/{A2}               .      .      .     404    404     404      .       .      404     .       .     404     .      404      .
/quotas/{B1}              404     .      .      .     404     404      .       .      404    404     404    404    404      .      .
/journal                  403    403    403    403    403     403     403      .       .     403     403    403    403     403     403
/journal/export           403    403    403    403    403     403     403      .       .     403     403    403    403     403     403
/delegations/              .      .      .      .      .       .       .       .       .      .       .      .      .       .      .
"""  # noqa: E501  # a table

# each act on A's plan or decision in a state in which it exists; whoever has a dot (the last one) takes it in the end
ACTS = """
                         a.prep p.appr p.prep b.prep a1.view d1.view p.coord p.audit p.admin a.lead a.clerk a.view a.data b.clerk p.clerk
draft     save             .     403    403    404    404     404     403     403     404    403     403    404    404     404     403
draft     submit           .     403    403    404    404     404     403     403     404    403     403    404    404     404     403
submitted withdraw         .     403    403    404    404     404     403     403     404    403     403    404    404     404     403
submitted take            403     .     403    404    404     404     403     403     404    403     403    404    404     404     403
in_review hand-back       403     .     403    404    404     404     403     403     404    403     403    404    404     404     403
submitted return          403     .     403    404    404     404     403     403     404    403     403    404    404     404     403
submitted approve         403     .     403    404    404     404     403     403     404    403     403    404    404     404     403
approved  reopen          403     .     403    404    404     404     403     403     404    403     403    404    404     404     403
prepared  number          403    403    403    404    404     404     403     403     404    403      .     404    404     404     403
numbered  retry           403    403    403    404    404     404     403     403     404    403      .     404    404     404     403
numbered  refuse          403    403    403    404    404     404     403     403     404     .       .     404    404     404     403
"""  # noqa: E501  # a table


def rows(table: str) -> Iterator[tuple[str, dict[str, str]]]:
    """What a row is about, and the answer to each person."""
    _heading, *lines = table.strip().splitlines()
    for line in lines:
        *about, answers = line.split(maxsplit=1) if line.startswith("/") else line.split(maxsplit=2)
        yield " ".join(about), dict(zip(PEOPLE, answers.split(), strict=True))


@pytest.fixture
def stage(world: World) -> dict[str, int]:
    """Ids of what the table of pages names; every unit by its code."""
    add_data_officer(world)
    plan_p = world.issue_province(8000)
    plan_a = world.approved("A")
    plan_b = world.open("B", "b.preparer")
    found = {"plan_p": plan_p, "plan_a": plan_a, "plan_b": plan_b}
    decisions = {f"decision_{name[-1]}": world.decision_on(found[name]).id for name in ("plan_p", "plan_a")}
    return found | decisions | world.units


def add_data_officer(world: World) -> None:
    """The one role that the small world has nobody for."""
    with transaction() as session:
        account = Account(login="a.data_officer", name="data officer A", password_hash=PASSWORD_HASH, created_at=NOW)
        account.grants.append(Grant(unit_id=world.units["A"], role=Role.DATA_OFFICER, valid_from=SINCE))
        session.add(account)
        session.flush()  # its id is kept in the world
        world.accounts[account.login] = account.id


def test_every_page_answers_each_person_as_written(visit: Visit, stage: Mapping[str, int]) -> None:
    wrong = []
    for login in PEOPLE:
        client = visit(login)
        for address, answers in rows(PAGES):
            expected = 200 if answers[login] == "." else int(answers[login])
            found = client.get(address.format(**stage)).status
            if found != expected:
                wrong.append(f"{login} {address}: {found}, not {expected}")
    assert not wrong


def test_a_role_that_has_ended_or_not_begun_opens_nothing(world: World, visit: Visit, stage: Mapping[str, int]) -> None:
    client = visit("a.preparer")
    for held in ((SINCE, date(2025, 12, 31)), (date(2100, 1, 1), None)):
        with transaction() as session:
            grants = db.update(Grant).where(Grant.account_id == world.accounts["a.preparer"])
            session.execute(grants.values(valid_from=held[0], valid_to=held[1]))
        client.open("/")
        client.get(f"/plans/{stage['plan_a']}", expect=404)
        client.act(f"/plans/{stage['plan_a']}/withdraw", {"version": "2"}, expect=404)


def test_each_act_is_for_those_entitled(world: World, visit: Visit) -> None:
    """Everybody else is refused and changes nothing, whatever they send; then one who may do it does it."""
    add_data_officer(world)
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    clients = {login: visit(login) for login in PEOPLE}
    wrong = []
    for about, answers in rows(ACTS):
        state, act = about.split()
        subject = bring(world, plan_id, state)
        fields = subject.fields(clients, act)
        before = subject.stamp()
        assert state in before
        for login in PEOPLE:
            if answers[login] != ".":
                found = clients[login].act(subject.url(act), fields).status
                if found != int(answers[login]) or subject.stamp() != before:
                    wrong.append(f"{login} {about}: {found}, not {answers[login]}; {before} -> {subject.stamp()}")
        entitled = [login for login in PEOPLE if answers[login] == "."]
        clients[entitled[-1]].act(subject.url(act), fields, expect=303)
        assert act == "retry" or subject.stamp() != before
    assert not wrong


@pytest.mark.parametrize(
    ("login", "refusals"), [("b.preparer", {404}), ("d1.viewer", {404}), ("p.auditor", {403, 404})]
)
def test_no_address_lets_a_stranger_in_or_a_reader_act(
    world: World, visit: Visit, database: Flask, login: str, refusals: set[int]
) -> None:
    """Every address there is, of district A's plan, decision and units: also those that nobody has listed here yet."""
    world.issue_province(8000)
    plan_id = world.approved("A")
    decision_id = world.number(plan_id, "a.clerk")
    foreign = {"plan_id": plan_id, "decision_id": decision_id, "unit_id": world.units["A1"]}
    client = visit(login)
    let_in = []
    for rule in database.url_map.iter_rules():
        if not foreign.keys() & rule.arguments:
            continue
        with database.test_request_context():
            url = database.url_map.bind("").build(
                rule.endpoint, {name: foreign.get(name, 1) for name in rule.arguments}
            )
        if "POST" in (rule.methods or ()):
            found = client.act(url, {"version": "1", "unit_id": str(world.units["A1"])}).status
            if found not in refusals:
                let_in.append(f"POST {rule}: {found}")
        if "GET" in (rule.methods or ()) and login != "p.auditor":
            found = client.get(url).status
            if found not in refusals:
                let_in.append(f"GET {rule}: {found}")
    assert not let_in


@pytest.mark.parametrize("login", ["b.preparer", "b.clerk", "b1.viewer", "d1.viewer"])
def test_a_stranger_reads_nothing_of_a_districts_communes_and_targets(world: World, visit: Visit, login: str) -> None:
    """Neither on the pages that links lead to, nor on refusals, nor in what is refused by name."""
    world.issue_province(8000)
    plan_id = world.approved("A", 8317)
    world.put_in_force(plan_id)
    decision_id = world.decision_on(plan_id).id
    client = visit(login)
    secrets = [world.unit(code).name for code in ("A0", "A1", "A2", "A3")] + ["83,17", "83.17", "8317"]
    addresses = [f"/plans/{plan_id}{part}" for part in ("", "/review", "/journal")]
    addresses += [f"/decisions/{decision_id}{part}" for part in ("", "/file", "?refuse=1")]
    addresses += [f"/quotas/{world.units[code]}" for code in ("A", "A0", "A1")]
    addresses += [f"/decisions/register?unit={world.units['A']}&year={NOW.year}"]
    answers = {address: client.get(address) for address in addresses}
    assert {answer.status for answer in answers.values()} <= {403, 404}
    for act in ("check", "save", "submit", "approve", "return"):
        answers[act] = client.act(f"/plans/{plan_id}/{act}", {"version": "3"})
    for act in ("number", "sign", "refuse", "acknowledge"):
        answers[act] = client.act(f"/decisions/{decision_id}/{act}", {"unit_id": str(world.units["B1"])})
    answers |= crawl(client)
    told = [(address, secret) for address, answer in answers.items() for secret in secrets if secret in read(answer)]
    assert not told


@pytest.mark.parametrize("login", ["a.clerk", "p.approver", "a1.viewer", "p.auditor", "p.administrator"])
def test_no_link_leads_to_a_refusal(world: World, visit: Visit, login: str) -> None:
    world.issue_province(8000)
    world.submitted("A")
    world.number(world.approved("B"), "b.clerk")
    dead = {
        address: answer.status for address, answer in crawl(visit(login)).items() if answer.status not in (200, 302)
    }
    assert not dead


def crawl(client: Client) -> dict[str, Answer]:
    """Every page that a chain of links leads to from the list of tasks."""
    found: dict[str, Answer] = {}
    waiting = ["/"]
    while waiting:
        address = waiting.pop()
        if address in found or address.endswith("/file") or "inline" in address:  # files are not pages
            continue
        found[address] = answer = client.get(address)
        links = answer.page.links if answer.is_page else [answer.location]
        waiting += [link.partition("#")[0] or "/" for link in links if link.startswith("/")]
    return found


def read(answer: Answer) -> str:
    """The whole answer, without marks that tell two pages of the same content apart."""
    return re.sub(r'name="csrf_token" value="[^"]+"', "", answer.response.text)


@dataclass(frozen=True)
class Subject:
    """District A's plan, or its decision."""

    world: World
    plan_id: int
    decision: bool

    def url(self, act: str) -> str:
        """Where the act is sent."""
        if self.decision:
            return f"/decisions/{self.world.decision_on(self.plan_id).id}/{act}"
        return f"/plans/{self.plan_id}/{act}"

    def stamp(self) -> tuple[str, int, str]:
        """What would change with any act."""
        plan = self.world.plan(self.plan_id)
        thing: Plan | Decision = self.world.decision_on(self.plan_id) if self.decision else plan
        return thing.state.value, thing.version, plan.state.value

    def fields(self, clients: Mapping[str, Client], act: str) -> dict[str, str]:
        """What the entitled person's page would send."""
        if self.decision:
            version = self.world.decision_on(self.plan_id).version
            return {"version": str(version), "dated": f"{today():%d/%m/%Y}", "reason": "Sai căn cứ"}
        login, address = ("a.preparer", "") if act in ("save", "submit", "withdraw") else ("p.approver", "/review")
        found = clients[login].open(f"/plans/{self.plan_id}{address}").form(f"/plans/{self.plan_id}/{act}").fields
        del found["csrf_token"]
        filled = {name: "80" for name in found if name.startswith("t-")}
        return found | filled | ({"reason": "Chưa đạt"} if act in ("return", "reopen") else {})


def bring(world: World, plan_id: int, state: str) -> Subject:
    """District A's plan, or its decision, taken on from wherever the act before has left it."""
    if state != "draft" and world.plan(plan_id).state in (PlanState.DRAFT, PlanState.RETURNED):
        world.submit(plan_id, 8000, "a.preparer")
    if state in ("approved", "prepared") and world.plan(plan_id).state is PlanState.SUBMITTED:
        world.approve(plan_id, "p.approver")
    return Subject(world, plan_id, decision=state in ("prepared", "numbered"))
