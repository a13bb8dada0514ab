"""Shipments: made by the supplier, with legs and packages; customs declarations. Never commits.

Lock order of every act: the contract, the shipment, the rows of the schedule.
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from api.contracts import queries as contracts
from api.contracts.models import Contract
from api.core import audit, db, ids, pages
from api.core.errors import Conflict, FieldError, Forbidden, Invalid, NotFound, refused
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.delivery.models import (
    CustomsDeclaration,
    Package,
    Shipment,
    ShipmentEquipment,
    ShipmentLeg,
)
from api.delivery.problems import ContractNotInForce
from api.delivery.schemas.shipments import (
    CustomsDeclarationIn,
    EquipmentIn,
    LegIn,
    LegUpdateIn,
    PartyIn,
    ReleaseIn,
    ShipmentIn,
)
from api.identity import service as identity
from api.reference import service as reference
from api.reference.models import Place, PlaceKind
from api.rules import transport
from api.rules.contracts import ContractStatus, Side
from api.rules.transport import Leg

_EVENTS = {
    "create": "shipment.created",
    "update_leg": "shipment.changed",
    "despatch": "shipment.despatched",
    "cancel_despatch": "shipment.despatch_cancelled",
    "declare": "shipment.declared",
    "release": "shipment.released",
    "receive": "goods.received",
}


def create(
    session: Session, contract: Contract, *, org_id: UUID, actor: str, data: ShipmentIn
) -> Shipment:
    """A shipment under a locked contract in force, by its supplier, or any of several.

    Raises Forbidden, ContractNotInForce, AlreadyExists or Invalid.
    """
    require_side(contract, org_id, Side.SUPPLIER)
    if contract.status is not ContractStatus.ACTIVE:
        raise ContractNotInForce
    _check_legs(session, data.legs)
    notify = data.notify_party
    shipment = Shipment(
        contract_id=contract.id,
        buyer_id=contract.buyer_id,
        supplier_id=contract.supplier_id,
        number=data.number,
        consignor=_party(session, data.consignor, org_id),
        consignee=_party(session, data.consignee, contract.buyer_id),
        notify_party=None if notify is None else _given(notify),
    )
    session.add(shipment)
    session.flush()
    for seq, given in enumerate(data.legs, start=1):
        _add_leg(session, shipment, seq, given)
    session.add_all(Package(shipment_id=shipment.id, **each.model_dump()) for each in data.packages)
    log(session, shipment, "create", actor, {"number": data.number, "legs": len(data.legs)})
    return shipment


def update_leg(
    session: Session,
    contract: Contract,
    shipment: Shipment,
    seq: int,
    *,
    org_id: UUID,
    actor: str,
    data: LegUpdateIn,
) -> Shipment:
    """Name carrier, transport document or equipment of a leg, which are often known late.

    Raises Forbidden, NotFound, AlreadyExists or Invalid.
    """
    require_side(contract, org_id, Side.SUPPLIER)
    leg = next((each for each in legs_of(session, shipment.id) if each.seq == seq), None)
    if leg is None:
        raise NotFound
    if data.document is not None:
        if data.document.type not in transport.DOCUMENTS_OF[leg.mode]:
            detail = f"A {data.document.type} is no document of carriage by {leg.mode}."
            raise refused("#/document/type", "document_of_mode", detail)
        leg.document_type, leg.document_number = data.document.type, data.document.number
    if data.carrier is not None:
        leg.carrier = data.carrier
    session.add(leg)
    _add_equipment(session, leg, data.equipment)
    shipment.version += 1
    told = {"leg": seq, **data.model_dump(mode="json", exclude_none=True)}
    log(session, shipment, "update_leg", actor, told)
    return shipment


def declare(
    session: Session, shipment: Shipment, *, org_id: UUID, actor: str, data: CustomsDeclarationIn
) -> CustomsDeclaration:
    """Tell of a customs declaration. Raises Invalid, AlreadyExists."""
    reference.ensure_country(data.country, "#/country")
    fault = transport.declaration_fault(data.country, data.number)
    if fault is not None:
        raise refused("#/number", "declaration_number", f"{fault[0].upper()}{fault[1:]}.")
    now = db.now(session)
    if data.registered_at > now:
        raise refused("#/registered_at", "in_future", "Customs cannot have registered it yet.")
    declaration = CustomsDeclaration(
        shipment_id=shipment.id, declared_by=org_id, **data.model_dump(exclude={"released_at"})
    )
    session.add(declaration)
    if data.released_at is not None:
        _release(session, declaration, ReleaseIn(released_at=data.released_at))
    shipment.version += 1
    told = {"declaration": data.number, "kind": data.kind, "country": data.country}
    log(session, shipment, "declare", actor, told)
    if declaration.released_at is not None:
        log(session, shipment, "release", actor, told)
    return declaration


def release(
    session: Session,
    shipment: Shipment,
    declaration_id: UUID,
    *,
    org_id: UUID,
    actor: str,
    data: ReleaseIn,
) -> CustomsDeclaration:
    """Tell that customs released the goods of one's own declaration. Raises Conflict, Invalid."""
    declaration = session.exec(
        select(CustomsDeclaration).where(
            CustomsDeclaration.id == declaration_id, CustomsDeclaration.shipment_id == shipment.id
        )
    ).one_or_none()
    if declaration is None:
        raise NotFound
    if declaration.declared_by != org_id:
        raise Forbidden("Who told of a declaration tells of its release.")
    if declaration.released_at is not None:
        raise Conflict("The goods are released already.")
    _release(session, declaration, data)
    declaration.version += 1
    shipment.version += 1
    log(session, shipment, "release", actor, {"declaration": declaration.number})
    return declaration


def get(session: Session, *, org_id: UUID, shipment_id: UUID) -> Shipment:
    """A shipment of a contract that the organisation is a party to; NotFound."""
    found = session.exec(_own(org_id).where(Shipment.id == shipment_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def hold(session: Session, *, org_id: UUID, shipment_id: UUID) -> tuple[Contract, Shipment]:
    """A shipment of the caller's side and its contract, both locked; NotFound."""
    found = get(session, org_id=org_id, shipment_id=shipment_id)
    contract = contracts.hold(session, org_id=org_id, contract_id=found.contract_id)
    contracts.performer_of(contract, org_id)
    query = select(Shipment).where(Shipment.id == shipment_id).with_for_update()
    return contract, session.exec(query.execution_options(populate_existing=True)).one()


def list_shipments(
    session: Session, *, org_id: UUID, page: PageQuery, contract_id: UUID | None = None
) -> tuple[Sequence[Shipment], str | None]:
    """The shipments of the organisation's contracts, newest first, and the next cursor."""
    query = _own(org_id)
    if contract_id is not None:
        query = query.where(Shipment.contract_id == contract_id)
    return pages.newest_first(
        session,
        query,
        Shipment,
        page,
        scope=f"shipments:{org_id}",
        filters={"contract": contract_id},
    )


def legs_of(session: Session, shipment_id: UUID) -> Sequence[ShipmentLeg]:
    """The legs, in their order."""
    session.flush()
    query = select(ShipmentLeg).where(ShipmentLeg.shipment_id == shipment_id)
    return session.exec(query.order_by(col(ShipmentLeg.seq))).all()


def equipment_of(session: Session, shipment_id: UUID) -> Sequence[ShipmentEquipment]:
    """The equipment of all legs, in the order in which it was named."""
    session.flush()
    query = select(ShipmentEquipment).where(ShipmentEquipment.shipment_id == shipment_id)
    return session.exec(query.order_by(col(ShipmentEquipment.id))).all()


def packages_of(session: Session, shipment_id: UUID) -> Sequence[Package]:
    """The packages, in the order in which they were named."""
    session.flush()
    query = select(Package).where(Package.shipment_id == shipment_id)
    return session.exec(query.order_by(col(Package.id))).all()


def declarations_of(session: Session, shipment_id: UUID) -> Sequence[CustomsDeclaration]:
    """The customs declarations, in the order of their registration."""
    session.flush()
    query = select(CustomsDeclaration).where(CustomsDeclaration.shipment_id == shipment_id)
    return session.exec(query.order_by(col(CustomsDeclaration.registered_at))).all()


def require_side(contract: Contract, org_id: UUID, side: Side) -> None:
    """Forbidden for the other side of the contract; NotFound for who is none."""
    if contracts.performer_of(contract, org_id) is not side:
        raise Forbidden(f"This is the {side}'s to do.")


def log(
    session: Session, shipment: Shipment, action: str, actor: str, change: dict[str, Any]
) -> None:
    """The audit entry and the event of an act."""
    session.add(shipment)
    session.flush()
    told = {"contract": shipment.contract_id.hex, **change}
    stream = f"shipment:{shipment.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=shipment.buyer_id, change=told)
    emit(
        session,
        _EVENTS[action],
        shipment.id,
        org_id=shipment.buyer_id,
        also=session.get_one(Contract, shipment.contract_id).suppliers,
        contract_id=shipment.contract_id.hex,
        supplier_id=shipment.supplier_id.hex,
        version=shipment.version,
    )


def _own(org_id: UUID) -> SelectOfScalar[Shipment]:
    return (
        select(Shipment)
        .join(Contract, col(Contract.id) == Shipment.contract_id)
        .where(contracts.party_to(org_id))
    )


def _add_leg(session: Session, shipment: Shipment, seq: int, given: LegIn) -> None:
    document = given.document
    leg = ShipmentLeg(
        shipment_id=shipment.id,
        seq=seq,
        document_type=None if document is None else document.type,
        document_number=None if document is None else document.number,
        **given.model_dump(exclude={"document", "equipment"}),
    )
    session.add(leg)
    session.flush()
    _add_equipment(session, leg, given.equipment)


def _add_equipment(session: Session, leg: ShipmentLeg, given: Sequence[EquipmentIn]) -> None:
    session.add_all(
        ShipmentEquipment(shipment_id=leg.shipment_id, leg_id=leg.id, **each.model_dump())
        for each in given
    )


def _check_legs(session: Session, legs: Sequence[LegIn]) -> None:
    """Invalid, naming the field, when the legs do not make one journey between known places."""
    wanted: dict[str, str] = {}
    for n, leg in enumerate(legs):
        wanted.setdefault(leg.from_place_code, f"#/legs/{n}/from_place_code")
        wanted.setdefault(leg.to_place_code, f"#/legs/{n}/to_place_code")
    codes = {*wanted, *(leg.crossing_code for leg in legs if leg.crossing_code)}
    known = reference.places(session, codes)
    errors = [
        FieldError(pointer=pointer, code="unknown_place", detail=f"There is no place {code}.")
        for code, pointer in wanted.items()
        if code not in known
    ]
    for n, leg in enumerate(legs):
        if leg.crossing_code is not None and not _is_crossing(known.get(leg.crossing_code)):
            detail = f"There is no border crossing {leg.crossing_code}."
            errors.append(
                FieldError(
                    pointer=f"#/legs/{n}/crossing_code", code="unknown_crossing", detail=detail
                )
            )
    if not errors:
        errors = [
            FieldError(pointer=f"#/legs/{n}/{field}", code=code, detail=f"It {detail}.")
            for n, field, code, detail in transport.leg_faults([_leg(leg, known) for leg in legs])
        ]
    if errors:
        raise Invalid(errors[0].detail if len(errors) == 1 else None, errors=errors)


def _is_crossing(place: Place | None) -> bool:
    return place is not None and place.kind is PlaceKind.BORDER_CROSSING


def _leg(given: LegIn, known: dict[str, Place]) -> Leg:
    return Leg(
        mode=given.mode,
        from_place=given.from_place_code,
        to_place=given.to_place_code,
        from_country=known[given.from_place_code].country,
        to_country=known[given.to_place_code].country,
        crossing_country=known[given.crossing_code].country if given.crossing_code else None,
    )


def _party(session: Session, given: PartyIn | None, org_id: UUID) -> dict[str, Any]:
    if given is not None:
        return _given(given)
    found = identity.get_organisation(session, org_id)
    names = found.legal_name
    return {
        "name": names.get("en") or next(iter(names.values())),
        "address": None,
        "country": found.country,
        "organisation_id": ids.show("organisation", org_id),
    }


def _given(party: PartyIn) -> dict[str, Any]:
    return {**party.model_dump(), "organisation_id": None}


def _release(session: Session, declaration: CustomsDeclaration, data: ReleaseIn) -> None:
    if data.released_at > db.now(session):
        raise refused("#/released_at", "in_future", "The goods cannot have been released yet.")
    if data.released_at < declaration.registered_at:
        detail = "Goods are released after their declaration is registered."
        raise refused("#/released_at", "released_before_registered", detail)
    declaration.released_at = data.released_at
    session.add(declaration)
