"""What `kerben worker` and `kerben relay` run, until SIGTERM or SIGINT."""

import signal
import threading
from collections.abc import Sequence

from api.core import metrics, settings, traces
from api.matching import service as matching
from workers import broker, clock, dispatcher, housekeeper, relay, sequencer
from workers.app import app


def work(concurrency: int, queues: Sequence[str] = broker.NAMES) -> int:
    """Run a Celery worker with so many processes; the exit code, once begun jobs are ended.

    The encoder is loaded before the processes fork, so that they share its memory.
    """
    with metrics.exposed_with_children():
        if "matching" in queues:
            matching.warm_up()
        worker = app.Worker(
            concurrency=concurrency,
            queues=[broker.queue_name(name) for name in queues],
            loglevel=settings.get().log_level,
            quiet=True,
            without_mingle=True,
            without_gossip=True,
            without_heartbeat=True,
        )
        worker.start()
    return int(worker.exitcode or 0)


def relay_and_tick() -> None:
    """Run the relay; beside it the clock, the sequencer of the audit log, the housekeeper and the
    dispatcher of webhooks."""
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    beside = [
        threading.Thread(target=work, args=(stop,), name=name, daemon=True)
        for name, work in (
            ("clock", clock.run),
            ("sequencer", sequencer.run),
            ("housekeeper", housekeeper.run),
            ("dispatcher", dispatcher.run),
        )
    ]
    traces.start()
    with metrics.exposed():
        for thread in beside:
            thread.start()
        relay.run(stop)
        for thread in beside:
            thread.join(timeout=5)
    traces.stop()
