"""Pairs of requests that get in each other's way: who does what about which plan, from a place where both could."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.models.account import Account
from allocapp.models.campaign import DecisionKind
from allocapp.models.decision import Decision
from allocapp.models.plan import ExpectationProposal
from allocapp.services.campaign_road import close_campaign
from allocapp.services.cascade import plans_to_recheck, recheck_plan
from allocapp.services.decision import complete_signature, number_decision, refuse_decision
from allocapp.services.in_house import agree_to_plan, recall_plan
from allocapp.services.plan import open_plan, save_targets, submit_plan, withdraw_plan
from allocapp.services.proposal import accept_proposal, stamp
from allocapp.services.review import approve_plan, reopen_plan, return_plan, take_over_review, take_plan_into_review
from allocapp.services.revision import discard_revision, revise_plan
from allocapp.services.revocation import order_revocation
from allocapp.services.sheet import Entry, Key, read_sheet
from tests.factories import NOW
from tests.life.acts import Acting

REASON = "Lý do"


@dataclass(frozen=True)
class Seen:
    """What a page showed of a unit's plan and its decision, which the form sends back."""

    plan_id: int
    version: int
    content: str
    entries: dict[Key, Entry]
    decision_id: int
    decision_version: int

    def typed(self, beyond: int = 0) -> dict[Key, Entry]:
        """The form with every target raised by so much."""
        return {key: Entry((entry.target or 8000) + beyond) for key, entry in self.entries.items()}


Form = Callable[[], None]
See = Callable[[Acting], Form]


def look_at(acting: Acting, unit: str) -> Seen:
    """Read the page."""
    plan = acting.plan(unit)
    assert plan is not None
    sheet = read_sheet(plan)
    decision = db.session.scalar(select(Decision).where(Decision.plan_id == plan.id).order_by(Decision.id.desc()))
    seen = Seen(
        plan_id=plan.id,
        version=plan.version,
        content=sheet.content_hash,
        entries={key: Entry(cell.target, cell.excuse) for key, cell in sheet.cells.items()},
        decision_id=decision.id if decision else 0,
        decision_version=decision.version if decision else 0,
    )
    db.session.rollback()
    return seen


def on(unit: str, login: str, perform: Callable[[Seen, Account], object]) -> See:
    """A request of that person about the unit's plan: reading its page gives what sending its form does."""

    def see(acting: Acting) -> Form:
        seen = look_at(acting, unit)

        def send() -> None:
            with transaction():
                perform(seen, acting.world.account(login))

        return send

    return see


def save(login: str, beyond: int) -> See:
    return on("A", login, lambda s, by: save_targets(s.plan_id, s.typed(beyond), version=s.version, actor=by, now=NOW))


def submit(login: str, *, later: int = 0) -> See:
    """``later``: the page was read as it is after so many steps more, by somebody who is quick."""

    def perform(seen: Seen, by: Account) -> object:
        version = seen.version + later
        return submit_plan(seen.plan_id, seen.typed(), version=version, seen_hash=seen.content, actor=by, now=NOW)

    return on("A", login, perform)


def withdraw(login: str, *, later: int = 0) -> See:
    return on("A", login, lambda s, by: withdraw_plan(s.plan_id, version=s.version + later, actor=by, now=NOW))


def approve(login: str, unit: str = "A") -> See:
    return on(
        unit, login, lambda s, by: approve_plan(s.plan_id, version=s.version, seen_hash=s.content, actor=by, now=NOW)
    )


def send_back(login: str) -> See:
    return on(
        "A",
        login,
        lambda s, by: return_plan(s.plan_id, version=s.version, reason=REASON, comments={}, actor=by, now=NOW),
    )


def take(login: str) -> See:
    return on("A", login, lambda s, by: take_plan_into_review(s.plan_id, version=s.version, actor=by, now=NOW))


def take_over(login: str) -> See:
    return on("A", login, lambda s, by: take_over_review(s.plan_id, version=s.version, actor=by, now=NOW))


def reopen(login: str) -> See:
    return on("A", login, lambda s, by: reopen_plan(s.plan_id, version=s.version, reason=REASON, actor=by, now=NOW))


def number(login: str, unit: str = "A") -> See:
    def perform(seen: Seen, by: Account) -> object:
        version, dated = seen.decision_version, NOW.date()
        return number_decision(seen.decision_id, version=version, dated=dated, actor=by, now=NOW)

    return on(unit, login, perform)


def refuse(login: str) -> See:
    return on(
        "A",
        login,
        lambda s, by: refuse_decision(s.decision_id, version=s.decision_version, reason=REASON, actor=by, now=NOW),
    )


def seal(unit: str) -> See:
    """The seal is put on what was claimed before."""

    def see(acting: Acting) -> Form:
        decision_id = look_at(acting, unit).decision_id
        claim = [claim for claim in acting.claims if claim.decision_id == decision_id][-1]

        def send() -> None:
            with transaction():
                actor = acting.world.account(f"{unit.lower()}.clerk")
                complete_signature(claim, b"sealed", actor=actor, now=NOW)

        return send

    return see


def revise(login: str) -> See:
    relation = DecisionKind.REPLACE
    return on("A", login, lambda s, by: revise_plan(s.plan_id, reason=REASON, relation=relation, actor=by, now=NOW))


def order(login: str) -> See:
    return on(
        "A", login, lambda s, by: order_revocation(s.plan_id, version=s.version, reason=REASON, actor=by, now=NOW)
    )


def discard(login: str) -> See:
    return on(
        "A", login, lambda s, by: discard_revision(s.plan_id, version=s.version, reason=REASON, actor=by, now=NOW)
    )


def accept_weight(login: str) -> See:
    def see(acting: Acting) -> Form:
        plan_id = look_at(acting, "A").plan_id
        proposal = db.session.scalars(select(ExpectationProposal).where(ExpectationProposal.plan_id == plan_id)).one()
        proposal_id, seen = proposal.id, stamp(proposal)
        db.session.rollback()

        def send() -> None:
            with transaction():
                accept_proposal(plan_id, proposal_id, seen=seen, actor=acting.world.account(login), now=NOW)

        return send

    return see


def unseen(login: str, perform: Callable[[Acting, Account], object]) -> See:
    """A request whose form says nothing of what its page showed."""

    def see(acting: Acting) -> Form:
        def send() -> None:
            with transaction():
                perform(acting, acting.world.account(login))

        return send

    return see


def open_first(login: str) -> See:
    return unseen(login, lambda at, by: open_plan(at.world.units["A"], at.world.campaign, actor=by, now=NOW))


def agree(login: str) -> See:
    return on(
        "B",
        login,
        lambda s, by: agree_to_plan(s.plan_id, version=s.version, seen_hash=s.content, opinion="", actor=by, now=NOW),
    )


def recall(login: str) -> See:
    return on("B", login, lambda s, by: recall_plan(s.plan_id, version=s.version, actor=by, now=NOW))


def close(login: str) -> See:
    return unseen(login, lambda at, by: close_campaign(at.world.campaign, actor=by, now=NOW))


def check_below(unit: str) -> See:
    """The job that follows a decision: the plans below are checked again."""

    def see(acting: Acting) -> Form:
        plan_id = look_at(acting, unit).plan_id

        def send() -> None:
            for below in plans_to_recheck(plan_id):
                with transaction():
                    recheck_plan(below, now=NOW)

        return send

    return see


@dataclass(frozen=True)
class Pair:
    """Two people about one thing, from a place where both could. ``compatible``: both may be done, though neither
    saw the other's act on the page."""

    place: str
    one: tuple[See, ...]
    other: tuple[See, ...]
    compatible: bool = False


PAIRS = {
    "save/submit": Pair("draft", (save("a.preparer", 100),), (submit("both"),)),
    "save/save": Pair("draft", (save("a.preparer", 100),), (save("both", 200),)),
    "submit/submit": Pair("draft", (submit("a.preparer"),), (submit("both"),)),
    "submit/withdraw": Pair("draft", (submit("a.preparer"),), (withdraw("both", later=1),), compatible=True),
    "withdraw/submit": Pair("submitted", (withdraw("a.preparer"),), (submit("both", later=1),), compatible=True),
    "approve/return": Pair("submitted", (approve("p.approver"),), (send_back("p.approver2"),)),
    "approve/approve": Pair("submitted", (approve("p.approver"),), (approve("p.approver2"),)),
    "approve/edit": Pair("submitted", (approve("p.approver"),), (withdraw("a.preparer"), save("a.preparer", 100))),
    "approve/accept a weight": Pair("submitted", (approve("p.approver"),), (accept_weight("p.approver2"),)),
    "approve/seal of the superior": Pair("T about to move", (approve("p.approver"),), (seal("P"),), compatible=True),
    "review/withdraw": Pair("submitted", (take("p.approver"),), (withdraw("a.preparer"),)),
    "review/review": Pair("submitted", (take("p.approver"),), (take("p.approver2"),)),
    "approve/take over": Pair("in review", (approve("p.approver"),), (take_over("p.approver2"),)),
    "number/reopen": Pair("approved", (number("a.clerk"),), (reopen("p.approver"),)),
    "number/refuse": Pair("numbered", (refuse("a.clerk"),), (refuse("a.leader"),)),
    "seal/seal": Pair("both about to be sealed", (seal("A"),), (seal("A"),)),
    "seal/seal of the superior": Pair("both about to be sealed", (seal("A"),), (seal("P"),), compatible=True),
    "seal/seal of the superior and what follows": Pair(
        "both about to be sealed", (seal("A"),), (seal("P"), check_below("P")), compatible=True
    ),
    "revise/revise": Pair("in force", (revise("a.preparer"),), (revise("both"),)),
    "revise/revoke": Pair("in force", (revise("a.preparer"),), (order("p.approver"),)),
    "submit/discard": Pair("revision", (submit("a.preparer"),), (discard("both"),)),
    "open/open": Pair("nothing", (open_first("a.preparer"),), (open_first("both"),)),
    "agree/recall": Pair("in house", (agree("b.leader"),), (recall("b.preparer"),)),
    "submit/close the campaign": Pair("draft", (submit("a.preparer"),), (close("p.administrator"),), compatible=True),
    "approve/close the campaign": Pair(
        "submitted", (approve("p.approver"),), (close("p.administrator"),), compatible=True
    ),
}
