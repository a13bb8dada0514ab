"""Authorisations of cards that secure something: charged or given up, once, whatever happens to the
answer; what became of them is told by the payment itself."""

from uuid import UUID

from sqlmodel import Session, select

from api.core import db
from api.payments.models import Collection, StripeObject
from api.payments.rails import RailRefused
from api.payments.service import security_cards
from api.payments.stripe_rail import client, provider
from api.rules.rails import RailName
from api.rules.stripe_events import AUTHORISED, StripeKind


def capture(security_id: UUID) -> None:
    """Charge the card of a security that is to be kept. Raises RailUnavailable."""
    with db.worker_unit_of_work() as session:
        _, payment = _found(session, security_cards.chargeable(session, security_id))
    if payment is None:
        return
    try:
        with client.calls():
            key = f"security:{security_id}:capture"
            client.get().v1.payment_intents.capture(payment, {}, {"idempotency_key": key})
    except RailRefused:
        pass  # charged or over already, as folding shows
    _fold(payment)


def void(security_id: UUID) -> None:
    """Give up the authorisation of a security that goes back; where none was made, let none be made
    any more. Raises RailUnavailable."""
    with db.worker_unit_of_work() as session:
        page, payment = _found(session, security_cards.voidable(session, security_id))
    if page is None:
        return
    try:
        with client.calls():
            api = client.get()
            if payment is None:
                api.v1.checkout.sessions.expire(page)
            else:
                api.v1.payment_intents.cancel(payment)
    except RailRefused:
        pass  # over already, as folding shows
    if payment is not None:
        _fold(payment)


def _fold(payment: str) -> None:
    with db.worker_unit_of_work() as session:
        provider.fold(session, StripeKind.PAYMENT, payment)


def _found(session: Session, collection_id: UUID | None) -> tuple[str | None, str | None]:
    """The page of a collection at Stripe, and its payment while it is authorised."""
    collection = session.get(Collection, collection_id) if collection_id else None
    if collection is None or collection.rail is not RailName.STRIPE:
        return None, None
    query = select(StripeObject.external_id).where(
        StripeObject.collection_id == collection.id, StripeObject.status == AUTHORISED
    )
    return collection.provider_id, session.exec(query).one_or_none()
