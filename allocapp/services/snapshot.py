"""The frozen snapshot of a decision: what was approved, in the campaign's words, as plain values of format 1.

The PDF is made from it and from nothing else, so that what is signed is what was approved (DESIGN, section 4).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import select

from allocapp.db import db
from allocapp.errors import DocumentTextMissing, InvalidDocumentText
from allocapp.models.campaign import Campaign, DocumentText
from allocapp.models.decision import Decision
from allocapp.models.plan import Plan
from allocapp.models.unit import Unit
from allocapp.rules.numbering import format_document_date, format_symbol
from allocapp.rules.workflow import DecisionState
from allocapp.services.sheet import Sheet, SheetRow

FORMAT = 1
# nothing but a name between braces: words are typed by people and must not reach into the program
_NAME = re.compile(r"\{([^{}]*)\}")


def build_snapshot(sheet: Sheet, *, number: int, symbol: str, dated: date) -> dict[str, object]:
    """Everything the document prints, from the approved sheet and the campaign's words for units of this kind.

    Raises DocumentTextMissing where the campaign has no words for them.
    """
    plan, unit = sheet.plan, sheet.plan.unit
    words = document_text(plan)
    fill = _Filler(_placeholders(sheet))
    return {
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
        "annex": {
            "title": fill(words.annex_title),
            "indicators": [
                {"code": column.indicator.code, "name": column.indicator.name, "kind": column.indicator.kind.value}
                for column in sheet.indicators
            ],
            "groups": [
                {
                    "name": kinds.group_name,
                    "rows": [_row(row) for row in rows],
                }
                for kinds, rows in sheet.groups
            ],
        },
    }


def _row(row: SheetRow) -> dict[str, object]:
    """A receiver's row; milestones only where it has some, so that other snapshots stay what they were."""
    printed: dict[str, object] = {
        "code": row.unit.code,
        "name": row.unit.body_name,
        "targets": [cell.target for cell in row.cells],
        "reasons": [cell.excuse or None for cell in row.cells],
    }
    if any(cell.milestones for cell in row.cells):
        printed["milestones"] = [[[due.isoformat(), value] for due, value in cell.milestones] for cell in row.cells]
    return printed


def document_text(plan: Plan) -> DocumentText:
    """The campaign's words for decisions of units of this kind. Raises DocumentTextMissing."""
    found = db.session.scalar(
        select(DocumentText).where(
            DocumentText.campaign_id == plan.campaign_id, DocumentText.unit_kind_code == plan.unit.kind_code
        )
    )
    if found is None:
        raise DocumentTextMissing(plan.unit.name)
    return found


def decision_subject(sheet: Sheet) -> str:
    """The subject (trích yếu) that the decision on this sheet will bear."""
    return _Filler(_placeholders(sheet))(document_text(sheet.plan).subject)


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


def _placeholders(sheet: Sheet) -> dict[str, str]:
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
    return values


def _superior_decision(superior: Plan) -> dict[str, str]:
    decision = db.session.scalars(
        select(Decision).where(
            Decision.plan_id == superior.id,
            Decision.state.in_((DecisionState.ISSUED, DecisionState.DISPATCHED)),
        )
    ).one()
    assert decision.number is not None, "an issued decision is numbered"
    assert decision.dated is not None, "and dated"
    issuer: Unit = decision.unit
    return {
        "superior_decision": (
            f"Quyết định số {format_symbol(decision.number, decision.symbol)} "
            f"{format_document_date(decision.dated)} của {issuer.body_name}"
        ),
        "superior_subject": _small(decision.subject),
    }


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
