"""Commands that run processes: serve, worker, relay, migrate."""

import signal
import sys
from contextlib import ExitStack
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from api.channels.service import seeding as market_seeding
from api.core import db, logs, migrations, roles, settings, signing
from api.delivery.service import seeding
from api.main import create_app
from api.reference import service as reference
from workers import broker, embedded, processes

console = Console(stderr=True)
STOP_SECONDS = 25
"""How long requests that were begun are waited for: less than the 30 s after which Docker and
Kubernetes kill a process."""


def prepare() -> None:
    """Migrate the embedded database and load the bundled reference data, if not yet there."""
    migrations.upgrade()
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)
        seeding.ensure_bundled(session)
        market_seeding.ensure_bundled(session)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the API; with the embedded database and broker, workers included."""
    config = settings.get()
    logs.configure(config.log_level, config.log_format)
    if config.embedded:
        prepare()
    _check_signing_key()
    _check_roles("app", "reporting", "worker")
    # uvicorn ends well on SIGTERM, then sends it again to whoever handled it before.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as stack:
        if broker.url().startswith("memory:"):
            stack.enter_context(embedded.running())
        uvicorn.run(
            create_app(),
            host=host or config.host,
            port=port if port is not None else config.port,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=STOP_SECONDS,
        )


def _check_signing_key() -> None:
    """Refuse to start what could not sign."""
    try:
        signing.own_public_key()
    except signing.KeyUnusable as error:
        console.print(f"Kerben cannot start. {error}", markup=False)
        raise typer.Exit(1) from None


def _check_roles(*used: str) -> None:
    """Refuse to start as a database role that row-level security would not bind."""
    try:
        db.check_roles(*used)
    except roles.UnsafeRole as error:
        console.print(f"Kerben cannot start. {error}", markup=False)
        raise typer.Exit(1) from None


def _configure_own_process() -> None:
    """Refuse where the workers live inside `kerben serve`, and nowhere else, and an unsafe
    database role; set up logs."""
    if broker.url().startswith("memory:"):
        console.print("KERBEN_BROKER_URL is memory://, whose workers run inside `kerben serve`.")
        raise typer.Exit(1)
    config = settings.get()
    logs.configure(config.log_level, config.log_format)
    _check_roles("worker", "replica")


def worker(
    concurrency: Annotated[int, typer.Option(help="Processes.")] = 2,
    queues: Annotated[str, typer.Option(help="Queues to take from.")] = ",".join(broker.NAMES),
) -> None:
    """Run Celery workers on the broker of KERBEN_BROKER_URL until stopped; jobs begun are ended."""
    _configure_own_process()
    wanted = queues.split(",")
    if unknown := sorted(set(wanted) - set(broker.NAMES)):
        raise typer.BadParameter(f"unknown: {', '.join(unknown)}", param_hint="--queues")
    raise typer.Exit(processes.work(concurrency, wanted))


def relay() -> None:
    """Run relay (outbox to broker), clock (deadlines) and sequencer (audit log) until stopped."""
    _configure_own_process()
    _check_signing_key()
    processes.relay_and_tick()


def migrate(revision: Annotated[str, typer.Argument(help="Alembic revision.")] = "head") -> None:
    """Bring the database to a revision, as the owner's role."""
    migrations.upgrade(revision)
    console.print(f"The database is at {migrations.head() if revision == 'head' else revision}.")
