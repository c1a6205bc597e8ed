"""The methods against every plan of their chain, written out."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from allocapp.rules.apportion import Outcome, apportion
from allocapp.rules.balance import IndicatorRule, Kind, ProblemCode, Row, check_balance
from allocapp.rules.methods import Method, methods_for
from allocapp.rules.obstacles import Obstacle, ObstacleCode
from allocapp.rules.receivers import STEPS, Receiver
from tests.rules.apportion_model import (
    LEAST,
    MOST,
    RULES,
    SUMS,
    SUMS_AT_MOST,
    WHOLE,
    any_plans,
    balances,
    baselines_of,
    chain_of,
    names,
    plans,
    raw,
    rises,
    targets_of,
    values_of,
    with_targets,
)

EXACT = settings(deadline=None, max_examples=100)
Task = tuple[list[Receiver], int, IndicatorRule, Method]
CHAINED = (Method.SAME, Method.PLUS, Method.TIMES, Method.GAP)


@st.composite
def tasks(
    draw: st.DrawFn, methods: tuple[Method, ...] = CHAINED, rules: st.SearchStrategy[IndicatorRule] = RULES
) -> Task:
    """A plan without problems, an assigned target, and a method that makes sense."""
    rule = draw(rules)
    method = draw(st.sampled_from([each for each in methods_for(rule) if each in methods]))
    assigned = draw(st.integers(0, 120) if rule.kind is Kind.QUANTITY else targets_of(rule))
    return draw(plans(rule)), assigned, rule, method


def top_of(receivers: list[Receiver], assigned: int, rule: IndicatorRule, method: Method, step: int) -> int:
    """As far as the model follows a quantity: past the assigned one and past all that a row did or must reach."""
    known = baselines_of(receivers, method, rule) or [Fraction(0)]
    return max(assigned, 60, math.ceil(max(known))) + 2 * step


# --- the first plan of the chain -----------------------------------------------------------------------------


@settings(deadline=None, max_examples=250)
@given(tasks(), st.sampled_from([100, 500]), st.booleans())
def test_the_outcome_is_the_first_plan_of_the_chain_that_balances(task: Task, step: int, past: bool) -> None:
    """At-most the last; where none balances, the end of the chain that comes nearest."""
    receivers, assigned, rule, method = task
    if rule.kind is Kind.QUANTITY:
        step //= 50
    chain = chain_of(receivers, rule, method, step, past, top_of(receivers, assigned, rule, method, step))
    outcome = apportion(receivers, assigned, rule, method, step=step, past_baseline=past)
    assert rises(chain)
    if not chain:
        assert outcome.targets == names(receivers)
        assert Obstacle(ObstacleCode.NO_BASELINE, None) in outcome.obstacles
        return
    good = [plan for plan in chain if balances(with_targets(receivers, plan), assigned, rule)]
    ahead, behind = (0, -1) if rule.direction is LEAST else (-1, 0)
    assert outcome.targets == (good[ahead] if good else chain[behind])
    assert outcome.after.balanced == bool(good)


def at(
    receivers: list[Receiver], rule: IndicatorRule, method: Method, step: int, parameter: Fraction, ahead: int = 0
) -> dict[int, int | None]:
    """The plan at λ, `ahead` = 1: as soon as λ is greater; for what may go past the baseline."""
    baselines = [Fraction(0)] * len(receivers) if method is Method.SAME else baselines_of(receivers, method, rule)
    plan = names(receivers)
    for receiver, baseline in zip(receivers, baselines or [], strict=True):
        values = values_of(receiver, rule, step, 0)
        if values and not receiver.held:
            exact = raw(method, baseline, parameter)
            moves = exact != raw(method, baseline, parameter + 1)
            value = (exact // step + 1 if ahead and moves else -(-exact // step)) * step
            plan[receiver.row.key] = min(max(value, values[0]), values[-1])
    return plan


@settings(deadline=None, max_examples=150)
@given(tasks(rules=RULES.filter(lambda rule: rule.kind is Kind.RATE)), st.sampled_from(STEPS))
def test_one_notch_less_does_not_balance(task: Task, step: int) -> None:
    """With every step: λ gives the plan, and so does all λ down to `above`; there begins the plan before it."""
    receivers, assigned, rule, method = task
    outcome = apportion(receivers, assigned, rule, method, step=step, past_baseline=True)
    assume(outcome.parameter is not None and outcome.after.balanced)
    parameter, above = outcome.parameter, outcome.above
    assert parameter is not None
    plan = at(receivers, rule, method, step, parameter)
    assert outcome.targets == plan
    if above is not None:
        before = at(receivers, rule, method, step, above)
        assert above < parameter
        assert before != plan
        assert at(receivers, rule, method, step, above, ahead=1) == plan
        assert balances(with_targets(receivers, before), assigned, rule) == (rule.direction is MOST)
    else:
        assert at(receivers, rule, method, step, Fraction(-(10**9))) == plan
    beyond = at(receivers, rule, method, step, parameter, ahead=1)
    if rule.direction is MOST and beyond != plan:
        assert not balances(with_targets(receivers, beyond), assigned, rule)


@EXACT
@given(tasks((*CHAINED, Method.COPY)), st.integers(0, WHOLE), st.sampled_from([10, 100, 500]), st.booleans())
def test_a_higher_assigned_target_lowers_no_row(task: Task, more: int, step: int, past: bool) -> None:
    receivers, assigned, rule, method = task
    low = apportion(receivers, assigned, rule, method, step=step, past_baseline=past)
    higher = assigned + more if rule.kind is Kind.QUANTITY else max(assigned, more)
    high = apportion(receivers, higher, rule, method, step=step, past_baseline=past)
    assert rises([low.targets, high.targets])


@EXACT
@given(tasks(tuple(Method)), st.sampled_from(STEPS), st.booleans())
def test_holds_never_move_and_clamps_hold(task: Task, step: int, past: bool) -> None:
    receivers, assigned, rule, method = task
    outcome = apportion(receivers, assigned, rule, method, step=step, past_baseline=past)
    exact = method in (Method.COPY, Method.BY_WEIGHT)
    stays = Obstacle(ObstacleCode.NO_BASELINE, None) in outcome.obstacles
    assert list(outcome.targets) == [receiver.row.key for receiver in receivers]
    for receiver in receivers:
        key, before = receiver.row.key, receiver.row.target
        target = outcome.targets[key]
        grid = 1 if exact else step
        floor = -(-(receiver.floor or 0) // grid) * grid
        ceiling = None if receiver.ceiling is None else receiver.ceiling // grid * grid
        without = ceiling is not None and floor > ceiling
        assert (Obstacle(ObstacleCode.NO_VALUE, key) in outcome.obstacles) == (without and not receiver.held)
        if receiver.held or without or stays:
            assert target == before
            continue
        assert target is not None
        assert floor <= target
        assert ceiling is None or target <= ceiling
        assert exact or target % step == 0


@EXACT
@given(tasks(tuple(Method)), st.sampled_from(STEPS), st.booleans())
def test_the_outcome_says_what_it_would_change(task: Task, step: int, past: bool) -> None:
    receivers, assigned, rule, method = task
    outcome = apportion(receivers, assigned, rule, method, step=step, past_baseline=past)
    assert (outcome.method, outcome.step) == (method, step)
    assert outcome.before == check_balance([each.row for each in receivers], assigned, rule)
    after = with_targets(receivers, dict(outcome.targets))
    assert outcome.after == check_balance([each.row for each in after], assigned, rule)
    before = names(receivers)
    assert [(c.key, c.before, c.after) for c in outcome.changed] == [
        (key, before[key], target) for key, target in outcome.targets.items() if before[key] != target
    ]


@EXACT
@given(tasks((Method.PLUS, Method.TIMES, Method.GAP)), st.sampled_from([10, 100, 500]))
def test_no_row_goes_past_its_baseline_unless_asked(task: Task, step: int) -> None:
    """Unless its own ceiling lies below, or its floor above: those were set by a person."""
    receivers, assigned, rule, method = task
    unit = 1 if rule.kind is Kind.QUANTITY else WHOLE
    outcome = apportion(receivers, assigned, rule, method, step=step)
    for receiver in receivers:
        target = outcome.targets[receiver.row.key]
        values = values_of(receiver, rule, step, 10**4)
        if receiver.held or not values or receiver.baseline is None or target is None or outcome.parameter is None:
            continue
        if rule.direction is LEAST:
            assert target >= receiver.baseline * unit or target == values[-1]
        else:
            assert target <= receiver.baseline * unit or target == values[0]


# --- what stands in the way ----------------------------------------------------------------------------------


@settings(deadline=None, max_examples=200)
@given(tasks(tuple(Method)), st.sampled_from([10, 100, 500]))
def test_what_is_named_is_what_stands_in_the_way(task: Task, step: int) -> None:
    """A plan that does not balance names obstacles; rid of the holds, floors and ceilings named it balances."""
    receivers, assigned, rule, method = task
    outcome = apportion(receivers, assigned, rule, method, step=step, past_baseline=True)
    codes = {obstacle.code for obstacle in outcome.obstacles}
    if outcome.after.balanced:
        assert codes <= {ObstacleCode.NO_VALUE, ObstacleCode.NO_BASELINE}
        return
    assert outcome.obstacles
    if ObstacleCode.NO_BASELINE in codes:
        return
    named = {obstacle.key for obstacle in outcome.obstacles}
    freed = [
        replace(each, held=False, floor=None, ceiling=None) if each.row.key in named else each for each in receivers
    ]
    again = apportion(freed, assigned, rule, method, step=step, past_baseline=True)
    # rid of its holds, a quantity may still have no weight to be shared out by
    codes |= {obstacle.code for obstacle in again.obstacles}
    assert again.after.balanced or ObstacleCode.NO_WEIGHT in codes
    for obstacle in outcome.obstacles:
        receiver = next((each for each in receivers if each.row.key == obstacle.key), None)
        assert receiver is None or receiver.held == (obstacle.code is ObstacleCode.HOLD)


def test_what_can_be_reached_and_the_holds_in_the_way() -> None:
    """Half the weight is held at 60%: even at 100% the other half brings no more than 80%."""
    receivers = [
        Receiver(Row(1, 50, 6000), held=True),
        Receiver(Row(2, 25, 7000), ceiling=9999),
        Receiver(Row(3, 25, 7000)),
        Receiver(Row(4, 0, 1000), held=True),
    ]
    outcome = apportion(receivers, 8000, SUMS, Method.SAME, step=500)
    assert outcome.targets == {1: 6000, 2: 9500, 3: WHOLE, 4: 1000}
    assert not outcome.after.balanced
    assert outcome.after.aggregate == Fraction(7875, WHOLE)
    # The ceiling of 95% is above the assigned target, and a hold without weight costs nothing.
    assert outcome.obstacles == (Obstacle(ObstacleCode.HOLD, 1),)
    low = apportion([receivers[0], replace(receivers[1], ceiling=7990), receivers[2]], 8000, SUMS, Method.SAME)
    assert low.obstacles == (Obstacle(ObstacleCode.HOLD, 1), Obstacle(ObstacleCode.CEILING, 2))
    level = Receiver(Row(5, 10, 8000), held=True)
    assert apportion([receivers[0], level], 8000, SUMS, Method.SAME).obstacles == (Obstacle(ObstacleCode.HOLD, 1),)


def test_the_least_a_ceiling_may_be_and_the_floors_in_the_way() -> None:
    receivers = [Receiver(Row(1, 50, 900), floor=501), Receiver(Row(2, 50, 900)), Receiver(Row(3, 10, 0), held=True)]
    outcome = apportion(receivers, 200, SUMS_AT_MOST, Method.SAME, step=500)
    assert outcome.targets == {1: 1000, 2: 0, 3: 0}
    assert outcome.obstacles == (Obstacle(ObstacleCode.FLOOR, 1),)


def test_an_excused_row_is_left_alone() -> None:
    """Without weight it is nobody's concern; with weight the problem stays named, and the others are still answered."""
    idle = Receiver(Row(1, 0, None, excused=True))
    rest = [Receiver(Row(2, 10, None)), Receiver(Row(3, 30, 5000))]
    assert apportion([idle, *rest], 8000, SUMS, Method.SAME).targets == {1: None, 2: 8000, 3: 8000}
    outcome = apportion([Receiver(Row(1, 10, None, excused=True)), *rest], 7200, SUMS, Method.SAME)
    assert outcome.targets == {1: None, 2: 9000, 3: 9000}
    assert [problem.code for problem in outcome.after.problems] == [ProblemCode.NOT_ASSIGNED_WITH_WEIGHT]
    assert not outcome.after.balanced
    assert outcome.obstacles == ()
    short = apportion([Receiver(Row(1, 30, None, excused=True)), *rest], 7200, SUMS, Method.SAME)
    assert short.obstacles == (Obstacle(ObstacleCode.EXCUSED, 1),)


# --- whatever comes in ---------------------------------------------------------------------------------------


@EXACT
@given(any_plans(), st.integers(-1, 12_000), RULES, st.integers(0, 4), st.sampled_from(STEPS), st.booleans())
@example([], 8000, SUMS, 0, 1, False)
@example([Receiver(Row(1, 0, None))], 8000, SUMS, 1, 1, False)
def test_nothing_a_person_enters_is_an_exception(
    receivers: list[Receiver], assigned: int, rule: IndicatorRule, choice: int, step: int, past: bool
) -> None:
    methods = methods_for(rule)
    outcome = apportion(receivers, assigned, rule, methods[choice % len(methods)], step=step, past_baseline=past)
    assert isinstance(outcome, Outcome)
    assert outcome.after.balanced or outcome.after.problems or outcome.obstacles
    for receiver in receivers:
        if receiver.held or (receiver.row.excused and receiver.row.target is None):
            assert sum(each.row.key == receiver.row.key for each in receivers) > 1 or (
                outcome.targets[receiver.row.key] == receiver.row.target
            )


@pytest.mark.parametrize(
    ("receivers", "assigned"),
    [
        ([], 8000),
        ([Receiver(Row(1, 0, 4000), Fraction(1, 2))], 8000),
        ([Receiver(Row(1, 5, 4000), Fraction(1, 2))], 10_001),
    ],
)
def test_where_nothing_can_be_weighed_the_plan_stays(receivers: list[Receiver], assigned: int) -> None:
    for method in methods_for(SUMS):
        outcome = apportion(receivers, assigned, SUMS, method)
        assert outcome.targets == names(receivers)
        assert outcome.changed == ()
        assert outcome.parameter is None
        assert outcome.after.problems
