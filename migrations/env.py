"""Alembic's entry: migrates as the owner's role, one process at a time."""

import time

from alembic import context
from sqlalchemy import text

from api import registry
from api.core import db

_AGAIN = 0.2


def run() -> None:
    """Apply the revisions in one transaction each, behind a lock that other runs wait for."""
    with db.engine("owner").connect() as connection:
        # Asked again and again: an index that is built concurrently by the one who migrates
        # would wait for a statement that waits for the lock.
        while not connection.scalar(
            text("SELECT pg_try_advisory_lock(hashtext('kerben.migrate'))")
        ):
            connection.commit()
            time.sleep(_AGAIN)
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=registry.metadata,
            compare_type=True,
            compare_server_default=True,
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
