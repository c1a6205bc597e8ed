"""What the plan pages say: a balance, a state and whose turn it is, in sentences. No rule is decided here.

The live check and the page speak through the same functions, so they cannot say different things.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from flask_babel import gettext as _
from flask_babel import ngettext

from allocapp.access import authority_over
from allocapp.models.campaign import Authority, Indicator
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.balance import Balance, Direction, Kind, ProblemCode, RollUp, needed_count
from allocapp.rules.flag import exceeds_ceiling
from allocapp.rules.workflow import PlanState
from allocapp.services.buffer import is_over_assigned
from allocapp.services.proposal import WeightGap
from allocapp.services.sheet import Sheet, SheetIndicator
from allocapp.services.step import open_step
from allocapp.views.authority_words import decider_of, superior_of
from allocapp.views.formatting import count, day, localized, moment, percent, points, target


@dataclass(frozen=True)
class Verdict:
    """How one indicator stands: ``tone`` (good, bad, quiet), one sentence, and what else is worth knowing.

    ``proposed`` is the sentence as it would be if every open proposal were accepted; empty where none is open.
    """

    indicator: Indicator
    tone: str
    text: str
    figures: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    proposed: str = ""

    @property
    def icon(self) -> str:
        """The sign beside the words."""
        return {"good": "done", "bad": "warning"}.get(self.tone, "quiet")


def judge_sheet(
    sheet: Sheet,
    balances: Iterable[Balance],
    unreadable: Iterable[int] = (),
    *,
    proposed: Sequence[Balance] = (),
    apart: Mapping[int, WeightGap] | None = None,
) -> list[Verdict]:
    """The verdict on each indicator.

    ``unreadable``: the indicator id of every cell that holds no number. ``proposed``: the balances under the open
    proposals. ``apart``: where the receivers' weights do not add up to the unit's own.
    """
    whole = whole_of(sheet.plan.unit)
    wrong = Counter(unreadable)
    ceilings = {column.indicator_id: column.buffer_ceiling for column in sheet.plan.campaign.indicators}
    verdicts = []
    for position, (column, balance) in enumerate(zip(sheet.indicators, balances, strict=True)):
        indicator_id = column.indicator.id
        verdict = _judge(column, balance, whole, wrong[indicator_id], ceilings.get(indicator_id))
        if exceeds_ceiling(balance, ceilings.get(indicator_id)):
            verdict = replace(verdict, notes=(_beyond(sheet.plan), *verdict.notes))
        if proposed and proposed[position] != balance:
            verdict = replace(verdict, proposed=_sentence(column, proposed[position], whole))
        if apart and indicator_id in apart:
            verdict = replace(verdict, notes=(*verdict.notes, _apart(column, apart[indicator_id], sheet.plan.unit)))
        verdicts.append(verdict)
    return verdicts


def whole_of(unit: Unit) -> str:
    """How the aggregate of a unit is called: `toàn huyện`; its name where its kind has no such word."""
    return localized(unit.kind, "whole") or unit.name


def next_step(unit: Unit, plan: Plan | None, assigned_known: bool, *, lapsed: bool = False) -> str:
    """Whose turn it is and what comes next, in one sentence. ``lapsed``: what was approved has moved since."""
    names = {"unit": unit.body_name, "superior": superior_of(unit)}
    if plan is None:
        if assigned_known:
            return _("Not begun. The preparer of %(unit)s opens a draft.", **names)
        return _("Not begun. A draft may be opened before the decision of %(superior)s is issued.", **names)
    if plan.state in (PlanState.DRAFT, PlanState.RETURNED) and not assigned_known:
        return _("%(unit)s may go on drafting; submitting has to wait for the decision of %(superior)s.", **names)
    names["superior"] = decider_of(plan)
    text = _lapsed_step(names) if lapsed else _on_the_road(plan, names)
    return text[:1].upper() + text[1:]


def _on_the_road(plan: Plan, names: Mapping[str, str]) -> str:
    opinion = authority_over(plan) is Authority.OPINION
    if opinion and plan.state is PlanState.SUBMITTED:
        return _("Waiting for %(superior)s to give its opinion.", **names)
    if opinion and plan.state is PlanState.RETURNED:
        return _("%(unit)s completes it and submits it again, or its leaders go on and say why.", **names)
    if plan.state is PlanState.IN_REVIEW and plan.reviewed_by:
        return _("%(superior)s is reviewing it: %(who)s has it.", who=plan.reviewed_by.name, **names)
    if plan.state is PlanState.IN_HOUSE:
        return _in_the_house(plan, names)
    texts = {
        PlanState.DRAFT: _("%(unit)s completes the draft and submits it to %(superior)s.", **names),
        PlanState.SUBMITTED: _("Waiting for %(superior)s to review.", **names),
        PlanState.IN_REVIEW: _("%(superior)s is reviewing it.", **names),
        PlanState.RETURNED: _("%(unit)s completes it and submits it again.", **names),
        PlanState.APPROVED: _("The decision of %(unit)s is on its way: number, signature, seal of the body.", **names),
        PlanState.ISSUED: _("In force. The receivers carry it out.", **names),
        PlanState.SUPERSEDED: _("No longer in force: a later plan took its place."),
        PlanState.REVOKED: _("No longer in force: the decision was revoked."),
        PlanState.DISCARDED: _("This revision was given up before it was submitted. The plan in force did not change."),
    }
    return texts[plan.state]


def _in_the_house(plan: Plan, names: Mapping[str, str]) -> str:
    step = open_step(plan)
    if step is None:
        return _("Everybody in the unit has agreed: %(unit)s submits it to %(superior)s.", **names)
    return _(
        "It is at the step “%(step)s”: %(who)s, until %(day)s.",
        step=step.name,
        who=step.account.name,
        day=day(step.due),
    )


def _lapsed_step(names: Mapping[str, str]) -> str:
    return _("The approval has lapsed because the content moved: it has to be reopened and submitted again.", **names)


def why_not_submitted(sheet: Sheet) -> str:
    """Which rule keeps a draft from being submitted before the superior's decision is issued, and whose turn it is."""
    return _(
        "It cannot be submitted yet: the targets that %(unit)s has to meet are not known before the decision of "
        "%(superior)s is issued. It is the turn of %(superior)s. You may draft and save meanwhile.",
        unit=sheet.plan.unit.body_name,
        superior=superior_of(sheet.plan.unit),
    )


def why_not_edited(plan: Plan) -> str:
    """Which rule keeps the preparer of a plan that is no draft from changing it, since when, and what comes next."""
    names = {"superior": decider_of(plan), "moment": moment(plan.changed_at)}
    if plan.state is PlanState.IN_HOUSE:
        return _("It has been going through the unit's own steps since %(moment)s. Recall it to change it.", **names)
    if plan.state is PlanState.SUBMITTED:
        return _("Submitted on %(moment)s: it is the turn of %(superior)s. Withdraw it to change targets.", **names)
    if plan.state is PlanState.IN_REVIEW:
        return _("%(superior)s has been reviewing it since %(moment)s. Should it be returned, you can go on.", **names)
    if plan.state is PlanState.APPROVED:
        return _("Approved on %(moment)s. Until its decision has a number, %(superior)s can reopen it.", **names)
    return _("Issued on %(moment)s. A plan that has been issued is never edited.", moment=moment(plan.issued_at))


def why_not_approved(plan: Plan) -> str:
    """Why an approver cannot decide on a plan that is being drafted, and whose turn it is since when."""
    since = moment(plan.changed_at)
    return _("Not submitted. Since %(moment)s it is the turn of %(unit)s.", moment=since, unit=plan.unit.body_name)


def _judge(column: SheetIndicator, balance: Balance, whole: str, unreadable: int, ceiling: int | None) -> Verdict:
    text = _sentence(column, balance, whole)
    tone = "quiet"
    if column.assigned_known and column.assigned is not None:
        tone = "good" if balance.balanced else "bad"
    obstacles = _obstacles(balance, unreadable)
    if obstacles:
        tone = "bad" if column.assigned is not None else "quiet"
        text = "; ".join([text, *obstacles])
    figures = (*_figures(column, balance), *_over_assigned(balance, ceiling))
    return Verdict(column.indicator, tone, text, figures, tuple(_notes(balance)))


def _sentence(column: SheetIndicator, balance: Balance, whole: str) -> str:
    """The aggregate against the assigned target, without what else stands in the way."""
    overall = _overall(column, balance, whole)
    if not column.assigned_known:
        return _("%(overall)s: %(verdict)s", overall=overall, verdict=_("the assigned target is not known yet"))
    if column.assigned is None:
        nothing = _("no target is assigned, so there is nothing to balance against")
        return _("%(overall)s: %(verdict)s", overall=overall, verdict=nothing)
    assigned = target(column.assigned, balance.rule.kind)
    text: str = _("%(overall)s / assigned %(assigned)s", overall=overall, assigned=assigned)
    if balance.difference is None:
        return text
    return _("%(overall)s: %(verdict)s", overall=text, verdict=_distance(column, balance))


def _over_assigned(balance: Balance, ceiling: int | None) -> Iterable[tuple[str, str]]:
    """What is assigned beyond the target on purpose, and the most the campaign allows: open to both levels."""
    if not is_over_assigned(balance):
        return
    rate = balance.rule.kind is Kind.RATE
    value = _("%(points)s percentage points", points=points(balance.slack_points)) if rate else count(balance.count)
    if ceiling is not None:
        most = points(ceiling) if rate else count(ceiling)
        value = _("%(value)s (at most %(most)s)", value=value, most=most)
    yield _("over-assigned"), value


def _beyond(plan: Plan) -> str:
    """That more is assigned than the campaign allows; the reason itself stands on the plan's pages."""
    if plan.buffer_reason:
        return _("More is assigned beyond the target than the campaign allows. The reason is given with the plan.")
    return _("More is assigned beyond the target than the campaign allows. Lower some targets, or explain why.")


def _apart(column: SheetIndicator, apart: WeightGap, unit: Unit) -> str:
    return _(
        "The receivers' expected numbers add up to %(receivers)s %(counted)s, but %(own)s are expected of %(unit)s.",
        receivers=count(apart.children),
        own=count(apart.own),
        counted=localized(column.indicator, "counted"),
        unit=unit.name,
    )


def _overall(column: SheetIndicator, balance: Balance, whole: str) -> str:
    if balance.rule.kind is Kind.QUANTITY:
        return _("Total of %(whole)s %(sum)s", whole=whole, sum=count(int(balance.aggregate or 0)))
    return _("Overall rate of %(whole)s %(rate)s", whole=whole, rate=percent(balance.aggregate_hundredths))


def _distance(column: SheetIndicator, balance: Balance) -> str:
    """Slack or shortfall, in percentage points and in what is counted; a ceiling is exceeded, not missed."""
    values = {
        "points": points(balance.shortfall_points or balance.slack_points),
        "count": count(balance.count),
        "counted": localized(column.indicator, "counted"),
    }
    rate = balance.rule.kind is Kind.RATE
    at_most = balance.rule.direction is Direction.AT_MOST
    if balance.difference is not None and balance.difference < 0:
        if at_most:
            return (
                _("%(points)s percentage points too many ≈ %(count)s %(counted)s", **values)
                if rate
                else _("%(count)s %(counted)s too many", **values)
            )
        return (
            _("short of %(points)s percentage points ≈ %(count)s %(counted)s", **values)
            if rate
            else _("short of %(count)s %(counted)s", **values)
        )
    if not balance.slack_points and not balance.count:
        return _("the common target is met, exactly")
    if rate:
        return _("the common target is met, %(points)s percentage points ≈ %(count)s %(counted)s to spare", **values)
    return _("the common target is met, %(count)s %(counted)s to spare", **values)


def _obstacles(balance: Balance, unreadable: int) -> list[str]:
    """What stands in the way besides the arithmetic, each kind counted once."""
    found = Counter(problem.code for problem in balance.problems if problem.key is not None)
    empty = found[ProblemCode.MISSING_TARGET] - unreadable
    excused = found[ProblemCode.NOT_ASSIGNED_WITH_WEIGHT]
    texts = []
    if unreadable:
        texts.append(
            ngettext(
                "%(num)d cell is no number (counted as 0)", "%(num)d cells are no numbers (counted as 0)", unreadable
            )
        )
    if empty > 0:
        texts.append(
            ngettext(
                "%(num)d cell is still empty (counted as 0)", "%(num)d cells are still empty (counted as 0)", empty
            )
        )
    if excused:
        texts.append(
            ngettext(
                "%(num)d receiver is not assigned although work is expected there",
                "%(num)d receivers are not assigned although work is expected there",
                excused,
            )
        )
    named = {ProblemCode.MISSING_TARGET, ProblemCode.NOT_ASSIGNED_WITH_WEIGHT}
    general = {problem.code for problem in balance.problems if problem.key is None}
    texts.extend(_GENERAL[code]() for code in ProblemCode if code in general and code in _GENERAL)
    if (found.keys() - named) or (general - _GENERAL.keys()):
        texts.append(_("the expected figures of some receivers are not usable"))
    return texts


def _figures(column: SheetIndicator, balance: Balance) -> Iterable[tuple[str, str]]:
    """Term and value: what the assigned target means, and for distinct services the three figures behind the rate."""
    if balance.rule.kind is Kind.QUANTITY:
        return
    indicator = column.indicator
    counted, part = localized(indicator, "counted"), localized(indicator, "part")
    yield _("expected"), f"{count(balance.total_weight)} {counted}"
    if column.assigned is not None:
        needed = needed_count(balance.total_weight, column.assigned, balance.rule.direction)
        term = _("needed") if balance.rule.direction is Direction.AT_LEAST else _("at most")
        yield term, f"{count(needed)} {part}"
    if balance.rule.rollup is RollUp.DISTINCT:
        at_most = balance.rule.direction is Direction.AT_MOST
        for term, share in (
            (_("lowest possible") if at_most else _("best case"), balance.best),
            (_("surely not exceeded") if at_most else _("guaranteed"), balance.floor),
            (_("weighted mean"), balance.mean),
        ):
            yield term, percent(None if share is None else balance.rule.rounded(share))


def _notes(balance: Balance) -> Iterable[str]:
    if not balance.floor_below or balance.floor is None or balance.problems:
        return  # while cells are open, the figure says nothing yet
    floor = percent(balance.rule.rounded(balance.floor))
    if balance.rule.direction is Direction.AT_MOST:
        yield _(
            "It is only sure that %(floor)s is not exceeded, which is above the assigned target: the outcome depends "
            "on which services the receivers reach. No obstacle to submitting.",
            floor=floor,
        )
        return
    yield _(
        "Only %(floor)s is guaranteed, which does not meet the assigned target: the outcome depends on which services "
        "the receivers reach. No obstacle to submitting.",
        floor=floor,
    )


_GENERAL = {
    ProblemCode.NO_ROWS: lambda: _("the plan has no receivers"),
    ProblemCode.NO_WEIGHT: lambda: _("nothing is expected of any receiver, so that no overall rate can be formed"),
    ProblemCode.OUT_OF_RANGE: lambda: _("the assigned target itself is out of range"),
}


def script_words() -> dict[str, str]:
    """What the page's script puts in place of its own accord; ``{n}`` and ``{m}`` are filled in by it."""
    several = {"n": "{n}", "m": "{m}"}
    return {
        "saved": _("saved"),
        "saving": _("saving"),
        "failed": _("not saved yet"),
        "conflict": _("changed by two people"),
        "restored": _("typed earlier, not saved yet"),
        "fresh": _("newly changed by somebody else"),
        "allSaved": _("Everything typed is saved."),
        "someUnsaved": _("%(n)s cells or reasons are not saved yet.", **several),
        "offline": _(
            "No connection. What you type is kept on this computer; targets are saved once the connection is back."
        ),
        "kept": _(
            "%(n)s cells or reasons that you typed earlier were not saved yet and stand on the page again.", **several
        ),
        "pastedCount": _("%(n)s cells pasted, %(m)s refused.", **several),
        "line": _("line %(n)s", **several),
        "outside": _("outside the table"),
        "held": _("held"),
        "noNumber": _("not a number"),
        "noFit": _("What you pasted names units. The page for pasting finds the row of each."),
    }


def autosave_notices(*, clashed: int, fresh: int, moved: bool) -> dict[str, str]:
    """What a person is told after an autosave, each notice by its name on the page; nothing where all is as expected.

    ``clashed``, ``fresh``: how many cells somebody else changed, that were typed into here and that were not.
    """
    notices = {}
    if clashed:
        notices["clashed"] = _("%(n)s cells were changed by somebody else as well. Choose at the cell.", n=clashed)
    if fresh:
        notices["others"] = _("Somebody else changed %(n)s cells meanwhile; the table shows them.", n=fresh)
    if moved:
        notices["moved"] = _(
            "Assigned targets or expected numbers changed meanwhile. Reload the page before you submit."
        )
    return notices
