"""Why a framework agreement, or a call-off from it, is refused, as problems with stable codes."""

from api.core.errors import Conflict, Forbidden


class FrameworkUnfit(Conflict):
    """The terms of the framework agreement are not what the policy allows; `errors` says where."""

    code, title = "framework_unfit", "The framework agreement is not allowed as it is"


class FrameworkNotReady(Conflict):
    """An award is missing, undecided, in another currency or without item prices, a standstill
    runs, or a complaint is open; `errors` says which."""

    code, title = "framework_not_ready", "The framework agreement cannot be concluded now"


class FrameworkConcludes(Conflict):
    """Awards of this tender conclude a framework agreement; contracts follow from its call-offs."""

    code, title = "framework_concludes", "The tender concludes a framework agreement"


class CallOffRefused(Conflict):
    """The agreement is over, or does not allow this buyer, this supplier or this way; `errors`
    says why."""

    code, title = "call_off_refused", "Nothing can be called off like this"


class CeilingExceeded(Conflict):
    """All call-offs together would pass the ceiling of the framework agreement."""

    code, title = "ceiling_exceeded", "The ceiling of the framework agreement would be passed"


class NotAdmitted(Forbidden):
    """The tender is open to certain suppliers only, and the organisation is none of them."""

    code, title = "not_admitted", "The tender is not open to this supplier"
