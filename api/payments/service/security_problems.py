"""Why a security or a guarantee is not taken, kept or returned, as problems with stable codes."""

from api.core.errors import Conflict


class SecurityNotAsked(Conflict):
    """The tender, or the contract, asks for no such security."""

    code, title = "security_not_asked", "No such security is asked for"


class SecuritiesNotHeld(Conflict):
    """The rules of the tender have no securities held here: it is named in the bid alone."""

    code, title = "securities_not_held", "Securities of this tender are not held here"


class SecurityExists(Conflict):
    """One security stands already, or this guarantee is handed in for something else."""

    code, title = "security_exists", "There is such a security already"


class SecurityTooLate(Conflict):
    """The security could not come in time any more, and the rules of the tender let none be late."""

    code, title = "security_too_late", "It is too late for a security"


class RailUnfit(Conflict):
    """This rail cannot carry the security; `errors` say why, and which rails can."""

    code, title = "rail_unfit", "This rail cannot carry the security"


class ForfeiturePending(Conflict):
    """A decision to keep the security stands, or waits for its second person."""

    code, title = "forfeiture_pending", "A decision to keep the security is pending"


class SameDecider(Conflict):
    """Four eyes: who proposed to keep a security does not approve it."""

    code, title = "same_decider", "Another person must decide"


class ContestOver(Conflict):
    """The time to contest the decision is over."""

    code, title = "contest_over", "It is too late to contest the decision"


class GuaranteeEnds(Conflict):
    """The guarantee can no longer be called once the decision could be executed: have it extended."""

    code, title = "guarantee_ends", "The guarantee ends too early"


class AmendmentOpen(Conflict):
    """An amendment of the guarantee waits for its answer."""

    code, title = "amendment_open", "An amendment waits for its answer"
