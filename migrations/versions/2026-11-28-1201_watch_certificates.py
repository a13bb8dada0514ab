"""Certificates say to whom they were issued and carry their document; their end is told of ahead.

Revision ID: 0100
Revises: 0099
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0100"
down_revision: str | Sequence[str] | None = "0099"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = (
    "holder_name",
    "accreditation_body",
    "file_id",
    "file_name",
    "entered_by",
    "verified_by",
    "verified_at",
    "told",
)
WATCH = """
ALTER TABLE certificate NO FORCE ROW LEVEL SECURITY;
ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY;
INSERT INTO deadline (id, created_at, updated_at, kind, resource_id, org_id, due_at)
  SELECT gen_random_uuid(), now(), now(), 'certificate.notice_due', id, org_id, now()
  FROM certificate WHERE status <> 'withdrawn' AND expires_on >= CURRENT_DATE;
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
ALTER TABLE certificate FORCE ROW LEVEL SECURITY;
"""
REST = """
ALTER TABLE deadline NO FORCE ROW LEVEL SECURITY;
DELETE FROM deadline WHERE kind = 'certificate.notice_due';
ALTER TABLE deadline FORCE ROW LEVEL SECURITY;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column in (
        sa.Column("holder_name", sa.String(length=300), nullable=True),
        sa.Column("accreditation_body", sa.String(length=300), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("file_name", sa.String(length=500), nullable=True),
        sa.Column("entered_by", sa.String(length=80), nullable=True),
        sa.Column("verified_by", sa.String(length=80), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("told", postgresql.ARRAY(sa.Integer()), server_default="{}", nullable=False),
    ):
        op.add_column("certificate", column)
    op.create_foreign_key(
        op.f("fk_certificate_file_id_file"),
        "certificate",
        "file",
        ["file_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_check_constraint(
        op.f("ck_certificate_four_eyes"), "certificate", "verified_by <> entered_by"
    )
    op.create_index(op.f("ix_certificate_file_id"), "certificate", ["file_id"])
    op.create_index("ix_certificate_number", "certificate", ["scheme", "number"])
    op.execute(WATCH)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(REST)
    op.drop_index("ix_certificate_number", table_name="certificate")
    op.drop_index(op.f("ix_certificate_file_id"), table_name="certificate")
    op.drop_constraint(op.f("ck_certificate_four_eyes"), "certificate", type_="check")
    for column in COLUMNS:
        op.drop_column("certificate", column)
