"""The queue with a real Valkey and real workers: only jobs on the list run, and nothing outlives its worker."""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from importlib import import_module
from pathlib import Path

import pytest
from flask import Flask
from redis import Redis
from rq import Callback, Queue
from rq.job import Job, JobStatus

from allocapp import create_app, queue
from allocapp.config import ROOT, load_config
from allocapp.db import db
from allocapp.errors import QueueUnavailable
from tests.servers import valkey, wait_until

# a worker as the supervisor runs it, with one more job on its list
WORKER = """
import sys
from allocapp import create_app, queue
queue.JOBS = {**queue.JOBS, "nap": "tests.test_queue.nap", "crash": "tests.test_queue.crash"}
queue.QueueWorker(create_app()).work(burst=sys.argv[1] == "burst")
"""

# a scheduler as the supervisor runs it, in more haste
SCHEDULER = """
import datetime, sys
from allocapp import create_app, queue
queue.SCHEDULE = {"send_unsent": datetime.timedelta(seconds=int(sys.argv[1]))}
queue.PAUSE = 0.2
queue.QueueScheduler(create_app()).start()
"""


def nap(seconds: int) -> None:
    """A job that takes its time."""
    time.sleep(seconds)


def crash() -> None:
    """A job that takes its process down, as a fault in a C library would."""
    os.kill(os.getpid(), signal.SIGSEGV)


@pytest.fixture(scope="module")
def redis_url() -> Iterator[str]:
    with valkey() as url:
        yield url


@pytest.fixture
def environ(tmp_path: Path, redis_url: str) -> Iterator[dict[str, str]]:
    yield {"ALLOCAPP_INSTANCE": str(tmp_path), "REDIS_URL": redis_url, "DEMO": "0", "PYTHONPATH": str(ROOT)}
    with Redis.from_url(redis_url) as client:
        client.flushall()


@pytest.fixture
def app(environ: dict[str, str]) -> Flask:
    return create_app(load_config(environ))


def worker_command(how: str) -> list[str]:
    return [sys.executable, "-c", WORKER, how]


def work_off(environ: dict[str, str]) -> None:
    """Let a worker do what is queued, and end."""
    subprocess.run(worker_command("burst"), env={**os.environ, **environ}, cwd=ROOT, timeout=60, check=True)


def plain_queue(redis_url: str) -> Queue:
    """The queue as somebody with access to Redis sees it: RQ itself, without our list."""
    return Queue(queue.QUEUE, connection=Redis.from_url(redis_url), serializer="json")


def test_every_job_on_the_list_exists() -> None:
    for dotted in queue.JOBS.values():
        module, _, function = dotted.rpartition(".")
        assert callable(getattr(import_module(module), function))


def test_messages_are_json_with_a_name_and_ids_only(app: Flask, redis_url: str) -> None:
    with app.app_context():
        queue.send("render_decision", 5)
    (job,) = plain_queue(redis_url).get_jobs()
    assert json.loads(job.data) == [queue.JOBS["render_decision"], None, [5], {}]


def test_any_other_function_is_refused(environ: dict[str, str], redis_url: str, tmp_path: Path) -> None:
    folder = str(tmp_path / "made")
    functions = ["os.mkdir", "pathlib.Path.mkdir", "tests.test_queue.mkdir", queue.JOBS["render_decision"]]
    jobs = [plain_queue(redis_url).enqueue(function, folder) for function in functions]
    pickled = Queue(queue.QUEUE, connection=Redis.from_url(redis_url)).enqueue(queue.JOBS["send_unsent"])
    work_off(environ)
    assert not Path(folder).exists()
    assert pickled.get_status(refresh=True) == JobStatus.FAILED
    for job in jobs:
        assert job.get_status(refresh=True) == JobStatus.FAILED
        result = job.latest_result()
        assert result is not None
        assert "RefusedJob" in str(result.exc_string)


def test_a_refused_job_is_not_even_imported(environ: dict[str, str], redis_url: str, tmp_path: Path) -> None:
    (tmp_path / "planted.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\ndef run(*_): pass\n")
    environ = {**environ, "PYTHONPATH": f"{ROOT}:{tmp_path}"}
    mine = plain_queue(redis_url)
    mine.enqueue("planted.run")
    mine.enqueue(
        queue.JOBS["render_decision"], 1, on_failure=Callback("planted.run"), on_success=Callback("planted.run")
    )
    work_off(environ)
    assert mine.count == 0
    assert not (tmp_path / "ran").exists()


def test_a_crashing_job_fails_alone(environ: dict[str, str], redis_url: str) -> None:
    mine = plain_queue(redis_url)
    crashing = mine.enqueue("tests.test_queue.crash")
    after = mine.enqueue("tests.test_queue.nap", 0, result_ttl=60)
    work_off(environ)
    assert crashing.get_status(refresh=True) == JobStatus.FAILED
    assert after.get_status(refresh=True) == JobStatus.FINISHED


def test_a_job_ends_with_its_worker(environ: dict[str, str], app: Flask, redis_url: str) -> None:
    job = plain_queue(redis_url).enqueue("tests.test_queue.nap", 60)
    worker = subprocess.Popen(worker_command("on"), env={**os.environ, **environ}, cwd=ROOT)
    try:
        wait_until(lambda: job.get_status(refresh=True) == JobStatus.STARTED, 15, "the job did not start")
        children = Path(f"/proc/{worker.pid}/task/{worker.pid}/children")
        wait_until(lambda: bool(children.read_text().split()), 5, "no work horse")
        (horse,) = (int(pid) for pid in children.read_text().split())
        with app.app_context():
            assert queue.worker_alive()
    finally:
        worker.kill()
        worker.wait()
    wait_until(lambda: not Path(f"/proc/{horse}").exists(), 5, "the work horse outlived its worker")


def test_an_expired_sweep_is_dropped(app: Flask, redis_url: str) -> None:
    with app.app_context():
        queue.send("send_unsent", within=30)
    (job,) = plain_queue(redis_url).get_jobs()
    with Redis.from_url(redis_url) as client:
        assert 0 < client.ttl(Job.key_for(job.id)) <= 30


def test_the_schedule_names_jobs_on_the_list_that_take_no_id() -> None:
    assert set(queue.SCHEDULE) <= set(queue.JOBS)
    for name in queue.SCHEDULE:
        module, _, function = queue.JOBS[name].rpartition(".")
        assert not inspect.signature(getattr(import_module(module), function)).parameters


@contextmanager
def scheduler(environ: dict[str, str], every: int) -> Iterator[subprocess.Popen[str]]:
    running = subprocess.Popen(
        [sys.executable, "-c", SCHEDULER, str(every)],
        env={**os.environ, **environ},
        cwd=ROOT,
        text=True,
        stderr=subprocess.PIPE,
    )
    try:
        yield running
    finally:
        running.kill()
        running.communicate()


def test_the_scheduler_sends_again_and_again_as_everything_is_sent(environ: dict[str, str], redis_url: str) -> None:
    mine = plain_queue(redis_url)
    with scheduler(environ, 2) as running:
        wait_until(lambda: mine.count >= 2, 20, "nothing was sent, or only once")
        job = mine.get_jobs()[-1]  # before it is too old to be done
        running.terminate()
        said = running.communicate(timeout=10)[1]
        assert (running.returncode, said) == (0, "")
    assert json.loads(job.data) == [queue.JOBS["send_unsent"], None, [], {}]
    assert (job.timeout, job.result_ttl, job.ttl) == (queue.JOB_TIMEOUT, 0, 2)
    with Redis.from_url(redis_url) as client:
        # RQ's own would keep a list of what it sent
        assert not [key for key in client.scan_iter() if b"cron_job:" in key]


def test_what_the_scheduler_sends_is_done(environ: dict[str, str], app: Flask, redis_url: str) -> None:
    with app.app_context():
        db.create_all()
    mine = plain_queue(redis_url)
    with scheduler(environ, 600):
        wait_until(lambda: bool(mine.count), 20, "nothing was sent")
    work_off(environ)
    assert (mine.count, mine.failed_job_registry.count) == (0, 0)


def test_a_scheduler_outlives_a_silent_redis(environ: dict[str, str], tmp_path: Path) -> None:
    """It says so once, asks again without haste, and what was due meanwhile is sent."""
    with valkey() as url:
        environ = {**environ, "REDIS_URL": url}
        made = queue.QueueScheduler(create_app(load_config(environ)))
    with made.app.app_context():
        assert made.enqueue_jobs() == []
        made.heartbeat()
        made.save()
        assert made.calculate_sleep_interval() == queue.PAUSE
        made.register_death()
    made.connection = Redis.from_url(environ["REDIS_URL"])
    assert all(job.should_run() for job in made.get_jobs() if job.interval)


def test_a_daily_job_keeps_the_offices_hour_and_makes_up_for_a_late_start() -> None:
    seven, morning = time_of_day(7, 0), datetime(2026, 3, 2, 0, 0, tzinfo=UTC)  # 07:00 in Viet Nam
    day, minute = timedelta(days=1), timedelta(minutes=1)
    for again in (False, True):
        assert queue.next_hour(seven, morning - minute, again=again) == morning
        assert queue.next_hour(seven, morning + 17 * timedelta(hours=1), again=again) == morning + day  # 00:00 there
    assert queue.next_hour(seven, morning, again=True) == morning + day
    assert queue.next_hour(seven, morning + minute, again=False) == morning
    midnight = queue.ScheduledJob("send_unsent", time_of_day(0, 0))
    assert midnight.should_run()  # its hour is past on any day, and it was not sent
    midnight.set_enqueue_time(datetime.now(UTC))
    assert not midnight.should_run()


def test_without_redis_sending_says_so_soon(tmp_path: Path) -> None:
    lost = create_app(load_config({"ALLOCAPP_INSTANCE": str(tmp_path), "DEMO": "0"}))
    before = time.monotonic()
    with lost.app_context():
        with pytest.raises(QueueUnavailable):
            queue.send("send_unsent")
        assert not queue.ping()
        assert not queue.worker_alive()
    assert time.monotonic() - before < 20  # at once, but a busy machine may let it wait


def test_a_queue_without_workers_says_so(app: Flask) -> None:
    with app.app_context():
        assert queue.ping()
        assert not queue.worker_alive()
