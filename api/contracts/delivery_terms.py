"""The delivery terms in a contract, as they stand in the document that both sides sign."""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session

from api.core import ids
from api.identity import service as identity
from api.procurement.models import Award, Bid, Lot, Tender
from api.procurement.service import lot_prices
from api.procurement.service.lot_prices import LotPrice
from api.reference import service as reference
from api.rules import incoterms


def of_award(session: Session, award: Award) -> dict[str, Any] | None:
    """The terms on which the awarded price was bid: the place, where cost and risk end, who does
    and pays each obligation of the rule as it is agreed, who declares the export, and what the buyer must know. None for a price without an
    Incoterm."""
    price = lot_prices.of_lot(session, award.lot_id, auction=None).get(award.bid_id)
    if price is None or price.incoterm is None:
        return None
    lot = session.get_one(Lot, award.lot_id)
    country = reference.country_of_place(session, lot.delivery_place_code) or _home(session, lot)
    return written(session, price, _exporter(session, award, price), country)


def written(session: Session, price: LotPrice, exporter: str, country: str) -> dict[str, Any]:
    """Terms of delivery to a country in full; the price names an Incoterm, and `exporter` declares
    the export."""
    assert price.incoterm is not None
    rule = incoterms.RULES[price.incoterm]
    places = reference.places(session, [price.place_code] if price.place_code else [])
    place = next(iter(places.values()), None)
    found = incoterms.check_terms(
        incoterms.DeliveryTerms(
            incoterm=price.incoterm,
            place_code=price.place_code,
            place_country=reference.country_of_place(session, price.place_code),
            named_place=price.named_place,
            is_seller_premises=price.is_seller_premises,
            importer_of_record=price.importer_of_record,
            importer_tax_id=price.importer_tax_id,
            vat_recovered_by=price.vat_recovered_by,
            deviations=price.deviations,
        ),
        country,
    )
    return {
        "incoterm": price.incoterm.value,
        "incoterm_version": incoterms.VERSION,
        "named_place": price.named_place,
        "place_code": price.place_code,
        "un_locode": None if place is None else place.un_locode,
        "is_seller_premises": price.is_seller_premises,
        "mode": rule.mode.value,
        "cost_point": rule.cost_point.value,
        "risk_point": rule.risk_point.value,
        "importer_of_record": price.importer_of_record,
        "importer_tax_id": price.importer_tax_id,
        "vat_recovered_by": price.vat_recovered_by,
        "exporter_of_record_id": exporter,
        "deviations": _deviations(price.incoterm, price.deviations),
        "insurance": _insurance(price.incoterm),
        "obligations": {
            row.value: incoterms.agreed_party(
                row,
                price.incoterm,
                price.deviations,
                is_seller_premises=bool(price.is_seller_premises),
            ).value
            for row in incoterms.Obligation
        },
        "findings": [
            {"code": each.code, "severity": each.severity.value, "detail": each.detail}
            for each in found
        ],
    }


def _home(session: Session, lot: Lot) -> str:
    tender = session.get_one(Tender, lot.tender_id)
    return identity.get_organisation(session, tender.buyer_id).country


def _exporter(session: Session, award: Award, price: LotPrice) -> str:
    bid = session.get_one(Bid, award.bid_id)
    buyer_id = session.get_one(Tender, bid.tender_id).buyer_id
    found = lot_prices.exporter(price, supplier_id=bid.supplier_id, buyer_id=buyer_id)
    assert found is not None
    return ids.show("organisation", found)


def _deviations(
    term: incoterms.Incoterm, agreed: Sequence[incoterms.Deviation]
) -> list[dict[str, Any]]:
    """Each with the obligation, or the part of it, that it moves to a side."""
    return [
        {
            "code": code.value,
            "obligation": each.obligation.value,
            "part": each.part,
            "to": each.to.value,
        }
        for code, each in zip(agreed, incoterms.moved(term, agreed), strict=True)
    ]


def _insurance(term: incoterms.Incoterm) -> dict[str, Any] | None:
    """What the seller must insure by; None where it need not."""
    found = incoterms.INSURED.get(term)
    if found is None:
        return None
    return {"cover": found.cover.value, "coverage_percent": found.coverage_percent}
