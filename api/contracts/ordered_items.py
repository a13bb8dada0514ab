"""The items of contracts: what a delivery schedule is made of, and what a unit costs. Never commits."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts.models import Contract, ContractAward, PurchaseOrder, PurchaseOrderLine
from api.procurement.models import Award, BidLot, Item
from api.reference import service as reference
from api.rules.classifications import Scheme
from api.rules.incoterms import Deviation, Incoterm


class Ordered(NamedTuple):
    """An item of a contract, and the terms on which the winning bid, or the order, has it delivered.

    `codes` are its classifications, scheme and code; `order_line_id` tells a line of an order.
    """

    id: UUID
    description: Mapping[str, str]
    codes: Sequence[tuple[str, str]]
    quantity: Decimal
    unit_code: str
    incoterm: Incoterm | None
    named_place: str | None
    order_line_id: UUID | None = None
    deviations: tuple[Deviation, ...] = ()
    is_seller_premises: bool = False


def of(session: Session, contract: Contract) -> dict[UUID, Ordered]:
    """The items of a contract by id: of its awards in the order of the tender, or of its order."""
    session.flush()
    if contract.order_id is not None:
        return _of_order(session, contract.order_id)
    rows = session.exec(
        select(Item, BidLot)
        .join(Award, col(Award.lot_id) == Item.lot_id)
        .join(ContractAward, col(ContractAward.award_id) == Award.id)
        .outerjoin(
            BidLot, (col(BidLot.bid_id) == Award.bid_id) & (col(BidLot.lot_id) == Award.lot_id)
        )
        .where(ContractAward.contract_id == contract.id)
        .order_by(col(Item.lot_id), col(Item.position))
    ).all()
    return {item.id: _awarded(item, bid) for item, bid in rows}


def prices_of_order(session: Session, order_id: UUID) -> dict[UUID, Decimal]:
    """The price of a unit of each line of an order."""
    return {line.id: line.unit_price for line in lines_of(session, order_id)}


def lines_of(session: Session, order_id: UUID) -> Sequence[PurchaseOrderLine]:
    """The lines of an order, in its order."""
    query = select(PurchaseOrderLine).where(PurchaseOrderLine.order_id == order_id)
    return session.exec(query.order_by(col(PurchaseOrderLine.place))).all()


def named_place(session: Session, place_code: str) -> str:
    """A place of the register as an Incoterms rule names it."""
    place = reference.places(session, [place_code])[place_code]
    return f"{place.names.get('en') or next(iter(place.names.values()))}, {place.country}"


def _awarded(item: Item, bid: BidLot | None) -> Ordered:
    found = Ordered(
        item.id, item.description, item.codes, item.quantity, item.unit_code, None, None
    )
    if bid is None:
        return found
    return found._replace(
        incoterm=bid.incoterm,
        named_place=bid.named_place,
        deviations=tuple(map(Deviation, bid.deviations)),
        is_seller_premises=bool(bid.is_seller_premises),
    )


def _of_order(session: Session, order_id: UUID) -> dict[UUID, Ordered]:
    order = session.get_one(PurchaseOrder, order_id)
    place = named_place(session, order.place_code)
    return {
        line.id: Ordered(
            line.id,
            line.alternative or line.description,
            _codes(line),
            line.quantity,
            line.unit_code,
            order.incoterm,
            place,
            line.id,
        )
        for line in lines_of(session, order_id)
    }


def _codes(line: PurchaseOrderLine) -> list[tuple[str, str]]:
    known = ((Scheme.HS, line.hs_code), (Scheme.TNVED, line.tnved_code))
    return [(scheme.value, code) for scheme, code in known if code is not None]
