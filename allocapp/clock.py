"""The clock and the calendar day, read in one place by views, jobs and commands; services are given ``now``."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """The present moment, in UTC."""
    return datetime.now(UTC)


def local_day(moment: datetime) -> date:
    """The day of ``moment`` on the offices' calendar."""
    return moment.astimezone(ZONE).date()


def today() -> date:
    """The present day on the offices' calendar."""
    return local_day(now())
