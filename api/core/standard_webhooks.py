"""Signatures of Standard Webhooks 1.0.0: v1 (HMAC-SHA256) and v1a (Ed25519)."""

import base64
import hashlib
import hmac
import os
from collections.abc import Sequence
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from api.rules.webhooks import SignatureScheme

SYMMETRIC, PRIVATE, PUBLIC = "whsec_", "whsk_", "whpk_"
SECRET_BYTES = 32
TOLERANCE_SECONDS = 300


class Key(NamedTuple):
    """A secret as its owner sees it, and, of v1a, the public key that the receiver needs."""

    scheme: SignatureScheme
    secret: str
    public_key: str | None


class KeyMalformed(ValueError):
    """Not a key of Standard Webhooks."""


def new_key(scheme: SignatureScheme) -> Key:
    """A new key of the operating system's randomness."""
    if scheme is SignatureScheme.V1:
        return Key(scheme, SYMMETRIC + _encoded(os.urandom(SECRET_BYTES)), None)
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw()
    # Seed and public half, as NaCl keeps it and the standard's libraries read it.
    return Key(
        scheme, PRIVATE + _encoded(key.private_bytes_raw() + public), PUBLIC + _encoded(public)
    )


def header(secrets: Sequence[str], webhook_id: str, timestamp: int, body: bytes) -> str:
    """`webhook-signature`: one signature by each of the secrets, separated by spaces."""
    content = signed_content(webhook_id, timestamp, body)
    return " ".join(_signature(secret, content) for secret in secrets)


def signed_content(webhook_id: str, timestamp: int | str, body: bytes) -> bytes:
    """The bytes that are signed. Raises ValueError for an id with a dot."""
    if "." in webhook_id:
        raise ValueError("an id has no dots")
    return f"{webhook_id}.{timestamp}.".encode() + body


def verifies(
    key: str, signatures: str, *, webhook_id: str, timestamp: int | str, body: bytes
) -> bool:
    """True if one of the signatures of the header is by `key`: whsec_…, or whpk_… for v1a.

    `timestamp` as the header says it.

    Raises KeyMalformed.
    """
    content = signed_content(webhook_id, timestamp, body)
    given = [each.partition(",") for each in signatures.split()]
    if key.startswith(SYMMETRIC):
        wanted = _signature(key, content).partition(",")[2]
        return any(v == "v1" and hmac.compare_digest(s, wanted) for v, _, s in given if s.isascii())
    if not key.startswith(PUBLIC):
        raise KeyMalformed("a key begins with whsec_ or whpk_")
    try:
        public = Ed25519PublicKey.from_public_bytes(_decoded(key, PUBLIC))
    except ValueError as error:
        raise KeyMalformed("not an Ed25519 public key") from error
    return any(v == "v1a" and _is_by(public, s, content) for v, _, s in given)


def _signature(secret: str, content: bytes) -> str:
    if secret.startswith(PRIVATE):
        private = Ed25519PrivateKey.from_private_bytes(_decoded(secret, PRIVATE)[:32])
        return f"v1a,{_encoded(private.sign(content))}"
    digest = hmac.new(_decoded(secret, SYMMETRIC), content, hashlib.sha256).digest()
    return f"v1,{_encoded(digest)}"


def _is_by(key: Ed25519PublicKey, signature: str, content: bytes) -> bool:
    try:
        key.verify(base64.b64decode(signature, validate=True), content)
    except (InvalidSignature, ValueError):
        return False
    return True


def _encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _decoded(text: str, prefix: str) -> bytes:
    try:
        return base64.b64decode(text.removeprefix(prefix), validate=True)
    except ValueError as error:
        raise KeyMalformed("a key is base64 after its prefix") from error
