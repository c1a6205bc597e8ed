"""make check: every text a person can see is in the Vietnamese catalogue, translated; nothing in it is out of use.

``--update`` brings new messages into the catalogue and drops old ones, for a translator to complete. Message ids are
English. Templates for documents are written in Vietnamese, the language of a decision, and are not translated.
"""

from __future__ import annotations

import argparse
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
TEXTS = ROOT / "allocapp" / "translations" / "vi" / "LC_MESSAGES" / "messages.po"

METHODS = [("allocapp/**.py", "python"), ("templates/**.html", "jinja2")]
# lazy: how modules import lazy_gettext
KEYWORDS = {**DEFAULT_KEYWORDS, "lazy": None, "lazy_gettext": None, "lazy_ngettext": (1, 2)}
UNTRANSLATED_TEMPLATES = "documents"

# words that only name style classes: the block of a page's width, and macros called …_class
CLASSES = re.compile(r"\{% block wide %\}.*?\{% endblock %\}|\{%-? macro \w+_class\(.*?\{%-? endmacro -?%\}", re.DOTALL)
NAMES = re.compile(r"allocapp|SHA-256|PDF/A-3b|PDF|CSV")  # the same in every language
NOT_SAID = re.compile(r"\bbạn\b|từ chối quyết định", re.IGNORECASE)
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
SEEN_ATTRIBUTES = frozenset({"title", "alt", "placeholder", "aria-label", "aria-description"})


def main() -> int:
    """Check, or bring the catalogue up to date; 1 where anything is to be done."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--update", action="store_true")
    wanted = extract()
    if arguments.parse_args().update:
        update(wanted)
    problems = [*catalogue_problems(wanted), *bare_texts()]
    for problem in problems:
        print(problem)
    print(f"vi: {len(wanted)} messages, {len(problems)} to be mended")
    return int(bool(problems))


def extract() -> Catalog:
    """All messages of program and templates."""
    catalog = Catalog(charset="utf-8")
    found = extract_from_dir(ROOT, METHODS, keywords=KEYWORDS, options_map={}, directory_filter=_is_ours)
    for name, line, message, _, context in found:
        catalog.add(message, None, [(name, line)], context=context)
    return catalog


def _is_ours(folder: str) -> bool:
    return not Path(folder).name.startswith(".") and Path(folder).name not in ("instance", "tests", "migrations")


def read() -> Catalog:
    """The committed catalogue; an empty one where there is none yet."""
    if not TEXTS.exists():
        return Catalog(locale="vi", charset="utf-8")
    with TEXTS.open("rb") as file:
        return read_po(file, locale="vi")


def update(wanted: Catalog) -> None:
    """Write the catalogue anew: its translations kept, sorted, without line numbers, so that changes stay readable."""
    catalog = read()
    catalog.update(wanted, no_fuzzy_matching=True)
    TEXTS.parent.mkdir(parents=True, exist_ok=True)
    with TEXTS.open("wb") as file:
        write_po(file, catalog, sort_output=True, no_location=True, ignore_obsolete=True, omit_header=False, width=0)


def catalogue_problems(wanted: Catalog) -> list[str]:
    """Messages that are missing, untranslated, fuzzy, broken (other placeholders than the English text) or unused."""
    catalog = read()
    problems = []
    for message in wanted:
        if not message.id:
            continue
        where = f"{message.locations[0][0]}:{message.locations[0][1]}" if message.locations else "?"
        there = catalog.get(_key(message), message.context)
        if there is None or not _complete(there):
            problems.append(f"{where}: not translated: {message.id!r}")
        elif there.fuzzy:
            problems.append(f"{where}: fuzzy: {message.id!r}")
        else:
            problems += [f"{where}: {error}: {message.id!r}" for error in there.check(catalog)]
            problems += [f"{where}: {fault}: {message.id!r}" for fault in _style_faults(there)]
    for message in catalog:
        if message.id and wanted.get(_key(message), message.context) is None:
            problems.append(f"{TEXTS.name}: no longer used: {message.id!r}")
    return problems


def _style_faults(message: Message) -> list[str]:
    """Offices address nobody as "bạn", and what is refused of a decision is its signature: one term for one act."""
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return [f"says “{found[0]}”" for text in texts if (found := NOT_SAID.search(text or ""))]


def _key(message: Message) -> str:
    return message.id[0] if isinstance(message.id, tuple | list) else message.id


def _complete(message: Message) -> bool:
    texts = message.string if isinstance(message.string, tuple | list) else (message.string,)
    return bool(texts) and all(text and text.strip() for text in texts)


def bare_texts() -> list[str]:
    """Words in a page's template that do not go through a catalogue, and so would be the same in every language."""
    problems = []
    for path in sorted((ROOT / "templates").rglob("*.html")):
        name = path.relative_to(ROOT / "templates")
        if name.parts[0] != UNTRANSLATED_TEMPLATES:
            seen = _Words()
            seen.feed(_blank(JINJA, _blank(CLASSES, path.read_text(encoding="utf-8"))))
            problems += [f"templates/{name}:{line}: not translatable: {text!r}" for line, text in seen.found]
    return problems


def _blank(pattern: re.Pattern[str], text: str) -> str:
    """Without what matches, but for its line ends: line numbers stay."""
    return pattern.sub(lambda found: "\n" * found.group().count("\n"), text)


class _Words(HTMLParser):
    """Collects text and attributes that people see and that hold letters."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[int, str]] = []

    def handle_data(self, data: str) -> None:
        self._look_at(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SEEN_ATTRIBUTES and value:
                self._look_at(value)

    def _look_at(self, text: str) -> None:
        if any(sign.isalpha() for sign in NAMES.sub("", text)):
            self.found.append((self.getpos()[0], " ".join(text.split())))


if __name__ == "__main__":
    sys.exit(main())
