"""Why something sealed was refused, as problems with stable codes; never with what it hides."""

from api.core.errors import Conflict, Invalid


class ContentRefused(Invalid):
    """The content of an envelope has no canonical JSON form (RFC 8785), or is too large."""

    code, title = "content_refused", "The content cannot be sealed"


class SealedBidInvalid(Invalid):
    """A sealed envelope without the form of "kerben-sealed-bid/1", as far as seen unopened."""

    code, title = "sealed_bid_invalid", "Not a sealed envelope"


class TenderKeyInvalid(Invalid):
    """A document of a key ceremony without the form of "kerben-tender-key/1"."""

    code, title = "tender_key_invalid", "Not the document of a key ceremony"


class KeyInvalid(Invalid):
    """Not an age X25519 recipient (age1…), identity (AGE-SECRET-KEY-1…) or Ed25519 key."""

    code, title = "key_invalid", "Not a key of the kind that is needed"


class CiphertextRefused(Conflict):
    """It was altered, cut short, or encrypted to another key."""

    code, title = "ciphertext_refused", "The ciphertext cannot be decrypted with this key"


class PaddingWrong(Conflict):
    """The decrypted bytes do not end in the padding of the smallest bucket."""

    code, title = "padding_wrong", "The padding of the envelope is wrong"


class CommitmentMismatch(Conflict):
    """The envelope does not hold what the supplier committed itself to."""

    code, title = "commitment_mismatch", "The envelope does not match its commitment"


class DocumentMismatch(Conflict):
    """A sealed document has other bytes than those that its envelope names by their SHA-256."""

    code, title = "document_mismatch", "The document is not the one that the envelope names"


class EnvelopeNotCanonical(Conflict):
    """The envelope's text is not the canonical JSON (RFC 8785) of the format."""

    code, title = "envelope_not_canonical", "The envelope is not canonical JSON of its format"


class ContextMismatch(Conflict):
    """The envelope was sealed for another tender, tenderer, lot, kind, id or version."""

    code, title = "context_mismatch", "The envelope was sealed for something else"


class ReleaseTooEarly(Conflict):
    """The time from which the holders of a key agreed to open has not come."""

    code, title = "release_too_early", "It is too early to release a share"


class ReleaseMismatch(Conflict):
    """The share was released for another opening session or another published root."""

    code, title = "release_mismatch", "The share was released for another opening"


class NotAHolder(Conflict):
    """This identity holds no share of this key."""

    code, title = "not_a_holder", "No share of this key is held by this identity"


class SharesTooFew(Conflict):
    """Fewer shares than the key needs."""

    code, title = "shares_too_few", "More shares are needed"


class ShareDuplicated(Conflict):
    """The same holder's share was given twice."""

    code, title = "share_duplicated", "A share was given twice"


class ShareOfOtherKey(Conflict):
    """The share belongs to the key of another tender or of another envelope."""

    code, title = "share_of_other_key", "The share belongs to another key"


class ShareAltered(Conflict):
    """The share is not the one that the holder got at the ceremony."""

    code, title = "share_altered", "The share is not the one of the ceremony"


class KeyNotRecovered(Conflict):
    """The shares are those of the ceremony, but do not give the key of the tender."""

    code, title = "key_not_recovered", "The shares do not give the key of the tender"


class SignatureWrong(Conflict):
    """The signature is not that of this statement by this key."""

    code, title = "signature_wrong", "The signature is wrong"


class ReceiptMismatch(Conflict):
    """The receipt is genuine, but for another envelope."""

    code, title = "receipt_mismatch", "The receipt is for another envelope"
