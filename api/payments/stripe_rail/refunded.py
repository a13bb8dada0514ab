"""Refunds that somebody made in Stripe's dashboard: the ledger follows, and so do the debts.

What was released already is gone twice by one: it is the seller's debt, and is taken back from its
balance (losses) like a dispute's that was lost.
"""

from uuid import UUID

from sqlmodel import Session

from api.core import jobs
from api.payments.models import Collection, StripeObject, StripeReturn
from api.payments.stripe_rail import liability
from api.payments.stripe_rail.objects import clearing
from api.rules.ledger import AccountKey
from api.rules.stripe_events import CAME_TO_NOTHING, ReturnStatus

TAKE_BACK = "payments.take_back_refund"
_TAKEN_BACK = "refunded:"


def book(
    session: Session, collection: Collection, part: StripeReturn, before: ReturnStatus
) -> None:
    """Book a refund that nobody asked for here, as it has become; its payment's row is locked."""
    key = loss_key(part)
    if part.status is ReturnStatus.SUCCEEDED:
        liability.take(
            session,
            collection,
            part.amount,
            clearing(part.currency),
            key=key,
            external_id=part.external_id,
        )
        if liability.contract_of(session, collection) and liability.debt(session, key):
            jobs.enqueue(session, TAKE_BACK, {"resource_id": part.id.hex})
    elif part.status in CAME_TO_NOTHING and before is ReturnStatus.SUCCEEDED:
        prefix = taken_back_prefix(part)
        liability.owe_again(session, collection, prefix=prefix, key=key, resource_id=part.id)
        liability.give_back(session, key)


def loss_key(part: StripeReturn) -> str:
    """What a refund is known by in the ledger."""
    assert part.external_id is not None, "Stripe told of it"
    return f"stripe:refund:{part.external_id}"


def taken_back_prefix(part: StripeReturn) -> str:
    """How the keys of reversals begin that are made for a refund."""
    return f"{_TAKEN_BACK}{part.id.hex}:"


def owed_by(session: Session, key: str) -> AccountKey | None:
    """What money that was taken back under a key makes less: the seller's debt, or, where the
    refund came to nothing after all, nothing, and it is owed to the seller. None for what no refund
    asked for."""
    if not key.startswith(_TAKEN_BACK):
        return None
    part = session.get_one(
        StripeReturn, UUID(hex=key.split(":")[1]), with_for_update=True, populate_existing=True
    )
    root = session.get_one(StripeObject, part.object_id)
    collection = session.get_one(Collection, root.collection_id)
    stands = part.status is ReturnStatus.SUCCEEDED
    return liability.made_less(session, collection, stands=stands)
