"""Checks the plans below again after a superior's decision."""

from __future__ import annotations

from allocapp.clock import now
from allocapp.db import transaction
from allocapp.services.cascade import plans_to_recheck, recheck_plan
from allocapp.services.job import claim_job, finish_job


def recheck_below(job_id: int) -> None:
    """Check every plan directly below the job's plan, each in a transaction of its own. Doing it twice adds nothing.

    What fails is left to the sweep, which sends the job again once its lease has lapsed.
    """
    with transaction():
        job = claim_job(job_id, now=now())
        if job is None:
            return
        superior_plan_id, attempt = job.subject_id, job.attempts
    for plan_id in plans_to_recheck(superior_plan_id):
        with transaction():
            recheck_plan(plan_id, now=now())
    with transaction():
        finish_job(job_id, attempt, now=now())
