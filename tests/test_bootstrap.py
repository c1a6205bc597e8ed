"""The set-up: nothing to do the second time, and one clear line where it cannot go on.

That it brings everything to a bare machine needs a bare machine: ``make setup`` in a fresh Debian shows that.
"""

from __future__ import annotations

import ast
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from allocapp.cli import bootstrap
from allocapp.config import ROOT

SCRIPT = ROOT / "allocapp" / "cli" / "bootstrap.py"


def run_bootstrap(changes: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Run it as make does, in a process of its own; ``changes`` are lines that make the machine a different one."""
    run = f"sys.argv = [{str(SCRIPT)!r}]\nrunpy.run_path(sys.argv[0], run_name='__main__')"
    code = f"import os, sys, runpy\n{changes}\n{run}"
    return subprocess.run(
        [sys.executable, "-I", "-c", code],
        env={**os.environ, **environ},
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )


def executable(folder: Path, name: str, script: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


def test_the_second_time_there_is_nothing_to_do() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    result = run_bootstrap()
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < 1  # 0.05 s of CPU


def test_it_can_be_read_by_the_pythons_it_turns_away() -> None:
    ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 8))


def test_an_old_python_is_one_line(tmp_path: Path) -> None:
    result = run_bootstrap("sys.version_info = (3, 9, 2, 'final', 0)", PATH=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.splitlines() == [
        "Lỗi: cần Python 3.11 trở lên, máy này có 3.9.2 / Error: needs Python 3.11 or newer, this is 3.9.2"
    ]


def test_an_old_python_gives_way_to_a_newer_one_beside_it(tmp_path: Path) -> None:
    executable(tmp_path, "python3.12", 'echo "newer: $*"')
    result = run_bootstrap("sys.version_info = (3, 9, 2, 'final', 0)", PATH=str(tmp_path))
    assert result.stdout == f"newer: -I {SCRIPT}\n"


def test_without_root_the_one_command_is_printed(tmp_path: Path) -> None:
    executable(tmp_path, "apt-get", "exit 1")
    executable(tmp_path, "sudo", "exit 1")  # asks for a password
    lacking = "import ctypes\nos.geteuid = lambda: 1000\ndef no(name): raise OSError(name)\nctypes.CDLL = no"
    result = run_bootstrap(lacking, PATH=str(tmp_path))
    assert result.returncode == 1
    assert result.stderr.splitlines()[1:] == [
        "  sudo sh -c 'apt-get update && apt-get install -y --no-install-recommends"
        " libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0'"
    ]


def test_the_package_that_the_distribution_has_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = tmp_path / "calls"
    executable(tmp_path, "sudo", 'shift; [ "$1" = true ] || exec "$@"')
    executable(tmp_path, "apt-get", f'echo "$@" >> {calls}')
    executable(tmp_path, "apt-cache", '[ "$2" = libthere ] && echo "  Candidate: 1.2" || echo "  Candidate: (none)"')
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    bootstrap.install_packages([("libgone", "libthere"), ("libunknown",)])
    update, install = calls.read_text().splitlines()
    assert update.endswith(" update")
    assert install.endswith(" install -y --no-install-recommends libthere libunknown")


def test_a_command_that_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    executable(tmp_path, "apt-get", "echo reading lists; echo 'E: no network'; exit 100")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    with pytest.raises(bootstrap.Stop, match="apt-get update failed: E: no network"):
        bootstrap.install_packages([("libgone",)])


def test_translations_are_compiled_when_they_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "allocapp" / "translations" / "vi" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    text = folder / "messages.po"
    text.write_text('msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Save"\nmsgstr "Lưu"\n')
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    bootstrap.compile_translations()
    compiled = text.with_suffix(".mo")
    assert "Lưu".encode() in compiled.read_bytes()
    first = compiled.stat().st_mtime_ns
    bootstrap.compile_translations()
    assert compiled.stat().st_mtime_ns == first
    os.utime(text, (time.time() + 60, time.time() + 60))
    bootstrap.compile_translations()
    assert compiled.stat().st_mtime_ns > first
