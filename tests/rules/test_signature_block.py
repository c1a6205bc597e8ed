"""Who signs for the head: the lines of Decree 30, written out by hand."""

from __future__ import annotations

import pytest

from allocapp.rules.signature_block import delegated_lines

TM = "TM. ỦY BAN NHÂN DÂN"
HEAD, DEPUTY = [TM, "CHỦ TỊCH"], [TM, "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"]


@pytest.mark.parametrize(
    ("lines", "capacity", "title", "expected"),
    [
        (HEAD, "KT.", "Phó Chủ tịch", [TM, "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"]),
        (DEPUTY, "KT.", "Phó Chủ tịch", [TM, "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"]),
        (HEAD, "TL.", "Chánh Văn phòng", ["TL. CHỦ TỊCH", "CHÁNH VĂN PHÒNG"]),
        (DEPUTY, "TUQ.", "Giám đốc Sở", ["TUQ. CHỦ TỊCH", "GIÁM ĐỐC SỞ"]),
        (["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"], "TUQ.", "Giám đốc Sở", ["TUQ. CHỦ TỊCH", "GIÁM ĐỐC SỞ"]),
        (["GIÁM ĐỐC"], "KT.", "Phó Giám đốc", ["KT. GIÁM ĐỐC", "PHÓ GIÁM ĐỐC"]),
    ],
)
def test_lines(lines: list[str], capacity: str, title: str, expected: list[str]) -> None:
    assert delegated_lines(lines, capacity, title) == expected
