"""Securities of bids and contracts, bank guarantees, decisions to keep a security.

Revision ID: 0058
Revises: 0057
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0058"
down_revision: str | Sequence[str] | None = "0057"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("guarantee", "guarantee_amendment", "security", "security_forfeiture")
KIND = """
ALTER TABLE ledger_account DROP CONSTRAINT ck_ledger_account_accountkind_valid;
ALTER TABLE ledger_account ADD CONSTRAINT ck_ledger_account_accountkind_valid
  CHECK (kind IN ({kinds}));
"""
KINDS = (
    "'buyer_receivable', 'supplier_receivable', 'stripe_clearing', 'bank_clearing',"
    " 'dispute_reserve', 'provider_fees', 'escrow_liability', 'bid_security_liability',"
    " 'supplier_payable', 'buyer_payable', 'suspense', 'platform_fee_revenue', 'fx'"
)
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
POLICIES = """
-- Before its bid is opened, a security is its payer's alone: not the buyer's, not the operator's.
CREATE POLICY payer_read ON security FOR SELECT TO kerben_app USING (payer_id = kerben_org());
CREATE POLICY beneficiary_read ON security FOR SELECT TO kerben_app
  USING (beneficiary_id = kerben_org() AND (bid_id IS NULL OR EXISTS (
    SELECT FROM bid b WHERE b.id = bid_id AND b.opened_at IS NOT NULL)));
CREATE POLICY reviewer_read ON security FOR SELECT TO kerben_app
  USING (kerben_reviewer() AND EXISTS (SELECT FROM security_forfeiture f
    WHERE f.security_id = security.id AND f.contested_at IS NOT NULL));
CREATE POLICY payer_insert ON security FOR INSERT TO kerben_app
  WITH CHECK (payer_id = kerben_org());
CREATE POLICY app_update ON security FOR UPDATE TO kerben_app
  USING (kerben_org() IN (payer_id, beneficiary_id) OR kerben_reviewer());

CREATE POLICY app_read ON security_forfeiture FOR SELECT TO kerben_app
  USING (kerben_org() IN (payer_id, beneficiary_id)
    OR (kerben_reviewer() AND contested_at IS NOT NULL));
CREATE POLICY app_insert ON security_forfeiture FOR INSERT TO kerben_app
  WITH CHECK (beneficiary_id = kerben_org()
    AND EXISTS (SELECT FROM security s WHERE s.id = security_id));
CREATE POLICY app_update ON security_forfeiture FOR UPDATE TO kerben_app
  USING (kerben_org() IN (payer_id, beneficiary_id)
    OR (kerben_reviewer() AND contested_at IS NOT NULL));

-- The operator's treasury verifies the guarantees of sealed bids; it does not see whose bids' they
-- are. The beneficiary sees one once it sees what it secures.
CREATE POLICY applicant_read ON guarantee FOR SELECT TO kerben_app
  USING (applicant_id = kerben_org());
CREATE POLICY treasury_read ON guarantee FOR SELECT TO kerben_app USING (kerben_operator());
CREATE POLICY beneficiary_read ON guarantee FOR SELECT TO kerben_app
  USING (beneficiary_id = kerben_org()
    AND EXISTS (SELECT FROM security s WHERE s.guarantee_id = guarantee.id));
CREATE POLICY applicant_insert ON guarantee FOR INSERT TO kerben_app
  WITH CHECK (applicant_id = kerben_org());
CREATE POLICY app_update ON guarantee FOR UPDATE TO kerben_app
  USING (kerben_org() IN (applicant_id, beneficiary_id) OR kerben_operator());

CREATE POLICY app_read ON guarantee_amendment FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM guarantee g WHERE g.id = guarantee_id));
CREATE POLICY applicant_insert ON guarantee_amendment FOR INSERT TO kerben_app
  WITH CHECK (EXISTS (
    SELECT FROM guarantee g WHERE g.id = guarantee_id AND g.applicant_id = kerben_org()));
CREATE POLICY app_update ON guarantee_amendment FOR UPDATE TO kerben_app
  USING (EXISTS (SELECT FROM guarantee g WHERE g.id = guarantee_id));

-- Papers are read by whoever reads what they prove.
CREATE POLICY of_guarantee ON document FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM guarantee g WHERE g.document_id = document.id));
CREATE POLICY of_guarantee_amendment ON document FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM guarantee_amendment a WHERE a.document_id = document.id));
CREATE POLICY of_forfeiture ON document FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM security_forfeiture f WHERE f.document_id = document.id));
CREATE POLICY security_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'security:%' THEN EXISTS (
    SELECT FROM security s WHERE s.id = substr(stream, 10)::uuid) ELSE false END);
CREATE POLICY guarantee_trail ON audit_entry FOR SELECT TO kerben_app
  USING (CASE WHEN stream LIKE 'guarantee:%' THEN EXISTS (
    SELECT FROM guarantee g WHERE g.id = substr(stream, 11)::uuid) ELSE false END);

-- What was decided and executed stays as it was.
CREATE FUNCTION kerben_keep_security_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the end of a % is never altered', TG_TABLE_NAME;
END $$;
CREATE TRIGGER keep_end BEFORE UPDATE ON security FOR EACH ROW
  WHEN (OLD.status IN ('returned', 'forfeited', 'cancelled'))
  EXECUTE FUNCTION kerben_keep_security_end();
CREATE TRIGGER keep_end BEFORE UPDATE ON security_forfeiture FOR EACH ROW
  WHEN (OLD.status IN ('executed', 'annulled', 'withdrawn'))
  EXECUTE FUNCTION kerben_keep_security_end();
CREATE TRIGGER keep_end BEFORE UPDATE ON guarantee FOR EACH ROW
  WHEN (OLD.status IN ('refused', 'expired', 'paid', 'released'))
  EXECUTE FUNCTION kerben_keep_security_end();
"""
POLICIES_ELSEWHERE = {
    "document": ("of_guarantee", "of_guarantee_amendment", "of_forfeiture"),
    "audit_entry": ("security_trail", "guarantee_trail"),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(KIND.format(kinds=f"{KINDS}, 'performance_security_liability'"))
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, names in POLICIES_ELSEWHERE.items():
        for name in names:
            op.execute(f"DROP POLICY {name} ON {table}")
    op.execute(f"DROP TABLE {', '.join(TABLES)} CASCADE")
    op.execute("DROP FUNCTION kerben_keep_security_end()")
    op.execute(KIND.format(kinds=KINDS))


def _create_tables() -> None:
    op.create_table(
        "guarantee",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "bid",
                "performance",
                "advance",
                name="guaranteekind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "submitted",
                "accepted",
                "refused",
                "extended",
                "reduced",
                "expired",
                "called",
                "paid",
                "released",
                name="guaranteestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("applicant_id", sa.Uuid(), nullable=False),
        sa.Column("beneficiary_id", sa.Uuid(), nullable=False),
        sa.Column("number", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("issuer_name", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("issuer_bic", sqlmodel.sql.sqltypes.AutoString(length=11), nullable=False),
        sa.Column("issuer_country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=False),
        sa.Column(
            "rules",
            sa.Enum(
                "urdg_758",
                "isp_98",
                name="applicablerules_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("original_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("issued_date", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("claim_days", sa.Integer(), nullable=False),
        sa.Column("notice_days", sa.Integer(), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("submitted_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("verified_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("verified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "channel",
            sa.Enum(
                "swift_mt760",
                "letter",
                name="channel_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("authentication", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("refusal", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("called_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("demand", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("demand_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("rejection", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'paid') = (paid_at IS NOT NULL AND paid_amount IS NOT NULL)",
            name=op.f("ck_guarantee_paid_has_amount"),
        ),
        sa.CheckConstraint(
            "status <> 'refused' OR refusal IS NOT NULL",
            name=op.f("ck_guarantee_refusal_has_reason"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('accepted', 'extended', 'reduced', 'called', 'paid') OR (verified_by IS NOT NULL AND verified_at IS NOT NULL AND channel IS NOT NULL AND authentication IS NOT NULL)",
            name=op.f("ck_guarantee_verified_by_somebody"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('called', 'paid') OR (called_at IS NOT NULL AND demand IS NOT NULL AND demand_sha256 IS NOT NULL)",
            name=op.f("ck_guarantee_demand_has_document"),
        ),
        sa.CheckConstraint(
            "amount > 0 AND amount <= original_amount", name=op.f("ck_guarantee_amount_positive")
        ),
        sa.CheckConstraint("applicant_id <> beneficiary_id", name=op.f("ck_guarantee_two_parties")),
        sa.CheckConstraint(
            "claim_days BETWEEN 0 AND 400", name=op.f("ck_guarantee_claim_days_in_bounds")
        ),
        sa.CheckConstraint(
            "paid_amount > 0 AND paid_amount <= amount",
            name=op.f("ck_guarantee_paid_within_amount"),
        ),
        sa.CheckConstraint(
            "valid_until >= issued_date", name=op.f("ck_guarantee_validity_forward")
        ),
        sa.CheckConstraint(
            "verified_by <> submitted_by", name=op.f("ck_guarantee_verified_by_another")
        ),
        sa.ForeignKeyConstraint(
            ["applicant_id"],
            ["organisation.id"],
            name=op.f("fk_guarantee_applicant_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["beneficiary_id"],
            ["organisation.id"],
            name=op.f("fk_guarantee_beneficiary_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_guarantee_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guarantee")),
    )
    op.create_index(op.f("ix_guarantee_applicant_id"), "guarantee", ["applicant_id"], unique=False)
    op.create_index(
        op.f("ix_guarantee_beneficiary_id"), "guarantee", ["beneficiary_id"], unique=False
    )
    op.create_index(op.f("ix_guarantee_document_id"), "guarantee", ["document_id"], unique=False)
    op.create_index(
        "uq_guarantee_number",
        "guarantee",
        ["issuer_bic", "number"],
        unique=True,
        postgresql_where=sa.text("status NOT IN ('refused', 'released')"),
    )
    op.create_table(
        "guarantee_amendment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("guarantee_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "extend",
                "reduce",
                name="amendmentkind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "submitted",
                "accepted",
                "refused",
                name="amendmentstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.CheckConstraint(
            "(status = 'submitted') = (decided_by IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL)",
            name=op.f("ck_guarantee_amendment_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'extend' THEN valid_until IS NOT NULL AND amount IS NULL ELSE amount IS NOT NULL AND valid_until IS NULL END",
            name=op.f("ck_guarantee_amendment_changes_one_thing"),
        ),
        sa.CheckConstraint(
            "status <> 'refused' OR reason IS NOT NULL",
            name=op.f("ck_guarantee_amendment_refusal_has_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_guarantee_amendment_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["guarantee_id"],
            ["guarantee.id"],
            name=op.f("fk_guarantee_amendment_guarantee_id_guarantee"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guarantee_amendment")),
        sa.UniqueConstraint(
            "guarantee_id", "number", name=op.f("uq_guarantee_amendment_guarantee_id_number")
        ),
    )
    op.create_index(
        op.f("ix_guarantee_amendment_document_id"),
        "guarantee_amendment",
        ["document_id"],
        unique=False,
    )
    op.create_index(
        "uq_guarantee_amendment_open",
        "guarantee_amendment",
        ["guarantee_id"],
        unique=True,
        postgresql_where=sa.text("status = 'submitted'"),
    )
    op.create_table(
        "security",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "bid",
                "performance",
                "advance",
                name="guaranteekind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "status",
            sa.Enum(
                "requested",
                "received",
                "held",
                "returning",
                "returned",
                "forfeited",
                "cancelled",
                name="securitystatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "rail",
            sa.Enum(
                "stripe",
                "bank_transfer",
                "guarantee",
                name="railname_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("beneficiary_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("bid_id", sa.Uuid(), nullable=True),
        sa.Column("contract_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("guarantee_id", sa.Uuid(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("counts", sa.Boolean(), nullable=True),
        sa.Column("return_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "return_cause",
            sa.Enum(
                "late",
                "withdrawal",
                "tender_over",
                "award",
                "contract_signed",
                "validity_ended",
                "contract_over",
                "released",
                name="returncause_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=True,
        ),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("forfeited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(rail = 'guarantee') = (guarantee_id IS NOT NULL)",
            name=op.f("ck_security_guarantee_by_its_rail"),
        ),
        sa.CheckConstraint(
            "(status = 'forfeited') = (forfeited_at IS NOT NULL)",
            name=op.f("ck_security_forfeited_has_time"),
        ),
        sa.CheckConstraint(
            "(status = 'returned') = (returned_at IS NOT NULL)",
            name=op.f("ck_security_returned_has_time"),
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'bid' THEN bid_id IS NOT NULL AND contract_id IS NULL ELSE bid_id IS NULL AND contract_id IS NOT NULL END",
            name=op.f("ck_security_secures_one_thing"),
        ),
        sa.CheckConstraint(
            "status IN ('requested', 'cancelled') OR received_at IS NOT NULL",
            name=op.f("ck_security_received_has_time"),
        ),
        sa.CheckConstraint(
            "(received_at IS NULL) = (counts IS NULL)", name=op.f("ck_security_received_is_judged")
        ),
        sa.CheckConstraint(
            "(return_due_at IS NULL) = (return_cause IS NULL)",
            name=op.f("ck_security_return_has_cause"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_security_amount_positive")),
        sa.CheckConstraint("payer_id <> beneficiary_id", name=op.f("ck_security_two_parties")),
        sa.ForeignKeyConstraint(
            ["beneficiary_id"],
            ["organisation.id"],
            name=op.f("fk_security_beneficiary_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_security_bid_id_bid"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_security_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["guarantee_id"],
            ["guarantee.id"],
            name=op.f("fk_security_guarantee_id_guarantee"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["payer_id"],
            ["organisation.id"],
            name=op.f("fk_security_payer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_security_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security")),
        sa.UniqueConstraint("guarantee_id", name=op.f("uq_security_guarantee_id")),
    )
    op.create_index(
        op.f("ix_security_beneficiary_id"), "security", ["beneficiary_id"], unique=False
    )
    op.create_index(op.f("ix_security_bid_id"), "security", ["bid_id"], unique=False)
    op.create_index(op.f("ix_security_contract_id"), "security", ["contract_id"], unique=False)
    op.create_index(op.f("ix_security_payer_id"), "security", ["payer_id"], unique=False)
    op.create_index(op.f("ix_security_tender_id"), "security", ["tender_id"], unique=False)
    op.create_index(
        "uq_security_bid_live",
        "security",
        ["bid_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('held', 'received', 'requested', 'returning')"),
    )
    op.create_index(
        "uq_security_contract_live",
        "security",
        ["contract_id", "kind"],
        unique=True,
        postgresql_where=sa.text("status IN ('held', 'received', 'requested', 'returning')"),
    )
    op.create_table(
        "security_forfeiture",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("security_id", sa.Uuid(), nullable=False),
        sa.Column("payer_id", sa.Uuid(), nullable=False),
        sa.Column("beneficiary_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "approved",
                "contested",
                "upheld",
                "executed",
                "annulled",
                "withdrawn",
                name="forfeiturestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "ground",
            sa.Enum(
                "withdrawal_after_deadline",
                "refusal_to_sign",
                "no_performance_security",
                "false_statement",
                "breach_of_contract",
                "advance_not_repaid",
                name="forfeitureground_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("proposed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contest_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("objection", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("reviewed_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("review", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("executed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'executed') = (executed_at IS NOT NULL)",
            name=op.f("ck_security_forfeiture_executed_has_time"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('approved', 'contested', 'upheld', 'executed', 'annulled') OR (approved_by IS NOT NULL AND approved_at IS NOT NULL AND contest_until IS NOT NULL)",
            name=op.f("ck_security_forfeiture_approved_by_somebody"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('contested', 'upheld', 'annulled') OR (contested_at IS NOT NULL AND objection IS NOT NULL)",
            name=op.f("ck_security_forfeiture_contested_has_reason"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('upheld', 'annulled') OR (reviewed_by IS NOT NULL AND reviewed_at IS NOT NULL AND review IS NOT NULL)",
            name=op.f("ck_security_forfeiture_reviewed_has_reason"),
        ),
        sa.CheckConstraint(
            "approved_by <> proposed_by", name=op.f("ck_security_forfeiture_four_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["beneficiary_id"],
            ["organisation.id"],
            name=op.f("fk_security_forfeiture_beneficiary_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_security_forfeiture_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["payer_id"],
            ["organisation.id"],
            name=op.f("fk_security_forfeiture_payer_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["security_id"],
            ["security.id"],
            name=op.f("fk_security_forfeiture_security_id_security"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_forfeiture")),
        sa.UniqueConstraint(
            "security_id", "number", name=op.f("uq_security_forfeiture_security_id_number")
        ),
    )
    op.create_index(
        op.f("ix_security_forfeiture_beneficiary_id"),
        "security_forfeiture",
        ["beneficiary_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_security_forfeiture_document_id"),
        "security_forfeiture",
        ["document_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_security_forfeiture_payer_id"), "security_forfeiture", ["payer_id"], unique=False
    )
    op.create_index(
        "uq_security_forfeiture_pending",
        "security_forfeiture",
        ["security_id"],
        unique=True,
        postgresql_where=sa.text("status IN ('approved', 'contested', 'proposed', 'upheld')"),
    )
