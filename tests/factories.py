"""A small world: one province, two districts with an office and communes each, departments, and their people."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from allocapp.db import db, transaction
from allocapp.models.account import Account, Grant, Role
from allocapp.models.campaign import Authority, Campaign, CampaignIndicator, DocumentText, Expectation, Indicator
from allocapp.models.decision import Decision
from allocapp.models.plan import Plan
from allocapp.models.results import Measure
from allocapp.models.unit import Unit, UnitKind
from allocapp.rules.balance import Direction, Kind, RollUp
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.account import hash_password
from allocapp.services.decision import number_decision
from allocapp.services.plan import open_plan, save_targets, submit_plan
from allocapp.services.review import approve_plan, take_plan_into_review
from allocapp.services.sheet import Entry, Key, read_sheet
from allocapp.services.step import StepSetting, set_steps, stamp_of_steps, steps_of
from allocapp.services.unit import add_unit

NOW = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)
SINCE = date(2020, 1, 1)
PASSWORD = "a password for tests only"
# made once: hashing is slow on purpose
PASSWORD_HASH = hash_password(PASSWORD)

KINDS = (
    # code, name, group, position, whole, plural, body
    ("province", "Tỉnh", "Tỉnh", 0, "toàn tỉnh", "", "Ủy ban nhân dân"),
    ("department", "Sở", "Các sở, ban, ngành", 1, "", "các sở, ban, ngành", ""),
    ("district", "Huyện", "Các huyện", 2, "toàn huyện", "Ủy ban nhân dân các huyện", "Ủy ban nhân dân"),
    ("office", "Bộ phận Một cửa", "Bộ phận Một cửa cấp huyện", 3, "", "Bộ phận Một cửa cấp huyện", ""),
    ("commune", "Xã", "Các xã", 4, "", "Ủy ban nhân dân các xã", "Ủy ban nhân dân"),
)


@dataclass
class World:
    """Ids and names that tests speak of. ORM objects are loaded anew where they are needed."""

    campaign: int = 0
    indicators: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)

    def account(self, login: str) -> Account:
        """The account with that login, in the current session."""
        found = db.session.get(Account, self.accounts[login])
        assert found is not None
        return found

    def unit(self, code: str) -> Unit:
        """The unit with that code, in the current session."""
        found = db.session.get(Unit, self.units[code])
        assert found is not None
        return found

    def plan(self, plan_id: int) -> Plan:
        """The plan with that id, in the current session."""
        found = db.session.get(Plan, plan_id, populate_existing=True)
        assert found is not None
        return found

    def grant(self, login: str, unit: str, role: str) -> None:
        """One more role for an account."""
        with transaction() as session:
            account_id, unit_id = self.accounts[login], self.units[unit]
            session.add(Grant(account_id=account_id, unit_id=unit_id, role=Role(role), valid_from=SINCE))

    def end_role(self, login: str, last: date) -> None:
        """The account's roles end with that day."""
        with transaction() as session:
            held = Grant.account_id == self.accounts[login]
            session.execute(db.update(Grant).where(held).values(valid_to=last))

    def set_authority(self, authority: Authority) -> None:
        """What the superior's word is worth in the campaign."""
        with transaction() as session:
            session.get_one(Campaign, self.campaign).authority = authority

    def set_steps(self, unit: str, *logins: str) -> None:
        """The unit's own steps: three days for each of these people, in their order."""
        with transaction():
            settings = [StepSetting(f"Bước {login}", self.accounts[login], 3) for login in logins]
            seen = stamp_of_steps(steps_of(self.unit(unit)))
            actor = self.account(f"{unit.lower()}.leader")
            set_steps(self.units[unit], settings, seen=seen, actor=actor, now=NOW)

    # -- steps that many tests begin with ------------------------------------------------------------------------

    def open(self, unit: str, login: str) -> int:
        """Open the unit's plan and give its id."""
        with transaction():
            return open_plan(self.units[unit], self.campaign, actor=self.account(login), now=NOW).id

    def entries(self, plan_id: int, target: int | None, excuse: str = "") -> dict[Key, Entry]:
        """The same entry for every cell of the plan."""
        return {key: Entry(target, excuse) for key in read_sheet(self.plan(plan_id)).cells}

    def save(self, plan_id: int, target: int | None, login: str) -> int:
        """Save the same target in every cell; gives the new version."""
        with transaction():
            plan = self.plan(plan_id)
            entries = self.entries(plan_id, target)
            return save_targets(plan_id, entries, version=plan.version, actor=self.account(login), now=NOW).version

    def submit(self, plan_id: int, target: int, login: str) -> None:
        """Submit the plan with the same target in every cell."""
        with transaction():
            plan = self.plan(plan_id)
            seen = read_sheet(plan).content_hash
            submit_plan(
                plan_id,
                self.entries(plan_id, target),
                version=plan.version,
                seen_hash=seen,
                actor=self.account(login),
                now=NOW,
            )

    def approve(self, plan_id: int, login: str) -> None:
        """Approve the plan as it stands."""
        with transaction():
            plan = self.plan(plan_id)
            seen = read_sheet(plan).content_hash
            approve_plan(plan_id, version=plan.version, seen_hash=seen, actor=self.account(login), now=NOW)

    def submitted(self, unit: str, target: int = 8000) -> int:
        """The unit's plan, submitted by its preparer; gives its id."""
        login = f"{unit.lower()}.preparer"
        plan_id = self.open(unit, login)
        self.submit(plan_id, target, login)
        return plan_id

    def approved(self, unit: str, target: int = 8000) -> int:
        """The unit's plan, approved, with its decision prepared; gives the plan's id."""
        plan_id = self.submitted(unit, target)
        self.approve(plan_id, "p.approver")
        return plan_id

    def take(self, plan_id: int, login: str) -> None:
        """Begin the review of the plan."""
        with transaction():
            take_plan_into_review(plan_id, version=self.plan(plan_id).version, actor=self.account(login), now=NOW)

    def number(self, plan_id: int, login: str) -> int:
        """Take the number of the plan's decision; gives the decision's id."""
        with transaction():
            decision = self.decision_on(plan_id)
            number_decision(decision.id, version=decision.version, dated=NOW.date(), actor=self.account(login), now=NOW)
            return decision.id

    def decision_on(self, plan_id: int) -> Decision:
        """The newest decision on the plan, as it is stored now."""
        newest = db.select(Decision).where(Decision.plan_id == plan_id).order_by(Decision.id.desc()).limit(1)
        return db.session.scalars(newest.execution_options(populate_existing=True)).one()

    def issue_province(self, target: int = 8000) -> int:
        """The province's plan in force under decision 01, without its PDF: what districts need in order to submit."""
        plan_id = self.open("P", "p.preparer")
        self.submit(plan_id, target, "p.preparer")
        self.approve(plan_id, "p.approver")
        self.put_in_force(plan_id)
        return plan_id

    def put_in_force(self, plan_id: int) -> None:
        """The approved plan issued with its decision 01, which has neither snapshot nor PDF."""
        with transaction() as session:
            session.execute(
                db.update(Plan).where(Plan.id == plan_id).values(state=PlanState.ISSUED, issued_at=NOW, version=9)
            )
            session.execute(
                db.update(Decision)
                .where(Decision.plan_id == plan_id)
                .values(state=DecisionState.ISSUED, number=1, symbol="QĐ-UBND", dated=NOW.date(), snapshot="{}")
            )


def make_world() -> World:
    """Units P; departments D1, D2; districts A, B; offices A0, B0; communes A1–A3, B1–B3; accounts ``a.preparer`` …"""
    world = World()
    with transaction():
        for code, name, group, position, whole, plural, body in KINDS:
            db.session.add(
                UnitKind(
                    code=code, name=name, name_en=code, group_name=group, group_name_en=code, position=position,
                    whole=whole, whole_en=whole and f"the whole {code}", plural=plural, body=body,
                )
            )  # fmt: skip
        db.session.flush()  # units refer to their kinds
        _add_units(world)
        _add_campaign(world)
        _add_accounts(world)
    return world


def _add_units(world: World) -> None:
    def add(code: str, name: str, kind: str, parent: Unit | None, position: int, *, allocates: bool = False) -> Unit:
        unit = add_unit(
            code=code, name=name, kind_code=kind, parent=parent, position=position, valid_from=SINCE,
            may_allocate=allocates, place=name, symbol="QĐ-UBND" if allocates else "",
        )  # fmt: skip
        world.units[code] = unit.id
        return unit

    province = add("P", "Tỉnh Mẫu", "province", None, 0, allocates=True)
    add("D1", "Sở Một", "department", province, 0)
    add("D2", "Sở Hai", "department", province, 1)
    for place, district in enumerate("AB"):
        parent = add(district, f"Huyện {district}", "district", province, place, allocates=True)
        add(f"{district}0", f"Bộ phận Một cửa huyện {district}", "office", parent, 0)
        for number in (1, 2, 3):
            add(f"{district}{number}", f"Xã {district}{number}", "commune", parent, number)


def _add_campaign(world: World) -> None:
    received = Measure(code="received", name="Hồ sơ tiếp nhận", name_en="Dossiers received")
    online = Measure(code="online", name="Hồ sơ trực tuyến", name_en="Dossiers received online")
    campaign = Campaign(
        code="2026", name="Giao chỉ tiêu năm 2026", name_en="Targets 2026", root_id=world.units["P"],
        period_from=date(2026, 1, 1), period_to=date(2026, 12, 31), sample=True, frozen_at=NOW, frozen_from="2025",
    )  # fmt: skip
    db.session.add_all([received, online, campaign])
    db.session.flush()  # their ids are referred to below
    world.campaign = campaign.id
    for position, (code, rollup, counted) in enumerate(
        (("services", RollUp.DISTINCT, "dịch vụ"), ("dossiers", RollUp.SUMS, "hồ sơ"))
    ):
        indicator = Indicator(
            code=code, version=1, name=f"Tỷ lệ {counted}", name_en=f"Rate of {code}", short_name=counted.capitalize(),
            short_name_en=code, counted=counted, counted_en=code, part=f"{counted} trực tuyến",
            part_en=f"online {code}", definition="Định nghĩa", definition_en="Definition", source="Điều 1",
            kind=Kind.RATE, rollup=rollup, direction=Direction.AT_LEAST, numerator=online, denominator=received,
        )  # fmt: skip
        db.session.add(indicator)
        db.session.flush()  # its id is referred to by expectations
        world.indicators[code] = indicator.id
        db.session.add(CampaignIndicator(campaign=campaign, indicator=indicator, position=position))
    _add_expectations(world)
    for kind in ("province", "district"):
        db.session.add(
            DocumentText(
                campaign_id=campaign.id, unit_kind_code=kind, subject="Giao chỉ tiêu {period} cho {receivers}",
                authority="CHỦ TỊCH ỦY BAN NHÂN DÂN {UNIT}", bases=["Căn cứ Luật số 01"], proposal="",
                articles=[{"text": "Giao chỉ tiêu {indicators}", "clauses": []}, {"text": "Thi hành", "clauses": []}],
                recipients=["Như Điều 2"], archive="Lưu: VT", signer_lines=["CHỦ TỊCH"],
                signer_name="(Mẫu) Lãnh đạo ký", annex_title="CHỈ TIÊU {UNIT}",
            )
        )  # fmt: skip


def _add_expectations(world: World) -> None:
    """Each leaf handles ten services of its own and 100 dossiers; commune 3 handles commune 1's services again."""
    leaves = {
        "D1": range(10), "D2": range(10, 20), "A0": range(20, 30), "A1": range(30, 40), "A2": range(40, 50),
        "A3": range(30, 40), "B0": range(50, 60), "B1": range(60, 70), "B2": range(70, 80), "B3": range(60, 70),
    }  # fmt: skip
    sets = {code: set(services) for code, services in leaves.items()}
    weights = dict.fromkeys(leaves, 100)
    for district in "AB":
        below = [f"{district}{number}" for number in range(4)]
        sets[district] = set().union(*(sets[code] for code in below))
        weights[district] = 400
    for code, services in sets.items():
        for indicator, weight, listed in (
            ("services", len(services), sorted(services)),
            ("dossiers", weights[code], []),
        ):
            db.session.add(
                Expectation(
                    campaign_id=world.campaign, unit_id=world.units[code], indicator_id=world.indicators[indicator],
                    weight=weight, baseline_numerator=weight // 4, baseline_denominator=weight, services=listed,
                )
            )  # fmt: skip


def _add_accounts(world: World) -> None:
    everywhere = (Role.PREPARER, Role.LEADER, Role.CLERK, Role.VIEWER)
    granted = {(unit, role) for unit in ("P", "A", "B") for role in everywhere}
    granted |= {("P", role) for role in (Role.APPROVER, Role.COORDINATOR, Role.ADMINISTRATOR, Role.AUDITOR)}
    granted |= {(unit, Role.VIEWER) for unit in ("D1", "A1", "B1")}
    for unit, role in sorted(granted):
        login = f"{unit.lower()}.{role.value}"
        account = Account(
            login=login, name=f"{role.value} {unit}", password_hash=PASSWORD_HASH, active=True, demo=False,
            language="vi", created_at=NOW - timedelta(days=30),
        )  # fmt: skip
        account.grants.append(Grant(unit_id=world.units[unit], role=role, valid_from=SINCE))
        db.session.add(account)
        db.session.flush()  # its id is kept in the world
        world.accounts[login] = account.id
