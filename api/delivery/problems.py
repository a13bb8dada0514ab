"""Why an act of delivery is refused, as problems with stable codes."""

from api.core.errors import Conflict, Invalid


class MoreThanOrdered(Conflict):
    """With this despatch more of a row would be on its way than the schedule and its tolerance
    allow; `errors` names the lines."""

    code, title = "more_than_ordered", "More would be despatched than was ordered"


class MoreThanDespatched(Conflict):
    """More would be received, or found short, than was despatched; `errors` names the lines."""

    code, title = "more_than_despatched", "More would be received than was despatched"


class DespatchExists(Conflict):
    """The shipment has a despatch advice that counts."""

    code, title = "despatch_exists", "The shipment has a despatch advice already"


class DespatchReceived(Conflict):
    """Goods of the despatch advice were received: it cannot be cancelled any more."""

    code, title = "despatch_received", "Goods of this despatch advice were received"


class ContractNotInForce(Conflict):
    """Goods are sent under a contract in force."""

    code, title = "contract_not_in_force", "The contract is not in force"


class LandedCostNotComputable(Invalid):
    """Something that the computation needs is missing or impossible; `errors` names the fields."""

    code, title = "landed_cost_not_computable", "The landed cost cannot be computed from this"


class PricesSealed(Conflict):
    """The prices of the tender are not opened: nobody compares what nobody may know."""

    code, title = "prices_sealed", "The prices of this tender are still sealed"


class ComparisonNotSetUp(Conflict):
    """The tender does not say how its bids are made comparable (landed-cost terms)."""

    code, title = "comparison_not_set_up", "The tender has no landed-cost terms"


class NumbersUnchanged(Conflict):
    """By the numbers of that day the landed cost comes to what it came to."""

    code, title = "numbers_unchanged", "The numbers have not changed"


class LandedCostSuperseded(Conflict):
    """The landed cost was computed anew: the last one of its chain is recomputed or followed."""

    code, title = "landed_cost_superseded", "There is a later computation of this landed cost"
