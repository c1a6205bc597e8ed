"""What stands where in a finished PDF, measured from its content streams: texts, rules, pages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.generic import ContentStream

MM = 72 / 25.4


@dataclass(frozen=True)
class Words:
    """A text set in one go. `left`, `right` and `base` (its baseline, from the top of the page) in mm, `size` in pt."""

    text: str
    left: float
    right: float
    base: float
    size: float
    font: str

    @property
    def middle(self) -> float:
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Rule:
    """A thin horizontal line, in millimetres."""

    left: float
    right: float
    top: float

    @property
    def length(self) -> float:
        return self.right - self.left


@dataclass(frozen=True)
class Page:
    width: float
    height: float
    words: list[Words]
    rules: list[Rule]

    def find(self, text: str) -> Words:
        """The first text that starts so."""
        found = [words for words in self.words if words.text.startswith(text)]
        assert found, (text, [words.text for words in self.words])
        return found[0]

    def has(self, text: str) -> bool:
        return any(text in words.text for words in self.words)


def pages(pdf: bytes) -> list[Page]:
    reader = PdfReader(BytesIO(pdf))
    return [_measure(page, reader) for page in reader.pages]


def catalogue(pdf: bytes) -> Any:
    """The root of a PDF's objects."""
    return PdfReader(BytesIO(pdf)).trailer["/Root"]


def joined(page: Page) -> str:
    """The text of a page in the order it was set, line ends as spaces."""
    return " ".join(" ".join(words.text for words in page.words).split())


class _Font:
    """Letters and advances of an embedded font with two-byte codes."""

    def __init__(self, font: Any) -> None:
        self.name = str(font["/BaseFont"]).split("+")[1].removeprefix("allocapp-serif")
        mapping = re.findall(rb"<(\w{4})> <(\w+)>", font["/ToUnicode"].get_data().split(b"beginbfchar", 1)[1])
        self.letters = {int(code, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for code, text in mapping}
        self.advances: dict[int, float] = {}
        widths = list(font["/DescendantFonts"][0].get_object()["/W"])
        for first, listed in zip(widths[::2], widths[1::2], strict=True):
            self.advances |= {int(first) + n: float(advance) for n, advance in enumerate(listed)}


def _measure(page: PageObject, reader: PdfReader) -> Page:
    height = float(page.mediabox.height)
    resources: Any = page["/Resources"]
    fonts = {name: _Font(font.get_object()) for name, font in resources["/Font"].items()}
    words: list[Words] = []
    rules: list[Rule] = []
    scale, stack = 1.0, []
    font, size, left, base = "", 0.0, 0.0, 0.0
    for operands, operator in ContentStream(page.get_contents(), reader).operations:
        match operator:
            case b"q":
                stack.append(scale)
            case b"Q":
                scale = stack.pop()
            case b"cm":
                # the page is turned upside down once, from then on coordinates run from its top
                scale *= float(operands[0])
            case b"Tf":
                font, size = str(operands[0]), float(operands[1])
            case b"Tm":
                left, base = float(operands[4]), float(operands[5])
            case b"TJ":
                text, advance = _set(operands[0], fonts[font])
                end = left + advance * size / 1000
                edges = left * scale / MM, end * scale / MM, base * scale / MM
                words.append(Words(text, *edges, round(size * scale, 2), fonts[font].name))
            case b"re" if float(operands[2]) > 5 and 0.5 < float(operands[3]) < 1.5:
                start, top, length = (float(operands[n]) * scale / MM for n in (0, 1, 2))
                rules.append(Rule(start, start + length, top))
    return Page(float(page.mediabox.width) / MM, height / MM, words, rules)


def _set(parts: Any, font: _Font) -> tuple[str, float]:
    """Text and advance (thousandths of the size) of a TJ array."""
    text, advance = "", 0.0
    for part in parts:
        if isinstance(part, str | bytes):
            raw = part if isinstance(part, bytes) else part.original_bytes  # type: ignore[attr-defined]
            for code in (int.from_bytes(raw[n : n + 2]) for n in range(0, len(raw), 2)):
                text += font.letters.get(code, "?")
                advance += font.advances[code]
        else:
            advance -= float(part)
    return text, advance
