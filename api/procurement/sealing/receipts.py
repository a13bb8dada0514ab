"""Statements that the installation signs by Ed25519: receipts, and roots at the deadline.

The signature is over the format, a line feed and the canonical JSON of the other fields with it.
"""

import base64
from typing import Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import Field

from api.procurement.sealing.documents import (
    Base64,
    Document,
    Instant,
    Kind,
    Name,
    Sha256,
    unbase64,
)
from api.procurement.sealing.envelopes import Context, Sealed
from api.procurement.sealing.problems import KeyInvalid, ReceiptMismatch, SignatureWrong


class Statement(Document):
    """Base of what is signed."""

    format: str

    def signed_bytes(self) -> bytes:
        """What the signature is over."""
        return f"{self.format}\n".encode() + self.canonical()


class Receipt(Statement):
    """What the installation says it received, when by the database's clock, and in which place.

    `sequence` counts the envelopes of a tender as they came in.
    """

    format: Literal["kerben-bid-receipt/1"] = "kerben-bid-receipt/1"
    context: Context
    commitment: Sha256
    ciphertext_sha256: Sha256
    size: int
    received_at: Instant
    sequence: int = Field(ge=1)


class Root(Statement):
    """The Merkle root (RFC 9162) over the entries of all envelopes of a kind, at the deadline.

    How many there are is not told before the opening.
    """

    format: Literal["kerben-bid-root/1"] = "kerben-bid-root/1"
    tender: Name
    envelope: Kind
    root: Sha256
    published_at: Instant


class SignedReceipt(Document):
    """A receipt with its signature; `key` tells which public key, and is no proof of it."""

    statement: Receipt
    key: Base64
    signature: Base64


class SignedRoot(Document):
    """A root with its signature."""

    statement: Root
    key: Base64
    signature: Base64


def sign_receipt(receipt: Receipt, key: Ed25519PrivateKey) -> SignedReceipt:
    """The receipt as its supplier gets it."""
    return SignedReceipt(
        statement=receipt, key=public_text(key.public_key()), signature=_signature(receipt, key)
    )


def sign_root(root: Root, key: Ed25519PrivateKey) -> SignedRoot:
    """The root as it is published."""
    return SignedRoot(
        statement=root, key=public_text(key.public_key()), signature=_signature(root, key)
    )


def verify(signed: SignedReceipt | SignedRoot, key: Ed25519PublicKey) -> None:
    """Raise SignatureWrong unless `key` signed the statement."""
    try:
        key.verify(unbase64(signed.signature), signed.statement.signed_bytes())
    except InvalidSignature:
        pass
    else:
        return
    raise SignatureWrong


def check_receipt(receipt: Receipt, sealed: Sealed) -> None:
    """Raise ReceiptMismatch unless the receipt is for this envelope."""
    for name, said, found in (
        ("commitment", receipt.commitment, sealed.commitment),
        ("ciphertext", receipt.ciphertext_sha256, sealed.ciphertext_sha256()),
        ("size", receipt.size, sealed.size),
    ):
        if said != found:
            raise ReceiptMismatch(f"The receipt is for another {name}")


def public_text(key: Ed25519PublicKey) -> str:
    """A public key as documents write it: base64 of its 32 bytes."""
    return base64.b64encode(key.public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()


def public_key(text: str) -> Ed25519PublicKey:
    """The public key that `public_text` wrote. Raises KeyInvalid."""
    try:
        return Ed25519PublicKey.from_public_bytes(unbase64(text))
    except ValueError:
        pass
    raise KeyInvalid("Not an Ed25519 public key, base64 of 32 bytes")


def _signature(statement: Statement, key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.sign(statement.signed_bytes())).decode()
