"""Questions about tenders and their answers; amendments say why, and whether bids must be confirmed.

Who asked stands in a table of its own, which nobody but the asker reads before bids are opened.
Amendments made before were the buyer's, and there was no bid to be confirmed.

Revision ID: 0010
Revises: 0009
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

PROTECT = """
ALTER TABLE tender_enquiry ENABLE ROW LEVEL SECURITY;
ALTER TABLE tender_enquiry FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON tender_enquiry FOR SELECT TO kerben_app USING (
  (status = 'answered' AND EXISTS (SELECT FROM tender t WHERE t.id = tender_id))
  OR EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org())
  OR EXISTS (SELECT FROM tender_enquiry_author a
             WHERE a.enquiry_id = tender_enquiry.id AND a.author_id = kerben_org()));
CREATE POLICY app_insert ON tender_enquiry FOR INSERT TO kerben_app WITH CHECK (EXISTS (
  SELECT FROM tender t
  WHERE t.id = tender_id AND t.published_at IS NOT NULL AND t.buyer_id <> kerben_org()));
CREATE POLICY app_update ON tender_enquiry FOR UPDATE TO kerben_app USING (EXISTS (
  SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()));
CREATE POLICY worker ON tender_enquiry TO kerben_worker USING (true) WITH CHECK (true);

ALTER TABLE tender_enquiry_author ENABLE ROW LEVEL SECURITY;
ALTER TABLE tender_enquiry_author FORCE ROW LEVEL SECURITY;
CREATE POLICY app_read ON tender_enquiry_author FOR SELECT TO kerben_app USING (
  author_id = kerben_org() OR EXISTS (
    SELECT FROM tender t WHERE t.id = tender_id AND t.status_details IN (
      'firstPackageEvaluated', 'secondPackageOpened', 'bidsOpened', 'evaluationComplete',
      'evaluationResultsPending', 'contractSignPending', 'contractSigned')));
CREATE POLICY app_insert ON tender_enquiry_author FOR INSERT TO kerben_app
  WITH CHECK (author_id = kerben_org());
CREATE POLICY worker ON tender_enquiry_author TO kerben_worker USING (true) WITH CHECK (true);

-- A question stays as it was asked, and an answer as it was given.
CREATE FUNCTION kerben_keep_enquiry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a question and its answer are never altered';
END $$;
CREATE TRIGGER keep_question BEFORE UPDATE ON tender_enquiry
  FOR EACH ROW WHEN (
    (OLD.tender_id, OLD.lot_id, OLD.title, OLD.description)
    IS DISTINCT FROM (NEW.tender_id, NEW.lot_id, NEW.title, NEW.description)
    OR (OLD.status = 'answered'
        AND (OLD.status, OLD.answer, OLD.answered_at, OLD.answered_late)
        IS DISTINCT FROM (NEW.status, NEW.answer, NEW.answered_at, NEW.answered_late)))
  EXECUTE FUNCTION kerben_keep_enquiry();
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON tender_enquiry
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE TRIGGER keep_author BEFORE UPDATE OR DELETE OR TRUNCATE ON tender_enquiry_author
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    columns: tuple[tuple[str, sa.Column[object]], ...] = (
        ("tender", sa.Column("prolonged", sa.Integer(), nullable=False, server_default="0")),
        ("tender_amendment", sa.Column("cause", _cause(), nullable=False, server_default="buyer")),
        (
            "tender_amendment",
            sa.Column("needs_confirmation", sa.Boolean(), nullable=False, server_default="false"),
        ),
    )
    for table, column in columns:
        op.add_column(table, column)
        op.alter_column(table, column.name, server_default=None)
    op.create_table(
        "tender_enquiry",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "answered",
                name="enquirystatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("title", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("description", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_late", sa.Boolean(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'answered') = (answer IS NOT NULL AND answered_at IS NOT NULL AND answered_late IS NOT NULL)",
            name=op.f("ck_tender_enquiry_answered_has_answer"),
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_tender_enquiry_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_tender_enquiry_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_enquiry")),
    )
    op.create_index(
        "ix_tender_enquiry_tender_id_status",
        "tender_enquiry",
        ["tender_id", "status"],
        unique=False,
    )
    op.create_table(
        "tender_enquiry_author",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("enquiry_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["organisation.id"],
            name=op.f("fk_tender_enquiry_author_author_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["enquiry_id"],
            ["tender_enquiry.id"],
            name=op.f("fk_tender_enquiry_author_enquiry_id_tender_enquiry"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_tender_enquiry_author_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_enquiry_author")),
        sa.UniqueConstraint("enquiry_id", name=op.f("uq_tender_enquiry_author_enquiry_id")),
    )
    op.create_index(
        op.f("ix_tender_enquiry_author_author_id"),
        "tender_enquiry_author",
        ["author_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_tender_enquiry_author_tender_id"),
        "tender_enquiry_author",
        ["tender_id"],
        unique=False,
    )
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, column in (
        ("tender_amendment", "needs_confirmation"),
        ("tender_amendment", "cause"),
        ("tender", "prolonged"),
    ):
        op.drop_column(table, column)
    op.execute("DROP TABLE tender_enquiry_author, tender_enquiry")
    op.execute("DROP FUNCTION kerben_keep_enquiry()")


def _cause() -> sa.Enum:
    return sa.Enum(
        "buyer",
        "lateAnswer",
        "suspension",
        "autoProlongation",
        name="amendmentcause_valid",
        native_enum=False,
        create_constraint=True,
        length=32,
    )
