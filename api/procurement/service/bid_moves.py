"""The one place that writes the status of bids, with the audit entry and the event."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from api.core import audit, outbox
from api.core.audit import Change
from api.core.errors import Conflict
from api.core.outbox import Event
from api.procurement.models import Bid
from api.rules.bids import BID, STATUS_OF
from api.rules.states import IllegalTransition

EVENTS = {
    "submit": "bid.submitted",
    "replace": "bid.replaced",
    "require_confirmation": "bid.needs_confirmation",
    "confirm": "bid.confirmed",
    "withdraw": "bid.withdrawn",
    "lapse": "bid.lapsed",
    "open_technical": "bid.technical_opened",
    "open": "bid.opened",
    "validate": "bid.validated",
    "disqualify": "bid.disqualified",
}


def move(
    session: Session,
    bids: Sequence[Bid],
    action: str,
    *,
    actor: str,
    changes: Mapping[UUID, dict[str, Any]] | None = None,
) -> None:
    """Take an action with bids whose rows are locked; `changes` are what the audit trail tells.

    Raises Conflict when it is not allowed at the stage of one of them.
    """
    for bid in bids:
        try:
            bid.status_details = BID.apply(action, bid.status_details)
        except IllegalTransition as error:
            raise Conflict(str(error)) from error
        bid.status = STATUS_OF[bid.status_details]
        bid.version += 1
        session.add(bid)
    record(session, bids, action, actor=actor, changes=changes)


def record(
    session: Session,
    bids: Sequence[Bid],
    action: str,
    *,
    actor: str,
    changes: Mapping[UUID, dict[str, Any]] | None = None,
) -> None:
    """The audit entries and events of an action; they are the supplier's, as the bid is."""
    told = changes or {}
    entries = [
        Change(stream(bid.id), action, told.get(bid.id, {}), bid.supplier_id) for bid in bids
    ]
    audit.record_all(session, entries, actor=actor, org_id=None)
    events = [
        Event(
            EVENTS[action],
            bid.id,
            {"tender_id": bid.tender_id.hex, "version": bid.version},
            bid.supplier_id,
        )
        for bid in bids
    ]
    outbox.emit_all(session, events, org_id=None)


def stream(bid_id: UUID) -> str:
    """The name of a bid's audit stream."""
    return f"bid:{bid_id.hex}"
