"""Why an act of sourcing is refused, as problems with stable codes."""

from api.core.errors import Conflict, Forbidden


class PublicBuyerTenders(Forbidden):
    """A public body spends public money by tender."""

    code, title = (
        "public_buyer_tenders",
        "A public body buys by tender, not by request for quotation",
    )


class NotVerified(Forbidden):
    """Only an organisation that the operator has verified asks sellers for quotes."""

    code, title = "not_verified", "The organisation is not verified"


class RfqNotDraft(Conflict):
    """Only a draft is edited; a published request is amended."""

    code, title = "rfq_not_draft", "The request for quotation is no longer a draft"


class RfqDeadlinePassed(Conflict):
    """The deadline of the request has passed, by the database's clock."""

    code, title = "rfq_deadline_passed", "The deadline for quotes has passed"


class RfqNotOpen(Conflict):
    """The request takes no quotes: it is closed or cancelled."""

    code, title = "rfq_not_open", "The request takes no quotes"


class OwnRfq(Conflict):
    """Nobody quotes to itself."""

    code, title = "own_rfq", "This is your own request for quotation"


class QuoteStands(Conflict):
    """The seller's quote stands: it is revised, or withdrawn first."""

    code, title = "quote_stands", "You have a quote that stands"


class QuoteLapsed(Conflict):
    """The validity of the quote is over, by the database's clock."""

    code, title = "quote_lapsed", "The quote is no longer valid"


class QuoteNotOrderable(Conflict):
    """The quote was withdrawn or refused, or another order stands on it."""

    code, title = "quote_not_orderable", "Nothing can be ordered from this quote"


class RfqOrdered(Conflict):
    """An order of this request stands already, or the request was given up."""

    code, title = "rfq_not_orderable", "Nothing can be ordered by this request now"
