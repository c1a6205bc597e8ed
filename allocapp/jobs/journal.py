"""Chains the journal, and takes the chain's head outside once a day."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Sequence
from pathlib import Path

from flask import current_app

from allocapp.clock import now
from allocapp.config import Config
from allocapp.db import transaction
from allocapp.services import journal_chain

LIMIT = 1000  # events linked in one transaction: writers wait for no longer than that takes


def chain_events() -> None:
    """Link every committed event that has no link yet."""
    chained = LIMIT
    while chained == LIMIT:
        with transaction():
            chained = journal_chain.chain_events(now=now(), limit=LIMIT)


def write_head() -> None:
    """Link what waits, note the end of the chain for the day, tell the auditors, and add it to the file of heads.

    Heads that an earlier run could not write into the file, because its folder was away, are added too.
    """
    chain_events()
    with transaction():
        journal_chain.write_head(now=now())
        lines = [journal_chain.head_line(head) for head in journal_chain.newest_heads()]
    config: Config = current_app.config["ALLOCAPP"]
    add_lines(config.journal_heads, lines)


def add_lines(path: Path, lines: Sequence[str]) -> None:
    """Add the lines that the file does not hold yet, each once although two runs come together."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with open(os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600), "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        known = set(file.read().split("\n"))
        file.write("".join(f"{line}\n" for line in lines if line not in known))
        file.flush()
        os.fsync(file.fileno())
