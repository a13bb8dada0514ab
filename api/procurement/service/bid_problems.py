"""Why a bid, a key or an opening is refused, as problems with stable codes."""

from api.core.errors import Conflict, Invalid


class TenderPeriodNotStarted(Conflict):
    """Bids are taken from `tender_period_start` on."""

    code, title = "tender_period_not_started", "The tender period has not begun"


class BiddingNotSetUp(Conflict):
    """The tender was published without a key for its bids: it is older than bids."""

    code, title = "bidding_not_set_up", "The tender takes no bids here"


class BidExists(Conflict):
    """The organisation, alone or in a consortium, is in a bid of this tender already."""

    code, title = "bid_exists", "There is a bid of this organisation already"


class OwnTender(Conflict):
    """A buyer cannot bid in its own tender."""

    code, title = "own_tender", "A buyer cannot answer its own tender"


class SealingRequired(Conflict):
    """The rules of this tender take only what the bidder has sealed itself."""

    code, title = "sealing_required", "The bid must be sealed by the bidder"


class EnvelopesDiffer(Invalid):
    """The envelopes are not those that the tender asks for; `errors` says which."""

    code, title = "envelopes_differ", "The envelopes are not those of the tender"


class DocumentsTooMany(Conflict):
    """A supplier has handed in as many sealed documents as one may."""

    code, title = "documents_too_many", "No more sealed documents are taken"


class SealingKeyMissing(Conflict):
    """The rules of the procedure need the key of a ceremony before publication."""

    code, title = "sealing_key_missing", "The key of the bids is missing"


class SealingKeyUnfit(Conflict):
    """The key of the bids does not fit the tender or its rules; `errors` says why."""

    code, title = "sealing_key_unfit", "The key of the bids does not fit the tender"


class SubmissionTermsUnfit(Conflict):
    """The terms of bidding break the rules of the procedure; `errors` says where."""

    code, title = "submission_terms_unfit", "The terms of bidding are not allowed"


class RootNotPublished(Conflict):
    """The Merkle root of the bids must be published before an opening begins."""

    code, title = "root_not_published", "The root of the bids is not published yet"


class OpeningTooEarly(Conflict):
    """Bids are opened after the deadline, and not before the time that their key names."""

    code, title = "opening_too_early", "It is too early to open the bids"


class OpeningHeldUp(Conflict):
    """A complaint about the terms is open, or a cancellation can still be complained about."""

    code, title = "opening_held_up", "Bids cannot be opened yet"


class OpeningExists(Conflict):
    """These envelopes are being opened, or have been."""

    code, title = "opening_exists", "There is an opening of these envelopes already"


class OpeningOver(Conflict):
    """The opening has its shares; a later one is not taken."""

    code, title = "opening_over", "The opening takes no more shares"


class ShareNotYours(Conflict):
    """The share was given to another holder than the one who hands it in."""

    code, title = "share_not_yours", "The share is another holder's"


class OpeningFailed(Conflict):
    """What is stored is not what the root was published for, or the shares do not give the key."""

    code, title = "opening_failed", "The bids cannot be opened"


class OpenerRoleNotAllowed(Conflict):
    """An opener is of a buyer, an auditor of an auditing organisation."""

    code, title = "opener_role_not_allowed", "The organisation cannot hold a share in this role"
