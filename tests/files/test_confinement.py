"""A program that reads strangers' files runs under limits: it may hang, eat memory or write, and nothing happens."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from allocapp.confinement import BrokeOff, Limits, TookTooLong, ask

MEMORY = 120 * 1024 * 1024


def program(folder: Path, text: str) -> Path:
    path = folder / "program.py"
    path.write_text(text)
    return path


def test_it_answers(tmp_path: Path) -> None:
    echo = program(tmp_path, "import sys\nsys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])\n")
    assert ask(echo, b"abc", Limits(10, 5, MEMORY)) == b"cba"


def test_it_knows_no_secret_and_no_application(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "very secret")
    text = "import os, sys\nprint(sorted(os.environ), any('allocapp' in name for name in sys.modules), os.getcwd())\n"
    answer = ask(program(tmp_path, text), b"", Limits(10, 5, MEMORY)).decode()
    assert "SECRET" not in answer
    assert "False /" in answer


@pytest.mark.parametrize(
    ("text", "limits", "error"),
    [
        ("while True: pass", Limits(10, 1, MEMORY), TookTooLong),
        ("import time; time.sleep(60)", Limits(0.5, 5, MEMORY), TookTooLong),
        ("x = bytearray(10 ** 9)", Limits(10, 5, MEMORY), BrokeOff),
        ("raise SystemExit(3)", Limits(10, 5, MEMORY), BrokeOff),
    ],
    ids=["busy", "asleep", "memory", "gives up"],
)
def test_it_is_stopped(tmp_path: Path, text: str, limits: Limits, error: type[Exception]) -> None:
    began = time.monotonic()
    with pytest.raises(error):
        ask(program(tmp_path, text), b"q" * 1_000_000, limits)
    assert time.monotonic() - began < 30  # the sleeper would take 60, the busy one never end


def test_it_writes_no_file(tmp_path: Path) -> None:
    written = tmp_path / "written"
    writes = program(tmp_path, f"import os\nos.write(os.open({str(written)!r}, os.O_CREAT | os.O_WRONLY), b'x')\n")
    with pytest.raises(BrokeOff):
        ask(writes, b"", Limits(10, 5, MEMORY))
    assert written.read_bytes() == b""
