"""One text and one hash for one content, so that a person approves exactly what was shown."""

from __future__ import annotations

import hashlib
import json


def canonical_json(obj: object) -> str:
    """The one JSON text of plain values: keys sorted, no spaces, letters as they are.

    Shapes: dict with text keys, list or tuple, str, int, bool, None.

    Raises:
        TypeError: any other value. A float is refused on purpose (no decided number is one), and so is a key
            that is not text (JSON would make 1 and "1" the same).
    """
    _refuse_inexact(obj)
    return json.dumps(obj, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_hash(obj: object) -> str:
    """SHA-256 of `canonical_json(obj)` in UTF-8, as 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_json(obj).encode()).hexdigest()


def _refuse_inexact(obj: object) -> None:
    if isinstance(obj, dict):
        for key, value in obj.items():
            if not isinstance(key, str):
                raise TypeError(f"key {key!r} is not text")
            _refuse_inexact(value)
    elif isinstance(obj, (list, tuple)):
        for part in obj:
            _refuse_inexact(part)
    elif obj is not None and not isinstance(obj, (str, int)):
        raise TypeError(f"{type(obj).__name__} has no canonical form")
