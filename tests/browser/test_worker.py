"""A worker that is killed while it makes a decision's file: the page says that it waits, and the file comes by itself.

The lease of the job that died has to pass first. So the worker is killed before the other tests of the folder, and its
file is looked for after them.
"""

from __future__ import annotations

from playwright.sync_api import expect

from allocapp.queue import SWEEP_EVERY
from allocapp.services.decision import render_job
from allocapp.services.job import LEASE
from tests.browser.conftest import Interrupted
from tests.browser.site import decision_of

# the lease, then the next sweep, then the making
LONGEST_MS = ((LEASE + SWEEP_EVERY).total_seconds() + 15) * 1000


def test_the_file_comes_although_its_worker_was_killed(interrupted: Interrupted) -> None:
    clerk, made = interrupted.clerk, interrupted.made
    site = clerk.site
    now = clerk.page.locator(".road-now .road-name")
    expect(now).to_have_text(site.say("Leader's signing"), timeout=LONGEST_MS)
    job = site.reading(lambda: render_job(decision_of(made)))
    assert job is not None
    assert job.attempts == 2
    clerk.go("/healthz")
    assert clerk.watch.wrong == []
