"""Questions about a tender: who may ask until when, and when an answer comes too late. Pure."""

from datetime import datetime
from enum import StrEnum

from api.rules.states import Machine
from api.rules.tenders import ANSWERED_STAGES, TenderStage


class EnquiryStatus(StrEnum):
    """Whether the buyer has answered."""

    PENDING = "pending"
    ANSWERED = "answered"


_S, _T = EnquiryStatus, TenderStage
ENQUIRY = Machine({"answer": (frozenset({_S.PENDING}), _S.ANSWERED)})
ANSWERABLE_STAGES = ANSWERED_STAGES | {_T.SUSPENDED}
"""Stages in which an answer can still reach suppliers before they act for the last time."""
OPENED_STAGES = frozenset(
    {
        _T.FIRST_PACKAGE_EVALUATED,
        _T.SECOND_PACKAGE_OPENED,
        _T.BIDS_OPENED,
        _T.EVALUATION_COMPLETE,
        _T.EVALUATION_RESULTS_PENDING,
        _T.CONTRACT_SIGN_PENDING,
        _T.CONTRACT_SIGNED,
    }
)
"""Stages after the opening of bids; before, a question's author would name a likely bidder."""


def may_ask(stage: TenderStage, enquiry_period_end: datetime | None, now: datetime) -> bool:
    """True while questions are taken; one that arrives at the end of the window is late."""
    return stage in ANSWERED_STAGES and enquiry_period_end is not None and now < enquiry_period_end


def is_late(*, clarification_until: datetime | None, period_end: datetime, now: datetime) -> bool:
    """True for an answer that leaves suppliers less time than they were promised.

    Where the policy sets no term for answers, the end of the period is the term.
    """
    return now >= (clarification_until or period_end)
