"""A tender with a document, published by its buyer and read by a supplier, by the Python client.

KERBEN_URL=… KERBEN_BUYER_KEY=… KERBEN_SUPPLIER_KEY=… python example.py request.json paper.pdf
"""

import io
import json
import os
import sys
from pathlib import Path

from kerben_client import AuthenticatedClient
from kerben_client.api.documents import documents_attach, documents_create, documents_download
from kerben_client.api.tenders import tenders_create, tenders_get, tenders_publish
from kerben_client.models import (
    DocumentOut,
    ProblemOut,
    TenderDocumentIn,
    TenderDocumentOut,
    TenderIn,
    TenderOut,
)
from kerben_client.types import File


def client_of(name: str) -> AuthenticatedClient:
    return AuthenticatedClient(base_url=os.environ["KERBEN_URL"], token=os.environ[name])


def main(request: Path, paper: Path) -> None:
    buyer, supplier = client_of("KERBEN_BUYER_KEY"), client_of("KERBEN_SUPPLIER_KEY")
    body = TenderIn.from_dict(json.loads(request.read_text()))
    tender = tenders_create.sync(client=buyer, body=body, idempotency_key="python-1")
    assert isinstance(tender, TenderOut), tender
    again = tenders_create.sync(client=buyer, body=body, idempotency_key="python-1")
    assert isinstance(again, TenderOut)
    assert again.id == tender.id

    content = paper.read_bytes()
    document = documents_create.sync(client=buyer, body=File(io.BytesIO(content)), name=paper.name)
    assert isinstance(document, DocumentOut), document
    part = TenderDocumentIn.from_dict(
        {
            "document_id": document.id,
            "title": {"ru": "Техническое задание"},
            "document_type": "technicalSpecifications",
        }
    )
    attached = documents_attach.sync(tender.id, client=buyer, body=part)
    assert isinstance(attached, TenderDocumentOut), attached

    hidden = tenders_get.sync(tender.id, client=supplier)
    assert isinstance(hidden, ProblemOut)
    assert hidden.code == "not_found"
    draft = tenders_get.sync(tender.id, client=buyer)
    assert isinstance(draft, TenderOut)
    published = tenders_publish.sync(tender.id, client=buyer, if_match=str(draft.version))
    assert isinstance(published, TenderOut), published
    seen = tenders_get.sync(tender.id, client=supplier)
    assert isinstance(seen, TenderOut)
    given = documents_download.sync_detailed(document.id, client=supplier)
    assert given.content == content
    told = {"ocid": seen.ocid, "status": seen.status, "sha256": document.sha256}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
