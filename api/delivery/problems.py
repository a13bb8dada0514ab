"""Why a landed cost cannot be computed or compared, as problems with stable codes."""

from api.core.errors import Conflict, Invalid


class LandedCostNotComputable(Invalid):
    """Something that the computation needs is missing or impossible; `errors` names the fields."""

    code, title = "landed_cost_not_computable", "The landed cost cannot be computed from this"


class PricesSealed(Conflict):
    """The prices of the tender are not opened: nobody compares what nobody may know."""

    code, title = "prices_sealed", "The prices of this tender are still sealed"


class ComparisonNotSetUp(Conflict):
    """The tender does not say how its bids are made comparable (landed-cost terms)."""

    code, title = "comparison_not_set_up", "The tender has no landed-cost terms"
