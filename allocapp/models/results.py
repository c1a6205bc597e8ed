"""Services, measures, reporting periods, and the counts that leaves report: no dossier and no person."""

from __future__ import annotations

from datetime import date

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from allocapp.db import Model


class Measure(Model):
    """Something that is counted: dossiers received, dossiers received online …"""

    __tablename__ = "measure"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))


class Service(Model):
    """A public service of the catalogue. ``level`` is the wording of the time: "3", "4"; later "part", "full"."""

    __tablename__ = "service"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(500))
    field: Mapped[str] = mapped_column(String(200))
    level: Mapped[str] = mapped_column(String(16))
    sample: Mapped[bool] = mapped_column(default=False)


class ReportingPeriod(Model):
    """A period of the reporting calendar, from its first to its last day."""

    __tablename__ = "reporting_period"
    __table_args__ = (
        UniqueConstraint("starts_on", "ends_on"),
        CheckConstraint("ends_on >= starts_on", name="period"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    starts_on: Mapped[date]
    ends_on: Mapped[date]


class Count(Model):
    """How often a measure occurred: leaf unit × service × reporting period."""

    __tablename__ = "count"
    __table_args__ = (
        CheckConstraint("number >= 0", name="number"),
        Index("ix_count_period_id_unit_id", "period_id", "unit_id"),
    )

    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), primary_key=True)
    service_id: Mapped[int] = mapped_column(ForeignKey("service.id"), primary_key=True)
    period_id: Mapped[int] = mapped_column(ForeignKey("reporting_period.id"), primary_key=True)
    measure_id: Mapped[int] = mapped_column(ForeignKey("measure.id"), primary_key=True)
    number: Mapped[int]
