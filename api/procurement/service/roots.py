"""The Merkle root of the envelopes, published at the deadline. For the workers' role alone."""

from datetime import datetime

from sqlmodel import Session, col, select

from api.core import signing
from api.procurement.models import BidEnvelope, BidRoot, Tender
from api.procurement.sealing.documents import instant
from api.procurement.sealing.receipts import Root
from api.procurement.service import bids, tender_keys
from api.rules import merkle
from api.rules.sealing import EnvelopeKind


def publish(session: Session, tender: Tender, now: datetime) -> dict[str, str]:
    """Sign and keep the root of every kind of envelopes of a tender whose period has ended; by
    kind. The tender's row is locked for this transaction, so that no envelope comes after it.

    Bids that were not confirmed lapse. How many envelopes there are is told by nothing here.
    """
    bids.lapse_unconfirmed(session, tender.id)
    signing.publish_own_key(session)
    found = {}
    for key in tender_keys.keys_of(session, tender.id):
        content = Root(
            tender=tender.ocid,
            envelope=key.kind,
            root=computed(session, tender, key.kind),
            published_at=instant(now),
        )
        signed = signing.sign(content.model_dump(mode="json"))
        session.add(
            BidRoot(
                tender_id=tender.id,
                kind=key.kind,
                root=content.root,
                published_at=now,
                content=signed.content,
                key_id=signed.key_id,
                signature=signed.signature,
            )
        )
        found[key.kind.value] = content.root
    return found


def computed(session: Session, tender: Tender, kind: EnvelopeKind) -> str:
    """The root over every envelope of a kind as it is stored now, replaced and withdrawn ones too."""
    leaves = session.exec(
        select(BidEnvelope.leaf)
        .where(BidEnvelope.tender_id == tender.id, BidEnvelope.kind == kind)
        .order_by(col(BidEnvelope.sequence))
    ).all()
    return merkle.root(leaves).hex()
