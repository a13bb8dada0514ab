"""What a supplier came to owe of a contract after it was paid; for the workers, who hold the contract.
Never commits.

What was paid through Stripe is taken back there first, as far as the supplier's balance goes. Only
what is short of it becomes a receivable, which the supplier pays by a collection.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from decimal import Decimal

from sqlmodel import Session

from api.contracts import execution
from api.contracts.models import Contract
from api.core import db, jobs
from api.payments.models import Collection, PaymentRecovery
from api.payments.service import (
    collections,
    escrow,
    milestone_facts,
    milestones,
    posting,
    refunds,
)
from api.payments.service import milestone_payments as payments
from api.payments.service.accounts import Parties
from api.payments.service.posting import Posting
from api.payments.stripe_rail import recovery as reversals
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.offers import plain
from api.rules.payment_milestones import LIVE_MILESTONES, PaymentStatus
from api.rules.rails import Purpose, RailName

SYSTEM = milestones.SYSTEM
TERM = timedelta(days=30)
"""How long a supplier has to pay back what it came to owe, before the collection is overdue."""
_EVENTS = {
    "claim": "payment_recovery.claimed",
    "take_back": "payment_recovery.recovered",
    "recover": "payment_recovery.recovered",
}


def follow(session: Session, contract: Contract) -> None:
    """Enter what the supplier owes once nothing is left that it could be taken off; and what came of
    it."""
    every = refunds.list_recoveries(session, contract)
    live = any(
        each.status in LIVE_MILESTONES for each in milestones.list_milestones(session, contract)
    )
    own = payments.list_payments(session, contract)
    owed = _sum(each.amount for each in milestone_facts.owed(session, contract))
    netted = _sum(each.penalty for each in own if each.status is not PaymentStatus.CANCELLED)
    left = owed - netted - _sum(each.amount for each in every)
    if own and not live and left > 0:
        every = [*every, _enter(session, contract, left, number=len(every) + 1)]
    _count_elsewhere(session, contract, every)
    for each in every:
        if each.collection_id is None:
            _take_back(session, contract, each)
        else:
            _take_in(session, contract, each)


def _enter(
    session: Session, contract: Contract, amount: Decimal, *, number: int
) -> PaymentRecovery:
    found = PaymentRecovery(
        contract_id=contract.id,
        number=number,
        amount=amount,
        currency=contract.value_currency,
        claimed_at=db.now(session),
    )
    session.add(found)
    session.flush()
    _log(session, contract, found, "claim")
    if reversals.possible(session, contract.id):
        jobs.enqueue(session, reversals.TASK, {"resource_id": found.id.hex})
    else:
        found.taken_back = Decimal()
    return found


def _take_back(session: Session, contract: Contract, recovery: PaymentRecovery) -> None:
    """What Stripe has reversed is the buyer's, to be refunded; the rest is claimed. Nothing, while
    Stripe has not answered."""
    if recovery.taken_back is None:
        came = reversals.came(session, recovery)
        if came is None:
            return
        recovery.recovered = recovery.taken_back = recovery.reversed_elsewhere + came
        if came:
            recovery.version += 1
            session.add(recovery)
            _log(session, contract, recovery, "take_back")
    if recovery.amount > recovery.taken_back:
        _claim(session, contract, recovery, recovery.amount - recovery.taken_back)


def _count_elsewhere(
    session: Session, contract: Contract, every: Sequence[PaymentRecovery]
) -> None:
    """What was reversed in Stripe's dashboard is taken back too: it is the buyer's by the reversal,
    and no longer owed. Nothing, while Stripe is asked for the same."""
    counted = _sum(each.reversed_elsewhere for each in every)
    left = reversals.elsewhere(session, contract.id) - counted
    for each in every:
        session.refresh(each, with_for_update=True)
        if left <= 0 or (each.taken_back is None and reversals.asked(session, each)):
            continue
        come = min(left, each.amount - each.recovered)
        if each.collection_id is not None:
            come = _owed_no_more(session, contract, each, come)
        if come <= 0:
            continue
        each.reversed_elsewhere += come
        each.recovered += come
        if each.taken_back is not None:
            each.taken_back += come
        each.version += 1
        session.add(each)
        session.flush()
        _log(session, contract, each, "take_back")
        left -= come


def _owed_no_more(
    session: Session, contract: Contract, recovery: PaymentRecovery, amount: Decimal
) -> Decimal:
    """Of what the supplier was asked for, as much as it has not paid; that much."""
    assert recovery.collection_id is not None
    collection = collections.locked(session, recovery.collection_id)
    less = min(amount, collections.outstanding(collection))
    if less <= 0:
        return Decimal()
    told = Posting(
        key=f"recovery:{recovery.id.hex}:elsewhere:{plain(recovery.reversed_elsewhere + less)}",
        kind="payment_recovery.recovered",
        entries=transfer(_payable(contract), _receivable(contract), less),
        actor=SYSTEM,
        resource_id=recovery.id,
    )
    posting.post(session, told, _parties(contract))
    collections.expect_less(session, collection, less, actor=SYSTEM)
    return less


def _claim(
    session: Session, contract: Contract, recovery: PaymentRecovery, amount: Decimal
) -> None:
    """A receivable from the supplier, a payable to the buyer, and a way for the supplier to pay."""
    told = Posting(
        key=f"recovery:{recovery.id.hex}",
        kind="payment_recovery.claimed",
        entries=transfer(_receivable(contract), _payable(contract), amount),
        actor=SYSTEM,
        resource_id=recovery.id,
    )
    posting.post(session, told, _parties(contract))
    collection = collections.request(
        session,
        payer_id=contract.supplier_id,
        purpose=Purpose.REFUND,
        resource_id=recovery.id,
        amount=amount,
        currency=recovery.currency,
        rail=RailName.BANK_TRANSFER,
        credit=_receivable(contract),
        parties=_parties(contract),
        due_at=db.now(session) + TERM,
        actor=SYSTEM,
    )
    recovery.collection_id = collection.id
    session.add(recovery)
    session.flush()


def _take_in(session: Session, contract: Contract, recovery: PaymentRecovery) -> None:
    """What came from the supplier is the buyer's, to be refunded."""
    collection = session.get_one(Collection, recovery.collection_id, populate_existing=True)
    before = recovery.recovered - (recovery.taken_back or Decimal())
    come = min(collection.received_amount, collection.amount) - before
    if come <= 0:
        return
    told = Posting(
        key=f"recovered:{recovery.id.hex}:{plain(recovery.recovered + come)}",
        kind="payment_recovery.recovered",
        entries=transfer(_payable(contract), escrow.account(contract), come),
        actor=SYSTEM,
        resource_id=recovery.id,
    )
    posting.post(session, told, {**_parties(contract), **escrow.parties(contract)})
    recovery.recovered += come
    recovery.version += 1
    session.add(recovery)
    _log(session, contract, recovery, "recover")


def _log(session: Session, contract: Contract, recovery: PaymentRecovery, action: str) -> None:
    change = {
        "number": recovery.number,
        "amount": plain(recovery.amount),
        "recovered": plain(recovery.recovered),
        "currency": recovery.currency,
    }
    name, event = f"{action}_payment_recovery", _EVENTS[action]
    execution.record(session, contract, name, SYSTEM, change, event=event, resource=recovery.id)


def _receivable(contract: Contract) -> AccountKey:
    return AccountKey(
        AccountKind.SUPPLIER_RECEIVABLE, contract.value_currency, contract.supplier_id
    )


def _payable(contract: Contract) -> AccountKey:
    return AccountKey(AccountKind.BUYER_PAYABLE, contract.value_currency, contract.buyer_id)


def _parties(contract: Contract) -> Parties:
    """Each side reads its own account."""
    return {
        contract.supplier_id: [contract.supplier_id],
        contract.buyer_id: [contract.buyer_id],
    }


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal())
