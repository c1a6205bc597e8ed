"""Whether the targets handed down still meet the assigned target, and by how much they do or do not.

Exact throughout: int and `Fraction`. One comparison decides `balanced`, and `difference`, the points and the count
are taken from that same comparison, so that the words never contradict the verdict.

Source: design, section 3; Decision 1045/QD-UBND (Lang Son, 2022), Article 1 (definitions of the two rates) and
Article 2 (targets are passed on "so that the common target is met").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from allocapp.rules.distinct import Unions
from allocapp.rules.percent import HUNDRED_PERCENT, ceil_hundredths, floor_hundredths


class Kind(StrEnum):
    RATE = "rate"
    QUANTITY = "quantity"


class RollUp(StrEnum):
    SUMS = "sums"
    DISTINCT = "distinct"


class Direction(StrEnum):
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True)
class IndicatorRule:
    """How one indicator is balanced; `rollup` matters to rates, `mean_binds` to distinct services alone."""

    kind: Kind
    rollup: RollUp
    direction: Direction
    mean_binds: bool = True

    def rounded(self, share: Fraction) -> int:
        """A share in hundredths of a per cent as it may be shown: never on the better side of the truth."""
        return floor_hundredths(share) if self.direction is Direction.AT_LEAST else ceil_hundredths(share)


@dataclass(frozen=True)
class Row:
    """One receiver.

    `weight` is its forecast denominator, `target` hundredths of a per cent (rate) or a count (quantity).
    Over distinct services its weight is the size of `services`. `excused`: "not assigned", with a reason; it says
    nothing where there is a target.
    """

    key: int
    weight: int
    target: int | None
    services: frozenset[int] = frozenset()
    excused: bool = False


class ProblemCode(StrEnum):
    NO_ROWS = "no_rows"
    NO_WEIGHT = "no_weight"  # the weights of all rows are zero
    MISSING_TARGET = "missing_target"
    OUT_OF_RANGE = "out_of_range"  # a target; with key None the assigned target
    WEIGHT_OUT_OF_RANGE = "weight_out_of_range"  # a weight below zero
    NOT_ASSIGNED_WITH_WEIGHT = "not_assigned_with_weight"
    DUPLICATE_ROW = "duplicate_row"
    ASSIGNED_NOT_KNOWN = "assigned_not_known"  # named by services: the superior's decision is not issued


@dataclass(frozen=True)
class Problem:
    """What stands in the way besides the arithmetic; `key` is that of the row, None for the whole."""

    code: ProblemCode
    key: int | None


@dataclass(frozen=True)
class Balance:
    """The verdict on one indicator of one plan.

    Shares are fractions of 1; for a quantity `aggregate` and `difference` are whole numbers.

    total_weight: Σw; over distinct services N, the number of distinct services.
    aggregate: the binding aggregate; None where there is no weight. A row without a usable target counts 0.
    best, mean, floor: over distinct services only, see `check_balance`; `floor` is the guarantee.
    difference: how far the aggregate lies on the good side (>= 0) or the bad side (< 0) of the assigned target.
        None where there is no assigned target, or where problems alone stand in the way.
    count: the size of that difference in dossiers or services: a shortfall is rounded up, slack down.
    balanced: True exactly where there is no problem and the difference, if any, is not negative.
    floor_below: the guarantee does not meet the assigned target: worth a note, no obstacle by itself.
    """

    rule: IndicatorRule
    assigned: int | None
    total_weight: int
    aggregate: Fraction | None
    best: Fraction | None
    floor: Fraction | None
    mean: Fraction | None
    difference: Fraction | None
    count: int | None
    balanced: bool
    problems: tuple[Problem, ...]
    floor_below: bool

    @property
    def shortfall_points(self) -> int | None:
        """Hundredths of a percentage point missing, rounded up: at least 1 where T is not met. None: no rate."""
        if self.difference is None or self.rule.kind is Kind.QUANTITY:
            return None
        return ceil_hundredths(max(-self.difference, Fraction(0)))

    @property
    def slack_points(self) -> int | None:
        """Hundredths of a percentage point to spare, rounded down. None: no rate, or no difference."""
        if self.difference is None or self.rule.kind is Kind.QUANTITY:
            return None
        return floor_hundredths(max(self.difference, Fraction(0)))

    @property
    def aggregate_hundredths(self) -> int | None:
        """The aggregate of a rate as it may be shown: rounded down, at-most up. 79,996% is 7999."""
        if self.aggregate is None or self.rule.kind is Kind.QUANTITY:
            return None
        return self.rule.rounded(self.aggregate)


@dataclass(frozen=True)
class Figures:
    """What targets come to; see `Balance`."""

    total_weight: int
    aggregate: Fraction | None
    best: Fraction | None = None
    floor: Fraction | None = None
    mean: Fraction | None = None


def check_balance(
    rows: Sequence[Row], assigned: int | None, rule: IndicatorRule, *, unions: Unions | None = None
) -> Balance:
    """Weigh the targets of all receivers against the assigned target.

    `assigned` is in the unit of the targets; None means that there is nothing to balance against.

    - Rate, sums: aggregate Σwᵢtᵢ / Σwᵢ.
    - Quantity: aggregate Σtᵢ.
    - Rate over distinct services, kᵢ = ⌈wᵢtᵢ⌉, N = |∪Sᵢ|: two conditions. The best case (largest union / N) must
      reach T; and where the mean binds, so must either the weighted mean or the guaranteed floor: the mean never
      binds against a guarantee. Both together are one number, min(best, max(mean, floor)), which is the binding
      aggregate: it falls short by as much as the worse condition does, does not depend on T, and never sinks when
      a target rises. Where the mean does not bind the best case alone is the aggregate.
    - At-most mirrors all of it: kᵢ = ⌊wᵢtᵢ⌋; the largest union is now the guarantee (`floor`), the lower bound of
      the union the best case, and the binding aggregate is max(best, min(mean, floor)).

    `unions` are those of the rows' sets, in the rows' order: who weighs many targets of the same rows gives them, and
    spares the flow to begin anew every time.

    Never raises for what a person entered: see `problems`.
    """
    problems = tuple(_problems(rows, assigned, rule))
    figures = weigh(
        [row.target for row in rows],
        [_weight(row, rule) for row in rows],
        rule,
        lambda: unions or Unions([row.services for row in rows]),
    )
    usable = assigned is not None and _in_range(assigned, rule)
    target = _share(assigned, rule) if assigned is not None and usable else None
    difference = None
    if target is not None and figures.aggregate is not None:
        difference = _beyond(figures.aggregate, target, rule.direction)
        if problems and difference >= 0:
            # What is there would do, but it is not whole: the problems are the message, no slack is promised.
            difference = None
    floor_below = (
        target is not None and figures.floor is not None and _beyond(figures.floor, target, rule.direction) < 0
    )
    return Balance(
        rule=rule,
        assigned=assigned,
        total_weight=figures.total_weight,
        aggregate=figures.aggregate,
        best=figures.best,
        floor=figures.floor,
        mean=figures.mean,
        difference=difference,
        count=_count(figures, target, difference, rule),
        balanced=not problems and (difference is None or difference >= 0),
        problems=problems,
        floor_below=floor_below,
    )


def reaches(share: Fraction, assigned: int, rule: IndicatorRule) -> bool:
    """Whether an aggregate, or a part of the figures, is on the good side of the assigned target."""
    return _beyond(share, _share(assigned, rule), rule.direction) >= 0


def needed_count(weight: int, target: int, direction: Direction) -> int:
    """What a rate means for one receiver: ⌈w·t⌉ to reach, at-most ⌊w·t⌋ not to exceed."""
    if direction is Direction.AT_LEAST:
        return -(-weight * target // HUNDRED_PERCENT)
    return weight * target // HUNDRED_PERCENT


def gap(target: int, assigned: int, direction: Direction) -> int:
    """How far a row's target lies on the good side (> 0) or the bad side (< 0) of the assigned one, in its unit."""
    return target - assigned if direction is Direction.AT_LEAST else assigned - target


def _problems(rows: Sequence[Row], assigned: int | None, rule: IndicatorRule) -> Iterator[Problem]:
    if assigned is not None and not _in_range(assigned, rule):
        yield Problem(ProblemCode.OUT_OF_RANGE, None)
    if not rows:
        yield Problem(ProblemCode.NO_ROWS, None)
    elif _lacks_weight(rows, assigned, rule):
        yield Problem(ProblemCode.NO_WEIGHT, None)
    seen: set[int] = set()
    for row in rows:
        if row.key in seen:
            yield Problem(ProblemCode.DUPLICATE_ROW, row.key)
        seen.add(row.key)
        if _weight(row, rule) < 0:
            yield Problem(ProblemCode.WEIGHT_OUT_OF_RANGE, row.key)
        if row.target is not None:
            if not _in_range(row.target, rule):
                yield Problem(ProblemCode.OUT_OF_RANGE, row.key)
        elif not row.excused:
            yield Problem(ProblemCode.MISSING_TARGET, row.key)
        elif assigned is not None and _weight(row, rule) > 0 and not _may_be_excused(rule):
            yield Problem(ProblemCode.NOT_ASSIGNED_WITH_WEIGHT, row.key)


def _lacks_weight(rows: Sequence[Row], assigned: int | None, rule: IndicatorRule) -> bool:
    """A rate of nothing says nothing; only a plan that assigns nobody and owes nobody may do without weights."""
    if rule.kind is Kind.QUANTITY or any(_weight(row, rule) > 0 for row in rows):
        return False
    return assigned is not None or any(row.target is not None or not row.excused for row in rows)


def _may_be_excused(rule: IndicatorRule) -> bool:
    """Whether a receiver with a weight may go without a target under an assigned one.

    The others can bring in a quantity that is to be reached; a ceiling with a gap in it is no ceiling.
    """
    return rule.kind is Kind.QUANTITY and rule.direction is Direction.AT_LEAST


def _weight(row: Row, rule: IndicatorRule) -> int:
    if rule.kind is Kind.RATE and rule.rollup is RollUp.DISTINCT:
        return len(row.services)
    return row.weight


def _in_range(target: int, rule: IndicatorRule) -> bool:
    return target >= 0 and (rule.kind is Kind.QUANTITY or target <= HUNDRED_PERCENT)


def _share(target: int, rule: IndicatorRule) -> Fraction:
    return Fraction(target) if rule.kind is Kind.QUANTITY else Fraction(target, HUNDRED_PERCENT)


def _beyond(value: Fraction, target: Fraction, direction: Direction) -> Fraction:
    """How far `value` lies on the good side of `target`; negative on the bad side."""
    return value - target if direction is Direction.AT_LEAST else target - value


def weigh(
    targets: Sequence[int | None], weights: Sequence[int], rule: IndicatorRule, unions: Callable[[], Unions]
) -> Figures:
    """What the targets come to, whatever is assigned; a target that is none counts 0, and so does a weight below 0."""
    rated = [target if target is not None and _in_range(target, rule) else 0 for target in targets]
    sizes = [max(weight, 0) for weight in weights]
    if rule.kind is Kind.QUANTITY:
        return Figures(sum(sizes), Fraction(sum(rated)))
    if not any(sizes):
        return Figures(0, None)
    weighted = sum(size * target for size, target in zip(sizes, rated, strict=True))
    mean = Fraction(weighted, sum(sizes) * HUNDRED_PERCENT)
    if rule.rollup is RollUp.SUMS:
        return Figures(sum(sizes), mean)
    counts = [needed_count(size, target, rule.direction) for size, target in zip(sizes, rated, strict=True)]
    return _distinct_figures(unions(), counts, mean, rule)


def _distinct_figures(unions: Unions, counts: Sequence[int], mean: Fraction, rule: IndicatorRule) -> Figures:
    most = Fraction(unions.largest(counts), unions.total)
    least = Fraction(unions.guaranteed(counts), unions.total)
    if rule.direction is Direction.AT_LEAST:
        aggregate = min(most, max(mean, least)) if rule.mean_binds else most
        return Figures(unions.total, aggregate, best=most, floor=least, mean=mean)
    aggregate = max(least, min(mean, most)) if rule.mean_binds else least
    return Figures(unions.total, aggregate, best=least, floor=most, mean=mean)


def _count(figures: Figures, target: Fraction | None, difference: Fraction | None, rule: IndicatorRule) -> int | None:
    """The difference in dossiers or services, never negative: ⌈T·W⌉ − Σwt, at-most Σwt − ⌊T·W⌋.

    It is the count of the rate, so a slack smaller than one dossier is 0, and a shortfall at least 1.
    """
    if target is None or difference is None or figures.aggregate is None:
        return None
    if rule.kind is Kind.QUANTITY:
        return int(abs(difference))
    reached = figures.aggregate * figures.total_weight
    wanted = target * figures.total_weight
    due = Fraction(math.ceil(wanted) if rule.direction is Direction.AT_LEAST else math.floor(wanted))
    margin = _beyond(reached, due, rule.direction)
    return math.ceil(-margin) if difference < 0 else max(math.floor(margin), 0)
