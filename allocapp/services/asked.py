"""A receiver's side of being asked: what it is asked, and nothing of what others are; its word on each of its figures.

Its own people speak for it. For a receiver nobody of whom has an account, the preparer enters what it said elsewhere,
and where that came from.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select

from allocapp.access import Action, held_grants, load_plan, may_at_unit
from allocapp.clock import local_day
from allocapp.db import db
from allocapp.errors import (
    NotFound,
    NothingToAgreeWith,
    OpinionsClosed,
    ReceiverSpeaksForItself,
    SourceRequired,
    TransitionNotAllowed,
    UnknownRow,
)
from allocapp.models.account import Account
from allocapp.models.campaign import Indicator
from allocapp.models.event import Subject
from allocapp.models.notice import NoticeKind
from allocapp.models.opinion import Opinion, OpinionRound
from allocapp.models.plan import Plan, PlanTarget
from allocapp.models.unit import Unit
from allocapp.rules.workflow import CampaignState, PlanAction, plan_actions
from allocapp.services.journal import record_event
from allocapp.services.notice import notify, people_with
from allocapp.services.opinion import asked_entry, asked_keys, checked_text, is_open, require_figure, speakers, written
from allocapp.services.road import require_open
from allocapp.services.sheet import Entry, read_cells


@dataclass(frozen=True)
class Word:
    """What a receiver says of a figure: it agrees (``proposed`` None), or proposes another one with a reason."""

    proposed: int | None
    reason: str = ""


@dataclass(frozen=True)
class AskedFigure:
    """One figure that a receiver is asked about, with what belongs to its own row, and its word so far."""

    indicator: Indicator
    entry: Entry
    weight: int
    baseline: int | None
    baseline_numerator: int
    word: Opinion | None


@dataclass(frozen=True)
class Asked:
    """What one receiver is asked in a round. ``open``: it may say or change its word today."""

    round: OpinionRound
    plan: Plan
    unit: Unit
    figures: tuple[AskedFigure, ...]
    open: bool


@dataclass(frozen=True)
class AskedLine:
    """A round that one unit was asked in. ``complete``: it said a word on every figure; ``open``: it still may."""

    round: OpinionRound
    plan: Plan
    unit: Unit
    complete: bool
    open: bool


def give_opinions(
    round_id: int,
    unit_id: int,
    words: Mapping[int, Word],
    *,
    source: str | None = None,
    actor: Account,
    now: datetime,
) -> OpinionRound:
    """Say a receiver's word on its figures, by indicator id. It may be changed until the round is over.

    ``source``: where the word came from, when the preparer enters it for a receiver without an account; None when the
    receiver's own people speak. A figure that equals the one asked about is an agreement. Said again, nothing changes.

    Raises OpinionsClosed, NothingToAgreeWith, UnknownRow, PercentOutOfRange, InvalidCount, ReasonRequired, TextTooLong,
    SourceRequired, ReceiverSpeaksForItself, CampaignNotOpen, NotFound, Forbidden.
    """
    asked, plan, unit = _load(round_id, unit_id, actor, now, behalf=source is not None)
    if source is not None and not checked_text(source, required=False):
        raise SourceRequired
    _require_asking(asked, plan, now)
    said = _words_of(asked, unit)
    figures = {column.indicator_id: column.indicator for column in plan.campaign.indicators}
    told = []
    for indicator_id, word in words.items():
        entry = asked_entry(asked, (unit.id, indicator_id))
        if entry is None:
            raise UnknownRow(((unit.id, indicator_id),))
        if word.proposed is not None:
            require_figure(figures[indicator_id], word.proposed)
        word = _settled(word, entry, source)
        before = said.get(indicator_id)
        if before is not None and (before.proposed, before.reason) == (word.proposed, word.reason):
            continue
        _write(asked, unit, indicator_id, before, word, actor=actor, now=now)
        told.append(_told(figures[indicator_id], entry, word))
    if told:
        text = "\n".join([unit.name, *told])
        record_event(Subject.PLAN, plan.id, "give_opinion", actor=actor, now=now, unit_id=plan.unit_id, reason=text)
        _tell_when_all_are_in(asked, plan, actor=actor, now=now)
    return asked


def load_asked(account: Account, round_id: int, unit_id: int, *, now: datetime) -> Asked:
    """What the unit is asked, for those who speak for it. Raises NotFound to everybody else."""
    asked, plan, unit = _load(round_id, unit_id, account, now, behalf=False, lock=False)
    return _asked(asked, plan, unit, local_day(now))


def load_asked_on_behalf(account: Account, plan_id: int, unit_id: int, *, now: datetime) -> Asked:
    """What a receiver without an account is asked in the plan's newest round, for the preparer who enters its word.

    Raises NotFound, Forbidden, ReceiverSpeaksForItself.
    """
    plan = load_plan(account, plan_id, Action.EDIT_PLAN, today=local_day(now))
    newest = db.session.scalar(
        select(OpinionRound).where(OpinionRound.plan_id == plan.id).order_by(OpinionRound.number.desc()).limit(1)
    )
    if newest is None:
        raise NotFound
    asked, plan, unit = _load(newest.id, unit_id, account, now, behalf=True, lock=False)
    return _asked(asked, plan, unit, local_day(now))


def list_asked(account: Account, *, today: date) -> list[AskedLine]:
    """Every round that units of the account were asked in, newest first, in a fixed number of statements."""
    units = {
        grant.unit_id: grant.unit
        for grant in held_grants(account, today)
        if may_at_unit(account, Action.GIVE_OPINION, grant.unit, today)
    }
    if not units:
        return []
    with_rows = select(PlanTarget.plan_id).where(PlanTarget.unit_id.in_(units))
    rounds = db.session.execute(
        select(OpinionRound, Plan)
        .join(Plan, Plan.id == OpinionRound.plan_id)
        .where(Plan.id.in_(with_rows))
        .order_by(OpinionRound.id.desc())
    ).all()
    said = db.session.execute(
        select(Opinion.round_id, Opinion.unit_id, func.count())
        .where(Opinion.unit_id.in_(units))
        .group_by(Opinion.round_id, Opinion.unit_id)
    )
    words = {(round_id, unit_id): number for round_id, unit_id, number in said}
    lines = []
    for asked, plan in rounds:
        figures = Counter(unit_id for unit_id, _ in asked_keys(asked))
        for unit_id in sorted(figures.keys() & units.keys()):
            complete = words.get((asked.id, unit_id), 0) == figures[unit_id]
            lines.append(AskedLine(asked, plan, units[unit_id], complete, _takes_words(asked, plan, today)))
    return lines


def silent_without_account(unit_ids: Sequence[int], today: date) -> frozenset[int]:
    """Those of the units that nobody speaks for: their words can be entered by the preparer."""
    return frozenset(unit_ids) - speakers(unit_ids, today).keys()


def _load(
    round_id: int, unit_id: int, account: Account, now: datetime, *, behalf: bool, lock: bool = True
) -> tuple[OpinionRound, Plan, Unit]:
    """The round, its plan (locked, so that a closing waits) and the receiver, for who may speak for it."""
    today = local_day(now)
    asked, unit = db.session.get(OpinionRound, round_id), db.session.get(Unit, unit_id)
    if asked is None or unit is None or unit.id not in {key[0] for key in asked_keys(asked)}:
        raise NotFound
    if behalf:
        plan = load_plan(account, asked.plan_id, Action.EDIT_PLAN, today=today, lock=lock)
        if speakers([unit.id], today):
            raise ReceiverSpeaksForItself(unit.name)
    else:
        if not may_at_unit(account, Action.GIVE_OPINION, unit, today):
            raise NotFound
        statement = select(Plan).where(Plan.id == asked.plan_id)
        if lock:
            statement = statement.with_for_update(of=Plan).execution_options(populate_existing=True)
        plan = db.session.scalars(statement).one()
    if lock:
        db.session.refresh(asked)  # it may have been ended while this waited for the plan
    return asked, plan, unit


def _require_asking(asked: OpinionRound, plan: Plan, now: datetime) -> None:
    require_open(plan.campaign)
    if PlanAction.SAVE not in plan_actions(plan.state):
        raise TransitionNotAllowed(plan.state, "give_opinion")
    if not is_open(asked, local_day(now)):
        raise OpinionsClosed


def _words_of(asked: OpinionRound, unit: Unit) -> dict[int, Opinion]:
    statement = select(Opinion).where(Opinion.round_id == asked.id, Opinion.unit_id == unit.id)
    return {word.indicator_id: word for word in db.session.scalars(statement)}


def _settled(word: Word, entry: Entry, source: str | None) -> Word:
    """The word as it is kept: checked, an equal figure as an agreement, the source before the reason."""
    if word.proposed is None and entry == Entry(None):
        raise NothingToAgreeWith
    dissent = word.proposed is not None and word.proposed != entry.target
    reason = checked_text(word.reason, required=dissent)
    if source is not None:
        reason = checked_text(f"({source.strip()}) {reason}", required=True)
    return Word(word.proposed if dissent else None, reason)


def _write(
    asked: OpinionRound,
    unit: Unit,
    indicator_id: int,
    before: Opinion | None,
    word: Word,
    *,
    actor: Account,
    now: datetime,
) -> None:
    """Keep the word in place of the one before; an answer to that one is none to this."""
    kept = before or Opinion(round_id=asked.id, unit_id=unit.id, indicator_id=indicator_id)
    kept.proposed, kept.reason, kept.account, kept.at = word.proposed, word.reason, actor, now
    kept.answer, kept.answer_text, kept.answered_by, kept.answered_at = None, "", None, None
    if before is None:
        db.session.add(kept)


def _tell_when_all_are_in(asked: OpinionRound, plan: Plan, *, actor: Account, now: datetime) -> None:
    db.session.flush()  # the words just said are counted too
    said = db.session.scalar(select(func.count()).select_from(Opinion).where(Opinion.round_id == asked.id))
    if said != len(asked.asked):
        return
    people = people_with(Action.EDIT_PLAN, plan.unit, today=local_day(now), campaign=plan.campaign)
    notify(NoticeKind.OPINIONS_IN, people, key=f"opinions_in:{asked.id}", now=now, but=actor, plan=plan)


def _asked(asked: OpinionRound, plan: Plan, unit: Unit, today: date) -> Asked:
    cells, words = read_cells(plan, unit.id), _words_of(asked, unit)
    figures = []
    for column in plan.campaign.indicators:
        entry = asked_entry(asked, (unit.id, column.indicator_id))
        if entry is None:
            continue
        # of the plan's cell only what is the receiver's own: never what the draft says now
        cell = cells.get((unit.id, column.indicator_id))
        figures.append(
            AskedFigure(
                indicator=column.indicator,
                entry=entry,
                weight=cell.weight if cell else 0,
                baseline=cell.baseline if cell else None,
                baseline_numerator=cell.baseline_numerator if cell else 0,
                word=words.get(column.indicator_id),
            )
        )
    return Asked(asked, plan, unit, tuple(figures), _takes_words(asked, plan, today))


def _takes_words(asked: OpinionRound, plan: Plan, today: date) -> bool:
    """Whether a word would be taken today: campaign, state and day."""
    drafting = PlanAction.SAVE in plan_actions(plan.state)
    return drafting and plan.campaign.state is CampaignState.OPEN and is_open(asked, today)


def _told(indicator: Indicator, entry: Entry, word: Word) -> str:
    """A word as the journal keeps it, in numbers."""
    told = f"{indicator.short_name}: {written(indicator, entry.target)}"
    told += " ✓" if word.proposed is None else f" → {written(indicator, word.proposed)}"
    return f"{told}. {word.reason}" if word.reason else told
