"""The tables of procurement, one file per noun."""

from api.procurement.models.auctions import Auction, AuctionPrice
from api.procurement.models.bids import Bid, BidEnvelope, BidTenderer
from api.procurement.models.contents import (
    BidDocument,
    BidItem,
    BidLot,
    BidSecurity,
    DomesticClaim,
    RequirementResponse,
)
from api.procurement.models.openings import (
    BidOpening,
    BidRoot,
    OpenerKey,
    OpeningShare,
    TenderKey,
    TenderKeyHolder,
)
from api.procurement.models.submissions import SubmissionTerms
from api.procurement.models.tenders import Amendment, Item, Lot, Tender

__all__ = [
    "Amendment",
    "Auction",
    "AuctionPrice",
    "Bid",
    "BidDocument",
    "BidEnvelope",
    "BidItem",
    "BidLot",
    "BidOpening",
    "BidRoot",
    "BidSecurity",
    "BidTenderer",
    "DomesticClaim",
    "Item",
    "Lot",
    "OpenerKey",
    "OpeningShare",
    "RequirementResponse",
    "SubmissionTerms",
    "Tender",
    "TenderKey",
    "TenderKeyHolder",
]
