"""Bids and their envelopes, the keys and openings of tenders, and what opened bids say.

A bid's rows are its supplier's alone until they are opened; what bids say is written by the
workers at the opening and never before.

Revision ID: 0009
Revises: 0008
"""

from collections.abc import Sequence

import sqlalchemy as sa
import sqlmodel.sql.sqltypes
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

OWN_TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org())"
DRAFT = OWN_TENDER[:-1] + " AND t.published_at IS NULL)"
SEEN_TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id)"
SEEN_BID = "EXISTS (SELECT FROM bid b WHERE b.id = bid_id)"
HOLDER = (
    "EXISTS (SELECT FROM tender_key_holder h"
    " WHERE h.tender_id = bid_opening.tender_id AND h.org_id = kerben_org())"
)
CONTENTS = (
    "bid_lot",
    "bid_item",
    "requirement_response",
    "bid_document",
    "domestic_claim",
    "bid_security",
)
TABLES = (
    "submission_terms",
    "opener_key",
    "tender_key",
    "tender_key_holder",
    "bid",
    "bid_tenderer",
    "bid_envelope",
    "bid_root",
    "bid_opening",
    "opening_share",
    *CONTENTS,
)
PROTECT = """
ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
CREATE POLICY worker ON {table} TO kerben_worker USING (true) WITH CHECK (true);
"""
POLICIES = f"""
-- A bidder holds the tender's row (FOR SHARE) while it hands in a bid; it can change nothing of it.
CREATE POLICY bidder_hold ON tender FOR UPDATE TO kerben_app
  USING (published_at IS NOT NULL AND kerben_org() IS NOT NULL) WITH CHECK (false);

CREATE POLICY app_read ON submission_terms FOR SELECT TO kerben_app USING ({SEEN_TENDER});
CREATE POLICY app_insert ON submission_terms FOR INSERT TO kerben_app WITH CHECK ({OWN_TENDER});
CREATE POLICY app_update ON submission_terms FOR UPDATE TO kerben_app USING ({OWN_TENDER});

-- Public keys; a buyer names an auditor's, which is of another organisation.
CREATE POLICY app_read ON opener_key FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE POLICY app_insert ON opener_key FOR INSERT TO kerben_app WITH CHECK (org_id = kerben_org());
CREATE POLICY app_update ON opener_key FOR UPDATE TO kerben_app USING (org_id = kerben_org());

-- The key of a tender is exchanged while it is a draft, and never afterwards.
CREATE POLICY app_read ON tender_key FOR SELECT TO kerben_app USING ({SEEN_TENDER});
CREATE POLICY app_insert ON tender_key FOR INSERT TO kerben_app WITH CHECK ({OWN_TENDER});
CREATE POLICY app_delete ON tender_key FOR DELETE TO kerben_app USING ({DRAFT});
CREATE POLICY app_read ON tender_key_holder FOR SELECT TO kerben_app USING ({SEEN_TENDER});
CREATE POLICY app_insert ON tender_key_holder FOR INSERT TO kerben_app WITH CHECK ({OWN_TENDER});
CREATE POLICY app_delete ON tender_key_holder FOR DELETE TO kerben_app USING ({DRAFT});

-- Nobody but its supplier knows of a bid before it is opened: not the buyer, not the operator.
CREATE POLICY owner_read ON bid FOR SELECT TO kerben_app USING (supplier_id = kerben_org());
CREATE POLICY owner_insert ON bid FOR INSERT TO kerben_app WITH CHECK (supplier_id = kerben_org());
CREATE POLICY owner_update ON bid FOR UPDATE TO kerben_app
  USING (supplier_id = kerben_org() AND opened_at IS NULL);
CREATE POLICY opened_read ON bid FOR SELECT TO kerben_app
  USING (opened_at IS NOT NULL AND kerben_org() IS NOT NULL);
-- Where the rules of the tender do not hide how many bid, its sealed bids are seen, but not read.
CREATE POLICY shown_read ON bid FOR SELECT TO kerben_app
  USING (kerben_org() IS NOT NULL AND EXISTS (
    SELECT FROM tender t WHERE t.id = tender_id AND t.published_at IS NOT NULL
    AND t.policy -> 'parameters' ->> 'hide_bidder_count' = 'false'));
CREATE POLICY buyer_update ON bid FOR UPDATE TO kerben_app
  USING (opened_at IS NOT NULL AND {OWN_TENDER});

CREATE POLICY owner_read ON bid_tenderer FOR SELECT TO kerben_app
  USING (kerben_org() IN (lead_id, organisation_id));
CREATE POLICY owner_insert ON bid_tenderer FOR INSERT TO kerben_app
  WITH CHECK (lead_id = kerben_org());
CREATE POLICY owner_update ON bid_tenderer FOR UPDATE TO kerben_app
  USING (kerben_org() IN (lead_id, organisation_id));
CREATE POLICY opened_read ON bid_tenderer FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM bid b WHERE b.id = bid_id AND b.opened_at IS NOT NULL));

CREATE POLICY owner_read ON bid_envelope FOR SELECT TO kerben_app
  USING (supplier_id = kerben_org());
CREATE POLICY owner_insert ON bid_envelope FOR INSERT TO kerben_app
  WITH CHECK (supplier_id = kerben_org());
CREATE POLICY owner_update ON bid_envelope FOR UPDATE TO kerben_app
  USING (supplier_id = kerben_org());
CREATE POLICY opened_read ON bid_envelope FOR SELECT TO kerben_app
  USING (document IS NOT NULL AND kerben_org() IS NOT NULL);

CREATE POLICY app_read ON bid_root FOR SELECT TO kerben_app USING (kerben_org() IS NOT NULL);
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON bid_root
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();

CREATE POLICY app_read ON bid_opening FOR SELECT TO kerben_app
  USING ((status = 'opened' AND kerben_org() IS NOT NULL) OR {OWN_TENDER} OR {HOLDER});
CREATE POLICY app_insert ON bid_opening FOR INSERT TO kerben_app WITH CHECK ({OWN_TENDER});
CREATE POLICY app_update ON bid_opening FOR UPDATE TO kerben_app USING ({OWN_TENDER} OR {HOLDER});

CREATE POLICY app_read ON opening_share FOR SELECT TO kerben_app
  USING (EXISTS (SELECT FROM bid_opening o WHERE o.id = opening_id));
CREATE POLICY app_insert ON opening_share FOR INSERT TO kerben_app
  WITH CHECK (org_id = kerben_org());

-- What was received stays as it was received.
CREATE FUNCTION kerben_keep_envelope() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (NEW.ciphertext, NEW.leaf, NEW.commitment, NEW.sequence, NEW.received_at, NEW.bid_id)
     IS DISTINCT FROM
     (OLD.ciphertext, OLD.leaf, OLD.commitment, OLD.sequence, OLD.received_at, OLD.bid_id)
     OR (OLD.replaced_at IS NOT NULL AND NEW.replaced_at IS DISTINCT FROM OLD.replaced_at)
     OR (OLD.document IS NOT NULL AND NEW.document IS DISTINCT FROM OLD.document) THEN
    RAISE EXCEPTION 'an envelope is never altered: hand in another';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER keep_envelope BEFORE UPDATE ON bid_envelope
  FOR EACH ROW EXECUTE FUNCTION kerben_keep_envelope();
CREATE TRIGGER keep_envelope_rows BEFORE DELETE OR TRUNCATE ON bid_envelope
  FOR EACH STATEMENT EXECUTE FUNCTION kerben_refuse_change();
-- Ciphertexts cannot be compressed.
ALTER TABLE bid_envelope ALTER COLUMN ciphertext SET STORAGE EXTERNAL;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column(
        "tender",
        sa.Column("sealing_mode", _state("sealingmode_valid", "client", "server"), nullable=True),
    )
    _create_tables()
    for table in TABLES:
        op.execute(PROTECT.format(table=table))
    op.execute(POLICIES)
    for table in CONTENTS:
        op.execute(f"CREATE POLICY app_read ON {table} FOR SELECT TO kerben_app USING ({SEEN_BID})")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP POLICY bidder_hold ON tender")
    op.drop_column("tender", "sealing_mode")
    op.execute(f"DROP TABLE {', '.join(TABLES)}")
    op.execute("DROP FUNCTION kerben_keep_envelope()")


def _create_tables() -> None:
    op.create_table(
        "bid",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column(
            "status",
            _state("bidstatus_valid", "pending", "valid", "disqualified", "withdrawn"),
            nullable=False,
        ),
        sa.Column(
            "status_details",
            _state(
                "bidstage_valid",
                "pending",
                "needs_confirmation",
                "technical_opened",
                "opened",
                "valid",
                "disqualified",
                "withdrawn",
                "lapsed",
            ),
            nullable=False,
        ),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("amendment", sa.Integer(), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("disqualification", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'disqualified') = (disqualification IS NOT NULL)",
            name=op.f("ck_bid_disqualified_has_reasons"),
        ),
        sa.CheckConstraint(
            "(status = 'pending' AND status_details IN ('pending', 'needs_confirmation', 'technical_opened', 'opened')) OR (status = 'valid' AND status_details IN ('valid')) OR (status = 'disqualified' AND status_details IN ('disqualified')) OR (status = 'withdrawn' AND status_details IN ('withdrawn', 'lapsed'))",
            name=op.f("ck_bid_status_fits_details"),
        ),
        sa.CheckConstraint(
            "(status_details IN ('technical_opened', 'opened', 'valid', 'disqualified')) = (opened_at IS NOT NULL)",
            name=op.f("ck_bid_opened_has_time"),
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["organisation.id"],
            name=op.f("fk_bid_supplier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"], ["tender.id"], name=op.f("fk_bid_tender_id_tender"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid")),
    )
    op.create_index(op.f("ix_bid_supplier_id"), "bid", ["supplier_id"], unique=False)
    op.create_index(
        "uq_bid_live",
        "bid",
        ["tender_id", "supplier_id"],
        unique=True,
        postgresql_where=sa.text("status_details NOT IN ('lapsed', 'withdrawn')"),
    )
    op.create_table(
        "bid_opening",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _state("envelopekind_valid", "technical", "price"), nullable=False),
        sa.Column("mode", _state("sealingmode_valid", "client", "server"), nullable=False),
        sa.Column(
            "status",
            _state("openingstatus_valid", "collecting", "ready", "opened", "failed"),
            nullable=False,
        ),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("root", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("recipient", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("identity", sa.LargeBinary(), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failure", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("record", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(status = 'opened') = (opened_at IS NOT NULL AND record IS NOT NULL)",
            name=op.f("ck_bid_opening_opened_has_record"),
        ),
        sa.CheckConstraint(
            "status IN ('collecting', 'ready') OR identity IS NULL",
            name=op.f("ck_bid_opening_identity_is_erased"),
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_bid_opening_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_opening")),
    )
    op.create_index(
        "uq_bid_opening_live",
        "bid_opening",
        ["tender_id", "kind"],
        unique=True,
        postgresql_where=sa.text("status <> 'failed'"),
    )
    op.create_table(
        "bid_root",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _state("envelopekind_valid", "technical", "price"), nullable=False),
        sa.Column("root", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("key_id", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False),
        sa.Column("signature", sqlmodel.sql.sqltypes.AutoString(length=88), nullable=False),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_bid_root_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_root")),
        sa.UniqueConstraint("tender_id", "kind", name=op.f("uq_bid_root_tender_id_kind")),
    )
    op.create_table(
        "opener_key",
        *_common(),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("client_id", sa.Uuid(), nullable=False),
        sa.Column("name", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("role", _state("openerrole_valid", "opener", "auditor"), nullable=False),
        sa.Column("recipient", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["client_id"],
            ["api_client.id"],
            name=op.f("fk_opener_key_client_id_api_client"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_opener_key_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opener_key")),
        sa.UniqueConstraint("recipient", name=op.f("uq_opener_key_recipient")),
    )
    op.create_index(op.f("ix_opener_key_org_id"), "opener_key", ["org_id"], unique=False)
    op.create_index(
        "uq_opener_key_live",
        "opener_key",
        ["client_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_table(
        "submission_terms",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("two_envelopes", sa.Boolean(), nullable=False),
        sa.Column("bid_security_amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column(
            "bid_security_currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True
        ),
        sa.Column("bid_security_declaration", sa.Boolean(), nullable=False),
        sa.Column("criteria", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(bid_security_amount IS NULL) = (bid_security_currency IS NULL)",
            name=op.f("ck_submission_terms_security_has_currency"),
        ),
        sa.CheckConstraint(
            "bid_security_amount > 0", name=op.f("ck_submission_terms_security_positive")
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_submission_terms_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_submission_terms")),
        sa.UniqueConstraint("tender_id", name=op.f("uq_submission_terms_tender_id")),
    )
    op.create_table(
        "tender_key",
        *_common(),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _state("envelopekind_valid", "technical", "price"), nullable=False),
        sa.Column("mode", _state("sealingmode_valid", "client", "server"), nullable=False),
        sa.Column("recipient", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fingerprint", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.Column("document", postgresql.JSONB(none_as_null=True), nullable=True),
        sa.CheckConstraint(
            "(mode = 'client') = (document IS NOT NULL AND fingerprint IS NOT NULL AND opens_at IS NOT NULL)",
            name=op.f("ck_tender_key_client_has_document"),
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_tender_key_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_key")),
        sa.UniqueConstraint("tender_id", "kind", name=op.f("uq_tender_key_tender_id_kind")),
    )
    op.create_table(
        "bid_document",
        *_common(),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("envelope", _state("envelopekind_valid", "technical", "price"), nullable=False),
        sa.Column("sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("title", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=False),
        sa.Column("document_type", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=True),
        sa.Column("media_type", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=True),
        sa.Column("url", sqlmodel.sql.sqltypes.AutoString(length=2000), nullable=True),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_bid_document_bid_id_bid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_bid_document_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_document")),
        sa.UniqueConstraint("bid_id", "sha256", name=op.f("uq_bid_document_bid_id_sha256")),
    )
    op.create_table(
        "bid_envelope",
        *_common(),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("supplier_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _state("envelopekind_valid", "technical", "price"), nullable=False),
        sa.Column("mode", _state("sealingmode_valid", "client", "server"), nullable=False),
        sa.Column("envelope_id", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=False),
        sa.Column("envelope_version", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("commitment", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("document", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_bid_envelope_bid_id_bid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["supplier_id"],
            ["organisation.id"],
            name=op.f("fk_bid_envelope_supplier_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_bid_envelope_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_envelope")),
        sa.UniqueConstraint(
            "bid_id",
            "kind",
            "envelope_version",
            name=op.f("uq_bid_envelope_bid_id_kind_envelope_version"),
        ),
        sa.UniqueConstraint(
            "tender_id", "commitment", name=op.f("uq_bid_envelope_tender_id_commitment")
        ),
        sa.UniqueConstraint(
            "tender_id", "sequence", name=op.f("uq_bid_envelope_tender_id_sequence")
        ),
    )
    op.create_index(
        "uq_bid_envelope_current",
        "bid_envelope",
        ["bid_id", "kind"],
        unique=True,
        postgresql_where=sa.text("replaced_at IS NULL"),
    )
    op.create_table(
        "bid_lot",
        *_common(),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("value_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("value_currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=False),
        sa.Column("vat_included", sa.Boolean(), nullable=False),
        sa.Column(
            "incoterm",
            _state(
                "incoterm_valid",
                "EXW",
                "FCA",
                "CPT",
                "CIP",
                "DAP",
                "DPU",
                "DDP",
                "FAS",
                "FOB",
                "CFR",
                "CIF",
            ),
            nullable=True,
        ),
        sa.Column("named_place", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("dispatch_country", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=True),
        sa.Column("lead_days", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "lead_days BETWEEN 0 AND 3650", name=op.f("ck_bid_lot_lead_days_in_bounds")
        ),
        sa.CheckConstraint("value_amount > 0", name=op.f("ck_bid_lot_value_positive")),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_bid_lot_bid_id_bid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_bid_lot_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_bid_lot_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_lot")),
        sa.UniqueConstraint("bid_id", "lot_id", name=op.f("uq_bid_lot_bid_id_lot_id")),
    )
    op.create_index(op.f("ix_bid_lot_lot_id"), "bid_lot", ["lot_id"], unique=False)
    op.create_table(
        "bid_security",
        *_common(),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("kind", _state("securitykind_valid", "guarantee", "declaration"), nullable=False),
        sa.Column("reference", sqlmodel.sql.sqltypes.AutoString(length=200), nullable=True),
        sa.Column("issuer", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("value_amount", sa.Numeric(precision=20, scale=6), nullable=True),
        sa.Column("value_currency", sqlmodel.sql.sqltypes.AutoString(length=3), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("document_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_bid_security_bid_id_bid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_bid_security_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_security")),
        sa.UniqueConstraint("bid_id", name=op.f("uq_bid_security_bid_id")),
    )
    op.create_table(
        "bid_tenderer",
        *_common(),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lead_id", sa.Uuid(), nullable=False),
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("role", _state("tendererrole_valid", "lead", "member"), nullable=False),
        sa.Column("share_bp", sa.Integer(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("released_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "share_bp BETWEEN 1 AND 10000", name=op.f("ck_bid_tenderer_share_in_bounds")
        ),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_bid_tenderer_bid_id_bid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["lead_id"],
            ["organisation.id"],
            name=op.f("fk_bid_tenderer_lead_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id"],
            ["organisation.id"],
            name=op.f("fk_bid_tenderer_organisation_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_bid_tenderer_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_tenderer")),
        sa.UniqueConstraint(
            "bid_id", "organisation_id", name=op.f("uq_bid_tenderer_bid_id_organisation_id")
        ),
    )
    op.create_index(
        op.f("ix_bid_tenderer_organisation_id"), "bid_tenderer", ["organisation_id"], unique=False
    )
    op.create_index(
        "uq_bid_tenderer_once",
        "bid_tenderer",
        ["tender_id", "organisation_id"],
        unique=True,
        postgresql_where=sa.text("accepted_at IS NOT NULL AND released_at IS NULL"),
    )
    op.create_table(
        "domestic_claim",
        *_common(),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=True),
        sa.Column(
            "certificate_scheme", sqlmodel.sql.sqltypes.AutoString(length=40), nullable=False
        ),
        sa.Column(
            "certificate_number", sqlmodel.sql.sqltypes.AutoString(length=100), nullable=False
        ),
        sa.Column("certificate_id", sa.Uuid(), nullable=True),
        sa.Column("issued_by", sqlmodel.sql.sqltypes.AutoString(length=500), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("document_sha256", sqlmodel.sql.sqltypes.AutoString(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_domestic_claim_bid_id_bid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_domestic_claim_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_domestic_claim_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_domestic_claim")),
        sa.UniqueConstraint(
            "bid_id",
            "lot_id",
            name=op.f("uq_domestic_claim_bid_id_lot_id"),
            postgresql_nulls_not_distinct=True,
        ),
    )
    op.create_table(
        "opening_share",
        *_common(),
        sa.Column("opening_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("opener_key_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("released", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["opener_key_id"],
            ["opener_key.id"],
            name=op.f("fk_opening_share_opener_key_id_opener_key"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["opening_id"],
            ["bid_opening.id"],
            name=op.f("fk_opening_share_opening_id_bid_opening"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_opening_share_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_opening_share_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_opening_share")),
        sa.UniqueConstraint(
            "opening_id", "opener_key_id", name=op.f("uq_opening_share_opening_id_opener_key_id")
        ),
    )
    op.create_index(
        op.f("ix_opening_share_opener_key_id"), "opening_share", ["opener_key_id"], unique=False
    )
    op.create_index(op.f("ix_opening_share_org_id"), "opening_share", ["org_id"], unique=False)
    op.create_index(
        op.f("ix_opening_share_tender_id"), "opening_share", ["tender_id"], unique=False
    )
    op.create_table(
        "requirement_response",
        *_common(),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("requirement_id", sqlmodel.sql.sqltypes.AutoString(length=60), nullable=False),
        sa.Column("value", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.Column("documents", postgresql.JSONB(none_as_null=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["bid_id"],
            ["bid.id"],
            name=op.f("fk_requirement_response_bid_id_bid"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_requirement_response_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_requirement_response")),
        sa.UniqueConstraint(
            "bid_id", "requirement_id", name=op.f("uq_requirement_response_bid_id_requirement_id")
        ),
    )
    op.create_table(
        "tender_key_holder",
        *_common(),
        sa.Column("tender_key_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("opener_key_id", sa.Uuid(), nullable=False),
        sa.Column("org_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["opener_key_id"],
            ["opener_key.id"],
            name=op.f("fk_tender_key_holder_opener_key_id_opener_key"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["org_id"],
            ["organisation.id"],
            name=op.f("fk_tender_key_holder_org_id_organisation"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_tender_key_holder_tender_id_tender"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tender_key_id"],
            ["tender_key.id"],
            name=op.f("fk_tender_key_holder_tender_key_id_tender_key"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tender_key_holder")),
        sa.UniqueConstraint(
            "tender_key_id", "number", name=op.f("uq_tender_key_holder_tender_key_id_number")
        ),
        sa.UniqueConstraint(
            "tender_key_id",
            "opener_key_id",
            name=op.f("uq_tender_key_holder_tender_key_id_opener_key_id"),
        ),
    )
    op.create_index(
        op.f("ix_tender_key_holder_opener_key_id"),
        "tender_key_holder",
        ["opener_key_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_tender_key_holder_org_id"), "tender_key_holder", ["org_id"], unique=False
    )
    op.create_index(
        op.f("ix_tender_key_holder_tender_id"), "tender_key_holder", ["tender_id"], unique=False
    )
    op.create_table(
        "bid_item",
        *_common(),
        sa.Column("bid_id", sa.Uuid(), nullable=False),
        sa.Column("tender_id", sa.Uuid(), nullable=False),
        sa.Column("lot_id", sa.Uuid(), nullable=False),
        sa.Column("item_id", sa.Uuid(), nullable=False),
        sa.Column("quantity", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("unit_price_amount", sa.Numeric(precision=20, scale=6), nullable=False),
        sa.Column("country_of_origin", sqlmodel.sql.sqltypes.AutoString(length=2), nullable=True),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_bid_item_quantity_positive")),
        sa.CheckConstraint("unit_price_amount >= 0", name=op.f("ck_bid_item_price_not_negative")),
        sa.ForeignKeyConstraint(
            ["bid_id"], ["bid.id"], name=op.f("fk_bid_item_bid_id_bid"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["tender_item.id"],
            name=op.f("fk_bid_item_item_id_tender_item"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["lot_id"],
            ["tender_lot.id"],
            name=op.f("fk_bid_item_lot_id_tender_lot"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tender_id"],
            ["tender.id"],
            name=op.f("fk_bid_item_tender_id_tender"),
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bid_item")),
        sa.UniqueConstraint("bid_id", "item_id", name=op.f("uq_bid_item_bid_id_item_id")),
    )


def _common() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
    )


def _state(name: str, *values: str) -> sa.Enum:
    return sa.Enum(*values, name=name, native_enum=False, create_constraint=True, length=32)
