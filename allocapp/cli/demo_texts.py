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
    "authority": "CHỦ TỊCH ỦY BAN NHÂN DÂN TỈNH",
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
    "proposal": "Theo đề nghị của Giám đốc Sở Thông tin và Truyền thông",
    "articles": [
        _ASSIGNED,
        {
            "text": "Tổ chức thực hiện",
            "clauses": [
                {
                    "text": "Các sở, ban, ngành và {receiver_bodies}",
                    "points": [
                        "Có giải pháp của cơ quan, địa phương mình để thực hiện đủ từng chỉ tiêu tại Phụ lục; giúp "
                        "người dân, doanh nghiệp nộp hồ sơ trực tuyến được thuận tiện",
                        "{receiver_bodies} lập phương án giao tiếp chỉ tiêu đến Bộ phận Một cửa cấp huyện và từng Ủy "
                        "ban nhân dân cấp xã, sao cho tỷ lệ chung của địa phương không thấp hơn chỉ tiêu đã nhận",
                    ],
                },
                {
                    "text": (
                        "Sở Thông tin và Truyền thông hướng dẫn cách xác định tỷ lệ, hằng tháng đối chiếu kết quả với "
                        "chỉ tiêu và nêu những nơi cần hỗ trợ trong báo cáo gửi Ủy ban nhân dân tỉnh"
                    ),
                    "points": [],
                },
            ],
        },
        {
            "text": (
                "Quyết định có hiệu lực từ ngày ký. Người đứng đầu các cơ quan, địa phương được giao chỉ tiêu và Giám "
                "đốc Sở Thông tin và Truyền thông thực hiện Quyết định này"
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
                        "Bộ phận Một cửa cấp huyện và {receiver_bodies} hướng dẫn từng lượt người đến làm thủ tục cách "
                        "nộp hồ sơ trực tuyến; chịu trách nhiệm về việc đạt các chỉ tiêu tại Phụ lục"
                    ),
                    "points": [],
                },
                {
                    "text": (
                        "Phòng Văn hóa và Thông tin hằng tháng đối chiếu kết quả của từng đơn vị với chỉ tiêu và báo "
                        "cáo {body}"
                    ),
                    "points": [],
                },
            ],
        },
        {
            "text": (
                "Quyết định có hiệu lực từ ngày ký. Trưởng phòng Văn hóa và Thông tin, người đứng đầu Bộ phận Một cửa "
                "cấp huyện và Chủ tịch {receiver_bodies} thực hiện Quyết định này"
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
