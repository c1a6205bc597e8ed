"""The finished decision measured against Decree 30/2020/ND-CP, Appendix I."""

from __future__ import annotations

from io import BytesIO

import pytest
from pypdf import PdfReader

from allocapp.documents.decision import render_decision
from tests.documents.measure import Page, Words, catalogue, joined, pages
from tests.documents.snapshots import NO_SERVICES, RATES, annex, communes, decision, row

SAMPLE = "BẢN MẪU - không có giá trị pháp lý"
MM = 72 / 25.4
PAGE_TOP = 20.0  # millimetres: the least top margin; page numbers stand above it


def between_margins(page: Page) -> list[Words]:
    """What stands on the page but the page number and the sample line."""
    return [words for words in page.words if words.base > PAGE_TOP and words.text != SAMPLE]


def test_pages_are_a4_and_margins_lie_within_the_ranges(laid_out: list[Page]) -> None:
    for page in laid_out:
        assert (round(page.width, 1), round(page.height, 1)) == (210, 297)
        words = between_margins(page)
        assert 30 <= min(text.left for text in words) <= 35
        assert 210 - max(text.right for text in words) >= 15
        # a letter is lower than its size, and reaches below its baseline by a quarter of it
        assert min(text.base - text.size / MM for text in words) >= 20
        assert max(text.base + text.size / MM / 4 for text in words) <= 297 - 20
    justified = [text.right for text in between_margins(laid_out[0]) if text.size == 14]
    assert 15 <= 210 - max(justified) <= 20


def test_the_head_has_its_sizes_and_number_and_date_share_a_baseline(laid_out: list[Page]) -> None:
    first = laid_out[0]
    for text, size, font in [
        ("ỦY BAN NHÂN DÂN", 12, "-Bold"),
        ("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", 12, "-Bold"),
        ("Độc lập - Tự do - Hạnh phúc", 13, "-Bold"),
        ("Số: 05/QĐ-UBND", 13, ""),
        ("Lạng Sơn, ngày 05 tháng 6 năm 2022", 13, "-Italic"),
    ]:
        words = first.find(text)
        assert (words.size, words.font) == (size, font)
    assert first.find("Số: 05/QĐ-UBND").base == first.find("Lạng Sơn, ngày").base
    # the two blocks are centred on axes of their own, the body's name above the number
    left, right = first.find("Số: 05").middle, first.find("Lạng Sơn, ngày").middle
    assert first.find("HUYỆN BẮC SƠN").middle == pytest.approx(left, abs=0.5)
    assert first.find("CỘNG HÒA").middle == pytest.approx(right, abs=0.5)
    assert left < 105 < right


def test_rules_have_the_length_their_text_gives_them(laid_out: list[Page]) -> None:
    under_body, under_motto, under_subject = sorted(laid_out[0].rules, key=lambda rule: rule.top)
    first = laid_out[0]
    body, motto = first.find("HUYỆN BẮC SƠN"), first.find("Độc lập")
    assert 1 / 3 <= under_body.length / (body.right - body.left) <= 1 / 2
    assert under_motto.length == pytest.approx(motto.right - motto.left, rel=0.01)
    subject = [words for words in first.words if first.find("QUYẾT ĐỊNH").base < words.base < under_subject.top]
    assert len(subject) > 1
    for line in subject:
        assert 1 / 3 <= under_subject.length / (line.right - line.left) <= 1 / 2


def test_the_parts_stand_in_the_decrees_order(laid_out: list[Page]) -> None:
    text = joined(laid_out[0]) + " " + joined(laid_out[1])
    order = [
        "ỦY BAN NHÂN DÂN",
        "CỘNG HÒA XÃ HỘI",
        "Số: 05/QĐ-UBND",
        "QUYẾT ĐỊNH",
        "Giao chỉ tiêu",
        "ỦY BAN NHÂN DÂN HUYỆN BẮC SƠN",
        "Căn cứ Luật",
        "ngày 19 tháng 6 năm 2015;",
        "cơ chế một cửa;",
        "Theo đề nghị",
        "tại Tờ trình số 11/TTr-VP ngày 01 tháng 6 năm 2022.",
        "QUYẾT ĐỊNH:",
        "Điều 1.",
        "Giao chỉ tiêu cho các đơn vị, cụ thể như sau:",
        "(Có Phụ lục chi tiết kèm theo)",
        "Điều 2.",
        "Tổ chức thực hiện:",
        "1. Các đơn vị được giao chỉ tiêu:",
        "a) Thực hiện việc thứ 1;",
        "b)",
        "c)",
        "d) Thực hiện việc thứ 4;",
        "đ) Thực hiện việc thứ 5;",
        "e) Thực hiện việc thứ 6.",
        "2. Văn phòng",
        "Điều 3.",
        "thi hành Quyết định này./.",
        "Nơi nhận:",
        "- Như Điều 3;",
        "- Thường trực Huyện ủy;",
        "- Lưu: VT.",
        "TM. ỦY BAN NHÂN DÂN",
        "KT. CHỦ TỊCH",
        "PHÓ CHỦ TỊCH",
        "(Mẫu) Lãnh đạo ký",
    ]
    place = 0
    for part in order:
        found = text.find(part, place)
        assert found >= 0, part
        place = found + len(part)


def test_body_texts_have_their_size_and_first_line_indent(laid_out: list[Page]) -> None:
    first = laid_out[0]
    edge = min(words.left for words in between_margins(first))
    for text, font in [("Căn cứ Luật", "-Italic"), ("Điều 1.", "-Bold"), ("1. Các đơn vị", ""), ("a) Thực", "")]:
        words = first.find(text)
        assert (words.size, words.font) == (14, font)
        assert words.left - edge == pytest.approx(12.7, abs=0.3)
    for text in ["QUYẾT ĐỊNH:", "HUYỆN BẮC SƠN"]:
        assert any(w.font == "-Bold" and text in w.text for w in first.words)


def test_the_foot_has_recipients_left_and_the_signer_right_on_one_level(laid_out: list[Page]) -> None:
    page = next(page for page in laid_out if page.has("Nơi nhận:"))
    title, first, signer = page.find("Nơi nhận:"), page.find("- Như Điều 3;"), page.find("TM. ỦY BAN")
    assert first.left == title.left
    assert (title.size, title.font) == (12, "-Bold-Italic")
    assert (first.size, first.font) == (11, "")
    assert (signer.size, signer.font) == (14, "-Bold")
    assert title.base == pytest.approx(signer.base, abs=1)
    assert title.right < 105 < signer.left
    # the signer's block is the right 88 mm of the text, which starts at 31 mm and ends at 193 mm
    assert signer.middle == pytest.approx(193 - 44, abs=0.5)
    assert page.find("(Mẫu) Lãnh đạo ký").middle == pytest.approx(signer.middle, abs=1)


def test_pages_are_numbered_in_the_top_margin_and_the_annex_from_one_again(laid_out: list[Page]) -> None:
    numbers = [next((words for words in page.words if words.base < PAGE_TOP), None) for page in laid_out]
    annex_starts = next(n for n, page in enumerate(laid_out) if page.has("Phụ lục") and page.has("Kèm theo"))
    expected = [*range(1, annex_starts + 1), *range(1, len(laid_out) - annex_starts + 1)]
    for shown, number in zip(numbers, expected, strict=True):
        if number == 1:
            assert shown is None
        else:
            assert shown is not None
            assert (shown.text, shown.font) == (str(number), "")
            assert 13 <= shown.size <= 14
            # centred over the text, which starts at 31 mm and ends at 193 mm
            assert shown.middle == pytest.approx(112, abs=0.5)


def test_the_annex_has_its_title_its_reference_unfilled_and_its_table(laid_out: list[Page]) -> None:
    page = next(page for page in laid_out if page.has("Kèm theo"))
    assert page.find("Phụ lục").size == 14
    assert page.find("CHỈ TIÊU TỶ LỆ HỒ SƠ TRỰC TUYẾN NĂM 2022").font == "-Bold"
    attached = page.find("(Kèm theo Quyết định số …/QĐ-… ngày … tháng … năm … của …)")
    assert attached.font == "-Italic"
    text = joined(page)
    assert "I Bộ phận Một cửa cấp huyện 1 Bộ phận Tiếp nhận và Trả kết quả 80% Không giao (1) II" in text
    assert "II Ủy ban nhân dân các xã, thị trấn 1 Ủy ban nhân dân xã số 1 79,6% 60,12% 2" in text
    assert "Lý do không giao:" in joined(laid_out[-1])
    assert f"(1) {NO_SERVICES}." in joined(laid_out[-1])


def test_a_sample_says_so_on_every_page_and_a_real_decision_does_not(laid_out: list[Page]) -> None:
    for page in laid_out:
        assert page.find(SAMPLE).base > 297 - 22
    for page in pages(render_decision(decision(sample=False))):
        assert not page.has("BẢN MẪU")


def test_only_the_checked_face_is_embedded(rendered: bytes) -> None:
    fonts: dict[str, bool] = {}
    for page in PdfReader(BytesIO(rendered)).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            descriptor = font["/DescendantFonts"][0]["/FontDescriptor"]
            fonts[font["/BaseFont"].split("+")[1]] = "/FontFile2" in descriptor
    assert set(fonts) == {f"allocapp-serif{style}" for style in ("", "-Bold", "-Italic", "-Bold-Italic")}
    assert all(fonts.values())


def test_the_file_is_pdf_a_3b_untagged_and_titled(rendered: bytes) -> None:
    root = catalogue(rendered)
    xmp = root["/Metadata"].get_data().decode()
    assert 'pdfaid:part="3"' in xmp or "<pdfaid:part>3<" in xmp
    assert 'pdfaid:conformance="B"' in xmp or "<pdfaid:conformance>B<" in xmp
    assert "/OutputIntents" in root
    assert "/MarkInfo" not in root
    assert "/StructTreeRoot" not in root
    metadata = PdfReader(BytesIO(rendered)).metadata
    assert metadata is not None
    assert metadata.title == "Quyết định số 05/QĐ-UBND"


def test_the_signature_fields_lie_where_the_decree_wants_the_images(rendered: bytes, laid_out: list[Page]) -> None:
    reader = PdfReader(BytesIO(rendered))
    number = next(n for n, page in enumerate(laid_out) if page.has("Nơi nhận:"))
    boxes = {}
    for annotation in reader.pages[number]["/Annots"]:  # type: ignore[attr-defined]
        field = annotation.get_object()
        assert field["/FT"] == "/Sig"
        assert "/V" not in field
        boxes[field["/T"]] = [float(value) / 72 * 25.4 for value in field["/Rect"]]
    left, bottom, right, top = boxes["person"]
    seal_left, seal_bottom, seal_right, seal_top = boxes["body"]
    page = laid_out[number]
    title, name = page.find("PHÓ CHỦ TỊCH"), page.find("(Mẫu) Lãnh đạo ký")
    assert (left + right) / 2 == pytest.approx(title.middle, abs=1)
    assert title.base < 297 - top < 297 - bottom < name.base - name.size / 72 * 25.4
    assert seal_right - seal_left == pytest.approx(36, abs=0.01) == pytest.approx(seal_top - seal_bottom, abs=0.01)
    # the seal covers the left third of the person's image
    assert (seal_right - left) / (right - left) == pytest.approx(1 / 3, abs=0.01)
    assert seal_left < left
    assert (seal_bottom + seal_top) / 2 == pytest.approx((bottom + top) / 2, abs=0.1)


@pytest.mark.parametrize("count", [1, 27, 213])
def test_the_table_breaks_between_rows_and_repeats_its_head(count: int) -> None:
    laid_out = pages(render_decision(decision(annex=annex([("Các xã", communes(count))]))))
    tables = [page for page in laid_out if page.has("Cơ quan, đơn vị")]
    names = [words.text for page in laid_out for words in page.words if "xã số" in words.text]
    assert [name.split()[-1] for name in names] == [str(n) for n in range(1, count + 1)]
    for page in tables:
        assert page.has("STT")
        rows = {words.base for words in page.words if "xã số" in words.text}
        targets = [words for words in page.words if words.text.endswith("%")]
        assert rows, "a head without rows"
        # both targets of every row stand beside its name
        assert sorted(words.base for words in targets) == pytest.approx(sorted([*rows, *rows]), abs=0.1)
    assert len(tables) == {1: 1, 27: 2, 213: 8}[count]


def test_a_group_heading_never_ends_a_page() -> None:
    """Whatever the number of rows before it, the heading of the next group stays with its first row."""
    for before in range(19, 24):
        groups = [("Nhóm thứ nhất", communes(before)), ("Nhóm thứ hai", [row("Đơn vị cuối", [8000, 5000])])]
        for page in pages(render_decision(decision(annex=annex(groups)))):
            if page.has("Nhóm thứ hai"):
                assert page.has("Đơn vị cuối"), before


def test_the_signatures_never_stand_alone_on_a_page() -> None:
    """Whatever the length of the text, the foot has some of it above."""
    articles = decision()["articles"]
    assert isinstance(articles, list)
    for lines in range(3, 24, 4):
        text = "\n".join(f"Nội dung thứ {n}." for n in range(lines))
        long = decision(articles=[{"text": text, "clauses": []}, *articles[1:]])
        foot = next(page for page in pages(render_decision(long)) if page.has("Nơi nhận:"))
        assert "thi hành Quyết định này./." in joined(foot), lines
        assert "(Mẫu) Lãnh đạo ký" in joined(foot), lines


def test_a_long_list_of_recipients_runs_on_and_leaves_the_signer_with_the_text() -> None:
    recipients = [f"Ủy ban nhân dân xã, thị trấn số {n} trên địa bàn huyện" for n in range(1, 71)]
    laid_out = pages(render_decision(decision(recipients=["Như Điều 3", *recipients])))
    foot = next(page for page in laid_out if page.has("Nơi nhận:"))
    assert "thi hành Quyết định này./." in joined(foot)
    assert foot.has("(Mẫu) Lãnh đạo ký")
    text = " ".join(joined(page) for page in laid_out)
    places = [text.index(f"thị trấn số {n} trên") for n in range(1, 71)]
    assert places == sorted(places)
    assert places[-1] < text.index("- Lưu: VT.")


def test_long_names_and_subjects_stay_within_the_page() -> None:
    long = "Ban Quản lý Khu kinh tế cửa khẩu và các khu công nghiệp, cụm công nghiệp trên địa bàn toàn tỉnh " * 3
    issuer = {"superior": ["ỦY BAN NHÂN DÂN TỈNH LẠNG SƠN"], "body": [long.upper()[:110]], "name": "Ban"}
    snapshot = decision(
        issuer=issuer, subject=long * 2, authority=long, annex=annex([(long, [row(long, [8000, None], long)] * 3)])
    )
    for page in pages(render_decision(snapshot)):
        for words in between_margins(page):
            assert words.left >= 30
            assert words.right <= 210 - 15
            assert words.base <= 297 - 20


def test_the_reasons_are_never_a_page_of_their_own() -> None:
    for count in range(20, 25):
        rows = [*communes(count), row("Đơn vị cuối", [8000, None], NO_SERVICES)]
        page = pages(render_decision(decision(annex=annex([("Các xã", rows)]))))[-1]
        assert page.has("Lý do không giao:")
        assert page.has("Đơn vị cuối"), count


def test_many_indicators_turn_the_annex_to_landscape() -> None:
    wide = annex([("Các xã", [row(f"Xã số {n}", [8000 + n] * 6) for n in range(40)])], indicators=6)
    laid_out = pages(render_decision(decision(annex=wide)))
    tables = [page for page in laid_out if page.has("STT")]
    assert len(tables) >= 2
    assert [page.width > page.height for page in laid_out] == [page in tables for page in laid_out]
    assert "2" in {words.text for words in tables[1].words if words.base < PAGE_TOP}


def test_quantities_are_printed_as_counts() -> None:
    figures = annex([("Các xã", [row("Xã số 1", [1234, 8000])])])
    indicators = figures["indicators"]
    assert isinstance(indicators, list)
    indicators[0] = {"code": "services0", "name": RATES[0][1], "kind": "quantity"}
    text = joined(pages(render_decision(decision(annex=figures)))[-1])
    assert "Xã số 1 1.234 80%" in text
