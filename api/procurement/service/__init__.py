"""What can be done with tenders, and what may be read of them."""

from api.procurement.service.amendments import amend
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
    DeadlineInPast,
    EnquiriesClosed,
    NotDraft,
    NothingToAmend,
    OwnTender,
    PolicyNotFrozen,
    ProcedureNotAllowed,
    TenderIncomplete,
    TenderPeriodEnded,
    TenderPeriodShortened,
    TenderPeriodTooShort,
    TermsInconsistent,
)
from api.procurement.service.queries import (
    get,
    hold_published,
    list_amendments,
    list_tenders,
    trail,
)
from api.procurement.service.tenders import cancel, create, lock, publish, update

__all__ = [
    "DeadlineInPast",
    "EnquiriesClosed",
    "NotDraft",
    "NothingToAmend",
    "OwnTender",
    "PolicyNotFrozen",
    "ProcedureNotAllowed",
    "TenderIncomplete",
    "TenderPeriodEnded",
    "TenderPeriodShortened",
    "TenderPeriodTooShort",
    "TermsInconsistent",
    "amend",
    "answer",
    "answered_enquiries",
    "ask",
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
    "open_tender_ids",
    "policy_of",
    "publish",
    "snapshot_of",
    "tender_of_enquiry",
    "timetable_of",
    "trail",
    "update",
]
