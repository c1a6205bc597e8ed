"""The days of stages, and who is told when."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from allocapp.rules.deadline import (
    DeadlineProblem,
    DeadlineProblemCode,
    Telling,
    check_extension,
    check_stage_days,
    what_to_tell,
)

TODAY = date(2026, 3, 2)
LAST = TODAY + timedelta(days=730)
DAY = timedelta(days=1)


def problems(*days: tuple[str, date | None], before: dict[str, date | None] | None = None) -> list[DeadlineProblem]:
    return list(check_stage_days(days, before=before or {}, today=TODAY))


def test_days_in_order_will_do_and_a_stage_may_go_without() -> None:
    assert problems(("a", TODAY), ("b", None), ("c", TODAY), ("d", LAST)) == []


def test_a_day_in_the_past_is_refused_unless_it_stood_there() -> None:
    past = TODAY - DAY
    assert problems(("a", past)) == [DeadlineProblem("a", DeadlineProblemCode.PAST, TODAY)]
    assert problems(("a", past), before={"a": past}) == []
    assert problems(("a", past), before={"a": past - DAY}) != []


def test_no_stage_ends_before_an_earlier_one_or_years_ahead() -> None:
    assert problems(("a", TODAY + DAY), ("b", None), ("c", TODAY)) == [
        DeadlineProblem("c", DeadlineProblemCode.BEFORE_EARLIER_STAGE, TODAY + DAY)
    ]
    assert problems(("a", LAST + DAY)) == [DeadlineProblem("a", DeadlineProblemCode.TOO_FAR, LAST)]


def test_an_extension_extends() -> None:
    def code(due: date, current: date | None) -> DeadlineProblemCode | None:
        found = check_extension("a", due, current=current, today=TODAY)
        return found.code if found else None

    assert code(TODAY, TODAY - DAY) is None
    assert code(LAST, TODAY) is None
    assert code(TODAY, None) is DeadlineProblemCode.NOT_SET
    assert code(TODAY - DAY, TODAY - 2 * DAY) is DeadlineProblemCode.PAST
    assert code(TODAY + DAY, TODAY + DAY) is DeadlineProblemCode.NOT_LATER
    assert code(LAST + DAY, TODAY) is DeadlineProblemCode.TOO_FAR


def test_reminders_come_on_their_days_and_on_the_day_itself() -> None:
    due = date(2026, 3, 31)
    told = {left: what_to_tell(due, due - left * DAY, [7, 3, 1]) for left in range(10)}
    assert told[9] == (Telling.NOTHING, 9)
    assert told[8] == (Telling.NOTHING, 8)
    assert told[7] == told[6] == told[5] == told[4] == (Telling.REMIND, 7)
    assert told[3] == told[2] == (Telling.REMIND, 3)
    assert told[1] == (Telling.REMIND, 1)
    assert told[0] == (Telling.REMIND, 0)


def test_after_the_day_those_above_are_told_and_then_weekly() -> None:
    due = date(2026, 3, 31)
    occasions = [what_to_tell(due, due + late * DAY, [7, 3, 1])[1] for late in range(1, 29)]
    assert occasions == [-1] * 2 + [-3] * 4 + [-7] * 7 + [-14] * 7 + [-21] * 7 + [-28]
    assert {what_to_tell(due, due + late * DAY, [])[0] for late in range(1, 29)} == {Telling.ESCALATE}


@given(st.integers(-60, 60), st.lists(st.integers(1, 30), max_size=4))
def test_an_occasion_never_lies_ahead(left: int, days: list[int]) -> None:
    telling, occasion = what_to_tell(TODAY + left * DAY, TODAY, days)
    if telling is Telling.NOTHING:
        assert all(left > remind for remind in days)
    else:
        assert occasion >= left
        assert (occasion >= 0) == (telling is Telling.REMIND) == (left >= 0)
