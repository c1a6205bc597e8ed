"""Sends again whatever the queue lost."""

from __future__ import annotations

from allocapp import queue
from allocapp.clock import now
from allocapp.services.job import lost_jobs


def send_unsent() -> None:
    """Send every job that waits unclaimed, or whose worker died. Sending one twice does no harm: a claim decides."""
    for job in lost_jobs(now=now()):
        queue.send(job.name, job.id)
