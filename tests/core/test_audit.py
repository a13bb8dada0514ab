from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import inspect
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, col, select

from api.core import audit, db
from api.core.audit import AuditEntry


def entries(session: Session, stream: str) -> list[AuditEntry]:
    session.expire_all()
    query = select(AuditEntry).where(AuditEntry.stream == stream)
    return list(session.exec(query.order_by(col(AuditEntry.seq))).all())


@pytest.fixture
def stream() -> str:
    name = f"tender:{uuid4().hex}"
    for number in range(5):
        with db.worker_unit_of_work() as session:
            audit.record(session, name, "amend", actor="test", change={"n": number, "т": "я"})
    return name


def test_sec_10_an_untouched_stream_verifies(session: Session, stream: str) -> None:
    assert audit.first_broken(entries(session, stream)) is None


@pytest.mark.parametrize(
    ("tampering", "broken"),
    [
        ("UPDATE audit_entry SET change = '{\"n\": 99}' WHERE stream = %s AND seq = 3", 3),
        ("UPDATE audit_entry SET actor = 'x' WHERE stream = %s AND seq = 1", 1),
        ("DELETE FROM audit_entry WHERE stream = %s AND seq = 2", 2),
        ("UPDATE audit_entry SET seq = seq + 100 WHERE stream = %s AND seq = 4", 4),
    ],
)
def test_sec_12_tampering_is_found_at_its_first_entry(
    session: Session,
    stream: str,
    superuser: psycopg.Connection[Any],
    tampering: str,
    broken: int,
) -> None:
    superuser.execute(tampering.encode(), [stream])
    assert audit.first_broken(entries(session, stream)) == broken


AUDIT_TABLES = ("audit_entry", "audit_leaf", "audit_node", "audit_head", "signing_key")


@pytest.mark.parametrize("role", ["app", "worker", "reporting", "owner"])
@pytest.mark.parametrize("table", AUDIT_TABLES)
def test_sec_10_no_role_can_change_or_delete_what_is_audited(
    stream: str, role: str, table: str
) -> None:
    refusal = "append-only" if role == "owner" else "permission denied"
    with db.engine("owner").connect() as connection:
        columns = {each["name"] for each in inspect(connection).get_columns(table)}
    tried = [f"UPDATE {table} SET {name} = {name}" for name in sorted(columns)]
    for statement in [*tried, f"DELETE FROM {table}", f"TRUNCATE {table}"]:
        with db.engine(role).connect() as connection:
            connection.exec_driver_sql("SELECT set_config('kerben.operator', 'on', true)")
            with pytest.raises(DBAPIError, match=refusal):
                connection.exec_driver_sql(statement)
    with db.worker_unit_of_work() as session:
        assert audit.first_broken(entries(session, stream)) is None


@pytest.mark.parametrize("table", AUDIT_TABLES[1:])
def test_the_role_of_the_api_cannot_write_the_log_or_its_keys(table: str) -> None:
    insertion = f"INSERT INTO {table} DEFAULT VALUES"
    with (
        db.engine("app").connect() as connection,
        pytest.raises(DBAPIError, match="permission denied"),
    ):
        connection.exec_driver_sql(insertion)


@pytest.mark.parametrize("role", ["app", "worker"])
def test_the_roles_of_the_service_have_no_more_rights_than_they_use(role: str) -> None:
    with db.engine("owner").connect() as connection:
        rows = connection.exec_driver_sql(
            "SELECT table_name, privilege_type FROM information_schema.table_privileges"
            f" WHERE grantee = 'kerben_{role}'"
        ).all()
    held = {table: {right for name, right in rows if name == table} for table in AUDIT_TABLES}
    log = {"SELECT"} if role == "app" else {"SELECT", "INSERT"}
    assert held == {**dict.fromkeys(AUDIT_TABLES[1:], log), "audit_entry": {"SELECT", "INSERT"}}
