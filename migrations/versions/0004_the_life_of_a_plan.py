"""Review, revision and the whole life of a plan: steps, opinions, delegations, deadlines, notices, the journal's chain

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

LIVING = "state NOT IN ('voided', 'withdrawn')"


def choice(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)


KINDS = ("assign", "amend", "replace", "revoke")
# table, its new columns that every row must have, and what stands in them for the rows that are there
FILLED: Sequence[tuple[str, Sequence[tuple[str, sa.types.TypeEngine[Any], str]]]] = (
    ("account", (("email", sa.String(254), ""),)),
    (
        "campaign",
        (
            # campaigns that are there were open from the start, and their superiors approve
            ("state", choice("state", "preparing", "open", "closed"), "open"),
            ("authority", choice("authority", "approves", "opinion", "copy"), "approves"),
            ("jump_deviations", sa.Integer(), "200"),
            ("jump_rows", sa.Integer(), "5"),
            ("remind_days", sa.JSON(), "[7, 3, 1]"),
        ),
    ),
    ("campaign_indicator", (("below_baseline", sa.Integer(), "0"), ("below_last", sa.Integer(), "0"))),
    ("decision", (("kind", choice("kind", *KINDS), "assign"), ("revoke_reason", sa.Text(), ""))),
    ("document_text", (("decision_kind", choice("decision_kind", *KINDS), "assign"),)),
    ("event", (("capacity", sa.String(300), ""),)),
    (
        "plan",
        (("approved_capacity", sa.String(300), ""), ("opinion", sa.Text(), ""), ("revision_reason", sa.Text(), "")),
    ),
    ("plan_comment", (("submission", sa.Integer(), "1"),)),
)


def upgrade() -> None:
    _make_tables()
    for table, columns in FILLED:
        with op.batch_alter_table(table) as batch_op:
            for name, type_, value in columns:
                batch_op.add_column(sa.Column(name, type_, nullable=False, server_default=value))
    for table, columns in FILLED:
        with op.batch_alter_table(table) as batch_op:
            for name, _type, _value in columns:
                batch_op.alter_column(name, server_default=None)
    _change_constraints()


def _change_constraints() -> None:
    with op.batch_alter_table("campaign") as batch_op:
        batch_op.create_check_constraint(op.f("ck_campaign_thresholds"), "jump_deviations > 0 AND jump_rows >= 2")
    with op.batch_alter_table("campaign_indicator") as batch_op:
        batch_op.create_check_constraint(
            op.f("ck_campaign_indicator_tolerances"), "below_baseline >= 0 AND below_last >= 0"
        )
    with op.batch_alter_table("document_text") as batch_op:
        batch_op.drop_constraint(op.f("uq_document_text_campaign_id_unit_kind_code"), type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_document_text_campaign_id_unit_kind_code_decision_kind"),
            ["campaign_id", "unit_kind_code", "decision_kind"],
        )
    with op.batch_alter_table("event") as batch_op:
        batch_op.drop_constraint(op.f("ck_event_subject"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_event_subject"), "subject IN ('plan', 'decision', 'account', 'campaign', 'unit')"
        )
    with op.batch_alter_table("plan_comment") as batch_op:
        batch_op.add_column(sa.Column("done_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("done_by_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_plan_comment_done_by_id_account"), "account", ["done_by_id"], ["id"])
    _change_decisions()
    _change_plans()


def _change_decisions() -> None:
    with op.batch_alter_table("decision") as batch_op:
        batch_op.drop_index("uq_decision_living")
        batch_op.add_column(sa.Column("affects_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(op.f("fk_decision_affects_id_decision"), "decision", ["affects_id"], ["id"])
        batch_op.create_check_constraint(op.f("ck_decision_affects"), "kind = 'assign' OR affects_id IS NOT NULL")
    op.create_index(op.f("ix_decision_affects_id"), "decision", ["affects_id"])
    for name, kinds in (("uq_decision_living", "kind <> 'revoke'"), ("uq_decision_revoking", "kind = 'revoke'")):
        which = sa.text(f"{LIVING} AND {kinds}")
        op.create_index(name, "decision", ["plan_id"], unique=True, sqlite_where=which, postgresql_where=which)


def _change_plans() -> None:
    with op.batch_alter_table("plan") as batch_op:
        batch_op.add_column(sa.Column("based_on_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("relation", choice("relation", *KINDS), nullable=True))
        batch_op.add_column(sa.Column("out_of_balance_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.create_foreign_key(op.f("fk_plan_based_on_id_plan"), "plan", ["based_on_id"], ["id"])
        for name in ("state", "submitted"):
            batch_op.drop_constraint(op.f(f"ck_plan_{name}"), type_="check")
        for name, condition in (
            (
                "state",
                "state IN ('draft', 'in_house', 'submitted', 'in_review', 'returned', 'approved', 'issued', "
                "'superseded', 'revoked', 'discarded')",
            ),
            ("submitted", "(state IN ('draft', 'in_house', 'returned', 'discarded')) OR submitted_hash IS NOT NULL"),
            ("discarded", "state <> 'discarded' OR revision > 1"),
            ("revision_of", "(revision = 1) = (based_on_id IS NULL)"),
            ("revision_reason", "revision = 1 OR revision_reason <> ''"),
            ("relation_of_revision", "relation IS NULL OR relation IN ('amend', 'replace')"),
        ):
            batch_op.create_check_constraint(op.f(f"ck_plan_{name}"), condition)
    op.create_index(op.f("ix_plan_based_on_id"), "plan", ["based_on_id"])
    _index_plans_on_their_way(", 'discarded'")


def _index_plans_on_their_way(ended: str) -> None:
    which = sa.text(f"state NOT IN ('issued', 'superseded', 'revoked'{ended})")
    op.drop_index("uq_plan_on_its_way", "plan")
    op.create_index(
        "uq_plan_on_its_way",
        "plan",
        ["campaign_id", "unit_id"],
        unique=True,
        sqlite_where=which,
        postgresql_where=which,
    )


def _make_tables() -> None:
    op.create_table(
        "event_link",
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("chained_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_event_link")),
        sa.UniqueConstraint("event_id", name=op.f("uq_event_link_event_id")),
    )
    op.create_table(
        "journal_head",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_journal_head")),
    )
    op.create_table(
        "notice_choice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "plan_submitted",
                "plan_returned",
                "plan_approved",
                "plan_withdrawn",
                "step_asked",
                "step_sent_back",
                "steps_agreed",
                "opinion_asked",
                "opinions_in",
                "decision_issued",
                "decision_revoked",
                "adjustment_asked",
                "adjustment_answered",
                "out_of_balance",
                "approval_lapsed",
                "campaign_opened",
                "campaign_closed",
                "deadline_extended",
                "reminder",
                "escalation",
                "delegated",
                "journal_head",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "mailing",
            sa.Enum("never", "now", "daily", name="mailing", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_notice_choice_account_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice_choice")),
        sa.UniqueConstraint("account_id", "kind", name=op.f("uq_notice_choice_account_id_kind")),
    )
    op.create_table(
        "internal_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.CheckConstraint("name <> ''", name=op.f("ck_internal_step_name")),
        sa.CheckConstraint("days BETWEEN 1 AND 60", name=op.f("ck_internal_step_days")),
        sa.CheckConstraint("position BETWEEN 1 AND 3", name=op.f("ck_internal_step_position")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_internal_step_account_id_account")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_internal_step_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_internal_step")),
        sa.UniqueConstraint("unit_id", "position", name=op.f("uq_internal_step_unit_id_position")),
    )
    op.create_table(
        "campaign_stage",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column(
            "name",
            sa.Enum(
                "root_issues",
                "units_answer",
                "plans_submitted",
                "reviews_end",
                "period_ends",
                name="name",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_stage_campaign_id_campaign")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_stage")),
        sa.UniqueConstraint("campaign_id", "name", name=op.f("uq_campaign_stage_campaign_id_name")),
    )
    op.create_table(
        "delegation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("grant_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column(
            "capacity",
            sa.Enum("KT.", "TL.", "TUQ.", name="capacity", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_to", sa.Date(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_delegation_reason")),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_delegation_validity")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_delegation_account_id_account")),
        sa.ForeignKeyConstraint(["grant_id"], ["role_grant.id"], name=op.f("fk_delegation_grant_id_role_grant")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_delegation_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_delegation_grant_id"), ["grant_id"], unique=False)

    op.create_table(
        "stage_extension",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=False),
        sa.Column(
            "name",
            sa.Enum(
                "root_issues",
                "units_answer",
                "plans_submitted",
                "reviews_end",
                "period_ends",
                name="name",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_stage_extension_reason")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_stage_extension_account_id_account")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_stage_extension_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_stage_extension_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stage_extension")),
    )
    with op.batch_alter_table("stage_extension", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_stage_extension_campaign_id"), ["campaign_id"], unique=False)

    op.create_table(
        "adjustment_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("indicator_id", sa.Integer(), nullable=False),
        sa.Column("proposed", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "state",
            sa.Enum(
                "open",
                "withdrawn",
                "answered",
                "accepted",
                name="state",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("proposed >= 0 AND reason <> ''", name=op.f("ck_adjustment_request_asked")),
        sa.CheckConstraint(
            "state <> 'accepted' OR revision_id IS NOT NULL", name=op.f("ck_adjustment_request_accepted")
        ),
        sa.CheckConstraint("state <> 'answered' OR answer <> ''", name=op.f("ck_adjustment_request_answer")),
        sa.CheckConstraint(
            "state IN ('open', 'withdrawn') OR answered_by_id IS NOT NULL", name=op.f("ck_adjustment_request_answered")
        ),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_adjustment_request_account_id_account")),
        sa.ForeignKeyConstraint(
            ["answered_by_id"], ["account.id"], name=op.f("fk_adjustment_request_answered_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["indicator_id"], ["indicator.id"], name=op.f("fk_adjustment_request_indicator_id_indicator")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_adjustment_request_plan_id_plan")),
        sa.ForeignKeyConstraint(["revision_id"], ["plan.id"], name=op.f("fk_adjustment_request_revision_id_plan")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_adjustment_request_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjustment_request")),
    )
    with op.batch_alter_table("adjustment_request", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_adjustment_request_plan_id"), ["plan_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_adjustment_request_unit_id"), ["unit_id"], unique=False)
        batch_op.create_index(
            "uq_adjustment_request_open",
            ["plan_id", "unit_id", "indicator_id"],
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )

    op.create_table(
        "opinion_round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by_id", sa.Integer(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["opened_by_id"], ["account.id"], name=op.f("fk_opinion_round_opened_by_id_account")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_opinion_round_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion_round")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_opinion_round_plan_id_number")),
    )
    with op.batch_alter_table("opinion_round", schema=None) as batch_op:
        batch_op.create_index(
            "uq_opinion_round_open",
            ["plan_id"],
            unique=True,
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.create_table(
        "plan_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("agreed", sa.Boolean(), nullable=True),
        sa.Column("opinion", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("capacity", sa.String(length=300), nullable=False),
        sa.CheckConstraint("agreed IS NULL OR agreed OR opinion <> ''", name=op.f("ck_plan_step_opinion")),
        sa.CheckConstraint("(agreed IS NULL) = (decided_at IS NULL)", name=op.f("ck_plan_step_decided")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_plan_step_account_id_account")),
        sa.ForeignKeyConstraint(["decided_by_id"], ["account.id"], name=op.f("fk_plan_step_decided_by_id_account")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_step_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_step")),
        sa.UniqueConstraint("plan_id", "round", "position", name=op.f("uq_plan_step_plan_id_round_position")),
    )
    with op.batch_alter_table("plan_step", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_step_account_id"), ["account_id"], unique=False)

    op.create_table(
        "plan_submission",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("cells", sa.JSON(), nullable=False),
        sa.Column("opinions", sa.JSON(), nullable=False),
        sa.CheckConstraint("number >= 1", name=op.f("ck_plan_submission_number")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_plan_submission_account_id_account")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_submission_plan_id_plan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_submission")),
        sa.UniqueConstraint("plan_id", "number", name=op.f("uq_plan_submission_plan_id_number")),
    )
    op.create_table(
        "notice",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "plan_submitted",
                "plan_returned",
                "plan_approved",
                "plan_withdrawn",
                "step_asked",
                "step_sent_back",
                "steps_agreed",
                "opinion_asked",
                "opinions_in",
                "decision_issued",
                "decision_revoked",
                "adjustment_asked",
                "adjustment_answered",
                "out_of_balance",
                "approval_lapsed",
                "campaign_opened",
                "campaign_closed",
                "deadline_extended",
                "reminder",
                "escalation",
                "delegated",
                "journal_head",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("key", sa.String(length=200), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("campaign_id", sa.Integer(), nullable=True),
        sa.Column("unit_id", sa.Integer(), nullable=True),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("decision_id", sa.Integer(), nullable=True),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "mail",
            sa.Enum(
                "none",
                "waiting",
                "for_digest",
                "sending",
                "sent",
                "failed",
                name="mail",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("mail_after", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mail_attempts", sa.Integer(), nullable=False),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mailed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("mail_error", sa.String(length=500), nullable=False),
        sa.CheckConstraint("mail <> 'sending' OR claimed_until IS NOT NULL", name=op.f("ck_notice_claim")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_notice_account_id_account")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.id"], name=op.f("fk_notice_campaign_id_campaign")),
        sa.ForeignKeyConstraint(["decision_id"], ["decision.id"], name=op.f("fk_notice_decision_id_decision")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_notice_plan_id_plan")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_notice_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
        sa.UniqueConstraint("account_id", "key", name=op.f("uq_notice_account_id_key")),
    )
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.create_index("ix_notice_account_id_read_at", ["account_id", "read_at"], unique=False)
        batch_op.create_index("ix_notice_mail", ["mail"], unique=False)

    op.create_table(
        "opinion",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("indicator_id", sa.Integer(), nullable=False),
        sa.Column("proposed", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "answer",
            sa.Enum("taken_up", "explained", name="answer", native_enum=False, create_constraint=True, length=32),
            nullable=True,
        ),
        sa.Column("answer_text", sa.Text(), nullable=False),
        sa.Column("answered_by_id", sa.Integer(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "answer IS NULL OR answer <> 'explained' OR answer_text <> ''", name=op.f("ck_opinion_explained")
        ),
        sa.CheckConstraint("proposed IS NULL OR (proposed >= 0 AND reason <> '')", name=op.f("ck_opinion_proposed")),
        sa.CheckConstraint("(answer IS NULL) = (answered_at IS NULL)", name=op.f("ck_opinion_answered")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_opinion_account_id_account")),
        sa.ForeignKeyConstraint(["answered_by_id"], ["account.id"], name=op.f("fk_opinion_answered_by_id_account")),
        sa.ForeignKeyConstraint(["indicator_id"], ["indicator.id"], name=op.f("fk_opinion_indicator_id_indicator")),
        sa.ForeignKeyConstraint(["round_id"], ["opinion_round.id"], name=op.f("fk_opinion_round_id_opinion_round")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_opinion_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opinion")),
        sa.UniqueConstraint(
            "round_id", "unit_id", "indicator_id", name=op.f("uq_opinion_round_id_unit_id_indicator_id")
        ),
    )
    with op.batch_alter_table("opinion", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_opinion_unit_id"), ["unit_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("plan_comment") as batch_op:
        batch_op.drop_constraint(op.f("fk_plan_comment_done_by_id_account"), type_="foreignkey")
        batch_op.drop_column("done_by_id")
        batch_op.drop_column("done_at")
    _index_plans_on_their_way("")
    op.drop_index(op.f("ix_plan_based_on_id"), "plan")
    with op.batch_alter_table("plan") as batch_op:
        for name in (
            "revision_of",
            "revision_reason",
            "relation_of_revision",
            "relation",
            "state",
            "submitted",
            "discarded",
        ):
            batch_op.drop_constraint(op.f(f"ck_plan_{name}"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_plan_state"),
            "state IN ('draft', 'submitted', 'in_review', 'returned', 'approved', 'issued', 'superseded', 'revoked')",
        )
        batch_op.create_check_constraint(
            op.f("ck_plan_submitted"), "(state IN ('draft', 'returned')) OR submitted_hash IS NOT NULL"
        )
        batch_op.drop_constraint(op.f("fk_plan_based_on_id_plan"), type_="foreignkey")
        for name in ("based_on_id", "relation", "out_of_balance_at"):
            batch_op.drop_column(name)
    for name in ("uq_decision_revoking", "uq_decision_living", op.f("ix_decision_affects_id")):
        op.drop_index(name, "decision")
    with op.batch_alter_table("decision") as batch_op:
        batch_op.drop_constraint(op.f("ck_decision_affects"), type_="check")
        batch_op.drop_constraint(op.f("fk_decision_affects_id_decision"), type_="foreignkey")
        batch_op.drop_column("affects_id")
    which = sa.text(LIVING)
    op.create_index(
        "uq_decision_living", "decision", ["plan_id"], unique=True, sqlite_where=which, postgresql_where=which
    )
    with op.batch_alter_table("document_text") as batch_op:
        batch_op.drop_constraint(op.f("uq_document_text_campaign_id_unit_kind_code_decision_kind"), type_="unique")
        batch_op.create_unique_constraint(
            op.f("uq_document_text_campaign_id_unit_kind_code"), ["campaign_id", "unit_kind_code"]
        )
    with op.batch_alter_table("event") as batch_op:
        batch_op.drop_constraint(op.f("ck_event_subject"), type_="check")
        batch_op.create_check_constraint(op.f("ck_event_subject"), "subject IN ('plan', 'decision', 'account')")
    with op.batch_alter_table("campaign") as batch_op:
        for name in ("thresholds", "state", "authority"):
            batch_op.drop_constraint(op.f(f"ck_campaign_{name}"), type_="check")
    with op.batch_alter_table("campaign_indicator") as batch_op:
        batch_op.drop_constraint(op.f("ck_campaign_indicator_tolerances"), type_="check")
    with op.batch_alter_table("decision") as batch_op:
        batch_op.drop_constraint(op.f("ck_decision_kind"), type_="check")
    with op.batch_alter_table("document_text") as batch_op:
        batch_op.drop_constraint(op.f("ck_document_text_decision_kind"), type_="check")
    for table, columns in FILLED:
        with op.batch_alter_table(table) as batch_op:
            for name, _type, _value in columns:
                batch_op.drop_column(name)
    _drop_tables()


def _drop_tables() -> None:
    with op.batch_alter_table("opinion", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_opinion_unit_id"))

    op.drop_table("opinion")
    with op.batch_alter_table("notice", schema=None) as batch_op:
        batch_op.drop_index("ix_notice_mail")
        batch_op.drop_index("ix_notice_account_id_read_at")

    op.drop_table("notice")
    op.drop_table("plan_submission")
    with op.batch_alter_table("plan_step", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_step_account_id"))

    op.drop_table("plan_step")
    with op.batch_alter_table("opinion_round", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_opinion_round_open",
            sqlite_where=sa.text("closed_at IS NULL"),
            postgresql_where=sa.text("closed_at IS NULL"),
        )

    op.drop_table("opinion_round")
    with op.batch_alter_table("adjustment_request", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_adjustment_request_open",
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        )
        batch_op.drop_index(batch_op.f("ix_adjustment_request_unit_id"))
        batch_op.drop_index(batch_op.f("ix_adjustment_request_plan_id"))

    op.drop_table("adjustment_request")
    with op.batch_alter_table("stage_extension", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_stage_extension_campaign_id"))

    op.drop_table("stage_extension")
    with op.batch_alter_table("delegation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_delegation_grant_id"))
        batch_op.drop_index(batch_op.f("ix_delegation_account_id"))

    op.drop_table("delegation")
    op.drop_table("campaign_stage")
    op.drop_table("internal_step")
    op.drop_table("notice_choice")
    op.drop_table("journal_head")
    op.drop_table("event_link")
