"""An audit entry's request is known by its address and key, beside the chain and for a time.

Revision ID: 0114
Revises: 0112
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0114"
down_revision: str | Sequence[str] | None = "0112"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# The API writes where requests came from and never reads it: that is the keeper's of the log. As with
# the entries, no check: who joins another organisation acts there while it came from its own.
PROTECT = """
REVOKE SELECT, UPDATE, DELETE, TRUNCATE ON audit_origin FROM kerben_app;
REVOKE TRUNCATE ON audit_origin FROM kerben_worker;
ALTER TABLE audit_origin ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_origin FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON audit_origin TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_insert ON audit_origin FOR INSERT TO kerben_app WITH CHECK (true);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "audit_origin",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=True),
        sa.Column("person_id", sa.Uuid(), nullable=True),
        sa.Column("ip", sqlmodel.sql.sqltypes.AutoString(length=45), nullable=True),
        sa.Column("key_prefix", sqlmodel.sql.sqltypes.AutoString(length=8), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_origin")),
    )
    op.create_index(op.f("ix_audit_origin_request_id"), "audit_origin", ["request_id"])
    op.create_index(op.f("ix_audit_origin_person_id"), "audit_origin", ["person_id"])
    op.create_index(op.f("ix_audit_origin_created_at"), "audit_origin", ["created_at"])
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("audit_origin")
