"""Telling people: who is told, once for each occasion, and how each of them wants to hear of it.

``notify`` is called in the transaction of the act it tells of. What is mailed is only noted here; jobs send it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, time, timedelta
from types import MappingProxyType
from typing import Final

from sqlalchemy import or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import selectinload

from allocapp.access import ALLOWED, Action, may_at_unit
from allocapp.clock import ZONE, local_day
from allocapp.db import db
from allocapp.models.account import Account, Delegation, Grant
from allocapp.models.campaign import Campaign
from allocapp.models.decision import Decision
from allocapp.models.notice import Mailing, MailState, Notice, NoticeChoice, NoticeKind
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit

DIGEST_AT: Final = time(7, 0)  # on the offices' clock
NO_WORDS: Final[Mapping[str, object]] = MappingProxyType({})

# what nobody need act on at once goes into the day's digest, unless a person chose otherwise
CAN_WAIT: Final = frozenset(
    {
        NoticeKind.PLAN_WITHDRAWN,
        NoticeKind.STEPS_AGREED,
        NoticeKind.OPINIONS_IN,
        NoticeKind.CAMPAIGN_CLOSED,
        NoticeKind.DEADLINE_EXTENDED,
    }
)

_FIRST_STATE: Final = {Mailing.NOW: MailState.WAITING, Mailing.DAILY: MailState.FOR_DIGEST}


def notify(
    kind: NoticeKind,
    people: Iterable[Account],
    *,
    key: str,
    now: datetime,
    but: Account | None = None,
    plan: Plan | None = None,
    decision: Decision | None = None,
    unit: Unit | None = None,
    campaign: Campaign | None = None,
    words: Mapping[str, object] = NO_WORDS,
) -> None:
    """Tell each of the people once. ``key`` names the occasion; ``but``, who acted, is not told of the own act.

    Unit and campaign are those of the decision or plan where they are not named. ``words`` are plain values (text,
    whole numbers, days as ISO text); figures and reasons among them are shown only in the application.
    """
    told = {person.id: person for person in people if person.active and not (but and person.id == but.id)}
    if not told:
        return
    db.session.flush()  # what is referred to may be new, and needs its id
    plan = plan or (decision.plan if decision else None)
    unit = unit or (plan.unit if plan else None)
    campaign = campaign or (plan.campaign if plan else None)
    choices, usual = _choices(kind, told), default_mailing(kind)
    common = {
        "kind": kind,
        "key": key,
        "at": now,
        "plan_id": plan.id if plan else None,
        "decision_id": decision.id if decision else None,
        "unit_id": unit.id if unit else None,
        "campaign_id": campaign.id if campaign else None,
        "words": dict(words),
    }
    # in one order, so that two transactions that tell the same people never wait for each other
    _add_new([_row(told[number], choices.get(number, usual), now) | common for number in sorted(told)])


def people_with(action: Action, unit: Unit, *, today: date, campaign: Campaign | None = None) -> list[Account]:
    """Active accounts that may do ``action`` on what belongs to ``unit``, delegates among them, in order of their ids.

    ``campaign`` tells the root, whose plan is reviewed by the root itself.
    """
    line = (*unit.ancestor_ids, unit.id)
    roles = [role for role, actions in ALLOWED.items() if action in actions]
    granted = select(Grant.id).where(Grant.unit_id.in_(line), Grant.role.in_(roles))
    holders = select(Grant.account_id).where(Grant.id.in_(granted))
    delegates = select(Delegation.account_id).where(Delegation.grant_id.in_(granted))
    candidates = db.session.scalars(
        select(Account)
        .where(Account.active, or_(Account.id.in_(holders), Account.id.in_(delegates)))
        .options(selectinload(Account.grants), selectinload(Account.delegations))
        .order_by(Account.id)
    ).all()
    root_id = campaign.root_id if campaign else None
    return [person for person in candidates if may_at_unit(person, action, unit, today, root_id=root_id)]


def default_mailing(kind: NoticeKind) -> Mailing:
    """How a person who chose nothing is mailed about that kind."""
    return Mailing.DAILY if kind in CAN_WAIT else Mailing.NOW


def next_digest(now: datetime) -> datetime:
    """The next moment at which digests go out."""
    today = local_day(now)
    coming = datetime.combine(today, DIGEST_AT, ZONE)
    return coming if coming > now else datetime.combine(today + timedelta(days=1), DIGEST_AT, ZONE)


def _choices(kind: NoticeKind, told: Mapping[int, Account]) -> dict[int, Mailing]:
    statement = select(NoticeChoice.account_id, NoticeChoice.mailing).where(
        NoticeChoice.kind == kind, NoticeChoice.account_id.in_(told)
    )
    return dict(db.session.execute(statement).all())


def _row(person: Account, mailing: Mailing, now: datetime) -> dict[str, object]:
    """What differs from one person to the next: how the notice is mailed, and not before when."""
    if not person.email:
        mailing = Mailing.NEVER
    return {
        "account_id": person.id,
        "mail": _FIRST_STATE.get(mailing, MailState.NONE),
        "mail_after": {Mailing.NOW: now, Mailing.DAILY: next_digest(now)}.get(mailing),
        "mail_attempts": 0,
        "mail_error": "",
    }


def _add_new(rows: list[dict[str, object]]) -> None:
    """Add the notices, without those whose people have been told already, in this transaction or beside it."""
    insert = postgresql.insert if db.engine.dialect.name == "postgresql" else sqlite.insert
    db.session.execute(insert(Notice).on_conflict_do_nothing(index_elements=["account_id", "key"]), rows)
