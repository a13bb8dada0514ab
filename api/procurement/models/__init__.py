"""The tables of procurement, one file per noun."""

from api.procurement.models.auctions import Auction, AuctionPrice
from api.procurement.models.awards import Award
from api.procurement.models.bids import Bid, BidEnvelope, BidTenderer, SealedDocument
from api.procurement.models.cancellations import Cancellation
from api.procurement.models.commissions import (
    CommissionMember,
    Disqualification,
    EvaluationMinutes,
    EvaluationScore,
    MinutesApproval,
    PreferenceDecision,
    PriceJustification,
    ScoreSheet,
)
from api.procurement.models.complaints import (
    Complaint,
    ComplaintDecision,
    ComplaintEffect,
    ComplaintPost,
)
from api.procurement.models.contents import (
    BidDocument,
    BidItem,
    BidLot,
    BidSecurity,
    DomesticClaim,
    RequirementResponse,
)
from api.procurement.models.documents import Document, DocumentChunk, TenderDocument
from api.procurement.models.enquiries import Enquiry, EnquiryAuthor
from api.procurement.models.evaluations import AwardTerms, Evaluation
from api.procurement.models.frameworks import (
    FrameworkAgreement,
    FrameworkCallOff,
    FrameworkPrice,
    FrameworkSignature,
    FrameworkSupplier,
    FrameworkTerms,
)
from api.procurement.models.openings import (
    BidOpening,
    BidRoot,
    OpenerKey,
    OpeningShare,
    TenderKey,
    TenderKeyHolder,
)
from api.procurement.models.plans import PlanItem, ProcurementPlan
from api.procurement.models.prequalification import (
    Qualification,
    Submission,
    SubmissionTenderer,
)
from api.procurement.models.submissions import SubmissionTerms
from api.procurement.models.tenders import Amendment, Item, Lot, Tender

__all__ = [
    "Amendment",
    "Auction",
    "AuctionPrice",
    "Award",
    "AwardTerms",
    "Bid",
    "BidDocument",
    "BidEnvelope",
    "BidItem",
    "BidLot",
    "BidOpening",
    "BidRoot",
    "BidSecurity",
    "BidTenderer",
    "Cancellation",
    "CommissionMember",
    "Complaint",
    "ComplaintDecision",
    "ComplaintEffect",
    "ComplaintPost",
    "Disqualification",
    "Document",
    "DocumentChunk",
    "DomesticClaim",
    "Enquiry",
    "EnquiryAuthor",
    "Evaluation",
    "EvaluationMinutes",
    "EvaluationScore",
    "FrameworkAgreement",
    "FrameworkCallOff",
    "FrameworkPrice",
    "FrameworkSignature",
    "FrameworkSupplier",
    "FrameworkTerms",
    "Item",
    "Lot",
    "MinutesApproval",
    "OpenerKey",
    "OpeningShare",
    "PlanItem",
    "PreferenceDecision",
    "PriceJustification",
    "ProcurementPlan",
    "Qualification",
    "RequirementResponse",
    "ScoreSheet",
    "SealedDocument",
    "Submission",
    "SubmissionTenderer",
    "SubmissionTerms",
    "Tender",
    "TenderDocument",
    "TenderKey",
    "TenderKeyHolder",
]
