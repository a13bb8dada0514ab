"""Replacements of rejected goods: rows of the delivery schedule of their own.

Revision ID: 0086
Revises: 0085
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0086"
down_revision: str | Sequence[str] | None = "0085"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


KEEP = """
CREATE TRIGGER keep_replaced BEFORE UPDATE ON delivery_schedule_row FOR EACH ROW
  WHEN (OLD.replaces_row_id IS DISTINCT FROM NEW.replaces_row_id
    OR (OLD.replaces_row_id IS NOT NULL AND OLD.quantity <> NEW.quantity))
  EXECUTE FUNCTION kerben_keep_counted('what is replaced');
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.add_column("acceptance", sa.Column("replacement_row_id", sa.Uuid(), nullable=True))
    op.drop_constraint(op.f("uq_acceptance_replaces_id"), "acceptance", type_="unique")
    op.create_index(op.f("ix_acceptance_replaces_id"), "acceptance", ["replaces_id"], unique=False)
    op.create_unique_constraint(
        op.f("uq_acceptance_replacement_row_id"), "acceptance", ["replacement_row_id"]
    )
    op.create_foreign_key(
        op.f("fk_acceptance_replacement_row_id_delivery_schedule_row"),
        "acceptance",
        "delivery_schedule_row",
        ["replacement_row_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.add_column("delivery_schedule_row", sa.Column("replaces_row_id", sa.Uuid(), nullable=True))
    op.create_index(
        op.f("ix_delivery_schedule_row_replaces_row_id"),
        "delivery_schedule_row",
        ["replaces_row_id"],
        unique=False,
    )
    op.create_foreign_key(
        op.f("fk_delivery_schedule_row_replaces_row_id_delivery_schedule_row"),
        "delivery_schedule_row",
        "delivery_schedule_row",
        ["replaces_row_id"],
        ["id"],
        ondelete="RESTRICT",
    )
    op.create_check_constraint(
        op.f("ck_delivery_schedule_row_replaces_another"),
        "delivery_schedule_row",
        "replaces_row_id <> id",
    )
    op.execute(KEEP)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute("DROP TRIGGER keep_replaced ON delivery_schedule_row")
    op.drop_constraint(
        op.f("ck_delivery_schedule_row_replaces_another"), "delivery_schedule_row", type_="check"
    )
    op.drop_constraint(
        op.f("fk_delivery_schedule_row_replaces_row_id_delivery_schedule_row"),
        "delivery_schedule_row",
        type_="foreignkey",
    )
    op.drop_index(
        op.f("ix_delivery_schedule_row_replaces_row_id"), table_name="delivery_schedule_row"
    )
    op.drop_column("delivery_schedule_row", "replaces_row_id")
    op.drop_constraint(
        op.f("fk_acceptance_replacement_row_id_delivery_schedule_row"),
        "acceptance",
        type_="foreignkey",
    )
    op.drop_constraint(op.f("uq_acceptance_replacement_row_id"), "acceptance", type_="unique")
    op.drop_index(op.f("ix_acceptance_replaces_id"), table_name="acceptance")
    op.create_unique_constraint(op.f("uq_acceptance_replaces_id"), "acceptance", ["replaces_id"])
    op.drop_column("acceptance", "replacement_row_id")
