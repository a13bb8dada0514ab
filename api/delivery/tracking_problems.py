"""Why what is told of a shipment is refused, as problems with stable codes."""

from api.core.errors import Conflict, Invalid


class EventIdTaken(Conflict):
    """The source has told another event under this id: events are never altered. Retract it by
    an event that names it in `retracts_event_id`, and tell the right one under a new id."""

    code, title = "event_id_taken", "Another event has this id"


class EventInFuture(Invalid):
    """What has not happened cannot be actual (ACT): it is planned (PLN) or estimated (EST)."""

    code, title = "event_in_future", "The event lies in the future"


class FileUnreadable(Invalid):
    """The file as a whole cannot be read; `errors` says why."""

    code, title = "file_unreadable", "The file cannot be read"


class SourceNotOfFormat(Conflict):
    """The source speaks another format, or sends by webhook what is told here."""

    code, title = "source_of_other_kind", "The source is of another kind"
