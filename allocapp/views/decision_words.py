"""What the decision pages say: whose turn it is, how far the decision has come, how the making of its file goes.

No rule is decided here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from flask_babel import gettext as _

from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision
from allocapp.models.event import Event
from allocapp.models.job import Job, JobState
from allocapp.rules.workflow import DecisionAction, DecisionState
from allocapp.services.decision import approval_lapsed
from allocapp.services.job import PATIENCE
from allocapp.services.revision import affected_by
from allocapp.services.verification import is_in_force
from allocapp.views.formatting import moment
from allocapp.views.revision_words import effect_of_later


@dataclass(frozen=True)
class Turn:
    """Whose turn it is and what comes next, in a sentence; ``since`` when it has waited."""

    text: str
    since: datetime | None


@dataclass(frozen=True)
class Step:
    """A step of the road. ``place``: done, now, later, or bad (the road ended here)."""

    name: str
    place: str
    at: datetime | None = None
    by: str = ""


@dataclass(frozen=True)
class Making:
    """How the making of the file goes: ``failed``, or under way; ``technical`` is for the technicians."""

    failed: bool
    text: str
    next_step: str
    technical: str = ""


def turn_of(decision: Decision, job: Job | None) -> Turn:
    """Whose turn it is. ``job`` renders the file; it matters only while the decision is numbered."""
    body = decision.unit.body_name
    since = decision.signed_at or decision.numbered_at or decision.created_at
    texts: Mapping[DecisionState, Callable[[], str]] = {
        DecisionState.PREPARED: lambda: _("The clerk of %(body)s takes number and date from the register.", body=body),
        DecisionState.NUMBERED: lambda: _numbered(job, body),
        DecisionState.RENDERED: lambda: _("A leader of %(body)s reads and signs it, or refuses it.", body=body),
        DecisionState.SIGNED: lambda: _("The clerk of %(body)s applies the body's seal, which issues it.", body=body),
        DecisionState.VOIDED: lambda: _("Refused: its number stays in the register as voided. Nothing waits here."),
        DecisionState.WITHDRAWN: lambda: _withdrawn(decision),
    }
    if decision.state in (DecisionState.RENDERED, DecisionState.SIGNED) and approval_lapsed(decision):
        return Turn(_lapsed(body), since)
    if decision.state in texts:
        ended = decision.state in (DecisionState.VOIDED, DecisionState.WITHDRAWN)
        return Turn(texts[decision.state](), None if ended else since)
    if not is_in_force(decision) and (later := affected_by(decision)):
        effect = effect_of_later(decision, later[-1])
        return Turn(_("Its targets no longer apply: %(effect)s.", effect=effect), None)
    if not is_in_force(decision):
        return Turn(_("No longer in force: another decision took its place, or it was revoked."), None)
    if decision.kind is DecisionKind.REVOKE:
        return Turn(_("In force: the plan is revoked, and its targets with it."), decision.sealed_at)
    return Turn(_("In force. The receivers acknowledge it and carry it out."), decision.sealed_at)


def _lapsed(body: str) -> str:
    return _(
        "The approval has lapsed: what was approved has moved since, so nobody signs or seals this any more. The clerk "
        "or a leader of %(body)s refuses it; then the plan is reopened and submitted again.",
        body=body,
    )


def _withdrawn(decision: Decision) -> str:
    if decision.kind is DecisionKind.REVOKE:
        return _("Withdrawn without a number because the order to revoke was taken back. Nothing waits here.")
    return _("Withdrawn without a number because its plan was reopened. Nothing waits here.")


def _numbered(job: Job | None, body: str) -> str:
    if job is None or job.state is JobState.FAILED:
        return _("Its file could not be made. The clerk of %(body)s has it made again, or refuses it.", body=body)
    return _("The system is making its file; then a leader of %(body)s signs.", body=body)


# the step, the act in the journal that completes it, and the state that waits for it
_ROAD: Final = (
    (DecisionState.PREPARED, "prepare"),
    (DecisionState.NUMBERED, DecisionAction.NUMBER.value),
    (DecisionState.RENDERED, DecisionAction.RENDER.value),
    (DecisionState.SIGNED, DecisionAction.SIGN.value),
    (DecisionState.ISSUED, DecisionAction.SEAL.value),
)
_ENDED: Final[Mapping[DecisionState, str]] = MappingProxyType(
    {
        DecisionState.VOIDED: DecisionAction.REFUSE.value,
        DecisionState.WITHDRAWN: DecisionAction.WITHDRAW.value,
    }
)


def road_of(decision: Decision, story: Sequence[Event]) -> list[Step]:
    """Every step from prepared to issued: when it was taken and by whom, where the decision stands, what comes."""
    names = {
        DecisionState.PREPARED: _("Preparation"),
        DecisionState.NUMBERED: _("Number and date"),
        DecisionState.RENDERED: _("Making of the file"),
        DecisionState.SIGNED: _("Leader's signing"),
        DecisionState.ISSUED: _("Body's seal and issue"),
        DecisionState.VOIDED: _("Refused, number voided"),
        DecisionState.WITHDRAWN: _("Withdrawn"),
    }
    events = {event.action: event for event in story}
    steps = [_step(names[state], events[act]) for state, act in _ROAD if act in events]
    if decision.state in _ENDED:
        act = _ENDED[decision.state]
        return [*steps, _step(names[decision.state], events[act], "bad")] if act in events else steps
    places = ["now", *["later"] * len(_ROAD)]
    to_come = [Step(names[state], place) for (state, _act), place in zip(_ROAD[len(steps) :], places, strict=False)]
    return [*steps, *to_come]


def _step(name: str, event: Event, place: str = "done") -> Step:
    return Step(name, place, event.at, event.account.name if event.account else _("the system"))


def making_of(decision: Decision, job: Job | None, now: datetime) -> Making | None:
    """How the file's making goes, while the decision is numbered and has none."""
    if decision.state is not DecisionState.NUMBERED:
        return None
    again = _(
        "Have the file made again. If it fails again, tell the technicians, or refuse the decision with this reason."
    )
    if job is None:
        return Making(True, _("Nobody was asked to make the file."), again)
    if job.state is JobState.FAILED:
        return Making(True, _failure(job.error), again, job.error)
    if job.state is JobState.RUNNING:
        return _running(job, now)
    if now - job.created_at > PATIENCE and job.attempts == 0:
        return Making(
            False,
            _(
                "The file waits to be made since %(moment)s, but nothing has taken the work yet.",
                moment=moment(job.created_at),
            ),
            _("The work is written down and is sent again by itself. You may leave this page and come back."),
        )
    return Making(
        False,
        _("The file is about to be made (asked for at %(moment)s).", moment=moment(job.created_at)),
        _("The page reloads itself. You may leave it: the decision stays in the list of tasks."),
    )


def _running(job: Job, now: datetime) -> Making:
    if job.attempts > 1:
        text = _("The file is being made, attempt %(attempt)d.", attempt=job.attempts)
    else:
        text = _("The file is being made. That usually takes a few seconds.")
    if job.leased_until and job.leased_until < now:
        next_step = _("It was interrupted. It starts again by itself within a minute.")
    else:
        next_step = _(
            "The page reloads itself. Should the work be interrupted, it starts again by itself after %(moment)s.",
            moment=moment(job.leased_until),
        )
    return Making(False, text, next_step)


# by the name that stands before the colon in a job's error
_FAILURES: Final[Mapping[str, Callable[[], str]]] = MappingProxyType(
    {
        "subject_gone": lambda: _("What the file was to be made of is no longer there."),
        "snapshot_damaged": lambda: _("The frozen figures are not what they were when the number was taken."),
        "worker_died": lambda: _("The worker died each time it tried. Tell the technicians before trying again."),
        "FontMissing": lambda: _("No typeface complete in Vietnamese is installed on the server that makes files."),
        "InvalidSnapshot": lambda: _("The frozen content lacks something that the document must print."),
        "JobTimeoutException": lambda: _("Making the file took too long and was stopped."),
        "MemoryError": lambda: _("The server that makes files ran out of memory."),
    }
)


def _failure(error: str) -> str:
    known = _FAILURES.get(error.partition(":")[0].strip())
    return known() if known else _("The file could not be made because of an error that nobody foresaw.")
