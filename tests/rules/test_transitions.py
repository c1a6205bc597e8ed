"""Every state × action of both workflows against a table written out by hand."""

from __future__ import annotations

from collections.abc import MutableMapping
from itertools import product

import pytest

from allocapp.errors import TransitionNotAllowed
from allocapp.rules.workflow import (
    DECISION_TRANSITIONS,
    PLAN_TRANSITIONS,
    DecisionAction,
    DecisionState,
    PlanAction,
    PlanState,
    decision_actions,
    needs_reason,
    next_decision_state,
    next_plan_state,
    plan_actions,
)

# One line a state, one column an action, in two halves; "-" where the action does not exist.
PLAN_TABLES = (
    """
state      save     circulate agree    send_back recall submit    withdraw
draft      draft    in_house  -        -         -      submitted -
in_house   -        -         in_house draft     draft  submitted -
submitted  -        -         -        -         -      -         draft
in_review  -        -         -        -         -      -         -
returned   returned in_house  -        -         -      submitted -
approved   -        -         -        -         -      -         -
issued     -        -         -        -         -      -         -
superseded -        -         -        -         -      -         -
revoked    -        -         -        -         -      -         -
discarded  -        -         -        -         -      -         -
""",
    """
state      review    hand_back take_over return   approve  proceed  reopen   issue  supersede  revoke  discard
draft      -         -         -         -        -        -        -        -      -          -       discarded
in_house   -         -         -         -        -        -        -        -      -          -       -
submitted  in_review -         -         returned approved -        -        -      -          -       -
in_review  -         submitted in_review returned approved -        -        -      -          -       -
returned   -         -         -         -        -        approved -        -      -          -       discarded
approved   -         -         -         -        -        -        returned issued -          -       -
issued     -         -         -         -        -        -        -        -      superseded revoked -
superseded -         -         -         -        -        -        -        -      -          -       -
revoked    -         -         -         -        -        -        -        -      -          -       -
discarded  -         -         -         -        -        -        -        -      -          -       -
""",
)

DECISION_TABLE = """
state      number   render   sign   seal   dispatch   refuse withdraw
prepared   numbered -        -      -      -          -      withdrawn
numbered   -        rendered -      -      -          voided -
rendered   -        -        signed -      -          voided -
signed     -        -        -      issued -          voided -
issued     -        -        -      -      dispatched -      -
dispatched -        -        -      -      -          -      -
voided     -        -        -      -      -          -      -
withdrawn  -        -        -      -      -          -      -
"""


def read_table(text: str) -> dict[tuple[str, str], str]:
    head, *lines = (line.split() for line in text.strip().splitlines())
    return {(line[0], action): after for line in lines for action, after in zip(head[1:], line[1:], strict=True)}


PLAN = {key: after for table in PLAN_TABLES for key, after in read_table(table).items()}
DECISION = read_table(DECISION_TABLE)


def test_the_tables_name_every_state_and_action() -> None:
    assert set(PLAN) == set(product(map(str, PlanState), map(str, PlanAction)))
    assert set(DECISION) == set(product(map(str, DecisionState), map(str, DecisionAction)))


@pytest.mark.parametrize(("state", "action"), list(product(PlanState, PlanAction)))
def test_plan(state: PlanState, action: PlanAction) -> None:
    after = PLAN[state, action]
    if after == "-":
        with pytest.raises(TransitionNotAllowed) as caught:
            next_plan_state(state, action)
        assert (caught.value.state, caught.value.action) == (state, action)
    else:
        assert next_plan_state(state, action) is PlanState(after)
    assert (action in plan_actions(state)) == (after != "-")


@pytest.mark.parametrize(("state", "action"), list(product(DecisionState, DecisionAction)))
def test_decision(state: DecisionState, action: DecisionAction) -> None:
    after = DECISION[state, action]
    if after == "-":
        with pytest.raises(TransitionNotAllowed) as caught:
            next_decision_state(state, action)
        assert (caught.value.state, caught.value.action) == (state, action)
    else:
        assert next_decision_state(state, action) is DecisionState(after)
    assert (action in decision_actions(state)) == (after != "-")


def test_the_tables_hold_nothing_else_and_cannot_be_changed() -> None:
    assert len(PLAN_TRANSITIONS) == sum(after != "-" for after in PLAN.values()) == 25
    assert len(DECISION_TRANSITIONS) == sum(after != "-" for after in DECISION.values()) == 9
    assert not isinstance(PLAN_TRANSITIONS, MutableMapping)
    assert not isinstance(DECISION_TRANSITIONS, MutableMapping)


def test_an_issued_plan_is_never_edited_again() -> None:
    reached, waiting = set(), [PlanState.ISSUED]
    while waiting:
        state = waiting.pop()
        reached.add(state)
        waiting += [next_plan_state(state, action) for action in plan_actions(state)]
    assert reached == {PlanState.ISSUED, PlanState.SUPERSEDED, PlanState.REVOKED}


def test_undoing_the_work_of_others_needs_a_reason() -> None:
    actions: list[PlanAction | DecisionAction] = [*PlanAction, *DecisionAction]
    assert sorted(action for action in actions if needs_reason(action)) == [
        "discard", "proceed", "refuse", "reopen", "return", "revoke", "send_back",
    ]  # fmt: skip
