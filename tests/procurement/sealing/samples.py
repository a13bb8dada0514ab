"""A tender's key with five holders, envelopes for it, and an installation that signs."""

import base64
import hashlib
import os
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import strategies as st

from api.procurement.sealing import ceremony, envelopes
from api.procurement.sealing.ceremony import Member, Scope, TenderKey
from api.procurement.sealing.documents import instant
from api.procurement.sealing.envelopes import Closed, Context
from api.procurement.sealing.keys import Identity
from api.procurement.sealing.opening import Session
from api.procurement.sealing.receipts import Receipt, Root, SignedReceipt, SignedRoot
from api.rules.sealing import EnvelopeKind

TENDER = "ocds-kerben0-0001"
OPENS_AT = datetime(2026, 12, 1, 5, tzinfo=UTC)
CONTEXT = Context(
    tender=TENDER,
    tenderer="organisation_01",
    lot="lot_01",
    envelope=EnvelopeKind.PRICE,
    id="envelope-1",
    version=1,
)
CONTENT = {"amount": "1250.50", "currency": "KGS", "note": "Цена за партию · 价格"}
THRESHOLD = 3
ROLES = ("opener", "opener", "opener", "opener", "auditor")

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)
contents = st.dictionaries(st.text(), values)


def members(identities: list[Identity]) -> list[Member]:
    return [
        Member.model_validate({"name": f"holder {i}", "role": role, "recipient": each.recipient})
        for i, (role, each) in enumerate(zip(ROLES, identities, strict=True), start=1)
    ]


HOLDERS = [Identity.generate() for _ in ROLES]
MEMBERS = members(HOLDERS)
SCOPE = Scope(tender=TENDER, envelope=EnvelopeKind.PRICE, opens_at=instant(OPENS_AT))
IDENTITY = Identity.generate()
KEY = ceremony.share_out(IDENTITY, SCOPE, THRESHOLD, MEMBERS)


def sealed(content: dict[str, Any] = CONTENT, context: Context = CONTEXT) -> Closed:
    return envelopes.seal(content, context, KEY.recipient)


def session(identity: Identity, key: TenderKey = KEY, id: str = "session-1") -> Session:
    return Session(
        id=id,
        tender=key.tender,
        envelope=key.envelope,
        recipient=identity.recipient,
        root=os.urandom(32).hex(),
    )


def public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def signed_receipt(receipt: Receipt, key: Ed25519PrivateKey) -> SignedReceipt:
    return SignedReceipt(content=receipt, **_signature(receipt, key))


def signed_root(root: Root, key: Ed25519PrivateKey) -> SignedRoot:
    return SignedRoot(content=root, **_signature(root, key))


def _signature(content: Receipt | Root, key: Ed25519PrivateKey) -> dict[str, str]:
    return {
        "key_id": hashlib.sha256(key.public_key().public_bytes_raw()).hexdigest()[:32],
        "signature": base64.b64encode(key.sign(content.canonical())).decode(),
    }
