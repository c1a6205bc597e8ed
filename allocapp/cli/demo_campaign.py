"""The campaign of 2022: measures, two indicators, the catalogue, last year's sample counts, the documents' words."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Table, insert

from allocapp.cli.demo_counts import MONTHS, SampleCount, SampleService, sample_counts, sized_leaves
from allocapp.cli.demo_texts import TEXTS
from allocapp.cli.demo_units import PROVINCE, read_sample
from allocapp.clock import today
from allocapp.db import db
from allocapp.models.campaign import Campaign, CampaignIndicator, CampaignStage, DocumentText, Indicator, StageName
from allocapp.models.results import Count, Measure, ReportingPeriod, Service
from allocapp.models.unit import Unit
from allocapp.rules.balance import Direction, Kind, RollUp
from allocapp.services.campaign import freeze_expectations

YEAR = 2022
LAST_YEAR = YEAR - 1
CITY = "178"
LEAVES = frozenset({"department", "office", "ward", "township", "commune"})
BATCH = 20_000  # rows a statement

SOURCE = "Điều 1 Quyết định 1045/QĐ-UBND ngày 21/6/2022 của UBND tỉnh Lạng Sơn"
SERVICES_INDICATOR: dict[str, object] = {
    "code": "services",
    "name": "Tỷ lệ dịch vụ công trực tuyến phát sinh hồ sơ trực tuyến",
    "name_en": "Share of online services with at least one dossier filed online",
    "short_name": "Dịch vụ",
    "short_name_en": "Services",
    "counted": "dịch vụ",
    "counted_en": "services",
    "part": "dịch vụ có hồ sơ trực tuyến",
    "part_en": "services with an online dossier",
    "definition": (
        "Trong số dịch vụ công trực tuyến mức độ 3, mức độ 4 có hồ sơ trong kỳ (nộp trực tuyến hoặc trực tiếp), phần "
        "có ít nhất một hồ sơ nộp trực tuyến. Mỗi dịch vụ chỉ tính một lần trong phạm vi của đơn vị, dù nhiều nơi "
        "cùng tiếp nhận."
    ),
    "definition_en": (
        "Of the level 3 and level 4 online services with any dossier in the period, online or on paper, those with at "
        "least one dossier filed online. A service counts once within a unit, however many places receive it."
    ),
    "rollup": RollUp.DISTINCT,
}
DOSSIERS_INDICATOR: dict[str, object] = {
    "code": "dossiers",
    "name": "Tỷ lệ hồ sơ xử lý trực tuyến",
    "name_en": "Share of dossiers handled online",
    "short_name": "Hồ sơ",
    "short_name_en": "Dossiers",
    "counted": "hồ sơ",
    "counted_en": "dossiers",
    "part": "hồ sơ trực tuyến",
    "part_en": "online dossiers",
    "definition": (
        "Trong tổng số hồ sơ được tiếp nhận, giải quyết (trực tuyến và trực tiếp) của các dịch vụ công trực tuyến mức "
        "độ 3, mức độ 4, phần được tiếp nhận, giải quyết trực tuyến."
    ),
    "definition_en": (
        "Of all dossiers received and settled, online or on paper, for level 3 and level 4 online services, those "
        "received and settled online."
    ),
    "rollup": RollUp.SUMS,
}


def add_sample_campaign(units: Mapping[str, Unit], *, frozen: datetime) -> Campaign:
    """Add everything of the campaign of 2022 but its plans; ``units`` by code, weights frozen at ``frozen``."""
    received = Measure(code="received", name="Hồ sơ tiếp nhận", name_en="Dossiers received")
    online = Measure(code="received_online", name="Hồ sơ tiếp nhận trực tuyến", name_en="Dossiers received online")
    db.session.add_all([received, online])
    campaign = Campaign(
        code=str(YEAR),
        name=f"Chỉ tiêu dịch vụ công trực tuyến năm {YEAR}",
        name_en=f"Online public service targets, {YEAR}",
        root=units[PROVINCE],
        period_from=date(YEAR, 1, 1),
        period_to=date(YEAR, 12, 31),
        sample=True,
    )
    # the province was assigned nothing from outside: assigned_target stays empty
    campaign.indicators = [
        CampaignIndicator(position=position, indicator=_indicator(columns, online, received))
        for position, columns in enumerate((SERVICES_INDICATOR, DOSSIERS_INDICATOR), start=1)
    ]
    db.session.add(campaign)
    db.session.flush()  # counts and texts are written below the session and need the ids
    _add_counts(units, received, online)
    db.session.add_all(
        DocumentText(campaign_id=campaign.id, unit_kind_code=kind, **words) for kind, words in TEXTS.items()
    )
    freeze_expectations(campaign, source_from=date(LAST_YEAR, 1, 1), source_to=date(LAST_YEAR, 12, 31), now=frozen)
    _add_deadlines(campaign)
    return campaign


def _add_deadlines(campaign: Campaign) -> None:
    """Counted from the day on which the demonstration is loaded: whoever tries it out has deadlines ahead."""
    for name, days in ((StageName.PLANS_SUBMITTED, 14), (StageName.REVIEWS_END, 21)):
        db.session.add(CampaignStage(campaign_id=campaign.id, name=name, due=today() + timedelta(days=days)))


def _indicator(columns: Mapping[str, object], numerator: Measure, denominator: Measure) -> Indicator:
    return Indicator(
        version=1,
        source=SOURCE,
        kind=Kind.RATE,
        direction=Direction.AT_LEAST,
        numerator=numerator,
        denominator=denominator,
        **columns,
    )


def _add_counts(units: Mapping[str, Unit], received: Measure, online: Measure) -> None:
    catalogue = list(read_sample("services_2022.csv"))
    services = {
        line["code"]: Service(
            code=line["code"], name=line["name"], field=line["field"], level=line["level"], sample=True
        )
        for line in catalogue
    }
    periods = {month: _month(month) for month in range(1, MONTHS + 1)}
    db.session.add_all([*services.values(), *periods.values()])
    db.session.flush()  # the counts name services and periods by id
    handled = [SampleService(line["code"], line["field"], frozenset(line["handled_by"].split())) for line in catalogue]
    handlers = {handler for service in handled for handler in service.handled_by}
    leaves = [
        (unit.code, unit.kind_code, _group(unit))
        for unit in units.values()
        if unit.kind_code in LEAVES and (unit.kind_code != "department" or unit.code in handlers)
    ]
    unit_ids = {code: unit.id for code, unit in units.items()}
    service_ids = {code: service.id for code, service in services.items()}
    period_ids = {month: period.id for month, period in periods.items()}

    def rows(count: SampleCount) -> Iterator[dict[str, int]]:
        for measure, number in ((received, count.received), (online, count.online)):
            yield {
                "unit_id": unit_ids[count.unit],
                "service_id": service_ids[count.service],
                "period_id": period_ids[count.month],
                "measure_id": measure.id,
                "number": number,
            }

    _insert_batches(row for count in sample_counts(sized_leaves(leaves, CITY), handled) for row in rows(count))


def _group(unit: Unit) -> str:
    """The unit that a leaf's share of online dossiers leans on: its district, or the department itself."""
    return unit.code if unit.kind_code == "department" or unit.parent is None else unit.parent.code


def _month(month: int) -> ReportingPeriod:
    last = monthrange(LAST_YEAR, month)[1]
    return ReportingPeriod(
        name=f"{month:02d}/{LAST_YEAR}",
        starts_on=date(LAST_YEAR, month, 1),
        ends_on=date(LAST_YEAR, month, last),
    )


def _insert_batches(rows: Iterable[dict[str, int]]) -> None:
    table = Count.__table__
    assert isinstance(table, Table)
    batch: list[dict[str, int]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            db.session.execute(insert(table), batch)
            batch.clear()
    if batch:
        db.session.execute(insert(table), batch)
