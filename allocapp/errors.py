"""Domain errors: named for what happened, carrying values, without words for the screen.

Every error the application raises on purpose is an `AllocappError`. The text a person reads is made
where the error is shown; here are only the values that text needs, as attributes.
"""

from __future__ import annotations

from datetime import date
from typing import Any


class AllocappError(Exception):
    """Base of everything that can go wrong in a way the application foresees."""


class InvalidPercent(AllocappError):
    """The text is not a rate such as `80`, `79,6` or `79.65`."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class PercentOutOfRange(AllocappError):
    """The text is a number, but above 100 per cent."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class InvalidCount(AllocappError):
    """The text is not a whole number such as `1234` or `1.234`, or it is too large to be a count."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class TransitionNotAllowed(AllocappError):
    """The workflow knows no such action in this state."""

    def __init__(self, state: str, action: str) -> None:
        super().__init__(f"{action} is not allowed in state {state}")
        self.state = state
        self.action = action


class CampaignNotOpen(AllocappError):
    """The campaign is not opened yet, or it is closed: nothing in it can be changed. Its state."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class CampaignNotReady(AllocappError):
    """The campaign lacks something before it can be opened: codes of services.campaign.Lack."""

    def __init__(self, lacks: tuple[str, ...]) -> None:
        super().__init__(", ".join(lacks))
        self.lacks = lacks


class AuthorityInUse(AllocappError):
    """Plans were submitted already: what a superior's word is worth can no longer be changed."""


class DeadlinesRefused(AllocappError):
    """Days of stages that will not do: one DeadlineProblem each."""

    def __init__(self, problems: tuple[Any, ...]) -> None:
        super().__init__(f"{len(problems)} days refused")
        self.problems = problems


class ThresholdsRefused(AllocappError):
    """A threshold is out of range: the names of the fields."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


class AlreadyReminded(AllocappError):
    """The unit was reminded today already."""


class NothingToRemindOf(AllocappError):
    """Nothing waits for the unit in this campaign."""


class DateNotAllowed(AllocappError):
    """A document cannot bear this date: it lies in the future or before what the document rests on."""

    def __init__(self, day: date, not_before: date | None, today: date) -> None:
        super().__init__(f"{day} is not within {not_before} and {today}")
        self.day = day
        self.not_before = not_before
        self.today = today


class FontMissing(AllocappError):
    """No Times-metric face complete in Vietnamese is installed; any one of `packages` brings one."""

    def __init__(self, packages: tuple[str, ...]) -> None:
        super().__init__(f"no serif face complete in Vietnamese: install {' or '.join(packages)}")
        self.packages = packages


class InvalidSnapshot(AllocappError):
    """A decision's snapshot cannot be printed: what stands at `path` is missing or of another shape."""

    def __init__(self, path: str, expected: str) -> None:
        super().__init__(f"{path}: expected {expected}")
        self.path = path
        self.expected = expected


class WrongPassphrase(AllocappError):
    """The passphrase does not open the key file, or the file is no key file."""


class CertificateNotValid(AllocappError):
    """This certificate cannot sign: `reason` is one of documents.signing.CertificateProblem."""

    def __init__(self, reason: str, subject: str) -> None:
        super().__init__(f"{subject}: {reason}")
        self.reason = reason
        self.subject = subject


class SignatureOutOfOrder(AllocappError):
    """The file is not at the step this signature belongs to: the person signs first, then the body, once each."""

    def __init__(self, role: str, signed: tuple[str, ...]) -> None:
        super().__init__(f"{role} cannot sign: signed so far by {', '.join(signed) or 'nobody'}")
        self.role = role
        self.signed = signed


class DocumentNotSignable(AllocappError):
    """The file is no PDF with the two signature fields reserved: it was not rendered here."""


class ConfigurationError(AllocappError):
    """A setting is missing or makes no sense: the variable's name and what it should be."""

    def __init__(self, name: str, text: str) -> None:
        super().__init__(f"{name} {text}")
        self.name = name
        self.text = text


class NotFound(AllocappError):
    """There is no such thing, or it lies outside the person's scope: the two are told apart to nobody."""


class Forbidden(AllocappError):
    """The person may see it but not do this to it."""

    def __init__(self, action: str) -> None:
        super().__init__(action)
        self.action = action


class StaleVersion(AllocappError):
    """Somebody changed it since the person read it."""

    def __init__(self, current_version: int) -> None:
        super().__init__(str(current_version))
        self.current_version = current_version


class ContentChanged(AllocappError):
    """What would be submitted, approved or signed is no longer what the person saw, or what was approved."""


class MissingRow(AllocappError):
    """The form left out cells of the plan: (unit id, indicator id) each."""

    def __init__(self, keys: tuple[tuple[int, int], ...]) -> None:
        super().__init__(str(keys))
        self.keys = keys


class UnknownRow(AllocappError):
    """The form brought cells that the plan does not have, such as another district's commune."""

    def __init__(self, keys: tuple[tuple[int, int], ...]) -> None:
        super().__init__(str(keys))
        self.keys = keys


class TargetWithExcuse(AllocappError):
    """A cell holds both a target and a reason why none is assigned: (unit id, indicator id) each."""

    def __init__(self, keys: tuple[tuple[int, int], ...]) -> None:
        super().__init__(str(keys))
        self.keys = keys


class HeldRow(AllocappError):
    """A formula would touch rows that are held: (unit id, indicator id) each."""

    def __init__(self, keys: tuple[tuple[int, int], ...]) -> None:
        super().__init__(str(keys))
        self.keys = keys


class NoAim(AllocappError):
    """A formula needs something to meet: the plan has no assigned target and none was given."""


class NothingToRevert(AllocappError):
    """Nothing was applied to this plan, or all of it has been taken back already."""


class ProposalSettled(AllocappError):
    """The approver has accepted the proposal: only an approver can take that back, not the preparer."""


class ProposerMayNotDecide(AllocappError):
    """Who proposed a weight or submitted the plan does not decide on the proposal (two-person rule)."""


class NothingProposed(AllocappError):
    """The proposal does not differ from what binds already."""


class UnknownServices(AllocappError):
    """The catalogue has no services of these codes; ``text`` lists them."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class MilestonesRefused(AllocappError):
    """Milestones do not lead to their targets: one MilestoneProblem each."""

    def __init__(self, problems: tuple[object, ...]) -> None:
        super().__init__(str(problems))
        self.problems = problems


class UnbalancedPlan(AllocappError):
    """The plan does not settle every row or does not meet its assigned target; one Balance for each indicator."""

    def __init__(self, balances: tuple[Any, ...]) -> None:
        super().__init__("the plan does not balance")
        self.balances = balances


class BufferUnexplained(AllocappError):
    """More is assigned beyond the target than the campaign allows, without a reason; the indicators' short names."""

    def __init__(self, indicators: tuple[str, ...]) -> None:
        super().__init__(", ".join(indicators))
        self.indicators = indicators


class SuperiorNotIssued(AllocappError):
    """The superior's decision is not in force yet, so there is no assigned target to meet."""

    def __init__(self, unit_name: str) -> None:
        super().__init__(unit_name)
        self.unit_name = unit_name


class NotInSuperiorPlan(SuperiorNotIssued):
    """The superior's decision in force has no row for the unit: T is not known, which is not the same as none."""


class ReceiversChanged(AllocappError):
    """The plan's rows are not the unit's receivers of today: names of those without a row, and of rows without one."""

    def __init__(self, missing: tuple[str, ...], gone: tuple[str, ...]) -> None:
        super().__init__(f"missing {missing}, gone {gone}")
        self.missing = missing
        self.gone = gone


class ReasonRequired(AllocappError):
    """The action needs a reason."""


class HoldReasonRequired(ReasonRequired):
    """A row is to be held without a reason that others can read beside it."""


class TextTooLong(AllocappError):
    """A text is longer than may be kept."""

    def __init__(self, limit: int) -> None:
        super().__init__(str(limit))
        self.limit = limit


class SubmitterMayNotApprove(AllocappError):
    """Who submitted a plan does not approve it (two-person rule)."""


class ReviewedByOther(AllocappError):
    """Somebody else has taken the plan into review; who wants to decide takes the review over first. The name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class InternalStepsMissing(AllocappError):
    """The unit has steps of its own, through which a plan goes before it is submitted: their number."""

    def __init__(self, number: int) -> None:
        super().__init__(str(number))
        self.number = number


class NoInternalSteps(AllocappError):
    """The unit has no steps of its own: its plans are submitted at once."""


class StepPersonUnable(AllocappError):
    """Steps name accounts that are switched off or hold no role at the unit (any more): their names."""

    def __init__(self, people: tuple[str, ...]) -> None:
        super().__init__(", ".join(people))
        self.people = people


class StepOfOther(AllocappError):
    """The step the plan is at belongs to somebody else: the name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class StepsNotFinished(AllocappError):
    """Not everybody in the house has agreed yet: the name of the step that is open."""

    def __init__(self, step: str) -> None:
        super().__init__(step)
        self.step = step


class StepsRefused(AllocappError):
    """Steps that cannot be kept: (position from 1, what is wrong: a code of services.in_house.StepFault) each."""

    def __init__(self, faults: tuple[tuple[int, str], ...]) -> None:
        super().__init__(str(faults))
        self.faults = faults


class OpinionBinds(AllocappError):
    """The campaign lets the superior approve: its unit cannot go on without."""


class TextRequired(AllocappError):
    """The text is empty, or of blanks only."""


class PlanExists(AllocappError):
    """The unit already has a plan on its way or in force in the campaign."""


class MayNotAllocate(AllocappError):
    """The unit passes no targets on in this campaign: it has no receivers or is not entitled to."""

    def __init__(self, unit_name: str) -> None:
        super().__init__(unit_name)
        self.unit_name = unit_name


class OpinionDateNotAllowed(AllocappError):
    """Receivers are asked until a day from today on that lies in the campaign's period: the first and the last one."""

    def __init__(self, today: date, last: date) -> None:
        super().__init__(f"not within {today} and {last}")
        self.today = today
        self.last = last


class OpinionsOpen(AllocappError):
    """The receivers are being asked for their opinions until that day."""

    def __init__(self, day: date) -> None:
        super().__init__(str(day))
        self.day = day


class OpinionsClosed(AllocappError):
    """The receivers are not being asked: the day is over, or the preparer ended it."""


class OpinionsUnanswered(AllocappError):
    """Receivers propose other figures and nobody has answered: their names."""

    def __init__(self, units: tuple[str, ...]) -> None:
        super().__init__(", ".join(units))
        self.units = units


class NothingToAgreeWith(AllocappError):
    """The receiver was asked without a figure: it can propose one, but agree with none."""


class AgreedAndProposed(AllocappError):
    """The receiver says that it agrees, and writes another figure."""


class SourceRequired(AllocappError):
    """An opinion entered for somebody else needs to say where it came from."""


class ReceiverSpeaksForItself(AllocappError):
    """The receiver has people with accounts, so nobody else enters its opinion."""

    def __init__(self, unit_name: str) -> None:
        super().__init__(unit_name)
        self.unit_name = unit_name


class AdjustmentAlreadyAsked(AllocappError):
    """The receiver has an open request for the same target already."""


class AdjustmentSettled(AllocappError):
    """The request for adjustment is no longer open: its state."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


class WrongPassword(AllocappError):
    """The person's own password, asked again before signing, is wrong."""


class TooManyAttempts(AllocappError):
    """The password was wrong too often: even the right one is not taken for a while."""


class VerificationBusy(AllocappError):
    """Other files are being verified; each takes a process with up to 300 MB."""


class SignatureClaimed(AllocappError):
    """Somebody is signing this decision at this moment."""


class SigningKeyMissing(AllocappError):
    """No signing key is set up for the unit and role, or its file is gone."""

    def __init__(self, unit_name: str, role: str) -> None:
        super().__init__(f"{unit_name}: {role}")
        self.unit_name = unit_name
        self.role = role


class DocumentTextMissing(AllocappError):
    """The campaign has no words for the decisions of units of this kind."""

    def __init__(self, unit_name: str) -> None:
        super().__init__(unit_name)
        self.unit_name = unit_name


class InvalidDocumentText(AllocappError):
    """The campaign's words name something that is not filled in: the {name} that is unknown."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class StoredFileDamaged(AllocappError):
    """A stored snapshot or file is not what its hash says: somebody or something changed it in the database."""


class NotAReceiver(AllocappError):
    """The decision is not addressed to this unit."""


class QueueUnavailable(AllocappError):
    """The queue does not answer. The work is kept in the database and sent later."""


class RoleNotLendable(AllocappError):
    """Only the roles of approvers and of signing leaders are delegated; this is another."""

    def __init__(self, held_role: str) -> None:
        super().__init__(held_role)
        self.held_role = held_role


class DelegationLentOn(AllocappError):
    """The role was itself delegated to the person, who cannot delegate it on."""


class DelegationToOneself(AllocappError):
    """A role is delegated to somebody else."""


class DelegateInactive(AllocappError):
    """The account that was named is switched off."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class DelegateOutside(AllocappError):
    """The account that was named has no role at the unit of the delegated role, nor below it."""

    def __init__(self, unit_name: str) -> None:
        super().__init__(unit_name)
        self.unit_name = unit_name


class DelegationToSubmitter(AllocappError):
    """The account that was named submitted a plan that the delegated role would now decide on."""

    def __init__(self, name: str, unit_name: str) -> None:
        super().__init__(f"{name}: {unit_name}")
        self.name = name
        self.unit_name = unit_name


class DelegationDates(AllocappError):
    """The days make no delegation: they begin in the past, run backwards, or last longer than a year."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


class DelegationOverlaps(AllocappError):
    """The same role is delegated to the same account already, on some of those days."""

    def __init__(self, valid_from: date, valid_to: date) -> None:
        super().__init__(f"{valid_from} to {valid_to}")
        self.valid_from = valid_from
        self.valid_to = valid_to


class DelegationOver(AllocappError):
    """The delegation has ended already."""


class TitleRequired(AllocappError):
    """A delegation needs the title that stands under the capacity."""


class OtherSigner(AllocappError):
    """The decision was numbered for another person's signature: whose name stands in its signature block."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class RevisionUnderWay(AllocappError):
    """A revision of the plan is on its way already: its id and number. There is at most one at a time."""

    def __init__(self, plan_id: int, revision: int) -> None:
        super().__init__(f"revision {revision} (plan {plan_id}) is on its way")
        self.plan_id = plan_id
        self.revision = revision


class RevocationUnderWay(AllocappError):
    """A decision that revokes the plan is on its way already: its id."""

    def __init__(self, decision_id: int) -> None:
        super().__init__(f"decision {decision_id} is to revoke it")
        self.decision_id = decision_id


class JournalTooLong(AllocappError):
    """More lines of the journal were asked for than one workbook takes: how many, and how many it takes."""

    def __init__(self, number: int, limit: int) -> None:
        super().__init__(f"{number} > {limit}")
        self.number = number
        self.limit = limit
