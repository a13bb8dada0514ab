"""Secrets that the service must be able to read again, encrypted in the database (Fernet)."""

import base64
import hashlib
from functools import cache

from cryptography.fernet import Fernet

from api.core import settings


def wrap(secret: str) -> bytes:
    """A secret as it is stored; only this installation's `KERBEN_SECRET_KEY` opens it."""
    return _fernet(settings.get().secret_key.get_secret_value()).encrypt(secret.encode())


def unwrap(stored: bytes, *, seconds: int | None = None) -> str:
    """What `wrap` made, at most so many seconds ago.

    Raises cryptography.fernet.InvalidToken when it is older, altered, or of another key.
    """
    fernet = _fernet(settings.get().secret_key.get_secret_value())
    return fernet.decrypt(stored, ttl=seconds).decode()


@cache
def _fernet(secret: str) -> Fernet:
    key = hashlib.sha256(b"vault|" + secret.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
