"""The same snapshot gives the same bytes; what cannot be printed is refused; nothing is loaded from outside."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from allocapp.documents import fonts, pdf
from allocapp.documents.decision import render_decision
from allocapp.documents.lines import balanced_lines, text_width
from allocapp.errors import FontMissing, InvalidSnapshot
from tests.documents.measure import pages
from tests.documents.snapshots import decision

PROGRAM = """
import hashlib, json, sys
from allocapp.documents.decision import render_decision
print(hashlib.sha256(render_decision(json.load(sys.stdin))).hexdigest())
"""


def test_every_process_renders_the_same_bytes(rendered: bytes) -> None:
    expected = hashlib.sha256(rendered).hexdigest()
    assert hashlib.sha256(render_decision(decision())).hexdigest() == expected
    for zone, seed in [("UTC", "1"), ("America/New_York", "2")]:
        environment = {**os.environ, "TZ": zone, "PYTHONHASHSEED": seed, "LC_ALL": "C"}
        program = [sys.executable, "-c", PROGRAM]
        question = json.dumps(decision())
        answer = subprocess.run(program, input=question, capture_output=True, text=True, check=True, env=environment)
        assert answer.stdout.strip() == expected


def test_the_order_of_keys_does_not_matter(rendered: bytes) -> None:
    assert render_decision(json.loads(json.dumps(decision(), sort_keys=True))) == rendered


def test_markup_in_texts_is_printed_as_text() -> None:
    snapshot = decision(place='<img src="file:///etc/passwd">', subject="A & B <b>in</b> {{ 7 * 7 }}")
    first = pages(render_decision(snapshot))[0]
    assert first.has('<img src="file:///etc/passwd">, ngày')
    assert first.has("A & B <b>in</b> {{ 7 * 7 }}")


@pytest.mark.parametrize("address", ["file:///etc/hostname", "http://127.0.0.1:9/x.png", "font:regular", "ftp://h/x"])
def test_nothing_but_data_is_loaded(address: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="protocol"):
        pdf._data_only().fetch(address)
    picture = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><image href="{address}"/></svg>'
    plain = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'
    assert len(pdf.write_stamp(picture, 9, 9)) == pytest.approx(len(pdf.write_stamp(plain, 9, 9)), abs=64)


@pytest.mark.parametrize("style", fonts.STYLES)
def test_the_face_is_complete_in_vietnamese(style: str) -> None:
    assert fonts.is_complete(fonts.find_serif_fonts()[style])


def test_a_missing_or_incomplete_face_is_named_with_its_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "share" / "fonts"
    folder.mkdir(parents=True)
    for style in ("Regular", "Bold", "Italic", "BoldItalic"):
        (folder / f"LiberationSerif-{style}.ttf").write_bytes(b"not a font")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path / "share"))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    with pytest.raises(FontMissing) as raised:
        render_decision(decision())
    assert "fonts-liberation2" in raised.value.packages


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"format": 2}, "format"),
        ({"number": "5"}, "number"),
        ({"number": True}, "number"),
        ({"date": "05/06/2022"}, "date"),
        ({"subject": ""}, "subject"),
        ({"bases": ["Căn cứ", ""]}, "bases[1]"),
        ({"sample": "yes"}, "sample"),
        ({"signer": None}, "signer"),
        (
            {"articles": [{"text": "A", "clauses": [{"text": "B", "points": ["c"] * 24}]}]},
            "articles[0].clauses[0].points",
        ),
        ({"annex": {"title": "A", "indicators": [], "groups": []}}, "annex.indicators"),
        (
            {"annex": {"title": "A", "indicators": [{"name": "I", "kind": "share"}], "groups": []}},
            "annex.indicators[0].kind",
        ),
        (
            {
                "annex": {
                    "title": "A",
                    "indicators": [{"name": "I", "kind": "rate"}],
                    "groups": [{"name": "G", "rows": [{"name": "R", "targets": [1, 2], "reasons": [None, None]}]}],
                }
            },
            "annex.groups[0].rows[0]",
        ),
    ],
)
def test_a_snapshot_that_cannot_be_printed_says_where(changes: dict[str, object], path: str) -> None:
    with pytest.raises(InvalidSnapshot) as raised:
        render_decision(decision(**changes))
    assert raised.value.path == path


def test_headings_break_into_nearly_equal_lines() -> None:
    bold = fonts.find_serif_fonts()["bold"]
    subject = "Giao chỉ tiêu tỷ lệ hồ sơ trực tuyến cho Ủy ban nhân dân các xã, thị trấn trên địa bàn huyện năm 2022"
    lines = balanced_lines(subject, bold, 14, 140)
    widths = [text_width(line, bold, 14) for line in lines]
    assert " ".join(lines) == subject
    assert max(widths) <= 140
    assert min(widths) > 0.7 * max(widths)
    assert balanced_lines("", bold, 14, 140) == []
    assert balanced_lines("Nghiêng" * 20 + " A", bold, 14, 60)[1] == "A"
