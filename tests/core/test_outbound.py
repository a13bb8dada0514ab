"""The guarded client against real sockets; only the resolver's answers are made up."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import Iterator
from functools import partial
from ipaddress import ip_network
from typing import Any, Self

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


class Keeping:
    """A receiver of HTTP/1.1 that says 204 and keeps connections open, in the running loop.

    `drops`: requests that it reads and leaves without an answer, by connection and number."""

    def __init__(self, *drops: tuple[int, int]) -> None:
        self.drops, self.connections, self.requests = drops, 0, 0

    async def __aenter__(self) -> Self:
        self.server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection, number = self.connections, 0
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n{}")
                self.requests, number = self.requests + 1, number + 1
                if (connection, number) in self.drops:
                    break
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()


def test_ssrf_05_an_open_connection_serves_only_while_its_address_is_one_of_the_names(
    monkeypatch: pytest.MonkeyPatch, names: dict[str, list[list[str]]]
) -> None:
    allowed = (ip_network("127.0.0.1/32"), ip_network("127.0.0.3/32"))
    config(monkeypatch, outbound_insecure=True, outbound_networks=allowed)

    async def flow() -> None:
        connections = outbound.Connections()
        async with Keeping() as here:
            ask = partial(_ask, f"http://moving.example:{here.port}/", connections)
            names["moving.example"] = [["127.0.0.1"]]
            assert [await ask(), await ask()] == [204, 204]
            assert (here.requests, here.connections) == (2, 1)
            for meant, why in (
                ("127.0.0.2", AttemptError.BLOCKED),
                ("127.0.0.3", AttemptError.TCP),
            ):
                names["moving.example"] = [[meant]]
                assert await ask() is why
            assert here.requests == 2
            # Those that begin together ask once: the second answer is for whoever comes later.
            names["moving.example"] = [["127.0.0.1"], ["127.0.0.2"]]
            assert await asyncio.gather(*(ask() for _ in range(5))) == [204] * 5
            assert await ask() is AttemptError.BLOCKED
            await connections.close()

    asyncio.run(flow())


def test_wh_01_a_request_that_met_a_closing_connection_is_made_again_and_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    config(monkeypatch, outbound_insecure=True, outbound_networks=(ip_network("127.0.0.0/8"),))

    async def flow() -> None:
        connections = outbound.Connections()
        async with Keeping((1, 2), (2, 2), (3, 1)) as here:
            ask = partial(_ask, f"http://127.0.0.1:{here.port}/", connections)
            assert [await ask(), await ask()] == [204, 204]
            assert (here.requests, here.connections) == (3, 2)
            assert await ask() is AttemptError.HTTP
            assert (here.requests, here.connections) == (5, 3)
            await connections.close()

    asyncio.run(flow())


async def _ask(url: str, connections: outbound.Connections) -> int | AttemptError:
    try:
        answer = await outbound.send("POST", url, headers={}, body=b"{}", connections=connections)
    except OutboundFailed as failed:
        return failed.kind
    return answer.status


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
