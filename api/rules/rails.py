"""Ways by which money comes and goes. Pure."""

from enum import StrEnum

from api.rules.states import Machine


class RailName(StrEnum):
    """A way of moving money."""

    STRIPE = "stripe"
    BANK_TRANSFER = "bank_transfer"
    GUARANTEE = "guarantee"


class Purpose(StrEnum):
    """What money is for."""

    CONTRACT_FUNDING = "contract_funding"
    BID_SECURITY = "bid_security"
    PERFORMANCE_SECURITY = "performance_security"
    FEE = "fee"
    SUBSCRIPTION = "subscription"
    RELEASE = "release"
    REFUND = "refund"
    SECURITY_RETURN = "security_return"
    PAYOUT = "payout"


class CollectionStatus(StrEnum):
    """How far money that is expected has come."""

    REQUESTED = "requested"
    PARTIALLY_RECEIVED = "partially_received"
    RECEIVED = "received"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class OrderStatus(StrEnum):
    """How far money that goes out has come."""

    CREATED = "created"
    APPROVED = "approved"
    SENT = "sent"
    SETTLED = "settled"
    FAILED = "failed"
    RETURNED = "returned"
    CANCELLED = "cancelled"


class PayeeState(StrEnum):
    """Whether an account can be paid to."""

    SUBMITTED = "submitted"
    VERIFIED = "verified"
    REFUSED = "refused"


_O = OrderStatus
ORDER = Machine(
    {
        "approve": (frozenset({_O.CREATED}), _O.APPROVED),
        "send": (frozenset({_O.CREATED, _O.APPROVED}), _O.SENT),
        "settle": (frozenset({_O.SENT}), _O.SETTLED),
        "fail": (frozenset({_O.SENT}), _O.FAILED),
        "return": (frozenset({_O.SETTLED}), _O.RETURNED),
        "cancel": (frozenset({_O.CREATED, _O.APPROVED}), _O.CANCELLED),
    }
)
