"""Routes of framework agreements and of what is called off from them."""

from typing import Annotated, Any

from fastapi import Query, Response

from api.core import ids
from api.core.errors import Conflict, NotFound, PreconditionFailed, PublicationInvalid
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.core.signatures.problems import (
    AlreadySigned,
    DocumentDiffers,
    MethodUnavailable,
    SignatureRefused,
)
from api.identity import access
from api.identity.access import Context, require
from api.identity.debarments import SupplierDebarred
from api.identity.schemas import OrganisationId
from api.procurement import service
from api.procurement.models import FrameworkAgreement, FrameworkSupplier, FrameworkTerms
from api.procurement.schemas import TenderId, TenderOut
from api.procurement.schemas.awards import AwardOut
from api.procurement.schemas.frameworks import (
    CallOffIn,
    CallOffLedgerOut,
    CallOffOut,
    FrameworkId,
    FrameworkOut,
    FrameworkPriceOut,
    FrameworkReasonIn,
    FrameworkSignatureOut,
    FrameworkSignIn,
    FrameworkSummary,
    FrameworkSupplierId,
    FrameworkSupplierOut,
    FrameworkTermsIn,
    FrameworkTermsOut,
)
from api.procurement.service import (
    agreements,
    call_offs,
    framework_signing,
    framework_terms,
    frameworks,
)
from api.procurement.service import framework_problems as problems
from api.procurement.service.award_problems import NoBidLeft
from api.reference.calendars import CalendarYearMissing
from api.reference.fx import RateUnknown
from api.reference.policies import PolicyMissing
from api.rules.frameworks import FrameworkStatus

of_tender = access.router("/tenders", "frameworks")
router = access.router("/frameworks", "frameworks")
Read = Annotated[Context, require("tenders:read")]
Write = Annotated[Context, require("frameworks:write")]
Change = Annotated[Context, require("frameworks:write", if_match=True)]
Sign = Annotated[Context, require("contracts:sign", if_match=True)]
_CHANGED = (Conflict, PreconditionFailed, PublicationInvalid)


@of_tender.put(
    "/{tender_id}/framework-terms",
    response_model=FrameworkTermsOut,
    responses=documented(service.NotDraft, PreconditionFailed),
)
def set_terms(tender_id: TenderId, data: FrameworkTermsIn, ctx: Change) -> FrameworkTerms:
    """Let a draft of yours conclude a framework agreement: several suppliers are awarded each lot,
    and you and the buyers named call off from them."""
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    ctx.check_version(tender)
    return framework_terms.put(ctx.session, tender, actor=ctx.actor, data=data)


@of_tender.get("/{tender_id}/framework-terms", response_model=FrameworkTermsOut)
def terms(tender_id: TenderId, ctx: Read) -> FrameworkTerms:
    """The framework agreement that a tender is to conclude; 404 for one that leads to contracts."""
    tender = service.get(ctx.session, org_id=ctx.org_id, tender_id=tender_id)
    found = framework_terms.find(ctx.session, tender.id)
    if found is None:
        raise NotFound
    return found


@of_tender.post(
    "/{tender_id}/framework-agreement",
    status_code=201,
    response_model=FrameworkOut,
    responses=documented(
        problems.FrameworkNotReady, SupplierDebarred, CalendarYearMissing, *_CHANGED
    ),
)
def conclude(tender_id: TenderId, ctx: Change) -> FrameworkOut:
    """Conclude the agreement with all who hold an award, after standstills and complaints."""
    tender = service.lock(ctx.session, buyer_id=ctx.org_id, tender_id=tender_id)
    ctx.check_version(tender)
    made = frameworks.conclude(ctx.session, tender, actor=ctx.actor)
    ctx.headers["Location"] = f"/v1/frameworks/{ids.show('framework', made.id)}"
    return _shown(ctx, made)


@router.get("", response_model=Page[FrameworkSummary])
def list(
    ctx: Read,
    page: PageDep,
    status: FrameworkStatus | None = None,
    buyer: Annotated[
        OrganisationId | None, Query(description="Agreements from which it may call off")
    ] = None,
) -> Page[Any]:
    """Framework agreements, newest first."""
    rows, cursor = agreements.list_agreements(ctx.session, page, status=status, buyer_id=buyer)
    return Page(items=[*rows], has_more=cursor is not None, next_cursor=cursor)


@router.get("/{framework_id}", response_model=FrameworkOut)
def get(framework_id: FrameworkId, ctx: Read) -> FrameworkOut:
    """One agreement: its suppliers, their prices, what is left of the ceiling."""
    return _shown(ctx, agreements.get(ctx.session, framework_id))


@router.get(
    "/{framework_id}/document",
    response_class=Response,
    responses={200: {"content": {"application/json": {"schema": {"type": "object"}}}}},
)
def document(framework_id: FrameworkId, ctx: Read) -> Response:
    """The bytes that the buyer and every supplier sign (RFC 8785 JSON)."""
    found = agreements.get(ctx.session, framework_id)
    if found.document is None:
        raise NotFound
    return Response(found.document, media_type="application/json")


@router.get(
    "/{framework_id}/paper",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"schema": {"type": "string", "format": "binary"}}}}
    },
)
def paper(framework_id: FrameworkId, ctx: Read) -> Response:
    """The same as a PDF, to be read and signed by people (`pades`); always the same bytes."""
    found = framework_signing.paper_of(agreements.get(ctx.session, framework_id))
    return Response(found, media_type="application/pdf")


@router.post(
    "/{framework_id}/sign",
    response_model=FrameworkOut,
    responses=documented(
        AlreadySigned,
        DocumentDiffers,
        problems.FrameworkNotReady,
        SignatureRefused,
        MethodUnavailable,
        *_CHANGED,
    ),
)
def sign(framework_id: FrameworkId, data: FrameworkSignIn, ctx: Sign) -> FrameworkOut:
    """Sign an agreement as its buyer or as one of its suppliers. With the last signature, of those
    who are active in it, the tender is complete, and call-offs may begin."""
    tender, held = frameworks.hold(ctx.session, org_id=ctx.org_id, agreement_id=framework_id)
    ctx.check_version(held)
    frameworks.sign(ctx.session, tender, held, org_id=ctx.org_id, actor=ctx.actor, data=data)
    return _shown(ctx, held)


@router.post(
    "/{framework_id}/terminate", response_model=FrameworkOut, responses=documented(*_CHANGED)
)
def terminate(framework_id: FrameworkId, data: FrameworkReasonIn, ctx: Write) -> FrameworkOut:
    """End an agreement of yours before its time; what was called off goes on."""
    held = _held(ctx, framework_id)
    ended = frameworks.terminate(ctx.session, held, actor=ctx.actor, reason=data.reason)
    return _shown(ctx, ended)


@router.post(
    "/{framework_id}/suppliers/{supplier_id}/suspend",
    response_model=FrameworkOut,
    responses=documented(*_CHANGED),
)
def suspend_supplier(
    framework_id: FrameworkId, supplier_id: FrameworkSupplierId, data: FrameworkReasonIn, ctx: Write
) -> FrameworkOut:
    """Give a supplier no call-offs for the time being."""
    return _moved(ctx, framework_id, supplier_id, "suspend", data)


@router.post(
    "/{framework_id}/suppliers/{supplier_id}/reinstate",
    response_model=FrameworkOut,
    responses=documented(SupplierDebarred, *_CHANGED),
)
def reinstate_supplier(
    framework_id: FrameworkId, supplier_id: FrameworkSupplierId, data: FrameworkReasonIn, ctx: Write
) -> FrameworkOut:
    """End the suspension of a supplier."""
    return _moved(ctx, framework_id, supplier_id, "reinstate", data)


@router.post(
    "/{framework_id}/suppliers/{supplier_id}/terminate",
    response_model=FrameworkOut,
    responses=documented(*_CHANGED),
)
def terminate_supplier(
    framework_id: FrameworkId, supplier_id: FrameworkSupplierId, data: FrameworkReasonIn, ctx: Write
) -> FrameworkOut:
    """Take a supplier out of an agreement, for good."""
    return _moved(ctx, framework_id, supplier_id, "terminate", data)


@router.post(
    "/{framework_id}/call-offs",
    status_code=201,
    response_model=CallOffOut,
    responses=documented(
        problems.CallOffRefused,
        problems.CeilingExceeded,
        NoBidLeft,
        SupplierDebarred,
        PolicyMissing,
        service.ProcedureNotAllowed,
        service.TermsInconsistent,
        service.PlanNotMet,
        RateUnknown,
        PublicationInvalid,
    ),
)
def call_off(framework_id: FrameworkId, data: CallOffIn, ctx: Write) -> CallOffOut:
    """Call off without competition: the rule of the agreement proposes a supplier for each lot,
    somebody else of yours approves, and a draft of the contract follows.

    For a competition among the suppliers draft a tender with `framework_id`.
    """
    agreement = agreements.get(ctx.session, framework_id)
    tender, made = call_offs.make(
        ctx.session, agreement, buyer_id=ctx.org_id, actor=ctx.actor, data=data
    )
    ctx.headers["Location"] = f"/v1/tenders/{ids.show('tender', tender.id)}"
    return CallOffOut(
        tender=TenderOut.model_validate(tender),
        awards=[AwardOut.model_validate(each) for each in made],
    )


@router.get("/{framework_id}/call-offs", response_model=Page[CallOffLedgerOut])
def list_call_offs(framework_id: FrameworkId, ctx: Read) -> Page[Any]:
    """What was called off, turn by turn; what fell again too, with the time of its release."""
    agreement = agreements.get(ctx.session, framework_id)
    rows = agreements.call_offs(ctx.session, agreement.id)
    return Page(items=[*rows], has_more=False, next_cursor=None)


def _held(ctx: Context, framework_id: FrameworkId) -> FrameworkAgreement:
    held = frameworks.lock(ctx.session, buyer_id=ctx.org_id, agreement_id=framework_id)
    ctx.check_version(held)
    return held


def _moved(
    ctx: Context,
    framework_id: FrameworkId,
    supplier_id: FrameworkSupplierId,
    action: str,
    data: FrameworkReasonIn,
) -> FrameworkOut:
    own = agreements.get(ctx.session, framework_id)
    if own.buyer_id != ctx.org_id:
        raise NotFound
    tender, held = frameworks.hold(ctx.session, org_id=ctx.org_id, agreement_id=framework_id)
    ctx.check_version(held)
    frameworks.move_supplier(
        ctx.session, held, supplier_id, action, actor=ctx.actor, reason=data.reason
    )
    frameworks.settle(ctx.session, tender, held, actor=ctx.actor)
    return _shown(ctx, held)


def _shown(ctx: Context, agreement: FrameworkAgreement) -> FrameworkOut:
    ctx.tag(agreement)
    prices = agreements.prices(ctx.session, agreement.id)
    suppliers = [
        _supplier(row, prices.get(row.id, {}))
        for row in agreements.suppliers(ctx.session, agreement.id)
    ]
    summary = FrameworkSummary.model_validate(agreement)
    signed = framework_signing.signatures(ctx.session, agreement.id)
    return FrameworkOut(
        **dict(summary),
        suppliers=suppliers,
        signatures=[FrameworkSignatureOut.model_validate(row) for row in signed],
    )


def _supplier(row: FrameworkSupplier, prices: Any) -> FrameworkSupplierOut:
    return FrameworkSupplierOut(
        **row.model_dump(include={*FrameworkSupplierOut.model_fields} - {"prices"}),
        prices=[
            FrameworkPriceOut(item_id=item, unit_price=price) for item, price in prices.items()
        ],
    )
