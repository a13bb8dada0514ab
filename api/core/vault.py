"""Secrets that must be read again, encrypted at rest: AES-256-GCM under the installation's key.

The key is derived (HKDF-SHA256) from `KERBEN_SECRET_KEY`, which is in no database. Stored are the
beginning of the key's SHA-256, so that a secret of another key is told from a damaged one, the
nonce, and the ciphertext. What the secret belongs to is authenticated with it: copied into another
row it opens nothing.
"""

import os
from functools import cache
from hashlib import sha256
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from api.core import settings

_ID, _NONCE = 4, 12


class SecretUnusable(Exception):
    """The secret was encrypted by another key, belongs to another row, or was altered."""


def lock(secret: str, owner: UUID) -> bytes:
    """The secret as it is stored in the row `owner`."""
    key_id, key = _key(settings.get().secret_key.get_secret_value())
    nonce = os.urandom(_NONCE)
    return key_id + nonce + AESGCM(key).encrypt(nonce, secret.encode(), key_id + owner.bytes)


def unlock(stored: bytes, owner: UUID) -> str:
    """What `lock` was given. Raises SecretUnusable."""
    key_id, key = _key(settings.get().secret_key.get_secret_value())
    if stored[:_ID] != key_id:
        raise SecretUnusable("it was encrypted by another KERBEN_SECRET_KEY")
    nonce, ciphertext = stored[_ID : _ID + _NONCE], stored[_ID + _NONCE :]
    try:
        return AESGCM(key).decrypt(nonce, ciphertext, key_id + owner.bytes).decode()
    except (InvalidTag, ValueError) as error:
        raise SecretUnusable("it belongs to another row, or was altered") from error


@cache
def _key(secret_key: str) -> tuple[bytes, bytes]:
    """The key's id and the key."""
    derive = HKDF(SHA256(), length=32, salt=None, info=b"kerben vault 1")
    key = derive.derive(secret_key.encode())
    return sha256(key).digest()[:_ID], key
