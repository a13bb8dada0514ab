"""What can be done with tenders, and what may be read of them."""

from api.procurement.service.amendments import amend
from api.procurement.service.demands import demands, is_public, open_tender_ids
from api.procurement.service.policies import policy_of, snapshot_of, timetable_of
from api.procurement.service.problems import (
    AuctionNotPossible,
    DeadlineInPast,
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
    get,
    hold_published,
    list_amendments,
    list_tenders,
    trail,
)
from api.procurement.service.tenders import cancel, close_due, create, lock, publish, update

__all__ = [
    "AuctionNotPossible",
    "DeadlineInPast",
    "NotDraft",
    "NothingToAmend",
    "PolicyNotFrozen",
    "PriceRefused",
    "ProcedureNotAllowed",
    "TenderIncomplete",
    "TenderPeriodEnded",
    "TenderPeriodShortened",
    "TenderPeriodTooShort",
    "TermsInconsistent",
    "amend",
    "cancel",
    "close_due",
    "create",
    "demands",
    "get",
    "hold_published",
    "is_public",
    "list_amendments",
    "list_tenders",
    "lock",
    "open_tender_ids",
    "policy_of",
    "publish",
    "snapshot_of",
    "timetable_of",
    "trail",
    "update",
]
