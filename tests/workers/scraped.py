"""What `kerben worker` runs, with the relay beside it to feed it."""

import sys
import threading
from typing import Any

from celery.signals import worker_ready
from sqlmodel import Session

from workers import processes, relay
from workers.app import task


@task("test.count")
def count(session: Session, number: int) -> None:
    """Nothing but to be counted."""


@worker_ready.connect
def feed(**_: Any) -> None:
    """The children are forked by now, so that no thread of ours is."""
    relay.forget_messages()
    threading.Thread(target=relay.run, args=(threading.Event(),), daemon=True).start()


if __name__ == "__main__":
    processes.work(2, ["default"])
    sys.stdout.write("ended\n")
