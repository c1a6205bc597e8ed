"""Breaking centred texts into lines of nearly equal length.

Headings of a decision are centred above a rule of a third to a half of the text's length (Decree 30/2020/ND-CP,
Appendix I), so the last line must not be a short remnant. Widths come from the font itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import accumulate
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont

POINTS_PER_MM: Final = 72 / 25.4

# Words of two and more syllables that headings are made of; a line does not end inside one.
_KEPT_TOGETHER: Final = re.compile(
    r"quyết định số \S+|ngày \d{2} tháng \d{1,2} năm \d{4}|ủy ban nhân dân|thị trấn|thành phố|trực tuyến|hồ sơ|chỉ tiêu"
    r"|tỷ lệ|dịch vụ công|phát sinh|xử lý|địa bàn|một cửa|bộ phận|năm \d{4}",
    re.IGNORECASE,
)
_GLUE: Final = "\u00a0"


def text_width(text: str, font: Path, size: int) -> float:
    """Width in millimetres of `text` on one line, `size` in points, without kerning."""
    advances, fallback = _advances(font)
    return sum(advances.get(ord(letter), fallback) for letter in text) * size / POINTS_PER_MM


def balanced_lines(text: str, font: Path, size: int, width: float, *, keep: bool = True) -> list[str]:
    """`text` in as few lines as `width` millimetres allow, broken so that the longest is as short as possible.

    With `keep`, words of several syllables are not broken where that can be helped: narrow columns cannot afford it.
    A syllable wider than `width` keeps a line of its own.
    """
    plain = " ".join(text.split())
    glued = _KEPT_TOGETHER.sub(lambda found: found[0].replace(" ", _GLUE), plain) if keep else plain
    words = glued.split(" ")
    if words == [""]:
        return []
    wide = [text_width(word, font, size) for word in words]
    if max(wide) > width:
        # what belongs together is wider than the measure: break it all the same
        words = text.split()
        wide = [text_width(word, font, size) for word in words]
    space = text_width(" ", font, size)
    fewest = len(_filled(wide, space, width))
    # between the widest word and the whole width, the narrowest measure that needs no further line
    low, high = max(wide), max(width, *wide)
    while high - low > 0.1:
        middle = (low + high) / 2
        low, high = (low, middle) if len(_filled(wide, space, middle)) <= fewest else (middle, high)
    lengths = _filled(wide, space, high)
    ends = list(accumulate(lengths))
    broken = (" ".join(words[end - length : end]) for length, end in zip(lengths, ends, strict=True))
    return [line.replace(_GLUE, " ") for line in broken]


def _filled(widths: list[float], space: float, measure: float) -> list[int]:
    """How many words go on each line when each line takes what it can."""
    counts: list[int] = []
    used = 0.0
    for width in widths:
        if counts and used + space + width <= measure:
            counts[-1] += 1
            used += space + width
        else:
            counts.append(1)
            used = width
    return counts


@lru_cache(maxsize=8)
def _advances(font: Path) -> tuple[dict[int, float], float]:
    """Advance of each character in ems, and of one the font has not."""
    with TTFont(font, lazy=True) as face:
        units: int = face["head"].unitsPerEm
        metrics: Callable[[str], tuple[int, int]] = face["hmtx"].__getitem__
        letters: dict[int, str] = face.getBestCmap()
        return {code: metrics(name)[0] / units for code, name in letters.items()}, metrics(".notdef")[0] / units
