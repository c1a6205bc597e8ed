"""Why a plan assigns more beyond its target than the campaign allows

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # added in place: on SQLite a table that others refer to cannot be made anew while their rows stand. So the default
    # stays with the column, and nobody has explained anything in the plans that are there.
    op.add_column("plan", sa.Column("buffer_reason", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("plan", "buffer_reason")
