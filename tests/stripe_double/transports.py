"""Connections of the server, so that one can be cut in the middle of a request."""

import asyncio

from fastapi import Request
from uvicorn.protocols.http.h11_impl import H11Protocol

_OPEN: dict[tuple[str, int], asyncio.Transport] = {}


class Protocol(H11Protocol):
    """uvicorn's protocol, whose connections can be found by the caller's address."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _OPEN[transport.get_extra_info("peername")] = transport

    def connection_lost(self, exc: Exception | None) -> None:
        _OPEN.pop(self.transport.get_extra_info("peername"), None)
        super().connection_lost(exc)


def abort(request: Request) -> None:
    """Cut the connection of a request: its caller reads a reset."""
    assert request.client is not None
    _OPEN[request.client.host, request.client.port].abort()
