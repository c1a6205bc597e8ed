"""The serif face that documents are set in: Times New Roman's metrics, complete in Vietnamese.

Decree 30/2020/ND-CP asks for Times New Roman with the Unicode character set of TCVN 6909:2001; a face of equal metrics
serves. Debian's older Liberation Serif (1.07) has the same name but no accented Vietnamese letters, so a face is taken
by what is in it and never by its name.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont, TTLibError

from allocapp.errors import FontMissing

STYLES: Final = ("regular", "bold", "italic", "bold_italic")

# Debian and Ubuntu: where the first is 1.x, the second is complete.
PACKAGES: Final = ("fonts-liberation2", "fonts-croscore")

_FILE_STYLES: Final = {"regular": "Regular", "bold": "Bold", "italic": "Italic", "bold_italic": "BoldItalic"}
_FACES: Final = ("LiberationSerif", "Tinos")

_VIETNAMESE: Final = "aàảãáạăằẳẵắặâầẩẫấậbcdđeèẻẽéẹêềểễếệfghiìỉĩíịjklmnoòỏõóọôồổỗốộơờởỡớợpqrstuùủũúụưừửữứựvwxyỳỷỹýỵz"
_NEEDED: Final = frozenset(
    ord(letter) for letter in _VIETNAMESE + _VIETNAMESE.upper() + "0123456789 .,;:/()%-–…“”‘’\u00a0&+°"
)


def find_serif_fonts() -> dict[str, Path]:
    """Files of the face to use, by style: regular, bold, italic, bold_italic.

    Raises:
        FontMissing: no face is installed whose four styles hold every Vietnamese letter.
    """
    return dict(_find(tuple(_font_folders())))


def is_complete(path: Path) -> bool:
    """Whether the font file can be read and holds every letter and mark a Vietnamese document needs."""
    try:
        # opened here: for a file that is no font, TTFont would leave it open
        with path.open("rb") as file, TTFont(file, lazy=True) as font:
            letters = font.getBestCmap()
    except (OSError, TTLibError, AssertionError):
        return False
    return letters is not None and _NEEDED.issubset(letters)


@lru_cache(maxsize=4)
def _find(folders: tuple[Path, ...]) -> dict[str, Path]:
    for face in _FACES:
        for regular in _files_named(folders, f"{face}-Regular.ttf"):
            files = {style: regular.with_name(f"{face}-{_FILE_STYLES[style]}.ttf") for style in STYLES}
            if all(is_complete(path) for path in files.values()):
                return files
    raise FontMissing(PACKAGES)


def _files_named(folders: tuple[Path, ...], name: str) -> Iterator[Path]:
    """Every such file below the folders; sorted, so that two processes choose the same one."""
    for folder in folders:
        yield from sorted(folder.rglob(name))


def _font_folders() -> Iterator[Path]:
    """Where distributions and people keep fonts, system folders first."""
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    # not Path.home(): it raises for an account without a home, as containers have
    home = Path(os.path.expanduser("~"))
    personal = os.environ.get("XDG_DATA_HOME") or str(home / ".local" / "share")
    candidates = [Path(folder) / "fonts" for folder in (*shared.split(":"), personal) if folder]
    candidates.append(home / ".fonts")
    yield from (folder for folder in dict.fromkeys(candidates) if folder.is_dir())
