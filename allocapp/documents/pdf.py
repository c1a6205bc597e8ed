"""HTML to PDF/A-3b, with the places of the two signatures reserved.

Untagged on purpose: checking the changes of a tagged file after signing takes minutes. The same HTML gives the same
bytes in every process: no clock, no random identifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pydyf  # type: ignore[import-untyped]  # published without types
from weasyprint import CSS, HTML, Document
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from allocapp.documents.fonts import find_serif_fonts

TEMPLATES: Final = Path(__file__).resolve().parents[2] / "templates"

# Private: fontconfig maps "Times New Roman" to whatever is installed, with or without Vietnamese letters.
FAMILY: Final = "allocapp serif"

_POINTS_PER_PIXEL: Final = 0.75
_FACES: Final = {
    "regular": ("normal", "normal"),
    "bold": ("bold", "normal"),
    "italic": ("normal", "italic"),
    "bold_italic": ("bold", "italic"),
}

# Annotation flags of PDF 32000-1, table 165: printed, and locked in its place.
_PRINT_AND_LOCKED: Final = 4 + 128


@dataclass(frozen=True)
class SignatureField:
    """An empty signature field over the element with the id `name`; `label` is what a PDF reader shows for it."""

    name: str
    label: str


def write_pdf(html: str, stylesheets: list[str], fields: tuple[SignatureField, ...] = ()) -> bytes:
    """The PDF/A-3b of an HTML page styled by the named files of templates/documents.

    Raises:
        FontMissing: there is no face to set it in.
        ValueError: the page lacks an element that a signature field belongs to.
    """
    fonts = FontConfiguration()
    css = [CSS(string=_font_faces(), font_config=fonts, url_fetcher=_FontFetcher())]
    for name in stylesheets:
        text = (TEMPLATES / "documents" / name).read_text(encoding="utf-8")
        css.append(CSS(string=text, font_config=fonts, url_fetcher=_data_only()))
    document = HTML(string=html, url_fetcher=_data_only()).render(font_config=fonts, stylesheets=css)

    def finish(document: Document, pdf: pydyf.PDF) -> None:
        _reserve(document, pdf, fields)

    written: bytes = document.write_pdf(pdf_variant="pdf/a-3b", finisher=finish if fields else None)
    return written


def write_stamp(svg: str, width: float, height: float) -> bytes:
    """One drawing as a PDF page of its own size in millimetres, transparent and without a margin."""
    html = f"<style>@page {{ size: {width}mm {height}mm; margin: 0 }} body {{ margin: 0 }}</style>{svg}"
    written: bytes = HTML(string=html, url_fetcher=_data_only()).write_pdf()
    return written


def _data_only() -> URLFetcher:
    """What may be loaded: nothing that is not in the page itself. The default reads files and the network."""
    return URLFetcher(allowed_protocols=("data",), allow_redirects=False)


class _FontFetcher(URLFetcher):
    """Serves the four font files under names of our own to our own style sheet, and nothing else.

    As data URIs they would be two megabytes of CSS, which take ten times as long to read as a decision to set.
    """

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:
        fonts = {f"font:{style}": path for style, path in find_serif_fonts().items()}
        if url not in fonts:
            raise ValueError("only the document's own fonts may be loaded")
        return URLFetcherResponse(url, fonts[url].read_bytes(), {"Content-Type": "font/ttf"})


def _font_faces() -> str:
    find_serif_fonts()  # a missing font raises here: the typesetter would only warn and take another
    return "".join(
        f'@font-face {{ font-family: "{FAMILY}"; font-weight: {weight}; font-style: {slant}; src: url(font:{style}) }}'
        for style, (weight, slant) in _FACES.items()
    )


def _reserve(document: Document, pdf: pydyf.PDF, fields: tuple[SignatureField, ...]) -> None:
    """Put the empty fields where the layout placed their elements, before the file gets its first byte.

    Fields added afterwards would be a revision of their own, and the file that is signed must have exactly one.
    """
    references = pydyf.Array()
    for field in fields:
        number, rectangle = _place(document, field.name)
        page = pdf.objects[int(pdf.page_references[number].split()[0])]
        width, height = rectangle[2] - rectangle[0], rectangle[3] - rectangle[1]
        # PDF/A wants an appearance even of what is not yet filled
        form = {"Type": "/XObject", "Subtype": "/Form", "BBox": pydyf.Array([0, 0, width, height])}
        blank = pydyf.Stream([], {**form, "Resources": pydyf.Dictionary()})
        pdf.add_object(blank)
        widget = pydyf.Dictionary(
            {
                "Type": "/Annot",
                "Subtype": "/Widget",
                "FT": "/Sig",
                "T": pydyf.String(field.name),
                "TU": pydyf.String(field.label),
                "Rect": pydyf.Array(rectangle),
                "F": _PRINT_AND_LOCKED,
                "P": page.reference,
                "AP": pydyf.Dictionary({"N": blank.reference}),
            }
        )
        pdf.add_object(widget)
        references.append(widget.reference)
        page["Annots"] = pydyf.Array([*page.get("Annots", ()), widget.reference])
    form = pydyf.Dictionary({"Fields": references})
    pdf.add_object(form)
    pdf.catalog["AcroForm"] = form.reference


def _place(document: Document, name: str) -> tuple[int, list[float]]:
    """Page index and PDF rectangle (points, from the bottom left) of the element with this id."""
    for number, page in enumerate(document.pages):
        if name in page.anchors:
            left, top, right, bottom = page.anchors[name]
            corners = left, page.height - bottom, right, page.height - top
            return number, [round(value * _POINTS_PER_PIXEL, 3) for value in corners]
    raise ValueError(f"no element with the id {name}")
