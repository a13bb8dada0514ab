"""Why a contract is refused, as problems with stable codes."""

from api.core.errors import Conflict


class AwardsUnfit(Conflict):
    """The awards are not active, of several tenders, suppliers or currencies, or in a contract."""

    code, title = "awards_unfit", "These awards cannot be in one contract"


class SecurityTooHigh(Conflict):
    """The policy of the tender allows no such performance security."""

    code, title = "security_too_high", "The performance security is too high"


class SecurityMissing(Conflict):
    """The rules of the tender want the performance security held before the contract is in force."""

    code, title = "performance_security_missing", "The performance security is missing"


class SigningBlocked(Conflict):
    """A standstill runs, a complaint is open, an award fell, or the seller has not confirmed the
    order; `errors` says which."""

    code, title = "signing_blocked", "The contract cannot be signed now"


class CapExceeded(Conflict):
    """With this change the value would grow by more than the policy of the tender allows."""

    code, title = "change_cap_exceeded", "The contract would grow too much"


class OwnChange(Conflict):
    """The other side agrees to a change."""

    code, title = "own_change", "The other side must agree"


class SupplierNotAsked(Conflict):
    """A buyer reports a refusal once it has signed and nothing keeps the supplier from signing."""

    code, title = "supplier_not_asked", "The supplier has not been able to sign"


class ScheduleOpen(Conflict):
    """A proposed schedule waits for its answer."""

    code, title = "schedule_open", "A proposed schedule waits for its answer"


class ScheduleInForce(Conflict):
    """A schedule in force is amended by a change of the contract that both sides agree to."""

    code, title = "schedule_in_force", "A schedule is in force: propose a change of the contract"


class ScheduleMissing(Conflict):
    """The contract has no schedule in force yet."""

    code, title = "schedule_missing", "The contract has no agreed schedule"


class ScheduleOutdated(Conflict):
    """Another schedule has come into force since this one was proposed."""

    code, title = "schedule_outdated", "Another schedule has come into force meanwhile"


class OwnSchedule(Conflict):
    """The other side answers a schedule."""

    code, title = "own_schedule", "The other side must answer"


class MoreReadyThanOrdered(Conflict):
    """More of a row would lie ready than the schedule and its tolerance allow."""

    code, title = "more_ready_than_ordered", "More would be ready than was ordered"


class TerminationNotAllowed(Conflict):
    """The frozen policy of the tender lets no supplier end a contract for this."""

    code, title = "termination_not_allowed", "The contract cannot be ended for this"


class TerminationNotProposed(Conflict):
    """The buyer has not proposed to give the contract up, or has withdrawn it."""

    code, title = "termination_not_proposed", "Nobody proposed to end the contract"


class NoticeMissing(Conflict):
    """The supplier has not given notice, or has withdrawn it."""

    code, title = "notice_missing", "No notice was given"


class NoticeRuns(Conflict):
    """The contract can be ended once the time of the notice is over."""

    code, title = "notice_runs", "The notice still runs"


class OrderOutdated(Conflict):
    """The quote or the request has changed since the order was drafted from it."""

    code, title = "order_outdated", "The quote or the request has changed"
