"""Snapshots to print: a province's decision, a district's, and annexes of any length. No one real signs them."""

from __future__ import annotations

from collections.abc import Sequence

RATES = (
    ("services", "Tỷ lệ dịch vụ công trực tuyến phát sinh hồ sơ trực tuyến"),
    ("dossiers", "Tỷ lệ hồ sơ xử lý trực tuyến"),
)
NO_SERVICES = "Không có thủ tục hành chính thuộc danh mục dịch vụ công trực tuyến"


def row(name: str, targets: Sequence[int | None], reason: str | None = None) -> dict[str, object]:
    """One receiver; `reason` goes with every target that is None."""
    return {
        "code": name,
        "name": name,
        "targets": list(targets),
        "reasons": [reason if target is None else None for target in targets],
    }


def annex(groups: Sequence[tuple[str, list[dict[str, object]]]], indicators: int = 2) -> dict[str, object]:
    named = [RATES[n % 2] for n in range(indicators)]
    return {
        "title": "Chỉ tiêu tỷ lệ hồ sơ trực tuyến năm 2022",
        "indicators": [{"code": f"{code}{n}", "name": name, "kind": "rate"} for n, (code, name) in enumerate(named)],
        "groups": [{"name": name, "rows": rows} for name, rows in groups],
    }


def communes(count: int) -> list[dict[str, object]]:
    return [row(f"Ủy ban nhân dân xã số {n}", [7950 + n * 10 % 900, 6005 + n * 7 % 900]) for n in range(1, count + 1)]


def decision(**changes: object) -> dict[str, object]:
    """A district's decision to its office and 27 communes, format 1, with what is changed in it."""
    snapshot: dict[str, object] = {
        "format": 1,
        "sample": True,
        "number": 5,
        "symbol": "QĐ-UBND",
        "date": "2022-06-05",
        "place": "Lạng Sơn",
        "issuer": {
            "superior": [],
            "body": ["ỦY BAN NHÂN DÂN", "HUYỆN BẮC SƠN"],
            "name": "Ủy ban nhân dân huyện Bắc Sơn",
        },
        "subject": "Giao chỉ tiêu tỷ lệ hồ sơ xử lý trực tuyến năm 2022 cho Ủy ban nhân dân các xã, thị trấn",
        "authority": "Ủy ban nhân dân huyện Bắc Sơn",
        "bases": [
            "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19 tháng 6 năm 2015;",
            "Căn cứ Nghị định số 61/2018/NĐ-CP ngày 23 tháng 4 năm 2018 của Chính phủ về thực hiện cơ chế một cửa",
        ],
        "proposal": "Theo đề nghị của Chánh Văn phòng tại Tờ trình số 11/TTr-VP ngày 01 tháng 6 năm 2022",
        "articles": [
            {"text": "Giao chỉ tiêu cho các đơn vị, cụ thể như sau:\n(Có Phụ lục chi tiết kèm theo)", "clauses": []},
            {
                "text": "Tổ chức thực hiện",
                "clauses": [
                    {
                        "text": "Các đơn vị được giao chỉ tiêu",
                        "points": [f"Thực hiện việc thứ {n}" for n in range(1, 7)],
                    },
                    {"text": "Văn phòng đôn đốc việc thực hiện", "points": []},
                ],
            },
            {"text": "Các đơn vị có tên tại Điều 1 chịu trách nhiệm thi hành Quyết định này.", "clauses": []},
        ],
        "recipients": ["Như Điều 3", "Ủy ban nhân dân tỉnh", "Thường trực Huyện ủy"],
        "archive": "Lưu: VT",
        "signer": {"lines": ["TM. ỦY BAN NHÂN DÂN", "KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"], "name": "(Mẫu) Lãnh đạo ký"},
        "annex": annex(
            [
                ("Bộ phận Một cửa cấp huyện", [row("Bộ phận Tiếp nhận và Trả kết quả", [8000, None], NO_SERVICES)]),
                ("Ủy ban nhân dân các xã, thị trấn", communes(27)),
            ]
        ),
    }
    return {**snapshot, **changes}
