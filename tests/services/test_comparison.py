"""Two plans of one unit side by side, and targets copied from an earlier one."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import event, select

from allocapp.db import db, transaction
from allocapp.errors import ContentChanged, Forbidden, NotFound, StaleVersion, TransitionNotAllowed
from allocapp.models.campaign import Campaign, CampaignIndicator, Indicator
from allocapp.models.plan import ChangeKind, Plan, PlanTarget
from allocapp.models.unit import Unit
from allocapp.rules.balance import Kind
from allocapp.rules.workflow import PlanState
from allocapp.services.change import list_changes, revert_last_change
from allocapp.services.comparison import (
    Copy,
    compare_plans,
    copy_targets,
    list_comparable,
    load_comparable,
    preview_copy,
    read_before,
)
from allocapp.services.hold import hold_row
from allocapp.services.plan import open_plan
from allocapp.services.sheet import Entry, read_sheet
from allocapp.services.unit import add_unit
from tests.factories import NOW, SINCE, World

PREPARER = "a.preparer"
TODAY = NOW.date()


def next_campaign(world: World, *, changed: str = "") -> int:
    """A campaign of the following year with the same indicators; ``changed``: one that is measured otherwise now."""
    with transaction() as session:
        campaign = Campaign(
            code="2027", name="Giao chỉ tiêu năm 2027", name_en="Targets 2027", root_id=world.units["P"],
            period_from=date(2027, 1, 1), period_to=date(2027, 12, 31), sample=True, frozen_at=NOW, frozen_from="2026",
        )  # fmt: skip
        for position, (code, indicator_id) in enumerate(world.indicators.items()):
            indicator = session.get(Indicator, indicator_id)
            assert indicator is not None
            if code == changed:
                values = {column.name: getattr(indicator, column.name) for column in Indicator.__table__.columns} | {
                    "id": None,
                    "version": 2,
                    "kind": Kind.QUANTITY,
                }
                indicator = Indicator(**values)
            campaign.indicators.append(CampaignIndicator(position=position, indicator=indicator))
        session.add(campaign)
        session.flush()  # its id is returned
        return campaign.id


def open_in(world: World, campaign_id: int, unit: str = "A", login: str = PREPARER) -> int:
    with transaction():
        return open_plan(world.units[unit], campaign_id, actor=world.account(login), now=NOW).id


def set_target(world: World, plan_id: int, unit: str, target: int | None, excuse: str = "") -> None:
    with transaction() as session:
        session.execute(
            db.update(PlanTarget)
            .where(PlanTarget.plan_id == plan_id, PlanTarget.unit_id == world.units[unit])
            .values(target=target, excuse=excuse)
        )


def preview(world: World, plan_id: int, source_id: int) -> Copy:
    return preview_copy(world.plan(plan_id), world.plan(source_id))


def copy(
    world: World, plan_id: int, source_id: int, seen: str, version: int | None = None, login: str = PREPARER
) -> None:
    with transaction():
        given = world.plan(plan_id).version if version is None else version
        copy_targets(plan_id, source_id, version=given, seen=seen, actor=world.account(login), now=NOW)


def targets(world: World, plan_id: int) -> dict[str, list[int | None]]:
    return {row.unit.code: [cell.target for cell in row.cells] for row in read_sheet(world.plan(plan_id)).rows}


@pytest.fixture
def earlier(world: World) -> int:
    """Last year's plan of district A: 70% everywhere, nothing assigned to commune 3."""
    plan_id = world.open("A", PREPARER)
    world.save(plan_id, 7000, PREPARER)
    set_target(world, plan_id, "A3", None, "Không phát sinh hồ sơ")
    return plan_id


# -- copy ------------------------------------------------------------------------------------------------------------


def test_copying_is_previewed_and_keeps_its_explanation(world: World, earlier: int) -> None:
    plan_id = open_in(world, next_campaign(world))
    set_target(world, plan_id, "A1", 7000)
    shown = preview(world, plan_id, earlier)
    names = {world.units[code]: code for code in ("A0", "A1", "A2", "A3")}
    assert sorted((names[unit], entry.target) for (unit, _), entry in shown.entries.items()) == [
        ("A0", 7000), ("A0", 7000), ("A2", 7000), ("A2", 7000), ("A3", None), ("A3", None),
    ]  # fmt: skip
    assert not any((shown.new, shown.gone, shown.held, shown.missing))
    assert targets(world, plan_id)["A0"] == [None, None]
    copy(world, plan_id, earlier, shown.seen)
    assert targets(world, plan_id) == {"A0": [7000] * 2, "A1": [7000] * 2, "A2": [7000] * 2, "A3": [None] * 2}
    (change,) = list_changes(world.plan(plan_id))
    assert change.kind is ChangeKind.COPY
    assert change.inputs == {
        "plan": earlier, "campaign": "2026", "campaign_name": "Giao chỉ tiêu năm 2026", "revision": 1,
    }  # fmt: skip
    with transaction():
        revert_last_change(plan_id, version=world.plan(plan_id).version, actor=world.account(PREPARER), now=NOW)
    assert targets(world, plan_id)["A1"] == [7000, 7000]
    assert targets(world, plan_id)["A0"] == [None, None]


def test_receivers_that_are_new_or_gone_are_named_and_match_by_code(world: World, earlier: int) -> None:
    with transaction() as session:
        district = session.get(Unit, world.units["A"])
        for code, values in {"A1": {"valid_to": date(2026, 12, 31)}, "A2": {"valid_to": date(2026, 12, 31)}}.items():
            session.execute(db.update(Unit).where(Unit.id == world.units[code]).values(**values))
        for code, name in (("A2", "Xã A2 mở rộng"), ("A9", "Xã A9")):
            add_unit(
                code=code, name=name, kind_code="commune", parent=district, position=9, valid_from=date(2027, 1, 1)
            )
    plan_id = open_in(world, next_campaign(world))
    shown = preview(world, plan_id, earlier)
    assert [unit.code for unit in shown.new] == ["A9"]
    assert [unit.code for unit in shown.gone] == ["A1"]
    copy(world, plan_id, earlier, shown.seen)
    assert targets(world, plan_id) == {
        "A0": [7000] * 2, "A3": [None] * 2, "A2": [7000] * 2, "A9": [None] * 2,
    }  # fmt: skip


def test_an_indicator_measured_otherwise_is_not_copied(world: World, earlier: int) -> None:
    plan_id = open_in(world, next_campaign(world, changed="services"))
    shown = preview(world, plan_id, earlier)
    assert [column.indicator.code for column in shown.missing] == ["services"]
    assert {indicator for _, indicator in shown.entries} == {world.indicators["dossiers"]}


def test_a_held_row_stays_as_it_is_and_empty_cells_take_nothing_away(world: World, earlier: int) -> None:
    plan_id = open_in(world, next_campaign(world))
    set_target(world, plan_id, "A1", 6500)
    set_target(world, plan_id, "A2", 6600)
    set_target(world, earlier, "A2", None)
    with transaction():
        hold_row(plan_id, world.units["A1"], reason="Đã thống nhất", actor=world.account(PREPARER), now=NOW)
    shown = preview(world, plan_id, earlier)
    assert [unit.code for unit in shown.held] == ["A1"]
    copy(world, plan_id, earlier, shown.seen)
    assert (targets(world, plan_id)["A1"], targets(world, plan_id)["A2"]) == ([6500] * 2, [6600] * 2)


def test_what_moved_since_the_preview_is_not_applied(world: World, earlier: int) -> None:
    plan_id = open_in(world, next_campaign(world))
    shown = preview(world, plan_id, earlier)
    version = world.plan(plan_id).version
    set_target(world, earlier, "A1", 7100)
    with pytest.raises(ContentChanged):
        copy(world, plan_id, earlier, shown.seen)
    world.save(plan_id, 1000, PREPARER)
    with pytest.raises(StaleVersion):
        copy(world, plan_id, earlier, shown.seen, version)
    assert targets(world, plan_id)["A1"] == [1000, 1000]


def test_only_into_a_draft_of_ones_own_and_only_from_the_same_unit(world: World, earlier: int) -> None:
    later = next_campaign(world)
    plan_id = open_in(world, later)
    other = open_in(world, later, "B", "b.preparer")
    with pytest.raises(NotFound):
        copy(world, plan_id, other, "")  # out of sight
    with pytest.raises(NotFound):
        copy(world, plan_id, plan_id, "")
    with pytest.raises(NotFound):
        copy(world, plan_id, earlier, "", login="b.preparer")
    with pytest.raises(Forbidden):
        copy(world, plan_id, earlier, "", login="p.preparer")
    with transaction() as session:
        session.execute(
            db.update(Plan)
            .where(Plan.id == plan_id)
            .values(state=PlanState.SUBMITTED, submitted_hash="0" * 64, submitted_by_id=world.accounts[PREPARER])
        )
    with pytest.raises(TransitionNotAllowed):
        copy(world, plan_id, earlier, preview(world, plan_id, earlier).seen)


# -- compare ---------------------------------------------------------------------------------------------------------


def test_rows_are_aligned_and_differences_are_after_minus_before(world: World, earlier: int) -> None:
    plan_id = open_in(world, next_campaign(world, changed="services"))
    for unit, target in (("A0", 7000), ("A1", 7550), ("A2", 6900)):
        set_target(world, plan_id, unit, target)
    set_target(world, plan_id, "A3", None, "Không phát sinh hồ sơ")
    found = compare_plans(world.plan(earlier), world.plan(plan_id))
    assert [(c.indicator.code, c.indicator.kind.value) for c in found.indicators] == [
        ("services", "quantity"), ("dossiers", "rate"), ("services", "rate"),
    ]  # fmt: skip
    assert {row.unit.code: row.pairs[1].difference for row in found.rows} == {
        "A0": 0, "A1": 550, "A2": -100, "A3": None,
    }  # fmt: skip
    assert all(row.pairs[0].before is None and row.pairs[2].after is None for row in found.rows)
    assert found.rows[3].pairs[1].before == Entry(None, "Không phát sinh hồ sơ")


def test_changed_rows_are_told_from_unchanged_new_and_gone_ones(world: World, earlier: int) -> None:
    with transaction() as session:
        district = session.get(Unit, world.units["A"])
        session.execute(db.update(Unit).where(Unit.id == world.units["A1"]).values(valid_to=date(2026, 12, 31)))
        add_unit(code="A9", name="Xã A9", kind_code="commune", parent=district, position=9, valid_from=date(2027, 1, 1))
    plan_id = open_in(world, next_campaign(world))
    copy(world, plan_id, earlier, preview(world, plan_id, earlier).seen)
    set_target(world, plan_id, "A2", 8000)
    found = compare_plans(world.plan(earlier), world.plan(plan_id))
    assert [row.unit.code for row in found.changed] == ["A2", "A9", "A1"]
    assert [row.unit.code for row in found.unchanged] == ["A0", "A3"]
    assert [(row.before is None, row.after is None) for row in found.changed] == [
        (False, False), (True, False), (False, True),
    ]  # fmt: skip


def test_what_may_be_compared_is_the_units_own_and_within_sight(world: World, earlier: int) -> None:
    later = next_campaign(world)
    plan_id = open_in(world, later)
    other = open_in(world, later, "B", "b.preparer")
    plan = world.plan(plan_id)
    for login in (PREPARER, "p.approver", "p.coordinator"):
        assert [found.id for found in list_comparable(plan, world.account(login), today=TODAY)] == [earlier]
    assert list_comparable(plan, world.account("b.preparer"), today=TODAY) == []
    assert load_comparable(plan, earlier, world.account(PREPARER), today=TODAY).id == earlier
    for wrong in (other, plan_id, 999_999):
        with pytest.raises(NotFound):
            load_comparable(plan, wrong, world.account("p.coordinator"), today=TODAY)


def test_three_hundred_rows_cost_no_more_statements_than_four(world: World, earlier: int) -> None:
    later = next_campaign(world)
    small = open_in(world, later)
    with transaction() as session:
        district = session.get(Unit, world.units["B"])
        for number in range(10, 306):
            add_unit(
                code=f"B{number}", name=f"Xã B{number}", kind_code="commune", parent=district, position=number,
                valid_from=SINCE,
            )  # fmt: skip
    large = [open_in(world, campaign, "B", "b.preparer") for campaign in (world.campaign, later)]

    def statements(before: int, after: int) -> int:
        db.session.expire_all()
        plans = [world.plan(plan_id) for plan_id in (before, after)]
        seen: list[str] = []

        def note(_c: object, _u: object, statement: str, *_: object) -> None:
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            compare_plans(*plans)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    assert len(db.session.scalars(select(PlanTarget.id).where(PlanTarget.plan_id == large[0])).all()) == 600
    few = statements(earlier, small)
    assert statements(*large) <= few + 2


# -- what was in force before ----------------------------------------------------------------------------------------


def before(world: World, plan_id: int, login: str = PREPARER) -> dict[tuple[str, str], Entry | None] | None:
    """By the codes of receiver and indicator, for the plan's own rows and indicators."""
    plan = world.plan(plan_id)
    found = read_before(plan, world.account(login), today=TODAY)
    if found is None:
        return None
    sheet = read_sheet(plan)
    return {
        (row.unit.code, column.indicator.code): found.entry(row.unit, column)
        for row in sheet.rows
        for column in sheet.indicators
    }


def put_a_in_force(world: World, target: int = 8000) -> int:
    """District A's plan of the first campaign, in force."""
    world.issue_province(target)
    plan_id = world.approved("A", target)
    world.put_in_force(plan_id)
    return plan_id


def test_the_target_before_is_that_of_the_earlier_campaign(world: World) -> None:
    first = put_a_in_force(world)
    set_target(world, first, "A2", None, "không phát sinh")
    later = open_in(world, next_campaign(world, changed="dossiers"))
    found = before(world, later)
    assert found is not None
    assert found["A1", "services"] == Entry(8000)
    assert found["A2", "services"] == Entry(None, "không phát sinh")
    # measured as another kind now: nothing to set beside it
    assert found["A1", "dossiers"] is None


def test_a_receiver_that_is_new_had_no_target_before(world: World) -> None:
    put_a_in_force(world)
    with transaction():
        add_unit(code="A9", name="Xã mới", kind_code="commune", parent=world.unit("A"), position=9, valid_from=SINCE)
    found = before(world, open_in(world, next_campaign(world)))
    assert found is not None
    assert found["A9", "services"] is None
    assert found["A3", "dossiers"] == Entry(8000)


def test_nothing_was_in_force_before_the_first_plan_or_behind_a_draft(world: World) -> None:
    world.issue_province(8000)
    draft = world.open("A", PREPARER)
    assert before(world, draft) is None
    assert before(world, open_in(world, next_campaign(world))) is None


def test_an_earlier_revision_goes_before_an_earlier_campaign(world: World) -> None:
    put_a_in_force(world, 8000)
    campaign_id = next_campaign(world)
    first = open_in(world, campaign_id)
    set_target(world, first, "A1", 9100)
    with transaction() as session:
        session.execute(
            db.update(Plan)
            .where(Plan.id == first)
            .values(state=PlanState.SUPERSEDED, submitted_hash="0" * 64, approved_hash="0" * 64)
        )
        plan = world.plan(first)
        revision = Plan(
            campaign=plan.campaign, unit=plan.unit, revision=2, version=1, state=PlanState.DRAFT, created_at=NOW,
            changed_at=NOW, based_on_id=first, revision_reason="Điều chỉnh giữa năm",
        )  # fmt: skip
        session.add(revision)
        session.flush()  # its id is used below
        for row in read_sheet(plan).rows:
            session.add_all(
                PlanTarget(plan_id=revision.id, unit_id=cell.unit_id, indicator_id=cell.indicator_id, position=0)
                for cell in row.cells
            )
        second = revision.id
    found = before(world, second)
    assert found is not None
    assert found["A1", "dossiers"] == Entry(9100)
    # the first one looks back to the campaign before, not to what came after it
    found = before(world, first)
    assert found is not None
    assert found["A1", "dossiers"] == Entry(8000)


def test_a_plan_of_another_unit_was_not_before(world: World) -> None:
    put_a_in_force(world)
    assert before(world, open_in(world, next_campaign(world), "B", "b.preparer"), "b.preparer") is None
