"""Why a webhook is not taken in, as problems with stable codes."""

from api.core.errors import Conflict, Unauthorized


class SignatureWrong(Unauthorized):
    """The signature of a webhook is not that of these bytes by a secret of this source, or the
    moment that it signs is more than five minutes away."""

    code, title = "signature_wrong", "The signature does not fit the body"


class NothingToReplay(Conflict):
    """The message is waiting for its worker, or being worked."""

    code, title = "message_not_worked", "The message has not been worked yet"
