"""What certificates said before they were renewed under their numbers.

Revision ID: 0129
Revises: 0128
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0129"
down_revision: str | Sequence[str] | None = "0128"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE certificate_edition ENABLE ROW LEVEL SECURITY;
ALTER TABLE certificate_edition FORCE ROW LEVEL SECURITY;
CREATE POLICY owner ON certificate_edition TO kerben_app
  USING (org_id = kerben_org())
  WITH CHECK (org_id = kerben_org() AND EXISTS (
    SELECT FROM certificate c WHERE c.id = certificate_id AND c.org_id = kerben_org()));
CREATE POLICY operator ON certificate_edition FOR SELECT TO kerben_app USING (kerben_operator());
CREATE POLICY worker ON certificate_edition TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON certificate_edition
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
REVOKE UPDATE, DELETE, TRUNCATE ON certificate_edition FROM kerben_app, kerben_worker;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "certificate_edition",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("certificate_id", sa.Uuid(), nullable=False),
        sa.Column("issued_by", _text(300), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("registry_url", _text(2000), nullable=True),
        sa.Column("document_sha256", _text(64), nullable=True),
        sa.Column("file_id", sa.Uuid(), nullable=True),
        sa.Column("file_name", _text(500), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "claimed",
                "verified",
                "withdrawn",
                name="certificatestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("entered_by", _text(80), nullable=True),
        sa.Column("verified_by", _text(80), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("renewed_by", _text(80), nullable=False),
        _refers("org_id", "organisation"),
        _refers("certificate_id", "certificate"),
        _refers("file_id", "file"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_certificate_edition")),
    )
    for column in ("certificate_id", "file_id"):
        op.create_index(op.f(f"ix_certificate_edition_{column}"), "certificate_edition", [column])
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_table("certificate_edition")


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sqlmodel.sql.sqltypes.AutoString(length=length)


def _refers(column: str, other: str) -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_certificate_edition_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="RESTRICT")
