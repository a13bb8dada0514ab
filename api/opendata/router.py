"""Routes for everybody, without credentials: stored documents as bytes."""

from typing import Annotated, Any

from fastapi import Header, Path, Request, Response
from starlette.types import Receive, Scope, Send

from api.core.errors import Invalid, NotFound, Unavailable, refused
from api.core.http import PublicRoute, documented, public_router
from api.opendata import reads, service
from api.opendata.schemas import OCID, BiddingPublished, Ocid, TenderPublished


class DocumentRoute(PublicRoute):
    """Declared and documented as every route, but run without FastAPI's parameters and exit
    stacks, which cost more than the read: the endpoint takes the texts of the request as they are.
    """

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in (self.methods or ()):
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive)
        answer = await self.endpoint(
            request, **request.path_params, if_none_match=request.headers.get("if-none-match")
        )
        await answer(scope, receive, send)


router = public_router("/public", "public", DocumentRoute)
CACHING = "public, max-age=60"
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "The version that If-None-Match names is the current one"}
}


@router.get(
    "/tenders/{ocid}",
    response_model=TenderPublished,
    responses=_NOT_MODIFIED | documented(NotFound, Invalid, Unavailable),
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
    return await _answer(request, service.tender_path(ocid), if_none_match)


@router.get(
    "/tenders/{ocid}/bidding",
    response_model=BiddingPublished,
    responses=_NOT_MODIFIED | documented(NotFound, Invalid, Unavailable),
)
async def get_bidding(
    request: Request,
    ocid: Annotated[Ocid, Path()],
    if_none_match: Annotated[
        str | None, Header(max_length=1000, description="The version (ETag) you have.")
    ] = None,
) -> Response:
    """The keys of a tender's bids, the root signed at the deadline, and the signed record of the
    opening: holders take the root from here, and anybody can compute it again afterwards."""
    if not OCID.fullmatch(ocid):
        raise refused("#?path/ocid", "ocid_malformed", "Not the form of an OCID.")
    return await _answer(request, service.bidding_path(ocid), if_none_match)


async def _answer(request: Request, path: str, if_none_match: str | None) -> Response:
    document = await reads.find(request.app.state.documents, path)
    if document is None:
        raise NotFound
    headers = {"ETag": document.etag, "Cache-Control": CACHING}
    if if_none_match is not None and _names(if_none_match, document.etag):
        return Response(status_code=304, headers=headers)
    return Response(document.body, headers=headers, media_type=document.media_type)


def _names(if_none_match: str, etag: str) -> bool:
    """Weak comparison with a list of entity tags (RFC 9110, section 13.1.2)."""
    given = {tag.strip().removeprefix("W/") for tag in if_none_match.split(",")}
    return etag in given or "*" in given
