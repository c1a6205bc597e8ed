"""A program that reads what a stranger made, run in a process of its own with limits.

A crafted file can keep a reader busy for minutes or take gigabytes, so the reading is done by a small program that
limits itself before it is even loaded, gets no environment and so none of its secrets, can write no file, and is ended
when it overruns. It is started by path, not by module name, so that it imports nothing of the application.

This file is both sides: the caller imports :func:`ask`; the child runs the file itself, which sets the limits and then
runs the program: `python confinement.py <cpu seconds> <memory bytes> <program>`.
"""

from __future__ import annotations

import resource
import runpy
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Limits:
    """What one run may take: seconds of waiting and of processor time, bytes of private memory."""

    seconds: float
    cpu_seconds: int
    memory: int


class TookTooLong(Exception):
    """The program overran its time."""


class BrokeOff(Exception):
    """The program ended without an answer: it raised, or asked for more memory than it may have."""


def ask(program: Path, question: bytes, limits: Limits) -> bytes:
    """Give the program `question` on its standard input; what it writes to its standard output.

    Raises TookTooLong or BrokeOff, whatever the question makes of the program.
    """
    command = [sys.executable, "-I", "-B", __file__, str(limits.cpu_seconds), str(limits.memory), str(program)]
    try:
        answer = subprocess.run(
            command, input=question, capture_output=True, timeout=limits.seconds, check=False, cwd="/", env={}
        )
    except subprocess.TimeoutExpired:
        raise TookTooLong from None
    except OSError:
        # a child that ends before it has read everything
        raise BrokeOff from None
    if answer.returncode < 0:
        # ended by a signal: it had used up its processor time
        raise TookTooLong
    if answer.returncode != 0:
        raise BrokeOff
    return answer.stdout


def limit_this_process(cpu_seconds: int, memory: int) -> None:
    """Processor time, private memory, and neither files nor core dumps, for this process from now on."""
    limits = {
        resource.RLIMIT_CPU: cpu_seconds,
        resource.RLIMIT_DATA: memory,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, limit in limits.items():
        resource.setrlimit(kind, (limit, limit))


if __name__ == "__main__":
    limit_this_process(int(sys.argv[1]), int(sys.argv[2]))
    runpy.run_path(sys.argv[3], run_name="__main__")
