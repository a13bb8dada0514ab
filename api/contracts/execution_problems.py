"""Why an act of carrying a contract out is refused, as problems with stable codes."""

from api.core.errors import Conflict


class NoPenaltyTerms(Conflict):
    """The rules of the tender say nothing of late delivery, so the contract has no damages for it."""

    code, title = "no_penalty_terms", "No liquidated damages are agreed"


class PriceUnknown(Conflict):
    """The value of a late quantity cannot be told: its lot has several items and no unit prices."""

    code, title = "unit_price_unknown", "An item has no price of its own"


class NothingDue(Conflict):
    """From the facts no damages follow, or none beyond those of earlier claims."""

    code, title = "nothing_due", "No damages are due"


class ClaimOpen(Conflict):
    """The contract has a claim that is neither agreed nor waived."""

    code, title = "claim_open", "Another claim is open"


class FactsChanged(Conflict):
    """Since the claim was drafted facts have come that change its arithmetic."""

    code, title = "facts_changed", "The arithmetic of the claim has changed"


class SameAuthor(Conflict):
    """Who drafted a claim neither raises nor waives it: another person or program does."""

    code, title = "same_author", "Somebody else must do this"


class NotReceived(Conflict):
    """More would be presented than was received and is not presented yet."""

    code, title = "not_received", "So much was not received"


class DeemedAccepted(Conflict):
    """The time to say something about these goods is over: silence was acceptance."""

    code, title = "deemed_accepted", "The goods are deemed to be accepted"


class DefectsOpen(Conflict):
    """More is defective and not remedied than is rejected: accept provisionally, or reject it."""

    code, title = "defects_open", "Defects are not remedied"


class OwnSettlement(Conflict):
    """The other side agrees to a settlement."""

    code, title = "own_settlement", "The other side must agree"
