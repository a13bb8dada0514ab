"""Openers and members of commissions are people, or the credentials of a program.

Revision ID: 0045
Revises: 0044
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0045"
down_revision: str | Sequence[str] | None = "0044"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ONE = {"opener_key": "held_by_one", "commission_member": "is_one"}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, name in ONE.items():
        op.add_column(table, sa.Column("member_id", sa.Uuid(), nullable=True))
        op.alter_column(table, "client_id", nullable=True)
        op.create_foreign_key(
            op.f(f"fk_{table}_member_id_member"),
            table,
            "member",
            ["member_id"],
            ["id"],
            ondelete="RESTRICT",
        )
        op.create_check_constraint(
            op.f(f"ck_{table}_{name}"), table, "num_nonnulls(client_id, member_id) = 1"
        )
    op.create_index(
        "uq_opener_key_live_of_member",
        "opener_key",
        ["member_id"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL"),
    )
    op.create_unique_constraint(
        op.f("uq_commission_member_tender_id_member_id"),
        "commission_member",
        ["tender_id", "member_id"],
    )


def downgrade() -> None:
    """What only people hold or sit in does not exist without people: those rows go."""
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, name in ONE.items():
        op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
        # Neither the policies nor the trigger that keeps rows let the owner take them away.
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER")
        op.execute(f"DELETE FROM {table} WHERE client_id IS NULL")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER")
        op.alter_column(table, "client_id", nullable=False)
        op.drop_column(table, "member_id")
