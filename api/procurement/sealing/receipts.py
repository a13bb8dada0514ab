"""Statements that the installation signs by Ed25519: receipts, and roots at the deadline.

The signature is over the canonical JSON of the statement, which names its `type`, so that none is
taken for another.
"""

from typing import Annotated, Literal

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
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
from api.rules.policy import SealingMode


class Receipt(Document):
    """What the installation says it received, when by the database's clock, and in which place.

    `sealing` says who encrypted it: the bidder's own program (`client`), or this installation
    (`server`), which then has seen what is in it. The leaves of the tree stand in the order of
    `sequence`, a number drawn at random: it does not tell how many envelopes there are.
    """

    type: Literal["bid_receipt"] = "bid_receipt"
    context: Context
    commitment: Sha256
    ciphertext_sha256: Sha256
    size: int
    received_at: Instant
    sealing: Annotated[SealingMode, Field(strict=False)]
    sequence: int = Field(ge=1)


class DocumentReceipt(Document):
    """The same of a sealed document: which one of which supplier, when, and in which place."""

    type: Literal["bid_document_receipt"] = "bid_document_receipt"
    tender: Name
    tenderer: Name
    envelope: Kind
    id: Name
    ciphertext_sha256: Sha256
    size: int
    received_at: Instant
    sequence: int = Field(ge=1)


class Root(Document):
    """The Merkle root (RFC 9162) over the entries of all envelopes of a kind, and of the documents
    beside them, at the deadline.

    How many there are is not told before the opening.
    """

    type: Literal["bid_root"] = "bid_root"
    tender: Name
    envelope: Kind
    root: Sha256
    published_at: Instant


class SignedReceipt(Document):
    """A receipt with its signature; `key_id` tells which public key, and is no proof of it."""

    content: Receipt
    key_id: Name
    signature: Base64


class SignedDocumentReceipt(Document):
    """A receipt of a sealed document with its signature."""

    content: DocumentReceipt
    key_id: Name
    signature: Base64


class SignedRoot(Document):
    """A root with its signature."""

    content: Root
    key_id: Name
    signature: Base64


def verify(signed: SignedReceipt | SignedDocumentReceipt | SignedRoot, public_key: str) -> None:
    """Raise SignatureWrong unless `public_key`, base64 of 32 bytes, signed the content.

    Raises KeyInvalid for what is no such key.
    """
    try:
        key = Ed25519PublicKey.from_public_bytes(unbase64(public_key))
    except ValueError:
        key = None
    if key is None:
        raise KeyInvalid("Not an Ed25519 public key, base64 of 32 bytes")
    try:
        key.verify(unbase64(signed.signature), signed.content.canonical())
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
