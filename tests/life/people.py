"""A world three levels deep, with people who hold several roles, and the person whose turn each step is."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select

from allocapp.db import db, transaction
from allocapp.models.account import Account, Grant, Role
from allocapp.models.campaign import (
    Authority,
    Campaign,
    CampaignIndicator,
    CampaignStage,
    DecisionKind,
    DocumentText,
    Expectation,
    StageName,
)
from allocapp.models.decision import SignerRole, SigningKey
from allocapp.models.unit import Unit, UnitKind
from allocapp.services.unit import add_unit
from tests.factories import NOW, PASSWORD_HASH, SINCE, World, make_world

# superiors before subordinates; A1 is a commune that passes its targets on to two villages
UNITS = ("P", "A", "B", "A1")
SUPERIOR = {"P": "P", "A": "P", "B": "P", "A1": "A"}
T = 8000

# "both" prepares for the province and a district and approves at the province: who submits must not approve
_MORE_PEOPLE: dict[str, tuple[tuple[str, Role], ...]] = {
    "p.approver2": (("P", Role.APPROVER),),
    "both": (("P", Role.PREPARER), ("A", Role.PREPARER), ("P", Role.APPROVER)),
    "a.approver": (("A", Role.APPROVER),),
    "a1.preparer": (("A1", Role.PREPARER),),
    "a1.leader": (("A1", Role.LEADER),),
    "a1.clerk": (("A1", Role.CLERK),),
}
ROLES = ("preparer", "leader", "clerk")
LOGINS = (
    *(f"{unit.lower()}.{role}" for unit in UNITS for role in ROLES),
    "p.approver", "p.approver2", "both", "a.approver", "a.viewer", "b.viewer", "p.auditor", "p.administrator",
)  # fmt: skip


def make_deep_world(keys: Path) -> World:
    """The small world with a level below commune A1, a T for the province, steps of district B, keys for all who sign.

    ``keys`` is the folder of the signing keys.
    """
    world = make_world()
    with transaction():
        _add_villages(world)
        for login, roles in _MORE_PEOPLE.items():
            account = Account(login=login, name=login, password_hash=PASSWORD_HASH, created_at=NOW)
            account.grants += [Grant(unit_id=world.units[unit], role=role, valid_from=SINCE) for unit, role in roles]
            db.session.add(account)
            db.session.flush()  # its id is kept in the world
            world.accounts[login] = account.id
        for column in db.session.scalars(select(CampaignIndicator)):
            column.assigned_target = T
        for unit in UNITS:
            for role in SignerRole:
                db.session.add(SigningKey(unit_id=world.units[unit], role=role, filename="key.p12"))
        due = CampaignStage(campaign_id=world.campaign, name=StageName.PLANS_SUBMITTED, due=NOW.date())
        db.session.add(due)
    (keys / "key.p12").write_bytes(b"key")
    world.set_steps("B", "b.leader")
    return world


def _add_villages(world: World) -> None:
    """A1 shares its ten services and its hundred dossiers between two villages."""
    commune = db.session.get_one(Unit, world.units["A1"])
    commune.may_allocate, commune.symbol = True, "QĐ-UBND"
    db.session.get_one(UnitKind, "commune").whole = "toàn xã"
    db.session.add(
        UnitKind(
            code="village", name="Thôn", name_en="village", group_name="Các thôn", group_name_en="villages",
            position=5, whole="", whole_en="", plural="các thôn", body="",
        )
    )  # fmt: skip
    words = db.session.scalars(select(DocumentText).where(DocumentText.unit_kind_code == "district")).one()
    names = [column.name for column in DocumentText.__table__.columns if column.name not in ("id", "unit_kind_code")]
    copied = {name: getattr(words, name) for name in names}
    db.session.add(DocumentText(unit_kind_code="commune", **copied))
    db.session.flush()  # units refer to their kind
    for place, (code, services, dossiers) in enumerate(
        (("A11", list(range(30, 36)), 60), ("A12", list(range(34, 40)), 40))
    ):
        village = add_unit(
            code=code, name=f"Thôn {code}", kind_code="village", parent=commune, position=place, valid_from=SINCE
        )
        world.units[code] = village.id
        for indicator, weight, listed in (("services", len(services), services), ("dossiers", dossiers, [])):
            db.session.add(
                Expectation(
                    campaign_id=world.campaign, unit_id=village.id, indicator_id=world.indicators[indicator],
                    weight=weight, baseline_numerator=1, baseline_denominator=weight, services=listed,
                )
            )  # fmt: skip


def set_authority(world: World, authority: Authority) -> None:
    """What a superior's word is worth from now on."""
    with transaction() as session:
        session.get_one(Campaign, world.campaign).authority = authority


def decider(unit: str, authority: Authority) -> str:
    """Who decides on the unit's submission."""
    if unit == "P" or authority is not Authority.COPY:
        return f"{SUPERIOR[unit].lower()}.approver"
    return f"{unit.lower()}.leader"


def undoer(unit: str, authority: Authority) -> str:
    """Who reopens an approved plan of the unit, and orders that one in force be revoked."""
    return decider(unit, Authority.APPROVES if authority is Authority.APPROVES else Authority.COPY)


RELATIONS = (DecisionKind.AMEND, DecisionKind.REPLACE)
