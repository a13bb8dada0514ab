"""Why a payment of a contract is not agreed, approved or made, as problems with stable codes."""

from api.core.errors import Conflict


class NoPaymentSchedule(Conflict):
    """Both sides have not agreed yet when the contract is paid."""

    code, title = "no_payment_schedule", "No payment schedule is agreed"


class SettlementFixed(Conflict):
    """Payments became due already: they are made the way that was agreed."""

    code, title = "settlement_fixed", "Payments have begun: the way of paying stays"


class FileDiffers(Conflict):
    """The arithmetic that is approved is not that of the payment as it stands."""

    code, title = "payment_differs", "The payment is computed otherwise now"


class AcceptedByYou(Conflict):
    """Who accepted the delivery does not approve its payment."""

    code, title = "accepted_by_you", "Who accepted the delivery does not approve its payment"


class ApprovedByYou(Conflict):
    """Each approval is another person's."""

    code, title = "approved_by_you", "Somebody else must approve"


class PaymentFrozen(Conflict):
    """A dispute that is open holds the payment."""

    code, title = "payment_frozen", "A dispute holds the payment"


class NotRefundable(Conflict):
    """So much is not free: it was paid out, or the supplier may still earn it."""

    code, title = "not_refundable", "So much cannot go back"
