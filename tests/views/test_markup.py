"""The reader that looks at every page finds what it is there to find."""

from __future__ import annotations

import pytest

from tests.views.catalogue import english_in
from tests.views.markup import Page

SOUND = (
    '<!doctype html><html lang="vi"><head><title>Việc – allocapp</title><meta name="viewport" content="x"></head>'
    '<body><header></header><main><h1>Việc của tôi</h1><form method="post" action="/x">'
    '<input type="hidden" name="csrf_token" value="t"><label for="a">Tên</label><input id="a" name="a" value="1">'
    '<textarea name="b" aria-label="Lý do">\n\nhai\n</textarea><button formaction="/y">Gửi</button></form></main>'
    "<footer></footer></body></html>"
)


def test_a_sound_page_has_no_faults() -> None:
    page = Page(SOUND)
    assert page.all_faults("vi") == []
    assert page.form("/x").fields == {"csrf_token": "t", "a": "1", "b": "\nhai\n"}
    assert page.can_send("/y")
    assert not page.can_send("/z")
    assert page.heading == "Việc của tôi"


@pytest.mark.parametrize(
    ("sound", "broken"),
    [
        ("<!doctype html>", ""),
        ('lang="vi"', 'lang="en"'),
        ('lang="vi"', ""),
        ("Việc – allocapp", " – allocapp"),
        ("<h1>Việc của tôi</h1>", "<h1></h1>"),
        ("<h1>Việc của tôi</h1>", "<h2>Việc của tôi</h2>"),
        ("</h1>", "</h1><h1>Hai</h1>"),
        ("<main>", '<main style="color:red">'),
        ("<main>", '<main onclick="x()">'),
        ("</main>", "<script>x()</script></main>"),
        ("</main>", "<style>p {}</style></main>"),
        ("</main>", '<script src="https://elsewhere.example/x.js"></script></main>'),
        ("</main>", '<p id="a"></p></main>'),
        ("</main>", '<p id=""></p></main>'),
        ("</main>", '<a href="#nowhere">Đi</a></main>'),
        ("</main>", '<a href="/x"></a></main>'),
        ("</main>", "<p>Còn %(number)s ô</p></main>"),
        ("</main>", "<p>None</p></main>"),
        ("</main>", "<p>Dòng</main>"),
        ("</main>", "</div></main>"),
        ("<main>", '<main class="a" class="b">'),
        ('<label for="a">Tên</label>', ""),
        ('<label for="a">Tên</label>', '<label for="a"></label>'),
        (' aria-label="Lý do"', ""),
        ('name="csrf_token"', 'name="other"'),
        ('method="post"', 'method="get"'),
        ("<button ", "<button hidden></button><button "),
        ("<footer></footer>", ""),
        ('<meta name="viewport" content="x">', ""),
    ],
)
def test_each_fault_is_found(sound: str, broken: str) -> None:
    assert sound in SOUND
    assert Page(SOUND.replace(sound, broken)).all_faults("vi")


def test_english_on_a_vietnamese_page_is_found() -> None:
    texts = ["Đăng xuất", "Sign out", "Lỗi: Somebody else acted in the meantime", "Huyện A"]
    assert english_in(texts) == texts[1:3]
