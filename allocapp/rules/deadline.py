"""The days of a campaign's stages: in order, not in the past, within reach; and who is told how long before or after.

Nothing here or elsewhere approves anything because a day has passed.

Source: design, section 4 ("Deadlines remind, then escalate. Nothing is ever deemed approved").
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

# days after a deadline on which those above are told; then every week
ESCALATION_DAYS: Final = (1, 3, 7)
WEEK: Final = 7
# a campaign may run late, beyond its own period; a day further ahead than this is a slip of the pen
FURTHEST: Final = timedelta(days=730)


class DeadlineProblemCode(StrEnum):
    """Why a day cannot be a stage's last day."""

    PAST = "past"
    BEFORE_EARLIER_STAGE = "before_earlier_stage"
    TOO_FAR = "too_far"  # surely mistyped
    NOT_LATER = "not_later"  # an extension that extends nothing
    NOT_SET = "not_set"  # an extension of a stage without a day


@dataclass(frozen=True)
class DeadlineProblem:
    """A day that will not do: which stage's, why, and the day it is measured against, if any."""

    stage: str
    code: DeadlineProblemCode
    against: date | None = None


class Telling(StrEnum):
    """What a day before or after a deadline calls for."""

    NOTHING = "nothing"
    REMIND = "remind"
    ESCALATE = "escalate"


def check_stage_days(
    days: Sequence[tuple[str, date | None]], *, before: Mapping[str, date | None], today: date
) -> Iterator[DeadlineProblem]:
    """What is wrong with the days, given in the order of the stages.

    A day in the past may stay as it was (``before``), but none is set there. A stage may go without a day.
    """
    latest: date | None = None
    for stage, day in days:
        if day is None:
            continue
        if day < today and day != before.get(stage):
            yield DeadlineProblem(stage, DeadlineProblemCode.PAST, today)
        elif day > today + FURTHEST:
            yield DeadlineProblem(stage, DeadlineProblemCode.TOO_FAR, today + FURTHEST)
        elif latest is not None and day < latest:
            yield DeadlineProblem(stage, DeadlineProblemCode.BEFORE_EARLIER_STAGE, latest)
        latest = day if latest is None else max(latest, day)


def check_extension(stage: str, due: date, *, current: date | None, today: date) -> DeadlineProblem | None:
    """What is wrong with a later day for one unit: it must be later than the one it has, and not in the past."""
    if current is None:
        return DeadlineProblem(stage, DeadlineProblemCode.NOT_SET)
    if due < today:
        return DeadlineProblem(stage, DeadlineProblemCode.PAST, today)
    if due <= current:
        return DeadlineProblem(stage, DeadlineProblemCode.NOT_LATER, current)
    if due > today + FURTHEST:
        return DeadlineProblem(stage, DeadlineProblemCode.TOO_FAR, today + FURTHEST)
    return None


def what_to_tell(due: date, today: date, remind_days: Collection[int]) -> tuple[Telling, int]:
    """What today calls for, and how many days before (positive) or after (negative) the deadline it is called for.

    Reminders: on each of ``remind_days`` before, and on the day itself. Escalation: on ESCALATION_DAYS after it, then
    weekly. A day on which nothing ran is made up for: the last occasion that has passed is the one that counts, and the
    same occasion always has the same number.
    """
    left = (due - today).days
    if left >= 0:
        passed = [days for days in {*remind_days, 0} if days >= left]
        return (Telling.REMIND, min(passed)) if passed else (Telling.NOTHING, left)
    late = -left
    early = [days for days in ESCALATION_DAYS if days <= late]
    occasion = max(early) if late < 2 * WEEK else late // WEEK * WEEK
    return Telling.ESCALATE, -occasion
