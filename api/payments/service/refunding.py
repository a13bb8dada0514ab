"""Money of a contract on its way back to the buyer; for the workers, who hold the contract. Never commits."""

from sqlmodel import Session

from api.contracts.models import Contract
from api.payments.models import ContractRefund, PayeeAccount, PaymentOrder
from api.payments.service import escrow, milestones, orders, refunds
from api.rules.payment_milestones import RefundStatus
from api.rules.rails import UNPAID, OrderStatus, Purpose, RailName

SYSTEM = milestones.SYSTEM


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


def _order(session: Session, contract: Contract, refund: ContractRefund) -> None:
    account_id, rail = refund.payee_account_id, RailName.STRIPE
    if account_id is not None:
        rail = session.get_one(PayeeAccount, account_id).rail
    order = orders.order(
        session,
        key=f"ref:{contract.id.hex}:{refund.number}",
        purpose=Purpose.REFUND,
        resource_id=refund.id,
        beneficiary_id=contract.buyer_id,
        payee_account_id=account_id,
        amount=refund.amount,
        currency=refund.currency,
        rail=rail,
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
