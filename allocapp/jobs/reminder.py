"""Reminds of deadlines and tells of those that have passed."""

from __future__ import annotations

from allocapp.clock import now
from allocapp.db import transaction
from allocapp.services.reminder import remind_due


def remind() -> None:
    """Tell everybody whose part is due soon or overdue. Nobody is told of the same occasion twice."""
    with transaction():
        remind_due(now=now())
