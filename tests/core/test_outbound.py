"""The guarded client against real sockets; only the resolver's answers are made up."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import pytest
import ssrfguard

from api.core import outbound, settings
from api.core.outbound import Answer, OutboundFailed
from api.rules.outbound import AttemptError
from tests.rules.test_outbound import BAD
from tests.webhooks import receiving

SPELLINGS = ["2130706433", "0x7f.1", "0177.0.0.1", "127.1", "①②⑦.⓪.⓪.①"]


def config(monkeypatch: pytest.MonkeyPatch, **changes: Any) -> None:
    changed = settings.get().model_copy(update={"base_url": "https://kerben.example", **changes})
    monkeypatch.setattr(settings, "get", lambda: changed)


def post(url: str) -> Answer:
    return asyncio.run(outbound.send("POST", url, headers={}, body=b"{}"))


def refused(url: str) -> str:
    with pytest.raises(OutboundFailed) as caught:
        post(url)
    assert caught.value.kind is AttemptError.BLOCKED
    return str(caught.value)


def host_of(address: str) -> str:
    return f"[{address}]" if ":" in address else address


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """What the resolver says of a name, in turn; the last answer for ever."""
    table: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in table:
            return real(host, port, *args, **kwargs)
        if kwargs.get("flags", 0) & socket.AI_NUMERICHOST:
            raise socket.gaierror("not an address")
        answers = table[name]
        found = answers.pop(0) if len(answers) > 1 else answers[0]
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in a], socket.SOCK_STREAM, 6, "", (a, port)) for a in found]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return table


@pytest.mark.parametrize("address", BAD)
def test_ssrf_01_no_bad_address_is_called_written_or_resolved(
    names: dict[str, list[list[str]]], address: str
) -> None:
    names["evil.example"] = [["8.8.8.8", address]]
    for url in (f"https://{host_of(address)}/", "https://evil.example/"):
        told = refused(url)
        assert told == "blocked address"
        assert address not in told
    if address != "168.63.129.16":  # of one cloud, and in no registry
        assert not ssrfguard.Policy().permits_address(address)


@pytest.mark.parametrize("host", SPELLINGS)
def test_ssrf_02_loopback_is_refused_in_every_spelling(host: str) -> None:
    assert refused(f"https://{host}/") == "blocked address"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user:pass@example.com/",
        "https://example.com/#part",
        "https://example.com:8443/",
        "https://example.com:99999/",
        "https:///path",
        "https://exa mple.com/",
        "https://example.com\\@127.0.0.1/",
        "https://kerben.example/",
        "https://KERBEN.example./",
        "https://admin.kerben.example/",
        "not a url",
        "",
    ],
)
def test_ssrf_04_a_url_of_another_form_is_refused(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    config(
        monkeypatch,
        base_url="https://kerben.example",
        outbound_denied_hosts=("admin.kerben.example",),
    )
    refused(url)


def test_ssrf_05_a_name_that_changes_its_address_is_judged_at_each_attempt(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, list[list[str]]]
) -> None:
    config(monkeypatch, outbound_insecure=True, outbound_networks=(ip_network("127.0.0.1/32"),))
    with receiving.receiver() as here:
        port = here.url.rpartition(":")[2]
        names["moving.example"] = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"]]
        url = f"http://moving.example:{port}"
        assert post(url).status == 200
        assert refused(url) == "blocked address"
        assert post(url).status == 200
        assert len(here.received) == 2
        assert here.received[0].headers["host"] == f"moving.example:{port.partition('/')[0]}"


def test_ssrf_06_a_redirect_is_an_answer_and_is_not_followed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config(monkeypatch, outbound_insecure=True, outbound_networks=(ip_network("127.0.0.0/8"),))
    with (
        receiving.receiver() as inner,
        receiving.receiver((302, {"location": inner.url}, b"")) as o,
    ):
        answer = post(o.url)
        assert (answer.status, answer.headers["location"]) == (302, inner.url)
        assert inner.received == []


def test_ssrf_07_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    config(monkeypatch, outbound_insecure=True, outbound_networks=(ip_network("127.0.0.0/8"),))
    with receiving.receiver() as proxy, receiving.receiver() as here:
        for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        assert post(here.url).status == 200
        assert proxy.received == []


def test_ssrf_08_at_most_64_kb_of_an_answer_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    config(monkeypatch, outbound_insecure=True, outbound_networks=(ip_network("127.0.0.0/8"),))
    with receiving.receiver((200, {}, b"x" * 1_000_000)) as here:
        assert post(here.url).body == b"x" * 65_536


@pytest.fixture
def silent() -> Iterator[int]:
    """A port that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_ssrf_09_where_an_attempt_ended_is_told_and_no_address(
    monkeypatch: pytest.MonkeyPatch, silent: int
) -> None:
    config(monkeypatch, outbound_insecure=True, outbound_networks=(ip_network("127.0.0.0/8"),))
    with socket.create_server(("127.0.0.1", 0)) as closed:
        free = closed.getsockname()[1]
    with receiving.receiver() as plain:
        ends = {
            f"http://127.0.0.1:{free}/": AttemptError.TCP,
            "http://nowhere.invalid/": AttemptError.DNS,
            plain.url.replace("http:", "https:"): AttemptError.TLS,
            f"http://127.0.0.1:{silent}/": AttemptError.TIMEOUT,
        }
        for url, kind in ends.items():
            if kind is AttemptError.TIMEOUT:
                monkeypatch.setattr(outbound, "TOTAL_SECONDS", 0.05)
            with pytest.raises(OutboundFailed) as caught:
                post(url)
            assert caught.value.kind is kind, url
            assert "127.0.0" not in str(caught.value)


def test_ssrf_10_with_an_egress_proxy_the_proxy_makes_the_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")

        thread = threading.Thread(target=refuse)
        thread.start()
        config(monkeypatch, outbound_proxy=f"http://127.0.0.1:{server.getsockname()[1]}")
        assert refused("https://example.com/") == "refused by the egress proxy"
        thread.join()
    assert asked[0].startswith(b"CONNECT example.com:443 ")
    assert refused("https://127.0.0.1/") == "blocked address"
