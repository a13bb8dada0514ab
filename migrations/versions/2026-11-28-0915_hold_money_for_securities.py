"""Securities that are money: by which collection it comes, what came, where it goes back.

A payment that the payer's bank sent back after it was settled brings its security back on its way.

Revision ID: 0068
Revises: 0065
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0068"
down_revision: str | Sequence[str] | None = "0065"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

KEEP_END = """
DROP TRIGGER keep_end ON security;
CREATE TRIGGER keep_end BEFORE UPDATE ON security FOR EACH ROW
  WHEN (OLD.status IN ('returned', 'forfeited', 'cancelled'){but})
  EXECUTE FUNCTION kerben_keep_security_end();
"""
COME_BACK = " AND NOT (OLD.status = 'returned' AND NEW.status = 'returning')"
MONEY = sa.Numeric(precision=20, scale=6)
INSTANT = sa.DateTime(timezone=True)
COLUMNS = (
    ("security", "collection_id", sa.Uuid(), None),
    ("security", "payee_account_id", sa.Uuid(), None),
    ("security", "received_amount", MONEY, sa.text("0")),
    ("security", "excess_amount", MONEY, sa.text("0")),
    ("security", "authorised_until", INSTANT, None),
    ("security", "needed_until", INSTANT, None),
    ("security_forfeiture", "payee_account_id", sa.Uuid(), None),
    ("collection_receipt", "received_at", INSTANT, None),
)
KEYS = (
    ("security", "collection_id", "collection"),
    ("security", "payee_account_id", "payee_account"),
    ("security_forfeiture", "payee_account_id", "payee_account"),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, name, kind, default in COLUMNS:
        column = sa.Column(name, kind, server_default=default, nullable=default is None)
        op.add_column(table, column)
    for table, name, of in KEYS:
        key = op.f(f"fk_{table}_{name}_{of}")
        op.create_foreign_key(key, table, of, [name], ["id"], ondelete="RESTRICT")
    op.create_unique_constraint(op.f("uq_security_collection_id"), "security", ["collection_id"])
    op.execute(KEEP_END.format(but=COME_BACK))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(KEEP_END.format(but=""))
    for table, name, *_ in reversed(COLUMNS):
        op.drop_column(table, name)
