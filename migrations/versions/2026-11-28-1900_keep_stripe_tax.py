"""What Stripe Tax computed of an invoice of the platform is kept with it, once.

Revision ID: 0154
Revises: 0147
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0154"
down_revision: str | Sequence[str] | None = "0147"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEEP = """
CREATE OR REPLACE FUNCTION kerben_keep_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' OR to_jsonb(NEW) - '{{{free}}}'::text[]
      <> to_jsonb(OLD) - '{{{free}}}'::text[]{more} THEN
    RAISE EXCEPTION 'an invoice is never altered' USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$;
"""
ONCE = " OR NEW.provider_tax IS DISTINCT FROM OLD.provider_tax AND OLD.provider_tax IS NOT NULL"


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("fee_invoice", sa.Column("provider_tax", sa.Numeric(20, 6), nullable=True))
    op.create_check_constraint(
        op.f("ck_fee_invoice_provider_tax_within_gross"),
        "fee_invoice",
        "provider_tax BETWEEN 0 AND gross",
    )
    op.execute(KEEP.format(free="paid_at,provider_tax,version,updated_at", more=ONCE))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(KEEP.format(free="paid_at,version,updated_at", more=""))
    op.drop_constraint(op.f("ck_fee_invoice_provider_tax_within_gross"), "fee_invoice")
    op.drop_column("fee_invoice", "provider_tax")
