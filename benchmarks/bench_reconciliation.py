"""Reconciliation of many lines: a run beside the same join by hand.

Half of the lines share an external id with an entry, half a reference; every tenth has a fee that is
still to be booked.

"By hand" is the same join as plain SQL: lines to entries by external id, then by reference, amounts
compared, the pairs inserted into a table with the columns and indexes of the matches, in one
transaction. It groups nothing, books no fee, looks for nothing that names nothing, and compares no
balance.

Memory is by how much the process grew at most meanwhile.
"""

import gc
import os
import tempfile
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)

import psycopg
from rich.console import Console
from sqlalchemy import text

from api.core import db, embedded, logs, migrations, settings
from api.payments.service import posting, reconciling
from api.payments.service.posting import Posting
from api.rules.ledger import AccountKey, AccountKind, transfer

LINES = int(os.environ.get("KERBEN_BENCH_LINES", "100000"))
AT_ONCE = 1_000
BANK = AccountKey(AccountKind.BANK_CLEARING, "KGS")
SUSPENSE = AccountKey(AccountKind.SUSPENSE, "KGS")
_LINES = text("""
    INSERT INTO provider_line (id, created_at, updated_at, provider, account, clearing, external_id,
      currency, amount, fee, occurred_at, booked_on, reference, source)
    SELECT uuidv7(), now(), now(), 'bank', 'KG1', 'bank_clearing',
      CASE WHEN n % 2 = 0 THEN 'e' || n ELSE 'line' || n END, 'KGS', 10,
      CASE WHEN n % 10 = 0 THEN 1 ELSE 0 END, now(), current_date,
      CASE WHEN n % 2 = 1 THEN 'r' || n END, 'bench'
    FROM generate_series(0, :last) AS n
""")
_BY_HAND = """
    CREATE TABLE bare_match (LIKE reconciliation_match INCLUDING INDEXES);
    INSERT INTO bare_match (id, created_at, updated_at, group_id, line_id, entry_id, rule, actor)
    WITH named AS (
      SELECT e.id, e.amount, t.details ->> 'external_id' AS external_id,
        t.details ->> 'reference' AS reference
      FROM ledger_entry e JOIN ledger_account a ON a.id = e.account_id
        JOIN ledger_transaction t ON t.id = e.transaction_id
      WHERE a.kind = 'bank_clearing' AND a.currency = 'KGS'
    ), found AS (
      SELECT l.id AS line_id, e.id AS entry_id FROM provider_line l
        JOIN named e ON e.external_id = l.external_id WHERE e.amount IN (l.amount, l.amount - l.fee)
      UNION ALL
      SELECT l.id, e.id FROM provider_line l
        JOIN named e ON e.reference = l.reference WHERE e.amount IN (l.amount, l.amount - l.fee)
    )
    SELECT uuidv7(), now(), now(), uuidv7(), line_id, entry_id, 'manual', 'bench' FROM found;
"""
console = Console()


class Took(NamedTuple):
    """How long an act took in seconds, by how many megabytes the process grew, what it gave."""

    seconds: float
    megabytes: float
    gave: int


def main() -> None:
    """Print how long each way takes, and what a second run costs."""
    logs.configure("ERROR", "console")
    migrations.upgrade()
    for start in range(0, LINES, AT_ONCE):
        with db.worker_unit_of_work() as session:
            posting.post_all(
                session, [booked(n) for n in range(start, min(LINES, start + AT_ONCE))]
            )
    with db.worker_unit_of_work() as session:
        session.connection().execute(_LINES, {"last": LINES - 1})
    owner("ANALYZE")
    acts = {
        "the same join by hand": by_hand,
        "first run": run,
        "second run": run,
    }
    ways = {name: measured(act) for name, act in acts.items()}
    console.print(f"{LINES:,} lines")
    for name, took in ways.items():
        console.print(f"{name}: {took.seconds:.1f} s, +{took.megabytes:.0f} MB, {took.gave:,} kept")
    ratio = ways["first run"].seconds / ways["the same join by hand"].seconds
    console.print(f"first run / by hand: {ratio:.1f}")
    db.dispose()


def by_hand() -> int:
    """Join and insert as one would in a console."""
    owner(_BY_HAND)
    return LINES


def run() -> int:
    """What the job does for one clearing account."""
    with db.worker_unit_of_work() as session:
        return sum(reconciling.reconcile(session, BANK.kind, BANK.currency).values())


def owner(statements: str) -> None:
    """Run statements as who owns the server."""
    host = embedded.server_host(settings.get().data_dir.resolve())
    connect = f"host={host} user=postgres dbname={embedded.DATABASE}"
    with psycopg.connect(connect, autocommit=True) as admin:
        admin.execute(statements)


def measured(act: Callable[[], int]) -> Took:
    """Do it, and look at the process every hundredth of a second meanwhile."""
    gc.collect()
    before = peak = resident()
    over = threading.Event()

    def watch() -> None:
        nonlocal peak
        while not over.wait(0.01):
            peak = max(peak, resident())

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    gave = act()
    seconds = time.perf_counter() - started
    over.set()
    watcher.join()
    return Took(seconds, (max(peak, resident()) - before) / 2**20, gave)


def resident() -> int:
    """Bytes of memory that the process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def booked(number: int) -> Posting:
    """An entry of ten som that a line names."""
    named = {"external_id": f"e{number}"} if number % 2 == 0 else {"reference": f"r{number}"}
    return Posting(
        key=f"bench:{number}",
        kind="bench",
        entries=transfer(BANK, SUSPENSE, Decimal(10)),
        actor="bench",
        details=named,
    )


if __name__ == "__main__":
    main()
