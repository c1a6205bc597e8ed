"""Every stage of the road at once, reached by walking it: the demo's people call the same services as everybody.

The moments are those of 2022, so that the decisions bear dates of the year they are for.
"""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import select

from allocapp.cli.demo_units import PROVINCE, read_sample
from allocapp.clock import ZONE, local_day
from allocapp.clock import now as present
from allocapp.db import db
from allocapp.documents.decision import render_decision
from allocapp.documents.signing import seal_as_body, sign_as_person
from allocapp.models.account import Account
from allocapp.models.campaign import Campaign
from allocapp.models.decision import Decision, SignerRole
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.percent import HUNDRED_PERCENT, format_percent
from allocapp.services.decision import claim_signature, complete_render, complete_signature, number_decision, render_job
from allocapp.services.job import claim_job, finish_job
from allocapp.services.plan import open_plan, save_targets, submit_plan
from allocapp.services.review import approve_plan, return_plan, take_plan_into_review
from allocapp.services.sheet import Cell, Entry, Key, Sheet, SheetRow, check_sheet, read_sheet
from allocapp.services.step import StepSetting, set_steps, stamp_of_steps

CITY, WAITING, SUBMITTED, RETURNED, DRAFT = "178", "183", "186", "187", "185"
STEP = 50  # targets are handed down in steps of half a per cent
STEPS = HUNDRED_PERCENT // STEP
NOT_IN_ANNEX = "Không có trong Phụ lục Quyết định 1045/QĐ-UBND"
A_MINUTE = timedelta(minutes=1)
RETURN_REASON = (
    "Giao cùng một mức cho mọi đơn vị, chưa căn cứ kết quả năm trước của từng nơi. Đề nghị điều chỉnh theo khả năng "
    "thực hiện và bảo đảm chỉ tiêu chung toàn huyện."
)


@dataclass(frozen=True)
class Stages:
    """What the walk needs: the campaign, units by code, accounts by login, the keys' folder and passphrase."""

    campaign: Campaign
    units: Mapping[str, Unit]
    people: Mapping[str, Account]
    keys: Path
    passphrase: str

    def walk(self) -> None:
        """The province's plan issued; of the districts' one issued, one to be signed, one returned, and so on."""
        plan = self._open(PROVINCE, "tinh", _moment(6, 1))
        self._submit(plan, _assigned_by_annex(read_sheet(plan)), "tinh", _moment(6, 6, 14))
        self._approve(plan, _moment(6, 20, 16))
        self._issue(self._number(plan, "tinh", _moment(6, 21)), "tinh", _moment(6, 21, 10))

        plan = self._open(CITY, "thanhpho", _moment(6, 22))
        self._submit(plan, closed_gaps(read_sheet(plan)), "thanhpho", _moment(6, 24, 15))
        self._approve(plan, _moment(6, 28))
        self._issue(self._number(plan, "thanhpho", _moment(6, 29)), "thanhpho", _moment(6, 29, 14))

        plan = self._open(WAITING, "caoloc", _moment(6, 30))
        self._submit(plan, closed_gaps(read_sheet(plan)), "caoloc", _moment(7, 1, 10))
        self._approve(plan, _moment(7, 5, 9))
        self._number(plan, "caoloc", _moment(7, 6))
        self._set_steps(WAITING, "caoloc", _moment(7, 6, 10))

        plan = self._open(RETURNED, "chilang", _moment(7, 6, 14))
        self._submit(plan, same_for_all(read_sheet(plan)), "chilang", _moment(7, 7, 11))
        self._return(plan, _moment(7, 8, 9))

        plan = self._open(DRAFT, "bacson", _moment(7, 11))
        drafted, preparer = half_filled(read_sheet(plan)), self.people["bacson.chuyenvien"]
        save_targets(plan.id, drafted, version=plan.version, actor=preparer, now=_moment(7, 11, 10))

        plan = self._open(SUBMITTED, "huulung", _moment(7, 11, 14))
        self._submit(plan, closed_gaps(read_sheet(plan)), "huulung", _moment(7, 12, 16))

    def _open(self, code: str, prefix: str, at: datetime) -> Plan:
        actor = self.people[f"{prefix}.chuyenvien"]
        return open_plan(self.units[code].id, self.campaign.id, actor=actor, now=at)

    def _set_steps(self, code: str, prefix: str, at: datetime) -> None:
        """From now on the unit's plans go through its own house before they are submitted."""
        clerk, leader = self.people[f"{prefix}.vanthu"], self.people[f"{prefix}.lanhdao"]
        steps = [StepSetting("Văn phòng: thể thức", clerk.id, 2), StepSetting("Lãnh đạo đồng ý trình", leader.id, 2)]
        set_steps(self.units[code].id, steps, seen=stamp_of_steps(()), actor=leader, now=at)

    def _submit(self, plan: Plan, entries: Mapping[Key, Entry], prefix: str, at: datetime) -> None:
        seen = read_sheet(plan).content_hash
        actor = self.people[f"{prefix}.chuyenvien"]
        submit_plan(plan.id, entries, version=plan.version, seen_hash=seen, actor=actor, now=at)

    def _approve(self, plan: Plan, at: datetime) -> None:
        seen = read_sheet(plan).content_hash
        approve_plan(plan.id, version=plan.version, seen_hash=seen, actor=self.people["tinh.duyet"], now=at)

    def _return(self, plan: Plan, at: datetime) -> None:
        actor = self.people["tinh.duyet"]
        remarks = remarks_on(read_sheet(plan))
        take_plan_into_review(plan.id, version=plan.version, actor=actor, now=at)
        return_plan(plan.id, version=plan.version, reason=RETURN_REASON, comments=remarks, actor=actor, now=at)

    def _number(self, plan: Plan, prefix: str, at: datetime) -> Decision:
        """Number the plan's decision and render it here, under a claim that keeps the workers off."""
        actor = self.people[f"{prefix}.vanthu"]
        decision = db.session.scalars(select(Decision).where(Decision.plan_id == plan.id)).one()
        number_decision(decision.id, version=decision.version, dated=local_day(at), actor=actor, now=at)
        job = render_job(decision)
        assert job is not None, "a numbered decision has its job"
        assert decision.snapshot is not None, "a numbered decision has its snapshot"
        claim_job(job.id, now=present())
        complete_render(decision.id, render_decision(json.loads(decision.snapshot)), now=at + A_MINUTE)
        finish_job(job.id, job.attempts, now=at + A_MINUTE)
        return decision

    def _issue(self, decision: Decision, prefix: str, at: datetime) -> None:
        for role, account, sign, moment in (
            (SignerRole.PERSON, f"{prefix}.lanhdao", sign_as_person, at),
            (SignerRole.BODY, f"{prefix}.vanthu", seal_as_body, at + 25 * A_MINUTE),
        ):
            actor = self.people[account]
            claim = claim_signature(
                decision.id, role, version=decision.version, keys=self.keys, actor=actor, now=moment
            )
            signed = sign(claim.pdf, pkcs12=claim.pkcs12, passphrase=self.passphrase, signed_at=moment)
            complete_signature(claim, signed, actor=actor, now=moment)


def closed_gaps(sheet: Sheet) -> dict[Key, Entry]:
    """Every receiver closes the same share of its gap to 100%, the least with which the plan balances."""

    def target(cell: Cell, steps: int) -> int:
        baseline = cell.baseline or 0
        return _up_to_step(baseline + (HUNDRED_PERCENT - baseline) * steps // STEPS)

    return _least(sheet, target)


def same_for_all(sheet: Sheet) -> dict[Key, Entry]:
    """The same target for every receiver: the assigned one, or the next with which the plan balances."""
    assigned = {column.indicator.id: column.assigned or 0 for column in sheet.indicators}
    return _least(sheet, lambda cell, steps: min(assigned[cell.indicator_id] + steps * STEP, HUNDRED_PERCENT))


def half_filled(sheet: Sheet) -> dict[Key, Entry]:
    """A draft as it is left in the evening: the first half of the rows, and not yet enough."""
    entries = closed_gaps(sheet)
    filled = {row.unit.id for row in sheet.rows[: len(sheet.rows) // 2]}
    return {
        key: Entry(max((entry.target or 0) - 5 * STEP, 0)) if key[0] in filled else Entry(None)
        for key, entry in entries.items()
    }


def remarks_on(sheet: Sheet) -> dict[int, str]:
    """A reviewer's remarks on the two rows for which the second indicator's target is hardest, and on the easiest."""
    position = len(sheet.indicators) - 1

    def rise(row: SheetRow) -> int:
        cell = row.cells[position]
        return (cell.target or 0) - (cell.baseline or 0)

    ordered = sorted(sheet.rows, key=rise)
    remarks = {}
    for row in (ordered[-1], ordered[-2], ordered[0]):
        cell = row.cells[position]
        before, target = format_percent(cell.baseline or 0), format_percent(cell.target or 0)
        advice = "mức giao quá cao, cần lộ trình phù hợp" if rise(row) > 0 else "cần giao cao hơn kết quả đã đạt"
        remarks[row.unit.id] = f"Năm trước đạt {before}, nay giao {target}: {advice}."
    return remarks


def _least(sheet: Sheet, target_of: Callable[[Cell, int], int]) -> dict[Key, Entry]:
    """The first whole plan of a rising family that balances, indicator by indicator."""
    entries: dict[Key, Entry] = {}
    for position in range(len(sheet.indicators)):
        cells = [row.cells[position] for row in sheet.rows]

        def plan(steps: int, cells: Sequence[Cell] = cells) -> dict[Key, Entry]:
            return {(cell.unit_id, cell.indicator_id): Entry(target_of(cell, steps)) for cell in cells}

        def balances(steps: int, position: int = position, plan: Callable[[int], dict[Key, Entry]] = plan) -> bool:
            return check_sheet(sheet, plan(steps))[position].balanced

        found = bisect_left(range(STEPS), True, key=balances)
        entries |= plan(found)
    return entries


def _assigned_by_annex(sheet: Sheet) -> dict[Key, Entry]:
    """The targets of the annex of Decision 1045; a department that it does not name is not assigned any."""
    columns = ("target_services_with_online_dossiers_pct", "target_dossiers_online_pct")
    annex = {
        line["unit_code"]: [int(line[column]) * 100 for column in columns]
        for line in read_sample("targets_2022_qd1045.csv")
    }
    entries: dict[Key, Entry] = {}
    for row in sheet.rows:
        targets = annex.get(row.unit.code)
        for position, cell in enumerate(row.cells):
            entry = Entry(targets[position]) if targets else Entry(None, NOT_IN_ANNEX)
            entries[cell.unit_id, cell.indicator_id] = entry
    return entries


def _up_to_step(rate: int) -> int:
    return -(-rate // STEP) * STEP


def _moment(month: int, day: int, hour: int = 8, minute: int = 30) -> datetime:
    return datetime(2022, month, day, hour, minute, tzinfo=ZONE)
