"""What is said when a plan cannot be filled in, submitted or decided: what is wrong, where, what next."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from flask_babel import gettext as _

from allocapp import errors
from allocapp.rules.workflow import CampaignState
from allocapp.views.formatting import count
from allocapp.views.statuses import Message


def _number_wanted(error: errors.InvalidPercent) -> Message:
    return Message(
        422,
        _("This is not a rate"),
        _("“%(text)s” is not a rate.", text=error.text),
        _("Write a number from 0 to 100 with at most two decimals, such as 80 or 79.6."),
    )


def _above_hundred(error: errors.PercentOutOfRange) -> Message:
    return Message(
        422,
        _("The rate is above 100%"),
        _("“%(text)s” is above 100%%.", text=error.text),
        _("Write a number from 0 to 100 with at most two decimals, such as 80 or 79.6."),
    )


def _count_wanted(error: errors.InvalidCount) -> Message:
    return Message(
        422,
        _("This is not a whole number"),
        _("“%(text)s” is not a whole number.", text=error.text),
        _("Write a whole number such as 1234."),
    )


def _content_changed(_error: errors.ContentChanged) -> Message:
    return Message(
        409,
        _("The content is no longer what you saw"),
        _("Targets, weights or the assigned target have moved since this page was shown or the plan was approved."),
        _("Open the page again, look through the plan, and decide again."),
    )


def _rows_missing(error: errors.MissingRow) -> Message:
    return Message(
        422,
        _("Rows are missing"),
        _("The form came without %(number)s of the plan's cells, so nothing was saved.", number=count(len(error.keys))),
        _("Open the plan again: every receiver has a row, and each must be sent."),
    )


def _rows_unknown(error: errors.UnknownRow) -> Message:
    return Message(
        422,
        _("Rows that do not belong to this plan"),
        _(
            "The form brought %(number)s cells that this plan does not have, so nothing was saved.",
            number=count(len(error.keys)),
        ),
        _("Open the plan again and enter the targets of its own receivers only."),
    )


def _target_and_excuse(_error: errors.TargetWithExcuse) -> Message:
    return Message(
        422,
        _("A target and a reason for none"),
        _("The cell holds both a target and a reason why none is assigned."),
        _("Clear one of the two."),
    )


def _row_held(_error: errors.HeldRow) -> Message:
    return Message(
        409,
        _("A row is held"),
        _("Somebody holds a row that this would change, so nothing was changed."),
        _("Open the preview again: it leaves held rows as they are. Or release the row first."),
    )


def _hold_unexplained(_error: errors.HoldReasonRequired) -> Message:
    return Message(
        422,
        _("A reason is needed"),
        _("A row is held with a reason, which everybody reads beside it."),
        _("Write the reason in that row, then hold it again."),
    )


def _no_aim(_error: errors.NoAim) -> Message:
    return Message(
        422,
        _("There is nothing to meet"),
        _("No target is assigned to this unit for the indicator, so the method does not know where to stop."),
        _("Write the overall rate or quantity to reach, then try again."),
    )


def _nothing_to_revert(_error: errors.NothingToRevert) -> Message:
    return Message(
        409,
        _("There is nothing to take back"),
        _("Nothing was applied to this plan, or it has been taken back already."),
        _("Open the plan again to see how it stands."),
    )


def _proposal_settled(_error: errors.ProposalSettled) -> Message:
    return Message(
        409,
        _("The proposal has been accepted"),
        _("It binds now, so it is neither changed nor withdrawn by the unit that made it."),
        _("Ask the approver to take the acceptance back; then propose anew."),
    )


def _own_proposal(_error: errors.ProposerMayNotDecide) -> Message:
    return Message(
        403,
        _("Who proposes does not decide"),
        _("You made this proposal or submitted this plan yourself."),
        _("Another approver of the superior unit has to decide on it."),
    )


def _nothing_proposed(_error: errors.NothingProposed) -> Message:
    return Message(
        422,
        _("Nothing new is proposed"),
        _("What you propose is what counts already."),
        _("Change the number or the services, or leave the page without sending."),
    )


def _services_unknown(error: errors.UnknownServices) -> Message:
    return Message(
        422,
        _("Services that the catalogue does not have"),
        _("The catalogue has no service of this code: %(codes)s.", codes=error.text),
        _("Write one code of the catalogue a line, such as 1.004194."),
    )


def _milestones_refused(error: errors.MilestonesRefused) -> Message:
    return Message(
        422,
        _("Milestones that do not lead to their targets"),
        _("%(number)s milestones do not lead to the target of their row.", number=count(len(error.problems))),
        _("Open the milestones of the plan: each is named there. Correct or clear it, then go on."),
    )


def _unbalanced(_error: errors.UnbalancedPlan) -> Message:
    return Message(
        422,
        _("The plan does not meet its assigned targets yet"),
        _("It cannot be submitted while a row is open or the common target is not met."),
        _("Complete the rows named, or raise targets until the shortfall is gone, then submit again."),
    )


def _buffer_unexplained(error: errors.BufferUnexplained) -> Message:
    return Message(
        422,
        _("More is assigned than the campaign allows, without a reason"),
        _(
            "%(indicators)s: more is assigned beyond the target than the campaign allows, and no reason is given.",
            indicators=", ".join(error.indicators),
        ),
        _("Write the reason for over-assigning below the table, or bring the targets closer to the assigned one."),
    )


def _not_in_superior_plan(error: errors.NotInSuperiorPlan) -> Message:
    return Message(
        422,
        _("The superior's decision does not name this unit"),
        _(
            "The decision of %(unit)s in force has no row for this unit, so what it has to meet is not known.",
            unit=error.unit_name,
        ),
        _("Tell %(unit)s: its plan has to be completed. The draft is kept meanwhile.", unit=error.unit_name),
    )


def _receivers_changed(error: errors.ReceiversChanged) -> Message:
    texts = []
    if error.missing:
        texts.append(_("Receivers without a row: %(units)s.", units=", ".join(error.missing)))
    if error.gone:
        texts.append(_("Rows of units that are no receivers any more: %(units)s.", units=", ".join(error.gone)))
    return Message(
        409,
        _("The list of receivers has changed"),
        " ".join(texts),
        _("Bring the list of receivers up to date on the plan's page, fill in what is new, then go on."),
    )


def _superior_not_issued(error: errors.SuperiorNotIssued) -> Message:
    return Message(
        422,
        _("The superior's decision is not issued yet"),
        _("%(unit)s has not issued its decision, so your assigned targets are not known.", unit=error.unit_name),
        _("Go on drafting and saving; submit once that decision is issued."),
    )


def _own_plan(_error: errors.SubmitterMayNotApprove) -> Message:
    return Message(
        403,
        _("Who submitted a plan does not approve it"),
        _("You submitted this plan yourself."),
        _("Another approver of the superior unit has to look at it."),
    )


def _campaign_not_open(error: errors.CampaignNotOpen) -> Message:
    if error.state == CampaignState.CLOSED:
        return Message(
            409,
            _("The campaign is closed"),
            _("The campaign is closed and final, so nothing in it can be changed."),
            _("Everything in it stays readable. What has to change belongs to the next campaign."),
        )
    return Message(
        409,
        _("The campaign is not open yet"),
        _("The campaign is still being prepared, so nothing can be done in it."),
        _("Wait until it is opened; the superior body tells its units."),
    )


def _plan_exists(_error: errors.PlanExists) -> Message:
    return Message(
        409,
        _("There is a plan already"),
        _("The unit already has a plan in this campaign."),
        _("Open it from the list of plans."),
    )


def _may_not_allocate(error: errors.MayNotAllocate) -> Message:
    return Message(
        422,
        _("This unit passes no targets on"),
        _("%(unit)s has no receivers in this campaign or is not entitled to assign targets.", unit=error.unit_name),
        _("Ask the administrator if that is wrong."),
    )


PLAN_MESSAGES: Final[Mapping[type[errors.AllocappError], Callable[[Any], Message]]] = MappingProxyType(
    {
        errors.InvalidPercent: _number_wanted,
        errors.PercentOutOfRange: _above_hundred,
        errors.InvalidCount: _count_wanted,
        errors.ContentChanged: _content_changed,
        errors.MissingRow: _rows_missing,
        errors.UnknownRow: _rows_unknown,
        errors.TargetWithExcuse: _target_and_excuse,
        errors.HeldRow: _row_held,
        errors.HoldReasonRequired: _hold_unexplained,
        errors.NoAim: _no_aim,
        errors.NothingToRevert: _nothing_to_revert,
        errors.ProposalSettled: _proposal_settled,
        errors.ProposerMayNotDecide: _own_proposal,
        errors.NothingProposed: _nothing_proposed,
        errors.UnknownServices: _services_unknown,
        errors.MilestonesRefused: _milestones_refused,
        errors.UnbalancedPlan: _unbalanced,
        errors.BufferUnexplained: _buffer_unexplained,
        errors.NotInSuperiorPlan: _not_in_superior_plan,
        errors.ReceiversChanged: _receivers_changed,
        errors.SuperiorNotIssued: _superior_not_issued,
        errors.SubmitterMayNotApprove: _own_plan,
        errors.CampaignNotOpen: _campaign_not_open,
        errors.PlanExists: _plan_exists,
        errors.MayNotAllocate: _may_not_allocate,
    }
)
