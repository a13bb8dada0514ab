"""Payment schedules of contracts, their milestones, payments and approvals, refunds.

Revision ID: 0059
Revises: 0058
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0059"
down_revision: str | Sequence[str] | None = "0058"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = (
    "payment_schedule",
    "payment_milestone",
    "milestone_payment",
    "payment_approval",
    "advance_guarantee",
    "contract_funding",
    "contract_refund",
    "payment_recovery",
)
APPEND_ONLY = ("payment_approval",)
SIDE = (
    "EXISTS (SELECT FROM contract c WHERE c.id = contract_id"
    " AND (c.buyer_id = kerben_org() OR kerben_org() = ANY(c.suppliers)))"
)
BUYER = "EXISTS (SELECT FROM contract c WHERE c.id = contract_id AND c.buyer_id = kerben_org())"
MADE = {
    "payment_schedule": f"proposed_by = kerben_org() AND {BUYER}",
    "advance_guarantee": f"submitted_by = kerben_org() AND {SIDE}",
    "payment_milestone": SIDE,
    "milestone_payment": "false",
    "payment_recovery": "false",
}
"""Who writes a row beside the workers: the buyer, unless said otherwise here."""
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
CREATE POLICY app_read ON {table} FOR SELECT TO kerben_app USING ({seen});
CREATE POLICY app_insert ON {table} FOR INSERT TO kerben_app WITH CHECK ({made});
CREATE TRIGGER keep_rows BEFORE DELETE OR TRUNCATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
UPDATE = "CREATE POLICY app_update ON {table} FOR UPDATE TO kerben_app USING ({seen});"
FROZEN = """
CREATE TRIGGER append_only BEFORE UPDATE ON {table}
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
"""
TRIGGERS = """
CREATE TRIGGER keep_parts BEFORE UPDATE ON payment_schedule FOR EACH ROW
  WHEN (OLD.status NOT IN ('proposed', 'agreed') OR (OLD.contract_id, OLD.number, OLD.settlement,
    OLD.total, OLD.currency, OLD.parts, OLD.sha256) IS DISTINCT FROM (NEW.contract_id, NEW.number,
    NEW.settlement, NEW.total, NEW.currency, NEW.parts, NEW.sha256))
  EXECUTE FUNCTION kerben_keep_counted('the parts');
CREATE TRIGGER keep_figures BEFORE UPDATE ON milestone_payment FOR EACH ROW
  WHEN (OLD.status <> 'due' AND OLD.status <> 'frozen' AND (OLD.gross, OLD.penalty, OLD.commission,
    OLD.net, OLD.file, OLD.sha256) IS DISTINCT FROM (NEW.gross, NEW.penalty, NEW.commission,
    NEW.net, NEW.file, NEW.sha256))
  EXECUTE FUNCTION kerben_keep_counted('the arithmetic');
CREATE TRIGGER keep_decided BEFORE UPDATE ON advance_guarantee FOR EACH ROW
  WHEN (OLD.status <> 'submitted') EXECUTE FUNCTION kerben_keep_counted('the decision');
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.create_table(
        "contract_refund",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "requested",
                "released",
                "paid",
                "cancelled",
                name="refundstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("payee_account_id", sa.Uuid(), nullable=False),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=False),
        sa.Column("requested_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("approved_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "status NOT IN ('released', 'paid') OR approved_by IS NOT NULL",
            name=op.f("ck_contract_refund_approved_first"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_contract_refund_amount_positive")),
        sa.CheckConstraint(
            "approved_by <> requested_by", name=op.f("ck_contract_refund_four_eyes")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_contract_refund_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_refund")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_contract_refund_contract_id_number")
        ),
    )
    op.create_table(
        "payment_recovery",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("recovered", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "amount > 0 AND recovered BETWEEN 0 AND amount",
            name=op.f("ck_payment_recovery_within_amount"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_payment_recovery_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_recovery")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_payment_recovery_contract_id_number")
        ),
    )
    op.create_table(
        "payment_schedule",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "proposed",
                "agreed",
                "countered",
                "rejected",
                "withdrawn",
                "superseded",
                name="schedulestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "settlement",
            sa.Enum(
                "escrow",
                "direct",
                name="settlement_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("total", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column(
            "parts", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=False
        ),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("payee_account_id", sa.Uuid(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("proposed_by", sa.Uuid(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("agreed_by", sa.Uuid(), nullable=True),
        sa.Column("agreed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status IN ('agreed', 'superseded')) = (agreed_by IS NOT NULL AND agreed_at IS NOT NULL)",
            name=op.f("ck_payment_schedule_agreed_has_time"),
        ),
        sa.CheckConstraint(
            "agreed_by <> proposed_by", name=op.f("ck_payment_schedule_agreed_by_the_other")
        ),
        sa.CheckConstraint("total > 0", name=op.f("ck_payment_schedule_total_positive")),
        sa.ForeignKeyConstraint(
            ["agreed_by"],
            ["organisation.id"],
            name=op.f("fk_payment_schedule_agreed_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_payment_schedule_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"],
            ["organisation.id"],
            name=op.f("fk_payment_schedule_proposed_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_schedule")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_payment_schedule_contract_id_number")
        ),
    )
    op.create_index(
        "uq_payment_schedule_agreed",
        "payment_schedule",
        ["contract_id"],
        unique=True,
        postgresql_where=sa.text("status = 'agreed'"),
    )
    op.create_index(
        "uq_payment_schedule_open",
        "payment_schedule",
        ["contract_id"],
        unique=True,
        postgresql_where=sa.text("status = 'proposed'"),
    )
    op.create_table(
        "payment_milestone",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("schedule_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "planned",
                "funded",
                "completed",
                "cancelled",
                name="milestonestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "kind",
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
        sa.Column("lot_id", sa.Uuid(), nullable=True),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("term_days", sa.Integer(), nullable=False),
        sa.Column("guarantee_required", sa.Boolean(), nullable=False),
        sa.Column("final_amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("called", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("paid", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "final_amount BETWEEN 0 AND amount",
            name=op.f("ck_payment_milestone_final_within_amount"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_payment_milestone_amount_positive")),
        sa.CheckConstraint(
            "called >= 0 AND paid BETWEEN 0 AND called",
            name=op.f("ck_payment_milestone_paid_within_called"),
        ),
        sa.CheckConstraint("term_days >= 0", name=op.f("ck_payment_milestone_term_forward")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_payment_milestone_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_payment_milestone_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"],
            ["payment_schedule.id"],
            name=op.f("fk_payment_milestone_schedule_id_payment_schedule"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_milestone")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_payment_milestone_contract_id_number")
        ),
    )
    op.create_index(
        op.f("ix_payment_milestone_schedule_id"), "payment_milestone", ["schedule_id"], unique=False
    )
    op.create_table(
        "advance_guarantee",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "submitted",
                "accepted",
                "refused",
                name="advanceguaranteestatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("issuer", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        sa.Column("document_id", sa.Uuid(), nullable=False),
        sa.Column("document_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("submitted_by", sa.Uuid(), nullable=False),
        sa.Column("decided_by", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'submitted') = (decided_at IS NULL) AND (decided_at IS NULL) = (decided_by IS NULL)",
            name=op.f("ck_advance_guarantee_decided_by_somebody"),
        ),
        sa.CheckConstraint(
            "status <> 'refused' OR reason IS NOT NULL",
            name=op.f("ck_advance_guarantee_refusal_has_reason"),
        ),
        sa.CheckConstraint("amount > 0", name=op.f("ck_advance_guarantee_amount_positive")),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_advance_guarantee_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["document.id"],
            name=op.f("fk_advance_guarantee_document_id_document"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["payment_milestone.id"],
            name=op.f("fk_advance_guarantee_milestone_id_payment_milestone"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["submitted_by"],
            ["organisation.id"],
            name=op.f("fk_advance_guarantee_submitted_by_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_advance_guarantee")),
        sa.UniqueConstraint(
            "contract_id", "number", name=op.f("uq_advance_guarantee_contract_id_number")
        ),
    )
    op.create_index(
        op.f("ix_advance_guarantee_milestone_id"),
        "advance_guarantee",
        ["milestone_id"],
        unique=False,
    )
    op.create_table(
        "milestone_payment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("milestone_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=True),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column(
            "status",
            sa.Enum(
                "due",
                "approved",
                "released",
                "reported",
                "paid",
                "frozen",
                "cancelled",
                name="paymentstatus_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column(
            "settlement",
            sa.Enum(
                "escrow",
                "direct",
                name="settlement_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("schedule_row_ids", sa.ARRAY(sa.Uuid()), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("gross", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("penalty", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("commission", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("net", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("file", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("payee_account_id", sa.Uuid(), nullable=True),
        sa.Column("order_id", sa.Uuid(), nullable=True),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=140), nullable=True),
        sa.Column("value_date", sa.Date(), nullable=True),
        sa.Column("reason", sqlmodel.sql.sqltypes.AutoString(length=5000), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'paid') = (paid_at IS NOT NULL)",
            name=op.f("ck_milestone_payment_paid_has_time"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('reported') OR (reference IS NOT NULL AND value_date IS NOT NULL)",
            name=op.f("ck_milestone_payment_reported_has_reference"),
        ),
        sa.CheckConstraint(
            "gross = penalty + commission + net", name=op.f("ck_milestone_payment_adds_up")
        ),
        sa.CheckConstraint(
            "gross > 0 AND penalty >= 0 AND commission >= 0 AND net >= 0",
            name=op.f("ck_milestone_payment_amounts_positive"),
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_milestone_payment_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_milestone_payment_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["milestone_id"],
            ["payment_milestone.id"],
            name=op.f("fk_milestone_payment_milestone_id_payment_milestone"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_milestone_payment")),
        sa.UniqueConstraint(
            "contract_id",
            "lot_id",
            "number",
            name=op.f("uq_milestone_payment_contract_id_lot_id_number"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_index(
        "ix_milestone_payment_milestone_id", "milestone_payment", ["milestone_id"], unique=False
    )
    op.create_table(
        "payment_approval",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("payment_id", sa.Uuid(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("actor", sqlmodel.sql.sqltypes.AutoString(length=80), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_payment_approval_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["payment_id"],
            ["milestone_payment.id"],
            name=op.f("fk_payment_approval_payment_id_milestone_payment"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payment_approval")),
        sa.UniqueConstraint(
            "payment_id", "round", "actor", name=op.f("uq_payment_approval_payment_id_round_actor")
        ),
    )
    op.create_index(
        op.f("ix_payment_approval_contract_id"), "payment_approval", ["contract_id"], unique=False
    )
    op.create_table(
        "contract_funding",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("contract_id", sa.Uuid(), nullable=False),
        sa.Column("collection_id", sa.Uuid(), nullable=False),
        sa.Column("amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("received", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.CheckConstraint(
            "amount > 0 AND received >= 0", name=op.f("ck_contract_funding_amounts_positive")
        ),
        sa.ForeignKeyConstraint(
            ["contract_id"],
            ["contract.id"],
            name=op.f("fk_contract_funding_contract_id_contract"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contract_funding")),
        sa.UniqueConstraint("collection_id", name=op.f("uq_contract_funding_collection_id")),
    )
    op.create_index(
        op.f("ix_contract_funding_contract_id"), "contract_funding", ["contract_id"], unique=False
    )
    for table in TABLES:
        made = MADE.get(table, BUYER)
        op.execute(PROTECT.format(table=table, seen=SIDE, made=made))
        op.execute((FROZEN if table in APPEND_ONLY else UPDATE).format(table=table, seen=SIDE))
    for table in ("payment_milestone", "milestone_payment"):
        op.execute(
            f"CREATE POLICY publisher_read ON {table} FOR SELECT TO kerben_app"
            " USING (kerben_publisher())"
        )
    op.execute(TRIGGERS)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES[::-1]:
        op.drop_table(table)
