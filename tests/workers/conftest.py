"""Fixtures of the tests that talk to real brokers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from api.core import db
from tests.workers.brokers import Broker
from tests.workers.fleet import LEASE_SECONDS, Fleet
from tests.workers.proxy import Proxy


@pytest.fixture(params=["amqp", "redis"])
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """Each broker in turn, with queues that only this test knows."""
    broker = Broker(request.param)
    yield broker
    broker.forget()


@pytest.fixture
def rabbitmq() -> Iterator[Broker]:
    """RabbitMQ only."""
    broker = Broker("amqp")
    yield broker
    broker.forget()


@pytest.fixture
def proxy(broker: Broker) -> Iterator[Proxy]:
    """A road to the broker that can be cut."""
    with Proxy(*broker.address).running() as proxy:
        yield proxy


def environment(urls: dict[str, str], broker: Broker, url: str | None = None) -> dict[str, str]:
    """Variables of a process: database by role, broker and its prefix, and short leases."""
    return {
        "KERBEN_DATABASE_URL": urls["app"],
        "KERBEN_WORKER_DATABASE_URL": urls["worker"],
        "KERBEN_OWNER_DATABASE_URL": urls["owner"],
        "KERBEN_BROKER_URL": url or broker.url,
        "KERBEN_BROKER_TIMEOUT_SECONDS": "1",
        "KERBEN_QUEUE_PREFIX": broker.prefix,
        "KERBEN_JOB_LEASE_SECONDS": str(LEASE_SECONDS),
        "KERBEN_LOG_LEVEL": "WARNING",
        "KERBEN_THREADS": "8",
    }


@pytest.fixture
def fleet(broker: Broker, tmp_path: Path) -> Iterator[Fleet]:
    """Processes on the tests' database and the broker."""
    urls = {role: db.url(role) for role in ("app", "worker", "owner")}
    with Fleet(environment(urls, broker), db.engine("worker"), tmp_path).running() as fleet:
        yield fleet
