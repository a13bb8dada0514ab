"""The committed vectors are what this code computes and opens."""

import base64

import pytest

from api.procurement.sealing import envelopes, receipts
from api.procurement.sealing.envelopes import Context, Sealed
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.receipts import SignedReceipt, SignedRoot
from api.rules import merkle
from tests.procurement.sealing import vectors

COMMITTED = vectors.committed()
ENVELOPES = COMMITTED["envelopes"]


def test_the_vectors_are_computed_again() -> None:
    ciphertexts = [each["sealed"]["ciphertext"] for each in ENVELOPES]

    assert vectors.vectors(ciphertexts) == COMMITTED


@pytest.mark.parametrize("number", range(len(ENVELOPES)), ids=vectors.NAMES)
def test_a_vector_opens_and_stands_in_the_tree(number: int) -> None:
    vector, tree = ENVELOPES[number], COMMITTED["tree"]
    sealed = Sealed.model_validate(vector["sealed"])

    envelope = envelopes.open_envelope(
        Identity(COMMITTED["identity"]),
        sealed.ciphertext_bytes(),
        sealed.commitment,
        Context.model_validate(vector["context"]),
    )

    assert envelope.content == vector["content"]
    assert envelope.canonical() == base64.b64decode(vector["document_base64"])
    assert merkle.verify_inclusion(
        merkle.leaf_hash(sealed.entry()),
        number,
        len(ENVELOPES),
        [bytes.fromhex(step) for step in tree["proofs"][number]],
        bytes.fromhex(tree["root"]),
    )


def test_the_signed_statements_are_verified() -> None:
    signing = COMMITTED["signing"]
    key = signing["public_key"]
    receipt = SignedReceipt.model_validate(signing["receipt"])

    receipts.verify(receipt, key)
    receipts.check_receipt(receipt.content, Sealed.model_validate(ENVELOPES[0]["sealed"]))
    receipts.verify(SignedRoot.model_validate(signing["root"]), key)
    assert receipt.content.canonical().decode() == signing["receipt_signed_text"]
