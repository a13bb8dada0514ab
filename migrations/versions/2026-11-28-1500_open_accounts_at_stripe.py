"""Sellers open accounts at Stripe: what it says of them, and the way into its questions.

Revision ID: 0116
Revises: 0114
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0116"
down_revision: str | Sequence[str] | None = "0114"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS: tuple[tuple[str, sa.types.TypeEngine[object]], ...] = (
    ("provider_status", sa.String(60)),
    ("contact_email", sa.String(254)),
    ("onboarding_url", sa.String(2000)),
    ("onboarding_expires_at", sa.DateTime(timezone=True)),
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name, kind in COLUMNS:
        op.add_column("payee_account", sa.Column(name, kind, nullable=True))


def downgrade() -> None:
    for name, _ in reversed(COLUMNS):
        op.drop_column("payee_account", name)
