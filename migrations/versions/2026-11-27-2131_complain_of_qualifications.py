"""Complaints about qualifications; complaints about a cancellation name it.

Revision ID: 0022
Revises: 0021
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0022"
down_revision: str | Sequence[str] | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

CODES = """
ALTER TABLE complaint DROP CONSTRAINT ck_complaint_complainttarget_valid;
ALTER TABLE complaint ADD CONSTRAINT ck_complaint_complainttarget_valid
  CHECK (target IN ({targets}));
ALTER TABLE complaint_effect DROP CONSTRAINT ck_complaint_effect_effectkind_valid;
ALTER TABLE complaint_effect ADD CONSTRAINT ck_complaint_effect_effectkind_valid
  CHECK (kind IN ({effects}));
"""
TARGETS = "'tender', 'lot', 'award', 'cancellation'"
EFFECTS = (
    "'cancel_award', 'repeat_evaluation', 'amend_terms', 'extend_period', 'cancel_tender',"
    " 'no_effect'"
)
# The owner's own rows are hidden from it while security is forced.
NAME_CANCELLATIONS = """
ALTER TABLE complaint NO FORCE ROW LEVEL SECURITY;
ALTER TABLE tender_cancellation NO FORCE ROW LEVEL SECURITY;
UPDATE complaint c SET cancellation_id = (
  SELECT k.id FROM tender_cancellation k
  WHERE k.tender_id = c.tender_id AND k.requested_at <= coalesce(c.submitted_at, c.created_at)
  ORDER BY k.requested_at DESC LIMIT 1)
WHERE c.target = 'cancellation';
ALTER TABLE complaint FORCE ROW LEVEL SECURITY;
ALTER TABLE tender_cancellation FORCE ROW LEVEL SECURITY;
"""
NAMED = {"qualification_id": "qualification", "cancellation_id": "tender_cancellation"}


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(
        CODES.format(
            targets=f"{TARGETS}, 'qualification'", effects=f"{EFFECTS}, 'cancel_qualification'"
        )
    )
    for column, target in NAMED.items():
        op.add_column("complaint", sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_complaint_{column}_{target}"),
            "complaint",
            target,
            [column],
            ["id"],
            ondelete="RESTRICT",
        )
        op.create_index(op.f(f"ix_complaint_{column}"), "complaint", [column])
    op.execute(NAME_CANCELLATIONS)
    op.create_check_constraint(
        op.f("ck_complaint_qualification_named"),
        "complaint",
        "(target = 'qualification') = (qualification_id IS NOT NULL)",
    )
    op.create_check_constraint(
        op.f("ck_complaint_cancellation_named"),
        "complaint",
        "target = 'cancellation' OR cancellation_id IS NULL",
    )


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for name in ("cancellation_named", "qualification_named"):
        op.drop_constraint(op.f(f"ck_complaint_{name}"), "complaint")
    for column in NAMED:
        op.drop_column("complaint", column)
    op.execute(CODES.format(targets=TARGETS, effects=EFFECTS))
