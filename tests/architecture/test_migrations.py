from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect

from api import registry
from api.core import db


def test_models_and_migrations_agree() -> None:
    with db.engine("owner").connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, registry.metadata) == []


def test_every_table_is_in_the_registry() -> None:
    tables = {table.__tablename__ for table in registry.TABLES}
    assert tables == set(registry.metadata.tables)
    with db.engine("owner").connect() as connection:
        assert set(inspect(connection).get_table_names()) == tables | {"alembic_version"}


def test_every_table_has_forced_row_level_security_and_no_runtime_role_owns_one() -> None:
    with db.engine("owner").connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT relname, relrowsecurity AND relforcerowsecurity, relowner::regrole::text"
            " FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace"
        ).all()
    unprotected = {name for name, forced, _ in rows if not forced} - {"alembic_version"}
    assert unprotected == set()
    assert {owner for _, _, owner in rows} == {"kerben_owner"}


def test_the_services_roles_cannot_bypass_security() -> None:
    for role in ("app", "worker"):
        with db.engine(role).connect() as connection:
            row = connection.exec_driver_sql(
                "SELECT rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
            ).one()
        assert tuple(row) == (False, False)
