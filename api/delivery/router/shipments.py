"""Routes of shipments, customs declarations and despatch advices."""

from typing import Annotated, Any

from fastapi import Query

from api.contracts import queries as contracts
from api.contracts.schemas import ContractId
from api.core import ids
from api.core.errors import AlreadyExists, Conflict, PreconditionFailed
from api.core.http import PageDep, documented
from api.core.pages import Page
from api.delivery import problems
from api.delivery.models import DespatchAdvice, Shipment, ShipmentLeg
from api.delivery.schemas.despatches import (
    DespatchAdviceId,
    DespatchAdviceIn,
    DespatchAdviceOut,
    DespatchLineOut,
    DespatchReasonIn,
)
from api.delivery.schemas.shipments import (
    CustomsDeclarationIn,
    DeclarationId,
    DeclarationOut,
    EquipmentOut,
    LegOut,
    LegUpdateIn,
    PackageOut,
    ReleaseIn,
    ShipmentId,
    ShipmentIn,
    ShipmentOut,
)
from api.delivery.service import despatches, shipments
from api.identity import access
from api.identity.access import Context, require

router = access.router("/shipments", "shipments")
advices = access.router("/despatch-advices", "shipments")
Read = Annotated[Context, require("shipments:read")]
Write = Annotated[Context, require("shipments:write")]
Declare = Annotated[Context, require("declarations:write")]
_CHANGED = (Conflict, PreconditionFailed)


@router.post(
    "",
    status_code=201,
    response_model=ShipmentOut,
    responses=documented(problems.ContractNotInForce, AlreadyExists),
)
def create(data: ShipmentIn, ctx: Write) -> ShipmentOut:
    """Plan a shipment under a contract of yours in force: parties, legs, equipment, packages."""
    contract = contracts.hold(ctx.session, org_id=ctx.org_id, contract_id=data.contract_id)
    made = shipments.create(ctx.session, contract, org_id=ctx.org_id, actor=ctx.actor, data=data)
    ctx.headers["Location"] = f"/v1/shipments/{ids.show('shipment', made.id)}"
    return _shown(ctx, made)


@router.get("", response_model=Page[ShipmentOut])
def list(
    ctx: Read,
    page: PageDep,
    contract_id: Annotated[ContractId | None, Query(description="Of this contract only")] = None,
) -> Page[Any]:
    """The shipments of the contracts that you are a party to, newest first."""
    rows, cursor = shipments.list_shipments(
        ctx.session, org_id=ctx.org_id, page=page, contract_id=contract_id
    )
    items = [_shown(ctx, row) for row in rows]
    ctx.headers.pop("ETag", None)
    return Page(items=items, has_more=cursor is not None, next_cursor=cursor)


@router.get("/{shipment_id}", response_model=ShipmentOut)
def get(shipment_id: ShipmentId, ctx: Read) -> ShipmentOut:
    """One shipment, for both parties of its contract."""
    return _shown(ctx, shipments.get(ctx.session, org_id=ctx.org_id, shipment_id=shipment_id))


@router.post(
    "/{shipment_id}/legs/{seq}/update",
    response_model=ShipmentOut,
    responses=documented(AlreadyExists, PreconditionFailed),
)
def update_leg(shipment_id: ShipmentId, seq: int, data: LegUpdateIn, ctx: Write) -> ShipmentOut:
    """Name the carrier, transport document or equipment of a leg once they are known."""
    contract, shipment = shipments.hold(ctx.session, org_id=ctx.org_id, shipment_id=shipment_id)
    ctx.check_version(shipment)
    shipments.update_leg(
        ctx.session, contract, shipment, seq, org_id=ctx.org_id, actor=ctx.actor, data=data
    )
    return _shown(ctx, shipment)


@router.post(
    "/{shipment_id}/declarations",
    status_code=201,
    response_model=DeclarationOut,
    responses=documented(AlreadyExists, PreconditionFailed),
)
def declare(shipment_id: ShipmentId, data: CustomsDeclarationIn, ctx: Declare) -> Any:
    """Tell of a customs declaration: the export, transit or import of the goods."""
    _, shipment = shipments.hold(ctx.session, org_id=ctx.org_id, shipment_id=shipment_id)
    ctx.check_version(shipment)
    return shipments.declare(ctx.session, shipment, org_id=ctx.org_id, actor=ctx.actor, data=data)


@router.post(
    "/{shipment_id}/declarations/{declaration_id}/release",
    response_model=DeclarationOut,
    responses=documented(*_CHANGED),
)
def release(
    shipment_id: ShipmentId, declaration_id: DeclarationId, data: ReleaseIn, ctx: Declare
) -> Any:
    """Tell that customs released the goods of your declaration."""
    _, shipment = shipments.hold(ctx.session, org_id=ctx.org_id, shipment_id=shipment_id)
    ctx.check_version(shipment)
    return shipments.release(
        ctx.session, shipment, declaration_id, org_id=ctx.org_id, actor=ctx.actor, data=data
    )


@router.post(
    "/{shipment_id}/despatch-advices",
    status_code=201,
    response_model=DespatchAdviceOut,
    responses=documented(
        problems.ContractNotInForce,
        problems.DespatchExists,
        problems.MoreThanOrdered,
        AlreadyExists,
        PreconditionFailed,
    ),
)
def despatch(shipment_id: ShipmentId, data: DespatchAdviceIn, ctx: Write) -> DespatchAdviceOut:
    """Say what has left: quantities of rows of the delivery schedule (UBL DespatchAdvice)."""
    contract, shipment = shipments.hold(ctx.session, org_id=ctx.org_id, shipment_id=shipment_id)
    ctx.check_version(shipment)
    made = despatches.despatch(
        ctx.session, contract, shipment, org_id=ctx.org_id, actor=ctx.actor, data=data
    )
    return _advice(ctx, made)


@advices.get("/{advice_id}", response_model=DespatchAdviceOut)
def get_despatch(advice_id: DespatchAdviceId, ctx: Read) -> DespatchAdviceOut:
    """One despatch advice, with what has come of each line."""
    found = despatches.get(ctx.session, org_id=ctx.org_id, advice_id=advice_id)
    ctx.tag(found)
    return _advice(ctx, found)


@advices.post(
    "/{advice_id}/cancel",
    response_model=DespatchAdviceOut,
    responses=documented(problems.DespatchReceived, *_CHANGED),
)
def cancel_despatch(
    advice_id: DespatchAdviceId, data: DespatchReasonIn, ctx: Write
) -> DespatchAdviceOut:
    """Take your despatch advice back, as long as nothing of it was received."""
    contract, shipment, advice = despatches.hold(
        ctx.session, org_id=ctx.org_id, advice_id=advice_id
    )
    ctx.check_version(advice)
    despatches.cancel(
        ctx.session,
        contract,
        shipment,
        advice,
        org_id=ctx.org_id,
        actor=ctx.actor,
        reason=data.reason,
    )
    return _advice(ctx, advice)


def _shown(ctx: Context, shipment: Shipment) -> ShipmentOut:
    ctx.tag(shipment)
    session, shipment_id = ctx.session, shipment.id
    equipment: dict[Any, Any] = {}
    for each in shipments.equipment_of(session, shipment_id):
        equipment.setdefault(each.leg_id, []).append(EquipmentOut.model_validate(each))
    return ShipmentOut.model_validate(
        {
            **shipment.model_dump(),
            "legs": [
                _leg(leg, equipment.get(leg.id, []))
                for leg in shipments.legs_of(session, shipment_id)
            ],
            "packages": [
                PackageOut.model_validate(row)
                for row in shipments.packages_of(session, shipment_id)
            ],
            "declarations": [
                DeclarationOut.model_validate(row)
                for row in shipments.declarations_of(session, shipment_id)
            ],
            "despatch_advices": [
                _advice(ctx, row) for row in despatches.advices_of(session, shipment_id)
            ],
        }
    )


def _leg(leg: ShipmentLeg, equipment: Any) -> LegOut:
    document = None
    if leg.document_type is not None:
        document = {"type": leg.document_type, "number": leg.document_number}
    return LegOut.model_validate({**leg.model_dump(), "document": document, "equipment": equipment})


def _advice(ctx: Context, advice: DespatchAdvice) -> DespatchAdviceOut:
    lines = despatches.lines_of(ctx.session, advice.id)
    return DespatchAdviceOut.model_validate(
        {
            **advice.model_dump(),
            "lines": [DespatchLineOut.model_validate(line) for line in lines],
        }
    )
