"""What notifications say: the title, what leaves the application with it, what is read only inside, the next step.

Everything is made of the kind, of what the notice refers to, and of its ``words``, in the reader's language, whenever
it is read. E-mails and texts to copy bear no figure and nobody's free text: those are read after signing in.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from flask import current_app
from flask_babel import gettext as _
from flask_babel import lazy_gettext as lazy
from flask_babel.speaklater import LazyString

from allocapp.config import Config
from allocapp.mail import NO_ADDRESS
from allocapp.models.campaign import Authority
from allocapp.models.notice import Mailing, MailState, Notice, NoticeKind
from allocapp.models.opinion import RequestState
from allocapp.services.mail import UNCERTAIN
from allocapp.views.campaign_words import stage_name
from allocapp.views.formatting import NOTHING, day, decision_name, localized, moment, role_name


@dataclass(frozen=True)
class KindWords:
    """How a kind is called where people choose, its title, and what its next step is called.

    ``opinion`` is the title where the campaign gives the superior an opinion and no approval.
    """

    name: LazyString
    title: LazyString
    step: LazyString
    opinion: LazyString | None = None


@dataclass(frozen=True)
class NoticeWords:
    """One notification in words. ``lines`` may leave the application, ``reason`` may not."""

    title: str
    lines: tuple[str, ...]
    reason: str
    step: str


WORDS: Final[Mapping[NoticeKind, KindWords]] = MappingProxyType(
    {
        NoticeKind.PLAN_SUBMITTED: KindWords(
            lazy("A plan was submitted"), lazy("%(unit)s submitted its plan"), lazy("Open the review")
        ),
        NoticeKind.PLAN_RETURNED: KindWords(
            lazy("A plan was returned"),
            lazy("The plan of %(unit)s was returned for completion"),
            lazy("See what to complete"),
            lazy("The superior asks that the plan of %(unit)s be completed"),
        ),
        NoticeKind.PLAN_APPROVED: KindWords(
            lazy("A plan was approved"),
            lazy("The plan of %(unit)s was approved"),
            lazy("Open the plan"),
            lazy("The superior agreed to the plan of %(unit)s"),
        ),
        NoticeKind.PLAN_WITHDRAWN: KindWords(
            lazy("A plan was withdrawn"), lazy("%(unit)s withdrew its plan"), lazy("Open the plan")
        ),
        NoticeKind.STEP_ASKED: KindWords(
            lazy("Your agreement is asked for"),
            lazy("The plan of %(unit)s waits for your agreement before it is submitted"),
            lazy("Read and answer"),
        ),
        NoticeKind.STEP_SENT_BACK: KindWords(
            lazy("A plan was sent back within the unit"),
            lazy("The plan of %(unit)s was sent back within the unit"),
            lazy("See what to complete"),
        ),
        NoticeKind.STEPS_AGREED: KindWords(
            lazy("A plan passed the unit's own steps"),
            lazy("The plan of %(unit)s passed the unit's own steps"),
            lazy("Open the plan"),
        ),
        NoticeKind.OPINION_ASKED: KindWords(
            lazy("Your unit's opinion is asked for"),
            lazy("%(planner)s asks for your unit's opinion on its draft"),
            lazy("Read and answer"),
        ),
        NoticeKind.OPINIONS_IN: KindWords(
            lazy("Opinions on a draft came in"), lazy("Opinions on the draft of %(planner)s came in"), lazy("Read them")
        ),
        NoticeKind.DECISION_ISSUED: KindWords(
            lazy("A decision was issued"), lazy("%(planner)s issued %(decision)s"), lazy("Read the decision")
        ),
        NoticeKind.DECISION_REVOKED: KindWords(
            lazy("A decision was revoked"), lazy("%(planner)s revoked %(decision)s"), lazy("Read the decision")
        ),
        NoticeKind.ADJUSTMENT_ASKED: KindWords(
            lazy("A unit asks for an adjustment"),
            lazy("%(unit)s asks for an adjustment of its targets"),
            lazy("Read and answer"),
        ),
        NoticeKind.ADJUSTMENT_ANSWERED: KindWords(
            lazy("A request for adjustment was answered"),
            lazy("The request for adjustment of %(unit)s was answered"),
            lazy("Read the answer"),
        ),
        NoticeKind.OUT_OF_BALANCE: KindWords(
            lazy("A plan in force no longer meets its target"),
            lazy("The plan in force of %(unit)s no longer meets its assigned target: the superior's decision changed"),
            lazy("Open the plan"),
        ),
        NoticeKind.APPROVAL_LAPSED: KindWords(
            lazy("An approval lapsed"),
            lazy("The approval of the plan of %(unit)s lapsed, because what was approved has changed"),
            lazy("Open the plan"),
        ),
        NoticeKind.CAMPAIGN_OPENED: KindWords(
            lazy("A campaign was opened"), lazy("The campaign “%(campaign)s” is open"), lazy("See my tasks")
        ),
        NoticeKind.CAMPAIGN_CLOSED: KindWords(
            lazy("A campaign was closed"),
            lazy("The campaign “%(campaign)s” is closed: everything in it can only be read now"),
            lazy("See my tasks"),
        ),
        NoticeKind.DEADLINE_EXTENDED: KindWords(
            lazy("A deadline was extended"), lazy("%(unit)s was given more time"), lazy("See my tasks")
        ),
        NoticeKind.REMINDER: KindWords(
            lazy("A deadline comes near"), lazy("%(unit)s has a deadline to keep"), lazy("See my tasks")
        ),
        NoticeKind.ESCALATION: KindWords(
            lazy("A deadline was missed"), lazy("%(unit)s has missed a deadline"), lazy("See how far it is")
        ),
        NoticeKind.DELEGATED: KindWords(
            lazy("A role was delegated to you"),
            lazy("You may now act for another person: a role of %(unit)s was delegated to you"),
            lazy("See the delegation"),
        ),
        NoticeKind.JOURNAL_HEAD: KindWords(
            lazy("The journal's head of the day"),
            lazy("The head of the journal: keep this message, it proves what the journal held"),
            lazy("Open the journal"),
        ),
    }
)
OF_DECISIONS: Final = frozenset({NoticeKind.DECISION_ISSUED, NoticeKind.DECISION_REVOKED})
# the page of the plan on which a person goes on
OF_PLANS: Final[Mapping[NoticeKind, str]] = MappingProxyType(
    {
        NoticeKind.PLAN_SUBMITTED: "plan.review",
        NoticeKind.PLAN_RETURNED: "plan.show",
        NoticeKind.PLAN_APPROVED: "plan.show",
        NoticeKind.PLAN_WITHDRAWN: "plan.show",
        NoticeKind.STEP_ASKED: "plan.show",
        NoticeKind.STEP_SENT_BACK: "plan.show",
        NoticeKind.STEPS_AGREED: "plan.show",
        NoticeKind.OPINIONS_IN: "opinion.index",
        NoticeKind.ADJUSTMENT_ASKED: "adjustment_answer.index",
        NoticeKind.OUT_OF_BALANCE: "plan.show",
        NoticeKind.APPROVAL_LAPSED: "plan.show",
        NoticeKind.ESCALATION: "plan.show",
    }
)
ELSEWHERE: Final[Mapping[NoticeKind, str]] = MappingProxyType(
    {
        NoticeKind.OPINION_ASKED: "asked.index",
        NoticeKind.DELEGATED: "delegation.index",
        NoticeKind.JOURNAL_HEAD: "journal.index",
    }
)
MAILING_NAMES: Final[Mapping[Mailing, LazyString]] = MappingProxyType(
    {
        Mailing.NOW: lazy("At once"),
        Mailing.DAILY: lazy("In the daily digest"),
        Mailing.NEVER: lazy("Not by e-mail"),
    }
)


def notice_words(notice: Notice) -> NoticeWords:
    """The notification in the language of the page or letter that is being made."""
    kind = WORDS[notice.kind]
    opinion = notice.campaign is not None and notice.campaign.authority is Authority.OPINION
    title = kind.opinion if kind.opinion and opinion else kind.title
    reason = notice.words.get("reason")
    return NoticeWords(
        title=str(title) % _names(notice),
        lines=_lines(notice),
        reason=reason if isinstance(reason, str) else "",
        step=str(kind.step),
    )


def next_step(notice: Notice) -> tuple[str, dict[str, Any]]:
    """The endpoint where the person goes on, and its arguments. Rights are checked there.

    Where the next step depends on what else the person may do, it is found among their tasks.
    """
    if notice.kind in OF_DECISIONS and notice.decision_id:
        return "decision.show", {"decision_id": notice.decision_id}
    if notice.kind in OF_PLANS and notice.plan_id:
        return OF_PLANS[notice.kind], {"plan_id": notice.plan_id}
    if notice.kind is NoticeKind.ADJUSTMENT_ANSWERED and notice.unit_id:
        return "quota.show", {"unit_id": notice.unit_id}
    return ELSEWHERE.get(notice.kind, "home.tasks"), {}


def public_address(endpoint: str, **values: int) -> str:
    """The whole address of a page, for texts that are read elsewhere: it begins with PUBLIC_URL."""
    config: Config = current_app.config["ALLOCAPP"]
    site = urlsplit(config.public_url)
    addresses = current_app.url_map.bind(site.netloc, script_name=site.path or "/", url_scheme=site.scheme)
    return addresses.build(endpoint, values, force_external=True)


def chat_text(notice: Notice) -> str:
    """The notification as a short text to copy into a chat."""
    words = notice_words(notice)
    endpoint, values = next_step(notice)
    return "\n".join([words.title, *words.lines, f"{words.step}: {public_address(endpoint, **values)}"])


def mail_words(notice: Notice) -> str:
    """How the e-mail about it fares, in a few words; empty where none was to be sent."""
    if notice.mail is MailState.SENT:
        return _("E-mail sent %(when)s", when=moment(notice.mailed_at))
    if notice.mail is MailState.FAILED:
        return _("The e-mail could not be sent: %(why)s", why=_failure(notice.mail_error))
    if notice.mail is MailState.WAITING and notice.mail_error:
        return _("The e-mail is tried again %(when)s: %(why)s", when=moment(notice.mail_after), why=notice.mail_error)
    return ""


def _failure(reason: str) -> str:
    if reason == UNCERTAIN:
        return _("the server fell silent; it may have arrived, so it is not sent again")
    return _("the address is none") if reason == NO_ADDRESS else reason


def _names(notice: Notice) -> dict[str, str]:
    decision = notice.decision
    return {
        "unit": notice.unit.name if notice.unit else NOTHING,
        "planner": notice.plan.unit.name if notice.plan else (notice.unit.name if notice.unit else NOTHING),
        "campaign": localized(notice.campaign, "name") if notice.campaign else NOTHING,
        "decision": decision_name(decision) if decision else _("a decision"),
    }


def _lines(notice: Notice) -> tuple[str, ...]:
    """What is known beside the title: campaign, stage and day, who, as which role, and what came of it."""
    words = notice.words
    lines = []
    if notice.campaign and notice.kind not in (NoticeKind.CAMPAIGN_OPENED, NoticeKind.CAMPAIGN_CLOSED):
        lines.append(_("Campaign: %(name)s", name=localized(notice.campaign, "name")))
    for name, told in _SAID.items():
        if words.get(name):
            lines.append(str(told[0]) % {"value": told[1](str(words[name]))})
    return tuple(lines)


def _day(text: str) -> str:
    return day(date.fromisoformat(text))


def _verdict(state: str) -> str:
    return _("accepted; a revision is opened with it") if state == RequestState.ACCEPTED else _("not accepted")


_SAID: Final[Mapping[str, tuple[LazyString, Callable[[str], str]]]] = MappingProxyType(
    {
        "stage": (lazy("Stage: %(value)s"), stage_name),
        "step": (lazy("Step: %(value)s"), str),
        "role": (lazy("Role: %(value)s"), role_name),
        "capacity": (lazy("In the capacity: %(value)s"), str),
        "from": (lazy("From: %(value)s"), _day),
        "to": (lazy("Until: %(value)s"), _day),
        "due": (lazy("Due: %(value)s"), _day),
        "until": (lazy("Due: %(value)s"), _day),
        "day": (lazy("Day: %(value)s"), _day),
        "position": (lazy("Lines in the chain: %(value)s"), str),
        "hash": (lazy("SHA-256: %(value)s"), str),
        "state": (lazy("Answer: %(value)s"), _verdict),
        "by": (lazy("By: %(value)s"), str),
    }
)
"""The words that may leave the application, by their names in ``Notice.words``."""
