"""How often a page asks the database: as often for forty communes as for four."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import delete, event, select, update

from allocapp.db import db, transaction
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign, CampaignIndicator, Expectation
from allocapp.models.plan import ExpectationProposal, Plan, PlanComment, PlanHold, PlanMilestone, PlanTarget, Verdict
from allocapp.models.unit import Unit
from allocapp.rules.workflow import PlanState
from allocapp.services.sheet import read_sheet
from allocapp.services.unit import add_unit
from tests.factories import NOW, PASSWORD_HASH, SINCE, World
from tests.views.client import Client
from tests.views.conftest import Visit
from tests.views.sheets import everywhere


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that reach the database meanwhile."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        sent.append(statement)

    engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def add_communes(world: World, district: str, number: int) -> None:
    """More receivers for the district, each with something to do."""
    with transaction() as session:
        parent = session.get_one(Unit, world.units[district])
        for place in range(number):
            commune = add_unit(
                code=f"{district}-{place}",
                name=f"Xã thêm {place}",
                kind_code="commune",
                parent=parent,
                position=100 + place,
                valid_from=SINCE,
            )
            for code, weight, services in (("services", 2, [30, 31]), ("dossiers", 100, [])):
                session.add(
                    Expectation(
                        campaign_id=world.campaign,
                        unit_id=commune.id,
                        indicator_id=world.indicators[code],
                        weight=weight,
                        baseline_numerator=0,
                        baseline_denominator=weight,
                        services=services,
                    )
                )


def measure(world: World, visit: Visit, district: str) -> dict[str, int]:
    """How many statements each page and act of the district's plan takes."""
    login = f"{district.lower()}.preparer"
    plan_id = world.open(district, login)
    owner, superior = visit(login), visit("p.approver")
    found: dict[str, int] = {}

    def ask(name: str, client: Client, url: str) -> None:
        with counted() as sent:
            client.open(url)
        found[name] = len(sent)

    ask("plan page", owner, f"/plans/{plan_id}")
    page = owner.page
    fields = page.form(f"/plans/{plan_id}").fields | everywhere(page, plan_id, "80")
    with counted() as sent:
        answer = owner.post(f"/plans/{plan_id}/check", fields, headers={"Accept": "application/json"}, expect=200)
    assert len(answer.json["cells"]) == len(everywhere(page, plan_id, "80"))
    found["live check"] = len(sent)
    with counted() as sent:
        owner.send(f"/plans/{plan_id}/submit", everywhere(page, plan_id, "80"))
    found["submit"] = len(sent)
    ask("read-only plan page", owner, f"/plans/{plan_id}")
    ask("review page", superior, f"/plans/{plan_id}/review")
    with counted() as sent:
        superior.send(f"/plans/{plan_id}/approve")
    found["approve"] = len(sent)
    ask("decision page", owner, f"/decisions/{world.decision_on(plan_id).id}")
    ask("targets by unit", owner, "/quotas/")
    return found


def test_statements_do_not_grow_with_the_receivers(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    add_communes(world, "B", 36)
    few, many = measure(world, visit, "A"), measure(world, visit, "B")
    assert many == few, (few, many)
    assert all(number > 2 for number in few.values())
    assert few["plan page"] < 30  # each reads something that the page shows
    assert few["live check"] < 20


# -- rows that carry everything --------------------------------------------------------------------------------------


def people(number: int, prefix: str) -> list[int]:
    """So many accounts: who is another in every row is not found among those read before."""
    with transaction() as session:
        made = [
            Account(login=f"{prefix}.{place}", name=f"Cán bộ {prefix} {place}", password_hash=PASSWORD_HASH,
                    active=True, demo=False, language="vi", created_at=NOW)
            for place in range(number)
        ]  # fmt: skip
        session.add_all(made)
        session.flush()  # their ids are returned
        return [account.id for account in made]


def furnish(world: World, plan_id: int) -> None:
    """Every row held, remarked on, on its way and with another number proposed: each by somebody else."""
    dossiers, services = world.indicators["dossiers"], world.indicators["services"]
    units = sorted({unit_id for unit_id, _indicator in read_sheet(world.plan(plan_id)).cells})
    whose = people(2 * len(units), f"plan{plan_id}")
    askers, deciders = whose[: len(units)], whose[len(units) :]
    with transaction() as session:
        for unit_id, asker, decider in zip(units, askers, deciders, strict=True):
            row: dict[str, Any] = {"plan_id": plan_id, "unit_id": unit_id}
            proposed: dict[str, Any] = {"reason": "Nhiều hồ sơ hơn", "proposed_by_id": asker, "proposed_at": NOW}
            session.add_all(
                [
                    PlanHold(**row, account_id=asker, reason="giữ", held_at=NOW),
                    PlanComment(**row, account_id=asker, text="Xem lại", created_at=NOW),
                    ExpectationProposal(**row, **proposed, indicator_id=dossiers, weight=120, services=[]),
                    ExpectationProposal(
                        **row, **proposed, indicator_id=services, weight=1, services=[30],
                        verdict=Verdict.REFUSED, decided_by_id=decider, decided_at=NOW,
                    ),
                    PlanMilestone(**row, indicator_id=dossiers, due=date(2026, 3, 31), target=4000),
                    PlanMilestone(**row, indicator_id=dossiers, due=date(2026, 6, 30), target=6000),
                ]
            )  # fmt: skip
            session.execute(
                update(PlanTarget)
                .where(PlanTarget.plan_id == plan_id, PlanTarget.unit_id == unit_id)
                .values(target=7000, changed_by_id=asker, changed_at=NOW, version=2)
            )


def in_force_before(world: World, plan_id: int) -> int:
    """The same unit's plan of the year before, in force; gives its id."""
    with transaction() as session:
        plan = world.plan(plan_id)
        campaign = session.scalar(select(Campaign).where(Campaign.code == "2025"))
        if campaign is None:
            campaign = Campaign(
                code="2025", name="Giao chỉ tiêu năm 2025", name_en="Targets 2025", root_id=world.units["P"],
                period_from=date(2025, 1, 1), period_to=date(2025, 12, 31), sample=True, frozen_at=NOW,
                frozen_from="2024",
            )  # fmt: skip
            for position, indicator in enumerate(column.indicator for column in plan.campaign.indicators):
                campaign.indicators.append(CampaignIndicator(position=position, indicator=indicator))
        before = Plan(
            campaign=campaign, unit=plan.unit, revision=1, version=1, state=PlanState.ISSUED, created_at=NOW,
            changed_at=NOW, issued_at=NOW, submitted_hash="0" * 64, approved_hash="0" * 64,
        )  # fmt: skip
        session.add(before)
        session.flush()  # its id is used for its rows
        session.add_all(
            PlanTarget(plan_id=before.id, unit_id=unit_id, indicator_id=indicator_id, position=0, target=6500)
            for unit_id, indicator_id in read_sheet(plan).cells
        )
        return before.id


class Meter:
    """Counts the statements of what one person does with a plan."""

    def __init__(self, plan_id: int) -> None:
        self.plan = f"/plans/{plan_id}"
        self.found: dict[str, int] = {}

    @contextmanager
    def of(self, name: str) -> Iterator[None]:
        """Count under this name."""
        with counted() as sent:
            yield
        self.found[name] = len(sent)

    def open(self, client: Client, *addresses: str) -> None:
        """Open pages of the plan."""
        for address in addresses:
            with self.of(address.rstrip("0123456789") or "plan page"):
                client.open(f"{self.plan}{address}")


def measure_all(world: World, visit: Visit, district: str) -> dict[str, int]:
    """How many statements each page and act takes on a plan whose rows carry everything."""
    login = f"{district.lower()}.preparer"
    plan_id = world.open(district, login)
    furnish(world, plan_id)
    before = in_force_before(world, plan_id)
    owner, superior, meter = visit(login), visit("p.approver"), Meter(plan_id)
    dossiers = world.indicators["dossiers"]
    commune = world.units[f"{district}1"]

    meter.open(owner, "", "/methods", "/paste", "/others", f"/compare/{before}", "/proposals", "/journal")
    formula = f"/methods?indicator={dossiers}&act=same&step=1&aim=&floor=&ceiling="
    with meter.of("method tried"):
        owner.open(f"{meter.plan}{formula}")
    with meter.of("lowest"):
        owner.open(f"{meter.plan}/rows/{commune}/lowest")
    with meter.of("milestones of an indicator"):
        owner.open(f"{meter.plan}/milestones/{dossiers}")
    with meter.of("copy previewed"):
        owner.open(f"{meter.plan}/copy/{before}")
    release_all(plan_id)
    with meter.of("copy previewed, nothing held"):
        owner.open(f"{meter.plan}/copy/{before}")
    with meter.of("copied"):
        owner.send(f"{meter.plan}/copy/{before}")
    with meter.of("method tried, nothing held"):
        owner.open(f"{meter.plan}{formula}")
    with meter.of("method applied"):
        owner.send(next(form.targets[0] for form in owner.page.forms if "/methods/apply" in form.targets[0]))
    meter.open(owner, "/changes")
    with meter.of("method taken back"):
        owner.send(f"{meter.plan}/methods/revert")
    pasted = "\n".join(f"{row.unit.code}\t80\t80" for row in read_sheet(world.plan(plan_id)).rows)
    owner.open(f"{meter.plan}/paste")
    with meter.of("paste previewed"):
        owner.send(f"{meter.plan}/paste", {"text": pasted}, expect=200)
    with meter.of("pasted"):
        owner.send(f"{meter.plan}/paste/apply")
    measure_road(meter, owner, superior, plan_id)
    return meter.found


def release_all(plan_id: int) -> None:
    with transaction() as session:
        session.execute(delete(PlanHold).where(PlanHold.plan_id == plan_id))


def measure_road(meter: Meter, owner: Client, superior: Client, plan_id: int) -> None:
    """Save, submit, review and approve, with remarks, milestones and open proposals on every row."""
    page = owner.open(meter.plan)
    filled = everywhere(page, plan_id, "80")
    with meter.of("autosave"):
        fields = page.form(meter.plan).fields | filled
        owner.post(f"{meter.plan}/cells", fields, headers={"Accept": "application/json"}, expect=200)
    with meter.of("save"):
        owner.send(f"{meter.plan}/save", everywhere(page, plan_id, "81"), page=owner.open(meter.plan))
    owner.open(meter.plan)
    with meter.of("submit"):
        owner.send(f"{meter.plan}/submit", filled)
    with meter.of("proposals, to decide on"):
        superior.open(f"{meter.plan}/proposals")
    meter.open(superior, "/review")
    assert [element for element in superior.page.root.all("section") if "standpoint" in element.classes]
    with meter.of("approve"):
        superior.send(f"{meter.plan}/approve")
    with meter.of("read-only plan page"):
        owner.open(meter.plan)


def test_statements_do_not_grow_with_what_the_rows_carry(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    add_communes(world, "B", 36)
    few, many = measure_all(world, visit, "A"), measure_all(world, visit, "B")
    assert many == few, {name: (few[name], many[name]) for name in few if few[name] != many[name]}
    assert few["plan page"] < 40


def test_the_list_of_tasks_asks_as_often_for_many_proposals_as_for_one(world: World, visit: Visit) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    furnish(world, plan_id)
    with transaction() as session:
        of_one = ExpectationProposal.unit_id == world.units["A1"]
        session.execute(update(ExpectationProposal).values(verdict=Verdict.OPEN))
        session.execute(
            update(ExpectationProposal)
            .where(~of_one)
            .values(verdict=Verdict.REFUSED, decided_by_id=world.accounts["p.approver"], decided_at=NOW)
        )
    approver, meter = visit("p.approver"), Meter(plan_id)
    with meter.of("one"):
        approver.open("/")
    assert f"/plans/{plan_id}/proposals" in approver.page.links
    with transaction() as session:
        session.execute(update(ExpectationProposal).values(verdict=Verdict.OPEN))
    with meter.of("many"):
        approver.open("/")
    assert meter.found["many"] == meter.found["one"]
