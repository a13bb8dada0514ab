"""Securities by card: the card is authorised, which holds the amount for some days, and charged only
once it is decided to keep the security. Never commits; for the workers."""

from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col

from api.core import jobs
from api.payments.models import Collection, Security
from api.payments.service import (
    collections,
    securities,
    security_money,
    security_moves,
    security_queries,
)
from api.payments.service.securities import SYSTEM
from api.procurement.models import Tender
from api.rules.rails import CollectionStatus
from api.rules.securities import ReturnCause, SecurityStatus

VOID = "payments.void_authorisation"
CAPTURE = "payments.capture_authorisation"


def authorised(session: Session, collection: Collection, *, at: datetime, until: datetime) -> None:
    """The card of a security was authorised: it is held, unless the card's bank lets go of the amount
    too early, or nobody expects it any more. Told again, nothing."""
    security = _locked(session, collection)
    if security is None or security.authorised_until is not None:
        return
    security.authorised_until = until
    fits = security.needed_until is None or until >= security.needed_until
    if security.status is SecurityStatus.REQUESTED and fits:
        tender = session.get_one(Tender, security.tender_id)
        securities.receive(session, tender, security, actor=SYSTEM, at=at)
        securities.hold(session, security, actor=SYSTEM)
    elif security.status is SecurityStatus.REQUESTED:
        collections.cancel(session, collection, actor=SYSTEM)
        told = {"reason": "authorisation_too_short"}
        security_moves.move(session, security, "cancel", SYSTEM, **told)
    else:
        jobs.enqueue(session, VOID, {"resource_id": security.id.hex})


def lapsed(session: Session, collection: Collection) -> None:
    """The authorisation is over, by us or by the card's bank, and nothing was charged: what was held
    is with its payer again. Told again, nothing."""
    security = _locked(session, collection)
    if security is None or security.received_amount:
        return
    if collection.status is CollectionStatus.REQUESTED:
        collections.cancel(session, collection, actor=SYSTEM)
    if security.status is SecurityStatus.REQUESTED:
        security_moves.move(session, security, "cancel", SYSTEM)
        return
    if security.status is SecurityStatus.HELD:
        security.return_cause = ReturnCause.VALIDITY_ENDED
        security.return_due_at = security.authorised_until
        security_moves.move(session, security, "begin_return", SYSTEM)
    if security.status is SecurityStatus.RETURNING:
        security_money.returned(session, security)


def chargeable(session: Session, security_id: UUID) -> UUID | None:
    """The collection whose authorisation is to be charged, because it is decided to keep the security;
    None when there is nothing to charge."""
    found = session.get(Security, security_id)
    if found is None or found.authorised_until is None or found.received_amount:
        return None
    return found.collection_id if found.status is SecurityStatus.HELD else None


def voidable(session: Session, security_id: UUID) -> UUID | None:
    """The collection whose authorisation is to be given up, or not to be made any more; None when it
    holds still, or was charged."""
    found = session.get(Security, security_id)
    over = (SecurityStatus.RETURNING, SecurityStatus.CANCELLED)
    if found is None or found.received_amount or found.status not in over:
        return None
    return found.collection_id


def _locked(session: Session, collection: Collection) -> Security | None:
    return security_queries.locked(session, col(Security.collection_id) == collection.id)
