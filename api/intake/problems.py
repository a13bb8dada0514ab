"""Why a webhook is not taken in, as problems with stable codes."""

from api.core.errors import Conflict, Problem, Unauthorized


class SignatureWrong(Unauthorized):
    """The signature of a webhook is not that of these bytes by a secret of this source, or the
    moment that it signs is more than five minutes away."""

    code, title = "signature_wrong", "The signature does not fit the body"


class NothingToReplay(Conflict):
    """The message is waiting for its worker, or being worked."""

    code, title = "message_not_worked", "The message has not been worked yet"


class ContentDeleted(Problem):
    """The message was worked long ago, and its bytes are not kept any more; their SHA-256 is."""

    status, code, title = 410, "content_deleted", "The content is not kept any more"
