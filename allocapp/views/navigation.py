"""The main menu: what a person's roles have use for. Rights are checked behind the links, not by them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from flask import request
from flask_babel import lazy_gettext as lazy
from flask_babel.speaklater import LazyString
from flask_login import current_user

from allocapp.access import ALLOWED, Action


@dataclass(frozen=True)
class Entry:
    """A link of the menu."""

    endpoint: str
    name: str
    current: bool


# endpoint, name, and the action that the page is for; None: for everybody
ENTRIES: Final[Mapping[str, tuple[LazyString, Action | None]]] = MappingProxyType(
    {
        "home.tasks": (lazy("My tasks"), None),
        "plan.index": (lazy("Plans"), Action.VIEW_PLAN),
        "inbox.index": (lazy("Inbox"), Action.REVIEW_PLAN),
        "campaign.index": (lazy("Campaigns"), None),
        "decision.index": (lazy("Decisions"), None),
        "quota.index": (lazy("Assigned targets"), Action.VIEW_QUOTA),
        "decision.verify": (lazy("Verify a file"), None),
        # approvers and leaders delegate, and nobody else may go on after an opinion
        "delegation.index": (lazy("Delegation"), Action.PROCEED_PLAN),
        "step.index": (lazy("Internal steps"), Action.MANAGE_STEPS),
        "journal.index": (lazy("Journal"), Action.READ_JOURNAL),
    }
)


def navigation() -> list[Entry]:
    """The menu of the person signed in, with the section that the page belongs to marked."""
    useful = {action for role in current_user.roles for action in ALLOWED[role]}
    here = _section(request.endpoint or "")
    return [
        Entry(endpoint, str(name), current=endpoint == here)
        for endpoint, (name, action) in ENTRIES.items()
        if action is None or action in useful
    ]


def _section(endpoint: str) -> str:
    """The menu's entry for a page: itself, or the first of its blueprint; what is done with a plan belongs to plans."""
    if endpoint in ENTRIES:
        return endpoint
    noun = endpoint.partition(".")[0]
    if noun in ("method", "paste", "proposal", "milestone", "comparison", "opinion", "adjustment_answer"):
        noun = "plan"
    if noun in ("asked", "adjustment"):
        noun = "quota"
    return next((entry for entry in ENTRIES if entry.startswith(f"{noun}.")), "")
