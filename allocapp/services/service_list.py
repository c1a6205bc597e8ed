"""A stored list of services as a set: the same one for the same text, so that it is neither read nor hashed twice.

Reading the lists of 300 receivers takes longer than weighing their targets, and the live check reads them whenever
somebody types. What is kept follows from the text alone, so it cannot be out of date.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Final

# How many lists are kept, and how long one may be: some 50 MB where all are that long, mostly a tenth of it.
_KEPT: Final = 1024
_KEPT_LENGTH: Final = 3000


def read_services(listed: str) -> frozenset[int]:
    """The ids in a list as it is stored, a JSON array; one too long to be kept is read every time."""
    return _kept(listed) if len(listed) <= _KEPT_LENGTH else _read(listed)


def _read(listed: str) -> frozenset[int]:
    return frozenset(json.loads(listed))


_kept = lru_cache(maxsize=_KEPT)(_read)
