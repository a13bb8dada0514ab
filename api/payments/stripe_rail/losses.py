"""Money that went back to a payer after it was released, by a dispute that was lost or by a refund in
Stripe's dashboard: what the seller came to owe by it is taken back by reversals of the contract's
transfers, as far as its balance at Stripe goes. The rest stays its debt (`supplier_receivable`).
"""

from collections.abc import Callable, Sequence
from uuid import UUID

from sqlmodel import Session

from api.core import db
from api.payments.models import Collection, PaymentDispute, StripeObject, StripeReturn
from api.payments.stripe_rail import chargebacks, liability, recovery, refunded
from api.rules.stripe_events import ReturnStatus


def take_back_dispute(dispute_id: UUID) -> None:
    """Reverse what a seller owes of a lost dispute; told again, it goes on where it was.

    No transaction is open while Stripe is asked. Raises RailUnavailable.
    """
    _take_back(lambda session: _of_dispute(session, dispute_id))


def take_back_refund(return_id: UUID) -> None:
    """Reverse what a seller owes of a refund made in Stripe's dashboard; as `take_back_dispute`."""
    _take_back(lambda session: _of_refund(session, return_id))


def _take_back(plan: Callable[[Session], Sequence[StripeReturn]]) -> None:
    with db.worker_unit_of_work() as session:
        parts = [each.id for each in plan(session)]
    for part_id in parts:
        recovery.reverse(part_id)


def _of_dispute(session: Session, dispute_id: UUID) -> Sequence[StripeReturn]:
    dispute = session.get_one(PaymentDispute, dispute_id)
    session.get_one(StripeObject, dispute.object_id, with_for_update=True)
    session.refresh(dispute)
    if dispute.contract_id is None or not dispute.lost:
        return ()
    owed = liability.debt(session, chargebacks.loss_key(dispute))
    prefix = chargebacks.taken_back_prefix(dispute)
    return recovery.planned(session, dispute.contract_id, prefix, owed)


def _of_refund(session: Session, return_id: UUID) -> Sequence[StripeReturn]:
    part = session.get_one(StripeReturn, return_id)
    root = session.get_one(StripeObject, part.object_id, with_for_update=True)
    session.refresh(part)
    contract = liability.contract_of(session, session.get_one(Collection, root.collection_id))
    if contract is None or part.status is not ReturnStatus.SUCCEEDED:
        return ()
    owed = liability.debt(session, refunded.loss_key(part))
    return recovery.planned(session, contract.id, refunded.taken_back_prefix(part), owed)
