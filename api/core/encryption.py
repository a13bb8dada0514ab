"""Secrets that must be read again, encrypted at rest: AES-256-GCM under a key of `secret_key`.

What is stored names its key, so that `secret_key` can be replaced while `former_secret_keys` reads
what was encrypted before. The context (the row's id) is authenticated: a secret copied into
another row opens nothing.

What must be found by its value besides has a blind index: a keyed hash that only the installation
can compute, so that equal values are found and none is read.
"""

import base64
import hmac
import os
from functools import cache
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.core import settings

_NONCE_BYTES = 12


class Undecipherable(Exception):
    """It was encrypted under a key that is not configured, belongs elsewhere, or was altered."""


def encrypt(plain: bytes, *, context: bytes) -> str:
    """`{key id}.{base64}` of the plain bytes, of use only with the same context."""
    key_id, key = _derived(settings.get().secret_key.get_secret_value())
    nonce = os.urandom(_NONCE_BYTES)
    sealed = nonce + AESGCM(key).encrypt(nonce, plain, context)
    return f"{key_id}.{base64.b64encode(sealed).decode()}"


def decrypt(text: str, *, context: bytes) -> bytes:
    """What `encrypt` was given. Raises Undecipherable."""
    key_id, _, encoded = text.partition(".")
    config = settings.get()
    for secret in (config.secret_key, *config.former_secret_keys):
        known_id, key = _derived(secret.get_secret_value())
        if known_id == key_id:
            try:
                sealed = base64.b64decode(encoded, validate=True)
                return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], context)
            except (InvalidTag, ValueError) as error:
                raise Undecipherable("altered, or of another row") from error
    raise Undecipherable(f"the key {key_id} is not configured")


def is_current(text: str) -> bool:
    """True for what `encrypt` would write under the same key now."""
    key_id, _ = _derived(settings.get().secret_key.get_secret_value())
    return text.partition(".")[0] == key_id


def lock(secret: str, owner: UUID) -> bytes:
    """A secret as it is stored in the row `owner`, and of use only there."""
    return encrypt(secret.encode(), context=owner.bytes).encode()


def unlock(stored: bytes, owner: UUID) -> str:
    """What `lock` was given. Raises Undecipherable."""
    return decrypt(stored.decode(), context=owner.bytes).decode()


def blind_index(text: str, *, purpose: str) -> bytes:
    """HMAC-SHA256 of a value, by which its equals under the same purpose are found (32 bytes)."""
    return _indexed(settings.get().secret_key.get_secret_value(), text, purpose)


def blind_indexes(text: str, *, purpose: str) -> list[bytes]:
    """What `blind_index` gives now, and gave under former keys that are still configured."""
    config = settings.get()
    keys = (config.secret_key, *config.former_secret_keys)
    return [_indexed(key.get_secret_value(), text, purpose) for key in keys]


def _indexed(secret: str, text: str, purpose: str) -> bytes:
    return hmac.digest(_index_key(secret), f"{purpose}\0{text}".encode(), "sha256")


@cache
def _index_key(secret: str) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=b"kerben blind index").derive(secret.encode())


@cache
def _derived(secret: str) -> tuple[str, bytes]:
    key = HKDF(SHA256(), 32, salt=None, info=b"kerben encryption at rest").derive(secret.encode())
    return sha256(key).hexdigest()[:12], key
