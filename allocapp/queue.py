"""The one place that knows RQ: what may be sent, how it is sent, and the worker that runs it.

Redis only carries a job; that the work must be done stands in the database, written with its cause, and a sweep sends
again what Redis lost. So nothing here is the only copy of anything, and a result or a job's past is not kept.

What is to be done again and again stands in :data:`SCHEDULE`. Each installation has a scheduler that sends it by RQ's
cron; several of them do no harm, because every job does only what is still to be done.

A job is a name from :data:`JOBS` and an id, as JSON. RQ itself would import and call whatever a message names, so the
worker checks the name against the list before it imports anything, and drops every other name that RQ would follow
(callbacks, web hooks): whoever can write to Redis can at most ask for work that the application does anyway.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from importlib import import_module
from types import MappingProxyType
from typing import Any

from flask import Flask, current_app
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry
from rq import Queue, Worker
from rq.cron import CronJob, CronScheduler
from rq.exceptions import SchedulerNotFound
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from allocapp.clock import ZONE
from allocapp.db import db
from allocapp.errors import QueueUnavailable
from allocapp.lifeline import die_with_parent

JOBS: Mapping[str, str] = MappingProxyType(
    {
        "chain_events": "allocapp.jobs.journal.chain_events",
        "remind": "allocapp.jobs.reminder.remind",
        "render_decision": "allocapp.jobs.decision.render",
        "recheck_below": "allocapp.jobs.cascade.recheck_below",
        "send_mail": "allocapp.jobs.mail.send_mail",
        "send_unsent": "allocapp.jobs.sweep.send_unsent",
        "write_head": "allocapp.jobs.journal.write_head",
    }
)
"""Every job there is: its name, and the function that a worker calls with the subject's id, if it has one."""

SWEEP_EVERY = timedelta(seconds=30)
SCHEDULE: Mapping[str, timedelta | time_of_day] = MappingProxyType(
    {
        "chain_events": timedelta(minutes=1),
        "remind": timedelta(hours=1),
        "send_mail": timedelta(minutes=1),
        "send_unsent": SWEEP_EVERY,
        "write_head": time_of_day(23, 30),
    }
)
"""What is sent again and again: how often, or at what time of the offices' day. Its jobs take no id."""

QUEUE = "allocapp"
JOB_TIMEOUT = 30  # seconds; 213 rows render in one, 300 in a little more
FAILED_KEPT = 86_400  # seconds that RQ keeps a failed job's traceback for technicians

WORKER_TTL = 30  # an idle worker gives a sign of life every WORKER_TTL - 15 seconds
MONITORING_INTERVAL = 10  # a busy one this often
SILENCE = timedelta(seconds=45)
LATE_BY_DAY = 6 * 3600  # seconds that a daily job may wait for a worker
PAUSE = 1.0  # seconds until a scheduler whose Redis does not answer tries again

_EXTENSION = "allocapp_queue"

log = logging.getLogger(__name__)


class RefusedJob(Exception):
    """The queue holds a message that names no job of ours."""


class AllowedJob(Job):
    """A job whose function can only be one of :data:`JOBS`. RQ reads function and arguments through here."""

    @property
    def func(self) -> Callable[..., Any]:
        """The function to call. Raises RefusedJob, before any import, for everything that is not on the list."""
        if self.func_name not in JOBS.values() or self.instance is not None or self.kwargs:
            raise RefusedJob(str(self.func_name)[:200])
        if any(type(argument) is not int for argument in self.args):
            raise RefusedJob(f"{self.func_name}: an argument is no id")
        module, _, function = str(self.func_name).rpartition(".")
        named: Callable[..., Any] = getattr(import_module(module), function)
        return named

    def restore(self, raw_data: dict[Any, Any]) -> None:
        """Read the message, without the other names it may carry: callbacks are imported too, web hooks called."""
        super().restore({key: value for key, value in raw_data.items() if not _names_more(key)})


def _names_more(key: bytes | str) -> bool:
    name = key.decode("utf-8", "replace") if isinstance(key, bytes) else key
    return name.endswith("_callback_name") or name == "webhooks"


class QueueWorker(Worker):
    """Takes jobs from the queue and runs each in a child of its own (a work horse), inside the app's context.

    Forking (50 jobs/s) and not in place (230 jobs/s): the jobs are few and heavy. A large decision takes a gigabyte
    while WeasyPrint lays it out, and only the end of a process gives that back; and Pango, fontconfig and OpenSSL are
    C libraries: a crash or a hang there costs one job, which is marked failed, and not the worker.
    """

    job_class = AllowedJob

    def __init__(self, app: Flask) -> None:
        super().__init__(
            [_queue(app)],
            connection=_connect(app),
            serializer=JSONSerializer,
            worker_ttl=WORKER_TTL,
            job_monitoring_interval=MONITORING_INTERVAL,
        )
        self.app = app

    def work(self, *arguments: Any, **options: Any) -> bool:
        """Take jobs until told to stop. RQ's own account of it is left out; a failed job's traceback is not."""
        for name in ("rq.worker", "rq.job", "rq.queue"):
            logging.getLogger(name).setLevel(logging.WARNING)
        return super().work(*arguments, **{"logging_level": "WARNING", **options})

    def bootstrap(self, *arguments: Any, **options: Any) -> None:
        """Register, then load what jobs need, once and not in every horse: WeasyPrint alone takes most of a second."""
        super().bootstrap(*arguments, **options)
        for dotted in JOBS.values():
            import_module(dotted.rpartition(".")[0])

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """Run one job, in the horse, and say so in one line; the sweep, which runs all the time, only when it fails."""
        started = time.monotonic()
        done = super().perform_job(job, queue, execution)
        level = logging.INFO if job.args else logging.DEBUG
        log.log(
            level if done else logging.ERROR,
            "%s(%s) %s in %.1f s",
            job.func_name,
            ", ".join(map(str, job.args)),
            "done" if done else "failed",
            time.monotonic() - started,
        )
        return done

    def main_work_horse(self, job: Job, queue: Queue) -> None:
        """The horse's life: it ends with its worker, and shares no database connection with it."""
        die_with_parent(self.pid or os.getppid())
        with self.app.app_context():
            for engine in db.engines.values():
                engine.dispose(close=False)
            super().main_work_horse(job, queue)


class ScheduledJob(CronJob):
    """A line of the schedule. RQ's own would send it by pickle, keep its past, and count hours on the machine's clock.

    A daily job whose hour has passed when the scheduler starts is sent at once: the machine may have been off.
    """

    def __init__(self, name: str, when: timedelta | time_of_day) -> None:
        self.daily = when if isinstance(when, time_of_day) else None
        seconds = int(when.total_seconds()) if isinstance(when, timedelta) else None
        cron = f"{self.daily.minute} {self.daily.hour} * * *" if self.daily else None
        super().__init__(QUEUE, func_name=JOBS[name], name=name, interval=seconds, cron=cron)

    def enqueue(self, connection: Redis) -> Job:
        """Send it as everything is sent. ``connection`` is the scheduler's, which is the app's."""
        return _enqueue(self.name, within=self.interval or LATE_BY_DAY)

    def get_next_enqueue_time(self) -> datetime:
        """The next moment in UTC: for a daily job its hour on the offices' clock, today's where it was never sent."""
        if self.daily is None:
            return super().get_next_enqueue_time()
        return next_hour(self.daily, datetime.now(ZONE), again=self.latest_enqueue_time is not None)


class QueueScheduler(CronScheduler):
    """Sends what :data:`SCHEDULE` lists, until told to stop; a Redis that falls silent does not end it."""

    def __init__(self, app: Flask) -> None:
        super().__init__(connection=_connect(app))
        logging.getLogger("rq.cron").setLevel(logging.WARNING)
        self.app = app
        self.silent = False
        self._cron_jobs = [ScheduledJob(name, when) for name, when in SCHEDULE.items()]

    def start(self) -> None:
        """Send what is due, sleep, and so on. RQ stops it, and takes it from its register, on SIGTERM and SIGINT."""
        with self.app.app_context():
            super().start()

    def enqueue_jobs(self) -> list[CronJob]:
        """Send what is due. What Redis did not take stays due."""
        try:
            sent = super().enqueue_jobs()
        except RedisError:
            if not self.silent:
                log.warning("the queue does not answer; what is due is sent when it does")
            self.silent = True
            return []
        self.silent = False
        return sent

    def save(self, *arguments: Any) -> None:
        """Tell RQ's register how far it is; nobody here reads it, so a silent Redis is no reason to end."""
        with suppress(RedisError):
            super().save(*arguments)

    def heartbeat(self) -> None:
        """Give a sign of life to RQ's register, likewise."""
        with suppress(RedisError):
            super().heartbeat()

    def register_death(self, *arguments: Any) -> None:
        """Leave RQ's register, unless Redis is gone or has forgotten it."""
        with suppress(RedisError, SchedulerNotFound):
            super().register_death(*arguments)

    def calculate_sleep_interval(self) -> float:
        """Seconds until the next one is due, or until a silent Redis is asked again."""
        return PAUSE if self.silent else super().calculate_sleep_interval()


def next_hour(daily: time_of_day, present: datetime, *, again: bool) -> datetime:
    """The hour of the present day, which may be past where it was not kept; ``again``: the first one to come."""
    hour = datetime.combine(present.astimezone(ZONE).date(), daily, ZONE)
    return (hour + timedelta(days=1) if again and hour <= present else hour).astimezone(UTC)


def send(name: str, subject_id: int | None = None, *, within: int | None = None) -> None:
    """Hand a job to the workers.

    ``name`` is a key of JOBS. ``within``: seconds after which it need not be done any more, for what is sent again
    and again anyway. Raises QueueUnavailable when Redis does not answer; the sweep then sends the job later.
    """
    try:
        _enqueue(name, subject_id, within=within)
    except RedisError as error:
        raise QueueUnavailable(name) from error


def ping() -> bool:
    """Whether Redis answers."""
    try:
        return bool(_queue(current_app).connection.ping())
    except RedisError:
        return False


def worker_alive() -> bool:
    """Whether at least one worker of this queue, on whatever host, has given a sign of life lately."""
    try:
        workers = Worker.all(queue=_queue(current_app))
    except RedisError:
        return False
    since = datetime.now(UTC) - SILENCE
    return any(worker.last_heartbeat and worker.last_heartbeat > since for worker in workers)


def _enqueue(name: str, subject_id: int | None = None, *, within: int | None) -> Job:
    return _queue(current_app).enqueue(
        JOBS[name],
        args=() if subject_id is None else (subject_id,),
        job_timeout=JOB_TIMEOUT,
        result_ttl=0,
        failure_ttl=FAILED_KEPT,
        ttl=within,
    )


def _queue(app: Flask) -> Queue:
    """The app's queue, with one connection pool a process (redis-py makes a new one after a fork)."""
    queue: Queue | None = app.extensions.get(_EXTENSION)
    if queue is None:
        queue = Queue(QUEUE, connection=_connect(app), job_class=AllowedJob, serializer=JSONSerializer)
        app.extensions[_EXTENSION] = queue
    return queue


def _connect(app: Flask) -> Redis:
    """A connection that gives up soon: a person waits behind it, and the sweep makes up for a lost message.

    The worker raises its own socket time-out, because it waits for messages on purpose.
    """
    return Redis.from_url(
        app.config["REDIS_URL"], socket_connect_timeout=2, socket_timeout=5, retry=Retry(NoBackoff(), 1)
    )
