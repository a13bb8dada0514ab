"""What a body, an offer or an opened bid asks of the computation of landed cost."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import selectinload
from sqlmodel import Session, and_, col, or_, select

from api.catalog import market_gate
from api.catalog.models import Offer
from api.core import ids
from api.core.errors import FieldError, NotFound
from api.delivery.models import EstimateSubject, LandedCostTerms
from api.delivery.problems import ComparisonNotSetUp, LandedCostNotComputable, PricesSealed
from api.delivery.schemas.goods import DeliveryTermsIn, LineIn
from api.delivery.schemas.landed_costs import LandedCostIn
from api.delivery.service.composing import Asked, WrittenTerms
from api.identity import service as identity
from api.identity.models import Organisation
from api.procurement.models import BidItem, BidOpening, Lot, Tender
from api.procurement.service import auctions, bid_views, lot_prices, queries
from api.procurement.service.lot_prices import LotPrice
from api.rules.bids import OpeningStatus
from api.rules.clock import local_date
from api.rules.landed_cost.inputs import ZERO, Line, PriceTier, Stated
from api.rules.landed_cost.kinds import StatedKind
from api.rules.offers import OfferStatus
from api.rules.sealing import EnvelopeKind

_MEASURES = ("net_weight_kg", "gross_weight_kg", "volume_m3", "packages")


def subject_of(data: LandedCostIn) -> EstimateSubject:
    """What a body asks the landed cost of."""
    if data.bid_id is not None:
        return EstimateSubject.BID
    return EstimateSubject.FREE if data.offer_id is None else EstimateSubject.OFFER


def asked(session: Session, *, org_id: UUID, data: LandedCostIn, today: date) -> Asked:
    """A body as the computation takes it.

    Raises LandedCostNotComputable for a body that lacks what its kind needs, NotFound,
    PricesSealed or ComparisonNotSetUp.
    """
    match subject_of(data):
        case EstimateSubject.BID:
            return _of_bid_body(session, org_id, data)
        case EstimateSubject.OFFER:
            return _of_offer(session, org_id, data, today)
        case EstimateSubject.FREE:
            return _free(data, today)


def terms_of(session: Session, tender_id: UUID) -> LandedCostTerms:
    """The landed-cost terms of a tender; ComparisonNotSetUp when it has none."""
    row = find_terms(session, tender_id)
    if row is None:
        raise ComparisonNotSetUp
    return row


def find_terms(session: Session, tender_id: UUID) -> LandedCostTerms | None:
    """The landed-cost terms of a tender, if it has them."""
    query = select(LandedCostTerms).where(LandedCostTerms.tender_id == tender_id)
    return session.exec(query).one_or_none()


def opening_day(session: Session, tender_id: UUID) -> date:
    """The day in its zone on which the prices of a tender were opened; PricesSealed before."""
    opened_at = session.exec(
        select(BidOpening.opened_at).where(
            BidOpening.tender_id == tender_id,
            BidOpening.kind == EnvelopeKind.PRICE,
            BidOpening.status == OpeningStatus.OPENED,
        )
    ).one_or_none()
    if opened_at is None:
        raise PricesSealed
    return local_date(opened_at, ZoneInfo(session.get_one(Tender, tender_id).time_zone))


def of_bid(
    lot: Lot,
    bid_id: UUID,
    price: LotPrice,
    items: Sequence[BidItem],
    terms: LandedCostTerms,
    *,
    day: date,
    supplier_country: str,
) -> Asked:
    """An opened bid for a lot: its price and terms, and the buyer's goods; a sea rule counts as
    the land rule at the same place, with a flag.

    The rates and tariffs of the day of the opening count, for all bids alike. A price that an
    auction has lowered is taken off all items alike.
    """
    whole = sum((each.quantity * each.unit_price_amount for each in items), ZERO)
    lowered = whole - price.amount
    rate = lowered / whole if whole and lowered > Decimal("0.01") else ZERO
    units = {item.id: item.unit_code for item in lot.items}
    return Asked(
        subject=ids.show("bid", bid_id),
        destination=lot.delivery_place_code,
        dispatch_country=price.dispatch_country or supplier_country,
        terms=WrittenTerms(
            incoterm=price.incoterm,
            place_code=price.place_code,
            named_place=price.named_place,
            is_seller_premises=price.is_seller_premises,
            importer_of_record=price.importer_of_record,
            importer_tax_id=price.importer_tax_id,
            vat_recovered_by=price.vat_recovered_by,
            deemed=True,
            deviations=tuple(price.deviations) or None,
        ),
        currency=price.currency,
        price_includes_vat=price.vat_included,
        lines=[
            _bid_line(each, units[each.item_id], terms, supplier_country, rate) for each in items
        ],
        day=day,
        rates_source=terms.fx_source,
        rates_day=day,
        stated=[
            Stated(
                StatedKind(each["kind"]),
                Decimal(each["amount"]),
                each["currency"],
                each["documented"],
            )
            for each in price.stated_charges
        ],
        routes=tuple(terms.routes),
    )


def items_of(session: Session, lot_id: UUID) -> Mapping[UUID, list[BidItem]]:
    """The items of every opened bid for a lot, by the bid, in one order."""
    found: dict[UUID, list[BidItem]] = {}
    query = select(BidItem).where(BidItem.lot_id == lot_id).order_by(col(BidItem.item_id))
    for row in session.exec(query):
        found.setdefault(row.bid_id, []).append(row)
    return found


def _bid_line(
    item: BidItem, unit: str, terms: LandedCostTerms, supplier_country: str, rate: Decimal
) -> Line:
    name = ids.show("item", item.item_id)
    goods = terms.goods.get(name, {})
    return Line(
        id=name,
        quantity=item.quantity.normalize(),
        unit_code=unit,
        price_tiers=(PriceTier(ZERO, item.unit_price_amount.normalize()),),
        tnved_code=goods.get("tnved_code"),
        origin=item.country_of_origin or supplier_country,
        measures={k: Decimal(v) for k, v in sorted(goods.get("measures", {}).items())},
        discount_rate=rate,
        **_measures(goods),
    )


def _measures(goods: Mapping[str, Any]) -> dict[str, Any]:
    return {name: Decimal(goods.get(name, 0)) for name in _MEASURES}


def _of_bid_body(session: Session, org_id: UUID, data: LandedCostIn) -> Asked:
    assert data.bid_id is not None
    if data.lot_id is None:
        raise _lacking("#/lot_id", "names the lot of the bid")
    bid = bid_views.get(session, org_id=org_id, bid_id=data.bid_id)
    tender = queries.get(session, org_id=org_id, tender_id=bid.tender_id)
    day = opening_day(session, tender.id)
    lot = lot_of(tender, data.lot_id)
    price = lot_prices.of_lot(session, lot.id, auctions.result(session, lot.id)).get(bid.id)
    if price is None:
        raise NotFound
    country = identity.get_organisation(session, bid.supplier_id).country
    items = items_of(session, lot.id).get(bid.id, [])
    terms = terms_of(session, tender.id)
    return of_bid(lot, bid.id, price, items, terms, day=day, supplier_country=country)


def lot_of(tender: Tender, lot_id: UUID) -> Lot:
    """A lot of the tender; NotFound."""
    for lot in tender.lots:
        if lot.id == lot_id:
            return lot
    raise NotFound


def _of_offer(session: Session, org_id: UUID, data: LandedCostIn, today: date) -> Asked:
    offer = session.exec(
        select(Offer)
        .where(
            Offer.id == data.offer_id,
            or_(
                Offer.seller_id == org_id,
                and_(Offer.status == OfferStatus.ACTIVE, market_gate.shown_to(org_id, today)),
            ),
        )
        .join(Organisation, col(Organisation.id) == Offer.seller_id)
        .options(selectinload(Offer.price_tiers), selectinload(Offer.product))  # type: ignore[arg-type]
    ).one_or_none()
    if offer is None:
        raise NotFound
    if len(data.lines) != 1:
        raise _lacking("#/lines", "one line says how much of the offer")
    said = data.lines[0]
    line = _line(said)
    tiers = tuple(
        PriceTier(each.min_quantity.normalize(), each.unit_price.normalize())
        for each in offer.price_tiers
    )
    given = data.delivery_terms
    seller = identity.get_organisation(session, offer.seller_id)
    offered = Line(
        id=line.id,
        quantity=line.quantity,
        unit_code=offer.unit_code,
        price_tiers=tiers,
        tnved_code=line.tnved_code,
        origin=line.origin or offer.product.country_of_origin,
        producer=line.producer,
        measures=line.measures,
        discount_rate=line.discount_rate,
        min_order_quantity=offer.min_order_quantity.normalize(),
        minimum_waived=line.minimum_waived,
        **_measured(line, offer),
    )
    return Asked(
        subject=ids.show("offer", offer.id),
        destination=_destination(data),
        dispatch_country=data.dispatch_country or seller.country,
        terms=WrittenTerms(
            incoterm=offer.incoterm,
            version=offer.incoterm_version,
            place_code=offer.place_code,
            is_seller_premises=given.is_seller_premises if given else None,
            importer_of_record=given.importer_of_record if given else None,
            importer_tax_id=given.importer_tax_id if given else None,
            vat_recovered_by=given.vat_recovered_by if given else None,
            unloading_in_carriage=bool(given and given.unloading_in_carriage),
            deemed=bool(given and given.accept_deemed),
            deviations=(tuple(given.deviations) or None) if given else None,
        ),
        currency=offer.currency,
        price_includes_vat=data.price_includes_vat,
        lines=[offered],
        **_circumstances(data, today),
    )


def _measured(line: Line, offer: Offer) -> dict[str, Any]:
    """Those of the body; what it leaves out is the offer's, which are of one unit."""
    of_unit = {
        "gross_weight_kg": offer.gross_weight_kg,
        "volume_m3": offer.volume_m3,
        "packages": offer.packages,
    }
    return {
        name: getattr(line, name) or (of_unit.get(name) or ZERO).normalize() * line.quantity
        for name in _MEASURES
    }


def _free(data: LandedCostIn, today: date) -> Asked:
    if data.delivery_terms is None:
        raise _lacking("#/delivery_terms", "a price has terms of delivery")
    if data.currency is None:
        raise _lacking("#/currency", "a price has a currency")
    return Asked(
        subject=EstimateSubject.FREE.value,
        destination=_destination(data),
        dispatch_country=data.dispatch_country,
        terms=_written(data.delivery_terms),
        currency=data.currency,
        price_includes_vat=data.price_includes_vat,
        lines=[_line(each) for each in data.lines],
        **_circumstances(data, today),
    )


def _circumstances(data: LandedCostIn, today: date) -> dict[str, Any]:
    day = data.day or today
    return {
        "day": day,
        "rates_source": data.fx_source,
        "rates_day": data.fx_day or day,
        "declaration_source": data.declaration_fx_source,
        "declaration_day": data.declaration_fx_day,
        "stated": _stated(data.stated_charges),
        "routes": () if data.route_code is None else (data.route_code,),
        "crossing": data.crossing_code,
    }


def _destination(data: LandedCostIn) -> str:
    if data.destination_place_code is None:
        raise _lacking("#/destination_place_code", "says where the goods are needed")
    return data.destination_place_code


def _written(data: DeliveryTermsIn) -> WrittenTerms:
    return WrittenTerms(
        incoterm=data.incoterm,
        version=data.incoterm_version,
        place_code=data.place_code,
        named_place=data.named_place,
        is_seller_premises=data.is_seller_premises,
        importer_of_record=data.importer_of_record,
        importer_tax_id=data.importer_tax_id,
        vat_recovered_by=data.vat_recovered_by,
        unloading_in_carriage=data.unloading_in_carriage,
        deemed=data.accept_deemed,
        deviations=tuple(data.deviations) or None,
    )


def _line(said: LineIn) -> Line:
    tiers = [PriceTier(each.min_quantity, each.unit_price) for each in said.price_tiers]
    if said.unit_price is not None:
        tiers.append(PriceTier(ZERO, said.unit_price))
    return Line(
        id=said.id,
        quantity=said.quantity,
        unit_code=said.unit_code,
        price_tiers=tuple(sorted(tiers, key=lambda tier: tier.min_quantity)),
        tnved_code=said.tnved_code,
        origin=said.origin,
        producer=said.producer,
        measures=dict(sorted(said.measures.items())),
        discount_rate=said.discount_rate,
        min_order_quantity=said.min_order_quantity,
        minimum_waived=said.minimum_waived,
        **{name: getattr(said, name) for name in _MEASURES},
    )


def _stated(given: Iterable[Any]) -> list[Stated]:
    return [Stated(each.kind, each.amount, each.currency, each.documented) for each in given]


def _lacking(pointer: str, detail: str) -> LandedCostNotComputable:
    return LandedCostNotComputable(
        errors=[FieldError(pointer=pointer, code="missing", detail=detail)]
    )
