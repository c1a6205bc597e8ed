"""A plan's road, with an owner, a superior and a stranger."""

from __future__ import annotations

import pytest
from sqlalchemy import event, func, select

from allocapp.db import db, transaction
from allocapp.errors import (
    AllocappError,
    ContentChanged,
    Forbidden,
    MayNotAllocate,
    MissingRow,
    NotFound,
    NotInSuperiorPlan,
    PlanExists,
    ReasonRequired,
    ReceiversChanged,
    StaleVersion,
    SubmitterMayNotApprove,
    SuperiorNotIssued,
    TransitionNotAllowed,
    UnbalancedPlan,
    UnknownRow,
)
from allocapp.models.account import Account, Grant, Role
from allocapp.models.campaign import Expectation
from allocapp.models.decision import Decision
from allocapp.models.event import Event
from allocapp.models.plan import Plan, PlanTarget
from allocapp.rules.workflow import DecisionState, PlanState
from allocapp.services.plan import open_plan, save_targets, submit_plan, update_receivers, withdraw_plan
from allocapp.services.review import hand_back_plan, reopen_plan, return_plan, take_plan_into_review
from allocapp.services.sheet import Entry, check_sheet, read_sheet
from allocapp.services.unit import add_unit
from tests.factories import NOW, SINCE, World


def test_a_draft_has_a_row_for_each_receiver_and_indicator(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    sheet = read_sheet(world.plan(plan_id))
    assert [row.unit.code for row in sheet.rows] == ["A0", "A1", "A2", "A3"]
    assert [kinds.kinds[0].code for kinds, _ in sheet.groups] == ["office", "commune"]
    assert [column.indicator.code for column in sheet.indicators] == ["services", "dossiers"]
    assert not sheet.assigned_known


def test_the_root_has_departments_before_districts_and_nothing_to_balance_against(world: World) -> None:
    sheet = read_sheet(world.plan(world.open("P", "p.preparer")))
    assert [row.unit.code for row in sheet.rows] == ["D1", "D2", "A", "B"]
    assert sheet.assigned_known
    assert all(column.assigned is None for column in sheet.indicators)


def test_the_assigned_target_comes_from_the_superiors_plan_in_force(world: World) -> None:
    world.issue_province(7550)
    sheet = read_sheet(world.plan(world.open("A", "a.preparer")))
    assert [column.assigned for column in sheet.indicators] == [7550, 7550]


def test_only_those_entitled_open_a_plan_and_only_once(world: World) -> None:
    for login, error in (("b.preparer", NotFound), ("p.preparer", Forbidden), ("a.viewer", NotFound)):
        with pytest.raises(error), transaction():
            open_plan(world.units["A"], world.campaign, actor=world.account(login), now=NOW)
    world.open("A", "a.preparer")
    with pytest.raises(PlanExists):
        world.open("A", "a.preparer")


def test_a_leaf_has_nobody_to_pass_targets_on_to(world: World) -> None:
    with transaction() as session:
        session.add(
            Grant(
                account_id=world.accounts["a.preparer"],
                unit_id=world.units["A1"],
                role=Role.PREPARER,
                valid_from=SINCE,
            )
        )
    with pytest.raises(MayNotAllocate):
        world.open("A1", "a.preparer")


def test_saving_keeps_an_unbalanced_draft_and_counts_versions(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    assert world.save(plan_id, 10, "a.preparer") == 2
    assert {cell.target for cell in read_sheet(world.plan(plan_id)).cells.values()} == {10}


def test_a_form_sent_twice_changes_nothing_the_second_time(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    entries = world.entries(plan_id, 5000)
    for _ in range(2):
        with transaction():
            plan = save_targets(plan_id, entries, version=1, actor=world.account("a.preparer"), now=NOW)
            assert plan.version == 2


def test_saving_on_an_old_version_is_refused_and_nothing_is_half_written(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    world.save(plan_id, 5000, "a.preparer")
    with pytest.raises(StaleVersion) as caught, transaction():
        save_targets(plan_id, world.entries(plan_id, 6000), version=1, actor=world.account("a.preparer"), now=NOW)
    assert caught.value.current_version == 2
    assert {cell.target for cell in read_sheet(world.plan(plan_id)).cells.values()} == {5000}


def test_a_missing_row_and_a_strangers_row_are_named(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    entries = world.entries(plan_id, 5000)
    key = next(iter(entries))
    with pytest.raises(MissingRow) as missing, transaction():
        save_targets(
            plan_id,
            {k: e for k, e in entries.items() if k != key},
            version=1,
            actor=world.account("a.preparer"),
            now=NOW,
        )
    assert missing.value.keys == (key,)
    foreign = (world.units["B1"], world.indicators["dossiers"])
    with pytest.raises(UnknownRow) as unknown, transaction():
        save_targets(plan_id, entries | {foreign: Entry(5000)}, version=1, actor=world.account("a.preparer"), now=NOW)
    assert unknown.value.keys == (foreign,)
    assert {cell.target for cell in read_sheet(world.plan(plan_id)).cells.values()} == {None}


def test_a_district_may_draft_but_not_submit_before_the_superiors_decision(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    with pytest.raises(SuperiorNotIssued) as caught:
        world.submit(plan_id, 8000, "a.preparer")
    assert caught.value.unit_name == "Tỉnh Mẫu"


def test_a_submission_must_balance_and_loses_nothing_of_the_stored_draft(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    with pytest.raises(UnbalancedPlan) as caught:
        world.submit(plan_id, 7999, "a.preparer")
    # 79,99% of ten services is eight of them, which is 80%: for services the guaranteed floor meets the target
    assert [balance.balanced for balance in caught.value.balances] == [True, False]
    plan = world.plan(plan_id)
    assert (plan.state, plan.version) == (PlanState.DRAFT, 1)
    assert {cell.target for cell in read_sheet(plan).cells.values()} == {None}
    world.submit(plan_id, 8000, "a.preparer")
    assert world.plan(plan_id).state is PlanState.SUBMITTED


def test_not_assigned_under_an_assigned_target_only_without_weight(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    cells = {key: Entry(10_000) for key in world.entries(plan_id, None)}
    excused = (world.units["A1"], world.indicators["dossiers"])
    cells[excused] = Entry(None, "Không phát sinh")
    sheet = read_sheet(world.plan(plan_id))
    assert [balance.balanced for balance in check_sheet(sheet, cells)] == [True, False]
    with transaction() as session:
        session.execute(
            db.update(Expectation)
            .where(Expectation.unit_id == excused[0], Expectation.indicator_id == excused[1])
            .values(weight=0, baseline_numerator=0, baseline_denominator=0)
        )
    sheet = read_sheet(world.plan(plan_id))
    assert [balance.balanced for balance in check_sheet(sheet, cells)] == [True, True]


def test_all_weights_zero_is_a_named_problem(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    with transaction() as session:
        session.execute(db.update(Expectation).values(weight=0, services=[]))
    with pytest.raises(UnbalancedPlan) as caught:
        world.submit(plan_id, 8000, "a.preparer")
    assert all("no_weight" in {p.code.value for p in balance.problems} for balance in caught.value.balances)


def test_the_page_that_was_seen_is_what_gets_submitted(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    with transaction():
        plan = world.plan(plan_id)
        seen = read_sheet(plan).content_hash
    with transaction() as session:  # the ground moves under the person's typing
        session.execute(db.update(PlanTarget).where(PlanTarget.unit_id == world.units["A"]).values(target=8500))
    with pytest.raises(ContentChanged), transaction():
        submit_plan(
            plan_id,
            world.entries(plan_id, 9000),
            version=1,
            seen_hash=seen,
            actor=world.account("a.preparer"),
            now=NOW,
        )


def test_review_return_and_submit_again(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    world.submit(plan_id, 8000, "a.preparer")
    approver = "p.approver"
    with transaction():
        take_plan_into_review(plan_id, version=world.plan(plan_id).version, actor=world.account(approver), now=NOW)
    with pytest.raises(TransitionNotAllowed), transaction():
        withdraw_plan(plan_id, version=world.plan(plan_id).version, actor=world.account("a.preparer"), now=NOW)
    with transaction():
        hand_back_plan(plan_id, version=world.plan(plan_id).version, actor=world.account(approver), now=NOW)
    with pytest.raises(ReasonRequired), transaction():
        return_plan(
            plan_id,
            version=world.plan(plan_id).version,
            reason="  \n",
            comments={},
            actor=world.account(approver),
            now=NOW,
        )
    with transaction():
        return_plan(
            plan_id,
            version=world.plan(plan_id).version,
            reason="Chưa hợp lý",
            comments={world.units["A1"]: "Thấp hơn năm trước", world.units["A2"]: " "},
            actor=world.account(approver),
            now=NOW,
        )
    sheet = read_sheet(world.plan(plan_id))
    assert sheet.plan.return_reason == "Chưa hợp lý"
    assert {row.unit.code: [c.text for c in row.comments] for row in sheet.rows if row.comments} == {
        "A1": ["Thấp hơn năm trước"]
    }
    world.submit(plan_id, 8100, "a.preparer")
    assert world.plan(plan_id).state is PlanState.SUBMITTED


def test_a_comment_on_another_districts_commune_is_refused_whole(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    world.submit(plan_id, 8000, "a.preparer")
    with pytest.raises(UnknownRow), transaction():
        return_plan(
            plan_id,
            version=world.plan(plan_id).version,
            reason="Sai",
            comments={world.units["B1"]: "x"},
            actor=world.account("p.approver"),
            now=NOW,
        )
    assert world.plan(plan_id).state is PlanState.SUBMITTED


def test_withdrawing_before_the_review(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    world.submit(plan_id, 8000, "a.preparer")
    with transaction():
        withdraw_plan(plan_id, version=world.plan(plan_id).version, actor=world.account("a.preparer"), now=NOW)
    assert world.plan(plan_id).state is PlanState.DRAFT


def test_approval_prepares_the_decision_and_reopening_takes_it_back(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    world.submit(plan_id, 8000, "a.preparer")
    world.approve(plan_id, "p.approver")
    plan = world.plan(plan_id)
    assert plan.state is PlanState.APPROVED
    assert plan.approved_hash == plan.submitted_hash
    assert db.session.scalars(select(Decision.state).where(Decision.plan_id == plan_id)).all() == [
        DecisionState.PREPARED
    ]
    with transaction():
        reopen_plan(
            plan_id, version=world.plan(plan_id).version, reason="Sót xã", actor=world.account("p.approver"), now=NOW
        )
    assert world.plan(plan_id).state is PlanState.RETURNED
    assert db.session.scalars(select(Decision.state).where(Decision.plan_id == plan_id)).all() == [
        DecisionState.WITHDRAWN
    ]
    world.submit(plan_id, 8000, "a.preparer")
    world.approve(plan_id, "p.approver")
    assert world.plan(plan_id).state is PlanState.APPROVED


def test_who_submitted_never_approves(world: World) -> None:
    with transaction() as session:
        session.add(
            Grant(
                account_id=world.accounts["p.preparer"],
                unit_id=world.units["P"],
                role=Role.APPROVER,
                valid_from=SINCE,
            )
        )
    plan_id = world.open("P", "p.preparer")
    world.submit(plan_id, 8000, "p.preparer")
    with pytest.raises(SubmitterMayNotApprove):
        world.approve(plan_id, "p.preparer")
    world.approve(plan_id, "p.approver")


def test_an_approval_is_of_what_was_submitted_and_seen(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    world.submit(plan_id, 8000, "a.preparer")
    with transaction() as session:  # a weight moves after the submission
        session.execute(db.update(Expectation).where(Expectation.unit_id == world.units["A1"]).values(weight=7))
    with pytest.raises(ContentChanged):
        world.approve(plan_id, "p.approver")
    assert world.plan(plan_id).state is PlanState.SUBMITTED


@pytest.mark.parametrize(
    ("login", "error"),
    [
        ("b.preparer", NotFound),  # a stranger does not learn that it exists
        ("b.clerk", NotFound),
        ("a.viewer", NotFound),
        ("p.administrator", NotFound),
        ("a.clerk", Forbidden),  # an owner's colleague sees it and may not
        ("p.coordinator", Forbidden),
        ("p.preparer", Forbidden),
    ],
)
def test_others_neither_save_nor_submit_nor_approve(world: World, login: str, error: type[AllocappError]) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    with pytest.raises(error):
        world.save(plan_id, 8000, login)
    with pytest.raises(error):
        world.submit(plan_id, 8000, login)
    world.submit(plan_id, 8000, "a.preparer")
    with pytest.raises(error):
        world.approve(plan_id, login)


def test_a_role_that_ended_and_an_account_switched_off_may_nothing(world: World) -> None:
    plan_id = world.open("A", "a.preparer")
    with transaction() as session:
        session.execute(
            db.update(Grant)
            .where(Grant.account_id == world.accounts["a.preparer"])
            .values(valid_to=NOW.date().replace(day=1))
        )
    with pytest.raises(NotFound):
        world.save(plan_id, 8000, "a.preparer")
    with transaction() as session:
        session.execute(db.update(Grant).values(valid_to=None))
        session.execute(db.update(Account).where(Account.login == "a.preparer").values(active=False))
    with pytest.raises(NotFound):
        world.save(plan_id, 8000, "a.preparer")


def test_each_step_leaves_one_line_in_the_journal(world: World) -> None:
    plan_id = world.open("P", "p.preparer")
    world.save(plan_id, 1000, "p.preparer")  # saving a cell is no event
    world.submit(plan_id, 8000, "p.preparer")
    world.approve(plan_id, "p.approver")
    lines = db.session.execute(
        select(Event.action, Event.from_state, Event.to_state)
        .where(Event.unit_id == world.units["P"])
        .order_by(Event.id)
    ).all()
    assert [tuple(line) for line in lines] == [
        ("open", "", "draft"),
        ("submit", "draft", "submitted"),
        ("approve", "submitted", "approved"),
        ("prepare", "", "prepared"),
    ]


def test_the_sheet_reads_a_constant_number_of_statements(world: World) -> None:
    small, large = world.open("A", "a.preparer"), world.open("P", "p.preparer")
    counts = []
    for plan_id in (small, large):
        db.session.expire_all()
        plan = world.plan(plan_id)
        statements: list[str] = []

        def note(_c: object, _u: object, statement: str, *_: object, seen: list[str] = statements) -> None:
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            read_sheet(plan)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] <= counts[1] + 2
    assert max(counts) <= 8


def test_at_most_one_plan_in_force(world: World) -> None:
    world.issue_province(8000)
    assert db.session.scalar(select(func.count()).select_from(Plan).where(Plan.state == PlanState.ISSUED)) == 1


def test_a_unit_that_the_superiors_decision_does_not_name_has_no_known_target(world: World) -> None:
    root = world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    with transaction() as session:
        session.execute(db.delete(PlanTarget).where(PlanTarget.plan_id == root, PlanTarget.unit_id == world.units["A"]))
    assert not read_sheet(world.plan(plan_id)).assigned_known
    with pytest.raises(NotInSuperiorPlan):
        world.submit(plan_id, 1, "a.preparer")
    assert world.plan(plan_id).state is PlanState.DRAFT


def test_a_receiver_that_appears_later_is_not_left_out(world: World) -> None:
    world.issue_province(8000)
    plan_id = world.open("A", "a.preparer")
    with transaction():
        late = add_unit(
            code="A9", name="Xã A9", kind_code="commune", parent=world.unit("A"), position=9, valid_from=SINCE
        )
        gone = world.unit("A3")
        gone.valid_to = SINCE
        assert late.path.startswith(world.unit("A").path)
    with pytest.raises(ReceiversChanged) as caught:
        world.submit(plan_id, 8000, "a.preparer")
    assert (caught.value.missing, caught.value.gone) == (("Xã A9",), ("Xã A3",))
    with transaction():
        update_receivers(plan_id, version=1, actor=world.account("a.preparer"), now=NOW)
    assert [row.unit.code for row in read_sheet(world.plan(plan_id)).rows] == ["A0", "A1", "A2", "A9"]
    world.submit(plan_id, 8000, "a.preparer")
    with transaction():
        world.unit("A3").valid_to = None
    with pytest.raises(ReceiversChanged):
        world.approve(plan_id, "p.approver")
