"""Shipments as tracking sees them: whose they are, by which numbers they are known, their legs.

Never commits.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, any_, exists, literal, or_, union_all
from sqlalchemy import select as columns
from sqlmodel import Session, col, select

from api.contracts.models import Contract
from api.core.errors import NotFound
from api.delivery.models import Package, Shipment, ShipmentEquipment, ShipmentLeg
from api.reference.models import Place, PlaceKind
from api.rules.contracts import Side
from api.rules.tracking.milestones import Milestone

_M = Milestone
_AT_START = frozenset({_M.GOODS_READY, _M.PICKED_UP, _M.LOADED, _M.DEPARTED})
_AT_END = frozenset({_M.ARRIVED, _M.OUT_FOR_DELIVERY, _M.DELIVERED})
AT_CROSSING = frozenset({_M.AT_BORDER, _M.BORDER_CROSSED})


class Leg(NamedTuple):
    """A leg by the codes of its places."""

    seq: int
    from_place: str
    to_place: str
    crossing: str | None


@dataclass(frozen=True, slots=True)
class Tracked:
    """A shipment: its sides, where it comes from and goes to (ISO 3166-1), and its legs."""

    id: UUID
    buyer_id: UUID
    suppliers: tuple[UUID, ...]
    origin: str | None
    destination: str | None
    legs: tuple[Leg, ...]

    def role_of(self, org_id: UUID) -> Side:
        """The side for which an organisation speaks; partners of the supplier are suppliers."""
        return Side.BUYER if org_id == self.buyer_id else Side.SUPPLIER

    def leg_of(self, milestone: Milestone | None, place: str | None) -> int | None:
        """The leg that a milestone at a place is of; None where several may be, or none is."""
        if milestone in AT_CROSSING:
            found = [leg for leg in self.legs if leg.crossing and place in (None, leg.crossing)]
        elif milestone in _AT_START:
            found = [leg for leg in self.legs if leg.from_place == place]
        elif milestone in _AT_END:
            found = [leg for leg in self.legs if leg.to_place == place]
        else:
            return None
        found = found or [leg for leg in self.legs if len(self.legs) == 1 and place is None]
        return found[0].seq if len(found) == 1 else None


@dataclass(frozen=True, slots=True)
class Known:
    """What a batch of events may be about: places by our code and by UN/LOCODE."""

    places: Mapping[str, Place]

    def place(self, candidates: Collection[str]) -> Place | None:
        """The first place that is known."""
        return next((self.places[c] for c in candidates if c in self.places), None)


def is_crossing(place: Place | None) -> bool:
    """True for a border crossing."""
    return place is not None and place.kind is PlaceKind.BORDER_CROSSING


def get(session: Session, *, org_id: UUID, shipment_id: UUID) -> Shipment:
    """A shipment of which the organisation is a side; NotFound for anybody else's."""
    query = select(Shipment).where(Shipment.id == shipment_id, _own(org_id))
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def by_ids(session: Session, org_id: UUID, ids: Collection[UUID]) -> dict[UUID, Tracked]:
    """Of these shipments, those of which the organisation is a side."""
    if not ids:
        return {}
    query = (
        columns(
            col(Shipment.id),
            col(Shipment.buyer_id),
            col(Contract.suppliers),
            col(Shipment.consignor)["country"].astext,
            col(Shipment.consignee)["country"].astext,
        )
        .join(Contract, col(Contract.id) == col(Shipment.contract_id))
        .where(col(Shipment.id).in_(ids), _own(org_id))
    )
    rows = session.connection().execute(query).all()
    legs = _legs(session, [row[0] for row in rows])
    return {
        id_: Tracked(id_, buyer, tuple(suppliers), origin, destination, tuple(legs[id_]))
        for id_, buyer, suppliers, origin, destination in rows
    }


def by_references(
    session: Session, org_id: UUID, references: Collection[str]
) -> dict[str, set[UUID]]:
    """Reference -> the organisation's shipments known by it.

    A reference is the number of a shipment, of a transport document, of equipment, or an SSCC.
    """
    if not references:
        return {}
    wanted = [*references]
    mine = columns(col(Shipment.id)).where(_own(org_id))
    parts = [
        columns(column, shipment).where(column.in_(wanted), shipment.in_(mine))
        for column, shipment in (
            (col(Shipment.number), col(Shipment.id)),
            (col(ShipmentLeg.document_number), col(ShipmentLeg.shipment_id)),
            (col(ShipmentEquipment.number), col(ShipmentEquipment.shipment_id)),
            (col(Package.sscc), col(Package.shipment_id)),
        )
    ]
    found: dict[str, set[UUID]] = defaultdict(set)
    rows = session.connection().execute(union_all(*parts)).all()
    for reference, shipment_id in rows:
        if reference is not None:
            found[reference].add(shipment_id)
    return found


def known(session: Session, codes: Collection[str]) -> Known:
    """The places among these codes, ours or UN/LOCODEs."""
    if not codes:
        return Known({})
    wanted = [*codes]
    query = select(Place).where(or_(col(Place.code).in_(wanted), col(Place.un_locode).in_(wanted)))
    rows = session.exec(query).all()
    named = {row.un_locode: row for row in rows if row.un_locode is not None}
    return Known({**named, **{row.code: row for row in rows}})


def legs_of(session: Session, shipment_ids: Collection[UUID]) -> dict[UUID, list[ShipmentLeg]]:
    """The legs of shipments, in their order."""
    query = select(ShipmentLeg).where(col(ShipmentLeg.shipment_id).in_(shipment_ids))
    found: dict[UUID, list[ShipmentLeg]] = defaultdict(list)
    for leg in session.exec(query.order_by(col(ShipmentLeg.seq))).all():
        found[leg.shipment_id].append(leg)
    return found


def _legs(session: Session, shipment_ids: Collection[UUID]) -> dict[UUID, list[Leg]]:
    """The legs of shipments by their places, in their order."""
    query = columns(
        col(ShipmentLeg.shipment_id),
        col(ShipmentLeg.seq),
        col(ShipmentLeg.from_place_code),
        col(ShipmentLeg.to_place_code),
        col(ShipmentLeg.crossing_code),
    ).where(col(ShipmentLeg.shipment_id).in_(shipment_ids))
    found: dict[UUID, list[Leg]] = defaultdict(list)
    rows = session.connection().execute(query.order_by(col(ShipmentLeg.seq))).all()
    for shipment_id, seq, from_place, to_place, crossing in rows:
        found[shipment_id].append(Leg(seq, from_place, to_place, crossing))
    return found


def _own(org_id: UUID) -> ColumnElement[bool]:
    """Condition of the shipments of which an organisation is a side."""
    partner = (
        exists()
        .where(
            col(Contract.id) == col(Shipment.contract_id),
            literal(org_id) == any_(col(Contract.suppliers)),
        )
        .correlate(Shipment)
    )
    return or_(col(Shipment.buyer_id) == org_id, col(Shipment.supplier_id) == org_id, partner)
