"""A pytest plugin for the machine that decides (``.ci/run``): there a skipped browser test is a failure."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path

import pytest

BROWSER = "browser"  # the mark, and the folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Single tests that skip themselves."""
    report = yield
    if (
        report.skipped
        and (item.get_closest_marker(BROWSER) or _in_folder(item.path))
        and not hasattr(report, "wasxfail")
    ):
        report.outcome = "failed"
        report.longrepr = f"skipped, but it must run here: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Whole files that skip themselves while they are read."""
    report = yield
    if report.skipped and _in_folder(collector.path):
        report.outcome = "failed"
        report.longrepr = f"skipped, but it must run here: {_reason(report.longrepr)}"
    return report


def _in_folder(path: Path) -> bool:
    return f"tests/{BROWSER}/" in path.as_posix()


def _reason(told: object) -> object:
    """The words of a skip, which pytest keeps as (path, line, reason)."""
    return told[2] if isinstance(told, tuple) else told
