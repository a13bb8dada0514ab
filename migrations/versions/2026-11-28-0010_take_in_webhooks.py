"""One intake of what others send: sources with two valid secrets, messages worked by jobs.

Sources and messages of tracking move into it and keep their ids. Their secrets, which were
encrypted to the sealing key, are encrypted anew (core/encryption.py), so that this needs both keys.

Revision ID: 0040
Revises: 0037
"""

from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

from api.core import encryption
from api.procurement.sealing import installation, keys

revision: str = "0040"
down_revision: str | Sequence[str] | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NEW = ("intake_source", "intake_message")
OLD = ("tracking_source", "tracking_message")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY owner ON {table} TO kerben_app
  USING (org_id = kerben_org()) WITH CHECK (org_id = kerben_org());
"""
POLICIES = """
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON intake_source
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
-- A webhook comes without credentials: it names its source, and its signature proves it.
CREATE POLICY named ON intake_source FOR SELECT TO kerben_app
  USING (id::text = current_setting('kerben.intake_source', true));

-- What was sent is never altered: the roles may not, and a trigger refuses it.
REVOKE UPDATE, DELETE, TRUNCATE ON intake_message FROM kerben_app, kerben_worker;
GRANT UPDATE (job_id, worked_at, attempts, updated_at) ON intake_message
  TO kerben_app, kerben_worker;
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON intake_message
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE TRIGGER keep_content BEFORE UPDATE OF id, created_at, source_id, org_id, external_id,
  verified_by, media_type, headers, sha256, body, received_at ON intake_message
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
MOVE_SOURCES = """
INSERT INTO intake_source (id, created_at, updated_at, org_id, name, provider, scheme, secret,
  settings, disabled_at, version)
SELECT id, created_at, updated_at, org_id, name, kind,
  CASE kind WHEN 'api' THEN NULL WHEN 'track17' THEN 'track17' ELSE 'hmac_sha256' END, secret,
  jsonb_build_object('timezone', timezone, 'future_tolerance_seconds', future_tolerance_seconds),
  disabled_at, version
FROM tracking_source;
"""
MOVE_SOURCES_BACK = """
INSERT INTO tracking_source (id, created_at, updated_at, org_id, name, kind, secret, timezone,
  future_tolerance_seconds, disabled_at, version)
SELECT id, created_at, updated_at, org_id, name,
  CASE provider WHEN 'partner' THEN 'api' ELSE provider END,
  CASE provider WHEN 'partner' THEN NULL ELSE secret END, settings->>'timezone',
  (settings->>'future_tolerance_seconds')::int, disabled_at, version
FROM intake_source
WHERE provider IN ('api', 'partner', 'track17', 'aftership', 'dcsa', 'epcis');
"""
MOVE = """
INSERT INTO intake_message (id, created_at, updated_at, source_id, org_id, external_id, job_id,
  verified_by, media_type, headers, sha256, body, received_at, worked_at, attempts)
SELECT m.id, m.created_at, m.updated_at, m.source_id, m.org_id, 'sha256:' || m.sha256, m.job_id,
  CASE WHEN m.signature IS NULL THEN 'credentials' ELSE 'secret' END, m.media_type, '{}',
  m.sha256, m.body, m.received_at, j.done_at, coalesce(j.attempts, 0)
FROM tracking_message m LEFT JOIN job j ON j.id = m.job_id;
UPDATE job SET name = 'intake.work' WHERE name = 'delivery.read_tracking';
"""
MOVE_BACK = """
INSERT INTO tracking_message (id, created_at, updated_at, source_id, org_id, job_id, media_type,
  signature, sha256, body, received_at)
SELECT DISTINCT ON (source_id, sha256) id, created_at, updated_at, source_id, org_id, job_id,
  media_type, CASE WHEN verified_by = 'credentials' THEN NULL ELSE '' END, sha256, body, received_at
FROM intake_message m WHERE EXISTS (SELECT FROM tracking_source s WHERE s.id = m.source_id)
ORDER BY source_id, sha256, id;
UPDATE job SET name = 'delivery.read_tracking' WHERE name = 'intake.work';
ALTER TABLE tracking_event DISABLE TRIGGER append_only;
ALTER TABLE tracking_fault DISABLE TRIGGER append_only;
UPDATE tracking_event SET message_id = NULL
  WHERE message_id NOT IN (SELECT id FROM tracking_message);
DELETE FROM tracking_fault WHERE message_id NOT IN (SELECT id FROM tracking_message);
ALTER TABLE tracking_event ENABLE TRIGGER append_only;
ALTER TABLE tracking_fault ENABLE TRIGGER append_only;
"""
FROZEN = """
REVOKE UPDATE, DELETE, TRUNCATE ON tracking_message FROM kerben_app, kerben_worker;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tracking_message
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON tracking_source
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE POLICY named ON tracking_source FOR SELECT TO kerben_app
  USING (id::text = current_setting('kerben.tracking_source', true));
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    _force(False, "job", *OLD)
    _run(MOVE_SOURCES)
    for id, secret in _secrets("intake_source"):
        plain = installation.own_identity().decrypt(secret)[16:].decode()
        _set_secret("intake_source", id, encryption.lock(plain, id))
    _run(MOVE)
    _force(True, "job")
    _point("intake_source", "intake_message")
    for table in reversed(OLD):
        op.drop_table(table)
    for table in NEW:
        _run(PROTECT.format(table=table))
    _run(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_old_tables()
    _force(False, "job", *NEW, "tracking_event", "tracking_fault")
    _run(MOVE_SOURCES_BACK)
    own = None
    for id, secret in _secrets("tracking_source"):
        own = own or installation.own_identity().recipient
        plain = id.bytes + encryption.unlock(secret, id).encode()
        _set_secret("tracking_source", id, keys.encrypt(plain, [own]))
    _point("tracking_source", "tracking_message", then=MOVE_BACK)
    _force(True, "job", "tracking_event", "tracking_fault")
    for table in reversed(NEW):
        op.drop_table(table)
    for table in OLD:
        _run(PROTECT.format(table=table))
    _run(FROZEN)


def _run(statements: str) -> None:
    # Through the bare cursor: SQLAlchemy and the driver take colons and percents for parameters.
    op.get_bind().connection.cursor().execute(statements)


def _force(yes: bool, *tables: str) -> None:
    """Whether row-level security binds the owner too, for whom there is no policy."""
    for table in tables:
        _run(f"ALTER TABLE {table} {'' if yes else 'NO '}FORCE ROW LEVEL SECURITY")


def _secrets(table: str) -> list[tuple[UUID, bytes]]:
    rows = op.get_bind().execute(
        sa.text(f"SELECT id, secret FROM {table} WHERE secret IS NOT NULL")
    )
    return [(row.id, bytes(row.secret)) for row in rows]


def _set_secret(table: str, id: UUID, secret: bytes) -> None:
    op.get_bind().execute(
        sa.text(f"UPDATE {table} SET secret = :secret WHERE id = :id"),
        {"secret": secret, "id": id},
    )


def _point(source: str, message: str, then: str = "SELECT 1") -> None:
    """Let events and faults refer to these tables, once `then` has been done."""
    references = (
        ("tracking_event", "source_id", {"intake_source", "tracking_source"}, source),
        ("tracking_event", "message_id", {"intake_message", "tracking_message"}, message),
        ("tracking_fault", "message_id", {"intake_message", "tracking_message"}, message),
    )
    for table, column, both, new in references:
        (old,) = both - {new}
        op.drop_constraint(op.f(f"fk_{table}_{column}_{old}"), table, type_="foreignkey")
    _run(then)
    for table, column, _, new in references:
        op.create_foreign_key(
            op.f(f"fk_{table}_{column}_{new}"), table, new, [column], ["id"], ondelete="RESTRICT"
        )


def _common(table: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f(f"fk_{table}_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _text(name: str, length: int, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sqlmodel.sql.sqltypes.AutoString(length=length), nullable=nullable)


def _source(table: str, source: str) -> tuple[sa.schema.SchemaItem, ...]:
    return (
        sa.Column("source_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["source_id"],
            [f"{source}.id"],
            name=op.f(f"fk_{table}_source_id_{source}"),
            ondelete="RESTRICT",
        ),
    )


def _create_tables() -> None:
    op.create_table(
        "intake_source",
        *_common("intake_source"),
        _text("name", 100),
        _text("provider", 40),
        _text("scheme", 40, nullable=True),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret", sa.LargeBinary(), nullable=True),
        sa.Column("previous_secret_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("allowed_cidrs", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("settings", postgresql.JSONB(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(scheme IS NULL) = (secret IS NULL)", name=op.f("ck_intake_source_secret_by_scheme")
        ),
        sa.CheckConstraint(
            "(previous_secret IS NULL) = (previous_secret_until IS NULL)",
            name=op.f("ck_intake_source_overlap_ends"),
        ),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_intake_source_org_id_name")),
    )
    op.create_table(
        "intake_message",
        *_common("intake_message"),
        *_source("intake_message", "intake_source"),
        _text("external_id", 200),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column(
            "verified_by",
            sa.Enum(
                "credentials",
                "secret",
                "previous_secret",
                name="proof_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        _text("media_type", 100),
        sa.Column("headers", postgresql.JSONB(), nullable=False),
        _text("sha256", 64),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("worked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.UniqueConstraint(
            "source_id", "external_id", name=op.f("uq_intake_message_source_id_external_id")
        ),
    )
    op.create_index("ix_intake_message_org_id_id", "intake_message", ["org_id", "id"])


def _create_old_tables() -> None:
    op.create_table(
        "tracking_source",
        *_common("tracking_source"),
        _text("name", 100),
        sa.Column(
            "kind",
            sa.Enum(
                "api",
                "track17",
                "aftership",
                "dcsa",
                "epcis",
                name="sourcekind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("secret", sa.LargeBinary(), nullable=True),
        _text("timezone", 50, nullable=True),
        sa.Column("future_tolerance_seconds", sa.Integer(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'api') = (secret IS NULL)", name=op.f("ck_tracking_source_secret_by_kind")
        ),
        sa.CheckConstraint(
            "future_tolerance_seconds BETWEEN 0 AND 86400",
            name=op.f("ck_tracking_source_tolerance_bounded"),
        ),
        sa.UniqueConstraint("org_id", "name", name=op.f("uq_tracking_source_org_id_name")),
    )
    op.create_table(
        "tracking_message",
        *_common("tracking_message"),
        *_source("tracking_message", "tracking_source"),
        sa.Column("job_id", sa.Uuid(), nullable=False),
        _text("media_type", 100),
        _text("signature", 500, nullable=True),
        _text("sha256", 64),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint(
            "source_id", "sha256", name=op.f("uq_tracking_message_source_id_sha256")
        ),
    )
    op.create_index(op.f("ix_tracking_message_org_id"), "tracking_message", ["org_id"])
