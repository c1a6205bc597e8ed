"""Campaigns, the indicators they assign, and what each unit is expected to handle in the campaign's period."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from allocapp.db import Model, stored_as
from allocapp.models.account import Account
from allocapp.models.results import Measure
from allocapp.models.unit import Unit
from allocapp.rules.balance import Direction, IndicatorRule, Kind, RollUp
from allocapp.rules.workflow import CampaignState


class Authority(StrEnum):
    """What a superior's word on a plan is worth: the campaign's choice (DESIGN, section 4)."""

    APPROVES = "approves"  # nothing is issued without its approval
    OPINION = "opinion"  # it gives an opinion; the unit answers for what it issues
    COPY = "copy"  # it receives a copy; the unit approves for itself


class StageName(StrEnum):
    """The stages of a campaign, each with the day by which it should be over."""

    ROOT_ISSUES = "root_issues"
    UNITS_ANSWER = "units_answer"
    PLANS_SUBMITTED = "plans_submitted"
    REVIEWS_END = "reviews_end"
    PERIOD_ENDS = "period_ends"


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
    __table_args__ = (
        CheckConstraint("period_to >= period_from", name="period"),
        CheckConstraint("jump_deviations > 0 AND jump_rows >= 2", name="thresholds"),
    )

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

    state: Mapped[CampaignState] = mapped_column(stored_as(CampaignState, "state"), default=CampaignState.OPEN)
    authority: Mapped[Authority] = mapped_column(stored_as(Authority, "authority"), default=Authority.APPROVES)
    # a jump is flagged beyond this many standard deviations (in hundredths) from the mean, from so many rows on
    jump_deviations: Mapped[int] = mapped_column(default=200)
    jump_rows: Mapped[int] = mapped_column(default=5)
    # how many days before a stage's day those who have not done their part are reminded
    remind_days: Mapped[list[int]] = mapped_column(JSON, default=lambda: [7, 3, 1])

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
        CheckConstraint("below_baseline >= 0 AND below_last >= 0", name="tolerances"),
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
    # how far a target may lie on the wrong side of the baseline, and of last year's target, before it is flagged
    below_baseline: Mapped[int] = mapped_column(default=0)
    below_last: Mapped[int] = mapped_column(default=0)

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


class CampaignStage(Model):
    """The day by which a stage of the campaign should be over."""

    __tablename__ = "campaign_stage"
    __table_args__ = (UniqueConstraint("campaign_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    name: Mapped[StageName] = mapped_column(stored_as(StageName, "name"))
    due: Mapped[date]


class StageExtension(Model):
    """A later day for one unit and stage, with the reason. The newest one counts; the earlier ones stay readable."""

    __tablename__ = "stage_extension"
    __table_args__ = (CheckConstraint("reason <> ''", name="reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"), index=True)
    name: Mapped[StageName] = mapped_column(stored_as(StageName, "name"))
    unit_id: Mapped[int] = mapped_column(ForeignKey("unit.id"))
    due: Mapped[date]
    reason: Mapped[str] = mapped_column(Text)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    at: Mapped[datetime]

    unit: Mapped[Unit] = relationship()
    account: Mapped[Account] = relationship()


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


class DecisionKind(StrEnum):
    """What a decision does to those before it."""

    ASSIGN = "assign"
    AMEND = "amend"
    REPLACE = "replace"
    REVOKE = "revoke"


class DocumentText(Model):
    """The words of a campaign's decisions of one kind for units of one kind. ``{…}`` are filled in with the number.

    ``articles`` is a list of {"text": …, "clauses": [{"text": …, "points": [...]}]}.
    """

    __tablename__ = "document_text"
    __table_args__ = (UniqueConstraint("campaign_id", "unit_kind_code", "decision_kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    campaign_id: Mapped[int] = mapped_column(ForeignKey("campaign.id"))
    unit_kind_code: Mapped[str] = mapped_column(ForeignKey("unit_kind.code"))
    decision_kind: Mapped[DecisionKind] = mapped_column(
        stored_as(DecisionKind, "decision_kind"), default=DecisionKind.ASSIGN
    )
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
