"""Everything that stands in the database about plans, in names instead of ids and without moments.

Two runs that did the same have the same standing, whatever ids the database gave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from allocapp.db import db
from allocapp.models.campaign import Campaign
from allocapp.models.decision import Decision, DecisionFile, NumberSeries, RegisterEntry
from allocapp.models.event import Event, Subject
from allocapp.models.job import Job
from allocapp.models.notice import Notice
from allocapp.models.plan import ExpectationProposal, Plan, PlanTarget
from allocapp.models.review import PlanStep, PlanSubmission
from tests.factories import World
from tests.life.watch import Line, lines

_OF_PLAN = (
    "revision", "version", "state", "submitted_hash", "approved_hash", "submitted_by_id", "approved_by_id",
    "reviewed_by_id", "changed_by_id", "return_reason", "opinion", "relation",
)  # fmt: skip
_OF_DECISION = ("state", "version", "kind", "number", "void_reason", "numbered_by_id", "signed_by_id", "sealed_by_id")
_OF_EVENT = ("action", "unit_id", "account_id", "from_state", "to_state", "reason", "capacity")


def standing(world: World) -> object:
    """A value to be compared; accounts, units and indicators keep their ids, which a prepared world fixes."""
    db.session.rollback()
    plans = {plan["id"]: (plan["unit_id"], plan["revision"]) for plan in lines(Plan)}
    decisions = {one["id"]: (*plans[one["plan_id"]], one["kind"]) for one in lines(Decision)}
    subjects: dict[Subject, Mapping[int, object]] = {Subject.PLAN: plans, Subject.DECISION: decisions}

    def of(line: Line, *names: str) -> tuple[object, ...]:
        return tuple(line[name] for name in names)

    found = {
        "campaign": [line["state"] for line in lines(Campaign)],
        "plans": sorted((plans[line["id"]], repr(of(line, *_OF_PLAN))) for line in lines(Plan)),
        "out of balance": sorted(plans[line["id"]] for line in lines(Plan) if line["out_of_balance_at"] is not None),
        "targets": sorted(
            (plans[line["plan_id"]], repr(of(line, "unit_id", "indicator_id", "target", "excuse", "version")))
            for line in lines(PlanTarget)
        ),
        "weights": sorted(
            (plans[line["plan_id"]], repr(of(line, "unit_id", "weight", "verdict", "decided_by_id")))
            for line in lines(ExpectationProposal)
        ),
        "steps": sorted(
            (plans[line["plan_id"]], repr(of(line, "round", "position", "agreed"))) for line in lines(PlanStep)
        ),
        "submissions": sorted(
            (plans[line["plan_id"]], *of(line, "number", "content_hash", "account_id"))
            for line in lines(PlanSubmission)
        ),
        "decisions": Counter((plans[line["plan_id"]], of(line, *_OF_DECISION)) for line in lines(Decision)),
        "files": Counter((decisions[line["decision_id"]], line["stage"]) for line in lines(DecisionFile)),
        "numbers": sorted(of(line, "unit_id", "number", "void_reason") for line in lines(RegisterEntry)),
        "series": sorted(of(line, "unit_id", "last_number") for line in lines(NumberSeries)),
        "journal": Counter(
            (subjects.get(line["subject"], {}).get(line["subject_id"]), *of(line, *_OF_EVENT)) for line in lines(Event)
        ),
        "notices": Counter(of(line, "kind", "account_id") for line in lines(Notice)),
        "jobs": Counter(of(line, "name", "cause", "state") for line in lines(Job)),
    }
    db.session.rollback()
    return found
