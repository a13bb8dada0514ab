"""How Celery talks to each broker; tasks, relay and workers are the same code on all of them.

memory:// lives inside one process, RabbitMQ keeps messages in quorum queues and confirms each,
Redis hides a message from others while a worker has it. PostgreSQL is the truth on all three: a
message that was lost is sent again, and one that comes twice does nothing (see api/core/jobs.py).
"""

from collections.abc import Iterable
from typing import Any

from celery.worker import consumer
from kombu.entity import Exchange, Queue
from kombu.transport import TRANSPORT_ALIASES

from api.core import settings
from api.rules import jobs

NAMES = (jobs.DEFAULT_QUEUE, *sorted(set(jobs.QUEUES.values())))
"""The queues, without the prefix that keeps installations on one broker apart."""

LONGEST_JOB_MS = 24 * 3600 * 1000


TRANSPORT_ALIASES.update(
    dict.fromkeys(("redis", "rediss"), "workers.redis_transport:Transport"),
)


def queue_name(name: str) -> str:
    """The queue as the broker knows it, `kerben.matching`."""
    return f"{settings.get().queue_prefix}.{name}"


def queue_of(task: str) -> str:
    """The queue, as the broker knows it, of a task's messages."""
    return queue_name(jobs.queue_of(task))


def keeps_messages() -> bool:
    """False when messages may be gone after the broker was away (Redis writes to disk late)."""
    return url().startswith("amqp")


def url() -> str:
    """Where the broker is, with the password."""
    return settings.get().broker_url.get_secret_value()


def configuration() -> dict[str, Any]:
    """Celery's settings for queues and connection."""
    return {
        "task_queues": list(_queues()),
        "task_default_queue": queue_name(jobs.DEFAULT_QUEUE),
        "task_default_exchange": "",
        "task_create_missing_queues": False,
        "task_publish_retry_policy": {"max_retries": 1, "interval_start": 0, "interval_max": 0},
        "broker_transport_options": _transport_options(),
        "broker_connection_timeout": settings.get().broker_timeout_seconds,
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        "broker_channel_error_retry": True,
        "broker_heartbeat": 20,
        "worker_consumer": f"{__name__}:Consumer",
        "worker_detect_quorum_queues": True,
    }


class Consumer(consumer.Consumer):  # type: ignore[misc]
    """Celery's consumer, less its delayed delivery: 28 more quorum queues for an ETA never used."""

    class Blueprint(consumer.Consumer.Blueprint):  # type: ignore[misc]
        default_steps = (
            *(
                step
                for step in consumer.Consumer.Blueprint.default_steps
                if not step.endswith(":DelayedDelivery")
            ),
            "workers.pulse:Pulse",
        )


def _queues() -> Iterable[Queue]:
    """Durable queues, reached through the broker's default exchange.

    RabbitMQ's limit on the time until a message is acknowledged is lifted: whether the worker
    of a long job lives, its lease says.
    """
    for name in map(queue_name, NAMES):
        yield Queue(  # type: ignore[no-untyped-call]
            name,
            Exchange(""),  # type: ignore[no-untyped-call]
            routing_key=name,
            queue_arguments={"x-queue-type": "quorum", "x-consumer-timeout": LONGEST_JOB_MS},
        )


def _transport_options() -> dict[str, Any]:
    config = settings.get()
    scheme = url().partition(":")[0]
    if scheme == "memory":
        return {"polling_interval": 0.02}
    if scheme in ("amqp", "amqps"):
        return {
            "confirm_publish": True,
            "read_timeout": config.broker_timeout_seconds,
            "write_timeout": config.broker_timeout_seconds,
        }
    return {
        "visibility_timeout": config.job_lease_seconds,
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        "unacked_key": queue_name("unacked"),
        "unacked_index_key": queue_name("unacked_index"),
        "unacked_mutex_key": queue_name("unacked_mutex"),
        "socket_connect_timeout": config.broker_timeout_seconds,
        "socket_timeout": config.broker_timeout_seconds,
        "socket_keepalive": True,
    }
