"""The double as a server on loopback, and the handle by which tests play the world around it."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import uvicorn
from stripe import StripeClient

from tests.stripe_double.app import create_app
from tests.stripe_double.transports import Protocol

Json = dict[str, Any]
HOST = "127.0.0.1"
KEY = "sk_test_double"


def config(port: int) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(), HOST, port, http=Protocol, log_config=None, access_log=False, lifespan="off"
    )


@dataclass
class Double:
    """A running double: `client()` is the real SDK, `act(…)` its admin API (see `admin.py`)."""

    url: str
    _http: httpx2.Client

    def client(self, **options: Any) -> StripeClient:
        """The SDK, without repetitions of its own unless `max_network_retries` says so."""
        options.setdefault("max_network_retries", 0)
        return StripeClient(KEY, base_addresses={"api": self.url}, **options)

    def act(self, name: str, **given: Any) -> Any:
        """Do something that happens outside the API; an AssertionError where it is refused."""
        answer = self._http.post(f"{self.url}/_double/{name}", json=given)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def reset(self) -> None:
        """Forget everything."""
        self.act("reset")


@contextmanager
def running(port: int = 0) -> Iterator[Double]:
    """A double in a thread of this process."""
    server = uvicorn.Server(config(port))
    thread = threading.Thread(target=server.run, name="stripe-double")
    thread.start()
    while not server.started:
        time.sleep(0.002)
    bound = server.servers[0].sockets[0].getsockname()[1]
    try:
        with httpx2.Client(trust_env=False, verify=False, timeout=30) as http:
            yield Double(f"http://{HOST}:{bound}", http)
    finally:
        server.should_exit = True
        thread.join()
