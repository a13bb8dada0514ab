"""Money of a collection that its rail has taken back. Never commits.

What came is never altered: a reversal stands beside its receipt. As much as is free is taken off the
account that the collection credits, and is expected again; the rest was paid out, is a debt of the
payer, and a collection of its own asks for it.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlmodel import Session, select

from api.payments.models import CollectionReceipt, CollectionReversal, LedgerAccount
from api.payments.service import collections, posting
from api.payments.service.posting import Posting
from api.rules.ledger import CHART, AccountKey, AccountKind, Entry, Side


def reverse(
    session: Session,
    receipt: CollectionReceipt,
    *,
    clearing: AccountKey,
    external_id: str,
    reason: str | None,
    actor: str,
    details: Mapping[str, Any],
) -> CollectionReversal:
    """Take back what a receipt brought for its collection, once; told again, the first time's.

    Raises as posting.post.
    """
    collection = collections.locked(session, receipt.collection_id)
    known = select(CollectionReversal).where(CollectionReversal.receipt_id == receipt.id)
    if (found := session.exec(known).one_or_none()) is not None:
        return found
    credit = AccountKey(collection.credit_kind, collection.currency, collection.credit_reference)
    taken = min(receipt.applied_amount, _free(session, credit))
    owed = receipt.applied_amount - taken
    payer = collection.payer_id
    debt = AccountKey(AccountKind.BUYER_RECEIVABLE, collection.currency, payer)
    entries = [
        Entry(credit, taken),
        Entry(debt, owed),
        Entry(clearing, -receipt.applied_amount),
    ]
    parties = {credit.reference: collection.parties} if credit.reference else {}
    booked = posting.post(
        session,
        Posting(
            key=external_id,
            kind="payment.reversed",
            entries=[each for each in entries if each.amount],
            actor=actor,
            resource_id=collection.id,
            details=dict(details),
        ),
        {**parties, payer: [payer]},
    )
    asked = None
    if owed:
        asked = collections.request(
            session,
            payer_id=payer,
            purpose=collection.purpose,
            resource_id=collection.resource_id,
            amount=owed,
            currency=collection.currency,
            rail=collection.rail,
            credit=debt,
            parties={payer: [payer]},
            due_at=None,
            actor=actor,
            sequence=f"reversal:{receipt.id.hex}",
        )
    made = CollectionReversal(
        collection_id=collection.id,
        receipt_id=receipt.id,
        currency=collection.currency,
        taken_amount=taken,
        owed_amount=owed,
        reason=reason,
        transaction_id=booked.id,
        asked_by_id=asked.id if asked else None,
    )
    session.add(made)
    session.flush()
    collections.taken_back(session, collection, taken, external_id=external_id, actor=actor)
    return made


def _free(session: Session, key: AccountKey) -> Decimal:
    """What can be debited; a claim, or an account that may be overdrawn, has no end."""
    nature = CHART[key.kind]
    if not nature.no_overdraft or nature.normal is Side.DEBIT:
        return Decimal("Infinity")
    row = session.exec(
        select(LedgerAccount)
        .where(LedgerAccount.kind == key.kind, LedgerAccount.currency == key.currency)
        .where(LedgerAccount.reference == key.reference)
        .execution_options(populate_existing=True)
    ).one_or_none()
    return max(Decimal(0), row.credits - row.debits - row.held) if row else Decimal(0)
