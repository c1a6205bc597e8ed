"""Applying what a preview showed, with the person's consent: one change of many cells, explained and revertible."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import select

from allocapp.db import db
from allocapp.errors import HeldRow
from allocapp.files.table import Source
from allocapp.models.account import Account
from allocapp.models.plan import ChangeKind, PlanChange, PlanHold
from allocapp.rules.workflow import PlanAction
from allocapp.services.change import apply_change
from allocapp.services.paste import Doubt, MatchedBy
from allocapp.services.road import load_for
from allocapp.services.sheet import Entry, Key


def apply_table(
    plan_id: int,
    entries: Mapping[Key, Entry],
    *,
    source: Source,
    name: str,
    matched_by: MatchedBy,
    also: Collection[Doubt],
    version: int,
    actor: Account,
    now: datetime,
) -> PlanChange:
    """Write the cells of a pasted block or file on the version that was previewed.

    ``name`` is the file's; ``also`` are the doubts that the person set aside. Raises HeldRow where a row is held and
    the person did not say that it shall change, StaleVersion, and as apply_change does.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now, version=version)
    held = set(db.session.scalars(select(PlanHold.unit_id).where(PlanHold.plan_id == plan.id)))
    if Doubt.HELD not in also and (touched := tuple(key for key in entries if key[0] in held)):
        raise HeldRow(touched)
    return apply_change(
        plan_id,
        entries,
        kind=ChangeKind.PASTE if source is Source.TEXT else ChangeKind.FILE,
        inputs={
            "source": source.value,
            "name": name,
            "matched_by": matched_by.value,
            "also": [doubt.value for doubt in Doubt if doubt in also],
        },
        version=version,
        actor=actor,
        now=now,
    )
