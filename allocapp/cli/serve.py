"""``make run``: looks whether everything is there, brings the database up to date, and runs the whole installation.

Whatever is wrong beforehand is one line, in Vietnamese and English, and exit status 1. Then: the embedded Valkey
(unless REDIS_URL names another), the queue's workers and scheduler, and the web server, until Ctrl-C or SIGTERM.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import errno
import fcntl
import functools
import hashlib
import logging
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from flask import Flask
from flask_migrate import upgrade

from allocapp import create_app
from allocapp.cli.database import NewerDatabase, UnreachableDatabase, check_database, migrating
from allocapp.cli.demo import describe_access, load_demo_if_empty
from allocapp.cli.supervise import Child, Supervisor, Timer
from allocapp.cli.valkey import valkey_command
from allocapp.cli.web import run_web
from allocapp.config import PRIVATE, Config, load_config, make_private_folder
from allocapp.db import db
from allocapp.documents.fonts import find_serif_fonts
from allocapp.errors import ConfigurationError, FontMissing
from allocapp.lifeline import die_with_parent
from allocapp.queue import QueueScheduler, QueueWorker, ping, worker_alive
from allocapp.services.demo import DemoAccess

QUEUE_WORKERS = 2
LONGEST_SOCKET_PATH = 107  # bytes, in sockaddr_un
LOCK_PATIENCE = 3.0  # seconds for the children of a killed run to be gone
READY_PATIENCE = 30.0
TALKATIVE = ("alembic", "weasyprint", "weasyprint.progress", "fontTools", "pyhanko", "pyhanko_certvalidator")

log = logging.getLogger("allocapp.serve")


class CannotStart(Exception):
    """Says in one line what is wrong and what to do, in both languages."""

    def __init__(self, vietnamese: str, english: str) -> None:
        super().__init__(f"Lỗi: {vietnamese} / Error: {english}")


class OneLine(logging.Formatter):
    """Every event on one line, tracebacks too, so that a log can be searched and counted."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s[%(process)d]: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        return super().format(record).replace("\n", "\\n")


def main() -> int:
    """Run until told to stop; the exit status."""
    arguments = argparse.ArgumentParser(prog="python -m allocapp.cli.serve", description=__doc__)
    arguments.add_argument("--end-with-parent", action="store_true", help="stop when the parent process is gone")
    if arguments.parse_args().end_with_parent:
        die_with_parent(os.getppid(), signal.SIGTERM)
    os.umask(PRIVATE)
    try:
        config = load_config()
        check_port(config.host, config.port)
        with only_one(config.instance):
            serve(with_reachable_socket(config))
    except CannotStart as reason:
        print(reason, file=sys.stderr)
        return 1
    except ConfigurationError as error:
        print(f"Lỗi cấu hình / Configuration error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def serve(config: Config) -> None:
    """Check, migrate, load the demo into an empty database, and run everything until a signal. Raises CannotStart."""
    check_fonts()
    app = create_app(config)
    configure_logging()
    accounts = prepare_database(app, config)
    configure_logging()  # Alembic's environment may have configured its own
    own = own_socket(config)
    if own is None:
        check_redis(app)
    groups = [
        [Child("valkey", functools.partial(run_valkey, own, config.instance / "valkey"))] if own else [],
        [
            *(Child(f"worker-{number}", functools.partial(run_worker, app)) for number in range(1, QUEUE_WORKERS + 1)),
            Child("scheduler", functools.partial(run_scheduler, app)),
        ],
        [Child("web", functools.partial(run_web, app, config))],
    ]
    timers = [Timer(Announcer(app, config, accounts))]
    Supervisor(groups, timers, functools.partial(valkey_answers, app, time.monotonic() + READY_PATIENCE)).run()


def check_port(host: str, port: int) -> None:
    """Raises CannotStart where nothing can listen there: taken, forbidden, or no address of this machine."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotStart(
                f"cổng {port} đang được dùng; hãy chọn cổng khác, ví dụ PORT={port + 1} make run",
                f"port {port} is in use; choose another, for example PORT={port + 1} make run",
            ) from None
        raise CannotStart(
            f"không mở được địa chỉ {host}:{port} ({error.strerror}); hãy xem lại HOST và PORT",
            f"cannot listen on {host}:{port} ({error.strerror}); check HOST and PORT",
        ) from None


@contextlib.contextmanager
def only_one(instance: Path) -> Iterator[IO[str]]:
    """Hold the instance folder: two runs would write to the same Valkey files.

    Every child keeps the lock open, so after a SIGKILL it is free when the last of them is gone, and not earlier.
    """
    make_private_folder(instance)
    with (instance / "run.lock").open("w") as lock:
        deadline = time.monotonic() + LOCK_PATIENCE
        while not _locked(lock):
            if time.monotonic() > deadline:
                raise CannotStart(
                    f"ứng dụng đang chạy với thư mục {instance}", f"the application already runs on {instance}"
                )
            time.sleep(0.05)
        yield lock


def _locked(lock: IO[str]) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def check_fonts() -> None:
    """Raises CannotStart where no font can print Vietnamese."""
    try:
        find_serif_fonts()
    except FontMissing:
        raise CannotStart(
            "thiếu phông chữ kiểu Times đủ dấu tiếng Việt; hãy cài: sudo apt-get install fonts-croscore",
            "no Times-like font complete in Vietnamese; install: sudo apt-get install fonts-croscore",
        ) from None


def prepare_database(app: Flask, config: Config) -> DemoAccess | None:
    """Migrate, and load the demo where it belongs. Gives the demo's accounts if it was loaded just now."""
    log.info("preparing the database")
    try:
        with app.app_context():
            check_database(db.engine.url)
            with migrating(db.engine):
                upgrade()
                accounts = load_demo_if_empty(app)
            for engine in db.engines.values():
                engine.dispose()  # the children are forked without a connection
    except UnreachableDatabase as error:
        raise CannotStart(
            f"không kết nối được cơ sở dữ liệu {error.address} ({error.reason})",
            f"cannot reach the database {error.address} ({error.reason})",
        ) from None
    except NewerDatabase as error:
        raise CannotStart(
            f"cơ sở dữ liệu thuộc phiên bản mới hơn chương trình này (bản di trú {error.revision})",
            f"the database belongs to a newer version of this program (migration {error.revision})",
        ) from None
    return accounts


def check_redis(app: Flask) -> None:
    """Raises CannotStart where the Redis that REDIS_URL names does not answer."""
    with app.app_context():
        if not ping():
            where = urlsplit(app.config["REDIS_URL"])
            address = where.hostname or where.path
            raise CannotStart(f"không kết nối được Redis {address}", f"cannot reach Redis at {address} (REDIS_URL)")


def own_socket(config: Config) -> Path | None:
    """Where the embedded Valkey listens; None where REDIS_URL names a server outside."""
    url = urlsplit(config.redis_url)
    path = Path(url.path)
    own_folders = (config.instance, _short_folder(config.instance))
    return path if url.scheme == "unix" and path.parent in own_folders else None


def with_reachable_socket(config: Config) -> Config:
    """The same settings; where the socket's path is too long for the kernel, with one in the temporary folder."""
    own = own_socket(config)
    if own is None or len(os.fsencode(own)) <= LONGEST_SOCKET_PATH:
        return config
    folder = _short_folder(config.instance)
    folder.mkdir(mode=0o700, exist_ok=True)
    there = folder.lstat()
    if not folder.is_dir() or folder.is_symlink() or there.st_uid != os.getuid() or there.st_mode & 0o077:
        raise CannotStart(f"thư mục {folder} không phải của riêng tài khoản này", f"{folder} is not private")
    return dataclasses.replace(config, redis_url=f"unix://{folder / 'valkey.sock'}")


def _short_folder(instance: Path) -> Path:
    digest = hashlib.sha256(os.fsencode(instance)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"allocapp-{os.getuid()}-{digest}"


def run_valkey(own: Path, folder: Path) -> None:
    """Become the embedded Valkey."""
    folder.mkdir(mode=0o700, exist_ok=True)
    own.unlink(missing_ok=True)  # left behind by a run that was killed
    command = valkey_command(own, folder)
    os.execv(command[0], command)  # noqa: S606 - no shell is meant


def valkey_answers(app: Flask, deadline: float, group: int) -> bool:
    """Whether what comes after the first group may start. Raises CannotStart where Redis is silent past the deadline.

    The deadline is a reading of ``time.monotonic``.
    """
    if group != 0:
        return True
    with app.app_context():
        answers = ping()
    if not answers and time.monotonic() > deadline:
        log_file = app.config["ALLOCAPP"].instance / "valkey" / "valkey.log"
        raise CannotStart(f"Valkey không khởi động được, xem {log_file}", f"Valkey did not start, see {log_file}")
    return answers


def run_worker(app: Flask) -> None:
    """Be a worker of the queue; people's pages come before its renderings."""
    os.nice(5)
    QueueWorker(app).work()


def run_scheduler(app: Flask) -> None:
    """Be the one who sends what is to be done again and again."""
    QueueScheduler(app).start()


@dataclasses.dataclass
class Announcer:
    """Says once, when web server and workers answer, where the application is and who can sign in to the demo."""

    app: Flask
    config: Config
    accounts: DemoAccess | None
    patience: float = READY_PATIENCE
    since: float | None = None  # the first call, when everything has been started
    told: bool = False

    def __call__(self) -> float | None:
        if self.since is None:
            self.since = time.monotonic()
        with self.app.app_context():
            ready = self._answers() and worker_alive()
        if not ready:
            return self._wait(time.monotonic() - self.since)
        host = {"0.0.0.0": "localhost", "::": "localhost"}.get(self.config.host, self.config.host)  # noqa: S104
        host = f"[{host}]" if ":" in host else host
        print(f"\nSẵn sàng / Ready: http://{host}:{self.config.port}\n", flush=True)
        if self.accounts is not None:
            print(f"{describe_access(self.accounts)}\n", flush=True)
        return None

    def _wait(self, waited: float) -> float:
        """Say once that it takes long, and go on looking: the accounts are shown here and nowhere else."""
        if waited <= self.patience:
            return 0.05
        if not self.told:
            log.error("the web server or the workers do not answer yet; see /healthz")
            self.told = True
        return 1.0

    def _answers(self) -> bool:
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.config.host, self.config.host)  # noqa: S104
        try:
            socket.create_connection((host, self.config.port), timeout=1).close()
        except OSError:
            return False
        return True


def configure_logging() -> None:
    """Everything to standard output, one line an event."""
    out = logging.StreamHandler(sys.stdout)
    out.setFormatter(OneLine())
    logging.basicConfig(level=logging.INFO, handlers=[out], force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)


if __name__ == "__main__":
    status = main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # everything is closed; taking the interpreter apart would only keep people waiting
