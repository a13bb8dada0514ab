"""Refused rows as they stood in the file, and the row that each offer was last made from.

Revision ID: 0004
Revises: 0003
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE import_row ENABLE ROW LEVEL SECURITY;
ALTER TABLE import_row FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON import_row FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY worker ON import_row TO kerben_worker USING (true) WITH CHECK (true);
ALTER TABLE offer_source ENABLE ROW LEVEL SECURITY;
ALTER TABLE offer_source FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON offer_source FOR SELECT TO kerben_app USING (org_id = kerben_org());
CREATE POLICY worker ON offer_source TO kerben_worker USING (true) WITH CHECK (true);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "import_row",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=False),
        sa.Column("cells", sa.ARRAY(sa.Text()), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("job_id", "row"),
    )
    op.create_table(
        "offer_source",
        sa.Column("offer_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("offer_version", sa.Integer(), nullable=False),
        sa.Column("product_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["offer_id"], ["offer.id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["org_id"], ["organisation.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("offer_id"),
    )
    op.create_index("ix_offer_source_digest", "offer_source", ["org_id", "digest"])
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("offer_source")
    op.drop_table("import_row")
