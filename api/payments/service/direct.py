"""Payments that the buyer's own bank makes: what is owed between the sides, in the ledger. Never
commits.

An approved payment is a receivable from the buyer and a payable to the supplier; both are met when the
supplier confirms that the money has come.
"""

from decimal import Decimal

from sqlmodel import Session, select

from api.contracts.models import Contract
from api.payments.models import LedgerTransaction, MilestonePayment
from api.payments.service import milestone_payments as payments
from api.payments.service import milestones, posting
from api.payments.service.posting import Posting
from api.rules.ledger import AccountKey, AccountKind, Entry, transfer
from api.rules.payment_milestones import PaymentStatus, Settlement

_OWED = (PaymentStatus.APPROVED, PaymentStatus.REPORTED, PaymentStatus.PAID)


def book(session: Session, contract: Contract) -> None:
    """Have the ledger say what is owed and what was met of each payment made outside."""
    for each in payments.list_payments(session, contract):
        if each.settlement is not Settlement.DIRECT:
            continue
        if each.status is PaymentStatus.APPROVED and not each.net:
            payments.move(session, contract, each, "absorb", milestones.SYSTEM)
        if not each.net:
            continue
        if each.status in _OWED:
            _post(session, contract, each, "owe", _entries(contract, each, each.net))
        elif (owed := _find(session, each, "owe")) is not None and not _reversed(session, owed):
            posting.reverse(session, owed, actor=milestones.SYSTEM, reason=each.status.value)
        if each.status is PaymentStatus.PAID:
            _post(session, contract, each, "met", _entries(contract, each, -each.net))


def _entries(contract: Contract, payment: MilestonePayment, amount: Decimal) -> list[Entry]:
    return transfer(
        AccountKey(AccountKind.BUYER_RECEIVABLE, payment.currency, contract.buyer_id),
        AccountKey(AccountKind.SUPPLIER_PAYABLE, payment.currency, contract.supplier_id),
        amount,
    )


def _post(
    session: Session, contract: Contract, payment: MilestonePayment, what: str, entries: list[Entry]
) -> None:
    told = Posting(
        key=_key(payment, what),
        kind=f"milestone_payment.{what}",
        entries=entries,
        actor=milestones.SYSTEM,
        resource_id=payment.id,
        details={"reference": payment.reference} if what == "met" else {},
    )
    parties = {
        contract.buyer_id: [contract.buyer_id],
        contract.supplier_id: [contract.supplier_id],
    }
    posting.post(session, told, parties)


def _find(session: Session, payment: MilestonePayment, what: str) -> LedgerTransaction | None:
    """The last booking of its kind, of whichever round the payment was approved in."""
    keys = [_key(payment, what, round_) for round_ in range(payment.round, 0, -1)]
    for key in keys:
        query = select(LedgerTransaction).where(LedgerTransaction.idempotency_key == key)
        if (found := session.exec(query).one_or_none()) is not None:
            return found
    return None


def _reversed(session: Session, booked: LedgerTransaction) -> bool:
    query = select(LedgerTransaction.id).where(LedgerTransaction.reverses_id == booked.id)
    return session.exec(query).first() is not None


def _key(payment: MilestonePayment, what: str, round_: int | None = None) -> str:
    return f"{what}:{payment.id.hex}:{round_ or payment.round}"
