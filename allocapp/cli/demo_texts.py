"""The words of the demonstration's decisions, in our own sentences; ``{…}`` are filled in by services/snapshot.py.

Legal acts, their numbers and dates, and what the two rates mean: Decision 1045/QĐ-UBND of 21/06/2022 (Lạng Sơn). No
official's name stands anywhere.
"""

from __future__ import annotations

from typing import Final

SIGNER: Final = "(Mẫu) Lãnh đạo ký"

_GOVERNMENT_LAWS: Final = (
    "Căn cứ Luật Tổ chức chính quyền địa phương ngày 19/6/2015; Luật Sửa đổi, bổ sung một số điều của Luật Tổ chức "
    "Chính phủ và Luật Tổ chức chính quyền địa phương ngày 22/11/2019"
)
_SUBJECT: Final = "Giao chỉ tiêu {indicators} cho {receivers} trên địa bàn {unit} {period}"
_ASSIGNED: Final = {
    "text": (
        "Giao chỉ tiêu {indicators} {period} cho {receivers} trên địa bàn {unit} theo Phụ lục kèm theo Quyết định này; "
        "cách xác định các tỷ lệ như sau"
    ),
    "clauses": [
        {
            "text": (
                "Tỷ lệ dịch vụ công trực tuyến phát sinh hồ sơ trực tuyến: số dịch vụ mức độ 3, mức độ 4 có ít nhất "
                "một hồ sơ nộp trực tuyến trên số dịch vụ mức độ 3, mức độ 4 có hồ sơ, không phân biệt hình thức nộp; "
                "mỗi dịch vụ chỉ tính một lần trong phạm vi của đơn vị được giao"
            ),
            "points": [],
        },
        {
            "text": (
                "Tỷ lệ hồ sơ xử lý trực tuyến: số hồ sơ tiếp nhận và giải quyết trực tuyến trên tổng số hồ sơ tiếp "
                "nhận và giải quyết của các dịch vụ mức độ 3, mức độ 4"
            ),
            "points": [],
        },
    ],
}

PROVINCE: Final[dict[str, object]] = {
    "subject": _SUBJECT,
    "authority": "CHỦ TỊCH ỦY BAN NHÂN DÂN {UNIT}",
    "bases": [
        _GOVERNMENT_LAWS,
        "Căn cứ Quyết định số 27/QĐ-UBQGCĐS ngày 15/3/2022 của Ủy ban Quốc gia về chuyển đổi số về Kế hoạch hoạt động "
        "năm 2022",
        "Căn cứ Nghị quyết số 49-NQ/TU ngày 28/9/2021 của Ban Thường vụ Tỉnh ủy về chuyển đổi số tỉnh Lạng Sơn đến năm "
        "2025, định hướng đến năm 2030",
        "Căn cứ Quyết định số 914/QĐ-UBND ngày 29/5/2022 của Ủy ban nhân dân tỉnh về Danh mục dịch vụ công trực tuyến "
        "mức độ 3, mức độ 4 năm 2022",
        "Căn cứ Kế hoạch số 92/KH-UBND ngày 25/4/2022 của Ủy ban nhân dân tỉnh về chuyển đổi số tỉnh Lạng Sơn năm 2022",
    ],
    "proposal": (
        "Theo đề nghị của Giám đốc Sở Thông tin và Truyền thông tại Tờ trình số 1145/TTr-STTTT ngày 06/6/2022"
    ),
    "articles": [
        _ASSIGNED,
        {
            "text": "Tổ chức thực hiện",
            "clauses": [
                {
                    "text": "Các sở, ban, ngành và {receiver_bodies}",
                    "points": [
                        "Chủ động triển khai các giải pháp để đạt chỉ tiêu được giao, nâng cao chất lượng phục vụ "
                        "người dân, doanh nghiệp",
                        "{receiver_bodies} giao chỉ tiêu cụ thể cho Ủy ban nhân dân cấp xã và Bộ phận Một cửa cấp "
                        "huyện, bảo đảm hoàn thành chỉ tiêu chung được giao",
                    ],
                },
                {
                    "text": (
                        "Sở Thông tin và Truyền thông chủ trì, phối hợp với Văn phòng Ủy ban nhân dân tỉnh hướng dẫn, "
                        "theo dõi, đôn đốc; tổng hợp kết quả và khó khăn, vướng mắc, báo cáo Chủ tịch Ủy ban nhân dân "
                        "tỉnh"
                    ),
                    "points": [],
                },
            ],
        },
        {
            "text": (
                "Chánh Văn phòng Ủy ban nhân dân tỉnh, Giám đốc các sở, Thủ trưởng các ban, ngành, Chủ tịch "
                "{receiver_bodies}, Chủ tịch Ủy ban nhân dân cấp xã và các tổ chức, cá nhân có liên quan chịu trách "
                "nhiệm thi hành Quyết định này"
            ),
            "clauses": [],
        },
    ],
    "recipients": [
        "Như Điều 3",
        "Bộ Thông tin và Truyền thông",
        "Thường trực Hội đồng nhân dân tỉnh",
        "Chủ tịch, các Phó Chủ tịch Ủy ban nhân dân tỉnh",
    ],
    "archive": "Lưu: VT",
    "signer_lines": ["KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"],
    "signer_name": SIGNER,
    "annex_title": "Chỉ tiêu {indicators} {period}",
}

DISTRICT: Final[dict[str, object]] = {
    "subject": _SUBJECT,
    "authority": "CHỦ TỊCH ỦY BAN NHÂN DÂN {UNIT}",
    "bases": [
        _GOVERNMENT_LAWS,
        "Căn cứ {superior_decision} {superior_subject}",
    ],
    "proposal": "Theo đề nghị của Trưởng phòng Văn hóa và Thông tin {unit}",
    "articles": [
        _ASSIGNED,
        {
            "text": "Tổ chức thực hiện",
            "clauses": [
                {
                    "text": (
                        "Bộ phận Một cửa cấp huyện và {receiver_bodies} tuyên truyền, hướng dẫn, hỗ trợ người dân, "
                        "doanh nghiệp nộp hồ sơ trực tuyến; chịu trách nhiệm về kết quả thực hiện chỉ tiêu được giao"
                    ),
                    "points": [],
                },
                {
                    "text": (
                        "Phòng Văn hóa và Thông tin chủ trì, phối hợp với Văn phòng Hội đồng nhân dân và Ủy ban nhân "
                        "dân {unit} theo dõi, đôn đốc, tổng hợp kết quả, báo cáo Chủ tịch {body}"
                    ),
                    "points": [],
                },
            ],
        },
        {
            "text": (
                "Chánh Văn phòng Hội đồng nhân dân và Ủy ban nhân dân {unit}, Trưởng phòng Văn hóa và Thông tin, Chủ "
                "tịch {receiver_bodies} và các tổ chức, cá nhân có liên quan chịu trách nhiệm "
                "thi hành Quyết định này"
            ),
            "clauses": [],
        },
    ],
    "recipients": [
        "Như Điều 3",
        "Ủy ban nhân dân tỉnh (để báo cáo)",
        "Sở Thông tin và Truyền thông",
        "Thường trực Hội đồng nhân dân {unit}",
    ],
    "archive": "Lưu: VT",
    "signer_lines": ["CHỦ TỊCH"],
    "signer_name": SIGNER,
    "annex_title": "Chỉ tiêu {indicators} {period} trên địa bàn {unit}",
}

TEXTS: Final = {"province": PROVINCE, "city": DISTRICT, "district": DISTRICT}
