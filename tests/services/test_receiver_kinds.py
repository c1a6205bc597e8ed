"""Receivers are named together after the kinds that are really there."""

from __future__ import annotations

import pytest

from allocapp.models.unit import UnitKind
from allocapp.services.receiver_kinds import join_names, kinds_of


@pytest.mark.parametrize(
    ("names", "joined"),
    [
        ([], ""),
        (["", ""], ""),
        (["các sở, ban, ngành"], "các sở, ban, ngành"),
        (["các xã", "các thị trấn"], "các xã, thị trấn"),
        (["các phường", "các xã", "các phường", ""], "các phường, xã"),
        (["thị trấn", "thị xã"], "thị trấn, xã"),
        (["các xã", "các xã vùng cao"], "các xã, xã vùng cao"),
        (["các xã", "Bộ phận Một cửa"], "các xã, Bộ phận Một cửa"),
    ],
)
def test_the_same_beginning_is_said_once(names: list[str], joined: str) -> None:
    assert join_names(names) == joined


def test_the_kind_with_the_most_receivers_comes_first() -> None:
    commune = UnitKind(code="commune", plural="các xã", group_name="Các xã", group_name_en="Communes", body="UBND")
    ward = UnitKind(code="ward", plural="các phường", group_name="Các phường", group_name_en="Communes", body="")
    assert kinds_of([ward, commune, commune]).plural == "các xã, phường"
    found = kinds_of([ward, commune])
    assert (found.plural, found.group_name, found.group_name_en) == ("các phường, xã", "Các phường, xã", "Communes")
    assert (found.have_bodies, kinds_of([commune]).have_bodies) == (False, True)
