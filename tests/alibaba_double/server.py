"""The double as a server on loopback."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from tests.alibaba_double.app import Platform, create_app

HOST = "127.0.0.1"


@contextmanager
def running(platform: Platform) -> Iterator[str]:
    """The URL of a double in a thread of this process."""
    config = uvicorn.Config(
        create_app(platform), HOST, 0, log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="alibaba-double")
    thread.start()
    while not server.started:
        time.sleep(0.002)
    bound = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://{HOST}:{bound}"
    finally:
        platform.spoken.set()
        server.should_exit = True
        thread.join()
