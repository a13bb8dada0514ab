"""The files of tenders for everybody, each under its digest."""

from typing import Annotated

from fastapi import Depends, Header, Path, Response

from api.catalog.types import Sha256
from api.core import db
from api.core.errors import NotFound, Unavailable
from api.core.files import service as files
from api.core.files.problems import FileWithheld, RangeNotSatisfiable
from api.core.http import documented, public_router
from api.identity import links
from api.identity.links import FILE_ANSWER, Part, requested_part
from api.opendata.ocds import documents
from api.opendata.router.answers import FOREVER, NOT_MODIFIED, names
from api.opendata.schemas import Ocid
from api.procurement import service as procurement

router = public_router("/public/tenders", "public")
_CACHING = f"{FOREVER}, no-transform"


@router.get(
    "/{ocid}/documents/{sha256}",
    response_class=Response,
    responses={
        **FILE_ANSWER,
        206: {"description": "The range that was asked for"},
        **NOT_MODIFIED,
        **documented(NotFound, FileWithheld, RangeNotSatisfiable, Unavailable),
    },
)
def download_document(
    ocid: Annotated[Ocid, Path()],
    sha256: Annotated[Sha256, Path(description="Of the bytes, as releases have it")],
    part: Annotated[Part, Depends(requested_part)],
    if_none_match: Annotated[
        str | None, Header(max_length=1000, description="The version (ETag) you have.")
    ] = None,
) -> Response:
    """The bytes of a document of a published tender, of versions that were replaced too; to be kept,
    never to be shown by a browser."""
    with db.unit_of_work() as session:
        document = documents.find(session, ocid, sha256)
        files.require_given(document.file)
        tag = links.etag(document.file)
        if if_none_match is not None and names(if_none_match, tag):
            return Response(status_code=304, headers={"ETag": tag, "Cache-Control": _CACHING})
        start, end = part.of(document.file)
        pieces = procurement.documents.pieces(session, document, start, end)
        return links.sent(document.file, document.name, pieces, start, end, caching=_CACHING)
