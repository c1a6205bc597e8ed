"""A decision carried to its end without a PDF: numbered, rendered, signed, sealed; and plans put in force by it."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision, SignerRole, SigningKey
from allocapp.models.plan import Plan
from allocapp.services.decision import claim_signature, complete_render, complete_signature, number_decision
from allocapp.services.plan import submit_plan
from allocapp.services.revision import revise_plan
from allocapp.services.revocation import order_revocation
from allocapp.services.sheet import Entry, read_sheet
from tests.factories import NOW, World

LATER = NOW + timedelta(days=1)


class Sealing:
    """The steps that put plans in force, each in a transaction of its own, as people take them."""

    def __init__(self, world: World, keys: Path) -> None:
        self.world, self.keys = world, keys
        (keys / "key.p12").write_bytes(b"key")
        with transaction() as session:
            for unit in ("P", "A", "B"):
                for role in SignerRole:
                    session.add(SigningKey(unit_id=world.units[unit], role=role, filename="key.p12"))

    def decision(self, decision_id: int) -> Decision:
        """The decision as it is stored now."""
        found = db.session.get(Decision, decision_id, populate_existing=True)
        assert found is not None
        return found

    def login(self, decision_id: int, role: str) -> str:
        """Who does that in the decision's unit."""
        return f"{self.decision(decision_id).unit.code.lower()}.{role}"

    def number(self, decision_id: int, now: datetime = NOW) -> None:
        """The clerk takes the number and the file is made."""
        with transaction():
            found = self.decision(decision_id)
            actor = self.world.account(self.login(decision_id, "clerk"))
            number_decision(decision_id, version=found.version, dated=now.date(), actor=actor, now=now)
        with transaction():
            complete_render(decision_id, b"pdf ", now=now)

    def sign(self, decision_id: int, role: SignerRole, now: datetime = NOW) -> None:
        """One of the two signatures."""
        login = self.login(decision_id, "leader" if role is SignerRole.PERSON else "clerk")
        with transaction():
            given: dict[str, Any] = {"version": self.decision(decision_id).version, "keys": self.keys}
            claim = claim_signature(decision_id, role, **given, actor=self.world.account(login), now=now)
        with transaction():
            complete_signature(claim, claim.pdf + role.value.encode(), actor=self.world.account(login), now=now)

    def issue(self, decision_id: int, now: datetime = NOW) -> int:
        """The whole road; gives the decision's id again."""
        self.number(decision_id, now)
        for role in SignerRole:
            self.sign(decision_id, role, now)
        return decision_id

    def put_in_force(self, plan_id: int, now: datetime = NOW) -> int:
        """The approved plan's decision issued; gives its id."""
        return self.issue(self.world.decision_on(plan_id).id, now)

    def in_force(self, unit: str, target: int = 8000) -> int:
        """The unit's first plan in force; gives its id."""
        plan_id = self.world.approved(unit, target)
        self.put_in_force(plan_id)
        return plan_id

    def revise(self, plan_id: int, relation: DecisionKind | None = DecisionKind.REPLACE, now: datetime = LATER) -> int:
        """The next revision as a draft; gives its id."""
        with transaction():
            actor = self.world.account(f"{self.world.plan(plan_id).unit.code.lower()}.preparer")
            return revise_plan(plan_id, reason="Số liệu mới", relation=relation, actor=actor, now=now).id

    def submit(self, plan_id: int, targets: dict[str, int], now: datetime = LATER) -> None:
        """Submit the draft as it is, but for the receivers named: the same target for each of their indicators."""
        with transaction():
            plan = self.world.plan(plan_id)
            sheet = read_sheet(plan)
            codes = {row.unit.id: row.unit.code for row in sheet.rows}
            entries = {
                key: Entry(targets[codes[key[0]]]) if codes[key[0]] in targets else Entry(cell.target, cell.excuse)
                for key, cell in sheet.cells.items()
            }
            actor = self.world.account(f"{plan.unit.code.lower()}.preparer")
            given: dict[str, Any] = {"version": plan.version, "seen_hash": sheet.content_hash}
            submit_plan(plan_id, entries, **given, actor=actor, now=now)

    def revised(
        self, plan_id: int, targets: dict[str, int], relation: DecisionKind | None = DecisionKind.REPLACE
    ) -> int:
        """The next revision, submitted and approved; gives its id."""
        revision_id = self.revise(plan_id, relation)
        self.submit(revision_id, targets)
        self.world.approve(revision_id, "p.approver")
        return revision_id

    def order_revocation(self, plan_id: int, reason: str = "Giao trùng") -> int:
        """The superior's approver orders the plan revoked; gives the decision's id."""
        with transaction():
            actor, version = self.world.account("p.approver"), self.world.plan(plan_id).version
            return order_revocation(plan_id, version=version, reason=reason, actor=actor, now=NOW).id

    def states(self, unit: str) -> list[tuple[int, str]]:
        """Revision and state of each of the unit's plans."""
        db.session.rollback()
        of_unit = (Plan.campaign_id == self.world.campaign) & (Plan.unit_id == self.world.units[unit])
        rows = db.session.execute(select(Plan.revision, Plan.state).where(of_unit).order_by(Plan.revision))
        return [(revision, state.value) for revision, state in rows]
