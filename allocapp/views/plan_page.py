"""The pages of one plan, put together: the allocation page, the same one read-only, and the review page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final

from flask import render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from allocapp.access import Action, may_on_plan
from allocapp.clock import today
from allocapp.errors import AllocappError, BufferUnexplained, OpinionsOpen, OpinionsUnanswered, StaleVersion
from allocapp.forms.plan import SheetForm, TypedSheet, merge_cells, pack_cells, unpack_cells
from allocapp.models.plan import Plan
from allocapp.models.plan import Verdict as Proposed
from allocapp.rules.workflow import PlanAction, PlanState, plan_actions
from allocapp.services.adjustment import count_open_requests
from allocapp.services.buffer import REASON_LIMIT as BUFFER_LIMIT
from allocapp.services.buffer import Explanation, unexplained
from allocapp.services.cell import EXCUSE_LIMIT
from allocapp.services.comment import COMMENT_LIMIT
from allocapp.services.comparison import read_before
from allocapp.services.decision import living_decision
from allocapp.services.hold import REASON_LIMIT as HOLD_LIMIT
from allocapp.services.journal import plan_story
from allocapp.services.opinion import attached_summary, read_opinions
from allocapp.services.plan import changed_receivers
from allocapp.services.proposal import weight_gaps
from allocapp.services.sheet import Cell, Key, Sheet, check_sheet, read_sheet
from allocapp.services.transition import REASON_LIMIT
from allocapp.services.turn import plan_actions_for
from allocapp.views.authority_words import decider_of
from allocapp.views.formatting import localized, moment
from allocapp.views.messages import Mistake, explain
from allocapp.views.opinion_words import asking_of, lay_out_opinions
from allocapp.views.plan_choice import NO_MARKS, ONLY, ORDERS, REVIEWED, arrange, read_choice
from allocapp.views.plan_grid import Typing, lay_out, name_columns
from allocapp.views.plan_mistakes import clash_mistakes, fault_mistakes, first_weak_cell, obstacle_mistakes
from allocapp.views.plan_standing import standing_of
from allocapp.views.plan_words import (
    Verdict,
    judge_sheet,
    next_step,
    script_words,
    why_not_approved,
    why_not_edited,
    why_not_submitted,
)
from allocapp.views.proposal_words import Standpoint, standpoints
from allocapp.views.review_notes import ReviewNotes, review_notes
from allocapp.views.revision_box import revision_box
from allocapp.views.visitor import signed_in_account

LIMITS: Final = MappingProxyType(
    {
        "reason": REASON_LIMIT,
        "buffer": BUFFER_LIMIT,
        "comment": COMMENT_LIMIT,
        "excuse": EXCUSE_LIMIT,
        "hold": HOLD_LIMIT,
    }
)
"""The longest texts that the pages' fields take."""


@dataclass(frozen=True)
class Stamp:
    """What the page was made from: it comes back with the form, so that nobody's change is written over."""

    version: int
    seen_hash: str
    base: str


@dataclass(frozen=True)
class Remarks:
    """What somebody typed beside the sheet (a reviewer, whose internal step it is, who reopens), to be shown again."""

    reason: str = ""
    comments: Mapping[int, str] = field(default_factory=dict)
    whole: str = ""
    opinion: str = ""
    proceed_reason: str = ""

    @property
    def all_comments(self) -> dict[int | None, str]:
        """The remarks by receiver's unit id; None for the whole plan."""
        whole: dict[int | None, str] = {None: self.whole} if self.whole.strip() else {}
        return whole | dict(self.comments.items())

    @property
    def first_field(self) -> str:
        """The field of the first remark."""
        return "whole" if self.whole.strip() else next((f"c-{unit_id}" for unit_id in self.comments), "")

    def longer_than(self, limit: int) -> str:
        """The first field whose text is longer; empty where none is."""
        texts = {"reason": self.reason, "proceed_reason": self.proceed_reason, "opinion": self.opinion}
        texts |= {"whole": self.whole} | {f"c-{unit_id}": text for unit_id, text in self.comments.items()}
        return next((name for name, text in texts.items() if len(text) > limit), "")


def stamp_of(sheet: Sheet) -> Stamp:
    """The stamp of a page made from the sheet as it is stored now."""
    return Stamp(sheet.plan.version, sheet.content_hash, pack_cells(sheet.cells.values()))


def plan_page(
    plan: Plan,
    *,
    typing: Typing | None = None,
    stamp: Stamp | None = None,
    mistakes: Sequence[Mistake] = (),
    notice: str = "",
    remarks: Remarks | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    """The plan's page: with inputs for who may edit it now, to read for everybody else.

    ``stamp`` is the one that a form brought, where the page shows that form again; a new page gets a new one.
    """
    sheet = read_sheet(plan)
    return _render(
        "plan/show.html", sheet, typing, stamp, mistakes=mistakes, notice=notice, remarks=remarks, status=status
    )


def review_page(
    plan: Plan, *, remarks: Remarks | None = None, mistakes: Sequence[Mistake] = (), status: int = 200
) -> ResponseReturnValue:
    """The page of the approver. Whoever cannot review the plan in its state sees the plan's page instead."""
    actions = plan_actions_for(plan, signed_in_account(), today())
    page = "plan/review.html" if PlanAction.RETURN in actions else "plan/show.html"
    sheet = read_sheet(plan)
    notes = review_notes(sheet, signed_in_account()) if page == "plan/review.html" else None
    return _render(page, sheet, mistakes=mistakes, remarks=remarks, notes=notes, status=status)


def step_page(
    plan: Plan, *, remarks: Remarks | None = None, mistakes: Sequence[Mistake] = (), status: int = 200
) -> ResponseReturnValue:
    """The page of the person whose internal step the plan is at. Everybody else sees the plan's page instead."""
    actions = plan_actions_for(plan, signed_in_account(), today())
    page = "step/show.html" if PlanAction.SEND_BACK in actions else "plan/show.html"
    return _render(page, read_sheet(plan), mistakes=mistakes, remarks=remarks, status=status)


def conflict_page(plan: Plan, form: SheetForm, typed: TypedSheet, error: AllocappError) -> ResponseReturnValue:
    """What was typed, laid over what somebody else stored meanwhile; saving again now is deliberate."""
    sheet = read_sheet(plan)
    merged = merge_cells(typed, unpack_cells(form.base.data or "", sheet.cells), sheet.cells)
    message = explain(error)
    newer = _newer_version(plan) if form.version.data != plan.version else message.next_step
    mistakes = [Mistake(message.text), Mistake(newer), *clash_mistakes(sheet, merged.clashes)]
    typing = Typing(merged.typed, merged.taken, merged.clashes)
    return _render("plan/show.html", sheet, typing, mistakes=mistakes, status=message.status)


def clashing_page(plan: Plan, form: SheetForm, typed: TypedSheet, conflicts: Mapping[Key, Cell]) -> ResponseReturnValue:
    """After a save that left some cells alone: mine and theirs side by side in these, everything else is saved."""
    sheet = read_sheet(plan)
    merged = merge_cells(typed, unpack_cells(form.base.data or "", sheet.cells), sheet.cells)
    mine = TypedSheet({key: cell for key, cell in typed.cells.items() if key in conflicts})
    kept = _("Everything else is saved (version %(version)d).", version=plan.version)
    mistakes = [Mistake(explain(StaleVersion(plan.version)).text), Mistake(kept), *clash_mistakes(sheet, conflicts)]
    typing = Typing(mine, merged.taken, conflicts)
    return _render("plan/show.html", sheet, typing, mistakes=mistakes, status=409)


def unbalanced_page(plan: Plan, why: AllocappError) -> ResponseReturnValue:
    """After a submission that was kept as a draft instead: what is short, by how much, with links to the cells.

    Receivers who are still being asked, or have no answer, are named where that is ``why``.
    """
    sheet = read_sheet(plan)
    kept = _("Not submitted. What you typed is saved as a draft (version %(version)d).", version=plan.version)
    mistakes = [Mistake(kept)]
    if isinstance(why, OpinionsOpen | OpinionsUnanswered):
        message = explain(why)
        mistakes.append(Mistake(f"{message.text} {message.next_step}", "opinions"))
    if not sheet.assigned_known:
        mistakes.append(Mistake(why_not_submitted(sheet)))
    balances = check_sheet(sheet)
    if names := tuple(localized(indicator, "short_name") for indicator in unexplained(sheet, balances)):
        message = explain(BufferUnexplained(names))
        mistakes.append(Mistake(f"{message.text} {message.next_step}", "buffer_reason"))
    for position, verdict in enumerate(judge_sheet(sheet, balances)):
        if balances[position].balanced:
            continue
        name = localized(verdict.indicator, "short_name")
        mistakes.append(Mistake(f"{name}: {verdict.text}", first_weak_cell(sheet, position)))
        mistakes.extend(obstacle_mistakes(sheet, position, balances[position].problems))
    return _render("plan/show.html", sheet, mistakes=mistakes, status=422)


def _render(
    template: str,
    sheet: Sheet,
    typing: Typing | None = None,
    stamp: Stamp | None = None,
    *,
    mistakes: Sequence[Mistake] = (),
    notice: str = "",
    remarks: Remarks | None = None,
    notes: ReviewNotes | None = None,
    status: int = 200,
) -> ResponseReturnValue:
    actions = plan_actions_for(sheet.plan, signed_in_account(), today())
    editable = PlanAction.SAVE in actions
    told = [*mistakes, *(fault_mistakes(sheet, typing.sheet) if typing and editable else [])]
    page = render_template(
        template,
        sheet=sheet,
        plan=sheet.plan,
        **_table(sheet, typing, notes, told, editable=editable),
        **_road_so_far(sheet, actions),
        **_what_may_be_done(sheet, actions),
        notes=notes,
        explanation=_explanation(sheet, typing, stamp is not None) if editable else None,
        stamp=stamp or stamp_of(sheet),
        mistakes=told,
        notice=notice,
        remarks=remarks or Remarks(),
        limits=LIMITS,
    )
    return page, status


def _table(
    sheet: Sheet, typing: Typing | None, notes: ReviewNotes | None, told: Sequence[Mistake], *, editable: bool
) -> dict[str, Any]:
    """What the table shows, and what of it: rows as chosen, figures, verdicts, what was before, what receivers said."""
    plan = sheet.plan
    choice = read_choice(request.values, sheet, told)
    if notes and notes.changes and "only" not in request.values and not told:
        # a reviewer sees first what is new; every row is one choice away
        choice = replace(choice, only="changed")
    marked = {"changed": notes.changed, "flagged": notes.flagged} if notes else NO_MARKS
    before = read_before(plan, signed_in_account(), today=today())
    opinions = read_opinions(plan)
    rows = lay_out(sheet, typing, editable=editable, before=before, opinions=opinions)
    return {
        "groups": arrange(rows, choice, marked),
        "columns": name_columns(sheet),
        "before": before.plan if before else None,
        "asking": asking_of(opinions, today()),
        "summary": lay_out_opinions(attached_summary(plan)) if opinions.rounds and notes else None,
        "choice": choice,
        "choices": {"only": REVIEWED if notes else ONLY, "order": ORDERS},
        "words": script_words() if editable else {},
        "standpoints": _standpoints(sheet),
        "verdicts": verdicts_of(sheet, typing if editable else None),
    }


def _road_so_far(sheet: Sheet, actions: Collection[PlanAction]) -> dict[str, Any]:
    """Where the plan stands on its road, and how it came there."""
    plan, account = sheet.plan, signed_in_account()
    events, standing = plan_story(plan), standing_of(sheet, account, actions)
    returned = [event for event in events if event.action in (PlanAction.RETURN, PlanAction.REOPEN)]
    return {
        "box": revision_box(plan),
        "events": events,
        "standing": standing,
        "returned": returned[-1] if returned and plan.return_reason else None,
        "step": next_step(plan.unit, plan, sheet.assigned_known, lapsed=bool(standing.lapsed)),
        "superior": decider_of(plan),
        "decision": living_decision(plan),
        "waiting_requests": count_open_requests(plan),
        "own_submission": plan.submitted_by_id == account.id,
    }


def _what_may_be_done(sheet: Sheet, actions: Collection[PlanAction]) -> dict[str, Any]:
    """What the person may do with it now, and why not what the roles would allow."""
    plan, editable = sheet.plan, PlanAction.SAVE in actions
    return {
        "actions": actions,
        "editable": editable,
        "account": signed_in_account(),
        "tools": _tools(plan, editable),
        "receivers_changed": editable and any(changed_receivers(sheet)),
        "why_not": why_not_submitted(sheet) if editable and not sheet.assigned_known else "",
        "barred": _barred(plan, editable),
    }


def _standpoints(sheet: Sheet) -> list[Standpoint]:
    """The aggregates under frozen and under proposed numbers, while an approver has a plan with proposals in hand."""
    counting = any(cell.proposal and cell.proposal.verdict is not Proposed.REFUSED for cell in sheet.cells.values())
    return standpoints(sheet) if counting and PlanAction.APPROVE in plan_actions(sheet.plan.state) else []


def _explanation(sheet: Sheet, typing: Typing | None, again: bool) -> Explanation | None:
    """The reason for over-assigning as its field shows it, where the campaign sets a ceiling; else None.

    ``again``: the same form is shown once more, so that what it was made from stays what it was.
    """
    stored = sheet.plan.buffer_reason
    if not stored and all(column.buffer_ceiling is None for column in sheet.plan.campaign.indicators):
        return None
    typed = typing.sheet.explanation if typing else None
    if typed is None:
        return Explanation(stored, stored)
    return typed if again else Explanation(stored if typed.text == typed.seen else typed.text, stored)


def _tools(plan: Plan, editable: bool) -> list[tuple[str, str]]:
    """The pages beside the sheet, for who may use them: address and words."""
    at: dict[str, Any] = {"plan_id": plan.id}
    changing = [
        (url_for("method.index", **at), _("Methods…")),
        (url_for("paste.ask", **at), _("Paste from Excel or a file…")),
    ]
    reading = [
        (url_for("milestone.index", **at), _("Milestones on the way")),
        (url_for("proposal.index", **at), _("Proposed expected numbers")),
        (url_for("opinion.index", **at), _("Opinions of the receivers")),
        (url_for("comparison.index", **at), _("Compare, copy")),
        (url_for("method.changes", **at), _("How the numbers came about")),
    ]
    if plan.revision > 1 or plan.issued_at is not None:
        reading.append((url_for("adjustment_answer.index", **at), _("Requests for adjustment")))
    return [*changing, *reading] if editable else reading


def _barred(plan: Plan, editable: bool) -> list[tuple[str, str]]:
    """What the person's roles allow but the plan's state does not: the button's words, and why."""
    account, day = signed_in_account(), today()
    if not editable and may_on_plan(account, Action.EDIT_PLAN, plan, day):
        return [(_("Save draft"), why_not_edited(plan))]
    if plan.state in (PlanState.DRAFT, PlanState.RETURNED) and may_on_plan(account, Action.APPROVE_PLAN, plan, day):
        return [(_("Approve the plan"), why_not_approved(plan))]
    return []


def verdicts_of(sheet: Sheet, typing: Typing | None) -> list[Verdict]:
    """The verdicts on what is stored, or on what was typed where something was: a cell that is no number counts 0."""
    entries = typing.sheet.checkable(sheet.cells) if typing else None
    unreadable = [indicator_id for (_unit_id, indicator_id) in typing.sheet.faults] if typing else []
    proposed = check_sheet(sheet.with_proposals(), entries) if sheet.open_proposals else ()
    apart = {gap.indicator.id: gap for gap in weight_gaps(sheet)}
    return judge_sheet(sheet, check_sheet(sheet, entries), unreadable, proposed=proposed, apart=apart)


def _newer_version(plan: Plan) -> str:
    return _(
        "%(who)s changed the plan on %(moment)s (now version %(version)d). Your own changes stand in the cells; "
        "cells that you had not touched show the newest figures. Look through them, then save again.",
        who=plan.changed_by.name if plan.changed_by else _("the system"),
        moment=moment(plan.changed_at),
        version=plan.version,
    )
