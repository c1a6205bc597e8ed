"""Renders decisions."""

from __future__ import annotations

import json

from allocapp.clock import now
from allocapp.db import db, transaction
from allocapp.documents.decision import render_decision
from allocapp.models.decision import Decision
from allocapp.models.event import Subject
from allocapp.services.decision import complete_render
from allocapp.services.job import claim_job, fail_job, finish_job
from allocapp.services.journal import record_event

SUBJECT_GONE = "subject_gone"


def render(job_id: int) -> None:
    """Render the job's decision from its frozen snapshot, outside any transaction, and keep the PDF."""
    with transaction():
        job = claim_job(job_id, now=now())
        if job is None:
            return
        decision = db.session.get(Decision, job.subject_id)
        snapshot = decision.snapshot if decision else None
        decision_id, unit_id = job.subject_id, decision.unit_id if decision else None
    if snapshot is None:
        _note_failure(job_id, decision_id, unit_id, SUBJECT_GONE)
        return
    try:
        pdf = render_decision(json.loads(snapshot))
    except Exception as error:  # whatever stopped it, a person must see that it stopped, and may retry
        _note_failure(job_id, decision_id, unit_id, f"{type(error).__name__}: {error}")
        raise
    with transaction():
        complete_render(decision_id, pdf, now=now())
        finish_job(job_id, now=now())


def _note_failure(job_id: int, decision_id: int, unit_id: int | None, reason: str) -> None:
    with transaction():
        fail_job(job_id, reason, now=now())
        record_event(
            Subject.DECISION, decision_id, "render_failed", actor=None, now=now(), unit_id=unit_id, reason=reason
        )
