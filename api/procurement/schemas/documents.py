"""What the routes of documents take and give. Names follow OCDS `document`."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from api.catalog.types import Line
from api.core.ids import PublicId
from api.identity.schemas import Input, Language, OrganisationId
from api.procurement.schemas.ids import LotId
from api.rules.documents import Confidentiality
from api.rules.files import ScanState
from api.rules.tenders import MAX_LOTS

DocumentId = Annotated[UUID, PublicId("document")]
TenderDocumentId = Annotated[UUID, PublicId("tenderdocument")]
DocumentType = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,59}$")]
EXAMPLE_DOCUMENT = {
    "document_id": "document_019abf2e8c1d7c3fa9b04b4c6f0d2e11",
    "title": {"ru": "Техническое задание"},
    "document_type": "technicalSpecifications",
}


class TenderDocumentIn(Input):
    """An uploaded document as part of a tender, or as the next version of one."""

    document_id: DocumentId
    title: dict[Language, Line] = Field(min_length=1, examples=[EXAMPLE_DOCUMENT["title"]])
    document_type: DocumentType = Field(
        examples=["technicalSpecifications"], description="A code of OCDS `documentType`"
    )
    confidentiality: Confidentiality = Field(default=Confidentiality.PUBLIC, examples=["public"])
    lot_ids: list[LotId] = Field(
        default=[], max_length=MAX_LOTS, examples=[[]], description="Empty: the whole tender"
    )
    replaces: TenderDocumentId | None = Field(default=None, examples=[None])


class DocumentOut(BaseModel):
    """A file as it was uploaded."""

    model_config = ConfigDict(from_attributes=True)

    id: DocumentId
    org_id: OrganisationId
    sha256: str
    size: int = Field(description="Bytes")
    format: str
    name: str
    scan_state: ScanState
    scanner: str | None = Field(description="Which has looked through it; none: `skipped`")
    scanned_at: datetime | None
    created_at: datetime
    version: int


class TenderDocumentOut(BaseModel):
    """A version of a document of a tender."""

    model_config = ConfigDict(from_attributes=True)

    id: TenderDocumentId
    document: DocumentOut
    number: int = Field(description="Of the version, from 1")
    title: dict[str, str]
    document_type: str
    confidentiality: Confidentiality
    lot_ids: list[LotId]
    added_at: datetime
    replaced_at: datetime | None = Field(description="Since then a later version stands")
