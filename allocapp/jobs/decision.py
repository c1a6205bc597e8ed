"""Renders decisions."""

from __future__ import annotations

import json

from allocapp.clock import now
from allocapp.db import db, transaction
from allocapp.documents.decision import render_decision
from allocapp.errors import StoredFileDamaged
from allocapp.models.decision import Decision
from allocapp.models.event import Subject
from allocapp.services.decision import complete_render, frozen_snapshot
from allocapp.services.job import claim_job, fail_job, finish_job
from allocapp.services.journal import record_event

SUBJECT_GONE = "subject_gone"
SNAPSHOT_DAMAGED = "snapshot_damaged"


def render(job_id: int) -> None:
    """Render the job's decision from its frozen snapshot, outside any transaction, and keep the PDF."""
    with transaction():
        job = claim_job(job_id, now=now())
        if job is None:
            return
        decision_id, attempt = job.subject_id, job.attempts
    try:
        snapshot = _read_snapshot(decision_id)
    except StoredFileDamaged:
        _note_failure(job_id, attempt, decision_id, SNAPSHOT_DAMAGED)
        return
    if snapshot is None:
        _note_failure(job_id, attempt, decision_id, SUBJECT_GONE)
        return
    try:
        pdf = render_decision(json.loads(snapshot))
    except Exception as error:  # whatever stopped it, a person must see that it stopped, and may retry
        _note_failure(job_id, attempt, decision_id, f"{type(error).__name__}: {error}")
        raise
    with transaction():
        complete_render(decision_id, pdf, now=now())
        finish_job(job_id, attempt, now=now())


def _read_snapshot(decision_id: int) -> str | None:
    decision = db.session.get(Decision, decision_id)
    return frozen_snapshot(decision) if decision else None


def _note_failure(job_id: int, attempt: int, decision_id: int, reason: str) -> None:
    with transaction():
        decision = db.session.get(Decision, decision_id)
        fail_job(job_id, attempt, reason, now=now())
        record_event(
            Subject.DECISION,
            decision_id,
            "render_failed",
            actor=None,
            now=now(),
            unit_id=decision.unit_id if decision else None,
            reason=reason,
        )
