"""Every pair of requests that get in each other's way, in the orders their statements can come in.

On PostgreSQL both run on real connections, statement by statement (tests/life/turns.py). For each pair and each number
n from 0 to the last, one request runs its first n statements, then the other one runs to its end or until it waits for
a lock, then the first goes on; and the same with the two changed over. The commit counts as a statement.

That covers every order that can differ, as far as the two meet at one lock after which both hold the same rows: at READ
COMMITTED a statement sees of the other request only what has been committed, so that all that matters is how far one
request has come when the other commits, and which of them takes the lock first. Orders in which both go on in turns
without a commit between them are the same to both.

On SQLite a transaction that writes keeps all others out from its beginning, so that what remains are orders of whole
requests, each a page that is read and a form that is sent: all six, and besides at three moments of a request (when it
has just begun, in its middle, before its commit) the other one really begins, and waits.

What comes out is in each case what one request after the other would have brought about, whichever is first: the same
answers to both, and the same plans, targets, decisions, numbers, journal, notices and jobs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path

import pytest
from flask import Flask

from allocapp.errors import AllocappError
from allocapp.rules.workflow import PlanState
from allocapp.services.decision import Claim
from tests.conftest import empty_tables
from tests.factories import NOW
from tests.life.acts import Acting, Targets, act
from tests.life.pairs import PAIRS, Form, Pair, See
from tests.life.people import make_deep_world
from tests.life.road import drive
from tests.life.standing import standing
from tests.life.stored import Stored
from tests.life.turns import Turns, statement_by_statement
from tests.life.watch import Watch

Outcome = tuple[tuple[str, str], object]


class Stage:
    """The world at the places where pairs begin."""

    def __init__(self, keys: Path) -> None:
        self.acting = acting = Acting(make_deep_world(keys), keys, NOW)
        self.places: dict[str, tuple[Stored, list[Claim]]] = {}
        drive(acting, "P", PlanState.ISSUED)
        self._keep("nothing")
        act(acting, "open", "A", "a.preparer")
        act(acting, "save", "A", "a.preparer")
        self._keep("draft")
        act(acting, "open", "B", "b.preparer")
        act(acting, "submit", "B", "b.preparer")
        self._keep("in house")
        act(acting, "propose", "A", "a.preparer")
        drive(acting, "A", PlanState.SUBMITTED)
        self._keep("submitted")
        self._move_t()
        self._keep("T about to move")
        self.go_to("submitted")
        act(acting, "take", "A", "p.approver")
        self._keep("in review")
        drive(acting, "A", PlanState.APPROVED)
        self._keep("approved")
        act(acting, "number", "A", "a.clerk")
        self._keep("numbered")
        self._about_to_be_sealed("A", act_number=False)
        self._move_t()
        self._keep("both about to be sealed")
        self.go_to("approved")
        drive(acting, "A", PlanState.ISSUED)
        self._keep("in force")
        act(acting, "replace", "A", "a.preparer")
        self._keep("revision")

    def _keep(self, place: str) -> None:
        self.places[place] = (Stored(), list(self.acting.claims))

    def go_to(self, place: str) -> None:
        """Put everything back to how it was there."""
        stored, claims = self.places[place]
        stored.put_back()
        self.acting.claims = list(claims)

    def read_pages(self, pair: Pair) -> list[Form]:
        """What the first pages give that both read."""
        self.go_to(pair.place)
        return [pair.one[0](self.acting), pair.other[0](self.acting)]

    def people(self, pair: Pair, forms: Sequence[Form | None]) -> tuple[Person, Person]:
        """The two of a pair; they have read their first pages where ``forms`` are given."""
        one, other = forms
        return Person(self.acting, pair.one, one), Person(self.acting, pair.other, other)

    def _move_t(self) -> None:
        """The superior's revision, with more for A, is about to be sealed."""
        acting = self.acting
        act(acting, "replace", "P", "p.preparer")
        act(acting, "submit", "P", "p.preparer", targets=Targets(500))
        drive(acting, "P", PlanState.APPROVED)
        self._about_to_be_sealed("P")

    def _about_to_be_sealed(self, unit: str, *, act_number: bool = True) -> None:
        own = unit.lower()
        if act_number:
            act(self.acting, "number", unit, f"{own}.clerk")
        act(self.acting, "render", unit, f"{own}.clerk")
        act(self.acting, "claim", unit, f"{own}.leader")
        act(self.acting, "complete", unit, f"{own}.leader")
        act(self.acting, "claim", unit, f"{own}.clerk")


@pytest.fixture(scope="module")
def stage(app: Flask, tmp_path_factory: pytest.TempPathFactory) -> Stage:
    with app.app_context():
        empty_tables()
        return Stage(tmp_path_factory.mktemp("keys"))


@pytest.fixture
def turns(database: Flask) -> Iterator[Turns]:
    with statement_by_statement(database) as found:
        yield found


class Person:
    """Somebody at the pages of a pair, one phase after the other: a page is read, or a form is sent."""

    def __init__(self, acting: Acting, requests: Sequence[See], form: Form | None = None) -> None:
        """``form``: what the first page gave, where it has been read."""
        self._acting, self._requests = acting, list(requests)
        self._form = form
        if form is not None:
            self._requests.pop(0)
        self.outcome = "done"

    def go_on(self) -> None:
        """The next phase; after a refusal there is none."""
        if self.outcome != "done":
            return
        try:
            self._phase()
        except AllocappError as refusal:
            self.outcome = type(refusal).__name__

    def go_to_the_end(self) -> None:
        """All phases that are left, in one go; raises the refusal as a request does."""
        while self._form is not None or self._requests:
            self._phase()

    def _phase(self) -> None:
        if self._form is None:
            self._form = self._requests.pop(0)(self._acting)
            return
        form, self._form = self._form, None
        form()


def orders(one: int, other: int) -> Iterator[list[int]]:
    """Every order of so many phases of the one (0) and of the other (1)."""
    for places in combinations(range(one + other), one):
        yield [0 if place in places else 1 for place in range(one + other)]


def in_order(stage: Stage, pair: Pair, order: Sequence[int], forms: Sequence[Form | None]) -> Outcome:
    """What comes out where the phases follow each other so."""
    stage.go_to(pair.place)
    people = stage.people(pair, forms)
    for who in order:
        people[who].go_on()
    Watch(stage.acting.world.campaign, Counter()).chain()
    return (people[0].outcome, people[1].outcome), standing(stage.acting.world)


def serial_outcomes(stage: Stage, pair: Pair, forms: Sequence[Form]) -> list[Outcome]:
    """What can come out where one request follows the other, and both had read their pages before."""
    found: list[Outcome] = []
    for order in orders(2 * len(pair.one) - 1, 2 * len(pair.other) - 1):
        outcome = in_order(stage, pair, order, forms)
        if outcome not in found:
            found.append(outcome)
    return found


@pytest.mark.parametrize("name", PAIRS)
def test_statements_in_any_order_do_what_requests_one_after_the_other_do(stage: Stage, turns: Turns, name: str) -> None:
    pair = PAIRS[name]
    forms = stage.read_pages(pair)
    expected = serial_outcomes(stage, pair, forms)
    answers = [answer for answer, _ in expected]
    assert all("done" in answer for answer in answers)
    assert ("done", "done") not in answers or pair.compatible

    def begin() -> tuple[Form, Form]:
        stage.go_to(pair.place)
        one, other = stage.people(pair, forms)[:: -1 if changed_over else 1]
        return one.go_to_the_end, other.go_to_the_end

    for changed_over in (False, True):
        length = turns.length(begin()[0])
        for statements in turns.moments(length):
            answer = turns.run(begin(), statements)
            outcome = (answer[::-1] if changed_over else answer), standing(stage.acting.world)
            assert outcome in expected, f"{answer} after {statements} statements, not one of {answers}"


@pytest.mark.parametrize("app", ["sqlite"], indirect=True)  # nothing in it depends on the database
@pytest.mark.parametrize("name", PAIRS)
def test_nobody_acts_on_what_they_have_not_seen(stage: Stage, database: Flask, name: str) -> None:
    """All orders of whole requests: a form sent from a page that the other's act has made old is refused."""
    pair = PAIRS[name]
    for order in orders(2 * len(pair.one), 2 * len(pair.other)):
        answer, _ = in_order(stage, pair, order, (None, None))
        assert "done" in answer
        both_read_before = sorted(order[:2]) == [0, 1]
        if both_read_before and not pair.compatible:
            assert answer != ("done", "done")
