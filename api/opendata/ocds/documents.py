"""Documents of a tender in its releases: what everybody may read, each as its last version."""

from collections.abc import Sequence
from uuid import UUID

from api.core import ids
from api.opendata.ocds.process import Process
from api.opendata.ocds.values import Json, compact, instant, texts
from api.procurement.service import documents

NOBODY = UUID(int=0)
"""No organisation: it reads what is public of a published tender."""


def of_tender(process: Process) -> list[Json]:
    """`tender.documents`: a document keeps its id through its versions, and has the SHA-256 of the
    bytes that `GET /v1/documents/{id}/content` gives under it."""
    tender = process.tender
    found = documents.list_documents(
        process.session, org_id=NOBODY, tender_id=tender.id, history=True
    )
    by_series: dict[UUID, list[documents.Attached]] = {}
    for each in found:
        by_series.setdefault(each[0].series, []).append(each)
    return [_document(process, versions) for versions in by_series.values()]


def _document(process: Process, versions: Sequence[documents.Attached]) -> Json:
    (first, _), (last, file) = versions[0], versions[-1]
    published = process.tender.published_at
    return compact(
        {
            "id": last.series.hex,
            "documentType": last.document_type,
            **texts("title", last.title, process.language),
            "format": file.format,
            "sha256": file.sha256,
            "datePublished": published and instant(max(first.added_at, published)),
            "dateModified": instant(last.added_at) if len(versions) > 1 else None,
            "relatedLots": [ids.show("lot", lot) for lot in last.lot_ids],
        }
    )
