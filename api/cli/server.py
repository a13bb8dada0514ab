"""Commands that run processes: serve, worker, relay, migrate."""

import signal
import threading
from contextlib import ExitStack
from typing import Annotated

import typer
import uvicorn
from rich.console import Console

from api.core import db, logs, metrics, migrations, settings, traces
from api.main import create_app
from api.matching import service as matching
from api.reference import service as reference
from workers import clock, embedded
from workers import relay as outbox_relay
from workers.app import app as celery

console = Console(stderr=True)
QUEUES = "default,matching,imports,deadlines"


def prepare() -> None:
    """Migrate the embedded database and load the bundled reference data, if not yet there."""
    migrations.upgrade()
    with db.worker_unit_of_work() as session:
        reference.ensure_bundled(session)


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
) -> None:
    """Serve the API; with the embedded database and broker, workers included."""
    config = settings.get()
    logs.configure(config.log_level, config.log_format)
    if config.embedded:
        prepare()
    with ExitStack() as stack:
        if celery.conf.broker_url.startswith("memory:"):
            stack.enter_context(embedded.running())
        uvicorn.run(
            create_app(),
            host=host or config.host,
            port=port if port is not None else config.port,
            log_config=None,
            access_log=False,
            server_header=False,
        )


def worker(
    concurrency: Annotated[int, typer.Option(help="Processes.")] = 2,
    queues: Annotated[str, typer.Option(help="Queues to take from.")] = QUEUES,
) -> None:
    """Run Celery workers on the broker of KERBEN_BROKER_URL."""
    config = settings.get()
    logs.configure(config.log_level, config.log_format)
    with metrics.exposed_with_children():
        matching.warm_up()
        celery.Worker(concurrency=concurrency, queues=queues, loglevel=config.log_level).start()


def relay() -> None:
    """Run the relay (outbox to broker) and the clock (deadlines) until stopped."""
    config = settings.get()
    logs.configure(config.log_level, config.log_format)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    traces.start()
    with metrics.exposed():
        threading.Thread(target=clock.run, args=(stop,), name="clock", daemon=True).start()
        outbox_relay.run(stop)
    traces.stop()


def migrate(revision: Annotated[str, typer.Argument(help="Alembic revision.")] = "head") -> None:
    """Bring the database to a revision, as the owner's role."""
    migrations.upgrade(revision)
    console.print(f"The database is at {migrations.head() if revision == 'head' else revision}.")
