"""Who may do what, where: one table of role × action, and loaders that authorise while they load.

A grant is a role at a unit. Its *reach* says over which units the role acts: its own, those directly below it, or its
whole subtree. What lies out of sight is not found (404); what is seen but not allowed is forbidden (403).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from allocapp.db import Model, db
from allocapp.errors import Forbidden, NotFound
from allocapp.models.account import Account, Delegation, Grant, Role
from allocapp.models.campaign import Authority, Campaign
from allocapp.models.decision import Decision
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.workflow import DecisionState


class Action(StrEnum):
    """What the application lets somebody do."""

    VIEW_PLAN = "view_plan"
    OPEN_PLAN = "open_plan"
    EDIT_PLAN = "edit_plan"
    SUBMIT_PLAN = "submit_plan"
    WITHDRAW_PLAN = "withdraw_plan"
    REVIEW_PLAN = "review_plan"
    RETURN_PLAN = "return_plan"
    APPROVE_PLAN = "approve_plan"
    REOPEN_PLAN = "reopen_plan"
    REVOKE_PLAN = "revoke_plan"
    COMMENT_PLAN = "comment_plan"
    AGREE_PLAN = "agree_plan"
    PROCEED_PLAN = "proceed_plan"
    MANAGE_STEPS = "manage_steps"
    GIVE_OPINION = "give_opinion"
    ASK_ADJUSTMENT = "ask_adjustment"
    REMIND = "remind"
    MANAGE_CAMPAIGN = "manage_campaign"
    VIEW_DECISION = "view_decision"
    NUMBER_DECISION = "number_decision"
    RETRY_RENDER = "retry_render"
    SIGN_DECISION = "sign_decision"
    SEAL_DECISION = "seal_decision"
    REFUSE_DECISION = "refuse_decision"
    VIEW_QUOTA = "view_quota"
    ACKNOWLEDGE = "acknowledge"
    READ_JOURNAL = "read_journal"


class Reach(StrEnum):
    """Over which units a grant acts."""

    OWN = "own"  # the grant's unit itself
    SUBORDINATE = "subordinate"  # the units directly below; the campaign's root is its own superior
    SUBTREE = "subtree"  # the grant's unit and everything below it


_READ: dict[Action, Reach] = {
    Action.VIEW_PLAN: Reach.SUBTREE,
    Action.VIEW_DECISION: Reach.SUBTREE,
    Action.VIEW_QUOTA: Reach.SUBTREE,
}

ALLOWED: Mapping[Role, Mapping[Action, Reach]] = {
    Role.PREPARER: _READ
    | {
        Action.OPEN_PLAN: Reach.OWN,
        Action.EDIT_PLAN: Reach.OWN,
        Action.SUBMIT_PLAN: Reach.OWN,
        Action.WITHDRAW_PLAN: Reach.OWN,
        Action.AGREE_PLAN: Reach.OWN,
        Action.GIVE_OPINION: Reach.OWN,
        Action.ASK_ADJUSTMENT: Reach.OWN,
    },
    Role.APPROVER: _READ
    | {
        Action.REVIEW_PLAN: Reach.SUBORDINATE,
        Action.RETURN_PLAN: Reach.SUBORDINATE,
        Action.APPROVE_PLAN: Reach.SUBORDINATE,
        Action.REOPEN_PLAN: Reach.SUBORDINATE,
        Action.REVOKE_PLAN: Reach.SUBORDINATE,
        Action.COMMENT_PLAN: Reach.SUBORDINATE,
        Action.REMIND: Reach.SUBORDINATE,
        Action.AGREE_PLAN: Reach.OWN,
        Action.PROCEED_PLAN: Reach.OWN,
    },
    Role.LEADER: _READ
    | {
        Action.SIGN_DECISION: Reach.OWN,
        Action.REFUSE_DECISION: Reach.OWN,
        Action.AGREE_PLAN: Reach.OWN,
        Action.PROCEED_PLAN: Reach.OWN,
        Action.MANAGE_STEPS: Reach.OWN,
    },
    Role.CLERK: _READ
    | {
        Action.NUMBER_DECISION: Reach.OWN,
        Action.RETRY_RENDER: Reach.OWN,
        Action.SEAL_DECISION: Reach.OWN,
        Action.REFUSE_DECISION: Reach.OWN,
        Action.ACKNOWLEDGE: Reach.OWN,
        Action.AGREE_PLAN: Reach.OWN,
    },
    Role.DATA_OFFICER: {Action.VIEW_QUOTA: Reach.SUBTREE},
    Role.VIEWER: {
        Action.VIEW_QUOTA: Reach.OWN,
        Action.ACKNOWLEDGE: Reach.OWN,
        Action.GIVE_OPINION: Reach.OWN,
        Action.ASK_ADJUSTMENT: Reach.OWN,
    },
    Role.COORDINATOR: _READ | {Action.COMMENT_PLAN: Reach.SUBTREE, Action.REMIND: Reach.SUBTREE},
    Role.ADMINISTRATOR: {
        Action.READ_JOURNAL: Reach.SUBTREE,
        Action.MANAGE_STEPS: Reach.SUBTREE,
        Action.MANAGE_CAMPAIGN: Reach.SUBTREE,
    },
    Role.AUDITOR: _READ | {Action.READ_JOURNAL: Reach.SUBTREE},
}

# What is otherwise the superior's, but the unit's own where the campaign gives its superior less than an approval.
_OWN_UNDER: Mapping[Authority, frozenset[Action]] = {
    Authority.APPROVES: frozenset(),
    Authority.OPINION: frozenset({Action.REOPEN_PLAN, Action.REVOKE_PLAN}),
    Authority.COPY: frozenset(
        {Action.REVIEW_PLAN, Action.RETURN_PLAN, Action.APPROVE_PLAN, Action.REOPEN_PLAN, Action.REVOKE_PLAN}
    ),
}

# A decision in force is addressed to the whole subtree of its unit: everybody in it may read it, nobody beside it.
READABLE_BELOW = (DecisionState.ISSUED, DecisionState.DISPATCHED)


def held_grants(account: Account, today: date) -> list[Grant]:
    """The roles the account may use on that day: its own, and those delegated to it. None once it is switched off."""
    return [*own_grants(account, today), *(delegation.grant for delegation in delegations_to(account, today))]


def own_grants(account: Account, today: date) -> list[Grant]:
    """The roles that the account itself holds on that day."""
    return [grant for grant in account.grants if account.active and grant.holds_on(today)]


def delegations_to(account: Account, today: date) -> list[Delegation]:
    """The roles of others that the account may use on that day; one lapses when its owner is switched off."""
    if not account.active:
        return []
    return [lent for lent in account.delegations if lent.holds_on(today) and lent.grant.account.active]


def _reaching(account: Account, action: Action, today: date) -> list[tuple[Grant, Reach]]:
    return [
        (grant, ALLOWED[grant.role][action]) for grant in held_grants(account, today) if action in ALLOWED[grant.role]
    ]


def _covers(grant: Grant, reach: Reach, unit: Unit, root_id: int | None) -> bool:
    if reach is Reach.SUBTREE:
        return unit.is_within(grant.unit)
    if reach is Reach.OWN:
        return grant.unit_id == unit.id
    return grant.unit_id == (unit.id if unit.id == root_id else unit.parent_id)


def may_at_unit(account: Account, action: Action, unit: Unit, today: date, *, root_id: int | None = None) -> bool:
    """Whether the account may do ``action`` on what belongs to ``unit``. ``root_id`` is the campaign's root, if any."""
    return any(_covers(grant, reach, unit, root_id) for grant, reach in _reaching(account, action, today))


def acting_delegation(
    account: Account, action: Action, unit: Unit, today: date, *, root_id: int | None = None
) -> Delegation | None:
    """The delegation by which alone the account may do ``action`` there; None where a role of its own allows it too."""
    if any(_grants(grant, action, unit, root_id) for grant in own_grants(account, today)):
        return None
    lent = (found for found in delegations_to(account, today) if _grants(found.grant, action, unit, root_id))
    return next(lent, None)


def acting_capacity(account: Account, action: Action, unit: Unit, today: date, *, root_id: int | None = None) -> str:
    """In whose place the account does ``action`` there, as the journal keeps it; empty where by a role of its own."""
    lent = acting_delegation(account, action, unit, today, root_id=root_id)
    return "" if lent is None else capacity_words(lent)


def capacity_words(lent: Delegation) -> str:
    """A delegation as the journal keeps it: ``TUQ. Phó Chủ tịch (thay <account>)``."""
    return f"{lent.capacity.value} {lent.title} (thay {lent.grant.account.name})".replace("  ", " ")


def _grants(grant: Grant, action: Action, unit: Unit, root_id: int | None) -> bool:
    reach = ALLOWED[grant.role].get(action)
    return reach is not None and _covers(grant, reach, unit, root_id)


def authority_over(plan: Plan) -> Authority:
    """What the word of those above is worth on this plan: the campaign's choice; a root is its own superior."""
    return Authority.APPROVES if plan.unit_id == plan.campaign.root_id else plan.campaign.authority


def deciding_unit_id(plan: Plan) -> int:
    """The unit whose people look at a submission: the superior, the root itself, or the unit where it decides alone."""
    alone = authority_over(plan) is Authority.COPY or plan.unit_id == plan.campaign.root_id
    return plan.unit_id if alone or plan.unit.parent_id is None else plan.unit.parent_id


def plan_right(action: Action, plan: Plan) -> Action:
    """The right that ``action`` asks for on this plan: what a unit decides alone is decided by its own people."""
    return Action.PROCEED_PLAN if action in _OWN_UNDER[authority_over(plan)] else action


def may_on_plan(account: Account, action: Action, plan: Plan, today: date) -> bool:
    """Whether the account may do ``action`` on the plan, whatever its state (that is the workflow's affair)."""
    return may_at_unit(account, plan_right(action, plan), plan.unit, today, root_id=plan.campaign.root_id)


def acting_on_plan(account: Account, action: Action, plan: Plan, today: date) -> Delegation | None:
    """The delegation by which alone the account may do ``action`` on the plan, where it may; see acting_delegation."""
    return acting_delegation(account, plan_right(action, plan), plan.unit, today, root_id=plan.campaign.root_id)


def capacity_on_plan(account: Account, action: Action, plan: Plan, today: date) -> str:
    """In whose place the account does ``action`` on the plan, as the journal keeps it; empty where in its own."""
    lent = acting_on_plan(account, action, plan, today)
    return "" if lent is None else capacity_words(lent)


def submitted_it(account: Account, action: Action, plan: Plan, today: date) -> bool:
    """Whether the account submitted the plan, or would do ``action`` in the place of who did (two-person rule)."""
    lent = acting_on_plan(account, action, plan, today)
    return plan.submitted_by_id in {account.id, lent.grant.account_id if lent else account.id}


def may_on_decision(account: Account, action: Action, decision: Decision, today: date) -> bool:
    """Whether the account may do ``action`` on the decision, whatever its state."""
    if may_at_unit(account, action, decision.unit, today):
        return True
    if action is not Action.VIEW_DECISION or decision.state not in READABLE_BELOW:
        return False
    return any(grant.unit.is_within(decision.unit) for grant in held_grants(account, today))


def load_plan(
    account: Account, plan_id: int, action: Action = Action.VIEW_PLAN, *, today: date, lock: bool = False
) -> Plan:
    """The plan, if the account may do ``action`` on it. ``lock`` holds its row until the transaction ends.

    Raises NotFound if it may not even be seen, Forbidden if it may be seen but this may not be done.
    """
    statement = select(Plan).where(Plan.id == plan_id)
    plan = db.session.scalar(_locked(statement, Plan) if lock else statement)
    if plan is None or not may_on_plan(account, Action.VIEW_PLAN, plan, today):
        raise NotFound
    if not may_on_plan(account, action, plan, today):
        raise Forbidden(action)
    return plan


def load_decision(
    account: Account, decision_id: int, action: Action = Action.VIEW_DECISION, *, today: date, lock: bool = False
) -> Decision:
    """The decision, if the account may do ``action`` on it; raises as load_plan does."""
    statement = select(Decision).where(Decision.id == decision_id)
    decision = db.session.scalar(_locked(statement, Decision) if lock else statement)
    if decision is None or not may_on_decision(account, Action.VIEW_DECISION, decision, today):
        raise NotFound
    if not may_on_decision(account, action, decision, today):
        raise Forbidden(action)
    return decision


def _locked(statement: Select[Any], table: type[Model]) -> Select[Any]:
    """Lock the row and read it anew: what the session read before the lock may be stale by now."""
    return statement.with_for_update(of=table).execution_options(populate_existing=True)


def load_campaign(
    account: Account, campaign_id: int, action: Action | None = None, *, today: date, lock: bool = False
) -> Campaign:
    """The campaign, if the account holds a role in its tree and may do ``action`` at its root; raises as load_plan."""
    statement = select(Campaign).where(Campaign.id == campaign_id)
    campaign = db.session.scalar(_locked(statement, Campaign) if lock else statement)
    if campaign is None or not any(grant.unit.is_within(campaign.root) for grant in held_grants(account, today)):
        raise NotFound
    if action is not None and not may_at_unit(account, action, campaign.root, today, root_id=campaign.root_id):
        raise Forbidden(action)
    return campaign


def load_unit(account: Account, unit_id: int, action: Action = Action.VIEW_QUOTA, *, today: date) -> Unit:
    """The unit, if the account may do ``action`` there; raises NotFound or Forbidden."""
    unit = db.session.get(Unit, unit_id)
    if unit is None or not may_at_unit(account, Action.VIEW_QUOTA, unit, today):
        raise NotFound
    if not may_at_unit(account, action, unit, today):
        raise Forbidden(action)
    return unit


def units_reached(account: Account, action: Action, today: date) -> ColumnElement[bool]:
    """Condition on ``Unit`` for a query: the units on which the account may do ``action`` (own or whole subtree)."""
    conditions = [
        Unit.path.startswith(grant.unit.path) if reach is Reach.SUBTREE else Unit.id == grant.unit_id
        for grant, reach in _reaching(account, action, today)
    ]
    return or_(*conditions) if conditions else and_(Unit.id.is_(None))


def require(account: Account, action: Action, today: date) -> None:
    """Raise Forbidden unless the account may do ``action`` somewhere."""
    if not _reaching(account, action, today):
        raise Forbidden(action)
