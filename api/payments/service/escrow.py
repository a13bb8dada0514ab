"""Money of contracts that the platform holds: asked for, released by payment orders, counted. Never
commits.

The ledger's account `escrow_liability` of the contract is what there is; an order holds its amount of
it, and the commission beside it, until it is settled. Booking is the workers' alone.
"""

from decimal import Decimal

from sqlmodel import Session, col, func, select

from api.contracts import execution
from api.contracts.models import Contract
from api.payments.models import (
    Collection,
    ContractFunding,
    LedgerAccount,
    LedgerEntry,
    LedgerTransaction,
    MilestonePayment,
    PayeeAccount,
    PaymentOrder,
    PaymentSchedule,
)
from api.payments.schemas.milestone_payments import FundingIn
from api.payments.service import coins, collections, milestones, orders, posting
from api.payments.service import milestone_payments as payments
from api.payments.service.accounts import Parties
from api.payments.service.posting import Posting
from api.rules.ledger import AccountKey, AccountKind, transfer
from api.rules.offers import plain
from api.rules.payment_milestones import PaymentStatus, Settlement
from api.rules.rails import UNPAID, OrderStatus, Purpose, RailName

SYSTEM = milestones.SYSTEM
REVERSED = "stripe.transfer_reversed"
"""The kind of transactions by which a supplier's balance at Stripe gives money back."""
CHARGED_BACK = "stripe.charged_back"
"""The kind of those by which a payer got money back that nobody sent from here."""
_ORDERED = (PaymentStatus.RELEASED, PaymentStatus.PAID)


def account(contract: Contract) -> AccountKey:
    """The contract's money."""
    return AccountKey(AccountKind.ESCROW_LIABILITY, contract.value_currency, contract.id)


def parties(contract: Contract) -> Parties:
    """Who reads the contract's money."""
    return {contract.id: [contract.buyer_id, *contract.suppliers]}


def ask(session: Session, contract: Contract, *, actor: str, data: FundingIn) -> Collection:
    """Ask the buyer for money for a contract. Raises Invalid for part of a coin."""
    coins.require(data.amount, contract.value_currency)
    made = collections.request(
        session,
        payer_id=contract.buyer_id,
        purpose=Purpose.CONTRACT_FUNDING,
        resource_id=contract.id,
        amount=data.amount,
        currency=contract.value_currency,
        rail=data.rail,
        credit=account(contract),
        parties=parties(contract),
        due_at=data.due_at,
        actor=actor,
        sequence=str(_asked(session, contract) + 1),
    )
    session.add(ContractFunding(contract_id=contract.id, collection_id=made.id, amount=made.amount))
    session.flush()
    change = {"amount": plain(made.amount), "collection": made.id.hex}
    execution.record(session, contract, "fund_contract", actor, change)
    return made


def _asked(session: Session, contract: Contract) -> int:
    """How often the buyer was asked."""
    query = select(func.count()).select_from(ContractFunding)
    return session.exec(query.where(ContractFunding.contract_id == contract.id)).one()


def take_in(session: Session, contract: Contract) -> None:
    """Note what has come of what was asked for."""
    query = select(ContractFunding).where(ContractFunding.contract_id == contract.id)
    for each in session.exec(query).all():
        collection = session.get_one(Collection, each.collection_id, populate_existing=True)
        each.received = collection.received_amount
        session.add(each)
    session.flush()


def received(session: Session, contract: Contract) -> Decimal:
    """What the buyer has paid in for a contract."""
    session.flush()
    query = select(func.coalesce(func.sum(ContractFunding.received), 0)).where(
        ContractFunding.contract_id == contract.id
    )
    return Decimal(session.exec(query).one())


def taken_back(session: Session, contract: Contract) -> Decimal:
    """What came back by reversals of the contract's transfers, as its sides read it in the ledger."""
    return _booked(session, contract, REVERSED)


def charged_back(session: Session, contract: Contract) -> Decimal:
    """What the payer's bank took back of the contract's money, or was refunded in Stripe's dashboard;
    not what was gone by then, which is the supplier's debt."""
    return -_booked(session, contract, CHARGED_BACK)


def _booked(session: Session, contract: Contract, kind: str) -> Decimal:
    """What transactions of a kind, and their reversals, have brought to the contract's money."""
    session.flush()
    total = session.exec(
        select(func.coalesce(func.sum(-LedgerEntry.amount), 0))
        .join(LedgerTransaction, col(LedgerTransaction.id) == LedgerEntry.transaction_id)
        .join(LedgerAccount, col(LedgerAccount.id) == LedgerEntry.account_id)
        .where(LedgerAccount.kind == AccountKind.ESCROW_LIABILITY)
        .where(LedgerAccount.reference == contract.id)
        .where(LedgerTransaction.kind == kind)
    ).one()
    return Decimal(total)


def paid_at_stripe(session: Session, contract: Contract, amount: Decimal) -> bool:
    """Whether one payment through Stripe has brought so much, which it can be refunded to."""
    query = select(Collection.id).where(
        Collection.credit_reference == contract.id,
        Collection.rail == RailName.STRIPE,
        Collection.received_amount >= amount,
    )
    return session.exec(query.limit(1)).first() is not None


def free(session: Session, contract: Contract) -> Decimal:
    """What is held of a contract and promised to nobody."""
    found = _account(session, contract)
    return Decimal() if found is None else found.credits - found.debits - found.held


def release_approved(session: Session, contract: Contract, schedule: PaymentSchedule) -> None:
    """Have every approved payment paid for which there is money, unless its last attempt failed."""
    for each in payments.list_payments(session, contract):
        waiting = each.status is PaymentStatus.APPROVED and each.reason is None
        enough = free(session, contract) >= each.net + each.commission
        if not waiting or not enough or each.settlement is not Settlement.ESCROW:
            continue
        each.attempts += 1
        _keep_commission(session, contract, each)
        if each.net:
            _order(session, contract, schedule, each)
            payments.move(session, contract, each, "release", SYSTEM)
        else:
            payments.move(session, contract, each, "absorb", SYSTEM)


def conclude(session: Session, contract: Contract) -> None:
    """Take over what became of the orders that pay."""
    for each in payments.list_payments(session, contract):
        if each.order_id is None or each.status not in _ORDERED:
            continue
        order = session.get_one(PaymentOrder, each.order_id, populate_existing=True)
        if order.status in UNPAID:
            each.reason = order.last_error or order.status.value
            _give_commission_back(session, each, each.reason)
            payments.move(session, contract, each, "fail", SYSTEM)
        elif order.status is OrderStatus.SETTLED and each.status is PaymentStatus.RELEASED:
            payments.move(session, contract, each, "settle", SYSTEM)


def recall(session: Session, payment: MilestonePayment) -> bool:
    """Stop the order of a payment that has not been sent; False: it has."""
    assert payment.order_id is not None
    order = orders.locked(session, payment.order_id)
    if order.status not in (OrderStatus.CREATED, OrderStatus.APPROVED):
        return False
    orders.cancel(session, order, actor=SYSTEM)
    _give_commission_back(session, payment, "frozen")
    payment.order_id = None
    return True


def _order(
    session: Session, contract: Contract, schedule: PaymentSchedule, payment: MilestonePayment
) -> None:
    account_id = payment.payee_account_id or schedule.payee_account_id
    payee = session.get_one(PayeeAccount, account_id)
    order = orders.order(
        session,
        key=payments.key_of(payment),
        purpose=Purpose.RELEASE,
        resource_id=payment.id,
        beneficiary_id=contract.supplier_id,
        payee_account_id=payee.id,
        amount=payment.net,
        currency=payment.currency,
        rail=payee.rail,
        debit=account(contract),
        parties=parties(contract),
        actor=SYSTEM,
    )
    payment.order_id = order.id


def _keep_commission(session: Session, contract: Contract, payment: MilestonePayment) -> None:
    if payment.commission:
        told = Posting(
            key=_commission_key(payment),
            kind="milestone_payment.commission",
            entries=transfer(
                account(contract),
                AccountKey(AccountKind.PLATFORM_FEE_REVENUE, payment.currency),
                payment.commission,
            ),
            actor=SYSTEM,
            resource_id=payment.id,
        )
        posting.post(session, told, parties(contract))


def _give_commission_back(session: Session, payment: MilestonePayment, reason: str) -> None:
    query = select(LedgerTransaction).where(
        LedgerTransaction.idempotency_key == _commission_key(payment)
    )
    if (kept := session.exec(query).one_or_none()) is not None:
        posting.reverse(session, kept, actor=SYSTEM, reason=reason)


def _commission_key(payment: MilestonePayment) -> str:
    return f"commission:{payment.id.hex}:{payment.attempts}"


def _account(session: Session, contract: Contract) -> LedgerAccount | None:
    session.flush()
    query = select(LedgerAccount).where(
        LedgerAccount.kind == AccountKind.ESCROW_LIABILITY,
        LedgerAccount.currency == contract.value_currency,
        LedgerAccount.reference == contract.id,
    )
    return session.exec(query.execution_options(populate_existing=True)).one_or_none()
