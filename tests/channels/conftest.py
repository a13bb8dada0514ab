"""A seller of honey who is connected to the double of Alibaba.com."""

from collections.abc import Callable, Iterator
from ipaddress import ip_network
from typing import Any

import pytest
from pydantic import SecretStr

from api.core import settings
from tests.alibaba_double import server
from tests.alibaba_double.app import KEY, SECRET, Platform
from tests.channels.listing import Shop


@pytest.fixture(scope="session")
def _double() -> Iterator[tuple[Platform, str]]:
    platform = Platform()
    with server.running(platform) as url:
        yield platform, url


@pytest.fixture
def platform(_double: tuple[Platform, str], monkeypatch: pytest.MonkeyPatch) -> Platform:
    """The platform, empty; this installation has an app there."""
    found, url = _double
    found.__init__()  # type: ignore[misc]
    changed = {
        "base_url": "https://kerben.example",
        "outbound_insecure": True,
        "outbound_networks": (ip_network("127.0.0.0/8"),),
        "alibaba_url": url,
        "alibaba_app_key": KEY,
        "alibaba_app_secret": SecretStr(SECRET),
    }
    config = settings.get().model_copy(update=changed)
    monkeypatch.setattr(settings, "get", lambda: config)
    return found


@pytest.fixture
def shop(platform: Platform, as_org: Callable[..., Any], drain: Callable[[], int]) -> Shop:
    """A seller with goods that China lets in, connected."""
    return Shop(platform, as_org(["manufacturer"]), as_org(["operator"]), drain)
