"""Documents that bidders hand in sealed, beside their envelopes: received, and after the opening
of the envelopes that name them, decrypted. Never commits: the caller owns the transaction.
"""

import secrets
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import func, text
from sqlmodel import Session, col, select

from api.core import ids, signing
from api.core.errors import Conflict, FieldError, Invalid, NotFound, refused
from api.core.files import service as files
from api.core.files import store
from api.core.files.models import File
from api.identity import debarments
from api.procurement.models import Bid, BidDocument, Document, SealedDocument, Tender
from api.procurement.schemas import EnvelopeIn
from api.procurement.sealing import attachments
from api.procurement.sealing.documents import instant
from api.procurement.sealing.problems import SealedBidInvalid
from api.procurement.sealing.receipts import DocumentReceipt, SignedDocumentReceipt
from api.procurement.service import admission, documents, envelopes
from api.procurement.service.bid_problems import (
    BiddingNotSetUp,
    DocumentsTooMany,
    EnvelopesDiffer,
    OwnTender,
)
from api.rules import merkle, sealing
from api.rules.sealing import EnvelopeKind

DUE, WORKER = "bid.documents_due", "opening"
_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 18))")
_MOST = 2**53 - 1


def receive(
    session: Session,
    *,
    supplier_id: UUID,
    tender_id: UUID,
    actor: str,
    kind: EnvelopeKind,
    name: str,
    file: BinaryIO,
) -> SealedDocument:
    """Keep a sealed document of a bid to come, in time by the database's clock once it has arrived.

    Nobody is told of it but its supplier. Raises as `bids.submit` does, SealedBidInvalid for what
    is no such document, DocumentsTooMany, or AlreadyExists for a name that stands already.
    """
    head, length = _measured(file)
    try:
        size = sealing.hidden_size(head, length)
    except ValueError as error:
        raise SealedBidInvalid(str(error)) from error
    if size not in sealing.DOCUMENT_BUCKETS:
        raise SealedBidInvalid("A document is padded to a power of two from 4096 bytes to 128 MiB.")
    debarments.require_standing(session, [supplier_id])
    envelopes.require_open(session, tender_id)
    session.connection().execute(_LOCK, {"lock": f"{tender_id.hex}|{supplier_id.hex}"})
    stored = files.receive_sealed(session, org_id=supplier_id, actor=actor, file=file)
    held = envelopes.hold_open(session, tender_id)
    if held.buyer_id == supplier_id:
        raise OwnTender
    admission.require(session, held, supplier_id, [])
    if kind not in envelopes.keys_of(session, tender_id):
        raise BiddingNotSetUp(f"The tender takes no {kind} envelopes.")
    own = (
        SealedDocument.tender_id == tender_id,
        SealedDocument.supplier_id == supplier_id,
        SealedDocument.kind == kind,
    )
    if session.exec(select(func.count()).where(*own)).one() >= sealing.MAX_DOCUMENTS:
        raise DocumentsTooMany(f"At most {sealing.MAX_DOCUMENTS} beside each kind of envelope.")
    taken = select(SealedDocument.id).where(SealedDocument.file_id == stored.id)
    if session.exec(taken).first() is not None:
        raise refused("#", "sealed_document_used", "The same bytes were handed in before")
    row = SealedDocument(
        tender_id=tender_id,
        supplier_id=supplier_id,
        kind=kind,
        name=name,
        file_id=stored.id,
        size=size,
        ciphertext_sha256=stored.sha256,
        leaf=merkle.leaf_hash(sealing.document_entry(bytes.fromhex(stored.sha256))),
        sequence=secrets.randbelow(_MOST) + 1,
        received_at=held.now,
    )
    session.add(row)
    session.flush()
    return row


def shown(session: Session, row: SealedDocument) -> dict[str, object]:
    """A sealed document as its supplier sees it, with the signed receipt."""
    ocid = session.exec(select(Tender.ocid).where(Tender.id == row.tender_id)).one()
    return {**row.model_dump(), "envelope": row.kind, "receipt": receipt(row, ocid)}


def receipt(row: SealedDocument, ocid: str) -> SignedDocumentReceipt:
    """The signed statement that the installation received the document, and when."""
    content = DocumentReceipt(
        tender=ocid,
        tenderer=ids.show("organisation", row.supplier_id),
        envelope=row.kind,
        id=row.name,
        ciphertext_sha256=row.ciphertext_sha256,
        size=row.size,
        received_at=instant(row.received_at),
        sequence=row.sequence,
    )
    signed = signing.sign(content.model_dump(mode="json"))
    return SignedDocumentReceipt(content=content, key_id=signed.key_id, signature=signed.signature)


def list_own(session: Session, *, supplier_id: UUID, tender_id: UUID) -> Sequence[SealedDocument]:
    """What a supplier has handed in for a tender, oldest first."""
    return session.exec(
        select(SealedDocument)
        .where(SealedDocument.tender_id == tender_id, SealedDocument.supplier_id == supplier_id)
        .order_by(col(SealedDocument.id))
    ).all()


def require_received(session: Session, bid: Bid, given: Sequence[EnvelopeIn]) -> None:
    """Raise EnvelopesDiffer for a document that a bidder says to have handed in, and has not."""
    if not any(each.documents for each in given):
        return
    own = list_own(session, supplier_id=bid.supplier_id, tender_id=bid.tender_id)
    there = {(row.kind, row.name) for row in own}
    errors = [
        FieldError(
            pointer=f"#/envelopes/{index}/documents/{n}",
            code="sealed_document_unknown",
            detail="no sealed document of this id was received for envelopes of this kind",
        )
        for index, each in enumerate(given)
        for n, name in enumerate(each.documents)
        if (each.kind, name) not in there
    ]
    if errors:
        raise EnvelopesDiffer(errors=errors)


def received(
    session: Session, tender_id: UUID, kind: EnvelopeKind
) -> Mapping[UUID, dict[str, UUID]]:
    """The sealed documents of a kind, by supplier and then by the name that it gave them."""
    found: dict[UUID, dict[str, UUID]] = {}
    rows = session.exec(
        select(SealedDocument).where(
            SealedDocument.tender_id == tender_id, SealedDocument.kind == kind
        )
    )
    for row in rows:
        found.setdefault(row.supplier_id, {})[row.name] = row.id
    return found


def open_due(session: Session, bid_id: UUID) -> int:
    """Decrypt what an opened bid has handed in, for the workers; how many could be read.

    What cannot be read stays closed and says why; the commission decides what follows from it.
    """
    bid = session.exec(select(Bid).where(Bid.id == bid_id).with_for_update()).one_or_none()
    if bid is None or bid.opened_at is None:
        return 0
    waiting = select(BidDocument).where(
        BidDocument.bid_id == bid_id,
        col(BidDocument.sealed_document_id).is_not(None),
        col(BidDocument.document_id).is_(None),
        col(BidDocument.failure).is_(None),
    )
    rows = session.exec(waiting.order_by(col(BidDocument.id))).all()
    for row in rows:
        try:
            row.document_id = _opened(session, bid, row).id
        except (Conflict, Invalid) as problem:
            row.failure = problem.errors[0].code if problem.errors else problem.code
        session.add(row)
    session.flush()
    return sum(row.document_id is not None for row in rows)


def of_bid(session: Session, *, org_id: UUID, bid_id: UUID, sha256: str) -> Document:
    """A document of an opened bid, for its buyer and its supplier; else NotFound."""
    found = session.exec(
        select(Document)
        .join(BidDocument, col(BidDocument.document_id) == Document.id)
        .join(Bid, col(Bid.id) == BidDocument.bid_id)
        .join(Tender, col(Tender.id) == Bid.tender_id)
        .where(BidDocument.bid_id == bid_id, BidDocument.sha256 == sha256)
        .where((col(Tender.buyer_id) == org_id) | (col(Bid.supplier_id) == org_id))
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _opened(session: Session, bid: Bid, row: BidDocument) -> Document:
    """The document in the clear. Raises Conflict, or Invalid for a file of no kind that is taken."""
    sealed = session.get_one(SealedDocument, row.sealed_document_id)
    file = session.get_one(File, sealed.file_id)
    with tempfile.TemporaryFile() as closed, tempfile.TemporaryFile() as plain:
        for piece in store.get().read(file.key or "", 0, file.size):
            closed.write(piece)
        closed.seek(0)
        attachments.open_document(closed, plain, row.sealed_key or "", row.sha256)
        return documents.upload(
            session,
            org_id=bid.supplier_id,
            actor=WORKER,
            file=plain,
            name=row.file_name or row.sha256,
        )


def leaves(session: Session, tender_id: UUID, kind: EnvelopeKind) -> Iterator[tuple[int, bytes]]:
    """The place of each sealed document in the tree, and its leaf."""
    rows = session.exec(
        select(SealedDocument.sequence, SealedDocument.leaf).where(
            SealedDocument.tender_id == tender_id, SealedDocument.kind == kind
        )
    )
    yield from rows


def _measured(file: BinaryIO) -> tuple[bytes, int]:
    """The beginning of a file, with any header, and its length."""
    length = file.seek(0, 2)
    file.seek(0)
    return file.read(2 * sealing.MAX_AGE_HEADER), length
