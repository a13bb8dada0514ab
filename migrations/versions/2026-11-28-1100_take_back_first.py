"""What a supplier owes is taken back first; a refund may go back to what was paid with.

Revision ID: 0095
Revises: 0090
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0095"
down_revision: str | Sequence[str] | None = "0090"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

NAME = """
ALTER TABLE contract_refund NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER;
UPDATE contract_refund SET payee_account_id = '00000000-0000-0000-0000-000000000000'
  WHERE payee_account_id IS NULL;
ALTER TABLE contract_refund FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER;
"""
"""The release before asks for an account of every refund; nothing is paid to one that is not there."""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("payment_recovery", sa.Column("taken_back", sa.Numeric(20, 6), nullable=True))
    op.create_check_constraint(
        op.f("ck_payment_recovery_taken_back_within_recovered"),
        "payment_recovery",
        "taken_back BETWEEN 0 AND recovered",
    )
    op.alter_column("contract_refund", "payee_account_id", nullable=True)


def downgrade() -> None:
    op.execute(NAME)
    op.alter_column("contract_refund", "payee_account_id", nullable=False)
    op.drop_column("payment_recovery", "taken_back")
