"""What the pages say of receivers' opinions: summary, answers, column in the sheet; and of requests for adjustment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import Any, Final

from flask_babel import gettext as _

from allocapp.models.opinion import Answer, RequestState
from allocapp.models.plan import Plan
from allocapp.rules.balance import Kind
from allocapp.services.adjustment import RequestLine
from allocapp.services.opinion import OpinionLine, Opinions, is_open
from allocapp.views.formatting import NOTHING, in_vietnamese, localized, moment, target

REQUEST_TONES: Final[Mapping[RequestState, str]] = MappingProxyType(
    {
        RequestState.OPEN: "attention",
        RequestState.WITHDRAWN: "over",
        RequestState.ANSWERED: "quiet",
        RequestState.ACCEPTED: "good",
    }
)


@dataclass(frozen=True, slots=True)
class Registered:
    """The column "unit registers" of one cell: the figure or sign in short, the rest to be read."""

    shown: str
    tone: str
    notes: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class Asking:
    """The asking on a plan's page: until when it goes on (None: it is over), and how many figures need an answer."""

    until: date | None
    left: int


@dataclass(frozen=True)
class DissentView:
    """A figure that a receiver proposes, with its reason, and what became of it."""

    unit: str
    indicator: str
    asked: str
    proposed: str
    reason: str
    said: str
    answer: str
    answer_text: str
    answered: str
    final: str
    settled: bool


@dataclass
class IndicatorVoices:
    """Who agreed on an indicator, and who said nothing."""

    name: str
    agreed: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class OpinionTable:
    """A summary of opinions laid out: counts of figures, the dissents one by one, the others by indicator."""

    agreed: int
    proposed: int
    silent: int
    dissents: list[DissentView]
    voices: list[IndicatorVoices]


def lay_out_opinions(summary: Sequence[Mapping[str, Any]]) -> OpinionTable | None:
    """A summary as services/opinion.py makes it, now or frozen with a submission; None where nobody was asked."""
    if not summary:
        return None
    voices: dict[int, IndicatorVoices] = {}
    counted = {"agreed": 0, "proposed": 0, "silent": 0}
    dissents = []
    for entry in summary:
        counted[entry["word"]] += 1
        name = entry["indicator"] if in_vietnamese() else entry["indicator_en"] or entry["indicator"]
        heard = voices.setdefault(entry["indicator_id"], IndicatorVoices(name))
        if entry["word"] == "proposed":
            dissents.append(_dissent(entry, name))
        elif entry["word"] == "agreed":
            heard.agreed.append(f"{entry['unit']}: {entry['reason']}" if entry["reason"] else entry["unit"])
        else:
            heard.silent.append(entry["unit"])
    return OpinionTable(**counted, dissents=dissents, voices=list(voices.values()))


def asking_of(opinions: Opinions, today: date) -> Asking | None:
    """Where the asking stands; None where the receivers were never asked."""
    newest = opinions.newest
    if newest is None:
        return None
    return Asking(newest.until if is_open(newest, today) else None, len(opinions.unsettled))


def registered(line: OpinionLine) -> Registered:
    """What the receiver registered, beside the input of its cell."""
    kind, word = line.indicator.kind, line.opinion
    notes = []
    if line.moved:
        notes.append(_("asked about: %(figure)s", figure=_figure(line.asked.target, line.asked.excuse, kind)))
    if word is None:
        return Registered(_("no opinion yet"), "quiet", tuple(notes), "")
    if word.proposed is None:
        return Registered(_("agrees ✓"), "good", tuple(notes), word.reason)
    if word.answer is not None:
        notes.append(answer_name(word.answer.value) if line.settled else _("taken up, but changed since"))
    return Registered(target(word.proposed, kind), "good" if line.settled else "attention", tuple(notes), word.reason)


def answer_name(answer: str | None) -> str:
    """What the preparer made of a dissent, in words."""
    return {
        None: _("not answered yet"),
        Answer.TAKEN_UP.value: _("taken up"),
        Answer.EXPLAINED.value: _("explained"),
    }[answer]


def figure_words(entry: tuple[int | None, str] | Sequence[Any] | None, kind: Kind) -> str:
    """A cell's content in words; a dash where there is no cell."""
    return NOTHING if entry is None else _figure(entry[0], entry[1], kind)


def _figure(value: int | None, excuse: str, kind: Kind) -> str:
    if value is not None:
        return target(value, kind)
    return _("not assigned (%(reason)s)", reason=excuse) if excuse else _("no figure yet")


def _dissent(entry: Mapping[str, Any], name: str) -> DissentView:
    kind = Kind(entry["kind"])
    changed = entry["answer"] == Answer.TAKEN_UP.value and not entry["settled"]
    return DissentView(
        unit=entry["unit"],
        indicator=name,
        asked=figure_words(entry["asked"], kind),
        proposed=target(entry["proposed"], kind),
        reason=entry["reason"],
        said=_("%(who)s, %(moment)s", who=entry["by"], moment=_at(entry["at"])),
        answer=_("taken up, but changed since") if changed else answer_name(entry["answer"]),
        answer_text=entry["answer_text"],
        answered=_("%(who)s, %(moment)s", who=entry["answered_by"], moment=_at(entry["answered_at"]))
        if entry["answer"]
        else "",
        final=figure_words(entry["final"], kind),
        settled=entry["settled"],
    )


def _at(text: str | None) -> str:
    return moment(datetime.fromisoformat(text) if text else None)


@dataclass(frozen=True)
class RequestView:
    """A request for adjustment as both sides read it. ``moved``: what is in force now, where that has changed."""

    id: int
    plan_id: int
    unit: str
    indicator: str
    asked_of: str
    proposed: str
    reason: str
    said: str
    state: str
    tone: str
    open: bool
    answer: str
    answered: str
    moved: str
    revision: Plan | None


def lay_out_requests(lines: Sequence[RequestLine]) -> list[RequestView]:
    """The requests in words, in the order given."""
    return [_request(line) for line in lines]


def _request(line: RequestLine) -> RequestView:
    request, kind = line.request, line.indicator.kind
    moved = line.in_force is not None and line.in_force != line.asked_of
    return RequestView(
        id=request.id,
        plan_id=request.plan_id,
        unit=request.unit.name,
        indicator=localized(line.indicator, "name"),
        asked_of=figure_words((line.asked_of.target, line.asked_of.excuse), kind),
        proposed=target(request.proposed, kind),
        reason=request.reason,
        said=_("%(who)s, %(moment)s", who=request.account.name, moment=moment(request.at)),
        state={
            RequestState.OPEN: _("waits for an answer"),
            RequestState.WITHDRAWN: _("withdrawn"),
            RequestState.ANSWERED: _("not followed"),
            RequestState.ACCEPTED: _("accepted, in a revision"),
        }[request.state],
        tone=REQUEST_TONES[request.state],
        open=request.state is RequestState.OPEN,
        answer=request.answer,
        answered=_("%(who)s, %(moment)s", who=request.answered_by.name, moment=moment(request.answered_at))
        if request.answered_by
        else "",
        moved=figure_words((line.in_force.target, line.in_force.excuse), kind) if line.in_force and moved else "",
        revision=line.revision,
    )
