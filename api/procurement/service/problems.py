"""Why a tender cannot be published or changed, as problems with stable codes."""

from api.core.errors import Conflict, FieldError


class DeadlineInPast(Conflict):
    """A period of the tender has ended already, by the database's clock."""

    code, title = "deadline_in_past", "The deadline has passed"


class TenderPeriodTooShort(Conflict):
    """Suppliers need at least the minimum period between publication and the deadline."""

    code, title = "tender_period_too_short", "Suppliers need more time to answer"


class ProcedureNotAllowed(Conflict):
    """The rules of the procedure do not allow it for this tender; `errors` says why."""

    code, title = "procedure_not_allowed", "This procedure cannot be used"


class PolicyNotFrozen(Conflict):
    """The tender was not published under a policy set: a draft, or older than policy sets."""

    code, title = "policy_not_frozen", "The tender has no rules of its own yet"


class TenderPeriodEnded(Conflict):
    """The deadline for answers has passed: the terms can no longer change."""

    code, title = "tender_period_ended", "The tender period has ended"


class NotFastForward(Conflict):
    """Only a test tender with the quick mode `fast_forward` has its periods ended by its buyer."""

    code, title = "not_fast_forward", "The tender is not one of those whose periods are skipped"


class TenderPeriodShortened(Conflict):
    """After publication the deadline can only move to a later time."""

    code, title = "tender_period_shortened", "The tender period cannot be shortened"


class TenderIncomplete(Conflict):
    """Something that a published tender must have is missing; `errors` names it."""

    code, title = "tender_incomplete", "The tender is not complete"


class TermsInconsistent(Conflict):
    """The terms of the tender, with this change, contradict each other; `errors` says where."""

    code, title = "terms_inconsistent", "The terms contradict each other"


class NotDraft(Conflict):
    """Only a draft can be edited; a published tender is amended."""

    code, title = "not_draft", "The tender is no longer a draft"


class NothingToAmend(Conflict):
    """The amendment leaves every term as it is."""

    code, title = "nothing_to_amend", "Nothing would change"


class EnquiriesClosed(Conflict):
    """Questions are taken from publication until the end of the enquiry window."""

    code, title = "enquiries_closed", "No questions are taken now"


class AuctionNotPossible(Conflict):
    """The tender has announced no auction, or its bids cannot compete in one now."""

    code, title = "auction_not_possible", "No auction is possible"


class PriceRefused(Conflict):
    """The price does not count; the code in `errors` says by which rule of the auction."""

    code, title = "price_refused", "The price does not count"

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(
            f"The price {detail}.",
            errors=[FieldError(pointer="#/amount", code=rule, detail=detail)],
        )


class CancellationPending(Conflict):
    """Another cancellation of the tender waits for the end of its complaint period."""

    code, title = "cancellation_pending", "The tender is being cancelled already"


class PlanExists(Conflict):
    """A buyer has one procurement plan for each year."""

    code, title = "plan_exists", "The year has a plan already"


class PlanNotMet(Conflict):
    """The rules of the procedure, or a planned budget, keep the tender from being published as it
    is; `errors` says where."""

    code, title = "plan_not_met", "The tender does not fit the procurement plan"
