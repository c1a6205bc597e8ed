"""The annex's second table: the milestones on the way to each target, only where a decision has some."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import pytest

from allocapp.documents.decision import render_decision
from allocapp.documents.roads import Roads, lay_roads
from allocapp.errors import InvalidSnapshot
from tests.documents.measure import Page, joined, pages
from tests.documents.snapshots import annex, communes, decision, row

QUARTERS = ("2022-03-31", "2022-06-30", "2022-09-30")
Steps = list[list[object]]


def on_the_way(steps: Sequence[int], days: Sequence[str] = QUARTERS) -> Steps:
    return [[day, value] for day, value in zip(days, steps, strict=True)]


def walking(count: int, days: Sequence[str] = QUARTERS) -> list[dict[str, object]]:
    """Communes with milestones for the first of two indicators, those of even number for the second as well."""
    rows = communes(count)
    for number, each in enumerate(rows, start=1):
        values = [2000 + number * 10 + 1000 * place for place in range(len(days))]
        each["milestones"] = [on_the_way(values, days), on_the_way([1000], days[:1]) if number % 2 == 0 else []]
    return rows


def printed(rows: list[dict[str, object]], **changes: object) -> list[Page]:
    return pages(render_decision(decision(annex=annex([("Các xã", rows)]), **changes)))


def test_it_follows_the_targets_by_indicator_and_receiver() -> None:
    text = " ".join(joined(page) for page in printed([*walking(3), row("Xã không có lộ trình", [8000, 6000])]))
    second = text[text.index("Lộ trình thực hiện") :]
    assert text.index("Kèm theo Quyết định") < text.index("Xã không có lộ trình 80% 60%")
    assert "Xã không có lộ trình" not in second
    assert "STT Cơ quan, đơn vị Đến 31/3/2022 Đến 30/6/2022 Đến 30/9/2022 Chỉ tiêu được giao" in second
    assert "I Tỷ lệ dịch vụ công trực tuyến phát sinh hồ sơ trực tuyến 1 Ủy ban nhân dân xã số 1 20,1% 30,1%" in second
    assert "40,2% 79,7%" in second
    # a group has its own numbers, and a day without a milestone says so
    assert "II Tỷ lệ hồ sơ xử lý trực tuyến 1 Ủy ban nhân dân xã số 2 10% – – 60,19%" in second


def test_quantities_are_counts_there_too() -> None:
    figures = annex([("Các xã", [row("Xã số 1", [1234, 8000]) | {"milestones": [on_the_way([1000] * 3), []]}])])
    indicators = figures["indicators"]
    assert isinstance(indicators, list)
    indicators[0]["kind"] = "quantity"
    text = " ".join(joined(page) for page in pages(render_decision(decision(annex=figures))))
    assert "Xã số 1 1.000 1.000 1.000 1.234" in text


@pytest.mark.parametrize("count", [1, 9, 27, 80])
def test_it_breaks_between_rows_and_repeats_its_head(count: int) -> None:
    laid_out = printed(walking(count))
    tables = [page for page in laid_out if page.has("31/3/2022")]
    title = next(page for page in laid_out if page.has("Lộ trình thực hiện"))
    assert title is tables[0]
    for page in tables:
        head = page.find("31/3/2022")
        assert (head.size, head.font) == (13, "-Bold")
        names = [words for words in page.words if "xã số" in words.text and words.base > head.base]
        assert names, "a head without rows"
        for words in (words for words in page.words if words.size == 13):
            assert 30 <= words.left < words.right <= 210 - 15
            assert words.base <= 297 - 20
        # a day is never broken, and nothing runs into the next column
        assert page.has("30/6/2022")
    assert title.find("Lộ trình thực hiện").font == "-Bold"


def test_a_group_heading_never_ends_a_page() -> None:
    for count in range(8, 16):
        for page in printed(walking(count)):
            lines = sorted((words.base, words.text) for words in page.words if words.size == 13)
            if lines:
                assert not lines[-1][1].startswith("Tỷ lệ"), count


def test_more_days_than_a_portrait_page_takes_turn_the_annex() -> None:
    days = (*QUARTERS, "2022-12-31")
    laid_out = printed(walking(6, days))
    assert [page.width > page.height for page in laid_out] == [page.has("STT") for page in laid_out]
    turned = [page for page in laid_out if page.has("31/12/2022")]
    assert turned
    for page in turned:
        assert max(words.right for words in page.words) <= 297 - 15


def test_without_milestones_not_a_byte_is_different(rendered: bytes) -> None:
    empty = decision()
    figures = empty["annex"]
    assert isinstance(figures, dict)
    for group in figures["groups"]:
        for each in group["rows"]:
            each["milestones"] = [[], []]
    assert render_decision(empty) == rendered


def test_the_same_milestones_give_the_same_bytes() -> None:
    twice = [render_decision(decision(annex=annex([("Các xã", walking(5))]))) for _ in range(2)]
    assert twice[0] == twice[1]


@pytest.mark.parametrize(
    ("milestones", "path"),
    [
        ("soon", "milestones"),
        ([[]], "milestones"),
        (["soon", []], "milestones[0]"),
        ([[["31/3/2022", 2000]], []], "milestones[0][0]"),
        ([[["2022-03-31", -1]], []], "milestones[0][0]"),
        ([[["2022-03-31"]], []], "milestones[0][0]"),
        ([[["2022-06-30", 1], ["2022-03-31", 2]], []], "milestones[0]"),
        ([[], [["2022-03-31", 1], ["2022-03-31", 2]]], "milestones[1]"),
    ],
)
def test_milestones_that_cannot_be_printed_say_where(milestones: object, path: str) -> None:
    wrong = decision(annex=annex([("Các xã", [row("Xã số 1", [8000, 6000]) | {"milestones": milestones}])]))
    with pytest.raises(InvalidSnapshot) as raised:
        render_decision(wrong)
    assert raised.value.path == f"annex.groups[0].rows[0].{path}"


def test_nobody_on_the_way_is_no_table() -> None:
    assert lay_roads([("Xã", [8000], [()]), ("Xã khác", [8000], ())]) is None
    march = date(2022, 3, 31)
    roads = lay_roads([("Xã", [8000, None], [(), ()]), ("Xã khác", [8000, 10], [(), ((march, 5),)])])
    assert isinstance(roads, Roads)
    assert [(group.position, [each.name for each in group.rows]) for group in roads.groups] == [(1, ["Xã khác"])]
