"""clamd, the daemon of ClamAV: bytes are streamed to it by INSTREAM (clamd(8)), over TCP or a
UNIX socket."""

import socket
import struct
from collections.abc import Iterable
from urllib.parse import urlsplit

from api.core import settings
from api.core.errors import Unavailable

NAME = "clamd"
_LONGEST_ANSWER = 4_096


def scan(pieces: Iterable[bytes]) -> str | None:
    """The name of what clamd has found in the bytes, None for nothing.

    Raises Unavailable when it does not answer, or cannot say (a file over its StreamMaxLength, for
    example): that is never taken for a clean file.
    """
    config = settings.get()
    assert config.clamd_url is not None
    try:
        with _connected(config.clamd_url, config.clamd_timeout_seconds) as connection:
            connection.sendall(b"zINSTREAM\0")
            for piece in pieces:
                connection.sendall(struct.pack("!L", len(piece)) + piece)
            connection.sendall(struct.pack("!L", 0))
            answer = _answer(connection)
    except OSError as error:
        raise Unavailable("The virus scanner does not answer.") from error
    told = answer.removeprefix("stream: ")
    if told == "OK":
        return None
    if told.endswith(" FOUND"):
        return told.removesuffix(" FOUND")
    raise Unavailable(f"The virus scanner cannot say: {answer[:200]}")


def _connected(url: str, timeout: float) -> socket.socket:
    address = urlsplit(url)
    if address.scheme == "tcp":
        return socket.create_connection((address.hostname or "", address.port or 0), timeout)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(address.path)
    except OSError:
        connection.close()
        raise
    return connection


def _answer(connection: socket.socket) -> str:
    found = b""
    while b"\0" not in found and len(found) < _LONGEST_ANSWER:
        piece = connection.recv(_LONGEST_ANSWER)
        if not piece:
            break
        found += piece
    return found.partition(b"\0")[0].decode("utf-8", "replace").strip()
