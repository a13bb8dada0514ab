"""Business events are booked by fewer statements, and none of them reads all transactions.

Revision ID: 0074
Revises: 0071
"""

from collections.abc import Sequence
from pathlib import Path

from alembic import op

revision: str = "0074"
down_revision: str | Sequence[str] | None = "0071"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

POST = Path(__file__).with_suffix(".sql")
BEFORE = Path(__file__).with_name("2026-11-28-0605_post_in_one_call.sql")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.get_bind().connection.cursor().execute(POST.read_text(encoding="utf-8"))


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    script = BEFORE.read_text(encoding="utf-8")
    begin, end = script.index("CREATE FUNCTION ledger_post"), script.index("-- The operator sees")
    replaced = script[begin:end].replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1)
    op.get_bind().connection.cursor().execute(replaced)
