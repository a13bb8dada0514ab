"""Routes for everybody, without credentials: stored documents as bytes."""

from typing import Annotated

from fastapi import Header, Path, Request, Response

from api.core.errors import Invalid, NotFound, Unavailable, refused
from api.core.http import documented, public_router
from api.opendata import reads, service
from api.opendata.router.answers import NOT_MODIFIED, DocumentRoute, answered
from api.opendata.schemas import OCID, Ocid, TenderPublished

router = public_router("/public", "public", DocumentRoute)


@router.get(
    "/tenders/{ocid}",
    response_model=TenderPublished,
    responses=NOT_MODIFIED | documented(NotFound, Invalid, Unavailable),
)
async def get_tender(
    request: Request,
    ocid: Annotated[Ocid, Path()],
    if_none_match: Annotated[
        str | None, Header(max_length=1000, description="The version (ETag) you have.")
    ] = None,
) -> Response:
    """A published tender with its lots and items; seconds after a change, what it says is new."""
    if not OCID.fullmatch(ocid):
        raise refused("#?path/ocid", "ocid_malformed", "Not the form of an OCID.")
    document = await reads.find(request.app.state.documents, service.tender_path(ocid))
    if document is None:
        raise NotFound
    return answered(document.body, document.etag, if_none_match, media_type=document.media_type)
