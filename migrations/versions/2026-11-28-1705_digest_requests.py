"""A daily mail about requests: who wants it, and what it has named.

Revision ID: 0141
Revises: 0140
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0141"
down_revision: str | Sequence[str] | None = "0140"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE request_digest ENABLE ROW LEVEL SECURITY;
ALTER TABLE request_digest FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON request_digest TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY owner ON request_digest TO kerben_app
  USING (org_id = kerben_org())
  WITH CHECK (org_id = kerben_org() AND EXISTS (
    SELECT FROM member m WHERE m.id = member_id AND m.org_id = kerben_org()));
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "match_alert", sa.Column("digested_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.create_table(
        "request_digest",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("sent_on", sa.Date(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        _refers("org_id", "organisation"),
        _refers("member_id", "member"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_request_digest")),
    )
    op.create_index(op.f("ix_request_digest_org_id"), "request_digest", ["org_id"])
    op.create_index(
        "uq_request_digest_member",
        "request_digest",
        ["member_id"],
        unique=True,
        postgresql_where=sa.text("stopped_at IS NULL"),
    )
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("request_digest")
    op.drop_column("match_alert", "digested_at")


def _refers(column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_request_digest_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="RESTRICT")
