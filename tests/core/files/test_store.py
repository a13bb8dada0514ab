"""The port to the bytes: the same of a folder and of an S3-compatible server."""

import io
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from moto.server import ThreadedMotoServer
from obstore.store import S3Store
from pydantic import SecretStr

from api.core import settings
from api.core.errors import Unavailable
from api.core.files import store
from api.core.files.store import PART_BYTES, Store

SOME = bytes(range(256)) * 10
LARGE = os.urandom(1 << 20) * 11 + b"the end"
KEYS = {"access_key_id": "key", "secret_access_key": "secret"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    assert httpx2.put(f"http://{host}:{port}/kerben").status_code == 200
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["folder", "s3"])
def kept(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Store]:
    if request.param == "folder":
        yield store.local(tmp_path / "files")
        return
    config = settings.get()
    monkeypatch.setattr(config, "files_url", f"s3://kerben/{tmp_path.name}")
    monkeypatch.setattr(config, "files_s3_endpoint", request.getfixturevalue("s3"))
    monkeypatch.setattr(config, "files_s3_access_key_id", "key")
    monkeypatch.setattr(config, "files_s3_secret_access_key", SecretStr("secret"))
    yield store.get.__wrapped__()


def test_bytes_come_back_whole_in_part_and_not_after_they_are_deleted(kept: Store) -> None:
    small, large = kept.put(io.BytesIO(SOME)), kept.put(io.BytesIO(LARGE))

    assert b"".join(kept.read(small, 0, len(SOME))) == SOME
    pieces = [*kept.read(large, 0, len(LARGE))]
    assert b"".join(pieces) == LARGE
    assert max(map(len, pieces)) <= store.PIECE_BYTES
    assert (
        b"".join(kept.read(large, PART_BYTES - 3, PART_BYTES + 5))
        == (LARGE[PART_BYTES - 3 : PART_BYTES + 5])
    )
    assert {(each.key, each.size) for each in kept.objects()} == {
        (small, len(SOME)),
        (large, len(LARGE)),
    }
    kept.delete([small, "00/there-is-none"])
    assert [each.key for each in kept.objects()] == [large]
    with pytest.raises(FileNotFoundError):
        next(kept.read(small, 0, 1))


def test_a_file_that_breaks_off_leaves_nothing(kept: Store) -> None:
    class Broken(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell() > PART_BYTES:
                raise OSError("broken")
            return super().read(size)

    with pytest.raises(Unavailable):
        kept.put(Broken(LARGE))

    assert [*kept.objects()] == []


def test_what_a_killed_process_had_begun_is_listed_to_be_swept(tmp_path: Path) -> None:
    kept = store.local(tmp_path)
    (tmp_path / "ab").mkdir()
    (tmp_path / "ab" / "cdef#1").write_bytes(SOME)

    (found,) = kept.objects()

    assert (found.key, found.size) == ("ab/cdef#1", len(SOME))
    kept.delete([found.key])
    assert [*kept.objects()] == []


def test_sec_21_an_address_of_s3_is_signed_short_and_downloads(s3: str, tmp_path: Path) -> None:
    objects = S3Store(
        "kerben", endpoint=s3, region="us-east-1", client_options={"allow_http": True}, **KEYS
    )
    kept = Store(objects)
    key = kept.put(io.BytesIO(SOME))

    url = kept.presign(key, timedelta(hours=1))

    assert url is not None
    assert "X-Amz-Expires=300" in url
    answer = httpx2.get(url)
    assert answer.content == SOME
    assert answer.headers["content-disposition"] == "attachment"
    assert store.local(tmp_path).presign(key, timedelta(minutes=1)) is None


def test_a_server_that_is_away_is_unavailable() -> None:
    objects = S3Store(
        "kerben",
        endpoint="http://127.0.0.1:9",
        region="us-east-1",
        client_options={"allow_http": True},
        retry_config={"max_retries": 0, "retry_timeout": timedelta(seconds=1)},
        **KEYS,
    )
    before = time.monotonic()

    with pytest.raises(Unavailable):
        Store(objects).put(io.BytesIO(SOME))

    assert time.monotonic() - before < 10
