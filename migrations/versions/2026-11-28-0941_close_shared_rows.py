"""Since 0077 the service names shared rows to functions: no organisation changes them otherwise.

What is older writes the tables itself and is refused here.
An installation that must not stand still for a moment replaces its processes between the two.

Revision ID: 0078
Revises: 0077
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0078"
down_revision: str | Sequence[str] | None = "0077"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None
step = "contract"

OWN = "org_id = kerben_org() OR kerben_operator()"
SHARED = f"org_id IS NULL OR {OWN}"
CLOSED = {"event_counter": "app", "login_throttle": "count"}
"""Tables that the application has nothing to look for in, and the policy that let it."""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    _deadlines_are(OWN)
    for table, policy in CLOSED.items():
        op.execute(f"DROP POLICY {policy} ON {table}")
        op.execute(f"REVOKE ALL ON {table} FROM kerben_app")


def downgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for table, policy in CLOSED.items():
        op.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO kerben_app")
        op.execute(
            f"CREATE POLICY {policy} ON {table} TO kerben_app USING (true) WITH CHECK (true)"
        )
    _deadlines_are(SHARED)


def _deadlines_are(whose: str) -> None:
    for policy in ("app_read", "app_update", "app_delete"):
        op.execute(f"ALTER POLICY {policy} ON deadline USING ({whose})")
    op.execute(f"ALTER POLICY app_insert ON deadline WITH CHECK ({whose})")
