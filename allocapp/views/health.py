"""Whether the installation works: for whoever watches it, without sign-in and without ever hanging."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, wait
from threading import Thread
from typing import Final

from flask import Blueprint, Flask, current_app, jsonify
from flask.typing import ResponseReturnValue

from allocapp.documents.fonts import find_serif_fonts
from allocapp.errors import FontMissing
from allocapp.queue import ping, worker_alive
from allocapp.services.health import check_database

pages = Blueprint("health", __name__)

PATIENCE: Final = 3.0
"""Seconds that all checks together may take; what has not answered by then does not answer."""


def _fonts_found() -> bool:
    try:
        find_serif_fonts()
    except FontMissing:
        return False
    return True


CHECKS: Final[dict[str, Callable[[], bool]]] = {
    "database": check_database,
    "queue": ping,
    "worker": worker_alive,
    "fonts": _fonts_found,
}

_asked: dict[str, Future[bool]] = {}


@pages.get("/healthz")
def healthz() -> ResponseReturnValue:
    """Database, queue, worker and fonts, each true or false: 200 when all answer, 503 otherwise."""
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # a thread needs the app itself
    asked = {name: _ask(name, app) for name in CHECKS}
    wait(asked.values(), timeout=PATIENCE)
    parts = {name: future.done() and future.exception() is None and future.result() for name, future in asked.items()}
    healthy = all(parts.values())
    return jsonify({"status": "ok" if healthy else "failing", **parts}), 200 if healthy else 503


def _ask(name: str, app: Flask) -> Future[bool]:
    """Begin the check in a thread of its own; while one hangs, the same thing is not asked a second time."""
    asked = _asked.get(name)
    if asked is None or asked.done():
        asked = _asked[name] = Future()
        # a daemon: a check that hangs keeps no server from ending
        Thread(target=_check, args=(name, app, asked), name=f"health-{name}", daemon=True).start()
    return asked


def _check(name: str, app: Flask, answer: Future[bool]) -> None:
    try:
        with app.app_context():
            answer.set_result(CHECKS[name]())
    except Exception as error:  # noqa: BLE001  # whatever it is, the caller must hear of it and not wait
        answer.set_exception(error)
