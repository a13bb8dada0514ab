"""A business event is booked by one call.

The index on the day of transactions goes: nothing reads by it, and the check of an entry's foreign
key, whose columns it shares, chose it and read all transactions of the day.

Revision ID: 0055
Revises: 0053
"""

from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "0055"
down_revision: str | Sequence[str] | None = "0053"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

POST = Path(__file__).with_suffix(".sql")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.drop_index("ix_ledger_transaction_booking_date", table_name="ledger_transaction")
    op.get_bind().connection.cursor().execute(POST.read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        "ALTER POLICY app_read ON ledger_transaction USING (EXISTS ("
        "SELECT FROM ledger_entry e WHERE e.transaction_id = ledger_transaction.id))"
    )
    op.execute("DROP FUNCTION ledger_post, kerben_ledger_accounts, kerben_ledger_lock")
    op.create_index(
        "ix_ledger_transaction_booking_date", "ledger_transaction", ["booking_date"], unique=False
    )
