"""Routes of landed costs: computed, varied, compared."""

from typing import Annotated, Any

from fastapi import Query, Response

from api.core import ids, spreadsheets
from api.core.errors import Conflict, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.delivery.models import LandedCostEstimate
from api.delivery.problems import ComparisonNotSetUp, LandedCostNotComputable, PricesSealed
from api.delivery.schemas.landed_costs import (
    ComparisonOut,
    LandedCostId,
    LandedCostIn,
    LandedCostOut,
    LandedCostSummary,
    LandedCostTermsIn,
    LandedCostTermsOut,
    SensitivityOut,
    WhatIfIn,
    WhatIfOut,
)
from api.delivery.service import asking, charts, comparison, estimates, sheets, terms
from api.delivery.service.charts import ChartFormat
from api.identity import access
from api.identity.access import Context, require
from api.procurement.schemas import TenderId
from api.procurement.schemas.ids import LotId
from api.procurement.service import commissions, queries, tenders
from api.procurement.service import evaluation_problems as evaluation
from api.procurement.service.problems import NotDraft

router = access.router("/landed-costs", "landed-costs")
of_tender = access.router("/tenders", "landed-costs")
Read = Annotated[Context, require("landed-costs:read")]
Write = Annotated[Context, require("landed-costs:write")]
Tenders = Annotated[Context, require("tenders:read")]
Change = Annotated[Context, require("tenders:write", if_match=True)]
Compare = Annotated[Context, require("evaluations:read")]
_COMPARED = (
    PricesSealed,
    ComparisonNotSetUp,
    evaluation.ConflictUndeclared,
    evaluation.ConflictDeclared,
)
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file as `kerben verify landed-cost` reads it",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


def _binary(description: str, *media_types: str) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": description, "content": dict.fromkeys(media_types, schema)}}


@router.post(
    "",
    status_code=201,
    response_model=LandedCostOut,
    responses=documented(LandedCostNotComputable, PricesSealed, ComparisonNotSetUp),
)
def create(data: LandedCostIn, ctx: Write) -> dict[str, Any]:
    """Compute what a price comes to delivered, duty paid: of an offer, an opened bid, or free."""
    row = estimates.estimate(ctx.session, org_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.headers["Location"] = f"/v1/landed-costs/{ids.show('landedcost', row.id)}"
    return shown(row)


@router.get("", response_model=Page[LandedCostSummary])
def list(ctx: Read, page: PageDep) -> Page[Any]:
    """The landed costs that your organisation has computed, the newest first."""
    rows, cursor = estimates.list_own(ctx.session, page, org_id=ctx.org_id)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{landed_cost_id}", response_model=LandedCostOut)
def get(landed_cost_id: LandedCostId, ctx: Read) -> dict[str, Any]:
    """A landed cost with everything it was computed from."""
    return shown(found(ctx, landed_cost_id))


@router.get("/{landed_cost_id}/file", response_class=Response, responses=_FILE)
def file(landed_cost_id: LandedCostId, ctx: Read) -> Response:
    """The file, byte for byte, from which anybody recomputes the landed cost."""
    row = found(ctx, landed_cost_id)
    ctx.headers["ETag"] = f'"{row.sha256}"'
    return Response(row.file, media_type="application/json")


@router.post(
    "/{landed_cost_id}/what-if",
    response_model=WhatIfOut,
    responses=documented(LandedCostNotComputable),
)
def what_if(landed_cost_id: LandedCostId, data: WhatIfIn, ctx: Read) -> dict[str, Any]:
    """The same by other routes, exchange rates of other days, tariffs of other days."""
    row = found(ctx, landed_cost_id)
    return {
        "base_total_gross": row.total_gross,
        "currency": row.currency,
        "scenarios": estimates.what_if(ctx.session, row, data),
    }


@router.get("/{landed_cost_id}/sensitivity", response_model=SensitivityOut)
def sensitivity(
    landed_cost_id: LandedCostId,
    ctx: Read,
    change_bp: Annotated[
        int, Query(ge=1, le=10_000, description="By how much each input grows, in basis points")
    ] = 100,
) -> dict[str, Any]:
    """Which input moves the total most, each moved by itself."""
    row = found(ctx, landed_cost_id)
    return {
        "base_total_gross": row.total_gross,
        "currency": row.currency,
        "moves": estimates.sensitivity_of(row, change_bp),
    }


@of_tender.put(
    "/{tender_id}/landed-cost-terms",
    response_model=LandedCostTermsOut,
    responses=documented(NotDraft, Conflict, PreconditionFailed),
)
def set_terms(tender_id: TenderId, data: LandedCostTermsIn, ctx: Change) -> Any:
    """Have the bids of a draft compared at their delivered cost: codes and measures of the goods,
    routes, the set of rates."""
    tender = tenders.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    ctx.check_version(tender)
    return terms.set_terms(ctx.session, tender, actor=ctx.actor, data=data)


@of_tender.get(
    "/{tender_id}/landed-cost-terms",
    response_model=LandedCostTermsOut,
    responses=documented(ComparisonNotSetUp),
)
def get_terms(tender_id: TenderId, ctx: Tenders) -> Any:
    """How the bids of a tender are compared at their delivered cost."""
    tender = queries.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    return asking.terms_of(ctx.session, tender.id)


@of_tender.get(
    "/{tender_id}/lots/{lot_id}/landed-costs",
    response_model=ComparisonOut,
    responses=documented(*_COMPARED),
)
def compare(tender_id: TenderId, lot_id: LotId, ctx: Compare) -> dict[str, Any]:
    """All opened bids for a lot of yours at one delivered cost, gross and net of VAT."""
    return _compared(ctx, tender_id, lot_id)


@of_tender.get(
    "/{tender_id}/lots/{lot_id}/landed-costs/workbook",
    response_class=Response,
    responses=_binary("The comparison as a workbook", spreadsheets.MEDIA_TYPE)
    | documented(*_COMPARED),
)
def compare_workbook(tender_id: TenderId, lot_id: LotId, ctx: Compare) -> Response:
    """The comparison as a workbook (XLSX)."""
    table = _compared(ctx, tender_id, lot_id)
    names = {row["bid_id"]: ids.show("bid", row["bid_id"]) for row in table["bids"]}
    ctx.headers["Content-Disposition"] = 'attachment; filename="landed-costs.xlsx"'
    return Response(sheets.workbook(table, names), media_type=spreadsheets.MEDIA_TYPE)


@of_tender.get(
    "/{tender_id}/lots/{lot_id}/landed-costs/chart",
    response_class=Response,
    responses=_binary("The comparison as a picture", *charts.MEDIA_TYPES.values())
    | documented(*_COMPARED),
)
def compare_chart(
    tender_id: TenderId,
    lot_id: LotId,
    ctx: Compare,
    form: Annotated[ChartFormat, Query(alias="format", description="svg or png")] = "svg",
) -> Response:
    """The comparison as a picture: what each delivered cost is made of."""
    table = _compared(ctx, tender_id, lot_id)
    names = {
        row["bid_id"]: f"{charts.label(row['supplier'], ids.show('bid', row['bid_id']))}"
        f"\n{row['incoterm'] or ''}"
        for row in table["bids"]
    }
    return Response(charts.bars(table, names, form), media_type=charts.MEDIA_TYPES[form])


def _compared(ctx: Context, tender_id: TenderId, lot_id: LotId) -> dict[str, Any]:
    """The comparison for the tender's own commission."""
    tender = tenders.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    commissions.require_cleared(ctx.session, tender, ctx.caller)
    lot = asking.lot_of(tender, lot_id)
    return comparison.table(comparison.compare(ctx.session, tender, lot))


def found(ctx: Context, landed_cost_id: LandedCostId) -> LandedCostEstimate:
    """One of the caller's own landed costs; NotFound."""
    return estimates.get(ctx.session, org_id=ctx.org_id, landed_cost_id=landed_cost_id)


def shown(row: LandedCostEstimate) -> dict[str, Any]:
    """A landed cost as routes answer it."""
    document = estimates.document_of(row)
    return {
        **row.model_dump(exclude={"file"}),
        "inputs": document["inputs"],
        "result": document["result"],
    }
