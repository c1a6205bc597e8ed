"""The web server: one parent, and the processes it forks, which answer."""

from __future__ import annotations

import multiprocessing
import os
import signal

from flask import Flask
from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server import Server

from allocapp.config import Config
from allocapp.lifeline import die_with_parent

THREADS = 4
ENDING = frozenset({signal.SIGINT, signal.SIGTERM})


def run_web(app: Flask, config: Config) -> None:
    """Answer requests until SIGTERM.

    Granian, by measuring on the allocation page of a district (2 cores, 8 connections, medians of four runs): pages a
    second 64, gunicorn's threads 52, waitress 32; CPU for a page 17.7, 18.6 and 22.6 ms. The page itself is most of
    that, so the server matters less than a trivial route would make believe. Two threads a process take 16.0 ms; four,
    so that a signature or a file's check, which wait for something else, do not hold up two people out of four.
    """
    parent = os.getpid()
    multiprocessing.set_start_method("fork")  # the application is loaded already
    _answer_signals_from_the_first_moment()

    def load() -> Flask:
        die_with_parent(parent)
        return app

    Server(
        "wsgi:app",
        address=config.host,
        port=config.port,
        interface=Interfaces.WSGI,
        workers=max(2, len(os.sched_getaffinity(0))),
        blocking_threads=THREADS,
        websockets=False,
        respawn_failed_workers=True,
        respawn_interval=0.5,
        workers_kill_timeout=8,
        log_level=LogLevels.warning,
        log_access=True,
        log_access_format='%(addr)s "%(method)s %(path)s" %(status)d %(dt_ms).0f ms',
        log_dictconfig={
            "formatters": {},
            "handlers": {},
            "loggers": {"_granian": {"propagate": True}, "granian.access": {"propagate": True}},
        },
    ).serve(target_loader=load, wrap_loader=False)


def _answer_signals_from_the_first_moment() -> None:
    """A process that granian forks keeps its parent's handlers until it sets its own, and they do nothing there.

    So a SIGTERM soon after the start was lost, and stopping waited for the kill eight seconds later. Signals now wait
    while a fork is under way, and the new process begins with the default: to end.
    """

    def begin() -> None:
        for number in ENDING:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)

    os.register_at_fork(
        before=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, ENDING),
        after_in_parent=lambda: signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING),
        after_in_child=begin,
    )
