"""Words of the index are found by their indexes, whoever asks.

A condition of row-level security is checked before any operator that may tell of a row in an
error, and so keeps `terms @>` and `%` from their indexes: a search of a million offers would read
all of them. The index holds nothing but words of offers that are active, which every organisation
may read; what a search answers is read from the offers themselves, by their own policies.

Revision ID: 0125
Revises: 0141
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0125"
down_revision: str | Sequence[str] | None = "0141"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

TABLES = ("offer_terms", "term_frequency")


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.execute(f"ALTER POLICY visible ON {table} USING (true)")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table in TABLES:
        op.execute(f"ALTER POLICY visible ON {table} USING (kerben_org() IS NOT NULL)")
