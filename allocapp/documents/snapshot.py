"""The snapshot of a decision, format 1: what is frozen with the number and printed, and nothing else.

It is JSON in the database. Here it becomes typed values, and a snapshot that cannot be printed says where it is wrong
before anything is typeset.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise
from typing import Final, TypeVar

from allocapp.errors import InvalidSnapshot

FORMAT: Final = 1

T = TypeVar("T")

# Points are lettered a, b, c, d, đ, e, g ...: the series of Vietnamese drafting ends after so many.
MOST_POINTS: Final = 23


class TargetKind(StrEnum):
    """How the targets of an indicator are written: a rate in hundredths of a per cent, or a count."""

    RATE = "rate"
    QUANTITY = "quantity"


@dataclass(frozen=True)
class Issuer:
    superior: tuple[str, ...]
    body: tuple[str, ...]
    name: str


@dataclass(frozen=True)
class Clause:
    text: str
    points: tuple[str, ...]


@dataclass(frozen=True)
class Article:
    text: str
    clauses: tuple[Clause, ...]


@dataclass(frozen=True)
class Indicator:
    name: str
    kind: TargetKind


@dataclass(frozen=True)
class AnnexRow:
    """A receiver; `targets` and `reasons` follow the order of the indicators, a target of None is "not assigned".

    `milestones`, in the same order, are the (day, value) on the way to each target; empty for a row without any.
    `changed`, in the same order, says which targets are not those of the decision that is amended; empty for none.
    """

    name: str
    targets: tuple[int | None, ...]
    reasons: tuple[str | None, ...]
    milestones: tuple[tuple[tuple[date, int], ...], ...] = ()
    changed: tuple[bool, ...] = ()


@dataclass(frozen=True)
class AnnexGroup:
    name: str
    rows: tuple[AnnexRow, ...]


@dataclass(frozen=True)
class Annex:
    title: str
    indicators: tuple[Indicator, ...]
    groups: tuple[AnnexGroup, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class DecisionSnapshot:
    """What a decision prints; one that only revokes another has no annex."""

    sample: bool
    number: int
    symbol: str
    dated: date
    place: str
    issuer: Issuer
    subject: str
    authority: str
    bases: tuple[str, ...]
    proposal: str
    articles: tuple[Article, ...]
    recipients: tuple[str, ...]
    archive: str
    signer_lines: tuple[str, ...]
    signer_name: str
    annex: Annex | None


def read_snapshot(snapshot: Mapping[str, object]) -> DecisionSnapshot:
    """The typed snapshot. Texts come out in NFC.

    Raises:
        InvalidSnapshot: the format is unknown, something is missing, or a row does not fit the indicators.
    """
    root = _Node(snapshot, "")
    if root.integer("format") != FORMAT:
        raise InvalidSnapshot("format", str(FORMAT))
    issuer, signer = root.node("issuer"), root.node("signer")
    return DecisionSnapshot(
        sample=root.boolean("sample"),
        number=root.integer("number"),
        symbol=root.text("symbol"),
        dated=root.day("date"),
        place=root.text("place"),
        issuer=Issuer(issuer.texts("superior"), issuer.texts("body"), issuer.text("name")),
        subject=root.text("subject"),
        authority=root.text("authority"),
        bases=root.texts("bases"),
        proposal=root.optional_text("proposal"),
        articles=root.nodes("articles", _read_article),
        recipients=root.texts("recipients"),
        archive=root.text("archive"),
        signer_lines=signer.texts("lines"),
        signer_name=signer.text("name"),
        annex=None if root.is_null("annex") else _read_annex(root.node("annex")),
    )


def _read_article(article: _Node) -> Article:
    return Article(article.text("text"), article.nodes("clauses", _read_clause))


def _read_clause(clause: _Node) -> Clause:
    points = clause.texts("points")
    if len(points) > MOST_POINTS:
        raise InvalidSnapshot(f"{clause.path}.points", f"at most {MOST_POINTS} texts")
    return Clause(clause.text("text"), points)


def _read_annex(annex: _Node) -> Annex:
    indicators = annex.nodes("indicators", _read_indicator)
    if not indicators:
        raise InvalidSnapshot(f"{annex.path}.indicators", "at least one")

    def read_row(row: _Node) -> AnnexRow:
        read = AnnexRow(
            row.text("name"),
            row.targets("targets"),
            row.optional_texts("reasons"),
            row.milestones("milestones"),
            row.booleans("changed") if row.has("changed") else (),
        )
        if len(read.targets) != len(indicators) or len(read.reasons) != len(indicators):
            raise InvalidSnapshot(row.path, f"{len(indicators)} targets and reasons")
        if len(read.milestones) not in (0, len(indicators)):
            raise InvalidSnapshot(f"{row.path}.milestones", f"{len(indicators)} lists, or none")
        if len(read.changed) not in (0, len(indicators)):
            raise InvalidSnapshot(f"{row.path}.changed", f"{len(indicators)} times true or false, or none")
        return read

    def read_group(group: _Node) -> AnnexGroup:
        return AnnexGroup(group.optional_text("name"), group.nodes("rows", read_row))

    notes = annex.texts("notes") if annex.has("notes") else ()
    return Annex(annex.text("title"), indicators, annex.nodes("groups", read_group), notes)


def _read_indicator(indicator: _Node) -> Indicator:
    kind = indicator.text("kind")
    if kind not in tuple(TargetKind):
        raise InvalidSnapshot(f"{indicator.path}.kind", " or ".join(TargetKind))
    return Indicator(indicator.text("name"), TargetKind(kind))


class _Node:
    """A JSON object and where it stands, so that a wrong value can be named."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, Mapping):
            raise InvalidSnapshot(path or "snapshot", "an object")
        self._value = value
        self.path = path

    def _at(self, key: str) -> str:
        return f"{self.path}.{key}" if self.path else key

    def _list(self, key: str) -> Sequence[object]:
        value = self._value.get(key)
        if not isinstance(value, list | tuple):
            raise InvalidSnapshot(self._at(key), "a list")
        return value

    def has(self, key: str) -> bool:
        """Whether it is there at all: format 1 grew, and a snapshot frozen before has less."""
        return key in self._value

    def is_null(self, key: str) -> bool:
        """Whether it says that there is none, which is more than leaving it out."""
        return self.has(key) and self._value[key] is None

    def node(self, key: str) -> _Node:
        return _Node(self._value.get(key), self._at(key))

    def nodes(self, key: str, read: Callable[[_Node], T]) -> tuple[T, ...]:
        return tuple(read(_Node(value, f"{self._at(key)}[{n}]")) for n, value in enumerate(self._list(key)))

    def text(self, key: str) -> str:
        text = self.optional_text(key)
        if not text:
            raise InvalidSnapshot(self._at(key), "a text")
        return text

    def optional_text(self, key: str) -> str:
        return _text(self._value.get(key, ""), self._at(key))

    def texts(self, key: str) -> tuple[str, ...]:
        texts = tuple(_text(value, f"{self._at(key)}[{n}]") for n, value in enumerate(self._list(key)))
        if "" in texts:
            raise InvalidSnapshot(f"{self._at(key)}[{texts.index('')}]", "a text")
        return texts

    def optional_texts(self, key: str) -> tuple[str | None, ...]:
        values = enumerate(self._list(key))
        return tuple(None if value is None else _text(value, f"{self._at(key)}[{n}]") for n, value in values)

    def targets(self, key: str) -> tuple[int | None, ...]:
        values = enumerate(self._list(key))
        return tuple(None if value is None else _integer(value, f"{self._at(key)}[{n}]") for n, value in values)

    def milestones(self, key: str) -> tuple[tuple[tuple[date, int], ...], ...]:
        """A list for each indicator of [day, value], earliest first; left out where there is none (format 1 grew)."""
        if key not in self._value:
            return ()
        return tuple(_steps(value, f"{self._at(key)}[{n}]") for n, value in enumerate(self._list(key)))

    def integer(self, key: str) -> int:
        return _integer(self._value.get(key), self._at(key))

    def boolean(self, key: str) -> bool:
        return _boolean(self._value.get(key), self._at(key))

    def booleans(self, key: str) -> tuple[bool, ...]:
        return tuple(_boolean(value, f"{self._at(key)}[{n}]") for n, value in enumerate(self._list(key)))

    def day(self, key: str) -> date:
        return _day(self.text(key), self._at(key))


def _text(value: object, path: str) -> str:
    if not isinstance(value, str):
        raise InvalidSnapshot(path, "a text")
    return unicodedata.normalize("NFC", value).strip()


def _boolean(value: object, path: str) -> bool:
    if not isinstance(value, bool):
        raise InvalidSnapshot(path, "true or false")
    return value


def _day(value: object, path: str) -> date:
    try:
        return date.fromisoformat(_text(value, path))
    except ValueError as error:
        raise InvalidSnapshot(path, "a date such as 2022-06-05") from error


def _steps(value: object, path: str) -> tuple[tuple[date, int], ...]:
    if not isinstance(value, list | tuple):
        raise InvalidSnapshot(path, "a list")
    steps = []
    for number, step in enumerate(value):
        where = f"{path}[{number}]"
        if not isinstance(step, list | tuple) or len(step) != 2:
            raise InvalidSnapshot(where, "a day and a value")
        steps.append((_day(step[0], where), _integer(step[1], where)))
    if any(before >= after for (before, _), (after, _) in pairwise(steps)):
        raise InvalidSnapshot(path, "days from the earliest to the last")
    return tuple(steps)


def _integer(value: object, path: str) -> int:
    # bool is an int in Python, and `true` is no target
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidSnapshot(path, "a whole number from 0")
    return value
