"""The file by which a container's health check knows that a process does its rounds."""

import pytest

from tests.workers.brokers import Broker
from tests.workers.fleet import Fleet, wait_until

pytestmark = pytest.mark.brokers


@pytest.mark.parametrize("broker", ["amqp"], indirect=True)
def test_a_worker_and_a_relay_touch_their_files_again_and_again(
    broker: Broker, fleet: Fleet
) -> None:
    files = [fleet.folder / "worker", fleet.folder / "relay"]
    fleet.environment["KERBEN_ALIVE_FILE"] = str(files[0])
    fleet.start("worker", "1", "default")
    fleet.environment["KERBEN_ALIVE_FILE"] = str(files[1])
    fleet.start("relay")

    def all_there() -> bool:
        return all(file.exists() for file in files)

    wait_until(all_there, "both have begun")
    for file in files:
        file.unlink()
    wait_until(all_there, "both go on")
