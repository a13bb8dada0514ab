"""A product on a channel: what may happen to its listing, and what is to be done next.

A listing is steered by what is wanted (`ListingTarget`) and told by what the channel has said
(`ListingStatus`). `next_work` compares the two; whoever calls a channel does that one thing, notes
what came of it, and asks again. Three rules stand above all others: what may not be shown in the
market is neither sent nor left there; what may have been taken by the channel is looked up before
it is sent again; and of what the channel has, only the parts that differ are sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from api.rules.states import Machine


class ConnectionStatus(StrEnum):
    """Whether the channel lets us act for the seller."""

    AUTHORISING = "authorising"
    CONNECTED = "connected"
    UNAUTHORISED = "unauthorised"
    DISCONNECTED = "disconnected"

    @property
    def is_open(self) -> bool:
        """Whether the channel may be asked."""
        return self in {ConnectionStatus.AUTHORISING, ConnectionStatus.CONNECTED}


class ListingTarget(StrEnum):
    """What the seller wants."""

    LIVE = "live"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"


class ListingStatus(StrEnum):
    """What the channel has said; `pending` and `failed` are ours: not sent, and not answered."""

    PENDING = "pending"
    SUBMITTED = "submitted"
    LIVE = "live"
    REJECTED = "rejected"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class Part(StrEnum):
    """Parts of a listing that are compared, and sent, each for itself."""

    CONTENT = "content"
    PRICE = "price"
    STOCK = "stock"


class Work(StrEnum):
    """The next thing to be done for a listing. `refuse` and `lapse` call nobody."""

    NOTHING = "nothing"
    REFUSE = "refuse"
    LAPSE = "lapse"
    LOOK_UP = "look_up"
    ADD = "add"
    REVISE = "revise"
    PRICE = "price"
    STOCK = "stock"
    PAUSE = "pause"
    RESUME = "resume"
    WITHDRAW = "withdraw"
    ASK = "ask"


class OrderState(StrEnum):
    """What the field's order states come to; a code that nobody has mapped is `unknown`, and kept."""

    UNPAID = "unpaid"
    PAID = "paid"
    SHIPPED = "shipped"
    COMPLETED = "completed"
    CLOSED = "closed"
    DISPUTED = "disputed"
    UNKNOWN = "unknown"


_S = ListingStatus
_OPEN = frozenset({_S.PENDING, _S.FAILED})
_THERE = frozenset({_S.SUBMITTED, _S.LIVE, _S.PAUSED})
LISTING = Machine[ListingStatus](
    {
        "submit": (_OPEN | _THERE, _S.SUBMITTED),
        "go_live": (_OPEN | _THERE, _S.LIVE),
        "reject": (_OPEN | _THERE, _S.REJECTED),
        "fail": (_OPEN, _S.FAILED),
        "pause": (_THERE, _S.PAUSED),
        "withdraw": (_OPEN | _THERE | {_S.REJECTED}, _S.WITHDRAWN),
        "revise": (frozenset({_S.REJECTED, _S.WITHDRAWN, _S.FAILED}), _S.PENDING),
    }
)
CONNECTION = Machine[ConnectionStatus](
    {
        "authorise": (
            frozenset({ConnectionStatus.AUTHORISING, ConnectionStatus.UNAUTHORISED}),
            ConnectionStatus.CONNECTED,
        ),
        "lose": (
            frozenset({ConnectionStatus.AUTHORISING, ConnectionStatus.CONNECTED}),
            ConnectionStatus.UNAUTHORISED,
        ),
        "disconnect": (
            frozenset(ConnectionStatus) - {ConnectionStatus.DISCONNECTED},
            ConnectionStatus.DISCONNECTED,
        ),
        "authorise_again": (
            frozenset({ConnectionStatus.CONNECTED, ConnectionStatus.UNAUTHORISED}),
            ConnectionStatus.AUTHORISING,
        ),
    }
)
MOST_ATTEMPTS = 8
"""Tries of one piece of work before it is left to the seller."""
_FIRST_SECONDS, _MOST_SECONDS = 30.0, 6 * 3600.0
MOST_RETRY_AFTER = 24 * 3600
"""A channel that asks for more than a day of silence is asked again after a day."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A listing as it stands now.

    `known`: the channel has named it; `in_doubt`: it was sent, and nobody knows whether it arrived;
    `ready`: the market lets it be shown today; `changed`: parts unlike those that the channel has.
    """

    status: ListingStatus
    target: ListingTarget
    ready: bool
    known: bool = False
    in_doubt: bool = False
    changed: frozenset[Part] = frozenset()


def next_work(now: Standing) -> Work:
    """The one thing to be done next; `nothing` when the channel and the seller agree."""
    if now.status is _S.WITHDRAWN:
        return Work.NOTHING
    uncertain = now.in_doubt and not now.known
    if now.target is ListingTarget.WITHDRAWN:
        return Work.LOOK_UP if uncertain else Work.WITHDRAW
    if not now.ready:
        if now.known or now.in_doubt:
            return Work.LAPSE
        return Work.NOTHING if now.status is _S.REJECTED else Work.REFUSE
    if now.status is _S.REJECTED:
        return Work.NOTHING
    if uncertain:
        return Work.LOOK_UP
    if now.target is ListingTarget.PAUSED:
        return Work.PAUSE if now.status in {_S.SUBMITTED, _S.LIVE} else Work.NOTHING
    if now.status in _OPEN:
        return Work.REVISE if now.known else Work.ADD
    if Part.CONTENT in now.changed:
        return Work.REVISE
    if Part.PRICE in now.changed:
        return Work.PRICE
    if Part.STOCK in now.changed:
        return Work.STOCK
    if now.status is _S.PAUSED:
        return Work.RESUME
    return Work.ASK if now.status is _S.SUBMITTED else Work.NOTHING


def changed(now: Mapping[str, object], sent: Mapping[str, object] | None) -> frozenset[Part]:
    """The parts of a listing that are not as the channel has them; all, of what it never had."""
    before = sent or {}
    return frozenset(part for part in Part if now.get(part.value) != before.get(part.value))


def wait_seconds(attempts: int, *, jitter: float, retry_after: float | None) -> float:
    """Until the next try: what the channel has asked for, or 15..30 s, 30..60 s … 3..6 h.

    `attempts` counts the failed tries so far (>= 1), `jitter` is uniform in [0, 1). Never sooner
    than the channel has asked. Source of the latter: RFC 9110, section 10.2.3 (Retry-After).
    """
    longest = min(_MOST_SECONDS, _FIRST_SECONDS * 2.0 ** (min(attempts, 30) - 1))
    own = longest / 2 * (1 + jitter)
    asked = min(max(retry_after or 0.0, 0.0), float(MOST_RETRY_AFTER))
    return max(own, asked)


def supersedes(stored_at: datetime | None, told_at: datetime | None) -> bool:
    """Whether what was told of an order or inquiry is newer than what is stored.

    Tellings come in any order; one without a moment only fills what is empty.
    """
    if stored_at is None:
        return True
    return told_at is not None and told_at > stored_at
