"""The port to where bytes are: a folder or a bucket of an S3-compatible service, by obstore.

Rows and bytes cannot be committed together. Bytes come first, so that no row is without them; what
no row names is swept away later (`service.sweep`), never at a rollback, because an answer to a
commit may be lost.
"""

import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from api.core import settings
from api.core.errors import Unavailable

PIECE_BYTES = 1 << 20
"""How much of a file is in memory at a time when it is read."""
PART_BYTES = 5 << 20
"""How much of it is when it is written: the smallest part that S3 takes."""
TIMEOUT = timedelta(seconds=20)
LONGEST_SIGNED = timedelta(minutes=5)


class Stored(NamedTuple):
    """An object of the store."""

    key: str
    size: int
    modified_at: datetime


class Store:
    """Objects by random key. What the store does not do is raised as Unavailable."""

    def __init__(self, objects: LocalStore | S3Store, folder: Path | None = None) -> None:
        self._objects, self._folder = objects, folder

    def put(self, file: BinaryIO) -> str:
        """Keep the bytes of a file from its position on; the new random key. All of them, or none."""
        digits = secrets.token_hex(20)
        key = f"{digits[:2]}/{digits[2:]}"
        with _answering():
            obstore.put(
                self._objects,
                key,
                file,
                attributes={"Content-Disposition": "attachment"} if self._folder is None else None,
                chunk_size=PART_BYTES,
                max_concurrency=2,
            )
        if self._folder is not None:
            _sync(self._folder / key)
        return key

    def read(self, key: str, start: int, end: int) -> Iterator[bytes]:
        """The bytes from `start` until before `end`, in pieces, each read when it is needed."""
        for begin in range(start, end, PIECE_BYTES):
            with _answering():
                piece = obstore.get_range(
                    self._objects, key, start=begin, end=min(begin + PIECE_BYTES, end)
                )
            yield bytes(piece)

    def delete(self, keys: Sequence[str]) -> None:
        """Forget objects; those that are not there are passed over."""
        for key in keys:
            with _answering(), suppress(FileNotFoundError):
                if self._folder is not None and "#" in key:
                    (self._folder / key).unlink()
                else:
                    obstore.delete(self._objects, key)

    def objects(self) -> Iterator[Stored]:
        """Every object, in no order."""
        with _answering():
            for page in obstore.list(self._objects, chunk_size=1_000):
                for each in page:
                    yield Stored(each["path"], each["size"], each["last_modified"])
        if self._folder is not None:
            yield from _staged(self._folder)

    def presign(self, key: str, lifetime: timedelta) -> str | None:
        """An address at which everybody reads the bytes for so long; None where there is none."""
        if isinstance(self._objects, LocalStore):
            return None
        with _answering():
            return obstore.sign(self._objects, "GET", key, min(lifetime, LONGEST_SIGNED))


def folder() -> Path | None:
    """The folder of this machine that holds the bytes; None when a bucket does."""
    config = settings.get()
    return None if config.files_url else config.data_dir.resolve() / "files"


@cache
def get() -> Store:
    """The process's store: `KERBEN_FILES_URL`, or the folder `files` under the data directory."""
    own, config = folder(), settings.get()
    if own is not None:
        return local(own)
    url = urlsplit(config.files_url or "")
    secret = config.files_s3_secret_access_key
    objects = S3Store(
        url.netloc,
        prefix=url.path.strip("/") or None,
        endpoint=config.files_s3_endpoint,
        region=config.files_s3_region,
        access_key_id=config.files_s3_access_key_id,
        secret_access_key=secret.get_secret_value() if secret else None,
        client_options={"timeout": TIMEOUT, "allow_http": _plain(config.files_s3_endpoint)},
        retry_config={"max_retries": 3, "retry_timeout": TIMEOUT},
    )
    return Store(objects)


def local(folder: Path) -> Store:
    """A store in a folder of this machine, which is made if it is not there."""
    return Store(LocalStore(folder, mkdir=True), folder)


def _plain(endpoint: str | None) -> bool:
    """True for the address of a server in one's own network, without TLS."""
    return endpoint is not None and endpoint.startswith("http://")


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (BaseError, OSError) as error:
        raise Unavailable("The file store does not answer.") from error


def _sync(path: Path) -> None:
    """Wait until the disk has a new file and its name."""
    for each in (path, path.parent, path.parent.parent):
        descriptor = os.open(each, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _staged(folder: Path) -> Iterator[Stored]:
    """What processes that were killed had begun to write: obstore names it KEY#NUMBER."""
    for path in folder.glob("??/*#*"):
        found = path.stat()
        modified_at = datetime.fromtimestamp(found.st_mtime, UTC)
        yield Stored(str(path.relative_to(folder)), found.st_size, modified_at)
