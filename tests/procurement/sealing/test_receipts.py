"""A receipt is genuine for its key and its envelope alone."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.procurement.sealing import canonical, receipts
from api.procurement.sealing.problems import (
    KeyInvalid,
    ReceiptMismatch,
    SealedBidInvalid,
    SignatureWrong,
)
from api.procurement.sealing.receipts import Receipt, Root, SignedReceipt
from api.rules.policy import SealingMode
from api.rules.sealing import EnvelopeKind
from tests.procurement.sealing.samples import (
    CONTEXT,
    TENDER,
    public,
    sealed,
    signed_receipt,
    signed_root,
)

SIGNING = Ed25519PrivateKey.generate()
SEALED = sealed().sealed
AT = "2026-12-01T04:59:59.999999Z"
RECEIPT = Receipt(
    context=CONTEXT,
    commitment=SEALED.commitment,
    ciphertext_sha256=SEALED.ciphertext_sha256(),
    size=SEALED.size,
    received_at=AT,
    sealing=SealingMode.CLIENT,
    sequence=7,
)
SIGNED = signed_receipt(RECEIPT, SIGNING)


def test_a_receipt_is_verified_as_it_is_read() -> None:
    read = SignedReceipt.read(SIGNED.canonical(), refused=SealedBidInvalid)

    receipts.verify(read, public(SIGNING))
    receipts.check_receipt(read.content, SEALED)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("received_at", "2026-12-01T05:00:00.000000Z"),
        ("sequence", 8),
        ("sealing", SealingMode.SERVER),
        ("commitment", "0" * 64),
        ("ciphertext_sha256", "0" * 64),
        ("size", 8192),
        ("context", CONTEXT.model_copy(update={"version": 2})),
    ],
)
def test_a_changed_receipt_is_refused(field: str, value: Any) -> None:
    changed = RECEIPT.model_copy(update={field: value})

    with pytest.raises(SignatureWrong):
        receipts.verify(SIGNED.model_copy(update={"content": changed}), public(SIGNING))


def test_another_key_signed_nothing_of_it() -> None:
    with pytest.raises(SignatureWrong):
        receipts.verify(SIGNED, public(Ed25519PrivateKey.generate()))


def test_a_receipt_of_another_envelope_is_a_mismatch() -> None:
    with pytest.raises(ReceiptMismatch, match="another commitment"):
        receipts.check_receipt(RECEIPT, sealed().sealed)
    with pytest.raises(ReceiptMismatch, match="another ciphertext"):
        receipts.check_receipt(RECEIPT.model_copy(update={"ciphertext_sha256": "0" * 64}), SEALED)
    with pytest.raises(ReceiptMismatch, match="another size"):
        receipts.check_receipt(RECEIPT.model_copy(update={"size": 8192}), SEALED)


def test_a_root_is_signed_as_something_else_than_a_receipt() -> None:
    root = Root(tender=TENDER, envelope=EnvelopeKind.PRICE, root="0" * 64, published_at=AT)
    signed = signed_root(root, SIGNING)

    receipts.verify(signed, public(SIGNING))
    with pytest.raises(SignatureWrong):
        receipts.verify(SIGNED.model_copy(update={"signature": signed.signature}), public(SIGNING))
    with pytest.raises(SealedBidInvalid, match="#/content/type"):
        SignedReceipt.read(signed.canonical(), refused=SealedBidInvalid)


@pytest.mark.parametrize("text", ["", "AAAA", "not base64", "A" * 44])
def test_what_is_no_public_key_is_refused(text: str) -> None:
    with pytest.raises(KeyInvalid):
        receipts.verify(SIGNED, text)


def test_instants_have_one_spelling() -> None:
    other = {**RECEIPT.model_dump(mode="json"), "received_at": "2026-12-01T04:59:59.999999+00:00"}

    with pytest.raises(SealedBidInvalid, match="received_at"):
        Receipt.read(canonical.dumps(other), refused=SealedBidInvalid)
