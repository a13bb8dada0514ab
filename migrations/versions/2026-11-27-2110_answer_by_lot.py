"""Answers to requirements by lot and item; awards that end with their lot; terms of award that an
amendment changes.

Revision ID: 0025
Revises: 0023
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0025"
down_revision: str | Sequence[str] | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

DECIDED = "decided_by IS NOT NULL AND proposed_by IS NOT NULL"
DECIDED_BY_TWO = (
    "CASE status WHEN 'pending' THEN decided_at IS NULL"
    " WHEN 'cancelled' THEN decided_at IS NOT NULL OR cancellation_cause = 'lot_ended'"
    f" ELSE decided_at IS NOT NULL END AND (decided_at IS NULL OR ({DECIDED}))"
)
DECIDED_BEFORE = (
    f"(status = 'pending') = (decided_at IS NULL) AND (status = 'pending' OR ({DECIDED}))"
)
TENDER = "EXISTS (SELECT FROM tender t WHERE t.id = tender_id AND t.buyer_id = kerben_org()"
DRAFT = f"{TENDER} AND t.published_at IS NULL)"
AMENDABLE = (
    f"{TENDER} AND (t.published_at IS NULL"
    " OR t.status_details IN ('published', 'changed', 'autoProlonged')))"
)


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for column, table in (("lot_id", "tender_lot"), ("item_id", "tender_item")):
        op.add_column("requirement_response", sa.Column(column, sa.Uuid(), nullable=True))
        op.create_foreign_key(
            op.f(f"fk_requirement_response_{column}_{table}"),
            "requirement_response",
            table,
            [column],
            ["id"],
            ondelete="RESTRICT",
        )
    op.drop_constraint(
        op.f("uq_requirement_response_bid_id_requirement_id"), "requirement_response"
    )
    op.create_unique_constraint(
        op.f("uq_requirement_response_bid_id_requirement_id_lot_id_item_id"),
        "requirement_response",
        ["bid_id", "requirement_id", "lot_id", "item_id"],
        postgresql_nulls_not_distinct=True,
    )
    op.create_check_constraint(
        op.f("ck_requirement_response_of_one_thing"),
        "requirement_response",
        "lot_id IS NULL OR item_id IS NULL",
    )
    _causes("complaint", "refusal", "lot_ended")
    _decided(DECIDED_BY_TWO)
    _award_terms(AMENDABLE)


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _award_terms(DRAFT)
    # What the older constraints have no word for: awards that were never decided go, and answers
    # for single lots and items.
    _delete("award", "cancellation_cause = 'lot_ended'")
    _decided(DECIDED_BEFORE)
    _causes("complaint", "refusal")
    _delete("requirement_response", "lot_id IS NOT NULL OR item_id IS NOT NULL")
    op.drop_constraint(op.f("ck_requirement_response_of_one_thing"), "requirement_response")
    op.drop_constraint(
        op.f("uq_requirement_response_bid_id_requirement_id_lot_id_item_id"),
        "requirement_response",
    )
    op.drop_column("requirement_response", "item_id")
    op.drop_column("requirement_response", "lot_id")
    op.create_unique_constraint(
        op.f("uq_requirement_response_bid_id_requirement_id"),
        "requirement_response",
        ["bid_id", "requirement_id"],
    )


def _delete(table: str, condition: str) -> None:
    """The owner sees no row of its tables while their security is forced on it too, and triggers
    keep rows from being deleted."""
    op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY, DISABLE TRIGGER USER")
    op.execute(f"DELETE FROM {table} WHERE {condition}")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY, ENABLE TRIGGER USER")


def _causes(*values: str) -> None:
    told = ", ".join(f"'{value}'" for value in values)
    op.drop_constraint(op.f("ck_award_cancellationcause_valid"), "award")
    op.create_check_constraint(
        op.f("ck_award_cancellationcause_valid"), "award", f"cancellation_cause IN ({told})"
    )


def _decided(condition: str) -> None:
    op.drop_constraint(op.f("ck_award_decided_by_two"), "award")
    op.create_check_constraint(op.f("ck_award_decided_by_two"), "award", condition)


def _award_terms(own: str) -> None:
    op.execute("DROP POLICY app_insert ON award_terms")
    op.execute("DROP POLICY app_update ON award_terms")
    op.execute(
        f"CREATE POLICY app_insert ON award_terms FOR INSERT TO kerben_app WITH CHECK ({own})"
    )
    op.execute(f"CREATE POLICY app_update ON award_terms FOR UPDATE TO kerben_app USING ({own})")
