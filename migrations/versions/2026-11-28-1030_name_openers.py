"""Whose membership an opener's key is of.

Revision ID: 0085
Revises: 0084
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0085"
down_revision: str | Sequence[str] | None = "0084"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ADOPT = """
ALTER TABLE opener_key NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER;
ALTER TABLE member NO FORCE ROW LEVEL SECURITY;
UPDATE opener_key k SET person_id = m.person_id FROM member m WHERE m.id = k.member_id;
ALTER TABLE member FORCE ROW LEVEL SECURITY;
ALTER TABLE opener_key FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("opener_key", sa.Column("person_id", sa.Uuid(), nullable=True))
    op.execute(ADOPT)
    op.create_foreign_key(
        op.f("fk_opener_key_person_id_person"),
        "opener_key",
        "person",
        ["person_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_index(op.f("ix_opener_key_person_id"), "opener_key", ["person_id"])


def downgrade() -> None:
    op.drop_column("opener_key", "person_id")
