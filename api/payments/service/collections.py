"""Money that is expected, and comes. Never commits."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session

from api.core.outbox import emit
from api.payments.models import Collection
from api.payments.service import posting
from api.payments.service.accounts import Parties
from api.payments.service.posting import Posting
from api.rules.ledger import AccountKey, transfer
from api.rules.rails import CollectionStatus, Purpose, RailName


def request(
    session: Session,
    *,
    payer_id: UUID,
    purpose: Purpose,
    resource_id: UUID,
    amount: Decimal,
    currency: str,
    rail: RailName,
    credit: AccountKey,
    parties: Parties,
    due_at: datetime,
    actor: str,
) -> Collection:
    """Ask for money."""
    found = Collection(
        payer_id=payer_id,
        purpose=purpose,
        resource_id=resource_id,
        rail=rail,
        currency=currency,
        amount=amount,
        reference="",
        credit_kind=credit.kind,
        credit_reference=credit.reference,
        due_at=due_at,
    )
    found.reference = found.id.hex
    session.add(found)
    session.flush()
    return found


def receive(
    session: Session,
    collection: Collection,
    *,
    amount: Decimal,
    currency: str,
    clearing: AccountKey,
    external_id: str,
    actor: str,
    fee: Decimal = Decimal(),
) -> Collection:
    """Book money that has come."""
    credit = AccountKey(collection.credit_kind, currency, collection.credit_reference)
    told = Posting(
        key=f"receive:{external_id}",
        kind="collection.received",
        entries=transfer(clearing, credit, amount),
        actor=actor,
        resource_id=collection.id,
    )
    parties = {credit.reference: [collection.payer_id]} if credit.reference else {}
    posting.post(session, told, parties)
    collection.received_amount += amount
    collection.status = CollectionStatus.RECEIVED
    session.add(collection)
    session.flush()
    emit(session, "payment.received", collection.id, org_id=collection.payer_id)
    return collection
