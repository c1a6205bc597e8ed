"""How values are written on the screen: numbers, days, moments, and the names of states, actions and roles.

All of it follows the page's language: `1.234,5` and `79,6%` in Vietnamese, `1,234.5` and `79.6%` in English. Nothing is
rounded here; whoever hands a number over has rounded it by the rules. Words come from the message catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from types import MappingProxyType
from typing import Final

from flask import Flask
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from flask_babel.speaklater import LazyString

from allocapp.access import authority_over
from allocapp.clock import ZONE
from allocapp.models.account import Role
from allocapp.models.campaign import Authority, Campaign
from allocapp.models.decision import Decision
from allocapp.models.plan import Plan
from allocapp.rules.balance import Kind
from allocapp.rules.numbering import format_symbol
from allocapp.rules.percent import format_count, format_percent, format_points
from allocapp.rules.workflow import CampaignState, DecisionState, PlanState

NOTHING: Final = "–"
MINUS: Final = "\u2212"

PLAN_STATE_NAMES: Final[Mapping[PlanState, LazyString]] = MappingProxyType(
    {
        PlanState.DRAFT: lazy("Draft"),
        PlanState.IN_HOUSE: lazy("In the unit's own steps"),
        PlanState.SUBMITTED: lazy("Submitted"),
        PlanState.IN_REVIEW: lazy("In review"),
        PlanState.RETURNED: lazy("Returned for completion"),
        PlanState.APPROVED: lazy("Approved"),
        PlanState.ISSUED: lazy("Issued"),
        PlanState.SUPERSEDED: lazy("Superseded"),
        PlanState.REVOKED: lazy("Revoked"),
        PlanState.DISCARDED: lazy("Draft of a revision, discarded"),
    }
)
# where the superior gives an opinion only
OPINION_STATE_NAMES: Final[Mapping[PlanState, LazyString]] = MappingProxyType(
    {
        PlanState.SUBMITTED: lazy("Sent for an opinion"),
        PlanState.IN_REVIEW: lazy("An opinion is being prepared"),
        PlanState.RETURNED: lazy("To be completed"),
        PlanState.APPROVED: lazy("Ready to be issued"),
    }
)
DECISION_STATE_NAMES: Final[Mapping[DecisionState, LazyString]] = MappingProxyType(
    {
        DecisionState.PREPARED: lazy("Awaiting a number"),
        DecisionState.NUMBERED: lazy("Numbered, the file is being made"),
        DecisionState.RENDERED: lazy("Awaiting signature"),
        DecisionState.SIGNED: lazy("Signed, awaiting the body's seal"),
        DecisionState.ISSUED: lazy("Issued"),
        DecisionState.DISPATCHED: lazy("Dispatched"),
        DecisionState.VOIDED: lazy("Refused, number voided"),
        DecisionState.WITHDRAWN: lazy("Withdrawn"),
    }
)
CAMPAIGN_STATE_NAMES: Final[Mapping[CampaignState, LazyString]] = MappingProxyType(
    {
        CampaignState.PREPARING: lazy("Being prepared"),
        CampaignState.OPEN: lazy("Open"),
        CampaignState.CLOSED: lazy("Closed"),
    }
)
ROLE_NAMES: Final[Mapping[Role, LazyString]] = MappingProxyType(
    {
        Role.PREPARER: lazy("Preparer"),
        Role.APPROVER: lazy("Approver"),
        Role.LEADER: lazy("Signing leader"),
        Role.CLERK: lazy("Clerk"),
        Role.DATA_OFFICER: lazy("Data officer"),
        Role.VIEWER: lazy("Viewer"),
        Role.COORDINATOR: lazy("Coordinating body"),
        Role.ADMINISTRATOR: lazy("Administrator"),
        Role.AUDITOR: lazy("Auditor"),
    }
)
# what the journal calls each act, by its subject and its action
ACTION_NAMES: Final[Mapping[tuple[str, str], LazyString]] = MappingProxyType(
    {
        ("plan", "open"): lazy("Plan opened"),
        ("plan", "revise"): lazy("Revision opened"),
        ("plan", "circulate"): lazy("Sent through the unit's own steps"),
        ("plan", "agree"): lazy("Internal step agreed"),
        ("plan", "send_back"): lazy("Sent back within the unit"),
        ("plan", "recall"): lazy("Recalled from the unit's own steps"),
        ("plan", "ask_opinions"): lazy("Receivers asked for their opinions"),
        ("plan", "give_opinion"): lazy("Opinion of a receiver given"),
        ("plan", "answer_opinion"): lazy("Opinion of a receiver answered"),
        ("plan", "close_opinions"): lazy("Asking for opinions ended"),
        ("plan", "comment"): lazy("Remark made"),
        ("plan", "tick_comment"): lazy("Remark dealt with"),
        ("plan", "take_over"): lazy("Review taken over"),
        ("plan", "proceed"): lazy("Went on after an opinion that is not followed"),
        ("plan", "approval_lapsed"): lazy("Approval lapsed"),
        ("plan", "out_of_balance"): lazy("No longer balances after the superior's decision"),
        ("plan", "in_balance"): lazy("Balances again"),
        ("plan", "remind"): lazy("Reminded"),
        ("plan", "ask_adjustment"): lazy("Adjustment requested"),
        ("plan", "withdraw_adjustment"): lazy("Request for adjustment withdrawn"),
        ("plan", "answer_adjustment"): lazy("Request for adjustment answered"),
        ("plan", "accept_adjustment"): lazy("Request for adjustment accepted"),
        ("plan", "submit"): lazy("Plan submitted"),
        ("plan", "withdraw"): lazy("Plan withdrawn"),
        ("plan", "review"): lazy("Review begun"),
        ("plan", "hand_back"): lazy("Review handed back"),
        ("plan", "return"): lazy("Plan returned for completion"),
        ("plan", "approve"): lazy("Plan approved"),
        ("plan", "reopen"): lazy("Approved plan reopened"),
        ("plan", "propose"): lazy("Another weight proposed"),
        ("plan", "withdraw_proposal"): lazy("Proposed weight withdrawn"),
        ("plan", "accept_proposal"): lazy("Proposed weight accepted"),
        ("plan", "refuse_proposal"): lazy("Proposed weight refused"),
        ("plan", "issue"): lazy("Plan issued with its decision"),
        ("plan", "supersede"): lazy("Plan superseded"),
        ("plan", "revoke"): lazy("Plan revoked"),
        ("plan", "discard"): lazy("Draft of the revision discarded"),
        ("decision", "prepare"): lazy("Decision prepared"),
        ("decision", "number"): lazy("Number taken from the register"),
        ("decision", "render"): lazy("File of the decision made"),
        ("decision", "render_failed"): lazy("File of the decision could not be made"),
        ("decision", "retry_render"): lazy("Making of the file started again"),
        ("decision", "sign"): lazy("Decision signed"),
        ("decision", "seal"): lazy("Decision sealed by the body"),
        ("decision", "dispatch"): lazy("Decision dispatched"),
        ("decision", "refuse"): lazy("Signature refused, number voided"),
        ("decision", "withdraw"): lazy("Decision withdrawn"),
        ("decision", "acknowledge"): lazy("Receipt acknowledged"),
        ("decision", "prepare_revocation"): lazy("Revocation prepared"),
        ("campaign", "open"): lazy("Campaign opened"),
        ("campaign", "close"): lazy("Campaign closed"),
        ("campaign", "set_deadlines"): lazy("Deadlines set"),
        ("campaign", "extend"): lazy("Deadline extended for a unit"),
        ("campaign", "remind"): lazy("Unit reminded"),
        ("campaign", "settings"): lazy("Settings of the campaign changed"),
        ("unit", "set_steps"): lazy("Internal steps set"),
        ("account", "delegate"): lazy("Role delegated"),
        ("account", "end_delegation"): lazy("Delegation ended"),
        ("account", "sign_in"): lazy("Signed in"),
        ("account", "sign_in_failed"): lazy("Sign-in failed"),
        ("account", "sign_in_locked"): lazy("Sign-in locked"),
        ("account", "confirm_failed"): lazy("Password asked again, wrong"),
        ("account", "sign_failed"): lazy("Passphrase of the signing key, wrong"),
        ("plan", "update_receivers"): lazy("List of receivers brought up to date"),
        ("account", "sign_out"): lazy("Signed out"),
    }
)
# colour and icon of a status tag; the words beside them carry the meaning
PLAN_TONES: Final[Mapping[PlanState, str]] = MappingProxyType(
    {
        PlanState.DRAFT: "quiet",
        PlanState.IN_HOUSE: "progress",
        PlanState.SUBMITTED: "progress",
        PlanState.IN_REVIEW: "progress",
        PlanState.RETURNED: "attention",
        PlanState.APPROVED: "good",
        PlanState.ISSUED: "good",
        PlanState.SUPERSEDED: "over",
        PlanState.REVOKED: "over",
        PlanState.DISCARDED: "over",
    }
)
DECISION_TONES: Final[Mapping[DecisionState, str]] = MappingProxyType(
    {
        DecisionState.PREPARED: "quiet",
        DecisionState.NUMBERED: "progress",
        DecisionState.RENDERED: "progress",
        DecisionState.SIGNED: "progress",
        DecisionState.ISSUED: "good",
        DecisionState.DISPATCHED: "good",
        DecisionState.VOIDED: "bad",
        DecisionState.WITHDRAWN: "over",
    }
)


def in_vietnamese() -> bool:
    """Whether the page is in Vietnamese: also where there is no page."""
    locale = get_locale()
    return locale is None or locale.language == "vi"


def decimal_mark() -> str:
    """The mark before decimals in the page's language."""
    return "," if in_vietnamese() else "."


def group_mark() -> str:
    """The mark between groups of three in the page's language."""
    return "." if in_vietnamese() else ","


def percent(rate: int | None) -> str:
    """A rate in hundredths of a per cent: 7960 is `79,6%`; a dash where there is none."""
    return NOTHING if rate is None else format_percent(rate, decimal_mark())


def points(hundredths: int | None) -> str:
    """Percentage points without a unit: 40 is `0,4`; a dash where there is none."""
    return NOTHING if hundredths is None else _with_minus(format_points(hundredths, decimal_mark()))


def signed_points(hundredths: int | None) -> str:
    """Percentage points with their sign, for gaps: `+0,4`, `−1,5`, `0`."""
    if hundredths is None:
        return NOTHING
    return f"+{points(hundredths)}" if hundredths > 0 else points(hundredths)


def count(number: int | None) -> str:
    """A count with its groups of three: `1.234`; a dash where there is none."""
    return NOTHING if number is None else _with_minus(format_count(number, group_mark()))


def signed_count(number: int | None) -> str:
    """A count with its sign: `+12`, `−1.234`, `0`."""
    if number is None:
        return NOTHING
    return f"+{count(number)}" if number > 0 else count(number)


def target(value: int | None, kind: Kind) -> str:
    """A target as its indicator counts it: a rate in per cent, a quantity as a count."""
    return percent(value) if kind is Kind.RATE else count(value)


def entered(value: int | None, kind: Kind) -> str:
    """A target as it stands in an input: `79,6` without the sign, a plain count, empty where there is none."""
    if value is None:
        return ""
    return format_points(value, decimal_mark()) if kind is Kind.RATE else str(value)


def day(value: date | None) -> str:
    """A day as `21/06/2022`, in both languages."""
    return NOTHING if value is None else f"{value:%d/%m/%Y}"


def moment(value: datetime | None) -> str:
    """A moment on the offices' clock, `21/06/2022 08:30`."""
    return NOTHING if value is None else f"{value.astimezone(ZONE):%d/%m/%Y %H:%M}"


def machine_moment(value: datetime) -> str:
    """A moment for a ``datetime`` attribute."""
    return value.astimezone(ZONE).isoformat(timespec="seconds")


def localized(thing: object, attribute: str) -> str:
    """A text kept in both languages: ``attribute`` in Vietnamese, ``attribute_en`` in English where there is one."""
    vietnamese: str = getattr(thing, attribute)
    if in_vietnamese():
        return vietnamese
    return getattr(thing, f"{attribute}_en", "") or vietnamese


def period(campaign: Campaign) -> str:
    """The campaign's period in running text: `năm 2022` for a whole year, its first and last day otherwise."""
    first, last = campaign.period_from, campaign.period_to
    if (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year:
        return _("the year %(year)s", year=first.year)
    return _("the time from %(first)s to %(last)s", first=day(first), last=day(last))


def decision_name(decision: Decision) -> str:
    """A decision by number, symbol and date; without a number it says so."""
    if decision.number is None:
        return _("Decision without a number yet")
    return _("Decision No. %(symbol)s of %(day)s", symbol=symbol(decision), day=day(decision.dated))


def symbol(decision: Decision) -> str:
    """Number and symbol, `05/QĐ-UBND`; a dash where no number has been taken."""
    return NOTHING if decision.number is None else format_symbol(decision.number, decision.symbol)


def plan_state_name(state: str) -> str:
    """A plan's state in words."""
    return str(PLAN_STATE_NAMES[PlanState(state)])


def campaign_state_name(state: str) -> str:
    """A campaign's state in words."""
    return str(CAMPAIGN_STATE_NAMES[CampaignState(state)])


def plan_state_of(plan: Plan) -> str:
    """A plan's state in words, by what the superior's word is worth on it: an opinion approves and returns nothing."""
    if authority_over(plan) is Authority.OPINION and plan.state in OPINION_STATE_NAMES:
        return str(OPINION_STATE_NAMES[plan.state])
    return plan_state_name(plan.state)


def decision_state_name(state: str) -> str:
    """A decision's state in words."""
    return str(DECISION_STATE_NAMES[DecisionState(state)])


def state_name(state: str, subject: str) -> str:
    """The state of whatever an event is about; empty where nothing changed state."""
    if not state:
        return ""
    name = {"decision": decision_state_name, "campaign": campaign_state_name}.get(str(subject), plan_state_name)
    return name(state)


def action_name(action: str, subject: str) -> str:
    """What was done, in words; the plain name where the journal holds an act that this version does not know."""
    name = ACTION_NAMES.get((str(subject), str(action)))
    return str(action) if name is None else str(name)


def role_name(role: str) -> str:
    """A role in words."""
    return str(ROLE_NAMES[Role(role)])


def plan_tone(state: str) -> str:
    """The tone of a plan's status tag."""
    return PLAN_TONES[PlanState(state)]


def decision_tone(state: str) -> str:
    """The tone of a decision's status tag."""
    return DECISION_TONES[DecisionState(state)]


FILTERS: Final = (
    percent,
    points,
    signed_points,
    count,
    signed_count,
    target,
    entered,
    day,
    moment,
    machine_moment,
    localized,
    period,
    decision_name,
    symbol,
    plan_state_name,
    plan_state_of,
    decision_state_name,
    campaign_state_name,
    state_name,
    action_name,
    role_name,
    plan_tone,
    decision_tone,
)


def register_filters(app: Flask) -> None:
    """Make all of them known to the templates, under their own names."""
    for function in FILTERS:
        # Jinja has a filter `count` (of a list) of its own; ours writes a count, lists have `length`
        app.jinja_env.filters[function.__name__] = function


def _with_minus(text: str) -> str:
    """The typographic minus, which lines up with the digits and is read as a minus."""
    return text.replace("-", MINUS)
