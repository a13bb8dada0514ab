"""Deliveries while name servers do not answer."""

import socket
import threading
from typing import Any

import pytest

from api.core import db
from api.rules.permissions import OrgRole
from api.webhooks.schemas.endpoints import EndpointIn
from api.webhooks.service import endpoints
from tests.webhooks.receiving import TYPE, Receiver, endpoint, happen, relayed
from tests.workers.fleet import wait_until
from workers import dispatcher


def test_wh_09_name_servers_that_do_not_answer_delay_no_other_endpoint(
    buyer: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    silent, real = threading.Event(), socket.getaddrinfo

    def resolve(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if not name.endswith(".example"):
            return real(host, *args, **kwargs)
        if name.startswith("dead") and not kwargs.get("flags"):
            silent.wait(60)
        if name.startswith("dead") or kwargs.get("flags"):
            raise socket.gaierror("no answer")
        return real("127.0.0.1", *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with db.worker_unit_of_work() as unit:
        for n in range(dispatcher.RESOLVERS - 1):
            data = EndpointIn(url=f"https://dead-{n}.example/", event_types=[TYPE])
            endpoints.create(
                unit,
                org_id=buyer.org_id,
                actor="test",
                scopes=["tenders:read"],
                org_roles=[OrgRole.BUYER],
                data=data,
            )
    endpoint(buyer, receiver.url.replace("127.0.0.1", "alive.example"))
    happen(buyer.org_id)
    relayed()
    stop = threading.Event()
    running = threading.Thread(target=dispatcher.run, args=(stop,))
    running.start()
    try:
        wait_until(lambda: bool(receiver.received), "the endpoint that is there was told")
        assert not silent.is_set()
    finally:
        silent.set()
        stop.set()
        running.join()
