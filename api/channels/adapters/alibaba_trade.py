"""Orders and requests for quotations of Alibaba.com, as they are told.

Unknown states are kept as they came. Of people nothing is kept: an order's buyer and address are
left at the platform, where the seller reads them.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from api.channels.adapters.port import Inquiry, Mark, Order, Unavailable
from api.rules.channel_listings import OrderState

_KEPT_OF_ORDER = (
    *("trade_id", "trade_status", "item_status", "pay_step", "biz_code", "channel_refer_id"),
    *("create_date", "modify_date", "shipment_date", "shipment_method", "trade_term", "carrier"),
    *("total_amount", "product_total_amount", "shipment_fee", "advance_amount", "balance_amount"),
    *("adjust_amount", "discount_amount", "fulfillment_channel", "export_service_type"),
)
_KEPT_OF_RFQ = (
    *("unique_rfq_id", "rfq_id", "subject", "quantity", "quantity_unit", "country_simple"),
    *("category_id", "category_name", "left_count", "open_time", "expirate_time"),
    *("payment_terms", "destination_port", "shipping_terms"),
)
_STATES = {
    "unpay": OrderState.UNPAID,
    "to_be_paid": OrderState.UNPAID,
    "paying": OrderState.UNPAID,
    "wait_buyer_pay": OrderState.UNPAID,
    "undeliver": OrderState.PAID,
    "wait_seller_send_goods": OrderState.PAID,
    "delivering": OrderState.SHIPPED,
    "wait_confirm_receipt": OrderState.SHIPPED,
    "wait_buyer_confirm_goods": OrderState.SHIPPED,
    "trade_success": OrderState.COMPLETED,
    "trade_finished": OrderState.COMPLETED,
    "trade_close": OrderState.CLOSED,
    "trade_closed": OrderState.CLOSED,
    "frozen": OrderState.DISPUTED,
    "in_dispute": OrderState.DISPUTED,
}


def listed(document: Mapping[str, Any]) -> list[Mark]:
    """The orders on a page of `alibaba.seller.order.list`."""
    value = _inside(document, "alibaba_seller_order_list_response", "result", "value")
    return [
        Mark(str(each["trade_id"])[:100], _moment(each.get("modify_date")))
        for each in _rows(value.get("order_list"), "trade_ecology_order")
        if each.get("trade_id") is not None
    ]


def order(document: Mapping[str, Any], mark: Mark) -> Order:
    """An order of `alibaba.seller.order.get`. Raises Unavailable for one without a state."""
    told = _inside(document, "alibaba_seller_order_get_response", "value")
    status = told.get("trade_status")
    if not isinstance(status, str):
        raise Unavailable("alibaba: an order without a state")
    total = told.get("total_amount")
    address = told.get("shipping_address")
    return Order(
        external_id=mark.external_id,
        status=status[:60],
        state=state(status),
        modified_at=mark.modified_at or _moment(told.get("create_date")),
        currency=_text(total, "currency", 3),
        amount=number(total.get("amount")) if isinstance(total, Mapping) else None,
        buyer_country=_text(address, "country_code", 2),
        lines=[_line(each) for each in _rows(told.get("order_products"), _PRODUCTS)],
        raw=_kept(told, _KEPT_OF_ORDER),
    )


def inquiries(document: Mapping[str, Any]) -> list[Inquiry]:
    """The requests on a page of `alibaba.icbu.rfq.search`."""
    result = _inside(document, "alibaba_icbu_rfq_search_response", "result")
    return [
        rfq(each)
        for each in _rows(result.get("request_list"), "request")
        if each.get("unique_rfq_id") or each.get("rfq_id")
    ]


def rfq(told: Mapping[str, Any]) -> Inquiry:
    """A request for quotations."""
    return Inquiry(
        external_id=str(told.get("unique_rfq_id") or told["rfq_id"])[:100],
        kind="rfq",
        subject=str(told.get("subject") or "")[:300],
        detail=None if told.get("description") is None else str(told["description"])[:5000],
        quantity=number(told.get("quantity")),
        unit=_text(told, "quantity_unit", 40),
        country=_text(told, "country_simple", 2),
        posted_at=moment(told.get("open_time")),
        expires_at=moment(told.get("expirate_time")),
        raw=_kept(told, _KEPT_OF_RFQ),
    )


def state(status: str) -> OrderState:
    """What a state of theirs comes to."""
    return _STATES.get(status.lower(), OrderState.UNKNOWN)


def moment(told: object) -> datetime | None:
    """An instant, from milliseconds or seconds since 1970."""
    found = number(told)
    if found is None or not 0 < found < 10**14:
        return None
    return datetime.fromtimestamp(float(found / 1000 if found >= 10**11 else found), UTC)


def number(told: object) -> Decimal | None:
    """A number that is written as one or as a text; None for anything else, and for the endless."""
    if isinstance(told, bool) or not isinstance(told, int | float | str):
        return None
    try:
        found = Decimal(str(told))
    except InvalidOperation:
        return None
    return found if found.is_finite() and abs(found) < 10**14 else None


_PRODUCTS = "trade_ecology_order_product"


def _line(told: Mapping[str, Any]) -> dict[str, Any]:
    names = ("product_id", "model_number", "sku_code", "name", "quantity", "unit", "unit_price")
    return _kept(told, names)


def _kept(told: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: told[name] for name in names if told.get(name) is not None}


def _inside(document: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """What is wrapped; the outermost wrapping is left out by some answers."""
    found: Any = document
    for name in names:
        inner = found.get(name)
        found = inner if isinstance(inner, Mapping) else found
    return found if isinstance(found, Mapping) else {}


def _rows(told: object, name: str) -> list[Mapping[str, Any]]:
    """A list, bare or under its element's name."""
    rows = told.get(name) if isinstance(told, Mapping) else told
    return [each for each in rows if isinstance(each, Mapping)] if isinstance(rows, list) else []


def _moment(told: object) -> datetime | None:
    return moment(told.get("timestamp")) if isinstance(told, Mapping) else None


def _text(told: object, name: str, longest: int) -> str | None:
    found = told.get(name) if isinstance(told, Mapping) else None
    return found if isinstance(found, str) and 0 < len(found) <= longest else None
