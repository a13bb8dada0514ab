"""Money of a contract on its way back, and what the supplier came to owe; for the workers, who hold the
contract. Never commits."""

from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

from sqlmodel import Session

from api.contracts import execution
from api.contracts.models import Contract
from api.core import db
from api.payments.models import (
    Collection,
    ContractRefund,
    PayeeAccount,
    PaymentOrder,
    PaymentRecovery,
)
from api.payments.service import (
    collections,
    escrow,
    milestone_facts,
    milestones,
    orders,
    posting,
    refunds,
)
from api.payments.service import milestone_payments as payments
from api.payments.service.accounts import Parties
from api.payments.service.posting import Posting
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.offers import plain
from api.rules.payment_milestones import LIVE_MILESTONES, PaymentStatus, RefundStatus
from api.rules.rails import UNPAID, OrderStatus, Purpose, RailName

SYSTEM = milestones.SYSTEM
TERM = timedelta(days=30)
"""How long a supplier has to pay back what it came to owe, before the collection is overdue."""


def pay_back(session: Session, contract: Contract) -> None:
    """Order the refunds that were approved, and take over what became of their orders."""
    for each in refunds.list_refunds(session, contract):
        if each.status is RefundStatus.RELEASED and each.order_id is None:
            _order(session, contract, each)
        elif each.order_id is not None and each.status in (
            RefundStatus.RELEASED,
            RefundStatus.PAID,
        ):
            _conclude(session, contract, each)


def recover(session: Session, contract: Contract) -> None:
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
        _claim(session, contract, left, number=len(every) + 1)
    for each in every:
        _take_in(session, contract, each)


def _order(session: Session, contract: Contract, refund: ContractRefund) -> None:
    payee = session.get_one(PayeeAccount, refund.payee_account_id)
    order = orders.order(
        session,
        key=f"ref:{contract.id.hex}:{refund.number}",
        purpose=Purpose.REFUND,
        resource_id=refund.id,
        beneficiary_id=contract.buyer_id,
        payee_account_id=payee.id,
        amount=refund.amount,
        currency=refund.currency,
        rail=payee.rail,
        debit=escrow.account(contract),
        parties=escrow.parties(contract),
        actor=SYSTEM,
    )
    refund.order_id = order.id
    session.add(refund)
    session.flush()


def _conclude(session: Session, contract: Contract, refund: ContractRefund) -> None:
    order = session.get_one(PaymentOrder, refund.order_id, populate_existing=True)
    released = refund.status is RefundStatus.RELEASED
    if order.status is OrderStatus.SETTLED and released:
        refunds.move(session, contract, refund, "settle", SYSTEM)
    elif order.status in UNPAID:
        refunds.move(session, contract, refund, "cancel" if released else "return", SYSTEM)


def _claim(session: Session, contract: Contract, amount: Decimal, *, number: int) -> None:
    """A receivable from the supplier, a payable to the buyer, and a way for the supplier to pay."""
    found = PaymentRecovery(
        contract_id=contract.id,
        number=number,
        amount=amount,
        currency=contract.value_currency,
        claimed_at=db.now(session),
    )
    session.add(found)
    session.flush()
    told = Posting(
        key=f"recovery:{found.id.hex}",
        kind="payment_recovery.claimed",
        entries=transfer(_receivable(contract), _payable(contract), amount),
        actor=SYSTEM,
        resource_id=found.id,
    )
    posting.post(session, told, _parties(contract))
    collection = collections.request(
        session,
        payer_id=contract.supplier_id,
        purpose=Purpose.REFUND,
        resource_id=found.id,
        amount=amount,
        currency=found.currency,
        rail=RailName.BANK_TRANSFER,
        credit=_receivable(contract),
        parties=_parties(contract),
        due_at=db.now(session) + TERM,
        actor=SYSTEM,
    )
    found.collection_id = collection.id
    session.add(found)
    _log(session, contract, found, "claim")


def _take_in(session: Session, contract: Contract, recovery: PaymentRecovery) -> None:
    """What came from the supplier is the buyer's, to be refunded."""
    collection = session.get_one(Collection, recovery.collection_id, populate_existing=True)
    come = min(collection.received_amount, recovery.amount) - recovery.recovered
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
    event = {"claim": "payment_recovery.claimed", "recover": "payment_recovery.recovered"}[action]
    name = f"{action}_payment_recovery"
    execution.record(session, contract, name, SYSTEM, change, event=event, resource=recovery.id)


def _receivable(contract: Contract) -> AccountKey:
    return AccountKey(
        AccountKind.SUPPLIER_RECEIVABLE, contract.value_currency, contract.supplier_id
    )


def _payable(contract: Contract) -> AccountKey:
    return AccountKey(AccountKind.BUYER_PAYABLE, contract.value_currency, contract.buyer_id)


def _parties(contract: Contract) -> Parties:
    return {
        contract.supplier_id: [contract.supplier_id],
        contract.buyer_id: [contract.buyer_id],
    }


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal())
