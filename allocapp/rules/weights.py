"""Weights of receivers against the weight of the unit they stand under.

Source: design, section 3 "Weights". Only for sums: service sets of several units overlap, so their sizes add up to
more than the whole without anything being wrong.
"""

from __future__ import annotations

from collections.abc import Iterable


def weight_gap(own: int, children: Iterable[int]) -> int:
    """By how much the children's weights together exceed their unit's own; negative where they fall short, 0 in order.

    Weights are counts (dossiers) of one indicator rolled up by sums.
    """
    return sum(children) - own
