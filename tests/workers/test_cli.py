import pytest
from typer.testing import CliRunner

from api.__main__ import main
from tests.workers.brokers import Broker
from tests.workers.fleet import PATIENCE_SECONDS, Fleet, wait_until


@pytest.mark.parametrize("command", ["worker", "relay"])
def test_a_process_of_its_own_is_refused_where_the_workers_live_in_the_api(command: str) -> None:
    ended = CliRunner().invoke(main, [command])

    assert ended.exit_code == 1
    assert "memory://" in ended.stderr


@pytest.mark.brokers
@pytest.mark.parametrize("broker", ["amqp"], indirect=True)
def test_sigterm_lets_a_worker_end_its_job_and_take_no_other(broker: Broker, fleet: Fleet) -> None:
    fleet.start("kerben", "relay")
    fleet.start("kerben", "worker", "--queues", "default", "--concurrency", "1")
    fleet.enqueue(range(5), seconds=1.0)
    wait_until(lambda: fleet.begun() > 0, "a job has begun")

    assert fleet.stop() == [0, 0]
    done = fleet.effects()
    assert 0 < done.total() == fleet.begun() < 5
    assert set(done.values()) == {1}


@pytest.mark.brokers
@pytest.mark.parametrize("broker", ["amqp"], indirect=True)
def test_an_unknown_queue_is_refused_by_name(broker: Broker, fleet: Fleet) -> None:
    wrong = fleet.start("kerben", "worker", "--queues", "default,lunch")
    wrong.process.join(PATIENCE_SECONDS)

    assert wrong.process.exitcode == 2
    assert "unknown: lunch" in wrong.log.read_text()
