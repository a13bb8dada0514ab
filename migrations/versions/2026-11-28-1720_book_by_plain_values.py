"""Business events are booked with plain values, and nothing is planned anew.

Revision ID: 0122
Revises: 0118
"""

from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "0122"
down_revision: str | Sequence[str] | None = "0118"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

BOOK = Path(__file__).with_suffix(".sql")
BEFORE = Path(__file__).with_name("2026-11-28-0010_keep_the_ledger.sql")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().connection.cursor().execute(BOOK.read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP FUNCTION ledger_book, kerben_ledger_named")
    script = BEFORE.read_text(encoding="utf-8")
    begin = script.index("CREATE FUNCTION kerben_ledger_balanced")
    end = script.index("CREATE CONSTRAINT TRIGGER balanced")
    replaced = script[begin:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    op.get_bind().connection.cursor().execute(replaced)
