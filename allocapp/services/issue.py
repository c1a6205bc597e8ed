"""What the body's seal brings about: a plan in force, the one before it superseded, or a plan revoked; all at once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from allocapp.access import ALLOWED, Action, held_grants
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.models.account import Account, Grant
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision
from allocapp.models.notice import NoticeKind
from allocapp.models.plan import Plan, PlanTarget
from allocapp.models.unit import Unit
from allocapp.rules.workflow import PlanAction
from allocapp.services.job import request_job
from allocapp.services.notice import notify, people_with
from allocapp.services.sheet import plan_in_force
from allocapp.services.transition import move_plan

RECHECK_JOB = "recheck_below"


def lock_units(plan: Plan, *, with_superior: bool) -> None:
    """Lock the unit's row, so that what depends on which of its plans is in force happens one after the other.

    ``with_superior`` also keeps the superior's decision from moving T meanwhile; its other units are not held up. The
    superior is locked first, and no lock here stands in the way of rows that only refer to a unit.
    """
    superior_id = plan.unit.parent_id
    if with_superior and superior_id is not None and plan.unit_id != plan.campaign.root_id:
        db.session.execute(select(Unit.id).where(Unit.id == superior_id).with_for_update(read=True))
    db.session.execute(select(Unit.id).where(Unit.id == plan.unit_id).with_for_update(key_share=True))


def carry_out(decision: Decision, *, actor: Account, now: datetime) -> None:
    """Put the sealed decision's plan in force in place of the one before, or revoke it; those concerned are told.

    The plans below are checked again by a job, which is written down here.
    """
    plan = decision.plan
    if decision.kind is DecisionKind.REVOKE:
        move_plan(plan, PlanAction.REVOKE, actor=actor, now=now, reason=decision.revoke_reason)
        kind, cause = NoticeKind.DECISION_REVOKED, "revoked"
    else:
        before = plan_in_force(plan.campaign_id, plan.unit_id)
        if before is not None:
            move_plan(before, PlanAction.SUPERSEDE, actor=actor, now=now)
            db.session.flush()  # the old plan must be out of force before the new one is in: one at a time
        plan.issued_at = now
        move_plan(plan, PlanAction.ISSUE, actor=actor, now=now)
        kind, cause = NoticeKind.DECISION_ISSUED, "issued"
    people = _people_concerned(plan, now)
    # of a revocation, people are told which decision no longer holds
    named = decision.affects if kind is NoticeKind.DECISION_REVOKED else decision
    notify(kind, people, key=f"{cause}:{decision.id}", now=now, but=actor, plan=plan, decision=named)
    request_job(RECHECK_JOB, plan.id, cause=cause, now=now)


def _people_concerned(plan: Plan, now: datetime) -> list[Account]:
    """Those who prepared and approved the plan, and those who receive or pass on its targets below."""
    today = local_day(now)
    own = [
        person
        for action in (Action.SUBMIT_PLAN, Action.APPROVE_PLAN)
        for person in people_with(action, plan.unit, today=today, campaign=plan.campaign)
    ]
    receivers = set(db.session.scalars(select(PlanTarget.unit_id).where(PlanTarget.plan_id == plan.id)))
    return [*own, *_people_at(receivers, (Action.ACKNOWLEDGE, Action.OPEN_PLAN), now)]


def _people_at(unit_ids: set[int], actions: Iterable[Action], now: datetime) -> list[Account]:
    """Who holds a role with one of these actions at one of the units itself; one statement, however many units."""
    wanted = set(actions)
    roles = {role for role, allowed in ALLOWED.items() if wanted & allowed.keys()}
    granted = select(Grant.account_id).where(Grant.unit_id.in_(unit_ids), Grant.role.in_(roles))
    people = db.session.scalars(select(Account).where(Account.active, Account.id.in_(granted)))
    return [
        person
        for person in people
        if any(grant.unit_id in unit_ids and grant.role in roles for grant in held_grants(person, local_day(now)))
    ]
