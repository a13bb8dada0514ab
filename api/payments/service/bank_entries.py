"""What becomes of an entry of a bank's statement. Never commits.

Money that comes is a collection's by the reference that the payer wrote, or nobody's yet; money that
goes is a payment order's by its end-to-end id, or a credit that the bank takes back. What fits nothing is never booked by guess: credits wait
in suspense, debits are left to people.
"""

import re
from uuid import UUID

from sqlmodel import Session, col, select

from api.core.errors import Problem
from api.payments import references
from api.payments.models import BankEntry, Collection, PaymentOrder, SuspenseItem
from api.payments.service import (
    collections,
    credit_reversals,
    entry_outcomes,
    orders,
    posting,
    suspense,
)
from api.payments.service.entry_outcomes import ACTOR, Became
from api.payments.service.posting import Posting
from api.rules.bank_statements import BankEntryKind, EntryOutcome
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.rails import OrderStatus, RailName

_ID = re.compile(r"(?<![0-9A-Z])[0-9A-Z]{16}(?![0-9A-Z])")
_UNDER_WAY = (OrderStatus.SENT, OrderStatus.SETTLED)


def book(session: Session, entry: BankEntry) -> EntryOutcome:
    """Book an entry that nobody has worked yet. What the ledger refuses is left to people."""
    try:
        with session.begin_nested():
            became = _credit(session, entry) if entry.amount > 0 else _debit(session, entry)
    except Problem as problem:
        became = Became(EntryOutcome.UNMATCHED, problem.code)
    entry.outcome, entry.reason = became.outcome, became.reason
    entry.collection_id, entry.order_id = became.collection, became.order
    entry.suspense_item_id, entry.reverses_id = became.item, became.reverses
    session.add(entry)
    session.flush()
    return became.outcome


def _credit(session: Session, entry: BankEntry) -> Became:
    order = _order(session, entry)
    if order is not None:
        return _came_back(session, entry, order)
    written = references.found_in(entry.end_to_end_id, *entry.texts)
    query = select(Collection).where(col(Collection.reference).in_(written))
    found = session.exec(query.order_by(col(Collection.id))).all() if written else []
    if len(found) == 1:
        return _receive(session, entry, found[0])
    return _lay_aside(session, entry, "several_references" if found else "unknown_reference")


def _receive(session: Session, entry: BankEntry, collection: Collection) -> Became:
    key = entry_outcomes.key(entry)
    receipt = collections.receive(
        session,
        collection,
        amount=entry.amount,
        currency=entry.currency,
        clearing=entry_outcomes.clearing(entry),
        external_id=key,
        actor=ACTOR,
        payer=entry.counterparty,
        details=entry_outcomes.details(entry, collection.reference),
    )
    item = _item(session, key)
    if not receipt.applied_amount:
        assert item is not None, "what was not applied is in suspense"
        return Became(EntryOutcome.SUSPENSE, item.reason, collection.id, None, item.id)
    if item is not None:
        return Became(EntryOutcome.RECEIVED_TOO_MUCH, item.reason, collection.id, None, item.id)
    left = collections.outstanding(collections.locked(session, collection.id))
    outcome = EntryOutcome.RECEIVED_PART if left else EntryOutcome.RECEIVED
    return Became(outcome, None, collection.id)


def _came_back(session: Session, entry: BankEntry, order: PaymentOrder) -> Became:
    """A payment of ours, less what banks kept."""
    order = orders.locked(session, order.id)
    fee = order.amount - entry.amount
    if order.status not in _UNDER_WAY or order.currency != entry.currency or fee < 0:
        return _lay_aside(session, entry, "return_unexpected", order.id)
    # That it comes back says that it went: its debit may be told by a later statement.
    orders.settled(session, order, actor=ACTOR)
    orders.returned(
        session,
        order,
        reason=entry.return_reason or "returned",
        actor=ACTOR,
        fee=fee,
        details=entry_outcomes.details(entry, order.end_to_end_id),
    )
    return Became(EntryOutcome.RETURNED, entry.return_reason, None, order.id)


def _lay_aside(
    session: Session, entry: BankEntry, reason: str, order_id: UUID | None = None
) -> Became:
    item = suspense.receive(
        session,
        external_id=entry_outcomes.key(entry),
        amount=entry.amount,
        currency=entry.currency,
        clearing=entry_outcomes.clearing(entry),
        reason=reason,
        actor=ACTOR,
        payer=entry.counterparty,
        reference=" ".join([entry.end_to_end_id or "", *entry.texts]).strip() or None,
        details=entry_outcomes.details(entry, entry.end_to_end_id),
    )
    return Became(EntryOutcome.SUSPENSE, reason, None, order_id, item.id)


def _debit(session: Session, entry: BankEntry) -> Became:
    if entry.kind is BankEntryKind.CHARGE:
        fees = AccountKey(AccountKind.PROVIDER_FEES, entry.currency)
        charged = Posting(
            key=f"bank_charge:{entry_outcomes.key(entry)}",
            kind="bank.charged",
            entries=transfer(fees, entry_outcomes.clearing(entry), -entry.amount),
            actor=ACTOR,
            details=entry_outcomes.details(entry, entry.reference),
        )
        posting.post(session, charged)
        return Became(EntryOutcome.CHARGED)
    if entry.kind is BankEntryKind.REVERSAL:
        return credit_reversals.take_back(session, entry)
    order = _order(session, entry)
    if order is None:
        return Became(EntryOutcome.UNMATCHED, "unknown_order")
    order = orders.locked(session, order.id)
    if order.currency != entry.currency or order.amount != -entry.amount:
        return Became(EntryOutcome.UNMATCHED, "amount_differs", None, order.id)
    if order.status is OrderStatus.FAILED:
        return Became(EntryOutcome.UNMATCHED, "rejected_before", None, order.id)
    if _paid_before(session, order):
        return Became(EntryOutcome.UNMATCHED, "paid_twice", None, order.id)
    if order.status is not OrderStatus.RETURNED:
        details = entry_outcomes.details(entry, order.end_to_end_id)
        orders.settled(session, order, actor=ACTOR, details=details)
    return Became(EntryOutcome.SETTLED, None, None, order.id)


def _order(session: Session, entry: BankEntry) -> PaymentOrder | None:
    """The payment order that the entry names by its end-to-end id, alone or among other words."""
    told = [entry.end_to_end_id or "", *entry.texts]
    ids = {found for text in told for found in _ID.findall(text.upper())}
    query = (
        select(PaymentOrder)
        .where(col(PaymentOrder.end_to_end_id).in_(ids))
        .where(PaymentOrder.rail == RailName.BANK_TRANSFER)
    )
    found = session.exec(query).all() if ids else []
    return found[0] if len(found) == 1 else None


def _paid_before(session: Session, order: PaymentOrder) -> bool:
    query = select(BankEntry.id).where(
        BankEntry.order_id == order.id, BankEntry.outcome == EntryOutcome.SETTLED
    )
    return session.exec(query).first() is not None


def _item(session: Session, key: str) -> SuspenseItem | None:
    query = select(SuspenseItem).where(SuspenseItem.external_id == key)
    return session.exec(query).one_or_none()
