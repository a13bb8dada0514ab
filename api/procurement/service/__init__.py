"""What can be done with tenders, and what may be read of them."""

from api.procurement.service import (
    bid_views,
    bids,
    documents,
    openings,
    plans,
    sealed_documents,
    submissions,
    tender_keys,
)
from api.procurement.service.amendments import amend
from api.procurement.service.bid_problems import (
    BiddingNotSetUp,
    BidExists,
    DocumentsTooMany,
    EnvelopesDiffer,
    OpenerRoleNotAllowed,
    OpeningExists,
    OpeningHeldUp,
    OpeningOver,
    OpeningTooEarly,
    OwnTender,
    RootNotPublished,
    SealingKeyMissing,
    SealingKeyUnfit,
    SealingRequired,
    ShareNotYours,
    SubmissionTermsUnfit,
    TenderPeriodNotStarted,
)
from api.procurement.service.bids import ask_confirmation
from api.procurement.service.cancellations import activate_due, cancel, list_cancellations
from api.procurement.service.cancellations import all_of as cancellations_of
from api.procurement.service.cancellations import hold as hold_cancellation
from api.procurement.service.cancellations import tender_of as tender_of_cancellation
from api.procurement.service.cancellations import withdraw as withdraw_cancellation
from api.procurement.service.demands import (
    demands,
    is_for_the_invited,
    is_public,
    open_tender_ids,
)
from api.procurement.service.enquiries import (
    answer,
    ask,
    list_enquiries,
)
from api.procurement.service.enquiries import answered as answered_enquiries
from api.procurement.service.enquiries import find as find_enquiry
from api.procurement.service.enquiries import hold as hold_enquiry
from api.procurement.service.enquiries import tender_of as tender_of_enquiry
from api.procurement.service.fast_forwards import fast_forward
from api.procurement.service.periods import close_due
from api.procurement.service.policies import policy_of, snapshot_of, timetable_of
from api.procurement.service.problems import (
    AuctionNotPossible,
    CancellationPending,
    DeadlineInPast,
    EnquiriesClosed,
    NotDraft,
    NotFastForward,
    NothingToAmend,
    PlanExists,
    PlanNotMet,
    PolicyNotFrozen,
    PriceRefused,
    ProcedureNotAllowed,
    TenderIncomplete,
    TenderPeriodEnded,
    TenderPeriodShortened,
    TenderPeriodTooShort,
    TermsInconsistent,
)
from api.procurement.service.queries import (
    amendments_of,
    get,
    hold_published,
    list_amendments,
    list_tenders,
    published,
    trail,
)
from api.procurement.service.reveals import open_ready
from api.procurement.service.tenders import create, lock, move_lots, publish, update
from api.procurement.service.tenders import move as move_tender

__all__ = [
    "AuctionNotPossible",
    "BidExists",
    "BiddingNotSetUp",
    "CancellationPending",
    "DeadlineInPast",
    "DocumentsTooMany",
    "EnquiriesClosed",
    "EnvelopesDiffer",
    "NotDraft",
    "NotFastForward",
    "NothingToAmend",
    "OpenerRoleNotAllowed",
    "OpeningExists",
    "OpeningHeldUp",
    "OpeningOver",
    "OpeningTooEarly",
    "OwnTender",
    "PlanExists",
    "PlanNotMet",
    "PolicyNotFrozen",
    "PriceRefused",
    "ProcedureNotAllowed",
    "RootNotPublished",
    "SealingKeyMissing",
    "SealingKeyUnfit",
    "SealingRequired",
    "ShareNotYours",
    "SubmissionTermsUnfit",
    "TenderIncomplete",
    "TenderPeriodEnded",
    "TenderPeriodNotStarted",
    "TenderPeriodShortened",
    "TenderPeriodTooShort",
    "TermsInconsistent",
    "activate_due",
    "amend",
    "amendments_of",
    "answer",
    "answered_enquiries",
    "ask",
    "ask_confirmation",
    "bid_views",
    "bids",
    "cancel",
    "cancellations_of",
    "close_due",
    "create",
    "demands",
    "documents",
    "fast_forward",
    "find_enquiry",
    "get",
    "hold_cancellation",
    "hold_enquiry",
    "hold_published",
    "is_for_the_invited",
    "is_public",
    "list_amendments",
    "list_cancellations",
    "list_enquiries",
    "list_tenders",
    "lock",
    "move_lots",
    "move_tender",
    "open_ready",
    "open_tender_ids",
    "openings",
    "plans",
    "policy_of",
    "publish",
    "published",
    "sealed_documents",
    "snapshot_of",
    "submissions",
    "tender_keys",
    "tender_of_cancellation",
    "tender_of_enquiry",
    "timetable_of",
    "trail",
    "update",
    "withdraw_cancellation",
]
