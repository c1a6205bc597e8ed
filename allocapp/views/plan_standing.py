"""What a plan's page says of its road beside the state: the authority, the house's steps, a lapse, and the remarks."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date

from flask_babel import gettext as _

from allocapp.access import Action, may_on_plan
from allocapp.clock import today
from allocapp.models.account import Account
from allocapp.models.plan import Plan, PlanComment
from allocapp.models.review import PlanStep
from allocapp.rules.workflow import PlanAction, PlanState
from allocapp.services.comment import may_be_commented
from allocapp.services.in_house import has_moved
from allocapp.services.lapse import has_lapsed
from allocapp.services.sheet import Sheet
from allocapp.services.step import newest_round, step_takers
from allocapp.views.authority_words import ReviewWords, authority_text, review_words
from allocapp.views.formatting import moment


@dataclass(frozen=True)
class StepLine:
    """An internal step as the page shows it: who is asked or was, until when, what came of it."""

    step: PlanStep
    tone: str
    text: str
    late: bool
    vacant: bool


@dataclass(frozen=True)
class RemarkLine:
    """A remark, on a row or on the whole (``row`` None), and whether it was dealt with."""

    comment: PlanComment
    unit_id: int | None
    unit: str


@dataclass(frozen=True)
class Standing:
    """Where a plan stands on its road.

    ``steps`` are those of the newest round, while it matters; ``mine`` is the one that waits for the person. ``moved``:
    what was sent round is no longer what stands there. ``round_first``: the unit has steps, before which the
    person cannot submit. ``lapsed`` says that the approval no longer holds; empty where it does.
    """

    authority: str
    words: ReviewWords
    steps: tuple[StepLine, ...]
    mine: PlanStep | None
    moved: bool
    round_first: bool
    lapsed: str
    remarks: tuple[RemarkLine, ...]
    may_comment: bool

    @property
    def open_remarks(self) -> int:
        """How many remarks nobody has ticked off."""
        return sum(line.comment.done_at is None for line in self.remarks)


def standing_of(sheet: Sheet, account: Account, actions: Collection[PlanAction]) -> Standing:
    """Read it for the person who looks at the page and may do ``actions`` there."""
    plan, day_ = sheet.plan, today()
    steps = _round_that_matters(plan)
    current = next((step for step in steps if step.agreed is None), None) if plan.state is PlanState.IN_HOUSE else None
    return Standing(
        authority=authority_text(plan),
        words=review_words(plan),
        steps=tuple(_line(step, current, plan, day_) for step in steps),
        mine=current if PlanAction.AGREE in actions else None,
        moved=plan.state is PlanState.IN_HOUSE and bool(steps) and has_moved(sheet, steps[-1]),
        round_first=PlanAction.CIRCULATE in actions,
        lapsed=_lapse(sheet),
        remarks=_remarks(sheet),
        may_comment=may_be_commented(plan) and _comments(plan, account, day_),
    )


def _round_that_matters(plan: Plan) -> Sequence[PlanStep]:
    """The newest round: how far it is, and afterwards who agreed to what was submitted, or sent it back."""
    return () if plan.state is PlanState.DISCARDED else newest_round(plan)


def _line(step: PlanStep, current: PlanStep | None, plan: Plan, today_: date) -> StepLine:
    if step.agreed:
        text = _("agreed on %(moment)s", moment=moment(step.decided_at))
        return StepLine(step, "good", text, late=False, vacant=False)
    if step.agreed is False:
        text = _("sent back on %(moment)s", moment=moment(step.decided_at))
        return StepLine(step, "attention", text, late=False, vacant=False)
    if step is not current:
        text = _("not asked yet") if plan.state is PlanState.IN_HOUSE else _("no longer asked")
        return StepLine(step, "quiet", text, late=False, vacant=False)
    text = _("asked on %(moment)s", moment=moment(step.asked_at))
    late = step.due is not None and step.due < today_
    return StepLine(step, "progress", text, late=late, vacant=not step_takers(step, plan.unit, today_))


def _lapse(sheet: Sheet) -> str:
    if not has_lapsed(sheet):
        return ""
    return _(
        "The approval of %(moment)s has lapsed: targets, weights, milestones or the assigned target have moved since. "
        "No decision can be made of it. It has to be reopened, looked through and submitted again.",
        moment=moment(sheet.plan.approved_at),
    )


def _remarks(sheet: Sheet) -> tuple[RemarkLine, ...]:
    whole = [RemarkLine(comment, None, "") for comment in sheet.comments]
    of_rows = [RemarkLine(comment, row.unit.id, row.unit.name) for row in sheet.rows for comment in row.comments]
    return (*whole, *of_rows)


def _comments(plan: Plan, account: Account, today_: date) -> bool:
    """Whether the person may make a remark now: of a plan in review only who has it, and the coordinating body."""
    if may_on_plan(account, Action.REVIEW_PLAN, plan, today_):
        return plan.state is not PlanState.IN_REVIEW or plan.reviewed_by_id == account.id
    return may_on_plan(account, Action.COMMENT_PLAN, plan, today_)
