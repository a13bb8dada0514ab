"""Whether what suppliers are to read of a tender may be given to them. Never commits."""

from sqlmodel import Session, col, select

from api.core.files import service as files
from api.core.files.models import File
from api.procurement.models import Document, Tender, TenderDocument
from api.rules.documents import Confidentiality


def require_given(session: Session, tender: Tender) -> None:
    """Raise FileWithheld when a public document of a tender is not cleared, or quarantined."""
    shown = select(File).where(
        col(File.id).in_(
            select(Document.file_id)
            .join(TenderDocument, col(TenderDocument.document_id) == col(Document.id))
            .where(
                TenderDocument.tender_id == tender.id,
                TenderDocument.confidentiality == Confidentiality.PUBLIC,
                col(TenderDocument.replaced_at).is_(None),
            )
        )
    )
    for file in session.exec(shown):
        files.require_given(file)
