"""The ledger: transactions a second against bare inserts of the same rows, and a hot account.

Baseline "bare inserts": the same rows of the same transactions (one transaction row, two entries)
written ready-made by psycopg into tables of the same columns and indexes without triggers,
policies or balances, one commit each, in the same server with the same durability. The ledger
checks the rule, finds the accounts, books, moves two balances and proves at the commit that the
transaction is balanced.

"Hot account": every posting debits one account, as all payments of a day clear through one bank
account; compared with postings that share no account.

The three are measured in turn, several rounds of each; shown are the medians of the rates, and the
median and the range of the ratios of each round, so that a machine that is busy with something else is
busy with all of them.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID, uuid4

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)

import psycopg
from psycopg.types.json import Jsonb
from rich.console import Console
from rich.table import Table

from api.core import db, embedded, logs, migrations, settings
from api.payments.service import posting
from api.payments.service.posting import Posting
from api.rules.ledger import AccountKey, AccountKind, transfer

POSTINGS = int(os.environ.get("KERBEN_BENCH_POSTINGS", "1000"))
ROUNDS = int(os.environ.get("KERBEN_BENCH_ROUNDS", "5"))
WRITERS = (1, 8)
ACCOUNTS = 400
console = Console()


def main() -> None:
    """Print the rates and their ratios for one writer and for several."""
    logs.configure("ERROR", "console")
    migrations.upgrade()
    own = [AccountKey(AccountKind.ESCROW_LIABILITY, "KGS", uuid4()) for _ in range(ACCOUNTS)]
    payable = [AccountKey(AccountKind.SUPPLIER_PAYABLE, "KGS", uuid4()) for _ in range(ACCOUNTS)]
    bank = AccountKey(AccountKind.BANK_CLEARING, "KGS")
    for account in own:
        book(posted(bank, account, "1000000"))
    table = Table(title=f"Ledger: {ROUNDS} rounds of {POSTINGS:,} transactions of two entries")
    for name in ("writers", "bare inserts/s", "ledger/s", "ratio", "hot account/s", "hot/spread"):
        table.add_column(name, justify="right")
    for writers in WRITERS:
        rounds = [one_round(writers, own, payable, bank) for _ in range(ROUNDS)]
        bare, served, hot = (statistics.median(each) for each in zip(*rounds, strict=True))
        ratios = [each[1] / each[0] for each in rounds]
        spread = f"{statistics.median(ratios):.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        contended = statistics.median(each[2] / each[1] for each in rounds)
        table.add_row(
            str(writers),
            f"{bare:,.0f}",
            f"{served:,.0f}",
            spread,
            f"{hot:,.0f}",
            f"{contended:.2f}",
        )
    console.print(table)
    db.dispose()


def one_round(
    writers: int, own: list[AccountKey], payable: list[AccountKey], bank: AccountKey
) -> tuple[float, float, float]:
    """Bare inserts, postings that share no account, and postings of a hot account, a second each."""
    spread = [posted(own[n % ACCOUNTS], payable[n % ACCOUNTS], "1") for n in range(POSTINGS)]
    hot = [posted(bank, own[n % ACCOUNTS], "1") for n in range(POSTINGS)]
    served = rate(writers, [partial(book, each) for each in spread])
    bare = bare_rate(writers)
    contended = rate(writers, [partial(book, each) for each in hot])
    return bare, served, contended


def posted(debit: AccountKey, credit: AccountKey, amount: str) -> Posting:
    """A posting of two entries with a key of its own."""
    entries = transfer(debit, credit, Decimal(amount))
    return Posting(key=str(uuid4()), kind="bench", entries=entries, actor="bench")


def book(told: Posting) -> None:
    """One unit of work, one posting."""
    parties: dict[UUID, list[UUID]] = {
        each.account.reference: [] for each in told.entries if each.account.reference
    }
    with db.worker_unit_of_work() as session:
        posting.post(session, told, parties)


def rate(writers: int, acts: list[Callable[[], Any]]) -> float:
    """Acts a second of `writers` threads."""
    with ThreadPoolExecutor(writers) as pool:
        started = time.perf_counter()
        for end in [pool.submit(act) for act in acts]:
            end.result()
        return len(acts) / (time.perf_counter() - started)


def bare_rate(writers: int) -> float:
    """The rows of the ledger's last transactions, inserted again by the bare driver."""
    host = embedded.server_host(settings.get().data_dir.resolve())
    connect = f"host={host} user=postgres dbname={embedded.DATABASE}"
    with psycopg.connect(connect, autocommit=True) as admin:
        for name in ("transaction", "entry"):
            admin.execute(f"DROP TABLE IF EXISTS bare_{name}")
            admin.execute(f"CREATE TABLE bare_{name} (LIKE ledger_{name} INCLUDING INDEXES)")
        transactions = admin.execute(
            "SELECT * FROM ledger_transaction ORDER BY id DESC LIMIT %s", [POSTINGS]
        ).fetchall()
        entries: dict[UUID, list[tuple[Any, ...]]] = {row[0]: [] for row in transactions}
        for row in admin.execute(
            "SELECT * FROM ledger_entry WHERE transaction_id = ANY(%s)", [[*entries]]
        ):
            entries[row[3]].append(row)
    columns = len(transactions[0]), len(next(iter(entries.values()))[0])
    one, two = (", ".join(["%s"] * number) for number in columns)
    shares = [transactions[n::writers] for n in range(writers)]

    def write(share: list[tuple[Any, ...]]) -> None:
        with psycopg.connect(connect) as connection:
            for row in share:
                plain = [Jsonb(v) if isinstance(v, dict) else v for v in row]
                connection.execute(f"INSERT INTO bare_transaction VALUES ({one})", plain)
                with connection.cursor() as cursor:
                    cursor.executemany(f"INSERT INTO bare_entry VALUES ({two})", entries[row[0]])
                connection.commit()

    with ThreadPoolExecutor(writers) as pool:
        started = time.perf_counter()
        for end in [pool.submit(write, share) for share in shares]:
            end.result()
        return POSTINGS / (time.perf_counter() - started)


if __name__ == "__main__":
    main()
