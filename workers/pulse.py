"""A file that a worker or relay touches while it does its rounds: a container's health check."""

from typing import Any

from celery import bootsteps
from celery.worker.consumer import Tasks

from api.core import settings

SECONDS = 5.0


def beat() -> None:
    """Touch `alive_file`, if there is one."""
    if path := settings.get().alive_file:
        path.touch()


class Pulse(bootsteps.StartStopStep):  # type: ignore[misc]
    """Beats while a worker's loop turns and has its broker."""

    requires = (Tasks,)
    entry: Any = None

    def include_if(self, _: Any) -> bool:
        """Only where somebody looks at the file."""
        return settings.get().alive_file is not None

    def start(self, consumer: Any) -> None:
        """With each connection to the broker."""
        beat()
        self.entry = consumer.timer.call_repeatedly(SECONDS, beat)

    def stop(self, _: Any) -> None:
        """When the connection is lost or the worker stops, even if this step has not started."""
        if self.entry is not None:
            self.entry.cancel()
