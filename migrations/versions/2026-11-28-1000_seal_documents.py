"""Documents of bids that are handed in sealed, beside their envelopes.

Revision ID: 0082
Revises: 0081
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op

revision: str = "0082"
down_revision: str | Sequence[str] | None = "0081"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

FORMATS = (
    "application/pdf",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/zip",
    "image/jpeg",
    "image/png",
    "text/csv",
    "text/plain",
)
SEALED = "application/vnd.kerben.age"
PROTECT = """
ALTER TABLE sealed_document ENABLE ROW LEVEL SECURITY;
ALTER TABLE sealed_document FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON sealed_document TO kerben_worker USING (true) WITH CHECK (true);
-- Nobody but its supplier knows of one: not the buyer, not the operator, not after the opening.
CREATE POLICY owner_read ON sealed_document FOR SELECT TO kerben_app
  USING (supplier_id = kerben_org());
CREATE POLICY owner_insert ON sealed_document FOR INSERT TO kerben_app
  WITH CHECK (supplier_id = kerben_org());
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON sealed_document
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
CREATE POLICY of_bid ON document FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM bid_document b JOIN tender t ON t.id = b.tender_id
    WHERE b.document_id = document.id AND t.buyer_id = kerben_org()));
-- That a sealed file came, and when, would tell the operator of the bid.
CREATE POLICY unsealed ON file AS RESTRICTIVE FOR SELECT TO kerben_app
  USING (media_type <> 'application/vnd.kerben.age' OR org_id = kerben_org());
"""
COLUMNS = {
    "sealed_document_id": sa.Uuid(),
    "sealed_key": sqlmodel.sql.sqltypes.AutoString(length=100),
    "file_name": sqlmodel.sql.sqltypes.AutoString(length=500),
    "document_id": sa.Uuid(),
    "failure": sqlmodel.sql.sqltypes.AutoString(length=60),
}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _take_formats(*FORMATS, SEALED)
    op.create_table(
        "sealed_document",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column(
            "kind",
            sa.Enum(
                "technical",
                "price",
                name="envelopekind_valid",
                native_enum=False,
                create_constraint=True,
                length=32,
            ),
            nullable=False,
        ),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("file_id", sa.Uuid(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("ciphertext_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_sealed_document_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["organisation.id"],
            name=op.f("fk_sealed_document_supplier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["file_id"],
            ["file.id"],
            name=op.f("fk_sealed_document_file_id_file"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_document")),
        sa.UniqueConstraint(
            "tender_id",
            "supplier_id",
            "kind",
            "name",
            name=op.f("uq_sealed_document_tender_id_supplier_id_kind_name"),
        ),
        sa.UniqueConstraint(
            "tender_id", "sequence", name=op.f("uq_sealed_document_tender_id_sequence")
        ),
        sa.UniqueConstraint("file_id", name=op.f("uq_sealed_document_file_id")),
    )
    op.create_index(op.f("ix_sealed_document_supplier_id"), "sealed_document", ["supplier_id"])
    for name, kind in COLUMNS.items():
        op.add_column("bid_document", sa.Column(name, kind, nullable=True))
    op.create_foreign_key(
        op.f("fk_bid_document_sealed_document_id_sealed_document"),
        "bid_document",
        "sealed_document",
        ["sealed_document_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_foreign_key(
        op.f("fk_bid_document_document_id_document"),
        "bid_document",
        "document",
        ["document_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_index(op.f("ix_bid_document_document_id"), "bid_document", ["document_id"])
    op.execute(PROTECT)


def downgrade() -> None:
    op.execute("DROP POLICY unsealed ON file")
    op.execute("DROP POLICY of_bid ON document")
    for name in COLUMNS:
        op.drop_column("bid_document", name)
    op.drop_table("sealed_document")
    _take_formats(*FORMATS)


def _take_formats(*formats: str) -> None:
    named = ", ".join(f"'{each}'" for each in formats)
    constraint = "ck_file_documentformat_valid"
    op.execute(
        f"ALTER TABLE file DROP CONSTRAINT {constraint},"
        f" ADD CONSTRAINT {constraint} CHECK (media_type IN ({named}))"
    )
