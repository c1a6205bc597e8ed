"""What is said when a step of a plan's road is refused: in review by somebody else, in the house, on an opinion."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from flask_babel import gettext as _
from flask_babel import ngettext

from allocapp import errors
from allocapp.services.step import MOST_DAYS, MOST_STEPS, NAME_LIMIT, StepFault
from allocapp.views.formatting import count
from allocapp.views.statuses import Message


def _in_other_hands(error: errors.ReviewedByOther) -> Message:
    return Message(
        409,
        _("Somebody else has this plan in review"),
        _("%(who)s has taken this plan into review, so nobody else decides on it meanwhile.", who=error.name),
        _("Take the review over on the plan's page if you are to decide instead, or wait until it is handed back."),
    )


def _steps_first(error: errors.InternalStepsMissing) -> Message:
    return Message(
        409,
        _("The unit's own steps come first"),
        ngettext(
            "Before it is submitted, a plan of this unit goes through %(num)d step of its own.",
            "Before it is submitted, a plan of this unit goes through %(num)d steps of its own.",
            error.number,
        ),
        _("Open the plan again and send it through the unit's own steps; what you typed can be saved before."),
    )


def _no_steps(_error: errors.NoInternalSteps) -> Message:
    return Message(
        409,
        _("The unit has no steps of its own"),
        _("There is nobody in the unit to send the plan to first: its steps were taken away meanwhile."),
        _("Open the plan again and submit it."),
    )


def _person_unable(error: errors.StepPersonUnable) -> Message:
    return Message(
        409,
        _("A step has nobody who can take it"),
        _(
            "%(names)s: this account is switched off or holds no role at the unit any more.",
            names=", ".join(error.people),
        ),
        _("The unit's leader or the administrator names somebody else on the page of the unit's own steps."),
    )


def _step_of_other(error: errors.StepOfOther) -> Message:
    return Message(
        403,
        _("This step is somebody else's"),
        _("The plan is at the step of %(who)s, who alone can agree or send it back.", who=error.name),
        _("It comes to you when it is your turn. The preparer can recall it meanwhile."),
    )


def _not_finished(error: errors.StepsNotFinished) -> Message:
    return Message(
        409,
        _("Not everybody in the unit has agreed yet"),
        _("The step “%(step)s” is still open, so the plan cannot be submitted.", step=error.step),
        _("Wait for it, or recall the plan."),
    )


def step_fault(code: str) -> str:
    """What is wrong with a step, in one sentence."""
    return {
        StepFault.TOO_MANY: _("A unit has at most %(number)s steps.", number=count(MOST_STEPS)),
        StepFault.NAME_MISSING: _("Write what the step is about, or leave the whole line empty."),
        StepFault.NAME_LONG: _("The step's name may have at most %(limit)s characters.", limit=count(NAME_LIMIT)),
        StepFault.PERSON_MISSING: _("Choose who takes the step."),
        StepFault.PERSON_UNABLE: _("This account holds no role at the unit: choose somebody else."),
        StepFault.DAYS: _("Write a whole number of days from 1 to %(most)s.", most=count(MOST_DAYS)),
    }[StepFault(code)]


def _steps_refused(error: errors.StepsRefused) -> Message:
    return Message(
        422,
        _("The steps cannot be kept like this"),
        " ".join(
            _("Step %(number)d: %(fault)s", number=number, fault=step_fault(code)) for number, code in error.faults
        ),
        _("Correct the lines named, then save again. Nothing was changed."),
    )


def _opinion_binds(_error: errors.OpinionBinds) -> Message:
    return Message(
        409,
        _("The superior's approval is needed"),
        _("In this campaign the superior approves plans, so the unit cannot go on without."),
        _("Complete the plan and submit it again."),
    )


def _text_required(_error: errors.TextRequired) -> Message:
    return Message(
        422,
        _("The text is empty"),
        _("There is nothing in the field but blanks, so nothing was kept."),
        _("Write what you want to say, then send it again."),
    )


ROAD_MESSAGES: Final[Mapping[type[errors.AllocappError], Callable[[Any], Message]]] = MappingProxyType(
    {
        errors.ReviewedByOther: _in_other_hands,
        errors.InternalStepsMissing: _steps_first,
        errors.NoInternalSteps: _no_steps,
        errors.StepPersonUnable: _person_unable,
        errors.StepOfOther: _step_of_other,
        errors.StepsNotFinished: _not_finished,
        errors.StepsRefused: _steps_refused,
        errors.OpinionBinds: _opinion_binds,
        errors.TextRequired: _text_required,
    }
)
