"""Keeps the installation's processes running, and ends them together.

Children are forked from one process that has loaded the application once: that is what makes a start quick and lets
them share memory. Each leads a session of its own, so that Ctrl-C reaches the supervisor alone and it can stop them in
order; and each dies with the supervisor even when that is killed with SIGKILL.

The supervisor has no threads and no signal handlers: its signals are blocked, and it waits for them.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from allocapp.lifeline import die_with_parent

ENDING = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
AWAITED = ENDING | {signal.SIGCHLD}

PATIENCE = 10.0  # seconds a child has to end by itself
FIRST_DELAY = 0.5  # seconds before a child that died is started again; doubles with every early death
LAST_DELAY = 30.0
ASK_EVERY = 0.02  # seconds between two questions whether a group answers
STEADY = 30.0  # a child that lived this long was well

log = logging.getLogger("allocapp.supervisor")


@dataclass
class Child:
    """A process to keep running. ``run`` is called in it; when it returns, the process ends."""

    name: str
    run: Callable[[], object]
    pid: int = 0
    started: float = 0.0
    due: float = 0.0  # when to start it (again)
    early_deaths: int = 0

    def start(self) -> None:
        parent = os.getpid()
        self.started = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            os._exit(self._live(parent))
        log.info("%s started, pid %d", self.name, self.pid)

    def _live(self, parent: int) -> int:
        """The child's whole life; gives its exit status."""
        try:
            os.setsid()
            die_with_parent(parent)
            for number in ENDING:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, AWAITED)
            self.run()
        except SystemExit as end:
            return end.code if isinstance(end.code, int) else int(end.code is not None)
        except BaseException:
            log.exception("%s failed", self.name)
            return 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
        return 0

    def has_died(self, status: int) -> None:
        """Note its end, and when to start it again: soon, but not in a busy loop."""
        now = time.monotonic()
        self.early_deaths = 0 if now - self.started > STEADY else self.early_deaths + 1
        delay = min(FIRST_DELAY * 2 ** max(self.early_deaths - 1, 0), LAST_DELAY)
        self.pid, self.due = 0, now + delay
        log.error("%s ended (%s), starting again in %.1f s", self.name, _ending(status), delay)


@dataclass
class Timer:
    """Something to do now and then: ``act`` gives the seconds until it is due again, or None when it is done."""

    act: Callable[[], float | None]
    due: float = 0.0


@dataclass
class Supervisor:
    """Starts ``groups`` of children in their order and stops them in the opposite one.

    ``prepared`` is asked after each group has been started, again and again until it says that the group answers; only
    then comes the next. Meanwhile signals are listened to, and a child of the group that died is started again.
    """

    groups: Sequence[Sequence[Child]]
    timers: list[Timer] = field(default_factory=list)
    prepared: Callable[[int], bool] = lambda _: True

    def run(self) -> None:
        """Keep everything running until SIGINT, SIGTERM or SIGHUP; then stop it all. Must not run beside threads."""
        signal.pthread_sigmask(signal.SIG_BLOCK, AWAITED)
        try:
            if not all(self._begin(number) for number in range(len(self.groups))):
                return
            while self._wait() not in ENDING:
                self._reap()
                self._start_due(self._children())
                self._run_due()
        finally:
            self.stop()

    def stop(self) -> None:
        """Ask the last group first, wait, and kill what does not listen."""
        for group in reversed(self.groups):
            self._reap(stopping=True)
            for child in group:
                _send(child, signal.SIGTERM)
            deadline = time.monotonic() + PATIENCE
            while any(child.pid for child in group) and time.monotonic() < deadline:
                signal.sigtimedwait({signal.SIGCHLD}, 0.1)
                self._reap(stopping=True)
            for child in group:
                _send(child, signal.SIGKILL)
                if child.pid:
                    log.warning("%s did not end in time and was killed", child.name)
                    os.waitpid(child.pid, 0)
                    child.pid = 0
        log.info("stopped")

    def _children(self) -> list[Child]:
        return [child for group in self.groups for child in group]

    def _wait(self) -> int:
        """Sleep until a signal arrives or something is due; gives the signal's number, or 0."""
        dues = [child.due for child in self._children() if not child.pid] + [timer.due for timer in self.timers]
        timeout = max(min(dues, default=time.monotonic() + 60) - time.monotonic(), 0)
        received = signal.sigtimedwait(AWAITED, timeout)
        return received.si_signo if received else 0

    def _reap(self, *, stopping: bool = False) -> None:
        """Note every child that has ended."""
        for child in self._children():
            if not child.pid:
                continue
            pid, status = os.waitpid(child.pid, os.WNOHANG)
            if pid and stopping:
                child.pid = 0
            elif pid:
                child.has_died(status)

    def _begin(self, number: int) -> bool:
        """Start a group and wait until it is prepared; False where it was told to end before."""
        self._start_due(self.groups[number])
        while not self.prepared(number):
            received = signal.sigtimedwait(AWAITED, ASK_EVERY)
            if received and received.si_signo in ENDING:
                return False
            self._reap()
            self._start_due(self.groups[number])
        return True

    def _start_due(self, children: Sequence[Child]) -> None:
        for child in children:
            if not child.pid and child.due <= time.monotonic():
                child.start()

    def _run_due(self) -> None:
        now = time.monotonic()
        for timer in [timer for timer in self.timers if timer.due <= now]:
            seconds = timer.act()
            if seconds is None:
                self.timers.remove(timer)
            else:
                timer.due = time.monotonic() + seconds


def _send(child: Child, number: signal.Signals) -> None:
    if child.pid:
        os.kill(child.pid, number)


def _ending(status: int) -> str:
    if os.WIFSIGNALED(status):
        return signal.Signals(os.WTERMSIG(status)).name
    return f"status {os.waitstatus_to_exitcode(status)}"
