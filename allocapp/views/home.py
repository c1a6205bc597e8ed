"""A person's own task list: what waits for them, since when, and the next step as a link."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as lazy
from flask_babel.speaklater import LazyString
from flask_login import current_user

from allocapp.clock import today
from allocapp.models.account import Role
from allocapp.services.task import Task, TaskKind, list_tasks
from allocapp.views.visitor import signed_in_account

pages = Blueprint("home", __name__)


@dataclass(frozen=True)
class TaskWords:
    """How a kind of task is spoken of, what its next step is called, and whether it waits for the person at all."""

    title: LazyString
    step: LazyString
    tone: str
    waits_elsewhere: bool = False


WORDS: Final[Mapping[TaskKind, TaskWords]] = MappingProxyType(
    {
        TaskKind.COMPLETE_RETURNED_PLAN: TaskWords(
            lazy("Complete the plan that was returned"), lazy("See the reasons"), "attention"
        ),
        TaskKind.COMPLETE_SENT_BACK_PLAN: TaskWords(
            lazy("Complete the plan that was sent back within the unit"), lazy("See the opinion"), "attention"
        ),
        TaskKind.REOPEN_LAPSED_PLAN: TaskWords(
            lazy("Reopen the plan: its approval has lapsed"), lazy("See what moved"), "attention"
        ),
        TaskKind.TAKE_STEP: TaskWords(
            lazy("Agree to the plan before it is submitted, or send it back"), lazy("Read and answer"), "progress"
        ),
        TaskKind.SUBMIT_AGREED_PLAN: TaskWords(
            lazy("Submit the plan: everybody in the unit has agreed"), lazy("Submit"), "progress"
        ),
        TaskKind.REVIEW_PLAN: TaskWords(lazy("Review the plan submitted"), lazy("Review"), "progress"),
        TaskKind.CONTINUE_REVIEW: TaskWords(lazy("Finish the review you began"), lazy("Go on reviewing"), "progress"),
        TaskKind.DECIDE_PROPOSALS: TaskWords(
            lazy("Decide on the expected numbers proposed"), lazy("Look at the proposals"), "progress"
        ),
        TaskKind.NUMBER_DECISION: TaskWords(
            lazy("Take number and date for the decision"), lazy("Take the number"), "progress"
        ),
        TaskKind.RENDER_FAILED: TaskWords(lazy("The file of the decision could not be made"), lazy("See why"), "bad"),
        TaskKind.WAIT_FOR_RENDER: TaskWords(
            lazy("The file of the decision is being made"), lazy("See how far"), "quiet", waits_elsewhere=True
        ),
        TaskKind.SIGN_DECISION: TaskWords(lazy("Sign the decision"), lazy("Read and sign"), "progress"),
        TaskKind.SEAL_DECISION: TaskWords(
            lazy("Apply the body's seal to the decision"), lazy("Apply the seal"), "progress"
        ),
        TaskKind.GIVE_OPINION: TaskWords(
            lazy("Give your unit's opinion on the draft"), lazy("Read and answer"), "progress"
        ),
        TaskKind.ANSWER_ADJUSTMENT: TaskWords(
            lazy("Answer the requests for adjustment"), lazy("See the requests"), "progress"
        ),
        TaskKind.REVISE_PLAN: TaskWords(
            lazy("Revise the plan: it no longer balances"), lazy("See what moved"), "attention"
        ),
        TaskKind.FILL_PLAN: TaskWords(lazy("Complete and submit the plan"), lazy("Go on with the plan"), "quiet"),
        TaskKind.OPEN_PLAN: TaskWords(lazy("Begin the plan"), lazy("Begin"), "quiet"),
        TaskKind.ACKNOWLEDGE_DECISION: TaskWords(
            lazy("Acknowledge receipt of the decision"), lazy("Read and acknowledge"), "progress"
        ),
    }
)


# when it is whose turn: what a person without tasks is told to expect
TURNS: Final[Mapping[Role, LazyString]] = MappingProxyType(
    {
        Role.PREPARER: lazy("Preparer: when your unit may begin its plan, or when the approver returns it."),
        Role.APPROVER: lazy("Approver: when a unit below yours submits its plan, or proposes another expected number."),
        Role.LEADER: lazy("Signing leader: when the clerk has taken the number and the file of the decision is made."),
        Role.CLERK: lazy("Clerk: when a plan is approved and needs a number, and again when the leader has signed."),
        Role.DATA_OFFICER: lazy("Data officer: your unit's targets are in the menu."),
        Role.VIEWER: lazy(
            "Viewer: when a decision that assigns targets to your unit is issued; you then acknowledge it."
        ),
        Role.COORDINATOR: lazy("Coordinating body: you take no step yourself; plans and decisions are in the menu."),
        Role.ADMINISTRATOR: lazy("Administrator: the journal of your units is in the menu."),
        Role.AUDITOR: lazy("Auditor: you take no step yourself; plans, decisions and the journal are in the menu."),
    }
)


def _plan_page(task: Task) -> str:
    return url_for("plan.show", plan_id=task.plan.id if task.plan else 0)


def _review_page(task: Task) -> str:
    return url_for("plan.review", plan_id=task.plan.id if task.plan else 0)


def _proposals_page(task: Task) -> str:
    return url_for("proposal.index", plan_id=task.plan.id if task.plan else 0)


def _step_page(task: Task) -> str:
    return url_for("plan.step", plan_id=task.plan.id if task.plan else 0)


def _decision_page(task: Task) -> str:
    return url_for("decision.show", decision_id=task.decision.id if task.decision else 0)


def _asked_page(task: Task) -> str:
    return url_for("asked.show", round_id=task.asked.id if task.asked else 0, unit_id=task.unit.id)


def _requests_page(task: Task) -> str:
    return url_for("adjustment_answer.index", plan_id=task.plan.id if task.plan else 0)


def _quota_page(task: Task) -> str:
    return url_for("quota.show", unit_id=task.unit.id)


NEXT_STEP: Final[Mapping[TaskKind, Callable[[Task], str]]] = MappingProxyType(
    {
        TaskKind.COMPLETE_RETURNED_PLAN: _plan_page,
        TaskKind.COMPLETE_SENT_BACK_PLAN: _plan_page,
        TaskKind.REOPEN_LAPSED_PLAN: _plan_page,
        TaskKind.TAKE_STEP: _step_page,
        TaskKind.SUBMIT_AGREED_PLAN: _plan_page,
        TaskKind.REVIEW_PLAN: _review_page,
        TaskKind.CONTINUE_REVIEW: _review_page,
        TaskKind.DECIDE_PROPOSALS: _proposals_page,
        TaskKind.NUMBER_DECISION: _decision_page,
        TaskKind.RENDER_FAILED: _decision_page,
        TaskKind.WAIT_FOR_RENDER: _decision_page,
        TaskKind.SIGN_DECISION: _decision_page,
        TaskKind.SEAL_DECISION: _decision_page,
        TaskKind.GIVE_OPINION: _asked_page,
        TaskKind.ANSWER_ADJUSTMENT: _requests_page,
        TaskKind.REVISE_PLAN: _plan_page,
        TaskKind.FILL_PLAN: _plan_page,
        TaskKind.ACKNOWLEDGE_DECISION: _quota_page,
    }
)
"""Where each task goes on. OPEN_PLAN is missing: it changes something, so it is a button and no link."""


@dataclass(frozen=True)
class TaskLine:
    """A task as the page shows it; without ``url`` its next step is the button that opens the plan."""

    task: Task
    words: TaskWords
    url: str | None


@pages.get("/")
def tasks() -> ResponseReturnValue:
    """What waits for the person signed in; below it, what they wait for."""
    lines = [_line(task) for task in list_tasks(signed_in_account(), today=today())]
    return render_template(
        "home/tasks.html",
        waiting=[line for line in lines if not line.words.waits_elsewhere],
        elsewhere=[line for line in lines if line.words.waits_elsewhere],
        turns=[turn for role, turn in TURNS.items() if role in current_user.roles],
    )


def _line(task: Task) -> TaskLine:
    find = NEXT_STEP.get(task.kind)
    return TaskLine(task, WORDS[task.kind], find(task) if find else None)
