"""Why an act of delivery is refused, as problems with stable codes."""

from api.core.errors import Conflict


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
