"""Money of a contract that goes back: what is free to the buyer, what the supplier came to owe.
Never commits.

Functions take the contract locked, so that no two refunds are of the same money. What the ledger
holds for the contract bounds them besides.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.contracts import execution
from api.contracts.models import Contract
from api.core.errors import Conflict, NotFound
from api.payments.milestone_problems import ApprovedByYou, NotRefundable
from api.payments.models import ContractRefund, PaymentRecovery
from api.payments.schemas.milestone_payments import BalanceOut, RefundIn
from api.payments.service import coins, escrow, milestones
from api.payments.service import milestone_payments as payments
from api.rules import payment_milestones as rules
from api.rules.offers import plain
from api.rules.payment_milestones import (
    LIVE_MILESTONES,
    MONEY_OUT,
    REFUND,
    RefundStatus,
    Settlement,
)
from api.rules.states import IllegalTransition

_EVENTS = {
    "request": "contract_refund.requested",
    "approve": "contract_refund.approved",
    "settle": "contract_refund.paid",
    "cancel": "contract_refund.cancelled",
    "return": "contract_refund.cancelled",
}
_BACK = frozenset({RefundStatus.RELEASED, RefundStatus.PAID})
_PROMISED = _BACK | {RefundStatus.REQUESTED}


def request(session: Session, contract: Contract, *, actor: str, data: RefundIn) -> ContractRefund:
    """Ask as the buyer for money that is free. Raises NotRefundable, or Invalid for part of a coin."""
    coins.require(data.amount, contract.value_currency)
    left = balance(session, contract).refundable
    if data.amount > left:
        raise NotRefundable(f"{plain(left)} {contract.value_currency} is free.")
    found = ContractRefund(
        contract_id=contract.id,
        number=1 + len(list_refunds(session, contract)),
        amount=data.amount,
        currency=contract.value_currency,
        payee_account_id=data.payee_account_id,
        reason=data.reason,
        requested_by=actor,
    )
    session.add(found)
    _log(session, contract, found, "request", actor)
    return found


def approve(
    session: Session, contract: Contract, refund: ContractRefund, *, actor: str
) -> ContractRefund:
    """Approve what somebody else asked for. Raises ApprovedByYou, NotRefundable or Conflict."""
    if actor == refund.requested_by:
        raise ApprovedByYou
    if balance(session, contract, but=refund).refundable < refund.amount:
        raise NotRefundable
    refund.approved_by = actor
    move(session, contract, refund, "approve", actor)
    return refund


def cancel(
    session: Session, contract: Contract, refund: ContractRefund, *, actor: str
) -> ContractRefund:
    """Give up a refund that nobody has approved. Raises Conflict."""
    if refund.status is not RefundStatus.REQUESTED:
        raise Conflict(f"The refund is {refund.status}.")
    move(session, contract, refund, "cancel", actor)
    return refund


def balance(
    session: Session, contract: Contract, *, but: ContractRefund | None = None
) -> BalanceOut:
    """What came in for a contract and what became of it; `but` a refund that is looked at."""
    out = [
        each
        for each in payments.list_payments(session, contract)
        if each.status in MONEY_OUT and each.settlement is Settlement.ESCROW
    ]
    every = list_refunds(session, contract)
    refunded = _sum(each.amount for each in every if each.status in _BACK)
    promised = _sum(each.amount for each in every if each.status in _PROMISED and each is not but)
    received = (
        escrow.received(session, contract)
        + recovered(session, contract)
        + reversed_for_nothing(session, contract)
        - escrow.charged_back(session, contract)
    )
    released = _sum(each.net for each in out)
    commission = _sum(each.commission for each in out)
    penalties = _sum(each.penalty for each in out)
    gross = gross_out(session, contract)
    owed = _sum(
        each.worth - gross.get(each.id, Decimal())
        for each in milestones.list_milestones(session, contract)
        if each.status in LIVE_MILESTONES
    )
    return BalanceOut(
        currency=contract.value_currency,
        received=received,
        released=released,
        commission=commission,
        refunded=refunded,
        penalties=max(penalties - refunded, Decimal()),
        held=received - released - commission - refunded,
        refundable=rules.refundable(received, promised, released + commission, owed),
    )


def gross_out(session: Session, contract: Contract) -> Mapping[UUID, Decimal]:
    """What has gone out of each milestone through the platform, before anything was taken off."""
    found: defaultdict[UUID, Decimal] = defaultdict(Decimal)
    for each in payments.list_payments(session, contract):
        if each.status in MONEY_OUT and each.settlement is Settlement.ESCROW:
            found[each.milestone_id] += each.gross
    return found


def list_refunds(session: Session, contract: Contract) -> Sequence[ContractRefund]:
    """The refunds of a contract, in order, as they stand now."""
    session.flush()
    query = select(ContractRefund).where(ContractRefund.contract_id == contract.id)
    fresh = query.order_by(col(ContractRefund.number))
    return session.exec(fresh.execution_options(populate_existing=True)).all()


def refund_of(session: Session, contract: Contract, number: int) -> ContractRefund:
    """A refund by its number; NotFound."""
    for each in list_refunds(session, contract):
        if each.number == number:
            return each
    raise NotFound


def list_recoveries(session: Session, contract: Contract) -> Sequence[PaymentRecovery]:
    """What the supplier came to owe after it was paid, in order."""
    session.flush()
    query = select(PaymentRecovery).where(PaymentRecovery.contract_id == contract.id)
    fresh = query.order_by(col(PaymentRecovery.number))
    return session.exec(fresh.execution_options(populate_existing=True)).all()


def recovered(session: Session, contract: Contract) -> Decimal:
    """What the supplier has paid back."""
    return _sum(each.recovered for each in list_recoveries(session, contract))


def reversed_for_nothing(session: Session, contract: Contract) -> Decimal:
    """What came back by reversals at Stripe beyond what the supplier owed, as far as that is known."""
    counted = _sum(
        each.recovered if each.taken_back is None else each.taken_back
        for each in list_recoveries(session, contract)
    )
    return escrow.taken_back(session, contract) - counted


def move(
    session: Session, contract: Contract, refund: ContractRefund, action: str, actor: str
) -> None:
    """The one place that writes `contract_refund.status`. Raises Conflict."""
    try:
        refund.status = REFUND.apply(action, refund.status)
    except IllegalTransition as error:
        raise Conflict(str(error)) from error
    refund.version += 1
    _log(session, contract, refund, action, actor)


def _log(
    session: Session, contract: Contract, refund: ContractRefund, action: str, actor: str
) -> None:
    session.add(refund)
    change = {
        "number": refund.number,
        "status": refund.status,
        "amount": plain(refund.amount),
        "currency": refund.currency,
    }
    name, event = f"{action}_refund", _EVENTS[action]
    execution.record(session, contract, name, actor, change, event=event, resource=refund.id)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, Decimal())
