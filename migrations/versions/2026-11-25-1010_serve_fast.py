"""Documents for everybody, written by the workers; authentication in one statement.

Revision ID: 0005
Revises: 0004
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

POLICIES = """
ALTER TABLE public_document ENABLE ROW LEVEL SECURITY;
ALTER TABLE public_document FORCE ROW LEVEL SECURITY;
CREATE POLICY readers ON public_document FOR SELECT TO kerben_app USING (true);
CREATE POLICY worker ON public_document TO kerben_worker USING (true) WITH CHECK (true);
"""
# Both run as the caller, behind the same policies as its other statements. The proof is a keyed
# hash, so that the time of a comparison tells nothing about the secret.
AUTHENTICATION = """
CREATE FUNCTION kerben_client(wanted uuid) RETURNS TABLE (
  client_id uuid, org_id uuid, kind text, scopes text[], expires_at timestamptz,
  revoked_at timestamptz, last_used_at timestamptz, roles text[], status text, at timestamptz
) LANGUAGE sql STABLE AS $$
  SELECT c.id, c.org_id, c.kind::text, c.scopes, c.expires_at, c.revoked_at, c.last_used_at,
         o.roles, o.status::text, clock_timestamp()
  FROM api_client c JOIN organisation o ON o.id = c.org_id
  WHERE c.id = wanted
$$;
CREATE FUNCTION kerben_authenticate(wanted text, proof text) RETURNS TABLE (
  client_id uuid, org_id uuid, kind text, scopes text[], expires_at timestamptz,
  revoked_at timestamptz, last_used_at timestamptz, roles text[], status text, at timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE found_id uuid; found_org uuid;
BEGIN
  PERFORM set_config('kerben.key_prefix', wanted, true);
  SELECT c.id, c.org_id INTO found_id, found_org
  FROM api_client c WHERE c.prefix = wanted AND c.secret_hash = proof;
  IF found_id IS NOT NULL THEN
    PERFORM set_config('kerben.org_id', found_org::text, true);
    RETURN QUERY SELECT * FROM kerben_client(found_id);
  END IF;
END $$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "public_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("path", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("etag", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_public_document")),
        sa.UniqueConstraint("path", name=op.f("uq_public_document_path")),
    )
    op.execute(POLICIES)
    op.get_bind().connection.cursor().execute(AUTHENTICATION)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION kerben_authenticate")
    op.execute("DROP FUNCTION kerben_client")
    op.drop_table("public_document")
