"""Documents that prove something to others: one's own, looked through. Never commits."""

from uuid import UUID

from sqlmodel import Session, select

from api.core.errors import NotFound, refused
from api.core.files import service as files
from api.procurement.models import Document


def own(session: Session, *, org_id: UUID, document_id: UUID, pointer: str) -> Document:
    """A document that the organisation has uploaded. Raises Invalid and FileWithheld."""
    found = session.exec(
        select(Document).where(Document.id == document_id, Document.org_id == org_id)
    ).one_or_none()
    if found is None:
        raise refused(pointer, "unknown_document", "You have no such document.")
    files.require_given(found.file)
    return found


def shown(session: Session, document_id: UUID) -> Document:
    """The paper of something that the caller may see; row-level security shows it with that."""
    found = session.exec(select(Document).where(Document.id == document_id)).one_or_none()
    if found is None:
        raise NotFound
    return found
