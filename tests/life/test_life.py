"""Random lives of plans: random people take random acts, and what must never break is looked at after every one.

``LIFE_RUNS`` lives of ``LIFE_STEPS`` steps on each database (60 of 30 without being asked), always the same ones unless
``LIFE_SEED`` is given. Refusals are part of life; whatever is no refusal of ours, or leaves something behind when it
refuses, fails.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

from flask import Flask
from hypothesis import HealthCheck, Phase, note, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.errors import AllocappError
from allocapp.models.campaign import Authority
from allocapp.models.job import Job, JobState
from allocapp.rules.workflow import CampaignState, PlanState
from allocapp.services.cascade import plans_to_recheck, recheck_plan
from allocapp.services.issue import RECHECK_JOB
from allocapp.services.journal_chain import chain_events
from tests.factories import NOW, World
from tests.life.acts import Acting, Nothing, Targets, act
from tests.life.people import LOGINS, UNITS, make_deep_world, set_authority
from tests.life.road import drive, next_step, take_step, usual_person
from tests.life.stored import Stored
from tests.life.watch import Watch

RUNS, STEPS = int(os.environ.get("LIFE_RUNS", "60")), int(os.environ.get("LIFE_STEPS", "30"))
SEED = os.environ.get("LIFE_SEED")

# what the lives must have come across, or they prove nothing about it
MUST_HAPPEN = {"issued", "issued revision", "superseded", "revoked", "approval lapsed", "out of balance", "refused"}
# and what those without a seed, which are always the same, come across besides
ALSO_HAPPENS = {
    "discarded", "returned", "in_house", "in_review", "approved in another's place",
    "SubmitterMayNotApprove", "StaleVersion", "ContentChanged", "TransitionNotAllowed", "Forbidden", "NotFound",
    "UnbalancedPlan", "CampaignNotOpen", "ReviewedByOther", "RevisionUnderWay", "SignatureClaimed",
}  # fmt: skip

WITH_TARGETS = {"save", "save_in_force", "submit", "propose", "ask_for_less"}
PERMITTED_WHEN_CLOSED = {"delegate", "end_lending", "render"}

# what may come next, each as likely beside the others as it is written
TURNS = (
    *(["go_on"] * 14 + ["try_act"] * 12 + ["do_all_alone"] * 2 + ["lend"] * 3 + ["sign_twice"] * 2),
    *(["review_together"] * 2 + ["give_up"] + ["time_passes"] * 3 + ["check_again"] * 4 + ["chain"] * 2),
    *("extend", "close"),
)
ACTS = (
    *("save", "save", "save_in_force", "submit", "submit", "withdraw", "take", "take", "return_", "approve", "reopen"),
    *("hand_back", "take_over", "recall", "agree", "send_back", "proceed", "propose", "propose", "accept"),
    *("refuse_weight", "amend", "replace", "discard", "order", "withdraw_order", "ask_for_less", "grant_less"),
    *("number", "render", "claim", "claim", "complete", "complete", "refuse", "open"),
)
PLACES = ("nothing", "province", "districts", "all", "moving")


@dataclass(frozen=True)
class Turn:
    """One turn in a life: what happens, about whose plan, by whom (None: who usually does), and what they type."""

    kind: str
    name: str
    unit: str
    login: str | None
    other: str
    typed: Targets
    change: str
    often: int
    outdated: bool


def turn_of(number: int, place: int) -> Turn:
    """The turn that a number means at its place in a life.

    Choices one inside the other would keep to their beginnings, and the same number often comes again in one life.
    """
    chance = Random(f"{number} {place}")
    odd = Targets(chance.choice((0, 500, -500)), chance.randrange(8), chance.choice((None, 0, 7000, 9500)))
    return Turn(
        kind=chance.choice(TURNS),
        name=chance.choice(ACTS),
        unit=chance.choice(UNITS),
        login=None if chance.random() < 0.75 else chance.choice(LOGINS),
        other=chance.choice(LOGINS),
        typed=chance.choice((Targets(), Targets(), Targets(500), odd)),
        change=chance.choice(("amend", "replace", "replace", "order")),
        often=chance.randint(1, 3),
        outdated=chance.random() < 0.1,
    )


def start_of(number: int) -> tuple[str, Authority]:
    """Where a life begins, and what the superior's word is worth in it."""
    chance = Random(number)
    place = chance.choice(PLACES)
    # that is settled before anybody submits
    free = place in ("nothing", "province")
    return place, chance.choice(list(Authority)) if free else Authority.APPROVES


numbers = st.integers(0, 2**48 - 1)


@dataclass
class Prepared:
    """A world and what it was kept as at several places on its road."""

    world: World
    keys: Path
    places: dict[str, Stored]


def prepare(keys: Path) -> Prepared:
    """From nothing at all to a province about to take its first plan out of force."""
    acting = Acting(make_deep_world(keys), keys, NOW)
    places = {"nothing": Stored()}
    drive(acting, "P", PlanState.ISSUED)
    places["province"] = Stored()
    drive(acting, "A", PlanState.ISSUED)
    drive(acting, "B", PlanState.APPROVED)
    places["districts"] = Stored()
    drive(acting, "A1", PlanState.ISSUED)
    drive(acting, "B", PlanState.ISSUED)
    places["all"] = Stored()
    drive(acting, "P", PlanState.DRAFT)
    act(acting, "submit", "P", "p.preparer", targets=Targets(500))
    drive(acting, "P", PlanState.APPROVED)
    drive(acting, "A", PlanState.APPROVED)
    act(acting, "number", "P", "p.clerk")
    places["moving"] = Stored()
    return Prepared(acting.world, keys, places)


class Life(RuleBasedStateMachine):
    """One life. The prepared worlds and the counts are those of all lives of a test."""

    prepared: Prepared
    seen: Counter[str]

    @initialize(start=numbers.map(start_of))
    def begin(self, start: tuple[str, Authority]) -> None:
        """Put the world back to a place on its road."""
        place, self.authority = start
        self.prepared.places[place].put_back()
        set_authority(self.prepared.world, self.authority)
        self.acting = Acting(self.prepared.world, self.prepared.keys, NOW + timedelta(hours=1))
        self.watch = Watch(self.prepared.world.campaign, self.seen)
        self.seen["lives"] += 1
        self.turns = 0

    @rule(number=numbers)
    def live(self, number: int) -> None:
        """Whatever the turn says; 0 leaves a turn out, so that what fails can be told with few."""
        self.turns += 1
        if not number:
            return
        turn = turn_of(number, self.turns)
        note(f"turn {self.turns}: {turn}")
        self.acting.now += timedelta(minutes=1)
        perform: Callable[[Turn], None] = getattr(self, turn.kind)
        perform(turn)

    def go_on(self, turn: Turn) -> None:
        """The people whose turn it is take some steps."""
        for _ in range(min(turn.often, 2)):
            step = next_step(self.acting, turn.unit, self.authority, turn.typed, turn.change)
            db.session.rollback()
            if not self.attempt(step.name, partial(take_step, self.acting, turn.unit, step)):
                return

    def try_act(self, turn: Turn) -> None:
        """Anybody tries anything."""
        login = turn.login or usual_person(self.acting, turn.name, turn.unit, self.authority)
        self._act(turn.name, turn.unit, login, outdated=turn.outdated, typed=turn.typed)

    def do_all_alone(self, turn: Turn) -> None:
        """One person submits and approves, or tries to."""
        login, unit = turn.login or "both", "P" if turn.unit == "P" else "A"
        self._act("replace", unit, login)
        self._act("submit", unit, login, typed=Targets())
        self._act("approve", unit, login)

    def lend(self, turn: Turn) -> None:
        """A role is lent for the day, and used at once where it can be."""
        owner = turn.login or usual_person(self.acting, "approve", turn.unit, self.authority)
        self._act("submit", turn.unit, f"{turn.unit.lower()}.preparer", typed=turn.typed)
        if self._act("delegate", turn.unit, owner, to=turn.other):
            self._act("approve", turn.unit, turn.other)

    def review_together(self, turn: Turn) -> None:
        """One takes the plan into review, another decides, or takes it over first."""
        self._act("submit", turn.unit, f"{turn.unit.lower()}.preparer", typed=turn.typed)
        self._act("take", turn.unit, usual_person(self.acting, "take", turn.unit, self.authority))
        self._act("take_over" if turn.often == 1 else "approve", turn.unit, turn.login or "p.approver2")

    def give_up(self, turn: Turn) -> None:
        """A revision is begun and given up again."""
        login = f"{turn.unit.lower()}.preparer"
        self._act(turn.change, turn.unit, login)
        self._act("discard", turn.unit, login)

    def sign_twice(self, turn: Turn) -> None:
        """Somebody signs or seals, and before they are done somebody does it again."""
        usual = f"{turn.unit.lower()}.{'leader' if turn.often > 1 else 'clerk'}"
        for login in (usual, turn.login or usual):
            self._act("claim", turn.unit, login)

    def time_passes(self, turn: Turn) -> None:
        """Claims lapse, roles that were lent end; somebody takes back what they lent before."""
        self.acting.now += timedelta(minutes=10) if turn.often > 1 else timedelta(days=1)
        self._act("end_lending", turn.unit, turn.other)

    def check_again(self, turn: Turn) -> None:
        """The jobs of the cascade, also twice."""
        waiting = (Job.name == RECHECK_JOB) & (Job.state == JobState.WAITING)
        jobs = [(job.id, job.subject_id) for job in db.session.scalars(select(Job).where(waiting))]
        for _, plan_id in jobs * (1 + turn.often % 2):
            for found in plans_to_recheck(plan_id):
                with transaction():
                    recheck_plan(found, now=self.acting.now)
        with transaction() as session:
            for job_id, _ in jobs:
                session.get_one(Job, job_id).state = JobState.DONE
        self.watch.look()
        self.watch.flags()

    def chain(self, turn: Turn) -> None:
        """The job of the journal, in one go or by parts."""
        with transaction():
            chain_events(now=self.acting.now, limit=3 if turn.outdated else 500)
        self.watch.chain()

    def extend(self, turn: Turn) -> None:
        """A deadline is put off for one unit."""
        self._act("extend", turn.unit, turn.login or "p.administrator")

    def close(self, turn: Turn) -> None:
        """The campaign is closed for good, which only happens to few."""
        self._act("close" if turn.often == 1 else "extend", turn.unit, "p.administrator")

    def _act(self, name: str, unit: str, login: str, *, outdated: bool = False, **more: object) -> bool:
        if name in WITH_TARGETS:
            more = {"targets": more.pop("typed", Targets())}
        else:
            more.pop("typed", None)
        return self.attempt(name, partial(act, self.acting, name, unit, login, outdated=outdated, **more))

    def attempt(self, name: str, perform: Callable[[], None]) -> bool:
        """Whether it was done. A refusal leaves everything as it was, and so does anything in a closed campaign."""
        closed = self.watch.campaign is CampaignState.CLOSED
        try:
            perform()
        except Nothing:
            return False
        except AllocappError as refusal:
            self.seen["refused"] += 1
            self.seen[type(refusal).__name__] += 1
            if name != "sign":  # what was claimed before stays claimed
                self.watch.unchanged(f"{name}: {refusal!r}")
                return False
            done = False
        else:
            self.seen[f"did {name}"] += 1
            assert not closed or name in PERMITTED_WHEN_CLOSED, f"{name} in a closed campaign"
            done = True
        self.watch.look()
        self.watch.chain()
        return done

    def teardown(self) -> None:
        """In the end everything is chained, and every link holds."""
        db.session.rollback()
        if hasattr(self, "watch"):
            with transaction():
                chain_events(now=self.acting.now, limit=5000)
            self.watch.chain()


def test_random_lives(database: Flask, tmp_path: Path) -> None:
    class Lived(Life):
        prepared = prepare(tmp_path)
        seen: Counter[str] = Counter()

    if SEED is not None:
        seed(int(SEED))(Lived)
    run_state_machine_as_test(
        Lived,
        settings=settings(
            max_examples=RUNS,
            stateful_step_count=STEPS,
            deadline=None,
            database=None,
            derandomize=SEED is None,
            print_blob=False,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )
    assert Lived.seen["lives"] >= RUNS
    wanted = set() if RUNS < 60 else MUST_HAPPEN if SEED is not None else MUST_HAPPEN | ALSO_HAPPENS
    missing = wanted - {name for name, number in Lived.seen.items() if number}
    assert not missing, f"never came about in {RUNS} lives: {sorted(missing)}; {dict(Lived.seen)}"
