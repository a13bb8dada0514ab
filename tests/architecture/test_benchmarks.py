"""Every benchmark that is quick with next to nothing to do runs, so that none rots unseen.

Left out, because they take long at any size: bench_matching (the whole demonstration), bench_api
(seconds of load), bench_imports and bench_reconciliation (shares of many rows), bench_webhooks (waits
for a black hole), bench_limits (Redis) and fit_fusion (evaluation data). `mypy` reads all of them.
"""

import asyncio
import importlib
import os
import re
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import uvicorn

from api.core import db, logs, settings
from api.main import create_app

sys.path.append(str(Path(__file__).parents[2] / "benchmarks"))
hammer = importlib.import_module("hammer")
TINY: dict[str, tuple[str, dict[str, Any]]] = {
    "audit": ("", {"SIZES": (20,), "ROUNDS": 2, "BASE_ROUNDS": 1}),
    "bids": ("--bids 2 --rounds 1", {}),
    "deadlines": ("", {"PENDING": 20, "DUE": 2, "ROUNDS": 1}),
    "duplicates": ("--rows 3", {}),
    "evaluation": ("--bids 3", {"RUNS": 1}),
    "events": ("", {"READERS": 2, "ORGANISATIONS": 1, "EVENTS": 60, "TENDERS": 1, "ROUNDS": 1}),
    "landed_cost": ("--bids 2 --lines 2", {}),
    "ledger": ("", {"POSTINGS": 2, "ROUNDS": 1, "WRITERS": (1,), "ACCOUNTS": 2}),
    "opendata": ("", {"TENDERS": 1, "READS": 2, "ROUNDS": 1}),
    "tracking": ("", {"EVENTS": 12, "SHIPMENTS": 2, "READS": 2, "ROUNDS": 1}),
}
_TABLES = (
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
)


@pytest.fixture
def _as_it_was(superuser: psycopg.Connection[Any]) -> Iterator[None]:
    """Environment, settings, logs and tables of the other tests, given back."""
    environment, tables = dict(os.environ), {*superuser.execute(_TABLES).fetchall()}
    yield
    superuser.execute("DELETE FROM event_envelope")  # those of a benchmark fit no event
    os.environ.clear()
    os.environ.update(environment)
    settings.get.cache_clear()
    logs.configure("ERROR", "json")
    db.dispose()
    for (name,) in {*superuser.execute(_TABLES).fetchall()} - tables:
        superuser.execute(f'DROP TABLE "{name}" CASCADE')


@pytest.mark.usefixtures("_as_it_was")
@pytest.mark.parametrize("name", TINY)
def test_a_benchmark_runs_from_end_to_end_with_next_to_nothing_to_do(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    given, constants = TINY[name]
    module = importlib.import_module(f"bench_{name}")
    settings.get.cache_clear()
    for constant, value in constants.items():
        monkeypatch.setattr(module, constant, value)
    if name == "bids":
        monkeypatch.setattr(module.deadline_rush, "handed_in", _served_here)
    monkeypatch.setattr(sys, "argv", [module.__file__, *given.split()])

    module.main()

    assert re.search(r"\d", capsys.readouterr().out), "there are figures"


def _served_here(requests: list[bytes], _: Path) -> float:
    """As `deadline_rush.handed_in`, without the seconds in which two processes start."""
    config = uvicorn.Config(create_app(), hammer.HOST, hammer.PORT, log_config=None)
    server = uvicorn.Server(config)
    serving = threading.Thread(target=server.run)
    serving.start()
    try:
        return asyncio.run(hammer.rush(requests))
    finally:
        server.should_exit = True
        serving.join()
