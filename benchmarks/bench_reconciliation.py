"""Reconciliation of many lines: a run in the database beside the rule alone over loaded rows.

Half of the lines share an external id with an entry, half a reference; every tenth has a fee that is
still to be booked. "Loaded" is what a run would do without `keyed_matches`: read every open line and
entry into Python and apply the same rule, with nothing written.
"""

import os
import tempfile
import time
from decimal import Decimal

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)

from rich.console import Console
from sqlalchemy import text

from api.core import db, logs, migrations
from api.payments.service import posting, reconciling
from api.payments.service.posting import Posting
from api.rules import reconciling as rules
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
console = Console()


def main() -> None:
    """Print how long the rule alone and a run take, and what a second run costs."""
    logs.configure("ERROR", "console")
    migrations.upgrade()
    for start in range(0, LINES, AT_ONCE):
        with db.worker_unit_of_work() as session:
            posting.post_all(
                session, [booked(n) for n in range(start, min(LINES, start + AT_ONCE))]
            )
    with db.worker_unit_of_work() as session:
        session.connection().execute(_LINES, {"last": LINES - 1})
    started = time.perf_counter()
    with db.worker_unit_of_work() as session:
        rules.match(*reconciling.opened(session, BANK.kind, BANK.currency))
    loaded = time.perf_counter() - started
    runs = []
    for _ in range(2):
        started = time.perf_counter()
        with db.worker_unit_of_work() as session:
            found = reconciling.reconcile(session, BANK.kind, BANK.currency)
        runs.append((time.perf_counter() - started, sum(found.values())))
    console.print(f"{LINES:,} lines: the rule over loaded rows, nothing written: {loaded:.1f} s")
    for name, (seconds, number) in zip(("first run", "second run"), runs, strict=True):
        console.print(f"{name}: {seconds:.1f} s, {number:,} matches kept")
    db.dispose()


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
