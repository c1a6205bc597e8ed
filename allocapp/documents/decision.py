"""A decision as Decree 30/2020/ND-CP wants it (Appendix I, electronic documents), its annex in the same PDF.

Everything printed comes from the frozen snapshot. The wording that the form prescribes stands in the template, sizes
and margins in its style sheet; here the texts get their numbers, their endings and their lines.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import ceil
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from allocapp.documents.fonts import find_serif_fonts
from allocapp.documents.lines import balanced_lines, text_width
from allocapp.documents.pdf import TEMPLATES, SignatureField, write_pdf
from allocapp.documents.roads import Roads, lay_roads
from allocapp.documents.roles import Role
from allocapp.documents.snapshot import (
    Annex,
    AnnexGroup,
    Article,
    DecisionSnapshot,
    Indicator,
    TargetKind,
    read_snapshot,
)
from allocapp.rules.numbering import format_document_date, format_symbol
from allocapp.rules.percent import format_count, format_percent

FIELDS: Final = (
    SignatureField(Role.PERSON, "Chữ ký số của người có thẩm quyền"),
    SignatureField(Role.BODY, "Chữ ký số của cơ quan, tổ chức"),
)

NOT_ASSIGNED: Final = "Không giao"
CHANGED: Final = " (*)"
NO_MILESTONE: Final = "–"
ROAD_TARGET: Final = "Chỉ tiêu được giao"

# Vietnamese drafting letters points in alphabetical order, with đ and without the letters that carry a hook or hat.
_POINT_LETTERS: Final = "abcdđeghiklmnopqrstuvxy"

# Millimetres of the page that the style sheet leaves for text, portrait and landscape.
_TEXT_WIDTH: Final = 162
_WIDE_TEXT_WIDTH: Final = 249
_LEFT_BLOCK_WIDTH: Final = 70
_SUBJECT_WIDTH: Final = 140
_NUMBER_COLUMN: Final = 13
_ONLY_INDICATOR: Final = 50
_WIDEST_INDICATOR: Final = 35
_CELL_PADDING: Final = 4
_NAME_COLUMN: Final = 55
# So many recipients stand beside the signer and stay with him on one page; where there are more, the rest may run on.
_BESIDE_SIGNER: Final = 16
# With more indicators than this the name column of a portrait page would get too narrow.
_MOST_IN_PORTRAIT: Final = 4


@dataclass(frozen=True)
class _NumberedArticle:
    number: int
    paragraphs: tuple[str, ...]


@dataclass(frozen=True)
class _TableRow:
    number: str
    name: str
    cells: tuple[str, ...] = ()
    group: bool = False


@dataclass(frozen=True)
class _RoadLayout:
    """The second table: the milestones, an indicator a group, and the target each of them leads to."""

    column_widths: list[int]
    heads: list[list[str]]
    rows: tuple[_TableRow, ...]


@dataclass(frozen=True)
class _AnnexLayout:
    wide: bool
    title_lines: list[str]
    column_widths: list[int]
    indicators: list[list[str]]
    rows: tuple[_TableRow, ...]
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    roads: _RoadLayout | None


def render_decision(snapshot: Mapping[str, object]) -> bytes:
    """The PDF/A-3b of a snapshot (format 1, see `documents.snapshot`), its two signature fields still empty.

    The same snapshot gives the same bytes, in every process.

    Raises:
        InvalidSnapshot: the snapshot cannot be printed.
        FontMissing: no face complete in Vietnamese is installed.
    """
    decision = read_snapshot(snapshot)
    html = _templates().get_template("documents/decision.html").render(_printed(decision))
    styles = ["decision.css", "sample.css"] if decision.sample else ["decision.css"]
    return write_pdf(html, styles, FIELDS)


@lru_cache(maxsize=1)
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _printed(decision: DecisionSnapshot) -> dict[str, object]:
    """The names the template knows."""
    fonts = find_serif_fonts()
    recipients = _recipients(decision)
    symbol = format_symbol(decision.number, decision.symbol)
    return {
        "title": f"Quyết định số {symbol}",
        "description": decision.subject,
        "author": decision.issuer.name,
        "created": decision.dated.isoformat(),
        "superior_lines": _left_block(decision.issuer.superior, fonts["regular"]),
        "body_lines": _left_block(decision.issuer.body, fonts["bold"]),
        "symbol": symbol,
        "place": decision.place,
        "dated": format_document_date(decision.dated),
        "subject_lines": balanced_lines(decision.subject, fonts["bold"], 14, _SUBJECT_WIDTH),
        "authority_lines": balanced_lines(decision.authority.upper(), fonts["bold"], 14, _TEXT_WIDTH),
        "bases": _bases(decision),
        "articles": _articles(decision.articles),
        "recipients": recipients[:_BESIDE_SIGNER],
        "further_recipients": recipients[_BESIDE_SIGNER:],
        "signer_lines": decision.signer_lines,
        "signer_name": decision.signer_name,
        "annex": _annex(decision.annex) if decision.annex else None,
    }


def _left_block(texts: Sequence[str], font: Path) -> list[str]:
    """Lines of the head's left block: given lines stay, one too long for the block is broken."""
    return [line for text in texts for line in balanced_lines(text, font, 12, _LEFT_BLOCK_WIDTH)]


def _bases(decision: DecisionSnapshot) -> list[str]:
    """Each base ends with a semicolon, the last line (the proposal, where there is one) with a full stop."""
    bases = [*decision.bases, decision.proposal] if decision.proposal else list(decision.bases)
    bare = [base.rstrip(";. ") for base in bases]
    return [f"{base}{';' if n < len(bare) else '.'}" for n, base in enumerate(bare, start=1)]


def _recipients(decision: DecisionSnapshot) -> list[str]:
    return [f"{recipient.rstrip(';. ')};" for recipient in decision.recipients] + [f"{decision.archive.rstrip(';. ')}."]


def _articles(articles: Sequence[Article]) -> list[_NumberedArticle]:
    """Articles, clauses `1.` and points `a)`; the last words of the decision end with `./.`"""
    numbered = [_NumberedArticle(n, _paragraphs(article)) for n, article in enumerate(articles, start=1)]
    if numbered:
        last = numbered[-1]
        closing = last.paragraphs[-1].rstrip(";./ ") + "./."
        numbered[-1] = _NumberedArticle(last.number, (*last.paragraphs[:-1], closing))
    return numbered


def _paragraphs(article: Article) -> tuple[str, ...]:
    paragraphs = _split(article.text, ":" if article.clauses else ".")
    for number, clause in enumerate(article.clauses, start=1):
        first, *rest = _split(clause.text, ":" if clause.points else ".")
        paragraphs += [f"{number}. {first}", *rest]
        for index, point in enumerate(clause.points):
            mark = ";" if index < len(clause.points) - 1 else "."
            paragraphs.append(f"{_POINT_LETTERS[index]}) {_ended(point, mark)}")
    return tuple(paragraphs)


def _split(text: str, mark: str) -> list[str]:
    """Paragraphs of a text, one a line; the last gets the mark that leads on or closes."""
    paragraphs = [line.strip() for line in text.splitlines() if line.strip()]
    paragraphs[-1] = _ended(paragraphs[-1], mark)
    return paragraphs


def _ended(text: str, mark: str) -> str:
    """`text` with its closing mark, unless it has one or is a remark in brackets."""
    if text.endswith((".", ";", ":", ",")) or (text.startswith("(") and text.endswith(")")):
        return text
    return text + mark


def _annex(annex: Annex) -> _AnnexLayout:
    roads = lay_roads([(row.name, row.targets, row.milestones) for group in annex.groups for row in group.rows])
    wide = max(len(annex.indicators), len(roads.days) + 1 if roads else 0) > _MOST_IN_PORTRAIT
    width = _WIDE_TEXT_WIDTH if wide else _TEXT_WIDTH
    count = len(annex.indicators)
    widest = _ONLY_INDICATOR if count == 1 else _WIDEST_INDICATOR
    column = min(widest, (width - _NUMBER_COLUMN - _NAME_COLUMN) // count)
    rows, reasons = _table(annex)
    bold = find_serif_fonts()["bold"]
    return _AnnexLayout(
        wide=wide,
        title_lines=balanced_lines(annex.title.upper(), bold, 14, width - 4),
        column_widths=[_NUMBER_COLUMN, width - _NUMBER_COLUMN - column * count, *[column] * count],
        indicators=[
            balanced_lines(named.name, bold, 13, column - _CELL_PADDING, keep=False) for named in annex.indicators
        ],
        rows=rows,
        reasons=reasons,
        notes=tuple(_ended(note, ".") for note in annex.notes),
        roads=_roads(roads, annex.indicators, width) if roads else None,
    )


def _roads(roads: Roads, indicators: Sequence[Indicator], width: int) -> _RoadLayout:
    bold = find_serif_fonts()["bold"]
    heads = [*(f"Đến {day.day}/{day.month}/{day.year}" for day in roads.days), ROAD_TARGET]
    # a day such as 31/12/2026 stays on one line, and the names get what is left
    longest = ceil(max(text_width(word, bold, 13) for head in heads for word in head.split()))
    fitting = (width - _NUMBER_COLUMN - _NAME_COLUMN) // len(heads)
    column = min(_WIDEST_INDICATOR, max(longest + _CELL_PADDING, fitting))
    rows: list[_TableRow] = []
    for number, group in enumerate(roads.groups, start=1):
        indicator = indicators[group.position]
        rows.append(_TableRow(_roman(number), indicator.name, group=True))
        for place, row in enumerate(group.rows, start=1):
            figures = (*row.steps, row.target)
            cells = (NO_MILESTONE if value is None else _figure(value, indicator) for value in figures)
            rows.append(_TableRow(str(place), row.name, tuple(cells)))
    return _RoadLayout(
        column_widths=[_NUMBER_COLUMN, width - _NUMBER_COLUMN - column * len(heads), *[column] * len(heads)],
        heads=[balanced_lines(head, bold, 13, column - _CELL_PADDING, keep=False) for head in heads],
        rows=tuple(rows),
    )


def _figure(value: int, indicator: Indicator) -> str:
    return format_percent(value) if indicator.kind is TargetKind.RATE else format_count(value)


def _table(annex: Annex) -> tuple[tuple[_TableRow, ...], tuple[str, ...]]:
    """The rows as printed, and the reasons for what is not assigned: each once, numbered as it first appears."""
    marks: dict[str, int] = {}
    rows: list[_TableRow] = []
    for number, group in enumerate(annex.groups, start=1):
        if group.name:
            rows.append(_TableRow(_roman(number), group.name, group=True))
        rows += _group_rows(group, annex.indicators, marks)
    return tuple(rows), tuple(f"({mark}) {_ended(reason, '.')}" for reason, mark in marks.items())


def _group_rows(group: AnnexGroup, indicators: Sequence[Indicator], marks: dict[str, int]) -> list[_TableRow]:
    rows = []
    for number, row in enumerate(group.rows, start=1):
        cells = []
        changed = row.changed or [False] * len(indicators)
        for target, reason, indicator, mark in zip(row.targets, row.reasons, indicators, changed, strict=True):
            if target is not None:
                printed = _figure(target, indicator)
            elif reason:
                printed = f"{NOT_ASSIGNED} ({marks.setdefault(reason, len(marks) + 1)})"
            else:
                printed = NOT_ASSIGNED
            cells.append(printed + CHANGED if mark else printed)
        rows.append(_TableRow(str(number), row.name, tuple(cells)))
    return rows


def _roman(number: int) -> str:
    """1 -> I, 4 -> IV: the groups of an annex, fewer than fifty."""
    tens, ones = divmod(number, 10)
    return "X" * tens + ("", "I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")[ones]
