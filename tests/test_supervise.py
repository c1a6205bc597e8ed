"""The supervisor while a group is not yet prepared."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

from allocapp.config import ROOT

WAITING = """
from allocapp.cli.supervise import Child, Supervisor

def live():
    print("lived", flush=True)

Supervisor([[Child("short-lived", live)], [Child("later", lambda: print("too early", flush=True))]],
           prepared=lambda group: False).run()
print("ended", flush=True)
"""


def test_while_it_waits_it_starts_again_what_died_and_ends_when_told() -> None:
    waiting = subprocess.Popen(
        [sys.executable, "-c", WAITING],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        stdout=subprocess.PIPE,
    )
    try:
        assert waiting.stdout is not None
        assert [waiting.stdout.readline() for _ in range(2)] == ["lived\n", "lived\n"]
        waiting.send_signal(signal.SIGINT)
        rest, _ = waiting.communicate(timeout=60)
    finally:
        waiting.kill()
        waiting.wait()
    assert rest.splitlines()[-1] == "ended"
    assert "too early" not in rest
    assert waiting.returncode == 0
