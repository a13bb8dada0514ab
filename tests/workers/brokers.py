"""RabbitMQ and Redis as the tests use them: queues of their own, deleted afterwards."""

import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import redis
from amqp.exceptions import NotFound, PreconditionFailed
from kombu import Connection

URLS = {
    "amqp": os.environ.get("KERBEN_TEST_AMQP_URL", "amqp://guest:guest@127.0.0.1:5672//"),
    "redis": os.environ.get("KERBEN_TEST_REDIS_URL", "redis://127.0.0.1:6379/0"),
}
NAMES = ("default", "deadlines", "imports", "mail", "matching")


@dataclass(frozen=True)
class Broker:
    """A broker, and the prefix of this test's queues."""

    name: str
    prefix: str = field(default_factory=lambda: f"test-{uuid4().hex[:12]}")

    @property
    def url(self) -> str:
        return URLS[self.name]

    @property
    def address(self) -> tuple[str, int]:
        """Host and port, for a proxy."""
        parts = urlsplit(self.url)
        return parts.hostname or "127.0.0.1", parts.port or {"amqp": 5672, "redis": 6379}[self.name]

    def through(self, port: int) -> str:
        """The same broker by way of a port of this machine."""
        parts = urlsplit(self.url)
        who, _, _ = parts.netloc.rpartition("@")
        where = f"127.0.0.1:{port}"
        return urlunsplit(parts._replace(netloc=f"{who}@{where}" if who else where))

    def waiting(self, name: str = "default") -> int:
        """Messages in a queue that no worker has taken."""
        if self.name == "redis":
            with redis.Redis.from_url(self.url) as client:
                return int(client.llen(f"{self.prefix}.{name}"))
        return self._counts(name)[0]

    def consumers(self, name: str = "default") -> int:
        """Workers on a queue of RabbitMQ."""
        return self._counts(name)[1]

    def is_quorum(self, name: str) -> bool:
        """True when RabbitMQ refuses to take the queue for a classic one, and says why."""
        with Connection(self.url) as connection, connection.channel() as channel:
            try:
                channel.queue_declare(
                    f"{self.prefix}.{name}",
                    durable=True,
                    auto_delete=False,
                    arguments={"x-queue-type": "classic"},
                )
            except PreconditionFailed as error:
                return "current is 'quorum'" in str(error)
        return False

    def forget(self) -> None:
        """Delete this test's queues with all that is in them."""
        if self.name == "redis":
            with redis.Redis.from_url(self.url) as client:
                for key in client.scan_iter(f"{self.prefix}.*"):
                    client.delete(key)
            return
        with Connection(self.url) as connection, connection.channel() as channel:
            for name in NAMES:
                channel.queue_delete(f"{self.prefix}.{name}")

    def _counts(self, name: str) -> tuple[int, int]:
        with Connection(self.url) as connection, connection.channel() as channel:
            try:
                found = channel.queue_declare(f"{self.prefix}.{name}", passive=True)
            except NotFound:
                return 0, 0
        return found.message_count, found.consumer_count


def silent() -> str:
    """Which brokers do not answer, and why; empty when all do."""
    found = []
    for name, url in URLS.items():
        try:
            if name == "redis":
                with redis.Redis.from_url(url, socket_connect_timeout=5) as client:
                    client.ping()
            else:
                with Connection(url, connect_timeout=5) as connection:
                    connection.connect()
        except (OSError, redis.RedisError) as error:
            found.append(f"{name}: {error}")
    return "; ".join(found)
