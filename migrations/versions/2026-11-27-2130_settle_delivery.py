"""Delay, acceptance and disputes of contracts: terms, excuses, alerts, claims, inspections, freezes.

A presented quantity is counted into its row of the schedule, which cannot be presented more than was
received of it.

Revision ID: 0032
Revises: 0031
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0032"
down_revision: str | Sequence[str] | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = (
    "contract_penalty",
    "delivery_excuse",
    "delivery_alert",
    "ld_claim",
    "acceptance",
    "acceptance_inspection",
    "acceptance_defect",
    "dispute",
    "dispute_evidence",
    "payment_freeze",
    "contract_document",
)
APPEND_ONLY = (
    "contract_document",
    "contract_penalty",
    "delivery_alert",
    "acceptance_inspection",
    "dispute_evidence",
)
AUTHOR = {
    "contract_document": "org_id",
    "delivery_excuse": "submitted_by",
    "acceptance": "presented_by",
    "acceptance_inspection": "org_id",
    "dispute": "opened_by",
    "dispute_evidence": "org_id",
}
SIDE = (
    "EXISTS (SELECT FROM contract c WHERE c.id = contract_id"
    " AND (c.buyer_id = kerben_org() OR kerben_org() = ANY(c.suppliers)))"
)
JUDGED = "kerben_reviewer() AND (stage = 'determination' OR determined_by = kerben_org())"
JUDGE = (
    "kerben_reviewer() AND EXISTS (SELECT FROM dispute d WHERE d.contract_id = {table}.contract_id)"
)
READ_BY_JUDGES = ("contract_document", "dispute_evidence", "payment_freeze")
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
OPEN = """
CREATE POLICY app_read ON {table} FOR SELECT TO kerben_app USING ({seen});
CREATE POLICY app_insert ON {table} FOR INSERT TO kerben_app WITH CHECK ({made});
"""
UPDATE = "CREATE POLICY app_update ON {table} FOR UPDATE TO kerben_app USING ({seen});"
FROZEN = """
CREATE TRIGGER append_only BEFORE UPDATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
TRIGGERS = """
CREATE FUNCTION kerben_count_presented() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE delivery_schedule_row SET presented_quantity = presented_quantity + NEW.delivered_quantity
    WHERE id = NEW.schedule_row_id AND contract_id = NEW.contract_id AND withdrawn_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the row is not in force in the contract'
      USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER count_presented AFTER INSERT ON acceptance
  FOR EACH ROW EXECUTE FUNCTION kerben_count_presented();
CREATE TRIGGER keep_presented BEFORE UPDATE ON delivery_schedule_row FOR EACH ROW
  WHEN (pg_trigger_depth() = 0 AND OLD.presented_quantity <> NEW.presented_quantity)
  EXECUTE FUNCTION kerben_keep_counted('a quantity');
CREATE TRIGGER begin_unpresented BEFORE INSERT ON delivery_schedule_row FOR EACH ROW
  WHEN (NEW.presented_quantity <> 0) EXECUTE FUNCTION kerben_keep_counted('a quantity');
CREATE TRIGGER keep_presented BEFORE UPDATE ON acceptance FOR EACH ROW
  WHEN ((OLD.contract_id, OLD.schedule_row_id, OLD.number, OLD.delivered_quantity, OLD.presented_at,
    OLD.deemed_at) IS DISTINCT FROM (NEW.contract_id, NEW.schedule_row_id, NEW.number,
    NEW.delivered_quantity, NEW.presented_at, NEW.deemed_at))
  EXECUTE FUNCTION kerben_keep_counted('what was presented');
CREATE TRIGGER keep_decided BEFORE UPDATE ON acceptance FOR EACH ROW
  WHEN (OLD.status IN ('final', 'deemed', 'rejected'))
  EXECUTE FUNCTION kerben_keep_counted('the decision');
CREATE TRIGGER keep_file BEFORE UPDATE ON ld_claim FOR EACH ROW
  WHEN (OLD.status IN ('agreed', 'waived') OR (OLD.contract_id, OLD.number, OLD.file, OLD.sha256,
    OLD.amount, OLD.as_of, OLD.drafted_by) IS DISTINCT FROM (NEW.contract_id, NEW.number, NEW.file,
    NEW.sha256, NEW.amount, NEW.as_of, NEW.drafted_by))
  EXECUTE FUNCTION kerben_keep_counted('the arithmetic');
CREATE TRIGGER keep_decided BEFORE UPDATE ON delivery_excuse FOR EACH ROW
  WHEN (OLD.status <> 'submitted') EXECUTE FUNCTION kerben_keep_counted('the decision');
CREATE TRIGGER keep_closed BEFORE UPDATE ON dispute FOR EACH ROW
  WHEN (OLD.stage = 'closed') EXECUTE FUNCTION kerben_keep_counted('the outcome');
CREATE TRIGGER keep_released BEFORE UPDATE ON payment_freeze FOR EACH ROW
  WHEN (OLD.released_at IS NOT NULL) EXECUTE FUNCTION kerben_keep_counted('the release');
"""
POLICIES = """
-- What one side lays before the other, both read, and the commission once it has to decide.
CREATE POLICY of_contract ON document FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM contract_document d WHERE d.document_id = document.id));
CREATE POLICY execution_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'execution:%' THEN EXISTS (
    SELECT FROM contract c WHERE c.id = substr(stream, 11)::uuid
      AND (c.buyer_id = kerben_org() OR kerben_org() = ANY(c.suppliers)
        OR (kerben_reviewer() AND EXISTS (SELECT FROM dispute d WHERE d.contract_id = c.id))))
  ELSE false END);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
        seen, changed = SIDE, SIDE
        if table == "dispute":
            seen = changed = f"({SIDE} OR ({JUDGED}))"
        elif table in READ_BY_JUDGES:
            seen = changed = f"({SIDE} OR ({JUDGE.format(table=table)}))"
        made = f"{AUTHOR[table]} = kerben_org() AND {SIDE}" if table in AUTHOR else SIDE
        op.execute(OPEN.format(table=table, seen=seen, made=made))
        op.execute((FROZEN if table in APPEND_ONLY else UPDATE).format(table=table, seen=changed))
    # The driver itself: alembic takes a percent sign for a parameter.
    driver = op.get_bind().connection.cursor()
    driver.execute(TRIGGERS)
    driver.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP POLICY execution_trail ON audit_entry")
    op.execute("DROP POLICY of_contract ON document")
    op.execute("DROP TRIGGER keep_presented ON delivery_schedule_row")
    op.execute("DROP TRIGGER begin_unpresented ON delivery_schedule_row")
    for table in TABLES[::-1]:
        op.drop_table(table)
    op.drop_constraint(
        op.f("ck_delivery_schedule_row_presented_within_received"), "delivery_schedule_row"
    )
    op.drop_column("delivery_schedule_row", "presented_quantity")
    op.execute("DROP FUNCTION kerben_count_presented()")


def _create_tables() -> None:
    op.create_table(
        "contract_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_contract_document_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_contract_document_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_contract_document_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_document")),
        sa.UniqueConstraint(
            "contract_id", "document_id", name=op.f("uq_contract_document_contract_id_document_id")
        ),
    )
    op.create_index(
        op.f("ix_contract_document_document_id"), "contract_document", ["document_id"], unique=False
    )
    op.create_table(
        "contract_penalty",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("rate_bp_per_day", sa.Integer(), nullable=False),
        sa.Column("cap_bp", sa.Integer(), nullable=False),
        sa.Column("grace_days", sa.Integer(), nullable=False),
        sa.Column(
            "unit",
            sa.Enum(
                "calendar",
                "working",
                name="dayunit_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "basis",
            sa.Enum(
                "late_quantity",
                "schedule_row",
                name="penaltybasis_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("calendar", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("reviewed", sa.Boolean(), nullable=False),
        sa.Column("source", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.CheckConstraint(
            "rate_bp_per_day > 0 AND cap_bp BETWEEN 0 AND 10000 AND grace_days >= 0",
            name=op.f("ck_contract_penalty_in_bounds"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_contract_penalty_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_penalty")),
        sa.UniqueConstraint("contract_id", name=op.f("uq_contract_penalty_contract_id")),
    )
    op.create_table(
        "delivery_excuse",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "submitted",
                "accepted",
                "refused",
                name="excusestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
            sa.Enum(
                "border_closure",
                "force_majeure",
                name="excusekind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("first_date", sa.Date(), nullable=False),
        sa.Column("last_date", sa.Date(), nullable=False),
        sa.Column("schedule_row_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column(
            "evidence",
            sa.Enum(
                "official_notice",
                "force_majeure_certificate",
                name="excuseevidence_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("issuer", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(kind = 'border_closure' AND evidence = 'official_notice') OR (kind = 'force_majeure' AND evidence = 'force_majeure_certificate')",
            name=op.f("ck_delivery_excuse_evidence_proves_it"),
        ),
        sa.CheckConstraint(
            "(status = 'submitted') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name=op.f("ck_delivery_excuse_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "status <> 'refused' OR reason IS NOT NULL",
            name=op.f("ck_delivery_excuse_refusal_has_reason"),
        ),
        sa.CheckConstraint("last_date >= first_date", name=op.f("ck_delivery_excuse_days_forward")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_delivery_excuse_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_delivery_excuse_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"],
            ["organisation.id"],
            name=op.f("fk_delivery_excuse_submitted_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_excuse")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_delivery_excuse_contract_id_number")
        ),
    )
    op.create_table(
        "dispute",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "type",
            sa.Enum(
                "late_shipment",
                "short",
                "defect",
                "wrong",
                "documents",
                "payment",
                "force_majeure",
                name="disputetype_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "stage",
            sa.Enum(
                "negotiation",
                "escalated",
                "inspection",
                "determination",
                "closed",
                name="disputestage_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("opened_by", sa.Uuid(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("schedule_row_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column(
            "desired_outcome",
            sa.Enum(
                "refund",
                "replace",
                "repair",
                "price_reduction",
                "liquidated_damages",
                "payment",
                "extension",
                name="desiredoutcome_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("claimed_amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("stage_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("overdue_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("inspection_agency", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column(
            "settlement", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True
        ),
        sa.Column("settlement_by", sa.Uuid(), nullable=True),
        sa.Column(
            "outcome",
            sa.Enum(
                "settled",
                "withdrawn",
                "determined",
                name="disputeoutcome_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "party_at_fault",
            sa.Enum(
                "buyer",
                "supplier",
                "both",
                "neither",
                name="fault_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("refund", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("replace", sa.Boolean(), nullable=False),
        sa.Column("liquidated_damages", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("cost_of_inspection", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column(
            "inspection_paid_by",
            sa.Enum(
                "buyer",
                "supplier",
                name="side_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("rationale", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("determined_by", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(outcome = 'determined') = (determined_by IS NOT NULL)",
            name=op.f("ck_dispute_determined_by_somebody"),
        ),
        sa.CheckConstraint(
            "(stage = 'closed') = (outcome IS NOT NULL AND closed_at IS NOT NULL)",
            name=op.f("ck_dispute_closed_has_outcome"),
        ),
        sa.CheckConstraint(
            "coalesce(outcome IN ('determined', 'settled'), false) = (party_at_fault IS NOT NULL)",
            name=op.f("ck_dispute_decided_names_fault"),
        ),
        sa.CheckConstraint(
            "(cost_of_inspection IS NULL) = (inspection_paid_by IS NULL)",
            name=op.f("ck_dispute_inspection_paid_by_somebody"),
        ),
        sa.CheckConstraint(
            "(settlement IS NULL) = (settlement_by IS NULL)",
            name=op.f("ck_dispute_settlement_has_author"),
        ),
        sa.CheckConstraint("claimed_amount > 0", name=op.f("ck_dispute_claimed_positive")),
        sa.CheckConstraint(
            "refund >= 0 AND liquidated_damages >= 0 AND cost_of_inspection >= 0",
            name=op.f("ck_dispute_amounts_not_negative"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_dispute_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["determined_by"],
            ["organisation.id"],
            name=op.f("fk_dispute_determined_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["opened_by"],
            ["organisation.id"],
            name=op.f("fk_dispute_opened_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["settlement_by"],
            ["organisation.id"],
            name=op.f("fk_dispute_settlement_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute")),
        sa.UniqueConstraint("contract_id", "number", name=op.f("uq_dispute_contract_id_number")),
    )
    op.create_index(
        "ix_dispute_open",
        "dispute",
        ["contract_id"],
        unique=False,
        postgresql_where=sa.text("stage <> 'closed'"),
    )
    op.create_table(
        "ld_claim",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "draft",
                "raised",
                "contested",
                "agreed",
                "waived",
                name="claimstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("computed_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("agreed_before", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("drafted_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("drafted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("raised_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contest_reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("agreed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waived_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("waived_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("waiver_reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'agreed') = (agreed_by IS NOT NULL AND agreed_at IS NOT NULL)",
            name=op.f("ck_ld_claim_agreed_by_somebody"),
        ),
        sa.CheckConstraint(
            "(status = 'waived') = (waived_by IS NOT NULL AND waived_at IS NOT NULL AND waiver_reason IS NOT NULL)",
            name=op.f("ck_ld_claim_waived_has_reason"),
        ),
        sa.CheckConstraint(
            "status <> 'contested' OR (contested_at IS NOT NULL AND contest_reason IS NOT NULL)",
            name=op.f("ck_ld_claim_contested_has_reason"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('raised', 'contested', 'agreed') OR (raised_by IS NOT NULL AND raised_at IS NOT NULL)",
            name=op.f("ck_ld_claim_raised_by_somebody"),
        ),
        sa.CheckConstraint(
            "amount = computed_amount - agreed_before", name=op.f("ck_ld_claim_amount_adds_up")
        ),
        sa.CheckConstraint(
            "amount > 0 AND agreed_before >= 0", name=op.f("ck_ld_claim_amount_positive")
        ),
        sa.CheckConstraint("raised_by <> drafted_by", name=op.f("ck_ld_claim_four_eyes")),
        sa.CheckConstraint("waived_by <> drafted_by", name=op.f("ck_ld_claim_waived_by_another")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_ld_claim_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ld_claim")),
        sa.UniqueConstraint("contract_id", "number", name=op.f("uq_ld_claim_contract_id_number")),
    )
    op.create_index(
        "uq_ld_claim_open",
        "ld_claim",
        ["contract_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('draft', 'raised', 'contested')"),
    )
    op.create_table(
        "dispute_evidence",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("inspection_report", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_dispute_evidence_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["dispute_id"],
            ["dispute.id"],
            name=op.f("fk_dispute_evidence_dispute_id_dispute"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_dispute_evidence_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_dispute_evidence_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dispute_evidence")),
        sa.UniqueConstraint(
            "dispute_id", "number", name=op.f("uq_dispute_evidence_dispute_id_number")
        ),
    )
    op.create_table(
        "acceptance",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_row_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "provisional",
                "final",
                "deemed",
                "rejected",
                name="acceptancestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("delivered_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("accepted_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("rejected_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column(
            "reason_code",
            sa.Enum(
                "defective",
                "not_as_specified",
                "wrong_goods",
                "damaged",
                "expired",
                "documents_missing",
                name="rejectionreason_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("replace_by", sa.Date(), nullable=True),
        sa.Column("replaces_id", sa.Uuid(), nullable=True),
        sa.Column("presented_by", sa.Uuid(), nullable=False),
        sa.Column("presented_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deemed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pod_signatory", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("pod_signed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("pod_photo_id", sa.Uuid(), nullable=True),
        sa.Column("pod_latitude", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("pod_longitude", sa.Numeric(precision=9, scale=6), nullable=True),
        sa.Column("protocol_number", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column(
            "commission_members",
            postgresql.JSONB(none_as_null=True, astext_type=sa.Text()),
            nullable=False,
        ),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'pending') = (decided_at IS NULL)",
            name=op.f("ck_acceptance_decided_has_time"),
        ),
        sa.CheckConstraint(
            "status <> 'rejected' OR accepted_quantity = 0",
            name=op.f("ck_acceptance_rejected_accepts_nothing"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('final', 'deemed', 'rejected') OR accepted_quantity + rejected_quantity = delivered_quantity",
            name=op.f("ck_acceptance_decided_whole"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('provisional', 'final', 'rejected') OR (protocol_number IS NOT NULL AND jsonb_array_length(commission_members) > 0)",
            name=op.f("ck_acceptance_decided_by_protocol"),
        ),
        sa.CheckConstraint(
            "(pod_latitude IS NULL) = (pod_longitude IS NULL) AND pod_latitude BETWEEN -90 AND 90 AND pod_longitude BETWEEN -180 AND 180",
            name=op.f("ck_acceptance_geo_whole"),
        ),
        sa.CheckConstraint(
            "(rejected_quantity > 0) = (reason_code IS NOT NULL)",
            name=op.f("ck_acceptance_reason_given"),
        ),
        sa.CheckConstraint(
            "accepted_quantity >= 0 AND rejected_quantity >= 0 AND accepted_quantity + rejected_quantity <= delivered_quantity",
            name=op.f("ck_acceptance_decided_within_delivered"),
        ),
        sa.CheckConstraint("delivered_quantity > 0", name=op.f("ck_acceptance_delivered_positive")),
        sa.CheckConstraint(
            "replace_by IS NULL OR rejected_quantity > 0",
            name=op.f("ck_acceptance_replaces_what_is_rejected"),
        ),
        sa.CheckConstraint("replaces_id <> id", name=op.f("ck_acceptance_replaces_another")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_acceptance_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["pod_photo_id"],
            ["document.id"],
            name=op.f("fk_acceptance_pod_photo_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["presented_by"],
            ["organisation.id"],
            name=op.f("fk_acceptance_presented_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["replaces_id"],
            ["acceptance.id"],
            name=op.f("fk_acceptance_replaces_id_acceptance"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_row_id"],
            ["delivery_schedule_row.id"],
            name=op.f("fk_acceptance_schedule_row_id_delivery_schedule_row"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptance")),
        sa.UniqueConstraint("contract_id", "number", name=op.f("uq_acceptance_contract_id_number")),
        sa.UniqueConstraint("replaces_id", name=op.f("uq_acceptance_replaces_id")),
    )
    op.create_index(
        op.f("ix_acceptance_schedule_row_id"), "acceptance", ["schedule_row_id"], unique=False
    )
    op.create_table(
        "delivery_alert",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_row_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "at_risk",
                "late",
                name="alertkind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("due_date", sa.Date(), nullable=False),
        sa.Column("missing_quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("raised_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "missing_quantity > 0", name=op.f("ck_delivery_alert_something_missing")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_delivery_alert_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_row_id"],
            ["delivery_schedule_row.id"],
            name=op.f("fk_delivery_alert_schedule_row_id_delivery_schedule_row"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery_alert")),
        sa.UniqueConstraint(
            "schedule_row_id",
            "kind",
            "due_date",
            name=op.f("uq_delivery_alert_schedule_row_id_kind_due_date"),
        ),
    )
    op.create_index(
        op.f("ix_delivery_alert_contract_id"), "delivery_alert", ["contract_id"], unique=False
    )
    op.create_table(
        "payment_freeze",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("dispute_id", sa.Uuid(), nullable=False),
        sa.Column(
            "milestone",
            sa.Enum(
                "advance",
                "progress",
                "on_shipment",
                "on_delivery",
                "on_acceptance",
                "retention",
                name="milestonekind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("schedule_row_id", sa.Uuid(), nullable=True),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_payment_freeze_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["dispute_id"],
            ["dispute.id"],
            name=op.f("fk_payment_freeze_dispute_id_dispute"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_row_id"],
            ["delivery_schedule_row.id"],
            name=op.f("fk_payment_freeze_schedule_row_id_delivery_schedule_row"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_freeze")),
        sa.UniqueConstraint(
            "dispute_id",
            "milestone",
            "schedule_row_id",
            name=op.f("uq_payment_freeze_dispute_id_milestone_schedule_row_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_payment_freeze_held",
        "payment_freeze",
        ["contract_id"],
        unique=False,
        postgresql_where=sa.text("released_at IS NULL"),
    )
    op.create_table(
        "acceptance_defect",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("acceptance_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "severity",
            sa.Enum(
                "critical",
                "major",
                "minor",
                name="defectseverity_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("description", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remedied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_acceptance_defect_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["acceptance_id"],
            ["acceptance.id"],
            name=op.f("fk_acceptance_defect_acceptance_id_acceptance"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_acceptance_defect_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptance_defect")),
        sa.UniqueConstraint(
            "acceptance_id", "number", name=op.f("uq_acceptance_defect_acceptance_id_number")
        ),
    )
    op.create_table(
        "acceptance_inspection",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("acceptance_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "level",
            sa.Enum(
                "S-1",
                "S-2",
                "S-3",
                "S-4",
                "I",
                "II",
                "III",
                "full",
                name="inspectionlevel_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("aql", sa.Numeric(precision=6, scale=3), nullable=True),
        sa.Column("agency", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("inspected_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("passed", sa.Boolean(), nullable=False),
        sa.Column("report_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.CheckConstraint(
            "aql > 0 AND aql <= 100", name=op.f("ck_acceptance_inspection_aql_in_bounds")
        ),
        sa.ForeignKeyConstraint(
            ["acceptance_id"],
            ["acceptance.id"],
            name=op.f("fk_acceptance_inspection_acceptance_id_acceptance"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_acceptance_inspection_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_acceptance_inspection_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["report_id"],
            ["document.id"],
            name=op.f("fk_acceptance_inspection_report_id_document"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_acceptance_inspection")),
        sa.UniqueConstraint(
            "acceptance_id", "number", name=op.f("uq_acceptance_inspection_acceptance_id_number")
        ),
    )

    op.add_column(
        "delivery_schedule_row",
        sa.Column("presented_quantity", sa.Numeric(20, 6), nullable=False, server_default="0"),
    )
    op.alter_column("delivery_schedule_row", "presented_quantity", server_default=None)
    op.create_check_constraint(
        op.f("ck_delivery_schedule_row_presented_within_received"),
        "delivery_schedule_row",
        "presented_quantity BETWEEN 0 AND received_quantity",
    )
