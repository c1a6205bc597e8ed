"""A quantity shared out by weight: parts that are the total, by the largest remainder."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from allocapp.rules.apportion import apportion
from allocapp.rules.balance import Direction, IndicatorRule, Row
from allocapp.rules.methods import Method
from allocapp.rules.obstacles import Obstacle, ObstacleCode
from allocapp.rules.receivers import Receiver
from allocapp.rules.share_out import Part, share_out
from tests.rules.apportion_model import BUDGET, LEAST, QUANTITY, plans

EXACT = settings(deadline=None, max_examples=200)


@st.composite
def parts_of(draw: st.DrawFn) -> list[Part]:
    """Up to six parts, some without weight, some without room."""
    parts = []
    for _ in range(draw(st.integers(1, 6))):
        least = draw(st.sampled_from([0, 0, 0, 5]) | st.integers(0, 30))
        parts.append(Part(draw(st.integers(0, 9)), least, least + draw(st.sampled_from([0, 3, 1000]))))
    return parts


@EXACT
@given(parts_of(), st.integers(0, 200))
def test_the_parts_are_the_total(parts: list[Part], total: int) -> None:
    gets, level = share_out(total, parts)
    assert level >= 0
    for part, got in zip(parts, gets, strict=True):
        assert part.least <= got <= part.most
    least = sum(part.least for part in parts)
    most = sum(part.most if part.weight else part.least for part in parts)
    assert sum(gets) == min(max(total, least), most)


@EXACT
@given(parts_of(), st.integers(0, 200))
def test_each_part_is_its_due_rounded_and_the_largest_remainders_come_first(parts: list[Part], total: int) -> None:
    gets, level = share_out(total, parts)
    assume(sum(gets) == total)
    dues = [min(max(level * part.weight, Fraction(part.least)), Fraction(part.most)) for part in parts]
    assert sum(dues) == total
    rests = [due - int(due) for due in dues]
    extra = [got - int(due) for got, due in zip(gets, dues, strict=True)]
    assert set(extra) <= {0, 1}
    order = sorted(range(len(parts)), key=lambda index: (-rests[index], index))
    assert [extra[index] for index in order] == sorted(extra, reverse=True)
    assert all(rest for rest, one in zip(rests, extra, strict=True) if one)


def test_ties_go_by_official_order() -> None:
    thirds = [Part(1, 0, 100)] * 3
    assert share_out(10, thirds) == ([4, 3, 3], Fraction(10, 3))
    assert share_out(11, thirds) == ([4, 4, 3], Fraction(11, 3))
    assert share_out(10, [Part(1, 0, 3), *thirds[1:]])[0] == [3, 4, 3]


def test_what_cannot_be_shared_out() -> None:
    assert share_out(5, []) == ([], Fraction(0))
    assert share_out(5, [Part(0, 0, 100), Part(0, 2, 100)]) == ([0, 2], Fraction(0))
    assert share_out(5, [Part(1, 4, 9), Part(1, 4, 9)]) == ([4, 4], Fraction(0))
    assert share_out(-5, [Part(1, 0, 9)]) == ([0], Fraction(0))
    assert share_out(50, [Part(1, 0, 9), Part(2, 0, 10)]) == ([9, 10], Fraction(9))


# --- as a method ---------------------------------------------------------------------------------------------


@EXACT
@given(st.data(), st.integers(0, 150), st.sampled_from(Direction))
def test_the_plan_is_the_assigned_quantity_wherever_it_can_be(
    data: st.DataObject, assigned: int, direction: Direction
) -> None:
    rule = QUANTITY if direction is LEAST else BUDGET
    receivers = data.draw(plans(rule, most=5))
    outcome = apportion(receivers, assigned, rule, Method.BY_WEIGHT)
    total = sum(target or 0 for target in outcome.targets.values())
    room = spare = 0
    for receiver in receivers:
        target = outcome.targets[receiver.row.key] or 0
        stuck = receiver.held or (receiver.ceiling is not None and (receiver.floor or 0) > receiver.ceiling)
        if not stuck:
            spare += target - (receiver.floor or 0)
            room += receiver.row.weight > 0 and (receiver.ceiling is None or target < receiver.ceiling)
    if total < assigned:
        assert room == 0
    if total > assigned:
        assert spare == 0
    assert outcome.after.balanced == (total >= assigned if direction is LEAST else total <= assigned)
    if outcome.after.balanced:
        assert {each.code for each in outcome.obstacles} <= {ObstacleCode.NO_VALUE}
    else:
        assert outcome.obstacles


def test_a_budget_shared_out_among_three() -> None:
    """1.000 for weights 1 : 1 : 1 : 3, one of them held at 100: 900 for five parts of weight."""
    receivers = [
        Receiver(Row(1, 1, 100), held=True),
        Receiver(Row(2, 1, None)),
        Receiver(Row(3, 1, None), ceiling=150),
        Receiver(Row(4, 3, None)),
    ]
    outcome = apportion(receivers, 1000, BUDGET, Method.BY_WEIGHT)
    assert outcome.targets == {1: 100, 2: 188, 3: 150, 4: 562}  # 187,5 and 562,5: the first in order gets the one left
    assert outcome.parameter == Fraction(375, 2)
    assert outcome.after.balanced
    assert outcome.after.count == 0
    assert outcome.obstacles == ()


@pytest.mark.parametrize("rule", [QUANTITY, BUDGET])
def test_holds_that_take_more_than_there_is(rule: IndicatorRule) -> None:
    receivers = [Receiver(Row(1, 1, 100), held=True), Receiver(Row(2, 1, 7), floor=5), Receiver(Row(3, 1, 7))]
    outcome = apportion(receivers, 50, rule, Method.BY_WEIGHT)
    assert outcome.targets == {1: 100, 2: 5, 3: 0}
    assert outcome.after.balanced == (rule is QUANTITY)
    if rule is BUDGET:
        assert outcome.obstacles == (Obstacle(ObstacleCode.HOLD, 1), Obstacle(ObstacleCode.FLOOR, 2))


def test_no_weight_says_how_to_share_out() -> None:
    receivers = [Receiver(Row(1, 0, 3)), Receiver(Row(2, 0, 4)), Receiver(Row(3, 1, 4), ceiling=9)]
    outcome = apportion(receivers, 50, QUANTITY, Method.BY_WEIGHT)
    assert outcome.targets == {1: 0, 2: 0, 3: 9}
    assert outcome.obstacles == (Obstacle(ObstacleCode.NO_WEIGHT, None), Obstacle(ObstacleCode.CEILING, 3))
    assert not outcome.after.balanced
