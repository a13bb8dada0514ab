"""Signatures that outlive the service: Ed25519 (RFC 8032) over RFC 8785 canonical JSON.

The installation's private key comes from `KERBEN_SIGNING_KEY` or `KERBEN_SIGNING_KEY_FILE` and is
never in the database, so that whoever can change the rows still cannot sign. What is signed names
its `type` ("audit_head"), so that a signature for one purpose is never taken for another. Public
keys that were ever used stay in the table `signing_key`: an old signature stays verifiable after
a new key has taken over.
"""

import base64
import os
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, Session

from api.core import settings
from api.core.audit import canonical
from api.core.bulk import new_row
from api.core.tables import Table

log = structlog.get_logger(__name__)


class SigningKey(Table, table=True):
    """The public half of a key that has signed: `public_key` is its 32 bytes in base64."""

    __tablename__ = "signing_key"

    key_id: str = Field(max_length=40, unique=True)
    public_key: str = Field(max_length=44)


class Signed(NamedTuple):
    """Content, the key that signed it, and the signature in base64."""

    content: dict[str, Any]
    key_id: str
    signature: str


class PublicKey(NamedTuple):
    """A key id, and the 32 bytes it stands for in base64."""

    key_id: str
    public_key: str


class KeyUnusable(Exception):
    """The configured signing key cannot be read, or is not an Ed25519 key."""


def sign(content: dict[str, Any]) -> Signed:
    """Sign `content`, which names its `type`, with the installation's key.

    Raises ValueError without a type, KeyUnusable without a usable key.
    """
    if "type" not in content:
        raise ValueError("signed content names its type")
    signature = _own_key().sign(canonical(content))
    return Signed(content, own_public_key().key_id, base64.b64encode(signature).decode())


def verify(content: Mapping[str, Any], signature: str, public_key: str) -> bool:
    """True if the key (32 bytes in base64) signed exactly this content; False for bad base64."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key, validate=True))
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, canonical(dict(content)))
    except (InvalidSignature, ValueError):
        return False
    return base64.b64encode(raw).decode() == signature  # one signature is written in one way


def own_public_key() -> PublicKey:
    """The public half of the installation's key. Raises KeyUnusable."""
    return public_key(_own_key().public_key())


def public_key(key: Ed25519PublicKey) -> PublicKey:
    """A key under its id, which is the beginning of its SHA-256."""
    raw = key.public_bytes_raw()
    return PublicKey(sha256(raw).hexdigest()[:32], base64.b64encode(raw).decode())


def publish_own_key(session: Session) -> None:
    """Keep the public half where everybody can read it, if it is not there already."""
    row = new_row(**own_public_key()._asdict())
    fresh = insert(SigningKey).values(**row)
    session.connection().execute(fresh.on_conflict_do_nothing(index_elements=["key_id"]))


def _own_key() -> Ed25519PrivateKey:
    config = settings.get()
    if config.signing_key is not None:
        return _parsed(config.signing_key.get_secret_value().encode())
    path = config.signing_key_file or config.data_dir / "signing-key.pem"
    return _read(path, made_if_missing=config.signing_key_file is None)


@cache
def _read(path: Path, *, made_if_missing: bool) -> Ed25519PrivateKey:
    if made_if_missing and not path.exists():
        _make(path)
    try:
        return _parsed(path.read_bytes())
    except OSError as error:
        raise KeyUnusable(f"{path}: {error.strerror}") from error


@cache
def _parsed(pem: bytes) -> Ed25519PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError) as error:
        raise KeyUnusable("The signing key is not an unencrypted PEM private key.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise KeyUnusable("The signing key is not an Ed25519 key.")
    return key


def _make(path: Path) -> None:
    """Make a key for development. Of two threads or processes that do it at once, one key remains."""
    pem = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{uuid4().hex}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    try:
        os.link(fresh, path)
    except FileExistsError:
        return
    finally:
        fresh.unlink()
    log.warning("made a signing key for development", path=str(path))
