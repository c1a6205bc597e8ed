"""What the methods say: their names, what stands in the way, how low a row may go, and what was applied."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from flask_babel import gettext as _

from allocapp.models.plan import ChangeKind, PlanChange
from allocapp.models.unit import Unit
from allocapp.rules.apportion import Outcome
from allocapp.rules.balance import Direction, IndicatorRule, Kind
from allocapp.rules.methods import Method
from allocapp.rules.obstacles import ObstacleCode
from allocapp.rules.percent import HUNDRED_PERCENT
from allocapp.rules.trim import TrimOrder
from allocapp.services.change import changed_cells
from allocapp.services.method import Trial
from allocapp.services.sheet import Entry, Sheet
from allocapp.views.formatting import count, decimal_mark, localized, points, target
from allocapp.views.paste_words import table_facts


def act_name(act: str, rule: IndicatorRule) -> str:
    """A method or a trim in words."""
    quantity = rule.kind is Kind.QUANTITY
    if act in set(TrimOrder):
        return _trim_name(TrimOrder(act), rule)
    names = {
        Method.SAME: _("The same quantity for all") if quantity else _("The same rate for all"),
        Method.PLUS: _("Last year's result plus the same amount for all"),
        Method.TIMES: _("Last year's result times the same factor for all"),
        Method.GAP: _("Close the same share of the gap to 100%"),
        Method.COPY: _("Pass the assigned rate on unchanged"),
        Method.BY_WEIGHT: _("Share out by expected number"),
    }
    return names[Method(act)]


def _trim_name(order: TrimOrder, rule: IndicatorRule) -> str:
    """A trim lowers what is to be reached; under a ceiling it hands out what the ceiling leaves."""
    if rule.direction is Direction.AT_MOST:
        return {
            TrimOrder.OFFICIAL: _("Hand out what is to spare, in official order"),
            TrimOrder.HEAVIEST: _("Hand out what is to spare, the largest expected number first"),
            TrimOrder.HIGHEST: _("Hand out what is to spare, the lowest target first"),
        }[order]
    return {
        TrimOrder.OFFICIAL: _("Trim the excess, in official order"),
        TrimOrder.HEAVIEST: _("Trim the excess, the largest expected number first"),
        TrimOrder.HIGHEST: _("Trim the excess, the highest target first"),
    }[order]


def act_choices(acts: Iterable[Method | TrimOrder], rule: IndicatorRule) -> list[tuple[str, str]]:
    """The methods and trims with their names, for a form."""
    return [(act.value, act_name(act.value, rule)) for act in acts]


def step_choices(steps: Iterable[int], rule: IndicatorRule) -> list[tuple[int, str]]:
    """The steps with their names, for a form."""
    if rule.kind is Kind.QUANTITY:
        return [(step, count(step)) for step in steps]
    return [(step, _("%(points)s points", points=points(step))) for step in steps]


def parameter_words(trial: Trial) -> str:
    """λ as people say it: the common rate, what is added, the factor, the share of the gap."""
    outcome = trial.proposal
    value = outcome.parameter if isinstance(outcome, Outcome) else None
    if value is None or not isinstance(outcome, Outcome):
        return ""
    return _parameter(outcome.method, value, outcome.after.rule)


def assumed_words(trial: Trial) -> str:
    """Which receivers without a result of last year were counted with which one; empty where each has its own."""
    if not isinstance(trial.proposal, Outcome) or not trial.proposal.assumed:
        return ""
    names = {row.unit.id: row.unit.name for row in trial.sheet.rows}
    return _assumed({names[key]: value for key, value in trial.proposal.assumed.items()}, trial.column.rule)


def obstacle_words(trial: Trial) -> list[str]:
    """What keeps the formula from meeting the target: kind by kind, with the receivers it is about."""
    if not isinstance(trial.proposal, Outcome):
        if trial.proposal.before.balanced:
            return []
        return [_("This begins where every cell is settled and the common target is met, which is not so yet.")]
    names = {row.unit.id: row.unit.name for row in trial.sheet.rows}
    found: dict[ObstacleCode, list[str]] = defaultdict(list)
    for obstacle in trial.proposal.obstacles:
        found[obstacle.code].append(names.get(obstacle.key or 0, ""))
    texts = {
        ObstacleCode.HOLD: _("Held rows are in the way: %(units)s"),
        ObstacleCode.CEILING: _("The upper limit is in the way: %(units)s"),
        ObstacleCode.FLOOR: _("The lower limit is in the way: %(units)s"),
        ObstacleCode.EXCUSED: _("Not assigned, although they count: %(units)s"),
        ObstacleCode.NO_VALUE: _("The limits and the step leave no possible value: %(units)s"),
        ObstacleCode.NO_BASELINE: _("No receiver has a result of last year to start from."),
        ObstacleCode.NO_WEIGHT: _("No expected number says how to share out the rest."),
    }
    named = [texts[code] % {"units": ", ".join(units)} for code, units in found.items()]
    return [*_as_far_as_it_goes(trial.proposal), *named] if named else []


def _as_far_as_it_goes(outcome: Outcome) -> Iterable[str]:
    """That the outcome, short as it is, is the best this method can do under these holds and limits."""
    difference = outcome.after.difference
    if difference is None or difference >= 0:
        return
    if outcome.after.rule.direction is Direction.AT_MOST:
        yield _("This is the least the method comes down to while the following stands in the way.")
    else:
        yield _("This is the most the method reaches while the following stands in the way.")


def lowest_words(sheet: Sheet, lowest: Mapping[int, int | None]) -> list[str]:
    """For each indicator that has one: how far the row's target may go if all others stay."""
    return [
        _lowest(localized(column.indicator, "short_name"), lowest[column.indicator.id], column.rule)
        for column in sheet.indicators
        if column.indicator.id in lowest
    ]


def _lowest(name: str, value: int | None, rule: IndicatorRule) -> str:
    if value is None:
        return _("%(indicator)s: no target of this row balances the plan while all others stay", indicator=name)
    shown = target(value, rule.kind)
    if rule.direction is Direction.AT_MOST:
        return _("%(indicator)s: at most %(value)s if all others stay", indicator=name, value=shown)
    return _("%(indicator)s: at least %(value)s if all others stay", indicator=name, value=shown)


@dataclass(frozen=True)
class ChangeView:
    """One bulk change in words."""

    change: PlanChange
    title: str
    indicator: str
    facts: tuple[str, ...]
    holds: tuple[str, ...]
    cells: tuple[tuple[str, str, str, str], ...]

    @property
    def reverted_at(self) -> datetime | None:
        """When it was taken back."""
        return self.change.reverted_at


def explain_change(change: PlanChange, sheet: Sheet, units: Mapping[int, Unit]) -> ChangeView:
    """What was applied, with which inputs and holds, and every cell before and after.

    ``units``: those the change speaks of, by id; some may have left the sheet since.
    """
    columns = {column.indicator.id: column for column in sheet.indicators}
    column = columns.get(change.indicator_id or 0)
    cells = []
    for (unit_id, indicator_id), (before, after) in changed_cells(change).items():
        of = columns[indicator_id]
        name = localized(of.indicator, "short_name")
        cells.append((units[unit_id].name, name, _entry(before, of.rule), _entry(after, of.rule)))
    return ChangeView(
        change=change,
        title=_title(change, column.rule if column else None),
        indicator=localized(column.indicator, "name") if column else "",
        facts=tuple(_facts(change, column.rule) if column else table_facts(change.inputs)),
        holds=tuple(f"{units[_whole(unit_id)].name}: {reason} ({owner})" for unit_id, reason, owner in change.holds),
        cells=tuple(cells),
    )


def _title(change: PlanChange, rule: IndicatorRule | None) -> str:
    if rule is not None and change.kind in (ChangeKind.METHOD, ChangeKind.TRIM):
        return act_name(str(change.inputs["act"]), rule)
    return {
        ChangeKind.PASTE: _("Pasted"),
        ChangeKind.FILE: _("Brought in from a file"),
        ChangeKind.COPY: _("Copied from another plan"),
        ChangeKind.METHOD: _("Method"),
        ChangeKind.TRIM: _("Trim"),
    }[change.kind]


def _facts(change: PlanChange, rule: IndicatorRule) -> Iterable[str]:
    """The inputs, in words; only what was set."""
    known = change.inputs
    step = known.get("step")
    if isinstance(step, int):
        yield _("step %(step)s", step=dict(step_choices([step], rule))[step])
    at_most = rule.direction is Direction.AT_MOST
    for name, words in (
        ("aim", _("not to exceed %(value)s") if at_most else _("to reach %(value)s")),
        ("floor", _("no receiver below %(value)s")),
        ("ceiling", _("no receiver above %(value)s")),
        ("before", _("overall before: %(value)s")),
        ("after", _("overall after: %(value)s")),
    ):
        value = known.get(name)
        if isinstance(value, int):
            yield words % {"value": target(value, rule.kind)}
    if known.get("past_baseline"):
        yield _("may go above last year's result") if at_most else _("may go below last year's result")
    if isinstance(known.get("parameter"), str):
        yield _parameter(Method(str(known["act"])), Fraction(str(known["parameter"])), rule)
    assumed = known.get("assumed")
    if isinstance(assumed, dict):
        yield _assumed({name: Fraction(value) for name, value in assumed.items()}, rule)


def _parameter(method: Method, value: Fraction, rule: IndicatorRule) -> str:
    quantity = rule.kind is Kind.QUANTITY
    if method in (Method.SAME, Method.COPY):
        return _("the same for all: %(value)s", value=_amount(value, quantity, "%"))
    if method is Method.PLUS:
        return _("added to last year's result: %(value)s", value=_amount(value, quantity, ""))
    if method is Method.TIMES:
        return _("factor: %(value)s", value=_decimal(value))
    if method is Method.GAP:
        return _("share of the gap closed: %(value)s", value=_decimal(value * 100) + "%")
    return _("for each expected one: %(value)s", value=_decimal(value))


def _assumed(values: Mapping[str, Fraction], rule: IndicatorRule) -> str:
    """``values``: by the receiver's name, in the unit of targets."""
    quantity = rule.kind is Kind.QUANTITY
    listed = ", ".join(f"{name} {_amount(value, quantity, '%')}" for name, value in values.items())
    return _("counted, for want of a usable result of last year, with: %(units)s", units=listed)


def _entry(entry: Entry, rule: IndicatorRule) -> str:
    if entry.target is None:
        return entry.excuse or _("empty")
    return target(entry.target, rule.kind)


def _whole(value: object) -> int:
    return value if isinstance(value, int) else 0


def _amount(value: Fraction, quantity: bool, sign: str) -> str:
    """λ in the unit of targets: hundredths of a per cent or of a point, or a count."""
    if quantity:
        return _decimal(value)
    return (
        f"{_decimal(value * 100 / HUNDRED_PERCENT)}{sign}"
        if sign
        else _("%(points)s points", points=_decimal(value / 100))
    )


def _decimal(value: Fraction) -> str:
    """A fraction with at most four decimals, cut, never rounded up: it explains, it does not decide."""
    scaled = abs(value) * 10_000
    whole, rest = divmod(scaled.numerator // scaled.denominator, 10_000)
    decimals = f"{rest:04d}".rstrip("0")
    sign = "-" if value < 0 else ""
    return f"{sign}{count(whole)}{decimal_mark()}{decimals}" if decimals else f"{sign}{count(whole)}"
