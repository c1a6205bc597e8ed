"""Addresses of our own static files, with a mark of their content, so that a new version is fetched at once."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import current_app, url_for


def asset_url(filename: str) -> str:
    """The address of a file in static/."""
    path = Path(str(current_app.static_folder)) / filename
    return url_for("static", filename=filename, v=_mark(path, path.stat().st_mtime_ns))


@lru_cache(maxsize=64)
def _mark(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
