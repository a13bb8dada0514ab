"""Why money is not moved, as problems with stable codes."""

from api.core.errors import Conflict


class InsufficientFunds(Conflict):
    """An account that cannot be overdrawn has too little that is free."""

    code, title = "insufficient_funds", "The account has too little that is free"


class DayClosed(Conflict):
    """The day is closed: correct it by a reversal on an open day."""

    code, title = "day_closed", "The day is closed"


class DayNotOver(Conflict):
    """Only a day that is over in Bishkek is closed."""

    code, title = "day_not_over", "The day is not over"


class LedgerKeyReused(Conflict):
    """The key of this business event belongs to a transaction of other entries."""

    code, title = "ledger_key_reused", "This business event was booked with other entries"


class HoldResolved(Conflict):
    """The hold was posted, voided or has expired."""

    code, title = "hold_resolved", "The hold has ended"


class HoldExceeded(Conflict):
    """More is to be posted than was held."""

    code, title = "hold_exceeded", "More than was held"


class AlreadyReversed(Conflict):
    """A transaction is reversed once."""

    code, title = "already_reversed", "The transaction is reversed already"


class SenderUnknown(Conflict):
    """The statement does not say from which account the money came, or not enough about it."""

    code, title = "sender_unknown", "The account that the money came from is not known"


class BatchRejected(Conflict):
    """The bank has rejected the file or payments of it, which may be paid by another by now."""

    code, title = "batch_rejected", "The bank has rejected payments of the file"


class BatchHeld(Conflict):
    """Payments of the file must not be made now: a screening case is open, or their account is not
    verified any more."""

    code, title = "batch_held", "Payments of the file must not be made now"


class CorrectionFourEyes(Conflict):
    """Who has proposed a correction of the books does not carry it out."""

    code, title = "correction_four_eyes", "Somebody else must carry out the correction"


class CorrectionMoot(Conflict):
    """What is to be corrected is matched or undone already, or is not there."""

    code, title = "correction_moot", "There is nothing of this to correct"


class MatchUneven(Conflict):
    """The lines are neither net of fees nor gross what the entries are; a write-off books the rest."""

    code, title = "match_uneven", "Lines and entries are not the same amount"


class PayeeNotReached(Conflict):
    """The provider would pay nobody at this account; `errors` say why."""

    code, title = "payee_not_reached", "The provider does not pay to such an account"


class PayeeUnfit(Conflict):
    """The account is not the payee's, in another currency, or not verified."""

    code, title = "payee_unfit", "The account cannot be paid to"


class PayeeFourEyes(Conflict):
    """Who has added an account does not verify it: another person or program does."""

    code, title = "payee_four_eyes", "Somebody else must verify the account"


class PaymentFourEyes(Conflict):
    """Who has ordered a payment, or proposed what becomes of money, does not approve it."""

    code, title = "payment_four_eyes", "Somebody else must approve the payment"


class PaymentUnderWay(Conflict):
    """The rail has been asked: what becomes of the payment is its answer's."""

    code, title = "payment_under_way", "The payment is under way"


class CollectionOver(Conflict):
    """Nothing is expected for the collection any more."""

    code, title = "collection_over", "Nothing is expected any more"


class ProviderLineChanged(Conflict):
    """A line of a provider is told again with another amount, fee, currency or day."""

    code, title = "provider_line_changed", "The provider said otherwise of this line before"


class AlreadyCredited(Conflict):
    """A credit note was issued about the invoice; a credit note is not credited itself."""

    code, title = "already_credited", "The invoice was credited"


class SellerUnknown(Conflict):
    """The installation does not say who issues invoices: KERBEN_INVOICE_SELLER_NAME and
    KERBEN_INVOICE_SELLER_IDENTIFIER."""

    code, title = "seller_unknown", "Nobody is named who issues invoices"


class SuspenseUnfit(Conflict):
    """The collection is in another currency, or expects nothing any more."""

    code, title = "suspense_unfit", "The money does not fit the collection"


class NothingToPay(Conflict):
    """No order waits for a file from this account: none was sent, or each is in a batch already."""

    code, title = "nothing_to_pay", "No payment waits for a file"


class BatchFourEyes(Conflict):
    """Who has made a batch does not release it: another person or program does."""

    code, title = "batch_four_eyes", "Somebody else must release the batch"


class BatchNotReleased(Conflict):
    """The file is given out once a second person has released the batch."""

    code, title = "batch_not_released", "The batch is not released"


class SubscriptionUnpaid(Conflict):
    """An invoice of a subscription is not paid: pay it first."""

    code, title = "subscription_unpaid", "A subscription is owed for"
