"""Money that a bank takes back after it had credited it. Never commits.

The credit is found by the bank's reference, the end-to-end id or the payer's reference, and only when it
is the only one of its amount. What is still free of it is taken off the account that it was credited
to, and the collection expects it again; what was paid out meanwhile the payer owes, and is asked for by
a collection of its own. Money that two people have assigned from suspense is taken off where they have
assigned it to; what they have sent back to its sender is left to people, as it may have gone twice.
"""

from collections.abc import Sequence
from typing import Any

from sqlmodel import Session, col, select

from api.payments import references
from api.payments.models import BankEntry, Collection, CollectionReceipt, SuspenseItem
from api.payments.service import collection_reversals, entry_outcomes, posting, suspense
from api.payments.service.entry_outcomes import ACTOR, Became
from api.payments.service.posting import Posting
from api.rules.bank_statements import EntryOutcome
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.rails import SuspenseStatus

_CREDITED = (
    EntryOutcome.RECEIVED,
    EntryOutcome.RECEIVED_PART,
    EntryOutcome.RECEIVED_TOO_MUCH,
    EntryOutcome.SUSPENSE,
)


def take_back(session: Session, entry: BankEntry) -> Became:
    """Book a debit by which the bank takes a credit back; what cannot be told is left to people."""
    found = _credits(session, entry)
    if len(found) != 1:
        reason = "several_credits" if found else "unknown_credit"
        return Became(EntryOutcome.UNMATCHED, reason)
    (credit,) = found
    booked = _booked(session, entry_outcomes.key(credit))
    items = [each for each, _ in booked if each is not None]
    if items and items[-1].status is SuspenseStatus.RETURNED:
        return Became(EntryOutcome.UNMATCHED, "suspense_decided", None, None, items[-1].id)
    told = entry_outcomes.details(entry, entry.end_to_end_id or entry.reference)
    reversal = f"reversal:{entry_outcomes.key(entry)}"
    for number, (item, receipt) in enumerate(booked):
        own = f"{reversal}:{number}" if number else reversal
        if item is not None and item.status is not SuspenseStatus.ASSIGNED:
            _from_suspense(session, entry, item, own, told)
        if receipt is not None and receipt.applied_amount:
            collection_reversals.reverse(
                session,
                receipt,
                clearing=entry_outcomes.clearing(entry),
                external_id=own,
                reason=entry.return_reason,
                details=told,
                actor=ACTOR,
            )
    return Became(
        EntryOutcome.REVERSED,
        entry.return_reason,
        next((each.collection_id for _, each in booked if each is not None), None),
        None,
        items[-1].id if items else None,
        credit.id,
    )


def _booked(
    session: Session, key: str
) -> list[tuple[SuspenseItem | None, CollectionReceipt | None]]:
    """What became of a credit: what lies in suspense of it and what a collection took; and the same
    again for what two people have assigned from suspense to another collection."""
    found = []
    told: str | None = key
    while told is not None:
        laid_aside = select(SuspenseItem).where(SuspenseItem.external_id == told)
        item = session.exec(laid_aside.with_for_update()).one_or_none()
        received = select(CollectionReceipt).where(CollectionReceipt.external_id == told)
        found.append((item, session.exec(received).one_or_none()))
        assigned = item is not None and item.status is SuspenseStatus.ASSIGNED
        told = f"suspense:{item.id.hex}" if item is not None and assigned else None
    return found


def _from_suspense(
    session: Session, entry: BankEntry, item: SuspenseItem, key: str, details: dict[str, Any]
) -> None:
    suspense.take_back(session, item, actor=ACTOR)
    posting.post(
        session,
        Posting(
            key=f"{key}:suspense",
            kind="suspense.reversed",
            entries=transfer(
                AccountKey(AccountKind.SUSPENSE, item.currency),
                entry_outcomes.clearing(entry),
                item.amount,
            ),
            actor=ACTOR,
            resource_id=item.id,
            details=details,
        ),
    )


def _credits(session: Session, entry: BankEntry) -> Sequence[BankEntry]:
    """The credits of the same amount that the entry may mean, by the surest word that names any."""
    written = references.found_in(entry.end_to_end_id, *entry.texts)
    named: list[Any] = []
    if entry.reference:
        named.append(BankEntry.reference == entry.reference)
    if entry.end_to_end_id:
        named.append(BankEntry.end_to_end_id == entry.end_to_end_id)
    if written:
        ids = select(Collection.id).where(col(Collection.reference).in_(written))
        named.append(col(BankEntry.collection_id).in_(ids))
    reversed_before = select(BankEntry.reverses_id).where(col(BankEntry.reverses_id).is_not(None))
    for condition in named:
        found = session.exec(
            select(BankEntry)
            .where(BankEntry.platform_account_id == entry.platform_account_id)
            .where(BankEntry.currency == entry.currency, BankEntry.amount == -entry.amount)
            .where(col(BankEntry.outcome).in_(_CREDITED), condition)
            .where(col(BankEntry.id).not_in(reversed_before))
            .order_by(col(BankEntry.id))
        ).all()
        if found:
            return found
    return ()
