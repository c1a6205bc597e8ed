"""The list of decisions as lines: what waits for the reader first, then what is under way, in force, over."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from allocapp.access import Action, may_on_decision
from allocapp.clock import now, today
from allocapp.models.account import Account
from allocapp.models.decision import Decision
from allocapp.rules.workflow import DecisionAction, DecisionState
from allocapp.services.decision import decision_actions_for, list_decisions, render_job
from allocapp.services.verification import is_in_force
from allocapp.views.decision_words import Turn, making_of, turn_of


class Section(StrEnum):
    """The parts of the list, in their order."""

    MINE = "mine"
    UNDER_WAY = "under_way"
    IN_FORCE = "in_force"
    OVER = "over"


# the acts that carry a decision on; refusing is open to the same people
_ONWARD = frozenset({DecisionAction.NUMBER, DecisionAction.SIGN, DecisionAction.SEAL})
_UNFINISHED = (DecisionState.PREPARED, DecisionState.NUMBERED, DecisionState.RENDERED, DecisionState.SIGNED)


@dataclass(frozen=True)
class Line:
    """A decision in the list, and whose turn it is. ``failed``: its file could not be made."""

    decision: Decision
    section: Section
    turn: Turn
    failed: bool


def sort_lines(account: Account) -> list[Line]:
    """Every decision the account may read, section by section, newest first in each."""
    lines = [_line(decision, account) for decision in list_decisions(account, today=today())]
    order = list(Section)
    return sorted(lines, key=lambda line: order.index(line.section))


def section_of(line: Line) -> Section:
    """The part of the list a line stands in."""
    return line.section


def _line(decision: Decision, account: Account) -> Line:
    job = render_job(decision) if decision.state is DecisionState.NUMBERED else None
    making = making_of(decision, job, now())
    failed = making is not None and making.failed
    to_retry = failed and may_on_decision(account, Action.RETRY_RENDER, decision, today())
    if to_retry or _ONWARD & decision_actions_for(decision, account, today()):
        section = Section.MINE
    elif decision.state in _UNFINISHED:
        section = Section.UNDER_WAY
    else:
        section = Section.IN_FORCE if is_in_force(decision) else Section.OVER
    return Line(decision, section, turn_of(decision, job), failed)
