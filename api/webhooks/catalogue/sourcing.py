"""Events of requests for quotation and quotes."""

from typing import Annotated
from uuid import UUID

from api.webhooks.catalogue.kinds import Data, Kind, NoData, Reference

RFQ = "019abf2e8c1d7c3fa9b04b4c6f0d2e21"


class QuoteEventData(Data):
    """A quote for a request."""

    rfq_id: Annotated[UUID, Reference("rfq")]


TYPES = (
    *Kind("rfq", "rfq", "rfqs:read", NoData, {}).types(
        published="A request for quotation that you are asked to answer was published.",
        amended="A request for quotation was amended: look at your quote.",
        closed="A request for quotation takes no more quotes.",
        cancelled="A request for quotation was given up.",
    ),
    *Kind("quote", "quote", "quotes:read", QuoteEventData, {"rfq_id": RFQ}).types(
        submitted="A seller quoted for a request.",
        revised="A seller put another version in the place of its quote.",
        withdrawn="A seller withdrew its quote.",
        expired="The validity of a quote ended.",
    ),
)
INTERNAL = ("rfq.deadline_passed", "quote.validity_ended")
"""What only the workers react to."""
