"""Work that must not be lost: written as a row with its cause, carried by the queue, claimed with a lease."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select, update
from sqlalchemy.engine import CursorResult

from allocapp import queue
from allocapp.db import after_commit, db
from allocapp.errors import QueueUnavailable
from allocapp.models.job import Job, JobState

# longer than the longest a job can go on (the queue's time-out, the minute RQ gives it, a margin), so that no job is
# claimed a second time while it runs
LEASE = timedelta(seconds=queue.JOB_TIMEOUT + 60 + 15)
# a job that takes its worker with it this often is not started again until a person asks
MOST_ATTEMPTS = 3
WORKER_DIED = "worker_died"
# how long a waiting job may go unclaimed before it is taken for lost by Redis and sent again
PATIENCE = timedelta(seconds=30)

log = logging.getLogger(__name__)


def request_job(name: str, subject_id: int, *, cause: str, now: datetime) -> Job:
    """Ask for work, in the transaction that makes it necessary; it is sent once that has been committed."""
    job = Job(name=name, subject_id=subject_id, cause=cause, created_at=now, state=JobState.WAITING, attempts=0)
    db.session.add(job)
    db.session.flush()  # the row's id is what the queue carries
    _send_after_commit(job)
    return job


def retry_job(job: Job) -> None:
    """Ask again for work that failed; its attempts are counted anew."""
    job.state, job.error, job.leased_until, job.finished_at = JobState.WAITING, "", None, None
    job.attempts = 0
    _send_after_commit(job)


def claim_job(job_id: int, *, now: datetime) -> Job | None:
    """Take a job for this worker until its lease ends. None: it is gone, done, or another worker has it.

    A job whose workers died too often fails here, with the reason WORKER_DIED.
    """
    lapsed = and_(Job.state == JobState.RUNNING, Job.leased_until < now)
    db.session.execute(
        update(Job)
        .where(Job.id == job_id, lapsed, Job.attempts >= MOST_ATTEMPTS)
        .values(state=JobState.FAILED, finished_at=now, leased_until=None, error=WORKER_DIED)
    )
    free = or_(Job.state == JobState.WAITING, lapsed)
    claimed = db.session.execute(
        update(Job)
        .where(Job.id == job_id, free)
        .values(state=JobState.RUNNING, leased_until=now + LEASE, attempts=Job.attempts + 1)
    )
    return db.session.get(Job, job_id) if _rows(claimed) else None


def finish_job(job_id: int, attempt: int, *, now: datetime) -> None:
    """Note that the work is done. An attempt whose lease was taken over meanwhile changes nothing."""
    db.session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.RUNNING, Job.attempts == attempt)
        .values(state=JobState.DONE, finished_at=now, leased_until=None, error="")
    )


def fail_job(job_id: int, attempt: int, error: str, *, now: datetime) -> None:
    """Note why the work could not be done; a person sees the reason and may retry. As finish_job for a lost lease."""
    db.session.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == JobState.RUNNING, Job.attempts == attempt)
        .values(state=JobState.FAILED, finished_at=now, leased_until=None, error=error[:2000])
    )


def newest_job(name: str, subject_id: int) -> Job | None:
    """The latest job of that name for the subject."""
    return db.session.scalar(
        select(Job).where(Job.name == name, Job.subject_id == subject_id).order_by(Job.id.desc()).limit(1)
    )


def lost_jobs(*, now: datetime) -> Sequence[Job]:
    """Jobs that nobody is working on although they wait: Redis lost them, or their worker died."""
    return db.session.scalars(
        select(Job).where(
            or_(
                and_(Job.state == JobState.WAITING, Job.created_at < now - PATIENCE),
                and_(Job.state == JobState.RUNNING, Job.leased_until < now),
            )
        )
    ).all()


def _send_after_commit(job: Job) -> None:
    name, job_id = job.name, job.id

    def send() -> None:
        try:
            queue.send(name, job_id)
        except QueueUnavailable:
            # the row is committed: the sweep sends it when the queue answers again
            log.warning("queue unavailable; job %s %s waits for the sweep", name, job_id)

    after_commit(send)


def _rows(result: object) -> int:
    assert isinstance(result, CursorResult)
    return result.rowcount
