"""Money that is expected: asked for, received in parts, too much or too little. Never commits.

What comes is booked once for each id that the rail gave it. What a collection does not expect lies on
the suspense account, never on somebody's by guess.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select
from uuid_utils.compat import uuid7

from api.core import audit, db, jobs, pages, rows
from api.core.errors import Conflict, NotFound
from api.core.outbox import emit
from api.core.pages import PageQuery
from api.payments import references
from api.payments.models import Collection, CollectionReceipt
from api.payments.problems import CollectionOver
from api.payments.service import posting, suspense
from api.payments.service.accounts import Parties
from api.payments.service.posting import Posting
from api.rules.ledger import AccountKey, AccountKind, Entry
from api.rules.offers import plain
from api.rules.rails import COLLECTION, SECURITIES, CollectionStatus, Purpose, RailName
from api.rules.states import IllegalTransition

FOLLOW = "payments.follow_collection"


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
    due_at: datetime | None,
    actor: str,
    sequence: str = "1",
) -> Collection:
    """Expect `amount` for the account `credit`, which `parties` may read.

    Told again of the same purpose, resource and `sequence`, the collection of the first time.
    Raises Conflict when that was of another amount, currency, rail, payer or account.
    """
    key = f"{purpose}:{resource_id}:{sequence}"
    query = select(Collection).where(Collection.idempotency_key == key)
    known = session.exec(query).one_or_none()
    told = (payer_id, amount, currency, rail, credit.kind, credit.reference)
    if known is not None:
        if told != (
            known.payer_id,
            known.amount,
            known.currency,
            known.rail,
            known.credit_kind,
            known.credit_reference,
        ):
            raise Conflict(f"{key} was asked for otherwise.")
        return known
    id = uuid7()
    found = Collection(
        id=id,
        idempotency_key=key,
        payer_id=payer_id,
        purpose=purpose,
        resource_id=resource_id,
        rail=rail,
        currency=currency,
        amount=amount,
        reference=references.creditor_reference(id),
        credit_kind=credit.kind,
        credit_reference=credit.reference,
        parties=sorted(parties[credit.reference]) if credit.reference else [],
        due_at=due_at,
    )
    session.add(found)
    session.flush()
    _log(session, found, "request", "collection.requested", actor, {"amount": plain(amount)})
    return found


def get(session: Session, collection_id: UUID, *, org_id: UUID | None) -> Collection:
    """A collection that the organisation pays; of anybody, for the operator. NotFound."""
    query = select(Collection).where(Collection.id == collection_id)
    if org_id is not None:
        query = query.where(Collection.payer_id == org_id)
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def list_collections(
    session: Session, page: PageQuery, *, org_id: UUID | None, status: CollectionStatus | None
) -> tuple[Sequence[Collection], str | None]:
    """What is expected of the organisation, or of everybody, the newest first, and the next
    cursor."""
    query = select(Collection)
    if org_id is not None:
        query = query.where(Collection.payer_id == org_id)
    if status is not None:
        query = query.where(Collection.status == status)
    return pages.newest_first(
        session, query, Collection, page, scope=f"collections:{org_id}", filters={"status": status}
    )


def receipts(session: Session, collection: Collection) -> Sequence[CollectionReceipt]:
    """What came for a collection, in order."""
    query = select(CollectionReceipt).where(CollectionReceipt.collection_id == collection.id)
    return session.exec(query.order_by(col(CollectionReceipt.id))).all()


def locked(session: Session, collection_id: UUID) -> Collection:
    """A collection, its row locked. NotFound."""
    return rows.locked(session, Collection, collection_id)


def outstanding(collection: Collection) -> Decimal:
    """What is expected still; nothing of one that is over."""
    if "receive" not in COLLECTION.allowed(collection.status):
        return Decimal(0)
    return collection.amount - collection.received_amount


def receive(
    session: Session,
    collection: Collection,
    *,
    amount: Decimal,
    currency: str,
    clearing: AccountKey,
    external_id: str,
    actor: str,
    fee: Decimal = Decimal(0),
    payer: str | None = None,
    details: Mapping[str, Any] | None = None,
    held_in: AccountKind | None = None,
) -> CollectionReceipt:
    """Book `amount`, of which the rail kept `fee`, from `clearing` to the collection's account.

    What is more than expected, in another currency, or comes when nothing is expected any more, goes
    to suspense as an item of its own. Told again of the same `external_id`, the receipt of the first
    time. `details` is what the transaction says besides, and `held_in` where the money is that
    comes from suspense. Raises as posting.post.
    """
    collection = locked(session, collection.id)
    known = session.exec(
        select(CollectionReceipt).where(CollectionReceipt.external_id == external_id)
    ).one_or_none()
    if known is not None:
        return known
    fits = currency == collection.currency
    applied = min(amount, outstanding(collection)) if fits else Decimal(0)
    credit = AccountKey(collection.credit_kind, collection.currency, collection.credit_reference)
    entries = [
        Entry(clearing, amount - fee),
        Entry(AccountKey(AccountKind.PROVIDER_FEES, currency), fee),
        Entry(credit, -applied),
        Entry(AccountKey(AccountKind.SUSPENSE, currency), applied - amount),
    ]
    booked = posting.post(
        session,
        Posting(
            key=f"receipt:{external_id}",
            kind="payment.received",
            entries=[each for each in entries if each.amount],
            actor=actor,
            resource_id=collection.id,
            details=dict(details or {}),
        ),
        {credit.reference: collection.parties} if credit.reference else {},
    )
    receipt = CollectionReceipt(
        collection_id=collection.id,
        external_id=external_id,
        currency=currency,
        amount=amount,
        applied_amount=applied,
        fee=fee,
        received_at=db.now(session),
        transaction_id=booked.id,
    )
    session.add(receipt)
    if applied < amount:
        reason = "amount" if fits else "currency"
        if fits and not applied:
            reason = "nothing_expected"
        suspense.keep(
            session,
            external_id=external_id,
            currency=currency,
            amount=amount - applied,
            clearing=AccountKey(held_in or clearing.kind, currency),
            payer=payer,
            reference=collection.reference,
            reason=reason,
            collection_id=collection.id,
            actor=actor,
        )
    if applied:
        collection.received_amount += applied
        done = collection.received_amount == collection.amount
        told = {"amount": plain(applied), "external_id": external_id}
        _move(session, collection, "receive" if done else "receive_part", actor, told)
        _tell(session, collection, "payment.received", received=plain(applied))
    elif collection.purpose in SECURITIES:
        jobs.enqueue(session, FOLLOW, {"resource_id": collection.id.hex})
    session.flush()
    return receipt


def cancel(session: Session, collection: Collection, *, actor: str) -> None:
    """Expect it no more. Raises CollectionOver when part of it came, or it is over."""
    try:
        _move(session, locked(session, collection.id), "cancel", actor, {})
    except IllegalTransition as error:
        raise CollectionOver from error


def expect_less(session: Session, collection: Collection, amount: Decimal, *, actor: str) -> None:
    """So much of what is outstanding is settled otherwise. The collection is locked."""
    told = {"less": plain(amount)}
    if amount < outstanding(collection):
        collection.amount -= amount
        collection.version += 1
        session.add(collection)
        session.flush()
        _log(session, collection, "expect_less", "collection.changed", actor, told)
    elif collection.received_amount:
        collection.amount = collection.received_amount
        _move(session, collection, "receive", actor, told)
    else:
        _move(session, collection, "cancel", actor, told)


def refunded(session: Session, collection: Collection, *, actor: str) -> None:
    """All that came went back; told again, nothing. Raises CollectionOver when nothing came."""
    collection = locked(session, collection.id)
    if collection.status is CollectionStatus.REFUNDED:
        return
    try:
        _move(session, collection, "refund", actor, {})
    except IllegalTransition as error:
        raise CollectionOver from error


def taken_back(
    session: Session, collection: Collection, amount: Decimal, *, external_id: str, actor: str
) -> None:
    """The rail has taken back what had come, `amount` of which is expected again; what is owed besides
    is somebody else's to ask for. The collection is locked. Raises CollectionOver."""
    if amount:
        collection.received_amount -= amount
        action = "take_back_part" if collection.received_amount else "take_back"
        try:
            _move(session, collection, action, actor, {"amount": plain(amount)})
        except IllegalTransition as error:
            raise CollectionOver from error
    _tell(session, collection, "payment.reversed", reversed=plain(amount), external_id=external_id)


def _move(
    session: Session, collection: Collection, action: str, actor: str, change: Mapping[str, Any]
) -> None:
    """The one place that writes `collection.status`. Raises IllegalTransition."""
    collection.status = COLLECTION.apply(action, collection.status)
    collection.version += 1
    session.add(collection)
    session.flush()
    _log(session, collection, action, "collection.changed", actor, change)


def _log(
    session: Session,
    collection: Collection,
    action: str,
    event: str,
    actor: str,
    change: Mapping[str, Any],
) -> None:
    org_id = collection.payer_id
    stream = f"collection:{collection.id.hex}"
    audit.record(session, stream, action, actor=actor, org_id=org_id, change=dict(change))
    _tell(session, collection, event)


def _tell(session: Session, collection: Collection, event: str, **more: Any) -> None:
    emit(
        session,
        event,
        collection.id,
        org_id=collection.payer_id,
        purpose=collection.purpose,
        rail=collection.rail,
        status=collection.status,
        currency=collection.currency,
        amount=plain(collection.amount),
        received_amount=plain(collection.received_amount),
        **more,
    )
