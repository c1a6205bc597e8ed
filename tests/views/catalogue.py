"""Tells English that was left on a Vietnamese page: pieces of message ids long enough not to be there by chance."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from tests.check_translations import read

_GAPS = re.compile(r"%\(\w+\)[a-z]|%%|<[^>]+>")


def english_in(texts: Iterable[str]) -> list[str]:
    """The texts in which an English message, or a long enough piece of one, stands."""
    whole, pieces = _english()
    spoken = list(texts)
    together = "\n".join(spoken)  # one long text is searched much faster than a hundred short ones
    there = [piece for piece in pieces if piece in together]
    return [text for text in spoken if text in whole or any(piece in text for piece in there)]


@cache
def _english() -> tuple[frozenset[str], tuple[str, ...]]:
    """Message ids, and pieces of three words or more between their placeholders."""
    whole: set[str] = set()
    pieces: set[str] = set()
    vietnamese: list[str] = []
    for message in read():
        ids = message.id if isinstance(message.id, list | tuple) else (message.id,)
        strings = message.string if isinstance(message.string, list | tuple) else (message.string,)
        vietnamese += [text for text in strings if text]
        for text in ids:
            if text and text not in strings:
                whole.add(text)
                pieces.update(piece.strip() for piece in _GAPS.split(text) if len(piece.split()) > 2)
    kept = "\n".join(vietnamese)
    return frozenset(whole), tuple(piece for piece in sorted(pieces) if piece not in kept)
