from typing import Any
from uuid import uuid4

import psycopg
import pytest
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


def test_an_untouched_stream_verifies(session: Session, stream: str) -> None:
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
def test_tampering_is_found_at_its_first_entry(
    session: Session,
    stream: str,
    superuser: psycopg.Connection[Any],
    tampering: str,
    broken: int,
) -> None:
    superuser.execute(tampering.encode(), [stream])
    assert audit.first_broken(entries(session, stream)) == broken


@pytest.mark.parametrize("role", ["app", "worker", "owner"])
@pytest.mark.parametrize(
    "statement", ["UPDATE audit_entry SET actor = 'x'", "DELETE FROM audit_entry"]
)
def test_no_role_can_change_or_delete_an_entry(stream: str, role: str, statement: str) -> None:
    with db.engine(role).connect() as connection:
        connection.exec_driver_sql("SELECT set_config('kerben.operator', 'on', true)")
        with pytest.raises(DBAPIError, match="append-only"):
            connection.exec_driver_sql(statement)
    with db.worker_unit_of_work() as session:
        assert audit.first_broken(entries(session, stream)) is None
