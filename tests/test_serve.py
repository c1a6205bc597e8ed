"""The whole installation as ``make run`` starts it: it answers, it ends without a trace, it says what is in its way."""

from __future__ import annotations

import os
import re
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from datetime import date
from pathlib import Path
from urllib.error import HTTPError

import pytest
from flask_migrate import upgrade

from allocapp import create_app
from allocapp.cli.serve import LONGEST_SOCKET_PATH, Announcer, own_socket, with_reachable_socket
from allocapp.clock import now
from allocapp.config import ROOT, load_config
from allocapp.db import db, transaction
from allocapp.models.account import Account, Grant, Role
from allocapp.models.notice import NoticeKind
from allocapp.models.unit import UnitKind
from allocapp.services.notice import notify
from allocapp.services.unit import add_unit
from tests.mail_server import mail_server
from tests.servers import postgres, valkey, wait_until

SOON = 5.0  # seconds in which nothing may be left


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def cpu_of_children() -> float:
    """Seconds of CPU that this process's ended children have used, theirs included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Installation:
    """One instance folder and a port, and the processes that were started for it."""

    def __init__(self, instance: Path, **environ: str) -> None:
        self.port = free_port()
        self.instance = instance
        self.output = ""
        self.begun: list[subprocess.Popen[str]] = []
        inherited = {name: value for name, value in os.environ.items() if not name.endswith("_URL")}
        self.environ = {
            **inherited,
            "ALLOCAPP_INSTANCE": str(instance),
            "DEMO": "0",
            "PORT": str(self.port),
            "PYTHONPATH": str(ROOT),
            **environ,
        }

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "allocapp.cli.serve", *arguments]

    def start(self, command: list[str] | None = None) -> subprocess.Popen[str]:
        """Start it and wait until it says that it is ready."""
        started = subprocess.Popen(
            command or self.command(),
            cwd=ROOT,
            env=self.environ,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.begun.append(started)
        ready = threading.Event()
        threading.Thread(target=self._read, args=(started, ready), daemon=True).start()
        wait_until(lambda: ready.is_set() or started.poll() is not None, 120, f"not ready: {self.output}")
        assert ready.is_set(), self.output
        return started

    def _read(self, started: subprocess.Popen[str], ready: threading.Event) -> None:
        assert started.stdout is not None
        with started.stdout:
            for line in started.stdout:
                self.output += line
                if "Ready: http://" in line:
                    ready.set()

    def refuse(self) -> str:
        """Start it, expecting that it cannot; gives the one line that it says."""
        ended = subprocess.run(
            self.command(), cwd=ROOT, env=self.environ, text=True, capture_output=True, timeout=120, check=False
        )
        assert ended.returncode == 1, ended.stdout + ended.stderr
        assert len(ended.stderr.splitlines()) == 1, ended.stderr
        assert "Traceback" not in ended.stdout
        return ended.stderr

    def processes(self) -> set[int]:
        """Everything alive that was started for this folder, wherever it now hangs in the tree: orphans too."""
        mark = f"ALLOCAPP_INSTANCE={self.instance}".encode()
        found = set()
        for folder in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (folder / "environ").read_bytes().split(b"\0"):
                    found.add(int(folder.name))
        return found

    def children(self, pid: int) -> set[int]:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return {int(child) for child in text.split()}

    def pid_of(self, name: str) -> int:
        """The newest process that the supervisor started under this name."""
        return int(re.findall(rf"{name} started, pid (\d+)", self.output)[-1])

    def status(self, path: str = "/") -> int:
        """The HTTP status, or 0 where nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                return int(answer.status)
        except HTTPError as error:
            with error:
                return error.code
        except OSError:
            return 0

    def wait_until_gone(self) -> None:
        wait_until(lambda: not self.processes(), SOON, f"still alive: {self.processes()}")

    def end(self) -> None:
        """Leave nothing behind, whatever a test found."""
        for pid in self.processes():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        for process in self.begun:
            process.wait(10)


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path / "instance")
    yield made
    made.end()


@contextmanager
def started(made: Installation) -> Iterator[subprocess.Popen[str]]:
    try:
        yield made.start()
    finally:
        for process in made.begun:
            process.kill()
            process.wait()


def test_it_answers_stops_on_sigterm_and_starts_again_as_it_was(installation: Installation) -> None:
    first = installation.start()
    assert installation.status("/healthz") == 200
    assert "already runs" in Installation(installation.instance).refuse()
    secret = (installation.instance / "secret_key").read_text()
    opened = {
        path for path in installation.instance.rglob("*") if path.lstat().st_mode & 0o077 and not path.is_symlink()
    }
    assert (installation.instance.stat().st_mode & 0o777, opened) == (0o700, set())
    with closing(sqlite3.connect(installation.instance / "allocapp.sqlite")) as database:
        database.execute("CREATE TABLE entered (word TEXT)")
        database.commit()
    first.send_signal(signal.SIGTERM)
    assert first.wait(20) == 0
    assert installation.processes() == set()

    before = cpu_of_children()
    second = installation.start()
    assert (installation.instance / "secret_key").read_text() == secret
    with closing(sqlite3.connect(installation.instance / "allocapp.sqlite")) as database:
        assert database.execute("SELECT count(*) FROM entered").fetchone() == (0,)
    second.send_signal(signal.SIGINT)
    assert second.wait(20) == 0
    # CPU and not the clock, which also counts what else a test machine does; the set-up before it takes 0.1 s
    assert cpu_of_children() - before < 5
    assert installation.processes() == set()
    assert "Traceback" not in installation.output


def test_what_dies_is_started_again_and_takes_its_children_along(installation: Installation) -> None:
    supervisor = installation.start()
    assert len(installation.processes()) >= 8  # supervisor, Valkey, two workers, scheduler, web server and its two
    web = installation.pid_of("web")
    answering = installation.children(web)
    assert len(answering) >= 2
    os.kill(web, signal.SIGKILL)
    wait_until(lambda: not answering & installation.processes(), SOON, "the web server's processes outlived it")
    wait_until(lambda: installation.status() in (200, 302), 10, "no web server came back")

    one = min(installation.children(installation.pid_of("web")))
    os.kill(one, signal.SIGKILL)
    wait_until(lambda: len(installation.children(installation.pid_of("web")) - {one}) >= 2, 10, "not replaced")

    os.kill(installation.pid_of("valkey"), signal.SIGKILL)
    wait_until(lambda: installation.output.count("valkey started") == 2, 10, "no Valkey came back")
    wait_until(lambda: installation.status("/healthz") == 200, 15, "the queue did not come back")

    scheduler = installation.pid_of("scheduler")
    assert scheduler in installation.processes(), "it ended because Valkey was silent for a moment"
    os.kill(scheduler, signal.SIGKILL)
    wait_until(lambda: installation.output.count("scheduler started") == 2, 10, "no scheduler came back")

    supervisor.kill()
    installation.wait_until_gone()


def test_after_sigkill_the_next_start_works_at_once(installation: Installation) -> None:
    installation.start().kill()
    with started(installation):
        assert installation.status() in (200, 302)
    installation.wait_until_gone()


def test_it_ends_with_make(installation: Installation) -> None:
    """make may be killed while its command runs; then nobody would ever stop what it started."""
    script = "import subprocess, sys; sys.exit(subprocess.run(sys.argv[1:]).returncode)"
    make = installation.start([sys.executable, "-c", script, *installation.command("--end-with-parent")])
    make.kill()
    make.wait()
    # less than the eight seconds after which a web process that does not listen is killed
    wait_until(lambda: not installation.processes(), 7, "still alive")
    wait_until(lambda: "stopped" in installation.output, SOON, installation.output)


OBSTACLES: dict[str, tuple[dict[str, str], str]] = {
    "postgres": ({"DATABASE_URL": "postgresql://reader:geheim@127.0.0.1:9/none"}, "cannot reach the database"),
    "sqlite": ({"DATABASE_URL": "sqlite:////proc/no/such/folder/x.sqlite"}, "cannot reach the database"),
    "no database": ({}, "cannot reach the database"),
    "newer": ({}, "9999_of_next_year"),
    "redis": ({"REDIS_URL": "redis://127.0.0.1:9/0"}, "cannot reach Redis at 127.0.0.1"),
    "font": ({"XDG_DATA_DIRS": "/nowhere", "XDG_DATA_HOME": "/nowhere", "HOME": "/nowhere"}, "fonts-croscore"),
    "port": ({"PORT": "eighty"}, "PORT"),
    "taken": ({}, "is in use"),
    "host": ({"HOST": "192.0.2.1"}, "cannot listen on 192.0.2.1"),
    "production": ({"ALLOCAPP_ENV": "production"}, "DATABASE_URL"),
    "demo": ({"ALLOCAPP_ENV": "production", "TRUSTED_HOSTS": "x.vn", "SECRET_KEY": "k" * 32}, "tinh.mau"),
}


def test_what_is_in_the_way_is_one_line(tmp_path: Path) -> None:
    made = {name: Installation(tmp_path / name, **environ) for name, (environ, _) in OBSTACLES.items()}
    database_from_a_newer_version(made["newer"].instance)
    made["no database"].instance.mkdir()
    (made["no database"].instance / "allocapp.sqlite").write_text("số liệu " * 500, encoding="utf-8")
    made["demo"].environ["DATABASE_URL"] = database_with_a_demo_account(made["demo"].instance)
    with closing(socket.socket()) as taken, ThreadPoolExecutor(3) as several:
        taken.bind(("127.0.0.1", made["taken"].port))
        taken.listen()
        lines = dict(zip(made, several.map(Installation.refuse, made.values()), strict=True))
    for name, (_, said) in OBSTACLES.items():
        assert said in lines[name]
        assert "Lỗi" in lines[name]
        assert made[name].processes() == set()
    assert "geheim" not in lines["postgres"]
    assert f"cổng {made['taken'].port} đang được dùng" in lines["taken"]


def database_from_a_newer_version(instance: Path) -> None:
    instance.mkdir()
    with closing(sqlite3.connect(instance / "allocapp.sqlite")) as database:
        database.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        database.execute("INSERT INTO alembic_version VALUES ('9999_of_next_year')")
        database.commit()


def database_with_a_demo_account(instance: Path) -> str:
    """Its address; production must not start on it."""
    instance.mkdir()
    path = instance / "elsewhere.sqlite"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE account (login VARCHAR(64) NOT NULL, demo BOOLEAN NOT NULL)")
        database.execute("INSERT INTO account VALUES ('tinh.mau', 1)")
        database.commit()
    return f"sqlite:///{path}"


def test_a_database_and_a_redis_of_the_body_itself(tmp_path: Path) -> None:
    with postgres() as database_url, valkey() as redis_url:
        address = database_url.replace("postgresql+psycopg://", "postgresql://")
        made = Installation(tmp_path / "instance", DATABASE_URL=address, REDIS_URL=redis_url)
        with started(made):
            assert made.status("/healthz") == 200
            assert "valkey started" not in made.output
        made.wait_until_gone()
    assert not (made.instance / "allocapp.sqlite").exists()


def test_what_waits_is_mailed_by_scheduler_and_worker(installation: Installation) -> None:
    with mail_server() as server:
        installation.environ |= {
            "SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(server.port), "SMTP_TLS": "none",
            "SMTP_FROM": "chitieu@example.vn", "PUBLIC_URL": "https://chitieu.example.vn",
        }  # fmt: skip
        tell_somebody(installation.environ)
        with started(installation):
            wait_until(lambda: bool(server.taken), 30, "no e-mail came")
        installation.wait_until_gone()
    (taken,) = server.taken
    assert taken.recipients == ["viewer@example.vn"]
    assert "https://chitieu.example.vn/notices/choices" in taken.text


def tell_somebody(environ: dict[str, str]) -> None:
    """A notification that waits to be mailed, in the installation's database."""
    app = create_app(load_config(environ))
    with app.app_context():
        upgrade()
        with transaction() as session:
            kind = UnitKind(
                code="province", name="Tỉnh", name_en="Province", group_name="", group_name_en="", position=0
            )
            session.add(kind)
            unit = add_unit(
                code="P", name="Tỉnh Mẫu", kind_code="province", parent=None, position=0, valid_from=date(2020, 1, 1)
            )
            person = Account(
                login="p.viewer", name="Người xem", password_hash="", email="viewer@example.vn", created_at=now()
            )
            person.grants.append(Grant(unit=unit, role=Role.VIEWER, valid_from=date(2020, 1, 1)))
            session.add(person)
            session.flush()
            notify(NoticeKind.REMINDER, [person], key="1", now=now(), unit=unit)
        db.session.remove()
        db.engine.dispose()


def test_a_slow_start_is_told_once_and_announced_all_the_same(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The passwords are shown on the console and nowhere else: giving up would keep them from everybody."""
    config = load_config({"ALLOCAPP_INSTANCE": str(tmp_path), "PORT": str(free_port())})
    announcer = Announcer(create_app(config), config, None, patience=0)
    assert [announcer() for _ in range(3)] == [1.0] * 3
    assert [found.levelname for found in caplog.records if found.name == "allocapp.serve"] == ["ERROR"]
    assert announcer.since is not None


def test_a_folder_too_deep_for_a_socket(tmp_path: Path) -> None:
    deep = tmp_path / "sâu" / ("d" * 120)
    deep.mkdir(parents=True)
    config = with_reachable_socket(load_config({"ALLOCAPP_INSTANCE": str(deep)}))
    path = own_socket(config)
    assert path is not None
    assert len(os.fsencode(path)) <= LONGEST_SOCKET_PATH
    assert path.parent.stat().st_mode & 0o077 == 0
    path.parent.rmdir()
