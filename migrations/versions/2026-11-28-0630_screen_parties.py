"""Parties, banks and goods held against sanctions and export-control lists.

Revision ID: 0060
Revises: 0059
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0060"
down_revision: str | Sequence[str] | None = "0059"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


TABLES = (
    "watch_list",
    "watch_list_entry",
    "watch_list_name",
    "screening_subject",
    "screening_case",
)
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON {table} FOR SELECT TO kerben_app USING (kerben_operator());
"""
POLICIES = """
CREATE POLICY app_write ON watch_list TO kerben_app
  USING (kerben_operator()) WITH CHECK (kerben_operator());
CREATE POLICY app_write ON watch_list_entry TO kerben_app
  USING (kerben_operator()) WITH CHECK (kerben_operator());
CREATE POLICY app_write ON watch_list_name TO kerben_app
  USING (kerben_operator()) WITH CHECK (kerben_operator());
CREATE POLICY app_update ON screening_case FOR UPDATE TO kerben_app
  USING (kerben_operator()) WITH CHECK (kerben_operator());
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "screening_subject",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "organisation",
                "bank",
                "goods",
                name="subjectkind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reference", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("names", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("identifiers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("hs_codes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=True),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("screened_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_screening_subject_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_subject")),
        sa.UniqueConstraint("kind", "reference", name=op.f("uq_screening_subject_kind_reference")),
    )
    op.create_index(
        op.f("ix_screening_subject_organisation_id"),
        "screening_subject",
        ["organisation_id"],
        unique=False,
    )
    op.create_table(
        "watch_list",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column(
            "format",
            sa.Enum(
                "opensanctions_csv",
                "opensanctions_ndjson",
                "ofac_xml",
                "un_xml",
                "eu_xml",
                "table_csv",
                name="listformat_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("as_of", sa.Date(), nullable=True),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("imported_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_watch_list_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_list")),
        sa.UniqueConstraint("name", name=op.f("uq_watch_list_name")),
    )
    op.create_table(
        "watch_list_entry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("list_id", sa.Uuid(), nullable=False),
        sa.Column("external_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "organisation",
                "person",
                "vessel",
                "goods",
                name="entrykind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("names", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("identifiers", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("countries", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("hs_prefixes", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("programme", sqlmodel.sql.sqltypes.AutoString(length=1000), nullable=True),
        sa.Column("listed_on", sa.Date(), nullable=True),
        sa.Column("digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["list_id"],
            ["watch_list.id"],
            name=op.f("fk_watch_list_entry_list_id_watch_list"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_list_entry")),
        sa.UniqueConstraint(
            "list_id", "external_id", name=op.f("uq_watch_list_entry_list_id_external_id")
        ),
    )
    op.create_index(
        "ix_watch_list_entry_goods",
        "watch_list_entry",
        ["list_id"],
        unique=False,
        postgresql_where=sa.text("kind = 'goods' AND removed_at IS NULL"),
    )
    op.create_index(
        "ix_watch_list_entry_identifiers",
        "watch_list_entry",
        ["identifiers"],
        unique=False,
        postgresql_using="gin",
    )
    op.create_table(
        "screening_case",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "open",
                "clearance_proposed",
                "cleared",
                "confirmed",
                "lapsed",
                name="casestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "matched_by",
            sa.Enum(
                "identifier",
                "name",
                "hs_code",
                name="matchedby_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("matched", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("subject_digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("entry_digest", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "facts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("proposed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("cleared_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status <> 'cleared' OR (proposed_by IS NOT NULL AND cleared_by IS NOT NULL)",
            name=op.f("ck_screening_case_cleared_by_two"),
        ),
        sa.CheckConstraint("cleared_by <> proposed_by", name=op.f("ck_screening_case_four_eyes")),
        sa.CheckConstraint(
            "score BETWEEN 0 AND 100", name=op.f("ck_screening_case_score_of_hundred")
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["watch_list_entry.id"],
            name=op.f("fk_screening_case_entry_id_watch_list_entry"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_screening_case_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_screening_case_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["subject_id"],
            ["screening_subject.id"],
            name=op.f("fk_screening_case_subject_id_screening_subject"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_case")),
        sa.UniqueConstraint(
            "subject_id", "entry_id", name=op.f("uq_screening_case_subject_id_entry_id")
        ),
    )
    op.create_index(
        op.f("ix_screening_case_entry_id"), "screening_case", ["entry_id"], unique=False
    )
    op.create_index(
        op.f("ix_screening_case_organisation_id"),
        "screening_case",
        ["organisation_id"],
        unique=False,
    )
    op.create_index("ix_screening_case_status", "screening_case", ["status"], unique=False)
    op.create_table(
        "watch_list_name",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("key", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["watch_list_entry.id"],
            name=op.f("fk_watch_list_name_entry_id_watch_list_entry"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_watch_list_name")),
    )
    op.create_index(
        op.f("ix_watch_list_name_entry_id"), "watch_list_name", ["entry_id"], unique=False
    )
    op.create_index(
        "ix_watch_list_name_key",
        "watch_list_name",
        ["key"],
        unique=False,
        postgresql_using="gin",
        postgresql_ops={"key": "gin_trgm_ops"},
    )

    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index(
        "ix_watch_list_name_key",
        table_name="watch_list_name",
        postgresql_using="gin",
        postgresql_ops={"key": "gin_trgm_ops"},
    )
    op.drop_index(op.f("ix_watch_list_name_entry_id"), table_name="watch_list_name")
    op.drop_table("watch_list_name")
    op.drop_index("ix_screening_case_status", table_name="screening_case")
    op.drop_index(op.f("ix_screening_case_organisation_id"), table_name="screening_case")
    op.drop_index(op.f("ix_screening_case_entry_id"), table_name="screening_case")
    op.drop_table("screening_case")
    op.drop_index(
        "ix_watch_list_entry_identifiers", table_name="watch_list_entry", postgresql_using="gin"
    )
    op.drop_index(
        "ix_watch_list_entry_goods",
        table_name="watch_list_entry",
        postgresql_where=sa.text("kind = 'goods' AND removed_at IS NULL"),
    )
    op.drop_table("watch_list_entry")
    op.drop_table("watch_list")
    op.drop_index(op.f("ix_screening_subject_organisation_id"), table_name="screening_subject")
    op.drop_table("screening_subject")
