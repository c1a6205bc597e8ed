"""The demonstration's people and signing keys: named by role and unit, with passwords drawn at the first load."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from allocapp.db import db
from allocapp.documents.demo_certificates import DemoSubject, make_demo_certificates
from allocapp.errors import WrongPassphrase
from allocapp.models.account import Account, Grant, Role
from allocapp.models.decision import SignerRole, SigningKey
from allocapp.models.unit import Unit
from allocapp.services.account import hash_password
from allocapp.services.demo import DemoAccess, DemoAccount, read_demo_access

# the campaign's first day: whoever acts in the demonstration held the role then
HELD_FROM = date(2022, 1, 1)
# no letters or digits that are taken for one another
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"

# how a role is called in an account's name, and its login
TITLES: Mapping[Role, tuple[str, str]] = {
    Role.PREPARER: ("chuyenvien", "Chuyên viên"),
    Role.APPROVER: ("duyet", "Người duyệt"),
    Role.LEADER: ("lanhdao", "Lãnh đạo ký"),
    Role.CLERK: ("vanthu", "Văn thư"),
    Role.DATA_OFFICER: ("solieu", "Cán bộ số liệu"),
    Role.VIEWER: ("xem", "Người xem"),
    Role.COORDINATOR: ("phoihop", "Cơ quan phối hợp"),
    Role.ADMINISTRATOR: ("quantri", "Quản trị"),
    Role.AUDITOR: ("kiemtra", "Kiểm tra, giám sát"),
}
_DISTRICT_ROLES = (Role.PREPARER, Role.LEADER, Role.CLERK, Role.DATA_OFFICER, Role.VIEWER)

# unit code, how its logins begin, and the roles there
PEOPLE: tuple[tuple[str, str, tuple[Role, ...]], ...] = (
    ("20", "tinh", tuple(Role)),
    ("178", "thanhpho", _DISTRICT_ROLES),
    ("185", "bacson", _DISTRICT_ROLES),
    ("183", "caoloc", (Role.PREPARER, Role.LEADER, Role.CLERK)),
    ("186", "huulung", (Role.PREPARER,)),
    ("187", "chilang", (Role.PREPARER,)),
    ("181", "binhgia", (Role.PREPARER,)),
    ("05971", "hoangvanthu", (Role.VIEWER,)),
    ("06328", "longdong", (Role.VIEWER,)),
    ("SNV", "snv", (Role.VIEWER,)),
)


@dataclass(frozen=True)
class DemoPeople:
    """The accounts by login, and what people are told of them."""

    accounts: Mapping[str, Account]
    access: DemoAccess


def add_demo_people(units: Mapping[str, Unit], passphrase: str, *, now: datetime) -> DemoPeople:
    """Add the accounts with their roles; ``units`` by code."""
    accounts: dict[str, Account] = {}
    told: list[DemoAccount] = []
    for code, prefix, roles in PEOPLE:
        unit = units[code]
        for role in roles:
            suffix, title = TITLES[role]
            password = draw_secret()
            name = f"{title} {_in_a_sentence(unit)}"
            account = Account(
                login=f"{prefix}.{suffix}",
                name=name,
                password_hash=hash_password(password),
                active=True,
                demo=True,
                created_at=now,
                grants=[Grant(unit=unit, role=role, valid_from=HELD_FROM)],
            )
            accounts[account.login] = account
            told.append(DemoAccount(account.login, password, name, unit.name, (role.value,)))
    db.session.add_all(accounts.values())
    return DemoPeople(accounts, DemoAccess(tuple(told), passphrase))


def demo_passphrase(instance: Path) -> str:
    """The passphrase that an earlier load told, so that the keys it made serve again; otherwise a new one."""
    known = read_demo_access(instance)
    return known.signing_passphrase if known else draw_secret()


def add_demo_keys(units: Iterable[Unit], folder: Path, passphrase: str) -> None:
    """Add two signing keys for every unit that decides, in ``folder``; ``passphrase`` opens them all.

    Keys that a load cut short has left are used again. Where they open with another passphrase, which nobody knows any
    more, their folder is put aside and new ones are made.
    """
    deciding = [unit for unit in units if unit.may_allocate]
    subjects = [DemoSubject(code=unit.code, unit=unit.body_name, person="Lãnh đạo ký") for unit in deciding]
    try:
        made = make_demo_certificates(folder, subjects, passphrase=passphrase)
    except WrongPassphrase:
        folder.rename(folder.with_name(f"{folder.name}-{secrets.token_hex(4)}"))
        made = make_demo_certificates(folder, subjects, passphrase=passphrase)
    ids = {unit.code: unit.id for unit in deciding}
    db.session.add_all(
        SigningKey(unit_id=ids[code], role=SignerRole(role.value), filename=path.name, demo=True)
        for (code, role), path in made.key_files.items()
    )


def draw_secret() -> str:
    """Four groups of four letters: 80 random bits that can be typed from a screen."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(4)) for _ in range(4))


def _in_a_sentence(unit: Unit) -> str:
    """ "Huyện Bắc Sơn" after another word: "huyện Bắc Sơn". A department keeps its capital."""
    return unit.name if unit.kind_code == "department" else f"{unit.name[:1].lower()}{unit.name[1:]}"
