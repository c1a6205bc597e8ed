"""Asking the receivers first: a draft is sent to them, each says a word on its own figures, each dissent is answered.

What is asked is kept as it was asked: the draft may be changed meanwhile, and the page then says so. A receiver sees
nothing but its own row. Of a receiver's words on a figure the newest counts; an agreement only in its own round,
because it agrees with what was asked there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from allocapp.access import ALLOWED, Action, may_at_unit
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import (
    ContentChanged,
    InvalidCount,
    NotFound,
    OpinionDateNotAllowed,
    OpinionsClosed,
    OpinionsOpen,
    OpinionsUnanswered,
    PercentOutOfRange,
    ReasonRequired,
    TextTooLong,
)
from allocapp.models.account import Account, Delegation, Grant
from allocapp.models.campaign import Indicator, StageName
from allocapp.models.event import Subject
from allocapp.models.notice import NoticeKind
from allocapp.models.opinion import Answer, Opinion, OpinionRound
from allocapp.models.plan import Plan
from allocapp.models.review import PlanSubmission
from allocapp.models.unit import Unit
from allocapp.rules.balance import Kind
from allocapp.rules.content import content_hash
from allocapp.rules.deadline import FURTHEST
from allocapp.rules.percent import HUNDRED_PERCENT, MAX_COUNT, format_count, format_percent
from allocapp.rules.workflow import PlanAction
from allocapp.services.cell import stored_cells, write_cells
from allocapp.services.journal import record_event
from allocapp.services.notice import notify
from allocapp.services.road import load_for
from allocapp.services.sheet import Entry, Key, receivers_in_order
from allocapp.services.stage import due_day

TEXT_LIMIT = 1000


@dataclass(frozen=True)
class OpinionLine:
    """A figure that was asked about: as it was asked, as it stands in the plan now, and the receiver's word on it.

    ``current`` is None where the plan has no such cell any more; ``number`` is the round of the word, or the newest.
    """

    unit: Unit
    indicator: Indicator
    number: int
    asked: Entry
    current: Entry | None
    opinion: Opinion | None

    @property
    def moved(self) -> bool:
        """Whether the figure was changed since it was asked about."""
        return self.current != self.asked

    @property
    def dissent(self) -> bool:
        """Whether the receiver proposes another figure."""
        return self.opinion is not None and self.opinion.proposed is not None

    @property
    def settled(self) -> bool:
        """Whether nothing is left to answer. Taken up means that the figure stands in the plan, and still does."""
        if self.opinion is None or not self.dissent:
            return True
        if self.opinion.answer is Answer.TAKEN_UP:
            return self.current is not None and self.current.target == self.opinion.proposed
        return self.opinion.answer is Answer.EXPLAINED

    @cached_property
    def stamp(self) -> str:
        """What an answer is bound to: the word and the plan's figure as they were shown."""
        word = self.opinion
        return content_hash(
            {
                "word": [word.id, word.proposed, word.reason, word.at.isoformat()] if word else None,
                "current": [self.current.target, self.current.excuse] if self.current else None,
            }
        )


@dataclass(frozen=True)
class Opinions:
    """Every round of a plan, oldest first, and what has come of it, in the order of the sheet."""

    rounds: tuple[OpinionRound, ...]
    lines: tuple[OpinionLine, ...]

    @property
    def newest(self) -> OpinionRound | None:
        """The round that counts."""
        return self.rounds[-1] if self.rounds else None

    @cached_property
    def by_key(self) -> dict[Key, OpinionLine]:
        """The lines by unit id and indicator id."""
        return {(line.unit.id, line.indicator.id): line for line in self.lines}

    @property
    def unsettled(self) -> tuple[OpinionLine, ...]:
        """The dissents that still need an answer."""
        return tuple(line for line in self.lines if not line.settled)


def is_open(asked: OpinionRound, today: date) -> bool:
    """Whether words are still taken: until the end of its day, unless it was ended before."""
    return asked.closed_at is None and today <= asked.until


def ask_opinions(plan_id: int, *, until: date, version: int, actor: Account, now: datetime) -> OpinionRound:
    """Send the draft as it stands to its receivers for their opinions until the end of a day.

    Raises OpinionDateNotAllowed, OpinionsOpen while they are being asked, StaleVersion, CampaignNotOpen,
    TransitionNotAllowed, NotFound, Forbidden.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now, version=version)
    today = local_day(now)
    last = today + FURTHEST
    if not today <= until <= last:
        raise OpinionDateNotAllowed(today, last)
    before = _newest_round(plan)
    if before is not None and before.closed_at is None:
        if is_open(before, today):
            raise OpinionsOpen(before.until)
        _close(plan, before, actor=None, now=now)
        db.session.flush()  # of two rounds at most one may be open, also for a moment
    cells = stored_cells(plan)
    asked = OpinionRound(
        plan_id=plan.id,
        number=before.number + 1 if before else 1,
        opened_at=now,
        opened_by_id=actor.id,
        until=until,
        closed_at=None,
        asked={f"{unit}-{indicator}": [cell.target, cell.excuse] for (unit, indicator), cell in cells.items()},
    )
    db.session.add(asked)
    db.session.flush()  # its id is the occasion's name
    day = f"{until:%d/%m/%Y}"
    record_event(Subject.PLAN, plan.id, "ask_opinions", actor=actor, now=now, unit_id=plan.unit_id, reason=day)
    people = {person.id: person for found in speakers({unit for unit, _ in cells}, today).values() for person in found}
    notify(
        NoticeKind.OPINION_ASKED,
        people.values(),
        key=f"opinion_asked:{asked.id}",
        now=now,
        but=actor,
        plan=plan,
        words={"until": until.isoformat()},
    )
    return asked


def close_opinions(plan_id: int, *, actor: Account, now: datetime) -> OpinionRound:
    """End the asking before its day. Raises OpinionsClosed where nothing is being asked, and as load_for does."""
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    asked = _newest_round(plan)
    if asked is None or not is_open(asked, local_day(now)):
        raise OpinionsClosed
    _close(plan, asked, actor=actor, now=now)
    return asked


def answer_opinion(
    plan_id: int, opinion_id: int, *, answer: Answer, text: str, seen: str, actor: Account, now: datetime
) -> Opinion:
    """Take a receiver's figure up, which writes it into the plan, or explain why not. An answer can be replaced.

    ``seen`` is the stamp of the line that the person looked at. Raises ContentChanged when the word or the plan's
    figure moved since, ReasonRequired for an explanation without words, TextTooLong, and as load_for does.
    """
    plan = load_for(plan_id, PlanAction.SAVE, actor, now)
    line = next((line for line in read_opinions(plan).lines if line.opinion and line.opinion.id == opinion_id), None)
    if line is None or line.opinion is None or line.opinion.proposed is None:
        raise ContentChanged if _is_of(plan, opinion_id) else NotFound
    if line.stamp != seen:
        raise ContentChanged
    text = checked_text(text, required=answer is Answer.EXPLAINED)
    word = line.opinion
    if answer is Answer.TAKEN_UP:
        _take_up(plan, line, word.proposed, actor=actor, now=now)
    word.answer, word.answer_text, word.answered_by, word.answered_at = answer, text, actor, now
    told = f"{line.unit.name} · {line.indicator.short_name}: {written(line.indicator, word.proposed)}"
    told = f"{told}. {text}" if text else told
    record_event(Subject.PLAN, plan.id, "answer_opinion", actor=actor, now=now, unit_id=plan.unit_id, reason=told)
    return word


def require_opinions_settled(plan: Plan, *, actor: Account, now: datetime) -> None:
    """What leaving the draft asks for: nobody is being asked any more, and every dissent is answered.

    A round whose day is over is ended here. Raises OpinionsOpen, OpinionsUnanswered with the units' names.
    """
    opinions = read_opinions(plan)
    asked = opinions.newest
    if asked is None:
        return
    if is_open(asked, local_day(now)):
        raise OpinionsOpen(asked.until)
    if asked.closed_at is None:
        _close(plan, asked, actor=None, now=now)
    if names := tuple(dict.fromkeys(line.unit.name for line in opinions.unsettled)):
        raise OpinionsUnanswered(names)


def read_opinions(plan: Plan) -> Opinions:
    """The plan's rounds and lines, in a number of statements that does not depend on the number of receivers."""
    rounds = tuple(
        db.session.scalars(select(OpinionRound).where(OpinionRound.plan_id == plan.id).order_by(OpinionRound.number))
    )
    if not rounds:
        return Opinions((), ())
    newest = rounds[-1]
    words = _words_that_count(newest, rounds)
    numbers = {asked.id: asked for asked in rounds}
    current = {key: Entry(cell.target, cell.excuse) for key, cell in stored_cells(plan).items()}
    asked_units = {unit_id for unit_id, _ in asked_keys(newest)}
    lines = []
    for unit in receivers_in_order(asked_units):
        for column in plan.campaign.indicators:
            key = (unit.id, column.indicator_id)
            word = words.get(key)
            asked_in = numbers[word.round_id] if word else newest
            entry = asked_entry(asked_in, key)
            if entry is not None:
                line = OpinionLine(unit, column.indicator, asked_in.number, entry, current.get(key), word)
                lines.append(line)
    return Opinions(rounds, tuple(lines))


def opinion_summary(plan: Plan) -> list[dict[str, object]]:
    """The summary of opinions as it is attached to a submission: plain values, one entry for each figure asked about.

    Empty where the receivers were not asked. ``word`` is agreed, proposed or silent.
    """
    return sum_up(read_opinions(plan))


def attached_summary(plan: Plan) -> list[dict[str, object]]:
    """The summary as it was attached to the plan's newest submission; empty before the first, or where none was."""
    statement = select(PlanSubmission.opinions).where(PlanSubmission.plan_id == plan.id)
    return db.session.scalar(statement.order_by(PlanSubmission.number.desc()).limit(1)) or []


def sum_up(opinions: Opinions) -> list[dict[str, object]]:
    """The summary of what was read."""
    return [_summed_up(line) for line in opinions.lines]


def usual_day(plan: Plan, today: date) -> date | None:
    """The day until which receivers are usually asked: the campaign's own, where it has one and that is not over."""
    due = due_day(plan.campaign, StageName.UNITS_ANSWER, plan.unit_id)
    return due if due is not None and today <= due else None


def speakers(unit_ids: Iterable[int], today: date) -> dict[int, list[Account]]:
    """Who may give the opinion of each of the units, delegates among them; a unit without anybody is left out."""
    ids = sorted(set(unit_ids))
    roles = [role for role, actions in ALLOWED.items() if Action.GIVE_OPINION in actions]
    grants = select(Grant.id).where(Grant.unit_id.in_(ids), Grant.role.in_(roles))
    held = select(Grant.account_id).where(Grant.id.in_(grants))
    lent = select(Delegation.account_id).where(Delegation.grant_id.in_(grants))
    people = db.session.scalars(
        select(Account).where(Account.active, or_(Account.id.in_(held), Account.id.in_(lent))).order_by(Account.id)
    ).all()
    units = db.session.scalars(select(Unit).where(Unit.id.in_(ids))).all()
    found = {
        unit.id: [person for person in people if may_at_unit(person, Action.GIVE_OPINION, unit, today)]
        for unit in units
    }
    return {unit_id: able for unit_id, able in found.items() if able}


def asked_keys(asked: OpinionRound) -> list[Key]:
    """The cells that the round asks about."""
    pairs = (text.split("-") for text in asked.asked)
    return [(int(unit_id), int(indicator_id)) for unit_id, indicator_id in pairs]


def asked_entry(asked: OpinionRound, key: Key) -> Entry | None:
    """What was asked about a cell; None where the round does not ask about it."""
    found = asked.asked.get(f"{key[0]}-{key[1]}")
    if found is None:
        return None
    target, excuse = found
    return Entry(target if isinstance(target, int) else None, str(excuse))


def require_figure(indicator: Indicator, value: int) -> None:
    """A figure is a share of at most the whole, or a count. Raises PercentOutOfRange, InvalidCount."""
    if value < 0 or value > MAX_COUNT:
        raise InvalidCount(str(value))
    if indicator.kind is Kind.RATE and value > HUNDRED_PERCENT:
        raise PercentOutOfRange(format_percent(value))


def written(indicator: Indicator, value: int | None) -> str:
    """A figure as the journal keeps it."""
    if value is None:
        return "–"
    return format_percent(value) if indicator.kind is Kind.RATE else format_count(value)


def checked_text(text: str, *, required: bool) -> str:
    """The text without blanks around it. Raises ReasonRequired, TextTooLong."""
    text = text.strip()
    if required and not text:
        raise ReasonRequired
    if len(text) > TEXT_LIMIT:
        raise TextTooLong(TEXT_LIMIT)
    return text


def _newest_round(plan: Plan) -> OpinionRound | None:
    statement = select(OpinionRound).where(OpinionRound.plan_id == plan.id).order_by(OpinionRound.number.desc())
    return db.session.scalar(statement.limit(1))


def _close(plan: Plan, asked: OpinionRound, *, actor: Account | None, now: datetime) -> None:
    asked.closed_at = now
    record_event(Subject.PLAN, plan.id, "close_opinions", actor=actor, now=now, unit_id=plan.unit_id)


def _words_that_count(newest: OpinionRound, rounds: Sequence[OpinionRound]) -> Mapping[Key, Opinion]:
    """The newest word on each figure; an agreement of an earlier round is none on what is asked now."""
    statement = (
        select(Opinion)
        .join(OpinionRound, OpinionRound.id == Opinion.round_id)
        .where(Opinion.round_id.in_([asked.id for asked in rounds]))
        .where(or_(Opinion.round_id == newest.id, Opinion.proposed.is_not(None)))
        .options(joinedload(Opinion.account), joinedload(Opinion.answered_by))
        .order_by(OpinionRound.number)
    )
    return {(word.unit_id, word.indicator_id): word for word in db.session.scalars(statement)}


def _is_of(plan: Plan, opinion_id: int) -> bool:
    """Whether the word is one on this plan: it then no longer counts, or became an agreement."""
    statement = (
        select(Opinion.id)
        .join(OpinionRound, OpinionRound.id == Opinion.round_id)
        .where(Opinion.id == opinion_id, OpinionRound.plan_id == plan.id)
    )
    return db.session.scalar(statement) is not None


def _take_up(plan: Plan, line: OpinionLine, proposed: int | None, *, actor: Account, now: datetime) -> None:
    key = (line.unit.id, line.indicator.id)
    if line.current is None:
        raise NotFound  # the receiver is none any more: there is no cell to write to
    if line.current != Entry(proposed):
        write_cells(plan, stored_cells(plan), {key: Entry(proposed)}, actor=actor, now=now)


def _summed_up(line: OpinionLine) -> dict[str, object]:
    word = line.opinion
    spoken = "silent" if word is None else "proposed" if line.dissent else "agreed"
    return {
        "round": line.number,
        "unit_id": line.unit.id,
        "unit": line.unit.name,
        "indicator_id": line.indicator.id,
        "indicator": line.indicator.short_name,
        "indicator_en": line.indicator.short_name_en,
        "kind": line.indicator.kind.value,
        "asked": [line.asked.target, line.asked.excuse],
        "final": [line.current.target, line.current.excuse] if line.current else None,
        "word": spoken,
        "proposed": word.proposed if word else None,
        "reason": word.reason if word else "",
        "by": word.account.name if word else "",
        "at": word.at.isoformat() if word else None,
        "answer": word.answer.value if word and word.answer else None,
        "answer_text": word.answer_text if word else "",
        "answered_by": word.answered_by.name if word and word.answered_by else "",
        "answered_at": word.answered_at.isoformat() if word and word.answered_at else None,
        "settled": line.settled,
    }
