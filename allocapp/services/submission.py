"""Each submission of a plan as it was: what a reviewer compares the next one with, and what the remarks belong to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from allocapp.db import db
from allocapp.models.account import Account
from allocapp.models.plan import Plan
from allocapp.models.review import PlanSubmission
from allocapp.services.opinion import opinion_summary
from allocapp.services.sheet import Sheet


def write_submission(sheet: Sheet, *, actor: Account, now: datetime) -> PlanSubmission:
    """Keep the plan as it is submitted now, with the receivers' opinions and the answers to them."""
    submission = PlanSubmission(
        plan_id=sheet.plan.id,
        number=newest_number(sheet.plan) + 1,
        at=now,
        account_id=actor.id,
        content_hash=sheet.content_hash,
        cells={
            f"{unit_id}-{indicator_id}": [cell.target, cell.excuse, cell.weight]
            for (unit_id, indicator_id), cell in sheet.cells.items()
        },
        opinions=opinion_summary(sheet.plan),
    )
    db.session.add(submission)
    return submission


def newest_number(plan: Plan) -> int:
    """How often the plan was submitted: the number of its newest submission, 0 before the first."""
    statement = select(func.max(PlanSubmission.number)).where(PlanSubmission.plan_id == plan.id)
    return db.session.scalar(statement) or 0


def list_submissions(plan: Plan) -> Sequence[PlanSubmission]:
    """Every submission of the plan, oldest first."""
    statement = select(PlanSubmission).where(PlanSubmission.plan_id == plan.id).order_by(PlanSubmission.number)
    return db.session.scalars(statement).all()


def first_submitted_at(plan: Plan) -> datetime | None:
    """When the plan was submitted for the first time: what a deadline asks for, however often it came back since."""
    statement = select(PlanSubmission.at).where(PlanSubmission.plan_id == plan.id).order_by(PlanSubmission.number)
    return db.session.scalar(statement.limit(1))
