"""What was kept of securities, on its way to who kept it. Never commits; for the workers.

From its forfeiture, or the bank's payment, until it has arrived it is owed by the ledger
(`buyer_payable`), so that a payment that fails can be ordered again to another account.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from sqlmodel import Session, col, select

from api.core import jobs
from api.core.errors import Conflict
from api.payments.models import (
    Guarantee,
    PayeeAccount,
    PaymentOrder,
    Security,
    SecurityForfeiture,
)
from api.payments.problems import PayeeUnfit
from api.payments.service import orders, payees
from api.payments.service.securities import SYSTEM
from api.rules.ledger import AccountKey, AccountKind
from api.rules.rails import UNPAID, Purpose
from api.rules.securities import ForfeitureStatus

TASK = "payments.pay_forfeiture"


def request(
    session: Session, security: Security, forfeiture: SecurityForfeiture, account_id: UUID
) -> None:
    """Have what was kept paid to another account of the beneficiary's, or to one for the first time.

    Raises Conflict when nothing was kept yet or a payment is under way, PayeeUnfit.
    """
    if forfeiture.status is not ForfeitureStatus.EXECUTED:
        raise Conflict(f"The decision is {forfeiture.status}.")
    payees.require(
        session, account_id, org_id=forfeiture.beneficiary_id, currency=security.currency
    )
    if _is_under_way(_orders(session, forfeiture)):
        raise Conflict("It is paid, or on its way.")
    args = {"forfeiture_id": forfeiture.id.hex, "payee_account_id": account_id.hex}
    jobs.enqueue(session, TASK, args, org_id=forfeiture.beneficiary_id)


def pay_to(session: Session, forfeiture_id: UUID, account_id: UUID) -> None:
    """Order what is owed to be paid to this account, unless a payment is under way."""
    forfeiture = session.get_one(SecurityForfeiture, forfeiture_id, with_for_update=True)
    security = session.get_one(Security, forfeiture.security_id)
    amount = _kept(session, security)
    if amount:
        pay(session, forfeiture, amount, security.currency, account_id=account_id)


def of_guarantee(session: Session, guarantee_id: UUID) -> None:
    """A guarantor has paid, and it is booked: what was kept goes to the account that was named."""
    forfeiture = session.exec(
        select(SecurityForfeiture)
        .join(Security, col(Security.id) == SecurityForfeiture.security_id)
        .where(
            Security.guarantee_id == guarantee_id,
            SecurityForfeiture.status == ForfeitureStatus.EXECUTED,
        )
        .with_for_update(of=SecurityForfeiture)
    ).one_or_none()
    if forfeiture is not None and forfeiture.payee_account_id is not None:
        pay_to(session, forfeiture.id, forfeiture.payee_account_id)


def pay(
    session: Session,
    forfeiture: SecurityForfeiture,
    amount: Decimal,
    currency: str,
    *,
    account_id: UUID | None = None,
) -> None:
    """Order what was kept to be paid; nothing while no account is named, it is unfit, or a payment is
    under way."""
    earlier = _orders(session, forfeiture)
    account = _account(session, account_id or forfeiture.payee_account_id)
    if account is None or _is_under_way(earlier):
        return
    try:
        orders.order(
            session,
            key=f"kept:{forfeiture.id.hex}:{len(earlier) + 1}",
            purpose=Purpose.PAYOUT,
            resource_id=forfeiture.id,
            beneficiary_id=forfeiture.beneficiary_id,
            payee_account_id=account.id,
            amount=amount,
            currency=currency,
            rail=account.rail,
            debit=AccountKey(AccountKind.BUYER_PAYABLE, currency, forfeiture.beneficiary_id),
            parties={forfeiture.beneficiary_id: [forfeiture.beneficiary_id]},
            actor=SYSTEM,
        )
    except PayeeUnfit:
        return


def _account(session: Session, account_id: UUID | None) -> PayeeAccount | None:
    return session.get(PayeeAccount, account_id) if account_id else None


def _kept(session: Session, security: Security) -> Decimal | None:
    if security.guarantee_id is None:
        return security.amount
    return session.get_one(Guarantee, security.guarantee_id).paid_amount


def _is_under_way(earlier: Sequence[PaymentOrder]) -> bool:
    return bool(earlier) and earlier[-1].status not in UNPAID


def _orders(session: Session, forfeiture: SecurityForfeiture) -> Sequence[PaymentOrder]:
    query = select(PaymentOrder).where(
        PaymentOrder.resource_id == forfeiture.id, PaymentOrder.purpose == Purpose.PAYOUT
    )
    return session.exec(query.order_by(col(PaymentOrder.id))).all()
