"""The frozen snapshot of a decision: what was approved, in the campaign's words, as plain values of format 1.

The PDF is made from it and from nothing else, so that what is signed is what was approved (DESIGN, section 4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from allocapp.db import db
from allocapp.errors import InvalidDocumentText
from allocapp.models.campaign import Campaign, DecisionKind
from allocapp.models.decision import Decision
from allocapp.models.plan import Plan
from allocapp.rules.numbering import format_document_date, format_symbol
from allocapp.rules.workflow import DecisionState
from allocapp.services.decision_text import words_for
from allocapp.services.sheet import Cell, Key, Sheet, SheetRow, read_cells, receivers_in_order

FORMAT = 1
# nothing but a name between braces: words are typed by people and must not reach into the program
_NAME = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True)
class Effect:
    """What a decision does: it assigns, or amends, replaces or revokes another one, for a reason."""

    kind: DecisionKind = DecisionKind.ASSIGN
    affected: Decision | None = None
    reason: str = ""


ASSIGNS = Effect()


def effect_of(decision: Decision) -> Effect:
    """What the decision does to the one before it."""
    return Effect(decision.kind, decision.affects, decision.revoke_reason or decision.plan.revision_reason)


def build_snapshot(
    sheet: Sheet, effect: Effect = ASSIGNS, *, number: int, symbol: str, dated: date
) -> dict[str, object]:
    """Everything the document prints, from the approved sheet and the campaign's words for units of this kind.

    A decision that revokes assigns nothing and has no annex. Raises DocumentTextMissing where the campaign has no words
    for such units.
    """
    plan, unit = sheet.plan, sheet.plan.unit
    words = words_for(plan, effect.kind)
    fill = _Filler(_placeholders(sheet, effect))
    snapshot: dict[str, object] = {
        "format": FORMAT,
        "sample": plan.campaign.sample,
        "number": number,
        "symbol": symbol,
        "date": dated.isoformat(),
        "place": unit.place,
        "issuer": {"superior": [], "body": [unit.kind.body.upper(), unit.name.upper()], "name": unit.body_name},
        "subject": fill(words.subject),
        "authority": fill(words.authority),
        "bases": [fill(base) for base in words.bases],
        "proposal": fill(words.proposal),
        "articles": fill.all(words.articles),
        "recipients": [fill(recipient) for recipient in words.recipients],
        "archive": words.archive,
        "signer": {"lines": list(words.signer_lines), "name": words.signer_name},
    }
    assigns = effect.kind is not DecisionKind.REVOKE
    return snapshot | {"annex": _annex(sheet, effect, fill(words.annex_title)) if assigns else None}


def _annex(sheet: Sheet, effect: Effect, title: str) -> dict[str, object]:
    """The whole table of targets; one that amends another marks what is different there, and says who is gone."""
    before = None
    if effect.kind is DecisionKind.AMEND and effect.affected is not None:
        before = read_cells(effect.affected.plan)
    annex: dict[str, object] = {
        "title": title,
        "indicators": [
            {"code": column.indicator.code, "name": column.indicator.name, "kind": column.indicator.kind.value}
            for column in sheet.indicators
        ],
        "groups": [
            {"name": kinds.group_name, "rows": [_row(row, before) for row in rows]} for kinds, rows in sheet.groups
        ],
    }
    if before is not None and effect.affected is not None:
        annex["notes"] = _notes(sheet, before, _number_of(effect.affected))
    return annex


def _notes(sheet: Sheet, before: Mapping[Key, Cell], affected: str) -> list[str]:
    notes = [f"(*) Chỉ tiêu được sửa đổi, bổ sung so với {affected}"]
    gone = {unit_id for unit_id, _ in before} - {row.unit.id for row in sheet.rows}
    if gone:
        names = "; ".join(unit.body_name for unit in receivers_in_order(gone))
        notes.append(f"Không tiếp tục giao chỉ tiêu đã giao tại {affected} cho: {names}")
    return notes


def _row(row: SheetRow, before: Mapping[Key, Cell] | None) -> dict[str, object]:
    """A receiver's row; milestones and changes only where it has some, so that other snapshots stay what they were."""
    printed: dict[str, object] = {
        "code": row.unit.code,
        "name": row.unit.body_name,
        "targets": [cell.target for cell in row.cells],
        "reasons": [cell.excuse or None for cell in row.cells],
    }
    if any(cell.milestones for cell in row.cells):
        printed["milestones"] = [[[due.isoformat(), value] for due, value in cell.milestones] for cell in row.cells]
    if before is not None:
        changed = [_differs(cell, before.get((cell.unit_id, cell.indicator_id))) for cell in row.cells]
        if any(changed):
            printed["changed"] = changed
    return printed


def _differs(cell: Cell, before: Cell | None) -> bool:
    return before is None or (cell.target, cell.excuse) != (before.target, before.excuse)


def decision_subject(sheet: Sheet, effect: Effect = ASSIGNS) -> str:
    """The subject (trích yếu) that the decision on this sheet will bear."""
    return _Filler(_placeholders(sheet, effect))(words_for(sheet.plan, effect.kind).subject)


class _Filler:
    """Fills {names} into texts; a name it does not know is an error, never printed as it stands."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def __call__(self, text: str) -> str:
        return _NAME.sub(self._value, text)

    def _value(self, found: re.Match[str]) -> str:
        try:
            return self.values[found[1]]
        except KeyError:
            raise InvalidDocumentText(found[1]) from None

    def all(self, texts: object) -> object:
        """The same structure of lists and mappings with every text in it filled."""
        if isinstance(texts, str):
            return self(texts)
        if isinstance(texts, list):
            return [self.all(text) for text in texts]
        if isinstance(texts, dict):
            return {name: self.all(text) for name, text in texts.items()}
        return texts


def _placeholders(sheet: Sheet, effect: Effect) -> dict[str, str]:
    campaign, unit = sheet.plan.campaign, sheet.plan.unit
    values = {
        "campaign_year": str(campaign.period_from.year),
        "period": _period(campaign),
        "unit": _small(unit.name),
        "UNIT": unit.name.upper(),
        "body": unit.body_name,
        "receivers": "; ".join(_once(kinds.plural for kinds, _ in sheet.groups)),
        "receiver_bodies": "; ".join(_once(kinds.plural for kinds, _ in sheet.groups if kinds.have_bodies)),
        "indicators": " và ".join(_small(column.indicator.name) for column in sheet.indicators),
    }
    if sheet.superior is not None:
        values |= _superior_decision(sheet.superior)
    if effect.affected is not None:
        values |= _affected(effect.kind, effect.affected) | {"reason": " ".join(effect.reason.split())}
    return values


def _affected(kind: DecisionKind, latest: Decision) -> dict[str, str]:
    """The decision that is changed. Where it was amended before, the first one goes on with its amendments.

    Whoever amends it again names the first and what amended it; whoever replaces or revokes it names them all, so that
    none is left in force.
    """
    standing = [latest]
    while standing[0].kind is DecisionKind.AMEND and standing[0].affects is not None:
        standing.insert(0, standing[0].affects)
    first, *amending = standing
    numbers = [_number_of(decision) for decision in standing]
    if kind is DecisionKind.AMEND:
        number = numbers[0]
        since = f" (đã được sửa đổi, bổ sung tại {_listed(numbers[1:])})" if amending else ""
    else:
        number, since = _listed(numbers), ""
    return {
        "affected_number": number,
        "affected_decision": f"{number} của {first.unit.body_name}{since}",
        "affected_subject": _small(first.subject),
        "latest_number": numbers[-1],
    }


def _listed(texts: Sequence[str]) -> str:
    return " và ".join(filter(None, [", ".join(texts[:-1]), texts[-1]]))


def _superior_decision(superior: Plan) -> dict[str, str]:
    decision = decision_in_force(superior)
    assert decision is not None, "a plan in force has the decision that put it in force"
    return {
        "superior_decision": f"{_number_of(decision)} của {decision.unit.body_name}",
        "superior_subject": _small(decision.subject),
    }


def decision_in_force(plan: Plan) -> Decision | None:
    """The issued decision that put the plan in force, whatever became of the plan since; there is at most one."""
    return db.session.scalar(
        select(Decision).where(
            Decision.plan_id == plan.id,
            Decision.kind != DecisionKind.REVOKE,
            Decision.state.in_((DecisionState.ISSUED, DecisionState.DISPATCHED)),
        )
    )


def _number_of(decision: Decision) -> str:
    assert decision.number is not None, "an issued decision is numbered"
    assert decision.dated is not None, "and dated"
    return f"Quyết định số {format_symbol(decision.number, decision.symbol)} {format_document_date(decision.dated)}"


def _period(campaign: Campaign) -> str:
    first, last = campaign.period_from, campaign.period_to
    whole_year = (first.month, first.day, last.month, last.day, first.year) == (1, 1, 12, 31, last.year)
    if whole_year:
        return f"năm {first.year}"
    return f"từ {format_document_date(first)} đến {format_document_date(last)}"


def _small(text: str) -> str:
    return text[:1].lower() + text[1:]


def _once(texts: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(text for text in texts if text))
