"""People log in; clients prove themselves by keys, from addresses that they name.

Revision ID: 0044
Revises: 0043
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0044"
down_revision: str | Sequence[str] | None = "0043"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = (
    "person",
    "federated_identity",
    "recovery_code",
    "passkey",
    "one_time_token",
    "identity_provider",
    "login_session",
    "login_throttle",
    "client_assertion",
)
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
"""
# kerben.person_id: who has proved to be that person. kerben.proof: what somebody has shown who has
# not proved anything yet (the hash of a token, an address, the name that a provider has for them);
# it finds the one row that it belongs to.
POLICIES = """
CREATE FUNCTION kerben_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('kerben.person_id', true), '')::uuid $$;
CREATE FUNCTION kerben_proof() RETURNS text LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT nullif(current_setting('kerben.proof', true), '') $$;

CREATE POLICY own ON person TO kerben_app
  USING (id = kerben_person()) WITH CHECK (id = kerben_person());
CREATE POLICY login ON person FOR SELECT TO kerben_app USING (email = kerben_proof());
CREATE POLICY own ON federated_identity TO kerben_app
  USING (person_id = kerben_person()) WITH CHECK (person_id = kerben_person());
CREATE POLICY login ON federated_identity FOR SELECT TO kerben_app
  USING (issuer || ' ' || subject = kerben_proof());
CREATE POLICY own ON recovery_code TO kerben_app
  USING (person_id = kerben_person()) WITH CHECK (person_id = kerben_person());
CREATE POLICY own ON passkey TO kerben_app
  USING (person_id = kerben_person()) WITH CHECK (person_id = kerben_person());

CREATE POLICY owner ON one_time_token TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
CREATE POLICY redeem ON one_time_token TO kerben_app
  USING (token_hash = kerben_proof()) WITH CHECK (token_hash = kerben_proof());

CREATE POLICY visible ON identity_provider FOR SELECT TO kerben_app
  USING (disabled_at IS NULL OR org_id = kerben_org() OR kerben_operator());
CREATE POLICY owner ON identity_provider TO kerben_app
  USING (org_id = kerben_org() OR (org_id IS NULL AND kerben_operator()))
  WITH CHECK (org_id = kerben_org() OR (org_id IS NULL AND kerben_operator()));

-- An organisation ends the sessions of its members; only the person begins one.
CREATE POLICY own ON login_session TO kerben_app
  USING (person_id = kerben_person()) WITH CHECK (person_id = kerben_person());
CREATE POLICY employer_read ON login_session FOR SELECT TO kerben_app
  USING (org_id = kerben_org() OR token_hash = kerben_proof());
CREATE POLICY employer_end ON login_session FOR UPDATE TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());

-- Keyed hashes and counts: they say nothing to who cannot name the account.
CREATE POLICY count ON login_throttle TO kerben_app USING (true) WITH CHECK (true);
CREATE POLICY own ON client_assertion TO kerben_app
  USING (EXISTS (SELECT FROM api_client c WHERE c.id = client_id))
  WITH CHECK (EXISTS (SELECT FROM api_client c WHERE c.id = client_id));

-- A client that proves itself by a signature is looked up by the id that it claims.
CREATE POLICY claimed ON api_client FOR SELECT TO kerben_app
  USING (jwks IS NOT NULL AND id::text = kerben_proof());

CREATE POLICY own_memberships ON member FOR SELECT TO kerben_app
  USING (person_id = kerben_person() OR email = kerben_proof());
CREATE POLICY join_in ON member FOR UPDATE TO kerben_app
  USING (person_id IS NULL AND email = kerben_proof()) WITH CHECK (person_id = kerben_person());
"""
CLIENT = """
CREATE FUNCTION kerben_client(wanted uuid) RETURNS TABLE (
  client_id uuid, org_id uuid, kind text, scopes text[], expires_at timestamptz,
  revoked_at timestamptz, last_used_at timestamptz, roles text[], status text, at timestamptz{type}
) LANGUAGE sql STABLE AS $$
  SELECT c.id, c.org_id, c.kind::text, c.scopes, c.expires_at, c.revoked_at, c.last_used_at,
         o.roles, o.status::text, clock_timestamp(){column}
  FROM api_client c JOIN organisation o ON o.id = c.org_id
  WHERE c.id = wanted
$$;
CREATE FUNCTION kerben_authenticate(wanted text, proof text) RETURNS TABLE (
  client_id uuid, org_id uuid, kind text, scopes text[], expires_at timestamptz,
  revoked_at timestamptz, last_used_at timestamptz, roles text[], status text, at timestamptz{type}
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
SESSION = """
CREATE FUNCTION kerben_session(proof text) RETURNS TABLE (
  session_id uuid, person_id uuid, member_id uuid, org_id uuid, role text,
  second_factor_at timestamptz, last_used_at timestamptz, expires_at timestamptz,
  ended boolean, roles text[], status text, at timestamptz
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE found_id uuid; found_person uuid; found_org uuid;
BEGIN
  PERFORM set_config('kerben.proof', proof, true);
  SELECT s.id, s.person_id, s.org_id INTO found_id, found_person, found_org
  FROM login_session s WHERE s.token_hash = proof;
  IF found_id IS NOT NULL THEN
    PERFORM set_config('kerben.org_id', found_org::text, true);
    PERFORM set_config('kerben.person_id', found_person::text, true);
    RETURN QUERY
      SELECT s.id, s.person_id, s.member_id, s.org_id, m.role::text, s.second_factor_at,
             s.last_used_at, s.expires_at,
             s.revoked_at IS NOT NULL OR m.removed_at IS NOT NULL OR p.disabled_at IS NOT NULL,
             o.roles, o.status::text, clock_timestamp()
      FROM login_session s JOIN person p ON p.id = s.person_id
        JOIN member m ON m.id = s.member_id JOIN organisation o ON o.id = s.org_id
      WHERE s.id = found_id;
  END IF;
END $$;
"""


def _run(statements: str) -> None:
    op.get_bind().connection.cursor().execute(statements)


def _replace_client(*, type: str = "", column: str = "") -> None:
    op.execute("DROP FUNCTION kerben_authenticate")
    op.execute("DROP FUNCTION kerben_client")
    _run(CLIENT.replace("{type}", type).replace("{column}", column))


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "login_throttle",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_throttle")),
        sa.UniqueConstraint("subject", name=op.f("uq_login_throttle_subject")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("email", sqlmodel.sql.sqltypes.AutoString(length=254), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("password_hash", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True),
        sa.Column("totp_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("totp_step", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "totp_confirmed_at IS NULL OR totp_secret IS NOT NULL",
            name=op.f("ck_person_confirmed_has_secret"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("email", name=op.f("uq_person_email")),
    )
    op.create_table(
        "federated_identity",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("subject", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_federated_identity_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_federated_identity")),
        sa.UniqueConstraint("issuer", "subject", name=op.f("uq_federated_identity_issuer_subject")),
    )
    op.create_index(
        op.f("ix_federated_identity_person_id"), "federated_identity", ["person_id"], unique=False
    )
    op.create_table(
        "identity_provider",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=True),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("issuer", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("client_id", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=False),
        sa.Column("client_secret", sa.LargeBinary(), nullable=True),
        sa.Column(
            "second_factor_amr", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
        ),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_identity_provider_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_provider")),
    )
    op.create_index(
        "uq_identity_provider_issuer",
        "identity_provider",
        ["org_id", "issuer", "client_id"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.create_table(
        "passkey",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("credential_id", sa.LargeBinary(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", sa.BigInteger(), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_passkey_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_passkey")),
        sa.UniqueConstraint("credential_id", name=op.f("uq_passkey_credential_id")),
    )
    op.create_index(op.f("ix_passkey_person_id"), "passkey", ["person_id"], unique=False)
    op.create_table(
        "recovery_code",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_recovery_code_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_recovery_code_code_hash")),
    )
    op.create_index(
        op.f("ix_recovery_code_person_id"), "recovery_code", ["person_id"], unique=False
    )
    op.create_table(
        "client_assertion",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("jti", sqlmodel.sql.sqltypes.AutoString(length=255), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["api_client.id"],
            name=op.f("fk_client_assertion_client_id_api_client"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_client_assertion")),
        sa.UniqueConstraint("client_id", "jti", name=op.f("uq_client_assertion_client_id_jti")),
    )
    op.create_table(
        "login_session",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column(
            "method",
            sa.Enum(
                "password",
                "oidc",
                name="loginmethod_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("confined", sa.Boolean(), nullable=False),
        sa.Column("ip", sqlmodel.sql.sqltypes.AutoString(length=45), nullable=True),
        sa.Column("user_agent", sqlmodel.sql.sqltypes.AutoString(length=300), nullable=True),
        sa.Column("second_factor_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("challenge", sa.LargeBinary(), nullable=True),
        sa.Column("challenge_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(challenge IS NULL) = (challenge_expires_at IS NULL)",
            name=op.f("ck_login_session_challenge_expires"),
        ),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
            name=op.f("fk_login_session_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_login_session_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_login_session_person_id_person"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_session")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_login_session_token_hash")),
    )
    op.create_index(
        op.f("ix_login_session_member_id"), "login_session", ["member_id"], unique=False
    )
    op.create_index(
        op.f("ix_login_session_person_id"), "login_session", ["person_id"], unique=False
    )
    op.create_table(
        "one_time_token",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("member_id", sa.Uuid(), nullable=False),
        sa.Column(
            "purpose",
            sa.Enum(
                "invitation",
                "password_reset",
                name="tokenpurpose_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("token_hash", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("clears_second_factors", sa.Boolean(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["member_id"],
            ["member.id"],
            name=op.f("fk_one_time_token_member_id_member"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_one_time_token_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_one_time_token")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_one_time_token_token_hash")),
    )
    op.create_index(
        op.f("ix_one_time_token_member_id"), "one_time_token", ["member_id"], unique=False
    )
    op.add_column(
        "api_client",
        sa.Column(
            "jwks", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
    )
    op.add_column(
        "api_client",
        sa.Column(
            "allowed_cidrs", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False
        ),
    )
    op.add_column("member", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.create_index(op.f("ix_member_email"), "member", ["email"], unique=False)
    op.create_index(op.f("ix_member_person_id"), "member", ["person_id"], unique=False)
    op.create_unique_constraint(
        op.f("uq_member_org_id_person_id"), "member", ["org_id", "person_id"]
    )
    op.create_foreign_key(
        op.f("fk_member_person_id_person"),
        "member",
        "person",
        ["person_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)
    _run(SESSION)
    _replace_client(type=", allowed_cidrs text[]", column=", c.allowed_cidrs")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _replace_client()
    op.execute("DROP FUNCTION kerben_session")
    op.execute("DROP POLICY claimed ON api_client")
    op.execute("DROP POLICY own_memberships ON member")
    op.execute("DROP POLICY join_in ON member")
    op.drop_constraint(op.f("fk_member_person_id_person"), "member", type_="foreignkey")
    op.drop_constraint(op.f("uq_member_org_id_person_id"), "member", type_="unique")
    op.drop_index(op.f("ix_member_person_id"), table_name="member")
    op.drop_index(op.f("ix_member_email"), table_name="member")
    op.drop_column("member", "person_id")
    op.drop_column("api_client", "allowed_cidrs")
    op.drop_column("api_client", "jwks")
    op.drop_index(op.f("ix_one_time_token_member_id"), table_name="one_time_token")
    op.drop_table("one_time_token")
    op.drop_index(op.f("ix_login_session_person_id"), table_name="login_session")
    op.drop_index(op.f("ix_login_session_member_id"), table_name="login_session")
    op.drop_table("login_session")
    op.drop_table("client_assertion")
    op.drop_index(op.f("ix_recovery_code_person_id"), table_name="recovery_code")
    op.drop_table("recovery_code")
    op.drop_index(op.f("ix_passkey_person_id"), table_name="passkey")
    op.drop_table("passkey")
    op.drop_index(
        "uq_identity_provider_issuer",
        table_name="identity_provider",
        postgresql_nulls_not_distinct=True,
    )
    op.drop_table("identity_provider")
    op.drop_index(op.f("ix_federated_identity_person_id"), table_name="federated_identity")
    op.drop_table("federated_identity")
    op.drop_table("person")
    op.drop_table("login_throttle")
    op.execute("DROP FUNCTION kerben_proof")
    op.execute("DROP FUNCTION kerben_person")
