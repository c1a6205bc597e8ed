"""The states of a plan and of a decision, and every way from one to another.

This is the only place that knows transitions: services, buttons and tests read these two tables. What else an
action asks for (right, version, balance, content hash) is the services' affair.

Source: design, section 4 "Workflow"; for decisions Decree 30/2020/ND-CP: Article 32 (the person signs, then
the body's signature is applied), Article 18 (dispatch).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from allocapp.errors import TransitionNotAllowed


class PlanState(StrEnum):
    DRAFT = "draft"
    IN_HOUSE = "in_house"
    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"
    ISSUED = "issued"
    SUPERSEDED = "superseded"
    REVOKED = "revoked"
    DISCARDED = "discarded"


class PlanAction(StrEnum):
    SAVE = "save"
    CIRCULATE = "circulate"
    AGREE = "agree"
    SEND_BACK = "send_back"
    RECALL = "recall"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    REVIEW = "review"
    HAND_BACK = "hand_back"
    TAKE_OVER = "take_over"
    RETURN = "return"
    APPROVE = "approve"
    PROCEED = "proceed"
    REOPEN = "reopen"
    ISSUE = "issue"
    SUPERSEDE = "supersede"
    REVOKE = "revoke"
    DISCARD = "discard"


class CampaignState(StrEnum):
    PREPARING = "preparing"
    OPEN = "open"
    CLOSED = "closed"


class CampaignAction(StrEnum):
    OPEN = "open"
    CLOSE = "close"


class DecisionState(StrEnum):
    PREPARED = "prepared"
    NUMBERED = "numbered"
    RENDERED = "rendered"
    SIGNED = "signed"
    ISSUED = "issued"
    DISPATCHED = "dispatched"
    VOIDED = "voided"
    WITHDRAWN = "withdrawn"


class DecisionAction(StrEnum):
    NUMBER = "number"
    RENDER = "render"
    SIGN = "sign"
    SEAL = "seal"
    DISPATCH = "dispatch"
    REFUSE = "refuse"
    WITHDRAW = "withdraw"


# CIRCULATE sends a plan through its unit's own steps, where AGREE goes on to the next one and SUBMIT follows the last.
# PROCEED: the unit goes on after an opinion it does not follow, where the campaign gives the superior no more say.
# DISCARD gives up a revision that was begun; the plan in force stays as it is, and the draft stays readable.
PLAN_TRANSITIONS: Final[Mapping[tuple[PlanState, PlanAction], PlanState]] = MappingProxyType(
    {
        (PlanState.DRAFT, PlanAction.SAVE): PlanState.DRAFT,
        (PlanState.DRAFT, PlanAction.CIRCULATE): PlanState.IN_HOUSE,
        (PlanState.DRAFT, PlanAction.SUBMIT): PlanState.SUBMITTED,
        (PlanState.IN_HOUSE, PlanAction.AGREE): PlanState.IN_HOUSE,
        (PlanState.IN_HOUSE, PlanAction.SEND_BACK): PlanState.DRAFT,
        (PlanState.IN_HOUSE, PlanAction.RECALL): PlanState.DRAFT,
        (PlanState.IN_HOUSE, PlanAction.SUBMIT): PlanState.SUBMITTED,
        (PlanState.RETURNED, PlanAction.SAVE): PlanState.RETURNED,
        (PlanState.RETURNED, PlanAction.CIRCULATE): PlanState.IN_HOUSE,
        (PlanState.RETURNED, PlanAction.SUBMIT): PlanState.SUBMITTED,
        (PlanState.RETURNED, PlanAction.PROCEED): PlanState.APPROVED,
        (PlanState.DRAFT, PlanAction.DISCARD): PlanState.DISCARDED,
        (PlanState.RETURNED, PlanAction.DISCARD): PlanState.DISCARDED,
        (PlanState.SUBMITTED, PlanAction.WITHDRAW): PlanState.DRAFT,
        (PlanState.SUBMITTED, PlanAction.REVIEW): PlanState.IN_REVIEW,
        (PlanState.SUBMITTED, PlanAction.RETURN): PlanState.RETURNED,
        (PlanState.SUBMITTED, PlanAction.APPROVE): PlanState.APPROVED,
        (PlanState.IN_REVIEW, PlanAction.HAND_BACK): PlanState.SUBMITTED,
        (PlanState.IN_REVIEW, PlanAction.TAKE_OVER): PlanState.IN_REVIEW,
        (PlanState.IN_REVIEW, PlanAction.RETURN): PlanState.RETURNED,
        (PlanState.IN_REVIEW, PlanAction.APPROVE): PlanState.APPROVED,
        (PlanState.APPROVED, PlanAction.REOPEN): PlanState.RETURNED,
        (PlanState.APPROVED, PlanAction.ISSUE): PlanState.ISSUED,
        (PlanState.ISSUED, PlanAction.SUPERSEDE): PlanState.SUPERSEDED,
        (PlanState.ISSUED, PlanAction.REVOKE): PlanState.REVOKED,
    }
)

# A refusal is possible before the person signs; after that only where the approval has lapsed, so that the body may not
# seal it any more (the service asks). WITHDRAW: its plan was reopened, or the order to revoke was taken back.
DECISION_TRANSITIONS: Final[Mapping[tuple[DecisionState, DecisionAction], DecisionState]] = MappingProxyType(
    {
        (DecisionState.PREPARED, DecisionAction.NUMBER): DecisionState.NUMBERED,
        (DecisionState.PREPARED, DecisionAction.WITHDRAW): DecisionState.WITHDRAWN,
        (DecisionState.NUMBERED, DecisionAction.RENDER): DecisionState.RENDERED,
        (DecisionState.NUMBERED, DecisionAction.REFUSE): DecisionState.VOIDED,
        (DecisionState.RENDERED, DecisionAction.SIGN): DecisionState.SIGNED,
        (DecisionState.RENDERED, DecisionAction.REFUSE): DecisionState.VOIDED,
        (DecisionState.SIGNED, DecisionAction.SEAL): DecisionState.ISSUED,
        (DecisionState.SIGNED, DecisionAction.REFUSE): DecisionState.VOIDED,
        (DecisionState.ISSUED, DecisionAction.DISPATCH): DecisionState.DISPATCHED,
    }
)

# A closed campaign is final.
CAMPAIGN_TRANSITIONS: Final[Mapping[tuple[CampaignState, CampaignAction], CampaignState]] = MappingProxyType(
    {
        (CampaignState.PREPARING, CampaignAction.OPEN): CampaignState.OPEN,
        (CampaignState.OPEN, CampaignAction.CLOSE): CampaignState.CLOSED,
    }
)

# Acts that undo someone else's work, or go against their word: the journal must say why.
_WITH_REASON: Final[frozenset[PlanAction | DecisionAction]] = frozenset(
    {
        PlanAction.SEND_BACK,
        PlanAction.RETURN,
        PlanAction.PROCEED,
        PlanAction.REOPEN,
        PlanAction.REVOKE,
        PlanAction.DISCARD,
        DecisionAction.REFUSE,
    }
)


def next_plan_state(state: PlanState, action: PlanAction) -> PlanState:
    """The state of a plan after `action`.

    Raises:
        TransitionNotAllowed: the action does not exist in that state.
    """
    try:
        return PLAN_TRANSITIONS[state, action]
    except KeyError:
        raise TransitionNotAllowed(state, action) from None


def plan_actions(state: PlanState) -> frozenset[PlanAction]:
    """Every action that exists in `state`; empty for a plan that is no longer in force."""
    return frozenset(action for source, action in PLAN_TRANSITIONS if source == state)


def next_decision_state(state: DecisionState, action: DecisionAction) -> DecisionState:
    """The state of a decision after `action`.

    Raises:
        TransitionNotAllowed: the action does not exist in that state.
    """
    try:
        return DECISION_TRANSITIONS[state, action]
    except KeyError:
        raise TransitionNotAllowed(state, action) from None


def decision_actions(state: DecisionState) -> frozenset[DecisionAction]:
    """Every action that exists in `state`; empty once dispatched, voided or withdrawn."""
    return frozenset(action for source, action in DECISION_TRANSITIONS if source == state)


def next_campaign_state(state: CampaignState, action: CampaignAction) -> CampaignState:
    """The state of a campaign after `action`.

    Raises:
        TransitionNotAllowed: the action does not exist in that state.
    """
    try:
        return CAMPAIGN_TRANSITIONS[state, action]
    except KeyError:
        raise TransitionNotAllowed(state, action) from None


def needs_reason(action: PlanAction | DecisionAction) -> bool:
    """Whether the person must say why: send back, return, proceed, reopen, revoke, discard and refuse."""
    return action in _WITH_REASON
