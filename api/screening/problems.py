"""Why a list is not taken or a case not decided, as problems with stable codes."""

from api.core.errors import Conflict, Invalid


class WatchListUnreadable(Invalid):
    """The file is not what `format` says; nothing of it was taken."""

    code, title = "watch_list_unreadable", "The list cannot be read"


class WatchListShrank(Conflict):
    """The file lacks more than half of the entries that the list has: it may be cut short. Send it
    with `accept_removals=true` when it is meant so."""

    code, title = "watch_list_shrank", "The list would lose more than half of its entries"


class ClearedAlone(Conflict):
    """Who proposed the clearance of a case does not clear it: another person or program does."""

    code, title = "screening_four_eyes", "Somebody else must decide the clearance"


class ScreeningHolds(Conflict):
    """A case about this party, its bank or its goods is not cleared: nothing is paid until it is."""

    code, title = "screening_holds", "A screening case is open"
