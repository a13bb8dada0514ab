"""Documents by their SHA-256, and the documents of tenders. Never commits: the caller owns the
transaction."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from sqlmodel import Session, col, or_, select
from uuid_utils.compat import uuid7

from api.core import audit, db, ids, settings
from api.core.errors import Conflict, NotFound, refused
from api.procurement.models import Document, DocumentChunk, Tender, TenderDocument
from api.procurement.schemas.documents import TenderDocumentIn
from api.procurement.service import tenders
from api.procurement.service.problems import DocumentWithheld, NotDraft
from api.procurement.service.queries import visible
from api.rules import documents as rules
from api.rules.amendments import Json
from api.rules.documents import SCAN, Confidentiality
from api.rules.states import IllegalTransition
from api.rules.tenders import TenderStage

type Attached = tuple[TenderDocument, Document]


def upload(
    session: Session, *, org_id: UUID, actor: str, file: BinaryIO, name: str, format: str
) -> Document:
    """Keep a file, piece by piece; bytes that the organisation has uploaded already are not kept
    twice. Raises Invalid for an empty one."""
    digest, size = hashlib.sha256(), 0
    for piece in _pieces(file):
        digest.update(piece)
        size += len(piece)
    if not size:
        raise refused("#", "empty", "The document is empty")
    sha256 = digest.hexdigest()
    same = select(Document).where(Document.org_id == org_id, Document.sha256 == sha256)
    found = session.exec(same).one_or_none()
    if found is not None:
        return found
    document = Document(org_id=org_id, sha256=sha256, size=size, format=format, name=name)
    session.add(document)
    session.flush()
    file.seek(0)
    for seq, piece in enumerate(_pieces(file)):
        chunk = DocumentChunk(document_id=document.id, seq=seq, data=piece)
        session.add(chunk)
        session.flush()
        session.expunge(chunk)
    _note(session, document, "upload", actor=actor)
    return document


def get(session: Session, *, org_id: UUID, document_id: UUID) -> Document:
    """One's own document, or one of a tender that may be seen; NotFound otherwise."""
    shown = (
        select(TenderDocument.document_id)
        .join(Tender, col(Tender.id) == col(TenderDocument.tender_id))
        .where(
            visible(org_id),
            or_(
                col(Tender.buyer_id) == org_id,
                col(TenderDocument.confidentiality) == Confidentiality.PUBLIC,
            ),
        )
    )
    document = session.exec(
        select(Document).where(
            Document.id == document_id,
            or_(col(Document.org_id) == org_id, col(Document.id).in_(shown)),
        )
    ).one_or_none()
    if document is None:
        raise NotFound
    return document


def content(session: Session, document: Document, *, org_id: UUID) -> Iterator[bytes]:
    """The bytes, read as they are needed. Raises DocumentWithheld for what is infected, or not yet
    cleared where documents are scanned."""
    own, scanned = document.org_id == org_id, settings.get().documents_scanned
    if not rules.may_be_given(document.scan_state, own=own, scanned=scanned):
        raise DocumentWithheld(f"The document is {document.scan_state}.")
    return _stored(session, document.id)


def scan(session: Session, document_id: UUID, action: str, *, actor: str) -> Document:
    """Enter what a scanner has found: `clear` or `condemn`. For the operator; NotFound, Conflict."""
    document = session.exec(
        select(Document).where(Document.id == document_id).with_for_update()
    ).one_or_none()
    if document is None:
        raise NotFound
    try:
        document.scan_state = SCAN.apply(action, document.scan_state)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    document.scanned_at = db.now(session)
    document.version += 1
    session.add(document)
    _note(session, document, action, actor=actor)
    return document


def attach(session: Session, tender: Tender, *, actor: str, data: TenderDocumentIn) -> Attached:
    """Add a document to the buyer's own, locked tender, or a version of one. What suppliers read of
    a published tender changes by amendment only: NotDraft. Raises Invalid."""
    draft = tender.status_details in (TenderStage.DRAFT, TenderStage.PLANNED)
    if not draft and data.confidentiality is Confidentiality.PUBLIC:
        raise NotDraft("Documents of a published tender are added by amendment.")
    found = _add(session, tender, data, at="#", now=db.now(session))
    change = {"document": found[1].sha256, "number": found[0].number}
    tenders.record(session, tender, "attach_document", actor=actor, change=change)
    return found


def amend(
    session: Session, tender: Tender, given: Sequence[TenderDocumentIn], *, now: datetime
) -> None:
    """Add documents to a tender that is being amended. Raises Invalid."""
    for n, data in enumerate(given):
        _add(session, tender, data, at=f"#/documents/{n}", now=now)


def list_documents(
    session: Session, *, org_id: UUID, tender_id: UUID, history: bool = False
) -> Sequence[Attached]:
    """The documents of a tender that the organisation may see, oldest first; with `history` the
    replaced versions too. NotFound for another's draft."""
    seen = select(Tender.buyer_id).where(Tender.id == tender_id, visible(org_id))
    buyer_id = session.exec(seen).one_or_none()
    if buyer_id is None:
        raise NotFound
    query = (
        select(TenderDocument, Document)
        .join(Document, col(Document.id) == col(TenderDocument.document_id))
        .where(TenderDocument.tender_id == tender_id)
        .order_by(col(TenderDocument.id))
    )
    if buyer_id != org_id:
        query = query.where(TenderDocument.confidentiality == Confidentiality.PUBLIC)
    if not history:
        query = query.where(col(TenderDocument.replaced_at).is_(None))
    return session.exec(query).all()


def snapshot(session: Session, tender_id: UUID) -> dict[str, Json]:
    """What suppliers read of a tender's documents: JSON pointer (documents by series) -> value.

    A title may be corrected; the bytes and what they are for are terms.
    """
    session.flush()
    rows = session.exec(
        select(TenderDocument, Document.sha256)
        .join(Document, col(Document.id) == col(TenderDocument.document_id))
        .where(
            TenderDocument.tender_id == tender_id,
            TenderDocument.confidentiality == Confidentiality.PUBLIC,
            col(TenderDocument.replaced_at).is_(None),
        )
        .order_by(col(TenderDocument.id))
    ).all()
    told: dict[str, Json] = {}
    for row, sha256 in rows:
        at = f"#/documents/{row.series.hex}"
        told[f"{at}/title"] = {**row.title}
        told[f"{at}/content"] = {
            "sha256": sha256,
            "document_type": row.document_type,
            "lots": [ids.show("lot", lot_id) for lot_id in row.lot_ids],
        }
    return told


def _add(
    session: Session, tender: Tender, data: TenderDocumentIn, *, at: str, now: datetime
) -> Attached:
    document = session.exec(
        select(Document).where(Document.id == data.document_id, Document.org_id == tender.buyer_id)
    ).one_or_none()
    if document is None:
        raise refused(f"{at}/document_id", "unknown_document", "You have no such document")
    lots = {lot.id for lot in tender.lots}
    for n, lot_id in enumerate(data.lot_ids):
        if lot_id not in lots:
            raise refused(f"{at}/lot_ids/{n}", "unknown_lot", "The tender has no such lot")
    earlier = _replaced(session, tender, data, at)
    if earlier is not None:
        earlier.replaced_at = now
        session.add(earlier)
        session.flush()
    row = TenderDocument(
        tender_id=tender.id,
        document_id=document.id,
        series=earlier.series if earlier else uuid7(),
        number=earlier.number + 1 if earlier else 1,
        title=dict(data.title.items()),
        document_type=data.document_type,
        confidentiality=data.confidentiality,
        lot_ids=[*data.lot_ids],
        added_at=now,
    )
    session.add(row)
    session.flush()
    return row, document


def _replaced(
    session: Session, tender: Tender, data: TenderDocumentIn, at: str
) -> TenderDocument | None:
    """The version that the new one follows: the current one, of the same confidentiality."""
    if data.replaces is None:
        return None
    found = session.exec(
        select(TenderDocument).where(
            TenderDocument.id == data.replaces,
            TenderDocument.tender_id == tender.id,
            col(TenderDocument.replaced_at).is_(None),
            TenderDocument.confidentiality == data.confidentiality,
        )
    ).one_or_none()
    if found is None:
        detail = "The tender has no such current document of this confidentiality"
        raise refused(f"{at}/replaces", "unknown_version", detail)
    return found


def _stored(session: Session, document_id: UUID) -> Iterator[bytes]:
    seq = 0
    while True:
        data = session.exec(
            select(DocumentChunk.data).where(
                DocumentChunk.document_id == document_id, DocumentChunk.seq == seq
            )
        ).one_or_none()
        if data is None:
            return
        yield data
        seq += 1


def _pieces(file: BinaryIO) -> Iterable[bytes]:
    return iter(lambda: file.read(rules.CHUNK_BYTES), b"")


def _note(session: Session, document: Document, action: str, *, actor: str) -> None:
    audit.record(
        session,
        f"document:{document.id.hex}",
        action,
        actor=actor,
        org_id=document.org_id,
        change={"sha256": document.sha256, "size": document.size},
    )
