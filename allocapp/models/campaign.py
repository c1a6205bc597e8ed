"""Campaigns, the indicators they assign, and what each unit is expected to handle in the campaign's period."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model, stored_as
from allocapp.models.results import Measure
from allocapp.models.unit import Unit
from allocapp.rules.balance import Direction, IndicatorRule, Kind, RollUp


class Indicator(Model):
    """A version of an indicator: numerator over denominator, how it rolls up, which way is good, its legal source."""

    __tablename__ = "indicator"
    __table_args__ = (UniqueConstraint("code", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    version: Mapped[int] = mapped_column(default=1)
    name: Mapped[str] = mapped_column(String(300))
    name_en: Mapped[str] = mapped_column(String(300))
    short_name: Mapped[str] = mapped_column(String(60))
    short_name_en: Mapped[str] = mapped_column(String(60))
    # what is counted: "hồ sơ", "dịch vụ"; and a unit of the numerator: "hồ sơ trực tuyến"
    counted: Mapped[str] = mapped_column(String(60))
    counted_en: Mapped[str] = mapped_column(String(60))
    part: Mapped[str] = mapped_column(String(100))
    part_en: Mapped[str] = mapped_column(String(100))
    definition: Mapped[str] = mapped_column(Text)
    definition_en: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(String(300))
    kind: Mapped[Kind] = mapped_column(stored_as(Kind, "kind"))
    rollup: Mapped[RollUp] = mapped_column(stored_as(RollUp, "rollup"))
    direction: Mapped[Direction] = mapped_column(stored_as(Direction, "direction"))
    numerator_id: Mapped[int] = mapped_column(ForeignKey("measure.id"))
    denominator_id: Mapped[int] = mapped_column(ForeignKey("measure.id"))

    numerator: Mapped[Measure] = relationship(foreign_keys=[numerator_id])
    denominator: Mapped[Measure] = relationship(foreign_keys=[denominator_id])


class Campaign(Model):
    """A round of handing targets down, over a period. ``sample`` marks weights and baselines that are not real."""

    __tablename__ = "campaign"
    __table_args__ = (CheckConstraint("period_to >= period_from", name="period"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(300))
    name_en: Mapped[str] = mapped_column(String(300))
    root_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    period_from: Mapped[date]
    period_to: Mapped[date]
    sample: Mapped[bool] = mapped_column(default=False)
    # weights, service sets and baselines are frozen with the campaign: the moment, and where they were taken from
    frozen_at: Mapped[datetime | None]
    frozen_from: Mapped[str] = mapped_column(String(300), default="")

    root: Mapped[Unit] = relationship()
    indicators: Mapped[list[CampaignIndicator]] = relationship(
        order_by="CampaignIndicator.position", lazy="selectin", back_populates="campaign"
    )


class CampaignIndicator(Model):
    """An indicator in a campaign: the campaign's policy on it, and what the root itself was assigned from outside."""

    __tablename__ = "campaign_indicator"
    __table_args__ = (
        UniqueConstraint("campaign_id", "indicator_id"),
        UniqueConstraint("campaign_id", "position"),
        CheckConstraint("assigned_target IS NULL OR assigned_target >= 0", name="assigned_target"),
        CheckConstraint("buffer_ceiling IS NULL OR buffer_ceiling >= 0", name="buffer_ceiling"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    position: Mapped[int]
    mean_binds: Mapped[bool] = mapped_column(default=True)
    # hundredths of a per cent for a rate; NULL: nothing was assigned to the root, so nothing to balance against
    assigned_target: Mapped[int | None]
    # how far a plan may deliberately go beyond T: hundredths of a point, or a count; NULL: no limit
    buffer_ceiling: Mapped[int | None]

    campaign: Mapped[Campaign] = relationship(back_populates="indicators")
    indicator: Mapped[Indicator] = relationship(lazy="joined", innerjoin=True)

    @property
    def rule(self) -> IndicatorRule:
        """What the balance needs to know of it."""
        return IndicatorRule(
            kind=self.indicator.kind,
            rollup=self.indicator.rollup,
            direction=self.indicator.direction,
            mean_binds=self.mean_binds,
        )


class Expectation(Model):
    """What a unit is expected to handle for an indicator in the campaign's period: frozen, the ground of every plan.

    ``weight`` is the forecast denominator (a count). For an indicator over distinct services, ``services`` lists the
    ids of the services expected, and the weight is their number. The baseline is last year's numerator and denominator.
    The list is stored in one column because it is frozen as a whole and read as a whole, on every live check.
    """

    __tablename__ = "expectation"
    __table_args__ = (
        UniqueConstraint("campaign_id", "unit_id", "indicator_id"),
        CheckConstraint("weight >= 0", name="weight"),
        CheckConstraint("baseline_numerator >= 0 AND baseline_denominator >= 0", name="baseline"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"), index=True)
    indicator_id: Mapped[int] = mapped_column(ForeignKey("indicator.id"))
    weight: Mapped[int]
    baseline_numerator: Mapped[int]
    baseline_denominator: Mapped[int]
    services: Mapped[list[int]] = mapped_column(JSON, default=list)


class DocumentText(Model):
    """The words of a campaign's decisions for units of one kind. ``{…}`` are filled in when the number is taken.

    ``articles`` is a list of {"text": …, "clauses": [{"text": …, "points": [...]}]}.
    """

    __tablename__ = "document_text"
    __table_args__ = (UniqueConstraint("campaign_id", "unit_kind_code"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    unit_kind_code: Mapped[str] = mapped_column(ForeignKey("unit_kind.code"))
    subject: Mapped[str] = mapped_column(Text)
    authority: Mapped[str] = mapped_column(Text)
    bases: Mapped[list[str]] = mapped_column(JSON)
    proposal: Mapped[str] = mapped_column(Text)
    articles: Mapped[list[dict[str, object]]] = mapped_column(JSON)
    recipients: Mapped[list[str]] = mapped_column(JSON)
    archive: Mapped[str] = mapped_column(String(100))
    signer_lines: Mapped[list[str]] = mapped_column(JSON)
    signer_name: Mapped[str] = mapped_column(String(200))
    annex_title: Mapped[str] = mapped_column(Text)
