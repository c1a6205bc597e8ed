"""What must hold after every step, read from the tables themselves and not through the services.

Balance is weighed anew from stored rows with ``rules.balance``; everything that was issued is compared with the notes
taken when it was.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Table, func, select

from allocapp.db import db
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign, CampaignIndicator, DecisionKind, Expectation
from allocapp.models.decision import Decision, DecisionFile, NumberSeries, RegisterEntry
from allocapp.models.event import Event, Subject
from allocapp.models.job import Job
from allocapp.models.plan import ExpectationProposal, Plan, PlanHold, PlanMilestone, PlanTarget, Verdict
from allocapp.models.review import PlanSubmission
from allocapp.models.unit import Unit
from allocapp.rules.balance import Row, check_balance
from allocapp.rules.workflow import CampaignState, DecisionState, PlanState
from allocapp.services.journal_chain import verify_chain

Line = dict[str, Any]
# once in force, a plan only changes in these
_MOVING = {"state", "version", "changed_at", "changed_by_id", "out_of_balance_at"}
_EVER_ISSUED = (PlanState.ISSUED, PlanState.SUPERSEDED, PlanState.REVOKED)
_OVER = (*_EVER_ISSUED, PlanState.DISCARDED)
_IN_FORCE = (DecisionState.ISSUED, DecisionState.DISPATCHED)
_ENDED = (DecisionState.VOIDED, DecisionState.WITHDRAWN)
# what a number fixes for good
_FIXED = (
    "plan_id",
    "unit_id",
    "kind",
    "affects_id",
    "number",
    "symbol",
    "dated",
    "subject",
    "snapshot",
    "snapshot_hash",
)
_PARTS = (PlanTarget, PlanMilestone, PlanHold, ExpectationProposal)
_DECIDED = ("approve", "proceed")


def lines(table: type[Any], *conditions: Any) -> list[Line]:
    """Rows as they are stored now, in the order of their ids."""
    stored: Table = table.__table__
    statement = select(stored).where(*conditions).order_by(*stored.primary_key)
    return [dict(row) for row in db.session.execute(statement).mappings()]


class Watch:
    """The eyes on one run. ``look`` after every step; ``seen`` counts what came about, over many runs."""

    def __init__(self, campaign_id: int, seen: Counter[str]) -> None:
        self.campaign_id, self.seen = campaign_id, Counter[str]()
        self.names = {account.id: account.name for account in db.session.scalars(select(Account))}
        self.parents = {unit.id: unit.parent_id for unit in db.session.scalars(select(Unit))}
        self.expected = {(row["unit_id"], row["indicator_id"]): row for row in lines(Expectation)}
        self.columns = list(db.session.scalars(select(CampaignIndicator)))
        self.rules = {column.indicator_id: column.rule for column in self.columns}
        root = db.session.get_one(Campaign, campaign_id).root_id
        self.from_outside = {root: {column.indicator_id: column.assigned_target for column in self.columns}}
        self.plans: dict[int, Line] = {}
        self.decisions: dict[int, Line] = {}
        self.notes: dict[tuple[str, int], object] = {}
        self.last_event = 0
        self.submitters: dict[int, int] = {}
        self.look(first=True)
        self.seen = seen  # what the prepared world came with does not count

    def look(self, *, first: bool = False) -> None:
        """Check everything; ``first``: what is in force already is noted as it is."""
        db.session.rollback()
        before = self.plans
        self.campaign: CampaignState = lines(Campaign, Campaign.id == self.campaign_id)[0]["state"]
        self.plans = {plan["id"]: plan for plan in lines(Plan)}
        self.decisions = {decision["id"]: decision for decision in lines(Decision)}
        was_issued = {plan_id for plan_id, plan in before.items() if plan["state"] in _EVER_ISSUED}
        newly = [p for p in self.plans.values() if p["state"] in _EVER_ISSUED and p["id"] not in was_issued]
        for plan in newly:
            if not first:
                assert plan["state"] is PlanState.ISSUED, "the first state after the way there"
                self.weigh(plan)
        self.one_in_force_and_one_on_its_way()
        self.moves(before)
        self.nothing_issued_changed()
        self.numbers_run_on()
        self.decisions_say_what_plans_are()
        self.two_persons()
        self.stood = self.standing()

    def balanced(self, plan: Line) -> bool:
        """Whether the stored rows meet the T that holds now, weighed anew."""
        assigned = self.assigned(plan)
        rows: dict[int, list[Row]] = defaultdict(list)
        accepted = {
            (found["unit_id"], found["indicator_id"]): found
            for found in lines(ExpectationProposal, ExpectationProposal.plan_id == plan["id"])
            if found["verdict"] is Verdict.ACCEPTED
        }
        for cell in lines(PlanTarget, PlanTarget.plan_id == plan["id"]):
            key = (cell["unit_id"], cell["indicator_id"])
            binding = accepted.get(key) or self.expected[key]
            services = frozenset(binding["services"])
            rows[key[1]].append(Row(key[0], binding["weight"], cell["target"], services, bool(cell["excuse"])))
        return all(
            indicator in assigned and check_balance(rows[indicator], assigned[indicator], rule).balanced
            for indicator, rule in self.rules.items()
        )

    def assigned(self, plan: Line) -> dict[int, int | None]:
        """T by indicator: from outside, or from the superior's plan in force; nothing where there is none."""
        if plan["unit_id"] in self.from_outside:
            return self.from_outside[plan["unit_id"]]
        parent = self.parents[plan["unit_id"]]
        above = [found for found in self.in_force() if found["unit_id"] == parent]
        if not above:
            return {}
        of_unit = (PlanTarget.plan_id == above[0]["id"], PlanTarget.unit_id == plan["unit_id"])
        return {cell["indicator_id"]: cell["target"] for cell in lines(PlanTarget, *of_unit)}

    def in_force(self) -> list[Line]:
        """The plans in force."""
        return [plan for plan in self.plans.values() if plan["state"] is PlanState.ISSUED]

    def weigh(self, plan: Line) -> None:
        """A plan just issued is balanced, and it is what was submitted and approved."""
        assert self.balanced(plan), f"plan {plan['id']} was issued although it does not balance"
        assert plan["approved_hash"] == plan["submitted_hash"], "what was approved is what was submitted"
        self.seen["issued"] += 1
        self.seen["issued revision"] += plan["revision"] > 1

    def one_in_force_and_one_on_its_way(self) -> None:
        """For each unit and campaign."""
        in_force = Counter((plan["campaign_id"], plan["unit_id"]) for plan in self.in_force())
        moving = [plan for plan in self.plans.values() if plan["state"] not in _OVER]
        on_its_way = Counter((plan["campaign_id"], plan["unit_id"]) for plan in moving)
        assert not [key for key, number in (in_force | on_its_way).items() if number > 1]

    def moves(self, before: dict[int, Line]) -> None:
        """What is over stays over, versions only grow, and no plan goes away."""
        for plan_id, old in before.items():
            new = self.plans[plan_id]
            assert new["version"] >= old["version"]
            assert (new["state"] is old["state"]) or new["version"] > old["version"]
            if old["state"] is PlanState.ISSUED:
                assert new["state"] in _EVER_ISSUED
            elif old["state"] in _OVER:
                assert new["state"] is old["state"]
            if new["state"] is not old["state"]:
                self.seen[new["state"].value] += 1

    def nothing_issued_changed(self) -> None:
        """Plans with all their parts, numbered decisions, files, submissions: as when they were noted."""
        issued = [plan for plan in self.plans.values() if plan["state"] in _EVER_ISSUED]
        ids = [plan["id"] for plan in issued]
        parts: dict[int, list[object]] = defaultdict(list)
        for table in _PARTS:
            for part in lines(table, table.plan_id.in_(ids)):
                parts[part["plan_id"]].append((table.__tablename__, _flat(part.items())))
        now: dict[tuple[str, int], object] = {
            ("plan", plan["id"]): (_flat((k, v) for k, v in plan.items() if k not in _MOVING), parts[plan["id"]])
            for plan in issued
        }
        for decision in self.decisions.values():
            if decision["number"] is not None:
                now["decision", decision["id"]] = [decision[name] for name in _FIXED]
        for kept in (DecisionFile, PlanSubmission):
            now |= {(kept.__tablename__, line["id"]): _flat(line.items()) for line in lines(kept)}
        for line in lines(RegisterEntry):
            now["number", line["id"]] = _flat((k, v) for k, v in line.items() if k not in ("voided_at", "void_reason"))
            if line["voided_at"] is not None:
                now["voided", line["id"]] = _flat(line.items())
        changed = [key for key, noted in self.notes.items() if now.get(key) != noted]
        assert not changed, f"changed after it was fixed: {changed}"
        self.notes = now

    def numbers_run_on(self) -> None:
        """1, 2, 3 … in each register, as far as its series has counted."""
        taken: dict[tuple[int, str, int], list[int]] = defaultdict(list)
        for line in lines(RegisterEntry):
            taken[line["unit_id"], line["symbol"], line["year"]].append(line["number"])
            assert self.decisions[line["decision_id"]]["number"] == line["number"]
        counted = {(s["unit_id"], s["symbol"], s["year"]): s["last_number"] for s in lines(NumberSeries)}
        assert {key: sorted(numbers) for key, numbers in taken.items()} == {
            key: list(range(1, last + 1)) for key, last in counted.items()
        }

    def decisions_say_what_plans_are(self) -> None:
        """No half of anything: the decision of a plan is where the plan is."""
        putting: dict[int, list[Line]] = defaultdict(list)
        revoking: dict[int, list[Line]] = defaultdict(list)
        for decision in self.decisions.values():
            if decision["state"] not in _ENDED:
                (revoking if decision["kind"] is DecisionKind.REVOKE else putting)[decision["plan_id"]].append(decision)
        for plan_id, plan in self.plans.items():
            assert len(putting[plan_id]) == (plan["state"] in (PlanState.APPROVED, *_EVER_ISSUED)), plan
            assert len(revoking[plan_id]) <= 1
            for decision in putting[plan_id]:
                assert (decision["state"] in _IN_FORCE) == (plan["state"] in _EVER_ISSUED)
            revoked = any(decision["state"] in _IN_FORCE for decision in revoking[plan_id])
            assert revoked == (plan["state"] is PlanState.REVOKED)
            assert (plan["approved_by_id"] is not None) == (plan["approved_hash"] is not None)
            assert (plan["reviewed_by_id"] is not None) == (plan["state"] is PlanState.IN_REVIEW)

    def two_persons(self) -> None:
        """Whoever submitted a plan last has not approved it, nor lent somebody the role for it."""
        for event in lines(Event, Event.id > self.last_event):
            self.last_event = event["id"]
            if event["action"] == "approval_lapsed":
                self.seen["approval lapsed"] += 1
            if event["action"] == "out_of_balance":
                self.seen["out of balance"] += 1
            if event["subject"] is not Subject.PLAN:
                continue
            if event["action"] == "submit":
                self.submitters[event["subject_id"]] = event["account_id"]
            elif event["action"] in _DECIDED:
                submitter = self.submitters[event["subject_id"]]
                assert event["account_id"] != submitter, "approved by who submitted it"
                assert f"(thay {self.names[submitter]})" not in event["capacity"], "approved in the submitter's place"
                self.seen["approved in another's place"] += bool(event["capacity"])

    def chain(self) -> None:
        """Every link holds."""
        broken = verify_chain().broken
        db.session.rollback()
        assert broken is None, broken

    def flags(self) -> None:
        """Once every plan has been checked again, those in force that do not balance are flagged, and no others."""
        for plan in self.in_force():
            assert (plan["out_of_balance_at"] is None) == self.balanced(plan), plan
        db.session.rollback()

    def unchanged(self, refusal: str) -> None:
        """What was refused has left everything as it was."""
        assert self.standing() == self.stood, f"something is left behind: {refusal}"

    def standing(self) -> object:
        """What a step that was refused must leave as it was."""
        db.session.rollback()
        kept = [lines(table) for table in (Plan, Decision, PlanTarget, ExpectationProposal)]
        counted = [db.session.scalar(select(func.max(table.id))) for table in (Event, RegisterEntry, DecisionFile, Job)]
        db.session.rollback()
        return kept, counted


def _flat(pairs: Iterable[tuple[str, object]]) -> Sequence[object]:
    # lists as they are written, because JSON comes back as a new list each time
    return [value if not isinstance(value, (list, dict)) else repr(value) for _name, value in pairs]
