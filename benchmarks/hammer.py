"""Requests over many connections: `python benchmarks/hammer.py FILE` prints the seconds they took.

It imports nothing of the product, so that the process is a client and no more.
"""

import asyncio
import pickle
import sys
import time
from pathlib import Path

CONNECTIONS = 16
HOST, PORT = "127.0.0.1", 18474


async def rush(requests: list[bytes]) -> float:
    """Send every request once, over `CONNECTIONS` connections; the seconds it took."""
    for _ in range(1200):
        try:
            _, writer = await asyncio.open_connection(HOST, PORT)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            break
    waiting = iter(requests)

    async def one() -> None:
        reader, writer = await asyncio.open_connection(HOST, PORT)
        for raw in waiting:
            writer.write(raw)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            body = await reader.readexactly(length)
            if head[9:12] != b"201":
                raise SystemExit(f"{head.decode()}{body.decode()}")
        writer.close()

    started = time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CONNECTIONS)))
    return time.perf_counter() - started


if __name__ == "__main__":
    print(asyncio.run(rush(pickle.loads(Path(sys.argv[1]).read_bytes()))))  # noqa: T201
