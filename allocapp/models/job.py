"""Work that must not be lost: a row in the database with its cause; Redis only carries it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from allocapp.db import Model, stored_as


class JobState(StrEnum):
    """Where a job stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Model):
    """A job, written in the transaction that causes it. ``name`` stands in queue.py's allow-list."""

    __tablename__ = "job"
    __table_args__ = (
        Index("ix_job_name_subject_id", "name", "subject_id"),
        Index("ix_job_state", "state"),
        CheckConstraint("state <> 'running' OR leased_until IS NOT NULL", name="lease"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    subject_id: Mapped[int]
    cause: Mapped[str] = mapped_column(String(200))
    state: Mapped[JobState] = mapped_column(stored_as(JobState, "state"), default=JobState.WAITING)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    # a running job whose lease has passed lost its worker and may be claimed again
    leased_until: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(Text, default="")
