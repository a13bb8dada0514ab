"""What the routes of sourcing take and give."""

from api.sourcing.schemas.comparison import QuoteComparisonOut
from api.sourcing.schemas.ids import QuoteId, RfqId, RfqItemId
from api.sourcing.schemas.quotes import QuoteIn, QuoteOut, QuoteVersionOut
from api.sourcing.schemas.rfqs import (
    RfqAmendmentIn,
    RfqAmendmentOut,
    RfqCancelIn,
    RfqIn,
    RfqInvitedOut,
    RfqItemIn,
    RfqOut,
    RfqPatch,
)

__all__ = [
    "QuoteComparisonOut",
    "QuoteId",
    "QuoteIn",
    "QuoteOut",
    "QuoteVersionOut",
    "RfqAmendmentIn",
    "RfqAmendmentOut",
    "RfqCancelIn",
    "RfqId",
    "RfqIn",
    "RfqInvitedOut",
    "RfqItemId",
    "RfqItemIn",
    "RfqOut",
    "RfqPatch",
]
