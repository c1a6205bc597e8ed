"""Holds, changes, proposals, milestones, a version for each cell

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "expectation_proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("indicator_id", sa.Integer(), nullable=False),
        sa.Column("weight", sa.Integer(), nullable=False),
        sa.Column("services", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("proposed_by_id", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "verdict",
            sa.Enum(
                "open", "accepted", "refused", name="verdict", native_enum=False, create_constraint=True, length=32
            ),
            nullable=False,
        ),
        sa.Column("decided_by_id", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_expectation_proposal_reason")),
        sa.CheckConstraint(
            "verdict = 'open' OR decided_by_id IS NOT NULL", name=op.f("ck_expectation_proposal_decided")
        ),
        sa.CheckConstraint(
            "decided_by_id IS NULL OR decided_by_id <> proposed_by_id", name=op.f("ck_expectation_proposal_two_persons")
        ),
        sa.CheckConstraint("weight >= 0", name=op.f("ck_expectation_proposal_weight")),
        sa.ForeignKeyConstraint(
            ["decided_by_id"], ["account.id"], name=op.f("fk_expectation_proposal_decided_by_id_account")
        ),
        sa.ForeignKeyConstraint(
            ["indicator_id"], ["indicator.id"], name=op.f("fk_expectation_proposal_indicator_id_indicator")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_expectation_proposal_plan_id_plan")),
        sa.ForeignKeyConstraint(
            ["proposed_by_id"], ["account.id"], name=op.f("fk_expectation_proposal_proposed_by_id_account")
        ),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_expectation_proposal_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_expectation_proposal")),
        sa.UniqueConstraint(
            "plan_id", "unit_id", "indicator_id", name=op.f("uq_expectation_proposal_plan_id_unit_id_indicator_id")
        ),
    )
    op.create_table(
        "plan_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("indicator_id", sa.Integer(), nullable=True),
        sa.Column(
            "kind",
            sa.Enum(
                "method",
                "trim",
                "paste",
                "file",
                "copy",
                name="kind",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("inputs", sa.JSON(), nullable=False),
        sa.Column("holds", sa.JSON(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("plan_version", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reverted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reverted_by_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_plan_change_account_id_account")),
        sa.ForeignKeyConstraint(["indicator_id"], ["indicator.id"], name=op.f("fk_plan_change_indicator_id_indicator")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_change_plan_id_plan")),
        sa.ForeignKeyConstraint(["reverted_by_id"], ["account.id"], name=op.f("fk_plan_change_reverted_by_id_account")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_change")),
    )
    with op.batch_alter_table("plan_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_plan_change_plan_id"), ["plan_id"], unique=False)

    op.create_table(
        "plan_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("held_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("reason <> ''", name=op.f("ck_plan_hold_reason")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_plan_hold_account_id_account")),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_hold_plan_id_plan")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_plan_hold_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_hold")),
        sa.UniqueConstraint("plan_id", "unit_id", name=op.f("uq_plan_hold_plan_id_unit_id")),
    )
    op.create_table(
        "plan_milestone",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("indicator_id", sa.Integer(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.Column("target", sa.Integer(), nullable=False),
        sa.CheckConstraint("target >= 0", name=op.f("ck_plan_milestone_target")),
        sa.ForeignKeyConstraint(
            ["indicator_id"], ["indicator.id"], name=op.f("fk_plan_milestone_indicator_id_indicator")
        ),
        sa.ForeignKeyConstraint(["plan_id"], ["plan.id"], name=op.f("fk_plan_milestone_plan_id_plan")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_plan_milestone_unit_id_unit")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plan_milestone")),
        sa.UniqueConstraint(
            "plan_id", "unit_id", "indicator_id", "due", name=op.f("uq_plan_milestone_plan_id_unit_id_indicator_id_due")
        ),
    )
    with op.batch_alter_table("campaign_indicator") as batch_op:
        batch_op.add_column(sa.Column("buffer_ceiling", sa.Integer(), nullable=True))
        batch_op.create_check_constraint(
            op.f("ck_campaign_indicator_buffer_ceiling"), "buffer_ceiling IS NULL OR buffer_ceiling >= 0"
        )
    with op.batch_alter_table("plan_target") as batch_op:
        # every cell that is there counts as changed once
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="1"))
        batch_op.add_column(sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("changed_by_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_plan_target_changed_by_id_account"), "account", ["changed_by_id"], ["id"]
        )
        batch_op.create_check_constraint(op.f("ck_plan_target_version"), "version >= 1")
    with op.batch_alter_table("plan_target") as batch_op:
        batch_op.alter_column("version", server_default=None)


def downgrade() -> None:
    with op.batch_alter_table("plan_target") as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_plan_target_changed_by_id_account"), type_="foreignkey")
        batch_op.drop_constraint(op.f("ck_plan_target_version"), type_="check")
        batch_op.drop_column("changed_by_id")
        batch_op.drop_column("changed_at")
        batch_op.drop_column("version")

    with op.batch_alter_table("campaign_indicator") as batch_op:
        batch_op.drop_constraint(op.f("ck_campaign_indicator_buffer_ceiling"), type_="check")
        batch_op.drop_column("buffer_ceiling")

    op.drop_table("plan_milestone")
    op.drop_table("plan_hold")
    with op.batch_alter_table("plan_change", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_plan_change_plan_id"))

    op.drop_table("plan_change")
    op.drop_table("expectation_proposal")
