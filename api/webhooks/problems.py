"""What can be wrong with a request about webhooks."""

from api.core.errors import Conflict, Invalid


class UrlNotCalled(Invalid):
    """The URL is not one that we call: https, port 443, a public host, no credentials, no fragment."""

    code, title = "url_not_called", "This URL is not called"


class EndpointState(Conflict):
    """The endpoint's status does not allow this."""

    code, title = "endpoint_state", "The endpoint's status does not allow this"


class EndpointCoolingDown(Conflict):
    """An endpoint that was disabled for its failures is not enabled again at once; see Retry-After."""

    code, title = "endpoint_cooling_down", "The endpoint was disabled a moment ago"


class DeliveryState(Conflict):
    """The delivery's status does not allow this."""

    code, title = "delivery_state", "The delivery's status does not allow this"


class ContentGone(Conflict):
    """The content of the message was expunged or is older than its retention."""

    code, title = "content_gone", "The content of this message is no longer there"


class ReplayRunning(Conflict):
    """A recovery or replay of this endpoint has not ended yet."""

    code, title = "replay_running", "Another recovery or replay of this endpoint is running"
