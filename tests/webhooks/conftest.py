from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest

from api.core import settings
from tests.webhooks import receiving
from tests.webhooks.receiving import Receiver

LOOPBACK = {
    "base_url": "https://kerben.example",
    "outbound_insecure": True,
    "outbound_networks": (ip_network("127.0.0.0/8"),),
}


@pytest.fixture
def reachable(monkeypatch: pytest.MonkeyPatch) -> settings.Settings:
    """An installation that calls receivers on this machine, without TLS."""
    changed = settings.get().model_copy(update=LOOPBACK)
    monkeypatch.setattr(settings, "get", lambda: changed)
    return changed


@pytest.fixture
def receiver(reachable: settings.Settings) -> Iterator[Receiver]:
    with receiving.receiver() as here:
        yield here


@pytest.fixture
def buyer(as_org: Callable[..., Any]) -> Any:
    return as_org(["buyer"])
