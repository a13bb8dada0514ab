"""The Merkle root of the envelopes, published at the deadline. For the workers' role alone."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, select

from api.core import signing
from api.procurement.models import BidEnvelope, BidRoot, Tender
from api.procurement.sealing.documents import instant
from api.procurement.sealing.receipts import Root
from api.procurement.service import bids, sealed_documents, tender_keys
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
    """The root over every envelope of a kind and the documents beside them as they are stored now,
    replaced and withdrawn ones too."""
    return merkle.root([leaf for _, leaf, _ in leaves(session, tender.id, kind)]).hex()


def leaves(
    session: Session, tender_id: UUID, kind: EnvelopeKind
) -> list[tuple[int, bytes, UUID | None]]:
    """Sequence, leaf and envelope of everything in the tree of a kind, in its order; no envelope
    is named by the leaf of a document."""
    found = session.exec(
        select(BidEnvelope.sequence, BidEnvelope.leaf, BidEnvelope.id).where(
            BidEnvelope.tender_id == tender_id, BidEnvelope.kind == kind
        )
    ).all()
    beside = sealed_documents.leaves(session, tender_id, kind)
    return sorted([*found, *((sequence, leaf, None) for sequence, leaf in beside)], key=_place)


def _place(entry: tuple[int, bytes, UUID | None]) -> tuple[int, bytes]:
    return entry[0], entry[1]
