"""Delegation: an approver or a leader lets a named account act in their place, from a day to a day.

Source: Decree 30/2020/NĐ-CP, Article 13 (who signs for the head, by order and by authorisation, and that a person so
authorised authorises nobody else).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import or_, select

from allocapp.access import Action, deciding_unit_id, own_grants, units_reached
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import (
    DelegateInactive,
    DelegateOutside,
    DelegationDates,
    DelegationLentOn,
    DelegationOver,
    DelegationOverlaps,
    DelegationToOneself,
    DelegationToSubmitter,
    Forbidden,
    NotFound,
    ReasonRequired,
    RoleNotLendable,
    TextTooLong,
    TitleRequired,
)
from allocapp.models.account import Account, Capacity, Delegation, Grant, Role
from allocapp.models.campaign import Authority
from allocapp.models.event import Subject
from allocapp.models.notice import NoticeKind
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.workflow import PlanState
from allocapp.services.journal import record_event
from allocapp.services.notice import notify

LENDABLE: Final = (Role.APPROVER, Role.LEADER)
TITLE_LIMIT: Final = 80
REASON_LIMIT: Final = 1000
LONGEST: Final = timedelta(days=365)
MOST_SHOWN: Final = 200

# a plan that its submitter must not come to decide on: it is there to be decided, or decided and not yet signed
_UNDECIDED: Final = (PlanState.SUBMITTED, PlanState.IN_REVIEW, PlanState.RETURNED, PlanState.APPROVED)


def delegate_role(
    grant_id: int,
    to_account_id: int,
    *,
    capacity: Capacity,
    title: str,
    reason: str,
    valid_from: date,
    valid_to: date,
    actor: Account,
    now: datetime,
) -> Delegation:
    """Let another account use one's own role as approver or leader, from a day to a day, both included.

    ``title`` is what stands under the capacity in the signature block: "Phó Chủ tịch".

    Raises RoleNotLendable, DelegationLentOn, DelegationToOneself, DelegateInactive, DelegateOutside,
    DelegationToSubmitter, DelegationDates, DelegationOverlaps, TitleRequired, ReasonRequired, TextTooLong, NotFound,
    Forbidden.
    """
    today = local_day(now)
    grant = _own_grant(grant_id, actor, today)
    title = _checked(title, TITLE_LIMIT, TitleRequired())
    reason = _checked(reason, REASON_LIMIT, ReasonRequired())
    _check_days(valid_from, valid_to, today)
    person = _checked_delegate(to_account_id, grant, actor, today)
    _refuse_overlap(grant, person, valid_from, valid_to)
    delegation = Delegation(
        grant=grant,
        account=person,
        capacity=capacity,
        title=title,
        reason=reason,
        valid_from=valid_from,
        valid_to=valid_to,
        created_at=now,
    )
    db.session.add(delegation)
    db.session.flush()  # its id names the occasion that the delegate is told of
    record_event(Subject.ACCOUNT, person.id, "delegate", actor=actor, now=now, unit_id=grant.unit_id, reason=reason)
    notify(
        NoticeKind.DELEGATED,
        [person],
        key=f"delegated:{delegation.id}",
        now=now,
        but=actor,
        unit=grant.unit,
        words={
            "role": grant.role.value,
            "by": actor.name,
            "capacity": f"{capacity.value} {title}",
            "from": valid_from.isoformat(),
            "to": valid_to.isoformat(),
            "reason": reason,
        },
    )
    return delegation


def end_delegation(delegation_id: int, *, actor: Account, now: datetime) -> Delegation:
    """Take one's role back before its last day. Raises DelegationOver where it has ended already, NotFound."""
    locked = select(Delegation).where(Delegation.id == delegation_id).with_for_update(of=Delegation)
    delegation = db.session.scalar(locked.execution_options(populate_existing=True))
    if delegation is None or delegation.grant.account_id != actor.id:
        raise NotFound
    if delegation.ended_at is not None or delegation.valid_to < local_day(now):
        raise DelegationOver
    delegation.ended_at = now
    record_event(
        Subject.ACCOUNT,
        delegation.account_id,
        "end_delegation",
        actor=actor,
        now=now,
        unit_id=delegation.grant.unit_id,
    )
    return delegation


def lendable_grants(account: Account, today: date) -> list[Grant]:
    """The account's own roles that it may delegate."""
    return [grant for grant in own_grants(account, today) if grant.role in LENDABLE]


def possible_delegates(grant: Grant, today: date) -> Sequence[Account]:
    """Who may be named for the role: active accounts with a role at its unit or below, other than its owner."""
    within = (
        select(Grant.account_id)
        .join(Unit, Unit.id == Grant.unit_id)
        .where(
            Unit.path.startswith(grant.unit.path, autoescape=True),
            Grant.valid_from <= today,
            or_(Grant.valid_to.is_(None), Grant.valid_to >= today),
        )
    )
    named = select(Account).where(Account.active, Account.id != grant.account_id, Account.id.in_(within))
    return db.session.scalars(named.order_by(Account.name, Account.id)).all()


def list_delegations(account: Account, *, today: date) -> Sequence[Delegation]:
    """Who delegated what to whom: what the account gave or was given, and all in the units whose journal it reads.

    The newest MOST_SHOWN, newest first.
    """
    audited = select(Unit.id).where(units_reached(account, Action.READ_JOURNAL, today))
    statement = (
        select(Delegation)
        .join(Grant, Grant.id == Delegation.grant_id)
        .where(or_(Delegation.account_id == account.id, Grant.account_id == account.id, Grant.unit_id.in_(audited)))
        .order_by(Delegation.id.desc())
        .limit(MOST_SHOWN)
    )
    return db.session.scalars(statement).all()


def _own_grant(grant_id: int, actor: Account, today: date) -> Grant:
    # the lock makes two delegations of one role follow each other, so that each sees the other's days
    locked = select(Grant).where(Grant.id == grant_id).with_for_update(of=Grant)
    grant = db.session.scalar(locked.execution_options(populate_existing=True))
    if grant is None:
        raise NotFound
    if grant.account_id != actor.id:
        if any(lent.grant_id == grant_id and lent.holds_on(today) for lent in actor.delegations):
            raise DelegationLentOn
        raise NotFound
    if grant.role not in LENDABLE:
        raise RoleNotLendable(grant.role.value)
    if not (actor.active and grant.holds_on(today)):
        raise Forbidden("delegate")
    return grant


def _checked(text: str, limit: int, missing: Exception) -> str:
    text = text.strip()
    if not text:
        raise missing
    if len(text) > limit:
        raise TextTooLong(limit)
    return text


def _check_days(valid_from: date, valid_to: date, today: date) -> None:
    if valid_from < today:
        raise DelegationDates("past")
    if valid_to < valid_from:
        raise DelegationDates("backwards")
    if valid_to - valid_from > LONGEST:
        raise DelegationDates("long")


def _checked_delegate(account_id: int, grant: Grant, actor: Account, today: date) -> Account:
    if account_id == actor.id:
        raise DelegationToOneself
    person = db.session.get(Account, account_id)
    if person is None:
        raise NotFound
    if not person.active:
        raise DelegateInactive(person.name)
    if person not in possible_delegates(grant, today):
        raise DelegateOutside(grant.unit.name)
    undecided = select(Plan).where(Plan.submitted_by_id == person.id, Plan.state.in_(_UNDECIDED)).order_by(Plan.id)
    for plan in db.session.scalars(undecided):
        if _decides_on(grant, plan):
            raise DelegationToSubmitter(person.name, plan.unit.name)
    return person


def _decides_on(grant: Grant, plan: Plan) -> bool:
    """Whether the role has the say on the plan: to approve it, to go on with it after an opinion, or to sign it."""
    if grant.role is Role.LEADER or plan.campaign.authority is Authority.OPINION:
        return grant.unit_id == plan.unit_id or (
            grant.role is Role.APPROVER and grant.unit_id == deciding_unit_id(plan)
        )
    return grant.unit_id == deciding_unit_id(plan)


def _refuse_overlap(grant: Grant, person: Account, valid_from: date, valid_to: date) -> None:
    other = db.session.scalar(
        select(Delegation)
        .where(
            Delegation.grant_id == grant.id,
            Delegation.account_id == person.id,
            Delegation.ended_at.is_(None),
            Delegation.valid_from <= valid_to,
            Delegation.valid_to >= valid_from,
        )
        .limit(1)
    )
    if other is not None:
        raise DelegationOverlaps(other.valid_from, other.valid_to)
