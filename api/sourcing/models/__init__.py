"""Tables of sourcing."""

from api.sourcing.models.quotes import Quote, QuoteVersion
from api.sourcing.models.rfqs import Rfq, RfqAmendment, RfqInvitation, RfqItem

__all__ = ["Quote", "QuoteVersion", "Rfq", "RfqAmendment", "RfqInvitation", "RfqItem"]
