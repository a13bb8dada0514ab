"""Four database roles, and what the service refuses to run as; asked of real roles."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import text
from typer.testing import CliRunner

from api.__main__ import main
from api.core import db, embedded, health, roles, settings

MADE = {
    "superuser": "SUPERUSER",
    "bypassing": "BYPASSRLS IN ROLE kerben_app",
    "owner": "IN ROLE kerben_owner, kerben_app",
    "worker": "IN ROLE kerben_worker, kerben_app",
    "stranger": "",
    "member": "IN ROLE kerben_app",
}
FAULT = {
    "superuser": "is a superuser",
    "bypassing": "has BYPASSRLS",
    "owner": "owns [0-9]+ of the tables",
    "worker": "is kerben_worker, or a member of it",
    "stranger": "is not kerben_app nor a member of it",
}


@pytest.fixture(scope="module", autouse=True)
def _made(superuser: psycopg.Connection[Any]) -> Iterator[None]:
    for name, rights in MADE.items():
        superuser.execute(f"CREATE ROLE test_{name} LOGIN {rights}")
    yield
    for name in MADE:
        superuser.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(f"test_{name}")))


@pytest.fixture
def as_role(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Let the process be configured, as an operator does it, with a database role."""

    def use(variable: str, role: str) -> None:
        monkeypatch.setenv(variable, embedded.url(data_dir, role))
        settings.get.cache_clear()
        db.dispose()

    data_dir = settings.get().data_dir
    yield use
    monkeypatch.undo()
    settings.get.cache_clear()
    db.dispose()


@pytest.mark.parametrize("role", FAULT)
def test_sec_02_the_service_refuses_to_start_as_an_unsafe_role_and_names_the_remedy(
    as_role: Any, role: str
) -> None:
    as_role("KERBEN_DATABASE_URL", f"test_{role}")
    with pytest.raises(roles.UnsafeRole, match=FAULT[role]):
        db.check_roles("app")

    ended = CliRunner().invoke(main, ["serve"])
    told = " ".join(ended.stderr.split())
    assert ended.exit_code == 1
    assert f"Kerben cannot start. The database role 'test_{role}' of KERBEN_DATABASE_URL" in told
    assert "Connect as kerben_app: migrations/roles.sql" in told


@pytest.mark.parametrize("role", FAULT)
def test_sec_02_no_transaction_begins_as_an_unsafe_role(as_role: Any, role: str) -> None:
    """Whoever serves the application without the command, or whose database was away at first."""
    as_role("KERBEN_DATABASE_URL", f"test_{role}")
    for _ in range(2):
        with pytest.raises(roles.UnsafeRole, match=FAULT[role]), db.unit_of_work() as session:
            session.connection()
    with pytest.raises(roles.UnsafeRole):
        health.readyz()


def test_sec_02_a_role_of_ones_own_may_be_a_member_of_the_one_that_is_meant(as_role: Any) -> None:
    as_role("KERBEN_DATABASE_URL", "test_member")
    as_role("KERBEN_REPORTING_DATABASE_URL", "kerben_reporting")
    db.check_roles("app", "reporting")
    with db.unit_of_work() as session:
        assert session.connection().scalar(text("SELECT current_user")) == "test_member"


@pytest.mark.parametrize(
    ("variable", "role", "used"),
    [
        ("KERBEN_WORKER_DATABASE_URL", "kerben_owner", "worker"),
        ("KERBEN_WORKER_DATABASE_URL", "kerben_app", "worker"),
        ("KERBEN_REPLICA_DATABASE_URL", "postgres", "replica"),
        ("KERBEN_REPORTING_DATABASE_URL", "kerben_worker", "reporting"),
        ("KERBEN_REPORTING_DATABASE_URL", "kerben_app", "reporting"),
    ],
)
def test_sec_02_each_variable_has_its_role(
    as_role: Any, variable: str, role: str, used: str
) -> None:
    as_role(variable, role)
    with pytest.raises(roles.UnsafeRole, match=variable):
        db.check_roles(used)


def test_sec_02_a_database_that_is_away_does_not_keep_the_service_from_starting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("KERBEN_DATABASE_URL", "postgresql://kerben_app@127.0.0.1:1/kerben")
    settings.get.cache_clear()
    try:
        db.check_roles("app")
    finally:
        monkeypatch.undo()
        settings.get.cache_clear()


def test_sec_02_reporting_reads_what_is_published_and_reference_data_and_writes_nothing() -> None:
    with psycopg.connect(db.url("reporting"), autocommit=True) as link:
        rights = link.execute(
            "SELECT table_name, array_agg(privilege_type::text)"
            " FROM information_schema.table_privileges"
            " WHERE grantee = 'kerben_reporting' GROUP BY table_name"
        ).fetchall()
        assert {privilege for _, of_table in rights for privilege in of_table} == {"SELECT"}
        readable = {name for name, _ in rights}
        assert {"public_document", "ocds_release", "unit"} <= readable
        for table in ("organisation", "bid", "tender", "api_client", "member", "audit_entry"):
            assert table not in readable
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                link.execute(f"SELECT FROM {table}")
        assert link.execute("SELECT count(*) FROM unit").fetchone() != (0,)
