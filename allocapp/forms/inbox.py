"""The inbox's form: the plans that were ticked, each bound to what stood on the page."""

from __future__ import annotations

import re
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

_PLAN = re.compile(r"([1-9][0-9]{0,8}):([1-9][0-9]{0,8}):([0-9a-f]{64})")


@dataclass(frozen=True)
class Ticked:
    """A plan that was ticked, with the version and the content hash that were seen."""

    plan_id: int
    version: int
    seen_hash: str


def read_ticked(form: MultiDict[str, str]) -> list[Ticked]:
    """Fields ``plan``, each ``<id>:<version>:<hash>``, once each; what our page did not write is left out."""
    found = (_PLAN.fullmatch(text) for text in dict.fromkeys(form.getlist("plan")))
    return [Ticked(int(one[1]), int(one[2]), one[3]) for one in found if one]
