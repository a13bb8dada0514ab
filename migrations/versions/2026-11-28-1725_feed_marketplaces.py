"""Feeds of offers for marketplaces, their builds, and what builds left out.

Revision ID: 0137
Revises: 0146
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0137"
down_revision: str | Sequence[str] | None = "0146"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


TABLES = ("feed", "feed_build", "feed_omission")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY owner_read ON {table} FOR SELECT TO kerben_app USING (org_id = kerben_org());
"""
POLICIES = """
CREATE POLICY owner_add ON feed FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org() AND (NOT everybody OR kerben_operator()));
CREATE POLICY owner_update ON feed FOR UPDATE TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
-- Who shows the secret of its address reads a feed; its owner is then whose rows are read.
CREATE POLICY by_address ON feed FOR SELECT TO kerben_app USING (secret_hash = kerben_proof());

-- A build is asked for; what is in it, and that it is whole, only a worker says.
CREATE POLICY owner_add ON feed_build FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org() AND finished_at IS NULL AND EXISTS (
    SELECT FROM feed f WHERE f.id = feed_id AND f.org_id = kerben_org()));
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "feed",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column(
            "format",
            sa.Enum(
                "google_merchant",
                "schema_org",
                "bmecat_2005",
                "csv",
                name="feedformat_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("market", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("language", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column("everybody", sa.Boolean(), nullable=False),
        sa.Column("link_template", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.Column("secret_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint("market ~ '^[A-Z]{2}$'", name=op.f("ck_feed_market_is_country")),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_feed_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_feed_secret_hash")),
    )
    op.create_index(op.f("ix_feed_org_id"), "feed", ["org_id"], unique=False)
    op.create_index(
        "uq_feed_open",
        "feed",
        ["org_id", "format", "market", "language", "everybody"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "feed_build",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("feed_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("catalogue_version", sa.Integer(), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("delta_id", sa.Uuid(), nullable=True),
        sa.Column("manifest_id", sa.Uuid(), nullable=True),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.Integer(), nullable=False),
        sa.Column("added", sa.Integer(), nullable=False),
        sa.Column("changed", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "finished_at IS NULL OR (file_id IS NOT NULL AND delta_id IS NOT NULL AND manifest_id IS NOT NULL)",
            name=op.f("ck_feed_build_finished_whole"),
        ),
        sa.ForeignKeyConstraint(
            ["delta_id"], ["file.id"], name=op.f("fk_feed_build_delta_id_file"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["feed_id"], ["feed.id"], name=op.f("fk_feed_build_feed_id_feed"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["file.id"], name=op.f("fk_feed_build_file_id_file"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["manifest_id"],
            ["file.id"],
            name=op.f("fk_feed_build_manifest_id_file"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_feed_build_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_build")),
        sa.UniqueConstraint("feed_id", "number", name=op.f("uq_feed_build_feed_id_number")),
    )
    op.create_index(op.f("ix_feed_build_delta_id"), "feed_build", ["delta_id"], unique=False)
    op.create_index(op.f("ix_feed_build_file_id"), "feed_build", ["file_id"], unique=False)
    op.create_index(op.f("ix_feed_build_manifest_id"), "feed_build", ["manifest_id"], unique=False)
    op.create_index(op.f("ix_feed_build_org_id"), "feed_build", ["org_id"], unique=False)
    op.create_table(
        "feed_omission",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("build_id", sa.Uuid(), nullable=False),
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("sku", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("field", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("code", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("requirement", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("detail", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=False),
        sa.Column("dropped", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["build_id"],
            ["feed_build.id"],
            name=op.f("fk_feed_omission_build_id_feed_build"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_feed_omission_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_omission")),
    )
    op.create_index("ix_feed_omission_build", "feed_omission", ["build_id", "id"], unique=False)
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TABLE feed_omission, feed_build, feed")
