"""An order as the document of its contract tells it to who signs it. Never commits."""

import hashlib
from typing import Any

import rfc8785
from sqlmodel import Session, select

from api.contracts import delivery_terms, ordered_items
from api.contracts.models import PurchaseOrder, PurchaseOrderLine
from api.core import ids
from api.procurement.service import lot_prices
from api.procurement.service.lot_prices import LotPrice
from api.reference import service as reference
from api.rules.offers import plain
from api.sourcing.models import QuoteVersion
from api.sourcing.schemas import QuoteIn


def told(session: Session, order: PurchaseOrder) -> dict[str, Any]:
    """What was ordered from which version of which quote, on which terms; and from which dated set
    the terms are that the order itself does not say."""
    version = quoted(session, order)
    content = QuoteIn.model_validate(version.content)
    policy = order.policy
    return {
        "type": "kerben_order",
        "order_id": ids.show("purchaseorder", order.id),
        "rfq_id": ids.show("rfq", order.rfq_id),
        "quote": {
            "id": ids.show("quote", order.quote_id),
            "number": content.number,
            "version": order.quote_version,
            "sha256": hashlib.sha256(rfc8785.dumps(version.content)).hexdigest(),
        },
        "lines": [_line(line) for line in ordered_items.lines_of(session, order.id)],
        "delivery_terms": _delivery(session, order, content),
        "destination_place_code": order.destination_place_code,
        "deliver_by": order.deliver_by.isoformat(),
        "payment_terms": order.payment_terms,
        "vat_included": content.vat_included,
        "default_terms": {
            "title": policy["title"],
            "source": policy["legal_source"],
            "valid_from": policy["valid_from"],
        },
        "note": order.note,
    }


def quoted(session: Session, order: PurchaseOrder) -> QuoteVersion:
    """The version of the quote that was ordered from."""
    query = select(QuoteVersion).where(
        QuoteVersion.quote_id == order.quote_id, QuoteVersion.number == order.quote_version
    )
    return session.exec(query).one()


def _line(line: PurchaseOrderLine) -> dict[str, Any]:
    return {
        "item_id": ids.show("item", line.id),
        "description": line.description,
        "specification": line.specification,
        "alternative": line.alternative,
        "sku": line.sku,
        "quantity": plain(line.quantity),
        "unit_code": line.unit_code,
        "unit_price": plain(line.unit_price),
        "amount": plain(line.amount),
        "lead_time_days": line.lead_time_days,
        "origin": line.origin,
        "hs_code": line.hs_code,
        "tnved_code": line.tnved_code,
    }


def _delivery(session: Session, order: PurchaseOrder, content: QuoteIn) -> dict[str, Any]:
    price = LotPrice(
        amount=order.total,
        currency=order.currency,
        vat_included=content.vat_included,
        incoterm=order.incoterm,
        named_place=ordered_items.named_place(session, order.place_code),
        dispatch_country=content.dispatch_country,
        place_code=order.place_code,
        is_seller_premises=content.is_seller_premises,
        importer_of_record=content.importer_of_record,
        importer_tax_id=content.importer_tax_id,
        vat_recovered_by=content.vat_recovered_by,
        stated_charges=[each.model_dump(mode="json") for each in content.stated_charges],
        deviations=(),
        exporter_of_record_id=None,
    )
    exporter = lot_prices.exporter(price, supplier_id=order.seller_id, buyer_id=order.buyer_id)
    country = reference.country_of_place(session, order.destination_place_code)
    assert exporter is not None
    assert country is not None, "the place was checked"
    return delivery_terms.written(session, price, ids.show("organisation", exporter), country)
