"""Events of requests for quotation, quotes and orders."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

from api.rules.orders import PurchaseOrderStatus
from api.webhooks.catalogue.kinds import Data, Kind, NoData, Reference

RFQ = "019abf2e8c1d7c3fa9b04b4c6f0d2e21"
QUOTE = "019abf2e8c1d7c3fa9b04b4c6f0d2e22"


class QuoteEventData(Data):
    """A quote for a request."""

    rfq_id: Annotated[UUID, Reference("rfq")]


class PurchaseOrderEventData(QuoteEventData):
    """An order from a quote."""

    quote_id: Annotated[UUID, Reference("quote")]
    status: PurchaseOrderStatus
    total: Decimal
    currency: str


TYPES = (
    *Kind("rfq", "rfq", "rfqs:read", NoData, {}).types(
        published="A request for quotation that you are asked to answer was published.",
        amended="A request for quotation was amended: look at your quote.",
        closed="A request for quotation takes no more quotes.",
        ordered="A buyer has ordered by a request: it takes no more quotes.",
        reopened="Nothing came of an order: the buyer may order from another quote.",
        cancelled="A request for quotation was given up.",
    ),
    *Kind("quote", "quote", "quotes:read", QuoteEventData, {"rfq_id": RFQ}).types(
        submitted="A seller quoted for a request.",
        revised="A seller put another version in the place of its quote.",
        withdrawn="A seller withdrew its quote.",
        expired="The validity of a quote ended.",
        ordered="A buyer has ordered from a quote: it can no longer be changed.",
        released="The buyer has given its order up: the quote stands as before.",
        declined="A seller has refused to deliver by its quote.",
        passed_over="The buyer has ordered from another; the quote binds while it is valid.",
    ),
    *Kind(
        "purchase_order",
        "purchaseorder",
        "purchase_orders:read",
        PurchaseOrderEventData,
        {
            "rfq_id": RFQ,
            "quote_id": QUOTE,
            "status": PurchaseOrderStatus.PLACED,
            "total": "632000.00",
            "currency": "CNY",
        },
    ).types(
        placed="A buyer has ordered: confirm or refuse it while the quote is valid.",
        confirmed="The seller has confirmed an order: both sides can sign its contract.",
        refused="The seller has refused an order.",
        lapsed="The quote lapsed before the seller answered the order.",
        cancelled="The buyer has given an order up.",
    ),
)
INTERNAL = ("rfq.deadline_passed", "quote.validity_ended", "purchase_order.validity_ended")
"""What only the workers react to."""
