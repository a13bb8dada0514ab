"""Test vectors of the format "kerben-sealed-bid/1": every value follows from inputs told in them.

`python -m tests.procurement.sealing.vectors` writes them anew. Only the age files cannot be
computed again (age draws keys for each); the tests open them instead.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from api.core.migrations import ROOT
from api.procurement.sealing import envelopes
from api.procurement.sealing.envelopes import Context, Sealed
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.receipts import Receipt, Root
from api.rules import merkle, sealing
from api.rules.policy import SealingMode
from api.rules.sealing import EnvelopeKind
from tests.procurement.sealing import samples

FILE = ROOT / "openapi" / "recipes" / "sealed-bid.vectors.json"
IDENTITY = Identity.from_secret(hashlib.sha256(b"kerben test tender").digest())
SEED = hashlib.sha256(b"kerben test receipts").digest()
TENDER = "ocds-kerben0-0001"
AT = "2026-12-01T05:00:00.000000Z"
NAMES = ("plain", "scripts", "numbers", "long", "empty")
CONTENTS: tuple[dict[str, Any], ...] = (
    {"amount": "1250.50", "currency": "KGS"},
    {
        "ky": "Жүк ташуучу унаа, өзү түшүрүүчү",
        "ru": "Самосвал",
        "zh": "自卸车",
        "emoji": "\U0001f69b",
        "escapes": '\u0000\u001f"\\/\u007f\u2028',
        "\ufb33": "sorted by UTF-16 units: after the emoji's name",
        "\U0001f600": "before U+FB33",
        "e\u0301": "not composed",
        "\u00e9": "composed",
    },
    {
        "numbers": [0, -1, 1.5, 1e21, 1e-7, 5e-324, 9007199254740991, 1e20, 333333333.3333333],
        "others": [True, False, None, [], {}],
    },
    {"note": "x" * 5000},
    {},
)


def context(number: int) -> Context:
    return Context(
        tender=TENDER,
        tenderer=f"organisation_0{number}",
        lot="lot_01" if number % 2 else None,
        envelope=EnvelopeKind.PRICE,
        id=f"envelope-{number}",
        version=number,
    )


def salt(number: int) -> bytes:
    return hashlib.sha256(f"kerben test salt {number}".encode()).digest()


def vectors(ciphertexts: Sequence[str] | None = None) -> dict[str, Any]:
    """The vectors, with the age files that are given or with new ones."""
    made, entries = [], []
    for number, (name, content) in enumerate(zip(NAMES, CONTENTS, strict=True), start=1):
        closed = envelopes.seal(content, context(number), IDENTITY.recipient, salt=salt(number))
        sealed = closed.sealed
        if ciphertexts:
            sealed = Sealed.model_validate(
                sealed.model_dump() | {"ciphertext": ciphertexts[number - 1]}
            )
        entries.append(sealed.entry())
        padded = sealing.pad(closed.document)
        made.append(
            {
                "name": name,
                "content": content,
                "context": context(number).model_dump(mode="json"),
                "salt": salt(number).hex(),
                "document_base64": base64.b64encode(closed.document).decode(),
                "padded_sha256": hashlib.sha256(padded).hexdigest(),
                "sealed": sealed.model_dump(mode="json"),
                "ciphertext_sha256": sealed.ciphertext_sha256(),
            }
        )
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    root = merkle.root(leaves).hex()
    key = Ed25519PrivateKey.from_private_bytes(SEED)
    first = Sealed.model_validate(made[0]["sealed"])
    receipt = Receipt(
        context=context(1),
        commitment=first.commitment,
        ciphertext_sha256=first.ciphertext_sha256(),
        size=first.size,
        received_at=AT,
        sealing=SealingMode.CLIENT,
        sequence=1,
    )
    published = Root(tender=TENDER, envelope=EnvelopeKind.PRICE, root=root, published_at=AT)
    return {
        "format": sealing.FORMAT,
        "identity": IDENTITY.reveal(),
        "recipient": IDENTITY.recipient,
        "envelopes": made,
        "tree": {
            "leaves": [leaf.hex() for leaf in leaves],
            "root": root,
            "proofs": [
                [step.hex() for step in merkle.inclusion_proof(leaves, index)]
                for index in range(len(leaves))
            ],
        },
        "signing": {
            "seed": SEED.hex(),
            "public_key": samples.public(key),
            "receipt": samples.signed_receipt(receipt, key).model_dump(mode="json"),
            "receipt_signed_text": receipt.canonical().decode(),
            "root": samples.signed_root(published, key).model_dump(mode="json"),
        },
    }


def committed() -> dict[str, Any]:
    """The vectors in the repository."""
    found: dict[str, Any] = json.loads(FILE.read_text())
    return found


if __name__ == "__main__":
    FILE.write_text(json.dumps(vectors(), indent=2, ensure_ascii=True) + "\n")
