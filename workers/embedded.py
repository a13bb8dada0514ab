"""Workers inside one process: relay, clock, sequencer, housekeeper, dispatcher and a Celery worker on
memory://, each a thread."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from celery.worker import WorkController
from celery.worker import state as worker_state

from api.matching import service as matching
from workers import clock, dispatcher, housekeeper, relay, sequencer
from workers.app import app


@contextmanager
def running() -> Iterator[None]:
    """Run the workers while the block lasts; what they have not finished stays in the database."""
    stop = threading.Event()
    relay.forget_messages()
    app.loader.import_default_modules()
    app.finalize()
    worker = WorkController(
        app=app,
        pool_cls="solo",
        concurrency=1,
        hostname="embedded@kerben",
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
    )
    threads = [
        threading.Thread(target=matching.warm_up, name="warm-up", daemon=True),
        threading.Thread(target=worker.start, name="worker", daemon=True),
        threading.Thread(target=relay.run, args=(stop,), name="relay", daemon=True),
        threading.Thread(target=clock.run, args=(stop,), name="clock", daemon=True),
        threading.Thread(target=sequencer.run, args=(stop,), name="sequencer", daemon=True),
        threading.Thread(target=housekeeper.run, args=(stop,), name="housekeeper", daemon=True),
        threading.Thread(target=dispatcher.run, args=(stop,), name="dispatcher", daemon=True),
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        worker_state.should_stop = 0
        worker.stop(in_sighandler=False, exitcode=0)
        for thread in threads:
            thread.join(timeout=5)
        worker_state.should_stop = None
