"""Keys of age (X25519) that do not show themselves, and encryption to them."""

import os
from collections.abc import Iterable, Sequence
from typing import BinaryIO, Protocol, Self

import bech32
import pyrage
from pyrage import x25519

from api.procurement.sealing.problems import CiphertextRefused, KeyInvalid

_PREFIX = "age-secret-key-"
_SECRET_BYTES = 32


class Readable(Protocol):
    """Bytes that come piece by piece."""

    def read(self, most: int = ..., /) -> bytes: ...


class Identity:
    """A private key in memory. Neither `repr`, `str` nor `pickle` gives it away."""

    __slots__ = ("_key", "recipient")

    def __init__(self, text: str) -> None:
        """Of the text "AGE-SECRET-KEY-1…". Raises KeyInvalid, which does not repeat it."""
        self._key = _identity(text.strip())
        self.recipient = str(self._key.to_public())
        """The public key, age1…"""

    @classmethod
    def generate(cls) -> Self:
        """A new one, of the operating system's randomness."""
        return cls.from_secret(os.urandom(_SECRET_BYTES))

    @classmethod
    def from_secret(cls, secret: bytes) -> Self:
        """Of its 32 bytes."""
        return cls(bech32.bech32_encode(_PREFIX, _regrouped(secret, 8, 5)).upper())

    def reveal(self) -> str:
        """The text "AGE-SECRET-KEY-1…": only for a file of its owner."""
        return str(self._key)

    def secret(self) -> bytes:
        """The 32 bytes: only to be split."""
        _, digits = bech32.bech32_decode(self.reveal())
        return bytes(_regrouped(digits or b"", 5, 8))

    def decrypt(self, ciphertext: bytes) -> bytes:
        """What was encrypted to this key. Raises CiphertextRefused."""
        try:
            return pyrage.decrypt(ciphertext, [self._key])
        except pyrage.DecryptError:
            pass
        raise CiphertextRefused

    def __repr__(self) -> str:
        return f"Identity({self.recipient})"

    def __reduce__(self) -> str:
        raise TypeError("a private key is not written anywhere")


def encrypt(plaintext: bytes, recipients: Sequence[str]) -> bytes:
    """A binary age v1 file that any of `recipients` (age1…) decrypts. Raises KeyInvalid."""
    return pyrage.encrypt(plaintext, [_recipient(each) for each in recipients])


def encrypt_stream(plaintext: Readable, out: BinaryIO, recipient: str) -> None:
    """The same in a stream, for files that are not held in memory. Raises KeyInvalid."""
    pyrage.encrypt_io(plaintext, out, [_recipient(recipient)])  # type: ignore[arg-type]


def decrypt_stream(ciphertext: BinaryIO, out: BinaryIO, identity: str) -> None:
    """What was encrypted to the key "AGE-SECRET-KEY-1…", in a stream.

    Raises KeyInvalid or CiphertextRefused.
    """
    key = _identity(identity)
    try:
        pyrage.decrypt_io(ciphertext, out, [key])  # type: ignore[arg-type]
    except (pyrage.DecryptError, OSError):
        pass
    else:
        return
    raise CiphertextRefused


def checked_recipient(text: str) -> str:
    """`text` if it is an age X25519 public key in its canonical spelling. Raises KeyInvalid."""
    if str(_recipient(text)) != text:
        raise KeyInvalid(f"{text!r} is not written as age writes it")
    return text


def _regrouped(data: Iterable[int], before: int, after: int) -> list[int]:
    found = bech32.convertbits(data, before, after, pad=before > after)
    if found is None:
        raise KeyInvalid
    return found


def _recipient(text: str) -> x25519.Recipient:
    try:
        return x25519.Recipient.from_str(text)
    except pyrage.RecipientError:
        pass
    if text.upper().startswith(_PREFIX.upper()):
        raise KeyInvalid("A private key was given where a public one, age1…, is needed")
    raise KeyInvalid(f"{text!r} is not an age X25519 recipient, age1…")


def _identity(text: str) -> x25519.Identity:
    try:
        return x25519.Identity.from_str(text)
    except pyrage.IdentityError:
        pass
    raise KeyInvalid("Not an age X25519 identity, AGE-SECRET-KEY-1…")
