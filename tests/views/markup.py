"""A page read from its HTML: what stands on it, its forms as a browser would send them, and what is wrong with it.

The parser is strict: a tag that is closed in the wrong place is an error, where a browser would guess.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlsplit

VOID = frozenset({"br", "col", "hr", "img", "input", "link", "meta", "use", "wbr"}) - {"use"}
UNSEEN = frozenset({"script", "style", "template", "title"})
LABELLED = frozenset({"input", "select", "textarea", "progress"})
POINTERS = ("for", "aria-labelledby", "aria-describedby", "aria-controls")
SEEN_ATTRIBUTES = ("title", "alt", "placeholder", "aria-label", "data-label", "data-silent")


@dataclass(eq=False)
class Element:
    """An element with its attributes and what it holds: elements and texts, in their order."""

    tag: str
    attributes: Mapping[str, str]
    parent: Element | None = None
    content: list[Element | str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def get(self, name: str, default: str = "") -> str:
        """An attribute, or the default."""
        return self.attributes.get(name, default)

    def has(self, name: str) -> bool:
        """Whether the attribute is there, with a value or without."""
        return name in self.attributes

    @property
    def classes(self) -> frozenset[str]:
        """The classes it is styled by."""
        return frozenset(self.get("class").split())

    def walk(self) -> Iterator[Element]:
        """Itself and everything in it, in the order of the page."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += [part for part in reversed(element.content) if isinstance(part, Element)]

    def all(self, *tags: str, **attributes: str) -> list[Element]:
        """The elements in it of one of these tags (any, where none is given) with exactly these attributes."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.walk()
            if (not tags or element.tag in tags)
            and all(element.attributes.get(name) == value for name, value in wanted.items())
        ]

    def one(self, *tags: str, **attributes: str) -> Element:
        """The only such element."""
        found = self.all(*tags, **attributes)
        assert len(found) == 1, f"{len(found)} × {tags} {attributes}"
        return found[0]

    def texts(self) -> Iterator[str]:
        """Every piece of text that can be seen or read out, tidied."""
        for part in self.content:
            if isinstance(part, Element):
                if part.tag not in UNSEEN:
                    yield from part.texts()
            elif tidy := " ".join(part.split()):
                yield tidy

    @property
    def text(self) -> str:
        """All its text, with single blanks."""
        return " ".join(self.texts())

    @property
    def raw(self) -> str:
        """Its text as it stands, as for a textarea."""
        return "".join(part if isinstance(part, str) else part.raw for part in self.content)

    def within(self, tag: str) -> Element | None:
        """The nearest element of that tag around it."""
        above = self.parent
        while above is not None and above.tag != tag:
            above = above.parent
        return above


@dataclass(frozen=True)
class Form:
    """A form, and what a browser would send of it if nothing were changed."""

    element: Element

    @property
    def fields(self) -> dict[str, str]:
        """The controls that would be sent, by name. Two of the same name are refused: no page of ours needs that."""
        found: dict[str, str] = {}
        for control in self.element.all("input", "select", "textarea"):
            name = control.get("name")
            if not name or control.has("disabled") or control.get("type") in ("submit", "file"):
                continue
            if control.get("type") in ("radio", "checkbox") and not control.has("checked"):
                continue
            assert name not in found, f"two fields are called {name}"
            if control.tag == "select":
                options = control.all("option")
                found[name] = next((option for option in options if option.has("selected")), options[0]).get("value")
            else:
                # a browser leaves out the line break that directly follows the tag of a textarea
                found[name] = control.raw.removeprefix("\n") if control.tag == "textarea" else control.get("value")
        return found

    @property
    def targets(self) -> list[str]:
        """Where it can be sent: its own address and those of its buttons."""
        buttons = [button["formaction"] for button in self.element.all("button") if button.has("formaction")]
        return [self.element.get("action"), *buttons]


class Page:
    """A page and its faults."""

    def __init__(self, html: str) -> None:
        self.html = html
        self.faults: list[str] = []
        self.root = _Reader(self.faults).read(html)
        self.elements = list(self.root.walk())
        self.by_tag: dict[str, list[Element]] = {}
        for element in self.elements:
            self.by_tag.setdefault(element.tag, []).append(element)

    def tagged(self, *tags: str) -> list[Element]:
        """Every element of these tags."""
        return [element for tag in tags for element in self.by_tag.get(tag, ())]

    @property
    def text(self) -> str:
        """Everything that can be read on it."""
        return self.body.text

    @property
    def body(self) -> Element:
        """The page without its head."""
        return self.by_tag["body"][0]

    @property
    def title(self) -> str:
        """The title of the window."""
        return " ".join(self.by_tag["title"][0].raw.split())

    @property
    def heading(self) -> str:
        """The one heading of the first level."""
        return self.root.one("h1").text

    @property
    def language(self) -> str:
        """The language it says it is written in."""
        return self.by_tag["html"][0].get("lang")

    @property
    def forms(self) -> list[Form]:
        """All forms."""
        return [Form(element) for element in self.tagged("form")]

    @property
    def links(self) -> list[str]:
        """Every address that a link leads to."""
        return [link["href"] for link in self.tagged("a") if link.has("href")]

    @property
    def errors(self) -> str:
        """The text of the error summary; empty where there is none."""
        return " ".join(element.text for element in self.elements if "error-summary" in element.classes)

    @property
    def notices(self) -> str:
        """What the page tells about the last act."""
        return " ".join(element.text for element in self.elements if "notice" in element.classes)

    def can_send(self, url: str) -> bool:
        """Whether a form or a button of the page leads there."""
        return any(url in form.targets for form in self.forms)

    def form(self, url: str) -> Form:
        """The form that can be sent there."""
        found = [form for form in self.forms if url in form.targets]
        assert len(found) == 1, f"{len(found)} forms lead to {url}; there are {[form.targets for form in self.forms]}"
        return found[0]

    def field(self, name: str) -> Element:
        """The control of that name."""
        return self.root.one("input", "select", "textarea", name=name)

    def spoken(self) -> Iterator[str]:
        """Every text that a person sees or hears, attributes included."""
        yield self.title
        yield from self.body.texts()
        for element in self.elements:
            for name in SEEN_ATTRIBUTES:
                if name in element.attributes:
                    yield element.attributes[name]

    def all_faults(self, language: str) -> list[str]:
        """What is wrong with the page as a page, whatever it is about."""
        return [
            *self.faults,
            *_frame_faults(self, language),
            *_inline_faults(self),
            *_identity_faults(self),
            *_control_faults(self),
            *_leftover_faults(self),
        ]


class _Reader(HTMLParser):
    """Builds the tree."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__(convert_charrefs=True)
        self.faults = faults
        self.root = Element("document", {})
        self.open = self.root

    def read(self, html: str) -> Element:
        if not html.startswith("<!doctype html>"):
            self.faults.append("does not begin with its doctype")
        self.feed(html)
        self.close()
        if self.open is not self.root:
            self.faults.append(f"<{self.open.tag}> is not closed")
        return self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        if len(names) != len(set(names)):
            self.faults.append(f"<{tag}> has an attribute twice: {names}")
        element = Element(tag, {name: value or "" for name, value in attrs}, self.open)
        self.open.content.append(element)
        if tag not in VOID:
            self.open = element

    def handle_endtag(self, tag: str) -> None:
        if self.open.tag != tag or self.open.parent is None:
            self.faults.append(f"</{tag}> closes <{self.open.tag}>")
            return
        self.open = self.open.parent

    def handle_data(self, data: str) -> None:
        self.open.content.append(data)


def _frame_faults(page: Page, language: str) -> Iterator[str]:
    if page.language != language:
        yield f"says that it is written in {page.language!r}, not in {language!r}"
    titles = page.tagged("title")
    if len(titles) != 1 or not titles[0].raw.partition("–")[0].strip():
        yield f"has {len(titles)} titles, or an empty one"
    headings = page.tagged("h1")
    if len(headings) != 1 or not headings[0].text:
        yield f"has {len(headings)} headings of the first level, or an empty one"
    for tag in ("main", "header", "footer"):
        if len(page.tagged(tag)) != 1:
            yield f"has {len(page.tagged(tag))} × <{tag}>"
    if not any(element.get("name") == "viewport" for element in page.tagged("meta")):
        yield "does not fit a phone: no viewport"


def _inline_faults(page: Page) -> Iterator[str]:
    for element in page.elements:
        if element.tag == "style" or (element.tag == "script" and not element.has("src")):
            yield f"inline <{element.tag}>"
        for name in element.attributes:
            if name == "style" or name.startswith("on"):
                yield f"inline {name} of <{element.tag}>"
        for name in ("src", "href", "action", "formaction"):
            value = element.get(name)
            parts = urlsplit(value)
            if parts.scheme or parts.netloc:
                yield f"<{element.tag} {name}> leads away: {value}"


def _identity_faults(page: Page) -> Iterator[str]:
    seen: set[str] = set()
    for element in page.elements:
        if element.has("id"):
            if not element["id"] or element["id"] in seen:
                yield f"id {element['id']!r} is empty or stands there twice"
            seen.add(element["id"])
    for element in page.elements:
        pointed = [target for name in POINTERS if element.has(name) for target in element[name].split()]
        if element.tag == "a" and element.get("href").startswith("#"):
            pointed.append(element["href"][1:])
        for target in pointed:
            if target not in seen:
                yield f"<{element.tag}> points at {target!r}, which is not there"


def _control_faults(page: Page) -> Iterator[str]:
    labelled = {label["for"] for label in page.tagged("label") if label.has("for") and label.text}
    for control in page.tagged(*LABELLED):
        if control.get("type") in ("hidden", "submit"):
            continue
        around = control.within("label")
        if not (
            control.get("id") in labelled
            or control.get("aria-label").strip()
            or control.has("aria-labelledby")
            or (around is not None and around.text)
        ):
            yield f"<{control.tag} name={control.get('name')!r}> has no label"
    for button in page.tagged("button", "a", "summary"):
        if not button.text and not button.get("aria-label"):
            yield f"an empty <{button.tag}>"
    for form in page.tagged("form"):
        # a form that only chooses what to look at asks by its address, which must not hold the token
        asks = form.get("method") == "get"
        if form.get("method") not in ("get", "post") or not form.get("action").startswith("/"):
            yield f"a form is sent by {form.get('method')!r} to {form.get('action')!r}"
        if asks == bool(form.all("input", name="csrf_token")):
            yield f"the form for {form.get('action')} has {'a' if asks else 'no'} CSRF token"


def _leftover_faults(page: Page) -> Iterator[str]:
    for text in page.spoken():
        for left in ("%(", "{{", "}}", "{%", "lazy", "Undefined", "<strong>"):
            if left in text:
                yield f"left over in a text: {text!r}"
        if text in ("None", "[]", "{}", "()"):
            yield f"a value and no text: {text!r}"
