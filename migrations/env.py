"""Alembic's entry: migrates as the owner's role, one process at a time."""

from alembic import context
from sqlalchemy import text

from api import registry
from api.core import db


def run() -> None:
    """Apply the revisions in one transaction each, behind a lock that other runs wait for."""
    with db.engine("owner").connect() as connection:
        connection.execute(text("SELECT pg_advisory_lock(hashtext('kerben.migrate'))"))
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
