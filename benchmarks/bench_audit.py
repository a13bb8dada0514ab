"""The audit log: a root and a proof from stored subtrees, against recomputing from every leaf.

Baseline "all leaves in memory": what a log without stored subtrees does for each answer, with the
leaves already read and in memory, so that no database stands in its way: the root over all of
them, or the roots of a proof's ranges (api/rules/merkle.py `root`, `inclusion_proof`). The stored
answers are what the API runs: one statement for the subtrees, then about log2(n) hashes. Placing
entries (read, hash, write leaves and subtrees) is shown as a rate.
"""

import os
import random
import tempfile
import time
from collections.abc import Callable

_DATA = tempfile.TemporaryDirectory(prefix="kerben-bench-", ignore_cleanup_errors=True)
os.environ.setdefault("KERBEN_DATA_DIR", _DATA.name)

from rich.console import Console
from rich.table import Table
from sqlmodel import Session, col, select

from api.audit import log
from api.audit.models import AuditLeaf
from api.core import audit, db, logs, migrations
from api.core.audit import Change
from api.rules import merkle
from workers import sequencer

SIZES = tuple(map(int, os.environ.get("KERBEN_BENCH_SIZES", "10000,100000").split(",")))
ROUNDS, BASE_ROUNDS, BATCH = 200, 5, 2_000
console = Console()


def main() -> None:
    """Print the medians of both ways at every size, and how much faster the stored one is."""
    logs.configure("ERROR", "console")
    migrations.upgrade()
    table = Table(title="Audit log: answers from stored subtrees")
    for name in ("entries", "answer", "all leaves in memory, ms", "stored, ms", "ratio"):
        table.add_column(name, justify="left" if name == "answer" else "right")
    settled = size = 0
    for wanted in SIZES:
        write(size, wanted)
        started = time.perf_counter()
        settled = sequencer.sequence_all(settled)
        rate = (wanted - size) / (time.perf_counter() - started)
        console.print(f"Placed {wanted - size:,} entries, {rate:,.0f} a second.")
        size = wanted
        with db.worker_unit_of_work() as session:
            compare(table, session, size)
    console.print(table)


def compare(table: Table, session: Session, size: int) -> None:
    """Rows about a log of `size`; ends the program when the two ways differ."""
    leaves = list(session.exec(select(AuditLeaf.hash).order_by(col(AuditLeaf.leaf_index))))
    index = random.Random(1).randrange(size)
    ranges = merkle.inclusion_ranges(index, size)
    answers: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
        "root": (lambda: merkle.root(leaves), lambda: log.root_at(session, size)),
        "inclusion proof": (
            lambda: merkle.inclusion_proof(leaves, index),
            lambda: log.joined(session, ranges),
        ),
    }
    for answer, (base, stored) in answers.items():
        if base() != stored():
            raise SystemExit(f"{answer} of {size}: the two ways differ")
        slow, fast = median(base, BASE_ROUNDS), median(stored, ROUNDS)
        row = (f"{size:,}", answer, f"{slow * 1000:.2f}", f"{fast * 1000:.2f}")
        table.add_row(*row, f"{slow / fast:,.1f}")


def median(call: Callable[[], object], rounds: int) -> float:
    """Seconds of a call."""
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        call()
        taken.append(time.perf_counter() - started)
    return sorted(taken)[rounds // 2]


def write(first: int, last: int) -> None:
    """Audit entries, each of a stream of its own."""
    for begin in range(first, last, BATCH):
        changes = [
            Change(f"bench:{number}", "act", {"number": number})
            for number in range(begin, min(begin + BATCH, last))
        ]
        with db.worker_unit_of_work() as session:
            audit.record_all(session, changes, actor="bench", org_id=None)


if __name__ == "__main__":
    main()
