"""A campaign in words: its state, its stages, what a superior's word is worth in it, and what keeps it from opening."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from flask import Flask
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from flask_babel.speaklater import LazyString

from allocapp import errors
from allocapp.models.campaign import Authority, StageName
from allocapp.rules.deadline import DeadlineProblem, DeadlineProblemCode
from allocapp.rules.workflow import CampaignState
from allocapp.services.campaign_road import Lack
from allocapp.views.formatting import day
from allocapp.views.statuses import Message

STATE_TONES: Final[Mapping[CampaignState, str]] = MappingProxyType(
    {CampaignState.PREPARING: "quiet", CampaignState.OPEN: "good", CampaignState.CLOSED: "over"}
)
STAGE_NAMES: Final[Mapping[StageName, LazyString]] = MappingProxyType(
    {
        StageName.ROOT_ISSUES: lazy("The first decision is issued"),
        StageName.UNITS_ANSWER: lazy("Receivers give their opinions"),
        StageName.PLANS_SUBMITTED: lazy("Plans of the units below are submitted"),
        StageName.REVIEWS_END: lazy("Reviews end"),
        StageName.PERIOD_ENDS: lazy("The period ends"),
    }
)
AUTHORITY_NAMES: Final[Mapping[Authority, LazyString]] = MappingProxyType(
    {
        Authority.APPROVES: lazy("The superior approves each plan"),
        Authority.OPINION: lazy("The superior gives an opinion on each plan"),
        Authority.COPY: lazy("The superior only receives a copy of each plan"),
    }
)
AUTHORITY_MEANINGS: Final[Mapping[Authority, LazyString]] = MappingProxyType(
    {
        Authority.APPROVES: lazy("Nothing is issued before the superior has approved it."),
        Authority.OPINION: lazy("The unit may go on without following the opinion, and then says why."),
        Authority.COPY: lazy("The unit's own approver or leader approves; the superior reads."),
    }
)
LACKS: Final[Mapping[Lack, LazyString]] = MappingProxyType(
    {
        Lack.INDICATORS: lazy("it has no indicators"),
        Lack.EXPECTATIONS: lazy("its weights and baselines are not frozen"),
        Lack.RECEIVERS: lazy("the unit at its head has no receivers in its period"),
        Lack.PERIOD_OVER: lazy("its period is over"),
    }
)
THRESHOLD_NAMES: Final[Mapping[str, LazyString]] = MappingProxyType(
    {
        "jump_deviations": lazy("Standard deviations from which a jump is unusual"),
        "jump_rows": lazy("Rows from which jumps are compared"),
        "remind_days": lazy("Days before a deadline on which people are reminded"),
        "ceiling": lazy("Most that may deliberately be assigned beyond the target"),
        "below_baseline": lazy("How far below last year's result is not flagged"),
        "below_last": lazy("How far below last year's target is not flagged"),
    }
)


def campaign_tone(state: str) -> str:
    """The tone of a campaign's status tag."""
    return STATE_TONES[CampaignState(state)]


def stage_name(stage: str) -> str:
    """A stage in words; the plain name where an old event holds one that this version does not know."""
    return str(STAGE_NAMES[StageName(stage)]) if stage in set(StageName) else stage


def authority_name(authority: str) -> str:
    """What a superior's word is worth, in words."""
    return str(AUTHORITY_NAMES[Authority(authority)])


def time_left(due: date, today: date) -> str:
    """How far a day lies ahead or behind, in words."""
    left = (due - today).days
    if left > 1:
        return _("%(days)d days left", days=left)
    if left == 1:
        return _("one day left")
    if left == 0:
        return _("today is the last day")
    return _("overdue by one day") if left == -1 else _("overdue by %(days)d days", days=-left)


def deadline_problem(problem: DeadlineProblem) -> str:
    """Why a day cannot be a stage's last day, and what would do."""
    against = day(problem.against)
    texts = {
        DeadlineProblemCode.PAST: _("This day has passed. Choose %(day)s or a later one.", day=against),
        DeadlineProblemCode.BEFORE_EARLIER_STAGE: _(
            "It lies before the end of an earlier stage, %(day)s. Choose that day or a later one.", day=against
        ),
        DeadlineProblemCode.TOO_FAR: _("It lies too far ahead. Choose %(day)s or an earlier day.", day=against),
        DeadlineProblemCode.NOT_LATER: _("The unit has until %(day)s already. Choose a later day.", day=against),
        DeadlineProblemCode.NOT_SET: _("This stage has no last day, so there is nothing to extend. Set one first."),
    }
    return texts[problem.code]


def _not_ready(error: errors.CampaignNotReady) -> Message:
    lacks = "; ".join(str(LACKS[Lack(code)]) for code in error.lacks)
    return Message(
        409,
        _("The campaign cannot be opened yet"),
        _("What keeps it from being opened: %(lacks)s.", lacks=lacks),
        _("Complete it, then open it."),
    )


def _authority_in_use(_error: errors.AuthorityInUse) -> Message:
    return Message(
        409,
        _("Plans were submitted already"),
        _("What a superior's word is worth can no longer be changed in this campaign: plans were submitted under it."),
        _("Leave it as it is; the other settings can still be changed."),
    )


def _deadlines_refused(error: errors.DeadlinesRefused) -> Message:
    told = " ".join(f"{stage_name(problem.stage)}: {deadline_problem(problem)}" for problem in error.problems)
    text = _("What is wrong with the days: %(told)s", told=told)
    return Message(422, _("A deadline will not do"), text, _("Change it, then save again."))


def _thresholds_refused(error: errors.ThresholdsRefused) -> Message:
    names = dict.fromkeys(str(THRESHOLD_NAMES[name.partition("-")[0]]) for name in error.names)
    return Message(
        422,
        _("A setting is out of range"),
        _("These make no sense as they stand: %(names)s.", names="; ".join(names)),
        _("Correct them, then save again."),
    )


def _already_reminded(_error: errors.AlreadyReminded) -> Message:
    return Message(
        409,
        _("Reminded today already"),
        _("The unit was reminded today, so it was not told again."),
        _("Should nothing happen, remind it tomorrow or ring up."),
    )


def _nothing_waits(_error: errors.NothingToRemindOf) -> Message:
    return Message(
        409,
        _("There is nothing to remind it of"),
        _("The unit has done its part in the meantime."),
        _("Look at the list again."),
    )


CAMPAIGN_MESSAGES: Final[Mapping[type[errors.AllocappError], Any]] = MappingProxyType(
    {
        errors.CampaignNotReady: _not_ready,
        errors.AuthorityInUse: _authority_in_use,
        errors.DeadlinesRefused: _deadlines_refused,
        errors.ThresholdsRefused: _thresholds_refused,
        errors.AlreadyReminded: _already_reminded,
        errors.NothingToRemindOf: _nothing_waits,
    }
)


def register_campaign_filters(app: Flask) -> None:
    """Make a campaign's words known to the templates."""
    for function in (campaign_tone, stage_name, authority_name):
        app.jinja_env.filters[function.__name__] = function
