"""The demonstration's accounts as people are told them: one file beside the database, readable by its owner alone.

Only what the demonstration made for itself stands there. Passwords and the passphrase of the demo keys are secrets all
the same: they are drawn anew at every first load.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

FILENAME = "demo_accounts.json"


@dataclass(frozen=True)
class DemoAccount:
    """An account, named by role and unit, with its password; ``roles`` are values of models.account.Role."""

    login: str
    password: str
    name: str
    unit: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class DemoAccess:
    """Every account of the demonstration, and the passphrase that opens all its signing keys."""

    accounts: tuple[DemoAccount, ...]
    signing_passphrase: str


def write_demo_access(instance: Path, access: DemoAccess) -> None:
    """Write the file whole or not at all, for its owner alone."""
    draft = instance / f".{FILENAME}.{os.getpid()}"
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(asdict(access), file, ensure_ascii=False, indent=1)
    draft.replace(instance / FILENAME)


def read_demo_access(instance: Path) -> DemoAccess | None:
    """What the file says; None where there is none, or none that was written here."""
    try:
        read = json.loads((instance / FILENAME).read_text(encoding="utf-8"))
        accounts = tuple(DemoAccount(**{**entry, "roles": tuple(entry["roles"])}) for entry in read["accounts"])
        return DemoAccess(accounts, str(read["signing_passphrase"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
