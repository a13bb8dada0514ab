"""A TCP road to a broker that a test can cut, block and open again."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress


class Proxy:
    """Forwards from a port of its own to `host:port`, as long as the road is open."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._cut = False
        self.port = 0

    def cut(self) -> None:
        """The broker is gone: connections are reset, new ones at once."""
        self._call(self._reset)

    def block(self) -> None:
        """The broker is silent: connections stay, and nothing comes through."""
        self._call(lambda: self._flowing.clear())

    def restore(self) -> None:
        """The broker is back."""
        self._call(self._mend)

    @contextmanager
    def running(self) -> Iterator["Proxy"]:
        """Forward while the block lasts."""
        ready = threading.Event()
        thread = threading.Thread(target=self._run, args=(ready,), name="proxy")
        thread.start()
        assert ready.wait(30)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(30)

    def _run(self, ready: threading.Event) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._listen())
        self._loop.call_soon(ready.set)
        self._loop.run_forever()
        server.close()
        self._reset()
        for task in self._tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*self._tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _listen(self) -> asyncio.Server:
        self._flowing = asyncio.Event()
        self._flowing.set()
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._cut:
            writer.transport.abort()
            return
        onward, back = await asyncio.open_connection(*self._target)
        for source, sink in ((reader, back), (onward, writer)):
            self._open.add(sink)
            task = self._loop.create_task(self._pump(source, sink))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(65536):
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
        sink.close()
        self._open.discard(sink)

    def _reset(self) -> None:
        self._cut = True
        for writer in self._open:
            writer.transport.abort()
        self._open.clear()

    def _mend(self) -> None:
        self._cut = False
        self._flowing.set()

    def _call(self, change: Callable[[], None]) -> None:
        done = threading.Event()

        def run() -> None:
            change()
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(30)
