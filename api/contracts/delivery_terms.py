"""The delivery terms in a contract, as they stand in the document that both sides sign."""

from typing import Any

from sqlmodel import Session

from api.procurement.models import Award, Lot
from api.procurement.service import lot_prices
from api.reference import service as reference
from api.rules import incoterms

HOME = "KG"


def of_award(session: Session, award: Award) -> dict[str, Any] | None:
    """The terms on which the awarded price was bid: the place, where cost and risk end, who does
    and pays each obligation of the rule, and what the buyer must know. None for a price without an
    Incoterm."""
    price = lot_prices.of_lot(session, award.lot_id, auction=None).get(award.bid_id)
    if price is None or price.incoterm is None:
        return None
    rule, lot = incoterms.RULES[price.incoterm], session.get_one(Lot, award.lot_id)
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
        ),
        reference.country_of_place(session, lot.delivery_place_code) or HOME,
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
        "insurance": _insurance(price.incoterm),
        "obligations": {
            row.value: incoterms.party(
                row, price.incoterm, is_seller_premises=bool(price.is_seller_premises)
            ).value
            for row in incoterms.Obligation
        },
        "findings": [
            {"code": each.code, "severity": each.severity.value, "detail": each.detail}
            for each in found
        ],
    }


def _insurance(term: incoterms.Incoterm) -> dict[str, Any] | None:
    """What the seller must insure by; None where it need not."""
    found = incoterms.INSURED.get(term)
    if found is None:
        return None
    return {"cover": found.cover.value, "coverage_percent": found.coverage_percent}
