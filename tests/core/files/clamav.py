"""A clamd on loopback: INSTREAM as clamd(8) tells it, with one signature, that of EICAR."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
MAX_LENGTH = 100_000


class _Handler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        assert self.rfile.read(len(b"zINSTREAM\0")) == b"zINSTREAM\0"
        found = b""
        while length := struct.unpack("!L", self.rfile.read(4))[0]:
            found += self.rfile.read(length)
        if len(found) > MAX_LENGTH:
            self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
        elif EICAR in found:
            self.wfile.write(b"stream: Eicar-Test-Signature FOUND\0")
        else:
            self.wfile.write(b"stream: OK\0")


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[None]:
    """Serve while the block lasts."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def over_tcp() -> socketserver.TCPServer:
    """On a free port of loopback."""
    return socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Handler)


def over_unix(path: str) -> socketserver.UnixStreamServer:
    """On a socket in the file system."""
    return socketserver.ThreadingUnixStreamServer(path, _Handler)
