"""Relay and workers as processes of their own, on a real broker, killed and cut off."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.procurement import samples
from tests.workers.brokers import Broker
from tests.workers.fleet import Fleet, once, wait_until
from tests.workers.proxy import Proxy

pytestmark = pytest.mark.brokers
JOBS = range(100)


def test_job_02_a_worker_killed_amid_100_jobs_loses_none_and_repeats_no_effect(
    broker: Broker, fleet: Fleet
) -> None:
    if broker.name == "redis":
        # A message on its way from Redis to a worker that is killed is lost, then sent again.
        fleet.environment["KERBEN_JOB_REDISPATCH_SECONDS"] = "15"
    fleet.start("relay")
    first = fleet.start("worker", "2", "default")
    fleet.enqueue(JOBS)

    wait_until(lambda: fleet.effects().total() >= 20, "20 jobs are done")
    first.kill()
    killed_at = fleet.left()
    second = fleet.start("worker", "2", "default")
    wait_until(lambda: fleet.left() == 0, "all jobs are done")

    assert 0 < killed_at < len(JOBS)
    assert fleet.effects() == once(JOBS)
    assert fleet.actors() == {first.name, second.name}
    assert fleet.stop() == [0, 0]
    assert broker.waiting() == 0


def test_job_03_while_the_broker_is_away_commands_are_taken_and_no_job_is_lost(
    broker: Broker, fleet: Fleet, proxy: Proxy, as_org: Callable[..., Any]
) -> None:
    fleet.environment["KERBEN_BROKER_URL"] = broker.through(proxy.port)
    relay = fleet.start("relay")
    fleet.start("worker", "2", "default")
    buyer = as_org(["buyer"])
    fleet.enqueue(JOBS)
    wait_until(lambda: fleet.effects().total() >= 20, "20 jobs are done")

    proxy.cut()
    answer = buyer.post("/v1/tenders", json=samples.tender())
    fleet.enqueue(range(100, 110))
    wait_until(lambda: relay.said("broker refuses"), "the relay says so")
    if broker.name == "redis":
        broker.forget()
    left = fleet.left()
    proxy.restore()
    wait_until(lambda: fleet.left() == 0, "all jobs are done")

    assert answer.status_code == 201
    assert left >= 10
    assert fleet.effects() == once(range(110))
    assert relay.said("broker takes messages again")
    assert fleet.stop() == [0, 0]


def test_a_silent_broker_does_not_hold_the_relay(
    broker: Broker, fleet: Fleet, proxy: Proxy
) -> None:
    fleet.environment["KERBEN_BROKER_URL"] = broker.through(proxy.port)
    relay = fleet.start("relay")
    fleet.enqueue([1])
    wait_until(lambda: broker.waiting() >= 1, "the first message is there")

    proxy.block()
    fleet.enqueue([2])
    wait_until(lambda: relay.said("broker refuses"), "the relay gives up waiting")
    proxy.restore()
    wait_until(lambda: relay.said("broker takes messages again"), "the broker is back")

    fleet.start("worker", "1", "default")
    wait_until(lambda: fleet.left() == 0, "all jobs are done")
    assert fleet.effects() == once([1, 2])
    assert fleet.stop() == [0, 0]
