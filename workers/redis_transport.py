"""kombu's Redis transport, with one difference: an acknowledgement that fails frees its place.

kombu forgets a message only after Redis has heard of its acknowledgement. When the connection
breaks just then, the message occupies the worker's prefetch for good; once every place is taken,
the worker asks Redis for nothing any more, and so never notices that it should reconnect. Here
the place is freed. Redis shows the message again after its visibility timeout, and the job that
it names is found done.
"""

from typing import Any

from kombu.transport import redis, virtual


class QoS(redis.QoS):
    """Which messages a worker holds."""

    def ack(self, delivery_tag: Any) -> None:
        """Done with a message, whether or not Redis hears of it."""
        try:
            super().ack(delivery_tag)  # type: ignore[no-untyped-call]
        except self.channel.connection_errors:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise

    def reject(self, delivery_tag: Any, requeue: bool = False) -> None:
        """The same for a message that is given back."""
        try:
            super().reject(delivery_tag, requeue)  # type: ignore[no-untyped-call]
        except self.channel.connection_errors:
            virtual.QoS.ack(self, delivery_tag)  # type: ignore[no-untyped-call]
            raise


class Channel(redis.Channel):
    """Redis as a channel that counts with the QoS above."""

    QoS = QoS


class Transport(redis.Transport):
    """What redis:// and rediss:// stand for in this program."""

    Channel = Channel
