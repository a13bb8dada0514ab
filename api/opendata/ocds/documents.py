"""Documents of a tender in its releases: what everybody may read, each as its last version."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import Session

from api.core import ids, settings
from api.opendata.ocds.process import Process, act_as_publisher
from api.opendata.ocds.values import Json, compact, instant, texts
from api.procurement.models import Document
from api.procurement.service import documents

NOBODY = UUID(int=0)
"""No organisation: it reads what is public of a published tender."""


def of_tender(process: Process) -> list[Json]:
    """`tender.documents`: a document keeps its id through its versions, and has the SHA-256 of the
    bytes that are read at its `url`."""
    tender = process.tender
    found = documents.list_documents(
        process.session, org_id=NOBODY, tender_id=tender.id, history=True
    )
    by_series: dict[UUID, list[documents.Attached]] = {}
    for each in found:
        by_series.setdefault(each[0].series, []).append(each)
    return [_document(process, versions) for versions in by_series.values()]


def path(ocid: str, sha256: str) -> str:
    """Where the public reads the bytes of one version of a document."""
    return f"/public/tenders/{ocid}/documents/{sha256}"


def find(session: Session, ocid: str, sha256: str) -> Document:
    """A document of a tender as everybody may read it. Raises NotFound."""
    act_as_publisher(session)
    return documents.published(session, ocid=ocid, sha256=sha256)


def _document(process: Process, versions: Sequence[documents.Attached]) -> Json:
    (first, _), (last, file) = versions[0], versions[-1]
    published = process.tender.published_at
    return compact(
        {
            "id": last.series.hex,
            "documentType": last.document_type,
            **texts("title", last.title, process.language),
            "url": f"{settings.get().base_url}{path(process.tender.ocid, file.sha256)}",
            "format": file.format,
            "sha256": file.sha256,
            "datePublished": published and instant(max(first.added_at, published)),
            "dateModified": instant(last.added_at) if len(versions) > 1 else None,
            "relatedLots": [ids.show("lot", lot) for lot in last.lot_ids],
        }
    )
