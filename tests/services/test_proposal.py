"""Proposed weights and service sets: they bind only once accepted, by another person, on what that person saw."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.errors import (
    AllocappError,
    ContentChanged,
    Forbidden,
    NotFound,
    NothingProposed,
    ProposalSettled,
    ProposerMayNotDecide,
    ReasonRequired,
    StaleVersion,
    TransitionNotAllowed,
    UnbalancedPlan,
    UnknownRow,
    UnknownServices,
)
from allocapp.models.account import Grant, Role
from allocapp.models.campaign import CampaignIndicator, Expectation
from allocapp.models.event import Event
from allocapp.models.plan import ExpectationProposal, PlanTarget, Verdict
from allocapp.models.results import Service
from allocapp.rules.balance import Balance
from allocapp.rules.workflow import PlanState
from allocapp.services.plan import submit_plan
from allocapp.services.proposal import (
    ACTIONS,
    accept_proposal,
    as_frozen,
    may_decide,
    propose_expectation,
    refuse_proposal,
    stamp,
    weight_gaps,
    withdraw_proposal,
)
from allocapp.services.review import approve_plan, reopen_plan
from allocapp.services.sheet import Entry, check_sheet, read_sheet
from tests.factories import NOW, SINCE, World

PREPARER, APPROVER = "a.preparer", "p.approver"


@pytest.fixture
def plan_id(world: World) -> int:
    """A district of two communes with a weight of 100 each, assigned 80% of the dossiers; nothing else is assigned."""
    world.issue_province(8000)
    with transaction() as session:
        session.execute(
            db.update(PlanTarget)
            .where(PlanTarget.unit_id == world.units["A"], PlanTarget.indicator_id == world.indicators["services"])
            .values(target=None, excuse="Không giao")
        )
        for code in ("A0", "A3"):
            session.execute(
                db.update(Expectation)
                .where(
                    Expectation.unit_id == world.units[code],
                    Expectation.indicator_id == world.indicators["dossiers"],
                )
                .values(weight=0, baseline_numerator=0, baseline_denominator=0)
            )
    return world.open("A", PREPARER)


def propose(world: World, plan_id: int, weight: int, unit: str = "A1", login: str = PREPARER) -> int:
    with transaction():
        proposal = propose_expectation(
            plan_id,
            world.units[unit],
            world.indicators["dossiers"],
            weight=weight,
            reason="Sáp nhập hai xã",
            actor=world.account(login),
            now=NOW,
        )
        db.session.flush()
        return proposal.id


def proposal_of(proposal_id: int) -> ExpectationProposal:
    found = db.session.get(ExpectationProposal, proposal_id, populate_existing=True)
    assert found is not None
    return found


def accept(world: World, plan_id: int, proposal_id: int, login: str = APPROVER) -> None:
    seen = stamp(proposal_of(proposal_id))
    with transaction():
        accept_proposal(plan_id, proposal_id, seen=seen, actor=world.account(login), now=NOW)


def refuse(world: World, plan_id: int, proposal_id: int, login: str = APPROVER, reason: str = "Chưa có căn cứ") -> None:
    seen = stamp(proposal_of(proposal_id))
    with transaction():
        refuse_proposal(plan_id, proposal_id, seen=seen, reason=reason, actor=world.account(login), now=NOW)


def submit(world: World, plan_id: int, first: int, second: int) -> None:
    """Commune 1 gets the first target, commune 2 the second, in hundredths of a per cent."""
    with transaction():
        plan = world.plan(plan_id)
        sheet = read_sheet(plan)
        targets = {world.units["A1"]: first, world.units["A2"]: second}
        submit_plan(
            plan_id,
            {key: Entry(targets.get(key[0], 8000)) for key in sheet.cells},
            version=plan.version,
            seen_hash=sheet.content_hash,
            actor=world.account(PREPARER),
            now=NOW,
        )


def aggregate(world: World, plan_id: int, *, proposed: bool = False, frozen: bool = False) -> int | None:
    sheet = read_sheet(world.plan(plan_id))
    sheet = sheet.with_proposals() if proposed else as_frozen(sheet) if frozen else sheet
    return check_sheet(sheet)[1].aggregate_hundredths


# -- the issue's example ---------------------------------------------------------------------------------------------


def test_a_proposed_weight_does_not_help_a_plan_through_by_itself(world: World, plan_id: int) -> None:
    """Frozen 100/100, targets 90/60 give 75%; doubling the first weight would make it 80%."""
    world.save(plan_id, 8000, PREPARER)
    propose(world, plan_id, 200)
    with pytest.raises(UnbalancedPlan) as caught:
        submit(world, plan_id, 9000, 6000)
    balance = caught.value.balances[1]
    assert isinstance(balance, Balance)
    assert balance.aggregate_hundredths == 7500
    with transaction():
        for unit, target in (("A1", 9000), ("A2", 6000)):
            db.session.execute(
                db.update(PlanTarget).where(PlanTarget.unit_id == world.units[unit]).values(target=target)
            )
    assert aggregate(world, plan_id) == 7500
    assert aggregate(world, plan_id, proposed=True) == 8000


def test_once_accepted_it_binds_and_the_plan_passes(world: World, plan_id: int) -> None:
    accept(world, plan_id, propose(world, plan_id, 200))
    submit(world, plan_id, 9000, 6000)
    assert aggregate(world, plan_id) == 8000
    assert aggregate(world, plan_id, frozen=True) == 7500
    world.approve(plan_id, APPROVER)
    plan = world.plan(plan_id)
    assert plan.state is PlanState.APPROVED
    assert plan.approved_hash == plan.submitted_hash == read_sheet(plan).content_hash


def test_whoever_types_while_it_is_accepted_does_not_submit_unseen_weights(world: World, plan_id: int) -> None:
    proposal_id = propose(world, plan_id, 200)
    plan = world.plan(plan_id)
    seen, version = read_sheet(plan).content_hash, plan.version
    accept(world, plan_id, proposal_id)
    for known, error in ((version, StaleVersion), (world.plan(plan_id).version, ContentChanged)):
        with pytest.raises(error), transaction():
            submit_plan(
                plan_id,
                world.entries(plan_id, 9000),
                version=known,
                seen_hash=seen,
                actor=world.account(PREPARER),
                now=NOW,
            )


# -- under review ----------------------------------------------------------------------------------------------------


def test_accepting_under_review_binds_the_submission_to_the_new_content(world: World, plan_id: int) -> None:
    proposal_id = propose(world, plan_id, 200)
    submit(world, plan_id, 9000, 8000)
    plan = world.plan(plan_id)
    before, version = plan.submitted_hash, plan.version
    assert before is not None
    accept(world, plan_id, proposal_id)
    plan = world.plan(plan_id)
    assert plan.submitted_hash == read_sheet(plan).content_hash != before
    assert plan.state is PlanState.SUBMITTED
    # a page from before the acceptance approves nothing, by version or by hash
    for known, error in ((version, StaleVersion), (plan.version, ContentChanged)):
        with pytest.raises(error), transaction():
            approve_plan(plan_id, version=known, seen_hash=before, actor=world.account(APPROVER), now=NOW)
    world.approve(plan_id, APPROVER)
    assert world.plan(plan_id).state is PlanState.APPROVED


def test_what_would_unbalance_a_submitted_plan_is_not_accepted(world: World, plan_id: int) -> None:
    proposal_id = propose(world, plan_id, 300, unit="A2")
    submit(world, plan_id, 9500, 6500)
    before = world.plan(plan_id).submitted_hash
    with pytest.raises(UnbalancedPlan):
        accept(world, plan_id, proposal_id)
    assert proposal_of(proposal_id).verdict is Verdict.OPEN
    assert world.plan(plan_id).submitted_hash == before


def test_accepting_hides_nothing_else_that_moved_since_the_submission(world: World, plan_id: int) -> None:
    proposal_id = propose(world, plan_id, 200)
    submit(world, plan_id, 9000, 8000)
    with transaction() as session:
        session.execute(db.update(PlanTarget).where(PlanTarget.unit_id == world.units["A2"]).values(target=9900))
    with pytest.raises(ContentChanged):
        accept(world, plan_id, proposal_id)
    assert proposal_of(proposal_id).verdict is Verdict.OPEN


def test_a_refusal_needs_a_reason_and_leaves_the_submission_as_it_is(world: World, plan_id: int) -> None:
    proposal_id = propose(world, plan_id, 200)
    submit(world, plan_id, 9000, 8000)
    before = world.plan(plan_id).submitted_hash
    with pytest.raises(ReasonRequired):
        refuse(world, plan_id, proposal_id, reason=" \n")
    refuse(world, plan_id, proposal_id)
    assert world.plan(plan_id).submitted_hash == before == read_sheet(world.plan(plan_id)).content_hash
    assert aggregate(world, plan_id, proposed=True) == 8500
    world.approve(plan_id, APPROVER)


def test_what_is_still_open_at_the_approval_does_not_bind_and_is_decided_no_more(world: World, plan_id: int) -> None:
    proposal_id = propose(world, plan_id, 200)
    submit(world, plan_id, 9000, 8000)
    world.approve(plan_id, APPROVER)
    assert aggregate(world, plan_id) == 8500
    assert not may_decide(world.plan(plan_id), proposal_of(proposal_id), world.account(APPROVER), NOW)
    with pytest.raises(TransitionNotAllowed):
        accept(world, plan_id, proposal_id)
    with pytest.raises(TransitionNotAllowed):
        propose(world, plan_id, 300)
    with transaction():
        reopen_plan(
            plan_id, version=world.plan(plan_id).version, reason="Xem lại", actor=world.account(APPROVER), now=NOW
        )
    accept(world, plan_id, proposal_id)
    assert proposal_of(proposal_id).verdict is Verdict.ACCEPTED


# -- who -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("login", "error"),
    [
        ("b.preparer", NotFound),
        ("a.viewer", NotFound),
        ("a.clerk", Forbidden),
        ("p.preparer", Forbidden),
        ("p.coordinator", Forbidden),
    ],
)
def test_others_neither_propose_nor_decide(world: World, plan_id: int, login: str, error: type[AllocappError]) -> None:
    with pytest.raises(error):
        propose(world, plan_id, 200, login=login)
    proposal_id = propose(world, plan_id, 200)
    with pytest.raises(error):
        accept(world, plan_id, proposal_id, login=login)
    with pytest.raises(error):
        refuse(world, plan_id, proposal_id, login=login)
    with pytest.raises(Forbidden):
        accept(world, plan_id, proposal_id, login=PREPARER)
    with pytest.raises(Forbidden):
        propose(world, plan_id, 300, login=APPROVER)


def test_who_proposes_or_submits_never_decides(world: World) -> None:
    """At the root the same person may hold both roles; a second approver is needed all the same."""
    with transaction() as session:
        granted = (("p.preparer", Role.APPROVER), ("p.coordinator", Role.APPROVER), ("p.coordinator", Role.PREPARER))
        for login, role in granted:
            session.add(Grant(account_id=world.accounts[login], unit_id=world.units["P"], role=role, valid_from=SINCE))
    plan_id = world.open("P", "p.preparer")
    own = propose(world, plan_id, 200, unit="D1", login="p.preparer")
    other = propose(world, plan_id, 200, unit="D2", login="p.coordinator")
    with pytest.raises(ProposerMayNotDecide):
        accept(world, plan_id, own, login="p.preparer")
    world.submit(plan_id, 8000, "p.preparer")
    assert not may_decide(world.plan(plan_id), proposal_of(other), world.account("p.preparer"), NOW)
    with pytest.raises(ProposerMayNotDecide):
        accept(world, plan_id, other, login="p.preparer")  # submitted it
    assert may_decide(world.plan(plan_id), proposal_of(own), world.account(APPROVER), NOW)
    accept(world, plan_id, own)
    accept(world, plan_id, other)


def test_a_verdict_is_on_the_proposal_as_it_was_seen(world: World, plan_id: int) -> None:
    proposal_id = propose(world, plan_id, 200)
    seen = stamp(proposal_of(proposal_id))
    propose(world, plan_id, 900)
    with pytest.raises(ContentChanged), transaction():
        accept_proposal(plan_id, proposal_id, seen=seen, actor=world.account(APPROVER), now=NOW)
    accept(world, plan_id, proposal_id)
    with pytest.raises(StaleVersion):  # a second click, or a second approver
        accept(world, plan_id, proposal_id)


# -- the preparer's side ---------------------------------------------------------------------------------------------


def test_an_accepted_proposal_is_out_of_the_preparers_hands(world: World, plan_id: int) -> None:
    proposal_id = propose(world, plan_id, 200)
    accept(world, plan_id, proposal_id)
    with pytest.raises(ProposalSettled):
        propose(world, plan_id, 300)
    with pytest.raises(ProposalSettled), transaction():
        withdraw_proposal(plan_id, proposal_id, actor=world.account(PREPARER), now=NOW)
    refuse(world, plan_id, proposal_id)  # the approver takes the acceptance back
    assert aggregate(world, plan_id) == 0
    assert [cell.weight for cell in read_sheet(world.plan(plan_id)).rows[1].cells] == [10, 100]
    propose(world, plan_id, 300)
    assert proposal_of(proposal_id).verdict is Verdict.OPEN


def test_proposing_again_replaces_and_withdrawing_leaves_nothing(world: World, plan_id: int) -> None:
    proposal_id = propose(world, plan_id, 200)
    assert propose(world, plan_id, 250) == proposal_id
    assert propose(world, plan_id, 250) == proposal_id  # the form sent twice
    with transaction():
        withdraw_proposal(plan_id, proposal_id, actor=world.account(PREPARER), now=NOW)
    assert read_sheet(world.plan(plan_id)).open_proposals == ()
    told = db.session.execute(
        select(Event.action, Event.reason).where(Event.action.in_(ACTIONS)).order_by(Event.id)
    ).all()
    assert [tuple(line) for line in told] == [
        ("propose", "Xã A1 · Hồ sơ: 100 → 200. Sáp nhập hai xã"),
        ("propose", "Xã A1 · Hồ sơ: 100 → 250. Sáp nhập hai xã"),
        ("withdraw_proposal", "Xã A1 · Hồ sơ: 100 → 250"),
    ]


def test_what_is_no_proposal(world: World, plan_id: int) -> None:
    with pytest.raises(NothingProposed):
        propose(world, plan_id, 100)
    with pytest.raises(UnknownRow):
        propose(world, plan_id, 100, unit="B1")
    for weight in (5, None):  # over distinct services a set is asked for
        with pytest.raises(NotFound), transaction():
            propose_expectation(
                plan_id,
                world.units["A1"],
                world.indicators["services"],
                reason="Lý do",
                actor=world.account(PREPARER),
                now=NOW,
                weight=weight,
            )
    with pytest.raises(NotFound), transaction():
        withdraw_proposal(plan_id, 999_999, actor=world.account(PREPARER), now=NOW)


def test_a_service_set_is_chosen_by_codes_whole_or_short(world: World, plan_id: int) -> None:
    with transaction() as session:
        for number in range(30, 45):
            session.add(
                Service(
                    id=number,
                    code=f"1.0000{number}.000.00.00.H37",
                    name=f"Dịch vụ {number}",
                    field="Hộ tịch",
                    level="4",
                )
            )

    def ask(*codes: str) -> None:
        with transaction():
            propose_expectation(
                plan_id,
                world.units["A1"],
                world.indicators["services"],
                services=codes,
                reason="Đúng danh mục",
                actor=world.account(PREPARER),
                now=NOW,
            )

    with pytest.raises(UnknownServices) as caught:
        ask("1.000030", "1.999999", "abc")
    assert caught.value.text == "1.999999, abc"
    ask("1.000030", " 1.000031.000.00.00.H37 ", "1.000031", "1.000044", "")
    sheet = read_sheet(world.plan(plan_id))
    key = (world.units["A1"], world.indicators["services"])
    assert (sheet.cells[key].weight, len(sheet.cells[key].services)) == (10, 10)
    assert sheet.with_proposals().cells[key].services == {30, 31, 44}
    assert sheet.with_proposals().cells[key].weight == 3
    (told,) = db.session.scalars(select(Event.reason).where(Event.action == "propose"))
    assert told == "Xã A1 · Dịch vụ: 10 → 3 (+1, −8). Đúng danh mục"
    (proposal,) = sheet.open_proposals
    accept(world, plan_id, proposal.id)
    assert read_sheet(world.plan(plan_id)).cells[key].services == {30, 31, 44}


# -- weights that do not add up --------------------------------------------------------------------------------------


def test_weights_that_do_not_add_up_to_the_units_own_are_flagged(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", PREPARER)
    assert weight_gaps(read_sheet(world.plan(plan_id))) == ()
    propose(world, plan_id, 150)
    sheet = read_sheet(world.plan(plan_id))
    assert weight_gaps(sheet) == ()
    (gap,) = weight_gaps(sheet.with_proposals())
    assert (gap.indicator.code, gap.own, gap.children, gap.gap) == ("dossiers", 400, 450, 50)


def test_a_units_own_weight_is_the_one_accepted_for_it_above(world: World) -> None:
    province = world.open("P", "p.preparer")
    accept(world, province, propose(world, province, 500, unit="A", login="p.preparer"))
    world.submit(province, 8000, "p.preparer")
    world.approve(province, APPROVER)
    world.put_in_force(province)
    (gap,) = weight_gaps(read_sheet(world.plan(world.open("A", PREPARER))))
    assert (gap.own, gap.children, gap.gap) == (500, 400, -100)


def test_the_root_without_an_expectation_is_not_compared(world: World) -> None:
    with transaction() as session:
        session.execute(
            db.update(CampaignIndicator)
            .where(CampaignIndicator.indicator_id == world.indicators["dossiers"])
            .values(assigned_target=8000)
        )
    assert weight_gaps(read_sheet(world.plan(world.open("P", "p.preparer")))) == ()
