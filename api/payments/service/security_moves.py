"""The one place that writes the status of securities, with the audit entry and the event."""

from typing import Any

from sqlmodel import Session, select

from api.core import audit
from api.core.errors import Conflict
from api.core.outbox import emit
from api.payments.models import Security
from api.procurement.models import Bid
from api.rules.securities import SECURITY
from api.rules.states import IllegalTransition

_EVENTS = {
    "request": "requested",
    "receive": "received",
    "hold": "held",
    "lose": "requested",
    "cancel": "cancelled",
    "begin_return": "return_begun",
    "complete_return": "returned",
    "come_back": "return_begun",
    "fail_return": "return_failed",
    "forfeit": "forfeited",
    "charge_back": "charged_back",
    "schedule_return": "return_scheduled",
}


def move(session: Session, security: Security, action: str, actor: str, **told: Any) -> None:
    """Take an action with a security whose row is locked. Raises Conflict."""
    try:
        security.status = SECURITY.apply(action, security.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    log(session, security, action, actor, **told)


def log(session: Session, security: Security, action: str, actor: str, **told: Any) -> None:
    """The audit entry and the event; neither names the bid, and the beneficiary is told once the
    bid is opened, not before."""
    security.version += 1
    session.add(security)
    session.flush()
    audit.record(
        session,
        f"security:{security.id.hex}",
        action,
        actor=actor,
        org_id=security.payer_id,
        change={"status": security.status, **told},
    )
    if action in _EVENTS:
        emit(
            session,
            f"security.{_EVENTS[action]}",
            security.id,
            org_id=security.payer_id,
            also=[security.beneficiary_id] if disclosed(session, security) else [],
            kind=security.kind,
            rail=security.rail,
            status=security.status,
            version=security.version,
        )


def disclosed(session: Session, security: Security) -> bool:
    """True once the beneficiary may know of it: the bid is opened, or it is of a contract."""
    if security.bid_id is None:
        return True
    opened = select(Bid.opened_at).where(Bid.id == security.bid_id)
    return session.exec(opened).one_or_none() is not None
