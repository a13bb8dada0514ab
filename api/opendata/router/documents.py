"""Routes for everybody, without credentials: stored documents as bytes."""

from typing import Annotated, Any

from fastapi import Header, Path, Request, Response

from api.core.errors import Invalid, NotFound, Unavailable
from api.core.http import documented, public_router
from api.opendata import reads, service
from api.opendata.router.answers import NOT_MODIFIED, DocumentRoute, answered
from api.opendata.schemas import (
    BiddingPublished,
    CommissionPublished,
    LotName,
    Ocid,
    TenderPublished,
)

router = public_router("/public", "public", DocumentRoute)

_EVALUATION: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The evaluation file (docs/schemas/kerben-evaluation-1.schema.json)",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


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
    return await _answer(request, service.tender_path(ocid), if_none_match)


@router.get(
    "/tenders/{ocid}/evaluations/{lot_id}",
    response_class=Response,
    responses=NOT_MODIFIED | _EVALUATION | documented(NotFound, Invalid, Unavailable),
)
async def get_evaluation(
    request: Request,
    ocid: Annotated[Ocid, Path()],
    lot_id: Annotated[LotName, Path()],
    if_none_match: Annotated[
        str | None, Header(max_length=1000, description="The version (ETag) you have.")
    ] = None,
) -> Response:
    """The completed evaluation of a lot: the file from which `kerben verify evaluation`, or anybody
    by docs/evaluation.md, recomputes the ranking."""
    return await _answer(request, service.evaluation_path(ocid, lot_id), if_none_match)


@router.get(
    "/tenders/{ocid}/bidding",
    response_model=BiddingPublished,
    responses=NOT_MODIFIED | documented(NotFound, Invalid, Unavailable),
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
    return await _answer(request, service.bidding_path(ocid), if_none_match)


@router.get(
    "/tenders/{ocid}/commission",
    response_model=CommissionPublished,
    responses=NOT_MODIFIED | documented(NotFound, Invalid, Unavailable),
)
async def get_commission(
    request: Request,
    ocid: Annotated[Ocid, Path()],
    if_none_match: Annotated[
        str | None, Header(max_length=1000, description="The version (ETag) you have.")
    ] = None,
) -> Response:
    """Declarations about conflicts of interest, by seat and without names, and the signed minutes of
    the commission, once the first lot was decided."""
    return await _answer(request, service.commission_path(ocid), if_none_match)


async def _answer(request: Request, path: str, if_none_match: str | None) -> Response:
    document = await reads.find(request.app.state.documents, path)
    if document is None:
        raise NotFound
    return answered(document.body, document.etag, if_none_match, media_type=document.media_type)
