"""The lines above a signature, where somebody signs for the head.

Source: Decree 30/2020/NĐ-CP, Appendix I, section II, item 7: "KT.", "TL." or "TUQ." before the head's title, the
signer's own title below; "TM." before a collective's name, which a deputy speaks for, but nobody by order or by
authorisation (Article 13).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

FOR_COLLECTIVE: Final = "TM."
DEPUTY: Final = "KT."
_CAPACITIES: Final = (DEPUTY, "TL.", "TUQ.", "Q.")


def delegated_lines(lines: Sequence[str], capacity: str, title: str) -> list[str]:
    """The block's lines for who signs in ``capacity`` with ``title`` below, made of those for the usual signer.

    The usual signer may be a deputy already ("KT. CHỦ TỊCH", "PHÓ CHỦ TỊCH"): the head is who stands first.
    """
    collective = [line for line in lines if line.startswith(FOR_COLLECTIVE)]
    head = next((line for line in lines if not line.startswith(FOR_COLLECTIVE)), "")
    for written in _CAPACITIES:
        head = head.removeprefix(written).strip()
    return [*(collective if capacity == DEPUTY else ()), f"{capacity} {head}".strip(), title.upper()]
