"""What can be done with tenders, and what may be read of them."""

from api.procurement.service.amendments import amend
from api.procurement.service.demands import demands, is_public, open_tender_ids
from api.procurement.service.policies import policy_of, snapshot_of, timetable_of
from api.procurement.service.problems import (
    DeadlineInPast,
    NotDraft,
    NothingToAmend,
    PolicyNotFrozen,
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
from api.procurement.service.tenders import cancel, close_due, create, lock, publish, update

__all__ = [
    "DeadlineInPast",
    "NotDraft",
    "NothingToAmend",
    "PolicyNotFrozen",
    "ProcedureNotAllowed",
    "TenderIncomplete",
    "TenderPeriodEnded",
    "TenderPeriodShortened",
    "TenderPeriodTooShort",
    "TermsInconsistent",
    "amend",
    "amendments_of",
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
    "published",
    "snapshot_of",
    "timetable_of",
    "trail",
    "update",
]
