"""Prints a row for each case: what it took, the floor it is measured against, the ratio, and the ratio promised.

Server time, through the test client: no network, no other process. The median of several runs; both in one run.
"""

from __future__ import annotations

import gzip
import random
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from pathlib import Path

from flask import Flask, render_template_string
from flask.testing import FlaskClient

from allocapp.access import load_plan
from allocapp.clock import today
from allocapp.rules.apportion import apportion
from allocapp.rules.balance import Direction, IndicatorRule, Kind, RollUp, Row
from allocapp.rules.distinct import largest_union
from allocapp.rules.methods import methods_for
from allocapp.rules.receivers import Receiver
from allocapp.rules.trim import lowest_target, trim
from allocapp.views.visitor import signed_in_account
from tests.bench.wide import SERVICES, make_wide
from tests.conftest import empty_tables, make_app
from tests.factories import PASSWORD
from tests.servers import valkey

PAGE = """{% extends "base.html" %}{% block title %}x{% endblock %}
{% block content %}<h1>{{ plan.id }}</h1>{% endblock %}"""


@dataclass(frozen=True)
class Case:
    """One row: seconds or bytes, beside the floor or the limit."""

    name: str
    ours: float
    floor: float
    promised: float
    unit: str = "ms"

    def __str__(self) -> str:
        ratio = self.ours / self.floor
        verdict = "" if ratio <= self.promised else "  MISSED"
        figures = f"{self.ours:>9.1f}{self.floor:>9.1f} {self.unit:<3}{ratio:>8.2f} ≤ {self.promised:g}"
        return f"{self.name:<52}{figures}{verdict}"


def main() -> int:
    """Measure and print; 1 where a promise is missed."""
    cases: list[Case] = []
    with tempfile.TemporaryDirectory() as folder, valkey() as redis_url:
        app = make_app(f"sqlite:///{folder}/bench.sqlite", redis_url, Path(folder))
        _add_floor(app)
        for receivers, indicators in ((27, 2), (300, 2), (300, 6)):
            with app.app_context():
                empty_tables()
                _world, plan_id = make_wide(receivers, indicators)
            # outside that context: a request inside it would share what belongs to one request
            cases += _pages(app, plan_id, receivers, indicators)
    cases += _formulas()
    print(f"{'case':<52}{'ours':>9}{'floor':>9} {'':<3}{'ratio':>8}   promised")
    for case in cases:
        print(case)
    return int(any(case.ours / case.floor > case.promised for case in cases))


def _add_floor(app: Flask) -> None:
    """A signed-in page that reads one row: what no page of ours can be faster than."""

    @app.get("/bench/<int:plan_id>")
    def floor(plan_id: int) -> str:
        plan = load_plan(signed_in_account(), plan_id, today=today())
        return render_template_string(PAGE, plan=plan)


def _pages(app: Flask, plan_id: int, receivers: int, indicators: int) -> list[Case]:
    client = app.test_client()
    _sign_in(client)
    floor = _median(lambda: _get(client, f"/bench/{plan_id}"), 60)
    page = _get(client, f"/plans/{plan_id}")
    fields = _fields(page)
    size = f"{receivers} × {indicators}"
    cases = []
    if indicators == 2:
        shown = _median(lambda: _get(client, f"/plans/{plan_id}"), 15)
        cases.append(Case(f"allocation page, {size}", shown, floor, 6 if receivers == 27 else 40))
    if (receivers, indicators) != (300, 2):
        touched = _touched(fields, indicators)
        checked = _median(lambda: _post(client, f"/plans/{plan_id}/check", touched), 15)
        cases.append(Case(f"live check, {size}", checked, floor, 3 if receivers == 27 else 10))
    if receivers == 27:
        scripts = sum(path.stat().st_size for path in Path(app.static_folder or "").glob("*.js"))
        first = sum(len(gzip.compress(part)) for part in (page, *_assets(app, client, page)))
        cases.append(Case(f"HTML, {size}", len(page) / 1024, 60, 1, "KB"))
        cases.append(Case(f"first view compressed, {size}", first / 1024, 120, 1, "KB"))
        cases.append(Case("our own JavaScript", scripts / 1024, 20, 1, "KB"))
    return cases


def _sign_in(client: FlaskClient) -> None:
    token = _fields(client.get("/sign-in").data)["csrf_token"]
    answer = client.post("/sign-in", data={"csrf_token": token, "login": "a.preparer", "password": PASSWORD})
    assert answer.status_code in (302, 303), answer.status


def _get(client: FlaskClient, url: str) -> bytes:
    answer = client.get(url)
    assert answer.status_code == 200, answer.status
    return answer.data


def _post(client: FlaskClient, url: str, fields: dict[str, str]) -> bytes:
    answer = client.post(url, data=fields)
    assert answer.status_code == 200, (answer.status, answer.data[:300])
    return answer.data


def _fields(page: bytes) -> dict[str, str]:
    """Every input of the page's forms that has a name and a value."""
    found = {}
    for tag in re.findall(rb"<input\b[^>]*>", page):
        name, value = re.search(rb'name="([^"]*)"', tag), re.search(rb'value="([^"]*)"', tag)
        if name:
            found[name[1].decode()] = value[1].decode() if value else ""
    return found


def _touched(fields: dict[str, str], indicators: int) -> dict[str, str]:
    """What the page sends while somebody types: the form's own fields and the cells that were touched, here a row's."""
    cells = [name for name in fields if name.startswith("t-")][:indicators]
    own = {name: value for name, value in fields.items() if name[:2] not in ("t-", "x-", "p-")}
    return own | {f"{kind}-{name[2:]}": fields.get(f"{kind}-{name[2:]}", "") for name in cells for kind in "tx"}


def _assets(app: Flask, client: FlaskClient, page: bytes) -> list[bytes]:
    links = re.findall(rb'(?:href|src)="([^"]+\.(?:css|js|svg)[^"]*)"', page)
    return [client.get(link.decode().split("#")[0]).data for link in dict.fromkeys(links)]


def _formulas() -> list[Case]:
    chance = random.Random(7)
    receivers = [
        Receiver(
            Row(number, chance.randrange(60, 4000), chance.randrange(4000, 9500, 50)),
            baseline=Fraction(chance.randrange(5, 85), 100),
        )
        for number in range(300)
    ]
    rule = IndicatorRule(Kind.RATE, RollUp.SUMS, Direction.AT_LEAST)
    cases = []
    for method in methods_for(rule):
        took = _median(partial(apportion, receivers, 6500, rule, method), 7)
        cases.append(Case(f"method {method.value}, 300 rows", took, 30, 1))
    return [*cases, *_distinct(chance)]


def _distinct(chance: random.Random) -> list[Case]:
    """300 receivers that share services: each flow has other sets, so that nothing is known of them beforehand."""
    lists = iter([[_some_services(chance) for _ in range(300)] for _ in range(8)])

    def flow() -> None:
        sets = next(lists)
        largest_union(sets, [len(each) * 3 // 5 for each in sets])

    cases = [Case(f"flow, 300 receivers × {SERVICES} services", _median(flow, 7), 100, 1)]
    sets = [_some_services(chance) for _ in range(300)]
    receivers = [Receiver(Row(key, 0, chance.randrange(4000, 9500, 50), each)) for key, each in enumerate(sets)]
    for name, binds in (("", True), (", mean not binding", False)):
        rule = IndicatorRule(Kind.RATE, RollUp.DISTINCT, Direction.AT_LEAST, mean_binds=binds)
        trimmed = _median(partial(trim, receivers, 6000, rule), 3)
        lowest = _median(partial(lowest_target, receivers, 7, 6000, rule), 7)
        cases += [
            Case(f"trim, the same{name}", trimmed, 1000, 1),
            Case(f"lowest target, the same{name}", lowest, 100, 1),
        ]
    return cases


def _some_services(chance: random.Random) -> frozenset[int]:
    return frozenset(chance.sample(range(SERVICES), chance.randrange(30, 120)))


def _median(act: Callable[[], object], runs: int) -> float:
    """Milliseconds."""
    act()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000


if __name__ == "__main__":
    sys.exit(main())
