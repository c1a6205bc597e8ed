"""The units of the demonstration: Lạng Sơn in 2022, from the lists in ``samples``."""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from allocapp.db import db
from allocapp.models.unit import Unit, UnitKind
from allocapp.services.unit import add_unit

SAMPLES = Path(__file__).parent / "samples"

PROVINCE = "20"
# The list of 200 communes holds since the mergers of communes that took effect on this day. The sources do not say
# since when each unit has existed, and for a campaign of 2022 any day before it serves.
VALID_FROM = date(2020, 1, 1)
DECIDES = "QĐ-UBND"
COMMITTEE = "Ủy ban nhân dân"


def _together(name: str) -> dict[str, str]:
    """What the annex calls such units above their rows, and what running text calls them."""
    return {"group_name": name, "plural": name}


_COMMUNES = {
    "group_name_en": "Commune-level people's committees",
    "position": 50,
    "body": COMMITTEE,
}
_DISTRICTS = {
    "group_name_en": "District-level people's committees",
    "position": 30,
    "body": COMMITTEE,
}
# Kinds that share a group of the annex share its position too: within it the units keep their own official order.
KINDS: tuple[dict[str, object], ...] = (
    {
        "code": "province",
        "name": "Tỉnh",
        "name_en": "Province",
        "group_name": "Ủy ban nhân dân các tỉnh",
        "group_name_en": "Provincial people's committees",
        "position": 10,
        "whole": "toàn tỉnh",
        "whole_en": "the whole province",
        "plural": "các tỉnh",
        "body": COMMITTEE,
    },
    {
        "code": "department",
        "name": "Sở, ban, ngành",
        "name_en": "Department",
        "group_name": "Các sở, ban, ngành",
        "group_name_en": "Provincial departments",
        "position": 20,
        "plural": "các sở, ban, ngành",
    },
    {
        "code": "city",
        "name": "Thành phố",
        "name_en": "City",
        **_together("Ủy ban nhân dân các thành phố"),
        "whole": "toàn thành phố",
        "whole_en": "the whole city",
        **_DISTRICTS,
    },
    {
        "code": "district",
        "name": "Huyện",
        "name_en": "District",
        **_together("Ủy ban nhân dân các huyện"),
        "whole": "toàn huyện",
        "whole_en": "the whole district",
        **_DISTRICTS,
    },
    {
        "code": "office",
        "name": "Bộ phận Một cửa cấp huyện",
        "name_en": "District one-stop office",
        "group_name": "Bộ phận Một cửa cấp huyện",
        "group_name_en": "District one-stop office",
        "position": 40,
        "plural": "Bộ phận Một cửa cấp huyện",
    },
    {"code": "ward", "name": "Phường", "name_en": "Ward", **_together("Ủy ban nhân dân các phường"), **_COMMUNES},
    {
        "code": "township",
        "name": "Thị trấn",
        "name_en": "Township",
        **_together("Ủy ban nhân dân các thị trấn"),
        **_COMMUNES,
    },
    {"code": "commune", "name": "Xã", "name_en": "Commune", **_together("Ủy ban nhân dân các xã"), **_COMMUNES},
)
_HAS_OFFICE = frozenset({"district", "city"})


def read_sample(name: str) -> Iterator[dict[str, str]]:
    """The lines of one of the lists, by column name, in NFC."""
    with (SAMPLES / name).open(encoding="utf-8", newline="") as file:
        for line in csv.DictReader(file):
            yield {column: unicodedata.normalize("NFC", text).strip() for column, text in line.items()}


def add_sample_units() -> dict[str, Unit]:
    """Add the kinds and the units: province, departments, districts with their offices, communes. By code."""
    db.session.add_all(UnitKind(**kind) for kind in KINDS)
    units: dict[str, Unit] = {}
    positions: dict[str, int] = {}
    for line in read_sample("units_2022.csv"):
        above = line["parent_code"]
        positions[above] = positions.get(above, 0) + 1
        unit = _add(line["code"], line["name"], line["kind"], units.get(above), positions[above])
        units[unit.code] = unit
        if unit.code == PROVINCE:
            units |= _departments(unit)
        if unit.kind_code in _HAS_OFFICE:
            office = _office(unit)
            units[office.code] = office
    return units


def _departments(province: Unit) -> dict[str, Unit]:
    """The departments in the order of their list."""
    lines = enumerate(read_sample("departments_2022.csv"), start=1)
    return {
        line["abbr_guess"]: _add(line["abbr_guess"], line["name"], "department", province, position)
        for position, line in lines
    }


def _office(district: Unit) -> Unit:
    """The district's own one-stop office: a leaf and a receiver like any other."""
    name = f"Bộ phận Một cửa {district.name[:1].lower()}{district.name[1:]}"
    return _add(f"{district.code}-MC", name, "office", district, 1)


def _add(code: str, name: str, kind_code: str, parent: Unit | None, position: int) -> Unit:
    allocates = kind_code in _HAS_OFFICE or kind_code == "province"
    return add_unit(
        code=code,
        name=name,
        kind_code=kind_code,
        parent=parent,
        position=position,
        valid_from=VALID_FROM,
        may_allocate=allocates,
        place=_place(name) if allocates else "",
        symbol=DECIDES if allocates else "",
    )


def _place(name: str) -> str:
    """What a document says before its date: the unit's name without its kind."""
    for kind in ("Tỉnh ", "Thành phố ", "Huyện "):
        name = name.removeprefix(kind)
    return name
