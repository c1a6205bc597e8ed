"""The next step on a plan's way into force, and who takes it: so that random lives get somewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from allocapp.models.campaign import Authority
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.decision import approval_lapsed, living_decision, revoking_decision
from allocapp.services.lapse import has_lapsed
from allocapp.services.sheet import read_sheet
from allocapp.services.step import open_step
from tests.life.acts import Acting, Targets, act
from tests.life.people import decider, undoer


@dataclass(frozen=True)
class Step:
    """An act, who takes it, and what they type."""

    name: str
    login: str
    more: dict[str, Any] = field(default_factory=dict)


_OF_PREPARER = {
    "open", "save", "save_in_force", "submit", "withdraw", "recall", "propose", "amend", "replace", "discard",
    "ask_for_less", "grant_less",
}  # fmt: skip
_OF_DECIDER = {"take", "hand_back", "take_over", "return_", "approve", "accept", "refuse_weight", "delegate"}
_OF_CLERK = {"number", "render", "complete", "refuse"}
_OF_LEADER = {"agree", "send_back", "proceed", "claim", "end_lending"}
_OF_UNDOER = {"reopen", "order", "withdraw_order"}


def usual_person(acting: Acting, name: str, unit: str, authority: Authority) -> str:
    """Who has the right to do that, mostly."""
    own = unit.lower()
    if name in _OF_PREPARER:
        return f"{own}.preparer"
    if name in _OF_DECIDER:
        return decider(unit, authority)
    if name in _OF_CLERK:
        return f"{own}.clerk"
    if name in _OF_LEADER:
        return f"{own}.leader"
    return undoer(unit, authority) if name in _OF_UNDOER else "p.administrator"


def next_step(acting: Acting, unit: str, authority: Authority, targets: Targets, change: str) -> Step:
    """What brings the unit's plan further; ``change`` is what happens to one in force: amend, replace or order.

    Who would amend also takes a plan into review before deciding on it; who would replace does not notice that an
    approval has lapsed.
    """
    own, plan = unit.lower(), acting.plan(unit)
    if plan is None:
        return Step("open", f"{own}.preparer")
    if plan.state in (PlanState.DRAFT, PlanState.RETURNED):
        return Step("submit", f"{own}.preparer", {"targets": targets})
    if plan.state is PlanState.IN_HOUSE:
        return Step("submit", f"{own}.preparer") if open_step(plan) is None else Step("agree", f"{own}.leader")
    if plan.state is PlanState.SUBMITTED:
        return Step("take" if change == "amend" else "approve", decider(unit, authority))
    if plan.state is PlanState.IN_REVIEW:
        login = next((name for name, found in acting.world.accounts.items() if found == plan.reviewed_by_id), own)
        return Step("approve", login)
    if plan.state is PlanState.APPROVED:
        return _next_of_approved(acting, unit, authority, heedless=change == "replace")
    if plan.state is PlanState.REVOKED:
        return Step("replace", f"{own}.preparer")
    if (revoking := revoking_decision(plan)) is not None:
        return _signing(own, revoking.state)
    return Step(change, undoer(unit, authority) if change == "order" else f"{own}.preparer")


def _next_of_approved(acting: Acting, unit: str, authority: Authority, *, heedless: bool) -> Step:
    own, plan = unit.lower(), acting.plan(unit)
    assert plan is not None
    decision = living_decision(plan)
    assert decision is not None
    if heedless:
        return _signing(own, decision.state)
    if has_lapsed(read_sheet(plan)) and decision.state is DecisionState.PREPARED:
        return Step("reopen", undoer(unit, authority))
    if approval_lapsed(decision) and decision.state is not DecisionState.NUMBERED:
        return Step("refuse", f"{own}.clerk")
    return _signing(own, decision.state)


def _signing(own: str, state: DecisionState) -> Step:
    if state is DecisionState.PREPARED:
        return Step("number", f"{own}.clerk")
    if state is DecisionState.NUMBERED:
        return Step("render", f"{own}.clerk")
    return Step("sign", f"{own}.leader" if state is DecisionState.RENDERED else f"{own}.clerk")


def take_step(acting: Acting, unit: str, step: Step) -> None:
    """Take it; to sign is two acts, with the signing itself between them and outside any transaction."""
    if step.name != "sign":
        act(acting, step.name, unit, step.login, **step.more)
        return
    act(acting, "claim", unit, step.login)
    act(acting, "complete", unit, step.login)


def drive(acting: Acting, unit: str, state: PlanState, change: str = "replace") -> None:
    """Take steps until the unit's plan is in that state."""
    for _ in range(12):
        step = next_step(acting, unit, Authority.APPROVES, Targets(), change)
        take_step(acting, unit, step)
        plan = acting.plan(unit)
        if plan is not None and plan.state is state:
            return
    raise AssertionError(f"{unit} does not get to {state}")
