"""What can be done with tenders, and what may be read of them."""

from api.procurement.service import bid_views, bids, openings, submissions, tender_keys
from api.procurement.service.amendments import amend
from api.procurement.service.bid_problems import (
    BiddingNotSetUp,
    BidExists,
    EnvelopesDiffer,
    OpenerRoleNotAllowed,
    OpeningExists,
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
from api.procurement.service.demands import demands, is_public, open_tender_ids
from api.procurement.service.enquiries import (
    answer,
    ask,
    list_enquiries,
)
from api.procurement.service.enquiries import answered as answered_enquiries
from api.procurement.service.enquiries import find as find_enquiry
from api.procurement.service.enquiries import hold as hold_enquiry
from api.procurement.service.enquiries import tender_of as tender_of_enquiry
from api.procurement.service.periods import close_due
from api.procurement.service.policies import policy_of, snapshot_of, timetable_of
from api.procurement.service.problems import (
    AuctionNotPossible,
    DeadlineInPast,
    EnquiriesClosed,
    NotDraft,
    NothingToAmend,
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
from api.procurement.service.tenders import cancel, create, lock, publish, update

__all__ = [
    "AuctionNotPossible",
    "BidExists",
    "BiddingNotSetUp",
    "DeadlineInPast",
    "EnquiriesClosed",
    "EnvelopesDiffer",
    "NotDraft",
    "NothingToAmend",
    "OpenerRoleNotAllowed",
    "OpeningExists",
    "OpeningOver",
    "OpeningTooEarly",
    "OwnTender",
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
    "amend",
    "amendments_of",
    "answer",
    "answered_enquiries",
    "ask",
    "ask_confirmation",
    "bid_views",
    "bids",
    "cancel",
    "close_due",
    "create",
    "demands",
    "find_enquiry",
    "get",
    "hold_enquiry",
    "hold_published",
    "is_public",
    "list_amendments",
    "list_enquiries",
    "list_tenders",
    "lock",
    "open_ready",
    "open_tender_ids",
    "openings",
    "policy_of",
    "publish",
    "published",
    "snapshot_of",
    "submissions",
    "tender_keys",
    "tender_of_enquiry",
    "timetable_of",
    "trail",
    "update",
]
