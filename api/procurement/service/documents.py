"""Documents by their SHA-256, and the documents of tenders. Never commits: the caller owns the
transaction."""

import hashlib
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import BinaryIO
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import Session, col, or_, select
from uuid_utils.compat import uuid7

from api.core import audit, db, ids
from api.core.errors import Conflict, NotFound, refused
from api.core.files import service as files
from api.core.files import store
from api.core.files.models import File
from api.procurement.models import Document, DocumentChunk, Tender, TenderDocument
from api.procurement.schemas.documents import TenderDocumentIn
from api.procurement.service import policies, tenders
from api.procurement.service.problems import NotDraft
from api.procurement.service.queries import visible
from api.rules.amendments import Json
from api.rules.documents import Confidentiality
from api.rules.files import DocumentFormat
from api.rules.publication import ReleaseField, withholds
from api.rules.tenders import TenderStage

type Attached = tuple[TenderDocument, Document]


def upload(
    session: Session,
    *,
    org_id: UUID,
    actor: str,
    file: BinaryIO,
    name: str,
    format: DocumentFormat | None = None,
) -> Document:
    """Keep a file under its name; bytes that the organisation has uploaded already are not kept
    twice. Raises Invalid for an empty one, and for one that is not what its name or `format` say."""
    stored = files.receive(session, org_id=org_id, actor=actor, file=file, name=name, format=format)
    found = session.exec(select(Document).where(Document.file_id == stored.id)).one_or_none()
    if found is not None:
        return found
    document = Document(
        org_id=org_id,
        file_id=stored.id,
        sha256=stored.sha256,
        size=stored.size,
        format=stored.media_type,
        name=name,
    )
    session.add(document)
    session.flush()
    session.refresh(document, ["file"])
    audit.record(
        session,
        f"document:{document.id.hex}",
        "upload",
        actor=actor,
        org_id=org_id,
        change={"sha256": document.sha256, "size": document.size},
    )
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


def published(session: Session, *, ocid: str, sha256: str) -> Document:
    """A document that everybody may read: public, of a published tender, as it stood at its
    publication or later, replaced since or not. NotFound, also where the policy withholds documents.
    """
    found = session.exec(
        select(Document, Tender)
        .join(TenderDocument, col(TenderDocument.document_id) == col(Document.id))
        .join(Tender, col(Tender.id) == col(TenderDocument.tender_id))
        .where(
            Tender.ocid == ocid,
            Document.sha256 == sha256,
            TenderDocument.confidentiality == Confidentiality.PUBLIC,
            col(Tender.published_at).is_not(None),
            or_(
                col(TenderDocument.replaced_at).is_(None),
                col(TenderDocument.replaced_at) > col(Tender.published_at),
            ),
        )
        .limit(1)
    ).one_or_none()
    if found is None or withholds(policies.withheld_of(found[1]), {ReleaseField.DOCUMENTS}):
        raise NotFound
    return found[0]


def scan(session: Session, document_id: UUID, action: str, *, actor: str) -> Document:
    """Enter what a scanner has found: `clear` or `condemn`. For the operator; NotFound, Conflict."""
    document = session.get(Document, document_id)
    if document is None:
        raise NotFound
    files.judge(session, document.file_id, action, actor=actor)
    return document


def move_next(session: Session) -> Document | None:
    """Put the bytes of a document that are still in the database into the store; None: all are.

    Raises Conflict when they are not those of the digest.
    """
    document = session.exec(
        select(Document)
        .join(File, col(File.id) == col(Document.file_id))
        .where(col(File.key).is_(None))
        .order_by(col(Document.id))
        .limit(1)
        .with_for_update(of=File)
    ).first()
    if document is None:
        return None
    with tempfile.TemporaryFile() as file:
        for piece in _in_database(session, document.id):
            file.write(piece)
        file.seek(0)
        if hashlib.file_digest(file, "sha256").hexdigest() != document.sha256:
            raise Conflict(f"The bytes of {ids.show('document', document.id)} are damaged.")
        file.seek(0)
        document.file.key = store.get().put(file)
    session.flush()
    gone = delete(DocumentChunk).where(col(DocumentChunk.document_id) == document.id)
    session.connection().execute(gone)
    return document


def pieces(session: Session, document: Document, start: int, end: int) -> Iterator[bytes]:
    """The bytes from `start` until before `end`, read as they are needed. Raises FileWithheld for
    what is quarantined, or not cleared where files are scanned."""
    files.require_given(document.file)
    if document.file.key is not None:
        return store.get().read(document.file.key, start, end)
    return iter((b"".join(_in_database(session, document.id))[start:end],))


def attach(session: Session, tender: Tender, *, actor: str, data: TenderDocumentIn) -> Attached:
    """Add a document to the buyer's own, locked tender, or a version of one. What suppliers read of
    a published tender changes by amendment only: NotDraft. Raises Invalid and FileWithheld."""
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
    files.require_given(document.file)
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


def _in_database(session: Session, document_id: UUID) -> Iterator[bytes]:
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
