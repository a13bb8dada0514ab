"""Why an award or a complaint is refused, as problems with stable codes."""

from api.core.errors import Conflict, Forbidden


class FourEyes(Conflict):
    """Who proposed an award does not decide it: another person or program of the buyer does."""

    code, title = "four_eyes", "Somebody else must decide"


class AwardNotProposed(Conflict):
    """The ranking alone has put the award forward; somebody must propose it first."""

    code, title = "award_not_proposed", "Nobody has proposed the award yet"


class AwardPending(Conflict):
    """The lot has an award that is pending or active already."""

    code, title = "award_exists", "The lot has an award already"


class BetterRanked(Conflict):
    """An award to a better ranked bid of the lot is pending: it is decided first."""

    code, title = "better_ranked_pending", "A better ranked bid is to be decided first"


class NoBidLeft(Conflict):
    """Every ranked bid of the lot has been decided about."""

    code, title = "no_bid_left", "No bid of the lot is left to award"


class LotNotEvaluated(Conflict):
    """Awards follow from the completed evaluation of the lot."""

    code, title = "lot_not_evaluated", "The lot has no completed evaluation"


class LotUndecided(Conflict):
    """A bid is left, an award stands, a standstill runs or a complaint is open."""

    code, title = "lot_undecided", "The lot cannot be ended yet"


class ComplaintWindowClosed(Conflict):
    """The period for complaints about this is over, has not begun, or does not exist."""

    code, title = "complaint_window_closed", "It can no longer be complained about"


class NoStanding(Forbidden):
    """Decisions on a lot are complained about by who bid for it; nobody complains of itself."""

    code, title = "no_standing", "You have no standing to complain about this"


class FeeUnpaid(Conflict):
    """The policy demands a fee; `fee_reference` must name its payment."""

    code, title = "fee_unpaid", "The fee for the complaint has not been paid"


class NotTheReviewer(Forbidden):
    """Another commission has accepted the complaint."""

    code, title = "not_the_reviewer", "Another reviewer decides this complaint"


class EffectOutstanding(Conflict):
    """The decision demands an act of the buyer that has not been done: the terms are as they were."""

    code, title = "effect_outstanding", "What was decided has not been done yet"
